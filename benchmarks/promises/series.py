"""Promises of `SequenceDetector`: what scores depend on, the calibration segment, sums, and alarms on normal steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from anomaly import SequenceDetector
from anomaly.detectors.sequence.small_samples import effective_sample_size, small_sample_factor
from benchmarks.promises.data import Array
from benchmarks.promises.promise import NEVER, Promise, always, at_least, at_most, between

_WHERE = "anomaly.SequenceDetector"
_SMALL: dict[str, Any] = {"window": 8, "hidden": (16,), "epochs": 3, "smoothing": 5}


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
    return SequenceDetector(random_state=seed, **settings).fit(series), series, rng


def _looks_ahead(seed: int, data: str) -> float:
    """Return how many scores before step 60 change if the steps from 60 on do."""
    detector, _, rng = _detector(data, seed)
    series = _series("waves", 120, rng)
    other = series.copy()
    other[60:] += rng.normal(scale=5.0, size=other[60:].shape)
    before, after = (detector.decision_function(x)[:60] for x in (series, other))
    return float((np.abs(before - after) > 1e-4 * (1 + np.abs(before))).sum())


def _depends_on_cut(seed: int, data: str) -> float:
    detector, _, rng = _detector(data, seed)
    series, stream = _series("waves", 300, rng), detector.stream()
    pieces = np.split(series, np.sort(rng.choice(np.arange(1, 300), size=6, replace=False)))
    scores = np.concatenate([*map(stream.push, pieces), stream.finish()])
    whole = detector.decision_function(series)
    return float(len(scores) != 300) + float((np.abs(scores - whole) > 1e-3 * (1 + whole)).sum())


def _parts_do_not_add_up(seed: int, data: str) -> float:
    detector, _, rng = _detector(data, seed)
    series = _series("waves", 200, rng)
    parts, scores = detector.explain(series), detector.decision_function(series)
    return float((parts < -1e-12).sum() + (np.abs(parts.sum(axis=1) - scores) > 1e-4 * (1 + scores)).sum())


def _threshold_over_highest(seed: int, data: str) -> float:
    detector, _, _ = _detector(data, seed, folds=1)
    return detector.threshold_ / detector.decision_scores_[detector.calibration_].max()


def _flagged_of_calibration(seed: int, data: str) -> float:
    """Return by how many steps the number flagged differs from a twentieth of those that calibrate."""
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
    """Return how many of 25 empty steps score more than 0 behind the first ten, which are not yet a gap."""
    detector, _, rng = _detector(data, seed)
    series = _series("waves", 120, rng)
    series[50:75] = np.nan
    return float((detector.decision_function(series)[60:75] != 0.0).sum())


def _flagged_of_normal_series(lengths: float) -> Callable[[int, str], float]:
    """Measure the share of steps, of normal series some lengths of training long, above the default threshold."""

    def measure(seed: int, data: str) -> float:
        rng = np.random.default_rng(seed)
        n = 1000
        series = _series(data, int(n * (1 + lengths)), rng)
        relative = data == "random walk"  # To a network, its levels would be new.
        detector = SequenceDetector(window=16, epochs=10, relative=relative, random_state=seed).fit(series[:n])
        return float(detector.predict(series[n:]).mean())

    return measure


def _events_of_normal_series(seed: int, data: str) -> float:
    rng = np.random.default_rng(seed)
    series = _series(data, 2000, rng)
    detector = SequenceDetector(window=16, epochs=10, random_state=seed).fit(series[:1000])
    return float(bool(detector.find_events(series[1000:])))


def _independent(seed: int, data: str) -> float:
    """Return the number of independent values found over Bartlett's, of a first-order autoregression."""
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
    """Return how often a fresh value lies beyond the limit of one of nu learned values, times nu."""
    d, nu = (int(word.split()[0]) for word in data.split(", "))
    rng = np.random.default_rng(seed)
    limit = d + 2 * np.sqrt(d * np.log(nu)) + 2 * np.log(nu)
    limit *= small_sample_factor(np.full(d, float(nu)))
    beyond = []
    for _ in range(20):
        learned = rng.normal(size=(nu, d))
        inverse = np.linalg.inv(learned.T @ learned / nu)
        fresh = rng.normal(size=(2000, d))
        beyond.append((np.einsum("ij,jk,ik->i", fresh, inverse, fresh) > limit).mean())
    return float(np.mean(beyond) * nu)


def _error_of_scale(seed: int, data: str) -> float:
    """Return the standard deviation of scales that were learned from fifty values."""
    values = np.random.default_rng(seed).normal(size=(2000, 50))
    return float(np.sqrt(np.square(values).mean(axis=1)).std())


_FORMS = ("dense, causal", "forecast", "conv", "gru")
_ALL = ("dense", *_FORMS)

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
        "steps where they do not, negative parts",
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
        "share of steps that calibrate",
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
        "After `gap` steps without any sample a gap begins, and all further steps without samples score 0",
        "further empty steps that score more",
        _missing_alarms,
        NEVER,
        _ALL,
        seeds=5,
        short=1,
    ),
    Promise(
        _WHERE,
        "Horizon of the allowance for drift, in lengths of the training series",
        "steps flagged of two normal lengths of training",
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
        "so that the estimate is biased low",
        "independent values / Bartlett's number",
        _independent,
        between(0.6, 1.1),
        ("AR 0.3", "AR 0.7", "AR 0.95"),
        seeds=30,
        short=5,
    ),
    Promise(
        "anomaly.detectors.sequence.training.candidate_folds",
        "Fifty estimate a scale to a tenth",
        "relative error of a scale by fifty values",
        _error_of_scale,
        between(0.08, 0.12),
        seeds=20,
        short=5,
    ),
    Promise(
        "anomaly.detectors.sequence.small_samples",
        r"with a probability below :math:`1 / \nu`",
        "chance beyond the limit, times nu",
        _beyond_the_limit,
        at_most(1.0),
        ("3 sensors, 20 values", "8 sensors, 20 values", "8 sensors, 1000 values", "1 sensor, 50 values"),
        seeds=40,
        short=4,
    ),
)
