"""Promises of `SequenceDetector`: causality, calibration, contributions, p-values, and alarms on normal steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from anomaly import SequenceDetector
from anomaly.detectors.sequence.small_samples import effective_sample_size, small_sample_factor
from benchmarks.promises.data import Array
from benchmarks.promises.promise import NEVER, Promise, always, at_least, at_most, between

_WHERE = "anomaly.SequenceDetector"
_ALONE: dict[str, Any] = {"network": "dense", "network_share": 1.0}
_SMALL: dict[str, Any] = {"window": 8, "hidden": (16,), "epochs": 3, "smoothing": 5, **_ALONE}


def _series(kind: str, n: int, rng: np.random.Generator) -> Array:
    t = np.arange(n)[:, np.newaxis]
    if kind == "waves":
        return np.sin(t / np.array([5.0, 8.0, 5.0])) + 0.1 * rng.normal(size=(n, 3))
    if kind == "noise":
        return rng.normal(size=(n, 3)) @ np.array([[1.0, 0.8, 0.0], [0.0, 0.6, 0.0], [0.0, 0.0, 1.0]])
    if kind == "random walk":
        return np.cumsum(0.1 * rng.normal(size=(n, 3)), axis=0) + rng.normal(size=(n, 3))
    raise ValueError(f"unknown kind of series: {kind!r}")


def _detector(data: str, seed: int, **more: Any) -> tuple[SequenceDetector, Array, np.random.Generator]:
    rng = np.random.default_rng(seed)
    series = _series("waves", 500, rng)
    settings: dict[str, Any] = dict(_SMALL, **more)
    if data == "forecast":
        settings["method"] = "forecast"
    elif data in ("conv", "gru"):
        settings |= {"network": data, "hidden": (4,), "epochs": 1, "causal": True}
    elif data == "dense, causal":
        settings["causal"] = True
    elif data.startswith("windows"):
        settings = {"causal": data == "windows, causal"} | more
    return SequenceDetector(random_state=seed, **settings).fit(series), series, rng


def _looks_ahead(seed: int, data: str) -> float:
    """Return the number of scores before step 60 that change with the steps from 60 on."""
    detector, _, rng = _detector(data, seed)
    series = _series("waves", 120, rng)
    other = series.copy()
    other[60:] += rng.normal(scale=5.0, size=other[60:].shape)
    before, after = (detector.decision_function(x)[:60] for x in (series, other))
    return float((np.abs(before - after) > 1e-4 * (1 + np.abs(before))).sum())


def _depends_on_cut(seed: int, data: str) -> float:
    detector, _, rng = _detector(data, seed)
    series, stream = _series("waves", 300, rng), detector.stream()
    chunks = np.split(series, np.sort(rng.choice(np.arange(1, 300), size=6, replace=False)))
    scores = np.concatenate([*map(stream.push, chunks), stream.finish()])
    whole = detector.decision_function(series)
    return float(len(scores) != 300) + float((np.abs(scores - whole) > 1e-3 * (1 + whole)).sum())


def _parts_do_not_add_up(seed: int, data: str) -> float:
    detector, _, rng = _detector(data, seed)
    series = _series("waves", 200, rng)
    contributions, scores = detector.explain(series), detector.decision_function(series)
    different = np.abs(contributions.sum(axis=1) - scores) > 1e-12 * (1 + scores)
    return float((contributions < 0).sum() + different.sum())


def _threshold_over_highest(seed: int, data: str) -> float:
    detector, _, _ = _detector(data, seed, folds=1)
    return detector.threshold_ / detector.decision_scores_[detector.calibration_].max()


def _flagged_of_calibration(seed: int, data: str) -> float:
    """Return whether the number of flagged calibration steps differs from a twentieth of them."""
    detector, _, _ = _detector(data, seed, folds=1, contamination=0.05)
    flagged, steps = detector.labels_[detector.calibration_], int(detector.calibration_.sum())
    return float(abs(flagged.sum() - 0.05 * steps) > 0.5 + 1e-9)


def _kept_from_network(seed: int, data: str) -> float:
    detector, _, _ = _detector(data, seed, folds=1)
    return float(detector.calibration_.mean())


def _bits_differ(seed: int, data: str) -> float:
    one, series, _ = _detector(data, seed)
    other, _, _ = _detector(data, seed)
    return float((one.decision_function(series) != other.decision_function(series)).sum())


def _missing_alarms(seed: int, data: str) -> float:
    """Return the number of steps without samples that score above 0, of 15 after the first ten, which are no gap."""
    detector, _, rng = _detector(data, seed)
    series = _series("waves", 120, rng)
    series[50:75] = np.nan
    return float((detector.decision_function(series)[60:75] != 0.0).sum())


def _flagged_of_normal_series(lengths: float) -> Callable[[int, str], float]:
    """Measure the fraction of steps above the default threshold, for normal series of some training lengths."""

    def measure(seed: int, data: str) -> float:
        rng = np.random.default_rng(seed)
        n = 1000
        series = _series(data, int(n * (1 + lengths)), rng)
        relative = data == "random walk"  # Its levels are not those of the training series.
        detector = SequenceDetector(window=16, epochs=10, relative=relative, random_state=seed, **_ALONE).fit(
            series[:n]
        )
        return float(detector.predict(series[n:]).mean())

    return measure


def _events_of_normal_series(seed: int, data: str) -> float:
    rng = np.random.default_rng(seed)
    series = _series(data, 2000, rng)
    detector = SequenceDetector(window=16, epochs=10, random_state=seed, **_ALONE).fit(series[:1000])
    return float(bool(detector.find_events(series[1000:])))


def _independent(seed: int, data: str) -> float:
    """Return the estimated effective sample size over Bartlett's, of a first-order autoregression."""
    phi = float(data.removeprefix("AR "))
    noise = np.random.default_rng(seed).normal(size=6000)
    values = np.empty_like(noise)
    state = 0.0
    for i, shock in enumerate(noise):
        state = phi * state + shock
        values[i] = state
    expected = 6000 * (1 - phi**2) / (1 + phi**2)
    return float(effective_sample_size([values[:, np.newaxis]])[0]) / expected


