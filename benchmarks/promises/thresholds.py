"""Promises of the rules in `anomaly.thresholds`."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from functools import cache

import numpy as np

from anomaly.errors import FewRecordsWarning
from anomaly.thresholds import (
    AutoThreshold,
    BestF1Threshold,
    MADThreshold,
    PeaksOverThreshold,
    PrecisionThreshold,
    QuantileThreshold,
    RecallThreshold,
)
from benchmarks.promises.data import Array, probability_above, scores_of
from benchmarks.promises.promise import NEVER, Promise, at_most, between
from benchmarks.quality.score_shapes import SHAPES, TIED, Scores

_WHERE = "anomaly.thresholds."


def _miscounted(seed: int, data: str) -> float:
    """Return the largest difference between the number of flagged records and the nearest integer."""
    rng = np.random.default_rng(seed)
    worst = 0
    for n in (10, 99, 1000):
        fraction = float(rng.uniform(0.01, 0.5))
        scores = scores_of(data, n, rng)
        flagged = int(QuantileThreshold(fraction).fit(scores).predict(scores).sum())
        worst = max(worst, math.ceil(abs(flagged - fraction * n) - 0.5))
    return worst


def _too_many(seed: int, data: str) -> float:
    rng = np.random.default_rng(seed)
    scores, fraction = scores_of(data, 500, rng), float(rng.uniform(0.01, 0.5))
    flagged = int(QuantileThreshold(fraction).fit(scores).predict(scores).sum())
    return max(0, flagged - math.floor(fraction * 500 + 0.5))


def _moved_by_anomalies(seed: int, data: str) -> float:
    """Return the fraction of missed anomalies where 45 % of the scores are anomalies, at a million."""
    scores = scores_of(data, 550, np.random.default_rng(seed))
    return float(1 - MADThreshold().fit(np.r_[scores, np.full(450, 1e6)]).predict(np.full(450, 1e6)).mean())


def _clean_scores(data: str, rng: np.random.Generator) -> tuple[Array, Array]:
    if data == "three Poisson columns":
        draw = lambda: np.square(rng.poisson(1.0, size=(1000, 3)) - 1.0).sum(axis=1)  # noqa: E731
    elif data == "chi-square, 3":
        draw = lambda: rng.chisquare(3, size=1000)  # noqa: E731
    else:
        draw = lambda: scores_of(data, 1000, rng)  # noqa: E731
    return draw(), draw()


def _flagged_of_fresh(seed: int, data: str) -> float:
    scores, fresh = _clean_scores(data, np.random.default_rng(seed))
    return float(AutoThreshold().fit(scores).predict(fresh).mean())


def _clear_anomalies(data: str, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw normal scores, and anomalies 1.6 times as far from the median as one normal score in 10,000."""
    kind, n, fraction = data.split(", ")
    size = int(n.removesuffix(" records"))
    count = max(1, round(size * float(fraction.removesuffix("%")) / 100))
    median, far = _LANDMARKS[kind]
    anomalies = median + 1.6 * (far - median) * (1 + 0.08 * rng.normal(size=count))
    return scores_of(kind, size - count, rng), anomalies


def _missed_anomalies(seed: int, data: str) -> float:
    normal, anomalies = _clear_anomalies(data, np.random.default_rng(seed))
    return float(1 - AutoThreshold().fit(np.r_[normal, anomalies]).predict(anomalies).mean())


@cache
def _shape(name: str) -> Scores:
    return Scores(name)


def _missed_on_average(seed: int, data: str) -> float:
    """Return the fraction of missed clear anomalies, averaged over the shapes of scores without ties."""
    size, fraction = data.split(" records, ")
    missed = []
    for name in SHAPES:
        if name not in TIED:
            normal, anomalies = _shape(name).sample(int(size), float(fraction.rstrip("%")) / 100, "clear, tight", seed)
            missed.append(1 - AutoThreshold().fit(np.r_[normal, anomalies]).predict(anomalies).mean())
    return float(np.mean(missed))


def _flagged_among_anomalies(seed: int, data: str) -> float:
    normal, anomalies = _clear_anomalies(data, np.random.default_rng(seed))
    return float(AutoThreshold().fit(np.r_[normal, anomalies]).predict(normal).mean())


def _beyond_peaks(probability: float) -> Callable[[int, str], float]:
    """Measure the fraction of fresh scores above the threshold, over q or the smallest q that n scores can estimate."""

    def measure(seed: int, data: str) -> float:
        kind, n = data.split(", n=")
        rng = np.random.default_rng(seed)
        rules = [PeaksOverThreshold(probability).fit(scores_of(kind, int(n), rng)) for _ in range(10)]
        above = float(np.mean([probability_above(kind, rule.threshold_) for rule in rules]))
        return above / max(probability, 0.1 / (int(n) + 1))

    return measure


def _beyond_peaks_of_few(multiple: float) -> Callable[[int, str], float]:
    """Measure the fraction of fresh scores above the threshold over q, for q = multiple / n."""

    def measure(seed: int, data: str) -> float:
        return _beyond_peaks(multiple / int(data.split(", n=")[1]))(seed, data)

    return measure


