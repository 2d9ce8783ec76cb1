"""Promises of `anomaly.calibration`: p-values, thresholds for a rate, false discoveries, probabilities.

Each seed draws several sets of reference scores, since what is promised is a chance over those, too.
"""

from __future__ import annotations

import numpy as np

from anomaly.calibration import anomaly_probability, benjamini_hochberg, conformal_threshold, p_values
from benchmarks.promises.data import chance_above, scores_of
from benchmarks.promises.promise import NEVER, Promise, at_most, exactly

_SETS = 20
_FRESH = 200


def _kind_and_size(data: str) -> tuple[str, int]:
    kind, size = data.split(", n=")
    return kind, int(size)


def _share_of_small_p_values(level: float):
    def measure(seed: int, data: str) -> float:
        kind, n = _kind_and_size(data)
        rng = np.random.default_rng(seed)
        small = [
            (p_values(scores_of(kind, n, rng), scores_of(kind, _FRESH, rng)) <= level + 1e-12).mean()
            for _ in range(_SETS)
        ]
        return float(np.mean(small)) / level

    return measure


def _out_of_range(seed: int, data: str) -> float:
    kind, n = _kind_and_size(data)
    rng = np.random.default_rng(seed)
    p = p_values(scores_of(kind, n, rng), scores_of(kind, 1000, rng) * 3)
    return float(((p < 1 / (n + 1) - 1e-15) | (p > 1)).sum())


def _exceeding(rate: float):
    def measure(seed: int, data: str) -> float:
        kind, n = _kind_and_size(data)
        rng = np.random.default_rng(seed)
        thresholds = [conformal_threshold(scores_of(kind, n, rng), rate) for _ in range(_SETS)]
        return float(np.mean([chance_above(kind, threshold) for threshold in thresholds])) / rate

    return measure


def _false_discoveries(seed: int, data: str) -> float:
    """Return the false discovery proportion for a hundred normal records and ten anomalies, the rate being 0.1."""
    kind, n = _kind_and_size(data)
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(_SETS):
        scores = np.r_[scores_of(kind, 100, rng), scores_of(kind, 10, rng) + 8.0]
        flags = benjamini_hochberg(p_values(scores_of(kind, n, rng), scores), 0.1)
        found.append(flags[:100].sum() / max(1, flags.sum()))
    return float(np.mean(found))


def _calibration_error(seed: int, data: str) -> float:
    """Return the mean probability less the share of anomalies, for p-values as they are assumed to be."""
    prior = float(data.removeprefix("prior "))
    rng = np.random.default_rng(seed)
    truth = rng.random(50_000) < prior
    p = np.where(truth, rng.random(truth.size) ** (1 / 0.3), rng.random(truth.size))
    p = np.maximum(p, 1e-12)
    said = anomaly_probability(p, prior)
    bins = np.digitize(said, np.quantile(said, [0.5, 0.9, 0.99]))
    return float(sum((said[bins == i].mean() - truth[bins == i].mean()) for i in range(4)))


def _unordered(seed: int, data: str) -> float:
    prior = float(data.removeprefix("prior "))
    p = np.sort(np.random.default_rng(seed).random(1000)) + 1e-9
    said = anomaly_probability(p, prior)
    return float((np.diff(said) > 0).sum() + (said <= 0).sum() + (said >= 1).sum())


# Ranks are the same for all distributions without ties.
_DATA = ("exponential, n=99", "exponential, n=499")
_TIED = ("rounded, n=99",)
_PRIORS = ("prior 0.01", "prior 0.05", "prior 0.3")

PROMISES = (
    Promise(
        "anomaly.calibration.p_values",
        "Return the probability that a normal record scores at least as high",
        "P(p <= 0.05) / 0.05 for normal records",
        _share_of_small_p_values(0.05),
        exactly(1.0),
        _DATA,
        seeds=100,
        short=20,
    ),
    Promise(
        "anomaly.calibration.p_values",
        "Return the probability that a normal record scores at least as high",
        "P(p <= 0.01) / 0.01 for normal records",
        _share_of_small_p_values(0.01),
        exactly(1.0),
        _DATA,
        seeds=100,
        short=20,
    ),
    Promise(
        "anomaly.calibration.p_values",
        "Return the probability that a normal record scores at least as high",
        "P(p <= 0.05) / 0.05 where scores tie",
        _share_of_small_p_values(0.05),
        at_most(1.0),
        _TIED,
        seeds=100,
        short=20,
    ),
    Promise(
        "anomaly.calibration.p_values",
        "p-values from 1 / (n + 1) to 1",
        "p-values out of that range",
        _out_of_range,
        NEVER,
        _DATA + _TIED,
        seeds=20,
    ),
    Promise(
        "anomaly.calibration.conformal_threshold",
        "exceeds with at most a given probability",
        "share above it / 0.05",
        _exceeding(0.05),
        at_most(1.0),
        ("exponential, n=30", "exponential, n=200", "pareto, n=200", "rounded, n=200"),
        seeds=100,
        short=20,
    ),
    Promise(
        "anomaly.calibration.conformal_threshold",
        "exceeds with at most a given probability",
        "share above it / 0.01",
        _exceeding(0.01),
        at_most(1.0),
        ("exponential, n=100", "lognormal, n=500", "pareto, n=500", "rounded, n=500"),
        seeds=100,
        short=20,
    ),
    Promise(
        "anomaly.calibration.conformal_threshold",
        "exceeded at most 1.05 times as often as requested",
        "share above it / 0.001, n below 1/rate",
        _exceeding(0.001),
        at_most(1.05),
        ("exponential, n=100", "exponential, n=500", "pareto, n=100", "pareto, n=500"),
        seeds=100,
        short=20,
    ),
    Promise(
        "anomaly.calibration.benjamini_hochberg",
        "the expected fraction of normal records among them is bounded",
        "false discovery rate, 0.1 allowed",
        _false_discoveries,
        at_most(0.1),
        ("exponential, n=200", "normal, n=500", "rounded, n=500"),
        seeds=100,
        short=20,
    ),
    Promise(
        "anomaly.calibration.anomaly_probability",
        "with a = 0.3",
        "probability less share of anomalies",
        _calibration_error,
        exactly(0.0),
        _PRIORS,
        seeds=30,
        short=10,
    ),
    Promise(
        "anomaly.calibration.anomaly_probability",
        "Probabilities, above 0 and below 1; they decrease as p increases",
        "exceptions",
        _unordered,
        NEVER,
        _PRIORS,
    ),
)