def _beyond_the_limit(seed: int, data: str) -> float:
    """Return the fraction of fresh values beyond the limit for a covariance estimated from nu values, times nu."""
    d, nu = (int(word.split()[0]) for word in data.split(", "))
    rng = np.random.default_rng(seed)
    limit = d + 2 * np.sqrt(d * np.log(nu)) + 2 * np.log(nu)
    limit *= small_sample_factor(np.full(d, float(nu)))
    beyond = []
    for _ in range(20):
        known = rng.normal(size=(nu, d))
        inverse = np.linalg.inv(known.T @ known / nu)
        fresh = rng.normal(size=(2000, d))
        beyond.append((np.einsum("ij,jk,ik->i", fresh, inverse, fresh) > limit).mean())
    return float(np.mean(beyond) * nu)


def _factor_of_few(seed: int, data: str) -> float:
    """Return the factor of a small sample with as many values as sensors."""
    d = float(data.split()[0])
    return small_sample_factor(np.full(int(d), d))


def _ranks_differ(seed: int, data: str) -> float:
    """Return the number of p-values that are not (1 + calibration scores at least as high) / (n + 1)."""
    detector, _, rng = _detector(data, seed)
    series = _series("waves", 150, rng)
    scores, reference = detector.decision_function(series), detector.calibration_scores_
    ranks = (1 + (reference >= scores[:, np.newaxis]).sum(axis=1)) / (len(reference) + 1)
    return float((np.abs(detector.p_values(series) - ranks) > 1e-12).sum())


def _confidence_beyond(seed: int, data: str) -> float:
    """Return the confidence in steps far above the default threshold."""
    detector, _, rng = _detector(data, seed)
    series = _series("waves", 150, rng)
    series[80:120] += 50.0
    flagged = detector.predict(series) == 1
    return float(detector.predict_confidence(series)[flagged].mean())


def _random_walks_with_alarms(seed: int, data: str) -> float:
    """Return whether a tenth of the steps of a random walk, twice as long as the training series, are flagged."""
    walk = np.cumsum(np.random.default_rng(seed).normal(size=(3000, 3)), axis=0)
    detector = SequenceDetector(window=16, epochs=20, relative=data == "relative", random_state=seed, **_ALONE).fit(
        walk[:1000]
    )
    return float(detector.predict(walk[1000:]).mean() >= 0.1)


def _error_of_scale(seed: int, data: str) -> float:
    """Return the standard deviation of scales estimated from fifty values."""
    values = np.random.default_rng(seed).normal(size=(2000, 50))
    return float(np.sqrt(np.square(values).mean(axis=1)).std())


_FORMS = ("dense, causal", "forecast", "conv", "gru", "windows, causal")
_OF_NETWORKS = ("dense", *_FORMS[:-1])
_ALL = ("dense", *_FORMS, "windows")