def _wrong_warnings(seed: int, data: str) -> float:
    """Return the number of missing and undue warnings around the smallest number of scores for q."""
    probability = float(data.removeprefix("q = "))
    needed = round(1 / probability) - 1
    wrong = 0
    for n in (needed - 1, needed, needed + 1):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            PeaksOverThreshold(probability).fit(np.random.default_rng(seed).random(n))
        wrong += any(issubclass(one.category, FewRecordsWarning) for one in caught) != (n < needed)
    return float(wrong)


def _too_many_tied(seed: int, data: str) -> float:
    """Return the number of flagged records beyond 1 % of them, or beyond one of 20, for tied scores."""
    n = int(data.split("n=")[1])
    scores = np.square(np.random.default_rng(seed).poisson(1.0, size=(n, 3)) - 1.0).sum(axis=1)
    return max(0.0, float(AutoThreshold().fit(scores).predict(scores).sum()) - max(1.0, 0.01 * n))


def _labelled(seed: int, data: str) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    y = (rng.random(60) < 0.3).astype(int)
    y[:2] = 0, 1
    scores = rng.normal(size=60) + 2.0 * y
    return (np.round(scores) if data == "tied scores" else scores), y


def _choices(scores: Array) -> Array:
    """Return all distinct thresholds: one below each distinct score, the highest first."""
    return np.array([np.nextafter(score, -math.inf) for score in np.unique(scores)[::-1]])


def _not_best_f1(seed: int, data: str) -> float:
    scores, y = _labelled(seed, data)

    def f1(threshold: float) -> float:
        flagged = scores > threshold
        return 2 * float((flagged & (y == 1)).sum()) / float(flagged.sum() + y.sum())

    chosen = f1(BestF1Threshold().fit(scores, y).threshold_)
    return float(chosen < max(map(f1, _choices(scores))) - 1e-12)


def _not_lowest_precise(seed: int, data: str) -> float:
    scores, y = _labelled(seed, data)
    flags = [scores > threshold for threshold in _choices(scores)]
    counts = [int(flagged.sum()) for flagged in flags if y[flagged].mean() >= 0.9]
    if not counts:
        return 0.0
    flagged = scores > PrecisionThreshold(0.9).fit(scores, y).threshold_
    return float(y[flagged].mean() < 0.9 or int(flagged.sum()) != max(counts))


def _not_highest_sensitive(seed: int, data: str) -> float:
    scores, y = _labelled(seed, data)
    flags = [scores > threshold for threshold in _choices(scores)]
    counts = [int(flagged.sum()) for flagged in flags if y[flagged].sum() >= 0.9 * y.sum()]
    flagged = scores > RecallThreshold(0.9).fit(scores, y).threshold_
    return float(y[flagged].sum() < 0.9 * y.sum() or int(flagged.sum()) != min(counts))


_LIGHT_TAILS = ("lognormal", "exponential", "normal", "uniform", "chi-square, 3", "rounded", "three Poisson columns")
_LANDMARKS = {
    "exponential": (math.log(2), math.log(1e4)),
    "normal": (0.0, 3.719016),
    "lognormal": (1.0, math.exp(3.719016)),
}
"""The median of normal scores and their 99.99 % quantile."""
_LABELLED = ("distinct scores", "tied scores")

