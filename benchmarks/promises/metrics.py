"""Promises of `anomaly.metrics`, `anomaly.metrics.events` and `anomaly.metrics.affiliation` about probabilities."""

from __future__ import annotations

import numpy as np

from anomaly.metrics import average_precision_score, f1_score, precision_at_k, roc_auc_score
from anomaly.metrics.affiliation import affiliation_precision_recall
from anomaly.metrics.events import point_adjusted_f1
from anomaly.metrics.surface import range_auc, volume_under_surface
from benchmarks.promises.data import Array
from benchmarks.promises.promise import NEVER, Promise, at_least, between

_LABELS = ("distinct scores", "tied scores")


def _labelled(seed: int, data: str, n: int = 80) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.2).astype(int)
    y[:2] = 0, 1
    scores = rng.normal(size=n) + y
    return y, (np.round(scores) if data == "tied scores" else scores)


def _not_the_probability(seed: int, data: str) -> float:
    y, scores = _labelled(seed, data)
    pairs = scores[y == 1][:, np.newaxis] - scores[y == 0]
    return float(abs(roc_auc_score(y, scores) - ((pairs > 0) + 0.5 * (pairs == 0)).mean()) > 1e-12)


def _changed_by_order(seed: int, data: str) -> float:
    y, scores = _labelled(seed, data)
    order = np.random.default_rng(seed + 1).permutation(len(y))
    figures = (roc_auc_score, average_precision_score, lambda a, b: precision_at_k(a, b, 10))
    return float(sum(abs(figure(y, scores) - figure(y[order], scores[order])) > 1e-12 for figure in figures))


def _not_the_expected_value(seed: int, data: str) -> float:
    """Return whether the metric differs from the mean over random orders of tied records."""
    y, scores = _labelled(seed, data)
    rng = np.random.default_rng(seed)
    fractions = []
    for _ in range(2000):
        order = rng.permutation(len(y))
        first = order[np.argsort(-scores[order], kind="stable")[:12]]
        fractions.append(y[first].mean())
    error = np.std(fractions) / np.sqrt(len(fractions))
    return float(abs(precision_at_k(y, scores, 12) - np.mean(fractions)) > 4 * error + 1e-9)


def _series(seed: int, length: int, n: int = 4000) -> tuple[Array, np.random.Generator]:
    rng = np.random.default_rng(seed)
    y = np.zeros(n, int)
    for start in rng.choice(np.arange(1, 20), size=6, replace=False) * (n // 20):
        y[start : start + length] = 1
    return y, rng


def _random_alarms(seed: int, data: str, part: int) -> float:
    count, length = (int(word.split()[0]) for word in data.split(", "))
    y, rng = _series(seed, length)
    found = []
    for _ in range(20):
        flags = np.zeros(len(y), int)
        # Several in each zone.
        flags[rng.choice(len(y), size=count * 6, replace=False)] = 1
        found.append(affiliation_precision_recall(y, flags)[part])
    return float(np.mean(found))


def _precision_at_random(seed: int, data: str) -> float:
    return _random_alarms(seed, data, 0)


def _recall_of_one_alarm(seed: int, data: str) -> float:
    """Return the recall of a single alarm at random, in a series with one event."""
    length = int(data.split()[0])
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(20):
        y, flags = np.zeros(1000, int), np.zeros(1000, int)
        start = int(rng.integers(1000 - length))
        y[start : start + length] = 1
        flags[rng.integers(1000)] = 1
        found.append(affiliation_precision_recall(y, flags)[1])
    return float(np.mean(found))


def _flattery(seed: int, data: str) -> float:
    """Return the point-adjusted F1 of random flags minus their F1, for events of 200 steps."""
    y, rng = _series(seed, 200)
    flags = (rng.random(len(y)) < 0.02).astype(int)
    return point_adjusted_f1(y, flags) - f1_score(y, flags)


def _soft_out_of_range(seed: int, data: str) -> float:
    y, rng = _series(seed, int(data.split()[0]))
    scores = rng.normal(size=len(y)) + 3.0 * y
    values = [*(range_auc(y, scores, buffer) for buffer in (0, 10, 50)), volume_under_surface(y, scores)]
    return float(sum(not 0 <= value <= 1 for value in values))


PROMISES = (
    Promise(
        "anomaly.metrics.roc_auc_score",
        "the probability that a random anomaly outscores a random normal record",
        "values that are not that probability",
        _not_the_probability,
        NEVER,
        _LABELS,
        seeds=200,
        short=50,
    ),
    Promise(
        "anomaly.metrics.records",
        "so that the order of the records does not matter",
        "metrics that change with it",
        _changed_by_order,
        NEVER,
        _LABELS,
        seeds=200,
        short=50,
    ),
    Promise(
        "anomaly.metrics.precision_at_k",
        "the result is the expected value",
        "values that are not",
        _not_the_expected_value,
        NEVER,
        _LABELS,
        seeds=50,
        short=5,
    ),
    Promise(
        "anomaly.metrics.affiliation.affiliation_precision_recall",
        "If events are short, the precision of random alarms is about 0.5",
        "precision of random alarms",
        _precision_at_random,
        between(0.45, 0.55),
        ("1 alarm, 1 step", "5 alarms, 5 steps"),
        seeds=50,
        short=10,
    ),
    Promise(
        "anomaly.metrics.affiliation.affiliation_precision_recall",
        "so is the recall of a single random alarm",
        "recall of one random alarm",
        _recall_of_one_alarm,
        between(0.45, 0.55),
        ("1 step", "5 steps"),
        seeds=50,
        short=10,
    ),
    Promise(
        "anomaly.metrics.events.point_adjusted_f1",
        "the score of random flags is higher than that of useful detectors",
        "F1 that random flags gain by it",
        _flattery,
        at_least(0.5),
        seeds=20,
        short=5,
    ),
    Promise(
        "anomaly.metrics.surface.range_auc",
        "From 0 to 1",
        "values out of range",
        _soft_out_of_range,
        NEVER,
        ("1 step", "50 steps"),
        seeds=20,
        short=4,
    ),
)