PROMISES = (
    Promise(
        _WHERE,
        "No score then depends on a later step",
        "earlier scores that change",
        _looks_ahead,
        NEVER,
        _FORMS,
        seeds=10,
        short=1,
    ),
    Promise(
        _WHERE + ".stream",
        "as `decision_function` does",
        "scores that change with the cut",
        _depends_on_cut,
        NEVER,
        _ALL,
        seeds=10,
        short=1,
    ),
    Promise(
        _WHERE + ".explain",
        "those of a step add up to its score",
        "steps where they do not, negative contributions",
        _parts_do_not_add_up,
        NEVER,
        _ALL,
        seeds=10,
        short=1,
    ),
    Promise(
        _WHERE,
        "times the highest of them",
        "threshold / highest calibration score",
        _threshold_over_highest,
        at_least(2.0, every=True),
        ("dense", "forecast"),
        seeds=10,
        short=1,
    ),
    Promise(
        _WHERE,
        "Fraction of the calibration steps to label as anomalies",
        "series where contamination=0.05 flags another number",
        _flagged_of_calibration,
        NEVER,
        ("dense", "forecast"),
        seeds=10,
        short=1,
    ),
    Promise(
        _WHERE,
        "calibration : float, default 0.25",
        "fraction of calibration steps",
        _kept_from_network,
        always(0.25),
        ("dense", "forecast"),
        seeds=3,
        short=1,
    ),
    Promise(
        "anomaly fit --help",
        "random seed, for reproducible results",
        "scores of series that differ",
        _bits_differ,
        NEVER,
        _ALL,
        seeds=5,
        short=1,
    ),
    Promise(
        _WHERE,
        "networks alone score all further steps without samples 0",
        "further steps without samples that score more",
        _missing_alarms,
        NEVER,
        _OF_NETWORKS,
        seeds=5,
        short=1,
    ),
    Promise(
        _WHERE,
        "Horizon of the allowance for drift, in lengths of the training series",
        "fraction of flagged steps, two normal training lengths",
        _flagged_of_normal_series(2.0),
        at_most(0.01),
        ("waves", "noise", "random walk"),
        seeds=20,
        short=0,
    ),
    Promise(
        _WHERE,
        "an allowance for sensors whose behaviour changes",
        "normal series, as long as the training, with an alarm",
        _events_of_normal_series,
        at_most(0.05),
        ("waves", "noise"),
        seeds=40,
        short=2,
    ),
    Promise(
        "anomaly.detectors.sequence.small_samples",
        "by a tenth for independent values",
        "effective sample size / number of values",
        _independent,
        between(0.85, 0.97),
        ("AR 0",),
        seeds=30,
        short=5,
    ),
    Promise(
        "anomaly.detectors.sequence.small_samples",
        "by up to a third for autocorrelated ones",
        "effective sample size / Bartlett's",
        _independent,
        between(0.66, 1.0),
        ("AR 0.3", "AR 0.7", "AR 0.95"),
        seeds=30,
        short=5,
    ),
    Promise(
        "anomaly.detectors.sequence.small_samples",
        r"is 2.3 to 6.2 where :math:`\nu` is the number of sensors, from 2 to 100",
        "factor",
        _factor_of_few,
        between(2.3, 6.2),
        ("2 sensors", "3 sensors", "8 sensors", "100 sensors"),
        seeds=1,
        short=1,
    ),
    Promise(
        _WHERE + ".p_values",
        "By the rank among ``calibration_scores_``, from 1 / (n + 1) to 1",
        "p-values that are not",
        _ranks_differ,
        NEVER,
        ("dense", "forecast"),
        seeds=5,
        short=1,
    ),
    Promise(
        _WHERE + ".predict_confidence",
        "for steps above it, ranks give a confidence of about 0.37",
        "confidence in steps above the default threshold",
        _confidence_beyond,
        between(0.36, 0.38, every=True),
        ("dense", "forecast"),
        seeds=5,
        short=1,
    ),
    Promise(
        _WHERE,
        "four in ten had alarms on a tenth of their steps or more",
        "random walks with alarms on a tenth of the steps",
        _random_walks_with_alarms,
        between(0.2, 0.6),
        ("absolute",),
        seeds=40,
        short=0,
    ),
    Promise(
        _WHERE,
        "and none with ``relative=True``",
        "random walks with alarms on a tenth of the steps",
        _random_walks_with_alarms,
        NEVER,
        ("relative",),
        seeds=40,
        short=0,
    ),
    Promise(
        "anomaly.detectors.sequence.training.candidate_folds",
        "Fifty estimate a scale to a tenth",
        "relative error of a scale from fifty values",
        _error_of_scale,
        between(0.08, 0.12),
        seeds=20,
        short=5,
    ),
    Promise(
        "anomaly.detectors.sequence.small_samples",
        r"with a probability below :math:`1 / \nu`",
        "probability beyond the limit, times nu",
        _beyond_the_limit,
        at_most(1.0),
        ("3 sensors, 20 values", "8 sensors, 20 values", "8 sensors, 1000 values", "1 sensor, 50 values"),
        seeds=40,
        short=4,
    ),
)