PROMISES = (
    Promise(
        _WHERE + "QuantileThreshold",
        "the integer nearest to",
        "records too many or too few",
        _miscounted,
        NEVER,
        ("exponential", "normal"),
    ),
    Promise(
        _WHERE + "QuantileThreshold", "fewer if scores tie", "records too many, tied", _too_many, NEVER, ("rounded",)
    ),
    Promise(
        _WHERE + "MADThreshold",
        "up to half of the scores may be anomalies",
        "missed of 45 % far anomalies",
        _moved_by_anomalies,
        NEVER,
        ("normal", "exponential", "rounded"),
    ),
    Promise(
        _WHERE + "AutoThreshold",
        "0.6 to 1.2 % of fresh records are flagged",
        "flagged of fresh scores without anomalies",
        _flagged_of_fresh,
        between(0.006, 0.012),
        _LIGHT_TAILS,
        seeds=100,
        short=20,
    ),
    Promise(
        _WHERE + "AutoThreshold",
        "4 to 5 % of 1,000 or more",
        "flagged of fresh scores without anomalies",
        _flagged_of_fresh,
        between(0.04, 0.05),
        ("pareto",),
        seeds=100,
        short=20,
    ),
    Promise(
        _WHERE + "AutoThreshold",
        "are all found among 20,000 records, for every fraction of them",
        "missed of clear anomalies",
        _missed_anomalies,
        at_most(0.005),
        tuple(f"{kind}, 20000 records, {fraction}%" for kind in _LANDMARKS for fraction in (0.1, 5, 30)),
        seeds=5,
        short=1,
    ),
    Promise(
        _WHERE + "AutoThreshold",
        "Among 1,000 the recall is 97 to 100 %",
        "missed of clear anomalies, mean over shapes",
        _missed_on_average,
        at_most(0.03),
        ("1000 records, 1%", "1000 records, 10%", "1000 records, 30%"),
        seeds=50,
        short=5,
    ),
    Promise(
        _WHERE + "AutoThreshold",
        "averaged over shapes it is 82 to 100 % among 200",
        "missed of clear anomalies, mean over shapes",
        _missed_on_average,
        at_most(0.18),
        ("200 records, 1%", "200 records, 10%", "200 records, 30%"),
        seeds=50,
        short=5,
    ),
    Promise(
        _WHERE + "AutoThreshold",
        "69 to 78 % among 50",
        "missed of clear anomalies, mean over shapes",
        _missed_on_average,
        between(0.22, 0.31),
        ("50 records, 1%", "50 records, 10%", "50 records, 30%"),
        seeds=100,
        short=0,
    ),
    Promise(
        _WHERE + "AutoThreshold",
        "for exponential scores it is 70 to 100 % among 200",
        "missed of clear anomalies",
        _missed_anomalies,
        at_most(0.3),
        ("exponential, 200 records, 1%", "exponential, 200 records, 10%", "exponential, 200 records, 30%"),
        seeds=200,
        short=10,
    ),
    Promise(
        _WHERE + "AutoThreshold",
        "17 to 52 % among 50",
        "missed of clear anomalies",
        _missed_anomalies,
        between(0.48, 0.83),
        ("exponential, 50 records, 5%", "exponential, 50 records, 10%", "exponential, 50 records, 30%"),
        seeds=200,
        short=10,
    ),
    Promise(
        _WHERE + "AutoThreshold",
        "flags at most 1 % of the records it is fitted on, or one of 20",
        "records flagged beyond that, tied scores",
        _too_many_tied,
        NEVER,
        ("counts, n=20", "counts, n=300", "counts, n=2000"),
        seeds=50,
        short=10,
    ),
    Promise(
        _WHERE + "AutoThreshold",
        "with at most 1.4 % of the normal records",
        "flagged of normal records beside clear anomalies",
        _flagged_among_anomalies,
        at_most(0.014),
        tuple(f"{kind}, 20000 records, {fraction}%" for kind in _LANDMARKS for fraction in (0.1, 5, 30)),
        seeds=5,
        short=1,
    ),
    Promise(
        _WHERE + "PeaksOverThreshold",
        "exceed with a given probability",
        "fraction above it / 0.001",
        _beyond_peaks(1e-3),
        between(0.67, 1.5),
        ("exponential, n=20000", "pareto, n=20000", "normal, n=20000", "exponential, n=2000"),
        seeds=100,
        short=20,
    ),
    Promise(
        _WHERE + "PeaksOverThreshold",
        "exceed with a given probability",
        "fraction above it / 0.0001",
        _beyond_peaks(1e-4),
        between(0.5, 2.0),
        ("exponential, n=20000",),
        seeds=100,
        short=20,
    ),
    Promise(
        _WHERE + "PeaksOverThreshold",
        "extrapolates to a tenth of 1/(n + 1) at most",
        "fraction above it / 0.0001, or a tenth of 1 / (n + 1)",
        _beyond_peaks(1e-4),
        at_most(1.1),
        ("exponential, n=200", "pareto, n=200", "lognormal, n=500"),
        seeds=100,
        short=20,
    ),
    Promise(
        _WHERE + "PeaksOverThreshold",
        "0.9 to 1.2 times as often as requested at q = 10/n",
        "fraction above it / q, q = 10 / n",
        _beyond_peaks_of_few(10.0),
        between(0.9, 1.2),
        tuple(f"{kind}, n={n}" for kind in ("exponential", "normal", "pareto", "uniform") for n in (200, 2000)),
        seeds=100,
        short=10,
    ),
    Promise(
        _WHERE + "PeaksOverThreshold",
        "0.9 to 1.9 times at q = 1/n",
        "fraction above it / q, q = 1 / n",
        _beyond_peaks_of_few(1.0),
        between(0.9, 1.9),
        tuple(f"{kind}, n={n}" for kind in ("exponential", "normal", "pareto", "uniform") for n in (200, 2000)),
        seeds=200,
        short=10,
    ),
    Promise(
        _WHERE + "PeaksOverThreshold",
        "if q is below ``1 / (n + 1)``",
        "warnings that are missing or undue",
        _wrong_warnings,
        NEVER,
        ("q = 0.05", "q = 0.01", "q = 0.001"),
        seeds=3,
        short=1,
    ),
    Promise(
        _WHERE + "BestF1Threshold",
        "the highest F1 on labelled records",
        "choices that are not",
        _not_best_f1,
        NEVER,
        _LABELLED,
        seeds=200,
        short=50,
    ),
    Promise(
        _WHERE + "PrecisionThreshold",
        "The lowest threshold whose precision on labelled records is at least the target",
        "choices that are not",
        _not_lowest_precise,
        NEVER,
        _LABELLED,
        seeds=200,
        short=50,
    ),
    Promise(
        _WHERE + "RecallThreshold",
        "The highest threshold whose recall on labelled records is at least the target",
        "choices that are not",
        _not_highest_sensitive,
        NEVER,
        _LABELLED,
        seeds=200,
        short=50,
    ),
)
