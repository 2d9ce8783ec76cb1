"""Promises of `anomaly.calibration`: p-values, thresholds for a rate, false discoveries, probabilities, confidence.

Each seed draws several sets of reference scores, because the promised probabilities are averages over those, too.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import numpy as np

from anomaly.calibration import (
    anomaly_probability,
    benjamini_hochberg,
    conformal_threshold,
    p_values,
    prediction_confidence,
)
from anomaly.errors import FewRecordsWarning
from benchmarks.promises.data import probability_above, scores_of
from benchmarks.promises.promise import NEVER, Promise, about, at_most, between, exactly

_SETS = 20
_FRESH = 200


def _kind_and_size(data: str) -> tuple[str, int]:
    kind, size = data.split(", n=")
    return kind, int(size)


def _fraction_of_small_p_values(level: float) -> Callable[[int, str], float]:
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


def _exceeding(rate: float) -> Callable[[int, str], float]:
    def measure(seed: int, data: str) -> float:
        kind, n = _kind_and_size(data)
        rng = np.random.default_rng(seed)
        thresholds = [conformal_threshold(scores_of(kind, n, rng), rate) for _ in range(_SETS)]
        return float(np.mean([probability_above(kind, threshold) for threshold in thresholds])) / rate

    return measure


def _wrong_level(seed: int, data: str) -> float:
    """Return P(p <= 0.05) over the largest multiple of 1 / (n + 1) that is not above 0.05."""
    _, n = _kind_and_size(data)
    return _fraction_of_small_p_values(0.05)(seed, data) * 0.05 / (math.floor(0.05 * (n + 1)) / (n + 1))


def _spread_of_rate(seed: int, data: str) -> float:
    r"""Return the standard deviation of the probability beyond the threshold, over :math:`\sqrt{\alpha / n}`."""
    kind, n = _kind_and_size(data)
    rng = np.random.default_rng(seed)
    rates = [probability_above(kind, conformal_threshold(scores_of(kind, n, rng), 0.02)) for _ in range(200)]
    return float(np.std(rates, ddof=1) / math.sqrt(0.02 / n))


def _wrong_warnings(seed: int, data: str) -> float:
    """Return the number of missing and undue warnings around the smallest number of scores for a rate."""
    rate = float(data.removeprefix("rate "))
    needed = round(1 / rate) - 1
    wrong = 0
    for n in (needed - 1, needed, needed + 1):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            conformal_threshold(np.random.default_rng(seed).random(n), rate)
        wrong += any(issubclass(one.category, FewRecordsWarning) for one in caught) != (n < needed)
    return float(wrong)


def _frequency_of_kept_labels(low: float, high: float) -> Callable[[int, str], float]:
    """Measure the frequency of equal labels from other samples, for records with a confidence in an interval."""

    def measure(seed: int, data: str) -> float:
        kind, n = _kind_and_size(data)
        rng = np.random.default_rng(seed)
        place = round(0.9 * n) - 1
        kept = []
        for _ in range(_SETS):
            reference, scores = scores_of(kind, n, rng), scores_of(kind, _FRESH, rng)
            threshold = np.sort(reference)[place]
            confidence = prediction_confidence(reference, scores, threshold)
            chosen = scores[(low <= confidence) & (confidence < high)]
            others = np.sort(scores_of(kind, (50, n), rng), axis=1)[:, place]
            kept.append(((chosen > others[:, np.newaxis]) == (chosen > threshold)).ravel())
        return float(np.concatenate(kept).mean())

    return measure


def _confidence_beyond(seed: int, data: str) -> float:
    """Return the confidence in an anomaly beyond a threshold that is above all reference scores."""
    kind, n = _kind_and_size(data)
    reference = scores_of(kind, n, np.random.default_rng(seed))
    return float(prediction_confidence(reference, [9 * reference.max()], 2 * reference.max())[0])


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
    """Return the mean probability minus the fraction of anomalies, for p-values of the assumed distribution."""
    prior = float(data.removeprefix("prior "))
    rng = np.random.default_rng(seed)
    truth = rng.random(50_000) < prior
    p = np.where(truth, rng.random(truth.size) ** (1 / 0.3), rng.random(truth.size))
    p = np.maximum(p, 1e-12)
    estimate = anomaly_probability(p, prior)
    bins = np.digitize(estimate, np.quantile(estimate, [0.5, 0.9, 0.99]))
    return float(sum((estimate[bins == i].mean() - truth[bins == i].mean()) for i in range(4)))


def _unordered(seed: int, data: str) -> float:
    prior = float(data.removeprefix("prior "))
    p = np.sort(np.random.default_rng(seed).random(1000)) + 1e-9
    estimate = anomaly_probability(p, prior)
    return float((np.diff(estimate) > 0).sum() + (estimate <= 0).sum() + (estimate >= 1).sum())


# Without ties, the ranks of all distributions are alike.
_DATA = ("exponential, n=99", "exponential, n=499")
_TIED = ("rounded, n=99",)
_PRIORS = ("prior 0.01", "prior 0.05", "prior 0.3")

PROMISES = (
    Promise(
        "anomaly.calibration.p_values",
        "Return the probability that a normal record scores at least as high",
        "P(p <= 0.05) / 0.05 for normal records",
        _fraction_of_small_p_values(0.05),
        exactly(1.0),
        _DATA,
        seeds=100,
        short=20,
    ),
    Promise(
        "anomaly.calibration.p_values",
        "Return the probability that a normal record scores at least as high",
        "P(p <= 0.01) / 0.01 for normal records",
        _fraction_of_small_p_values(0.01),
        exactly(1.0),
        _DATA,
        seeds=100,
        short=20,
    ),
    Promise(
        "anomaly.calibration.p_values",
        "with probability at most :math:`\\alpha`",
        "P(p <= 0.05) / 0.05 with tied scores",
        _fraction_of_small_p_values(0.05),
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
        "fraction above it / 0.05",
        _exceeding(0.05),
        at_most(1.0),
        ("exponential, n=30", "exponential, n=200", "pareto, n=200", "rounded, n=200"),
        seeds=100,
        short=20,
    ),
    Promise(
        "anomaly.calibration.conformal_threshold",
        "exceeds with at most a given probability",
        "fraction above it / 0.01",
        _exceeding(0.01),
        at_most(1.0),
        ("exponential, n=100", "lognormal, n=500", "pareto, n=500", "rounded, n=500"),
        seeds=100,
        short=20,
    ),
    Promise(
        "anomaly.calibration.conformal_threshold",
        "exceeded at most 1.05 times as often as requested",
        "fraction above it / 0.001, n below 1/rate",
        _exceeding(0.001),
        at_most(1.05),
        ("exponential, n=100", "exponential, n=500", "pareto, n=100", "pareto, n=500"),
        seeds=100,
        short=20,
    ),
    Promise(
        "anomaly.calibration.p_values",
        "the probability is the largest multiple of 1 / (n + 1) that is not above it",
        "P(p <= 0.05) / that multiple",
        _wrong_level,
        exactly(1.0),
        ("exponential, n=30", "normal, n=130"),
        seeds=100,
        short=20,
    ),
    Promise(
        "anomaly.calibration.conformal_threshold",
        r"with a standard deviation of about :math:`\sqrt{\alpha / n}`",
        "standard deviation of the fraction above it / that",
        _spread_of_rate,
        about(1.0, 0.05),
        ("exponential, n=500", "pareto, n=2000"),
        seeds=20,
        short=5,
    ),
    Promise(
        "anomaly.calibration.conformal_threshold",
        "If `false_alarm_rate` is below ``1 / (n + 1)``",
        "warnings that are missing or undue",
        _wrong_warnings,
        NEVER,
        ("rate 0.05", "rate 0.01", "rate 0.001"),
        seeds=3,
        short=1,
    ),
    Promise(
        "anomaly fit --help",
        "such as 0.01, which takes 99 records or more (0.001: 999)",
        "warnings that are missing or undue",
        _wrong_warnings,
        NEVER,
        ("rate 0.01", "rate 0.001"),
        seeds=3,
        short=1,
    ),
    Promise(
        "anomaly.calibration.prediction_confidence",
        "a confidence of 0.9 to 0.99 were kept with a frequency of 0.89",
        "frequency of kept labels",
        _frequency_of_kept_labels(0.9, 0.99),
        between(0.87, 0.91),
        ("exponential, n=100", "normal, n=500"),
        seeds=50,
        short=5,
    ),
    Promise(
        "anomaly.calibration.prediction_confidence",
        "those with 0.7 to 0.9 with one of 0.73",
        "frequency of kept labels, 0.7 to 0.9",
        _frequency_of_kept_labels(0.7, 0.9),
        between(0.70, 0.76),
        ("exponential, n=100", "normal, n=500"),
        seeds=50,
        short=5,
    ),
    Promise(
        "anomaly.calibration.prediction_confidence",
        "the confidence in an anomaly is about 0.37",
        "confidence beyond all reference scores",
        _confidence_beyond,
        between(0.36, 0.38, every=True),
        ("exponential, n=100", "lognormal, n=2000"),
        seeds=3,
        short=1,
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
        "probability minus fraction of anomalies",
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
