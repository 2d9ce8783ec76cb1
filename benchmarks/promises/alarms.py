"""Promises of alarms on series: rates of false alarms on normal and on drifting series, and limits that follow them."""

from __future__ import annotations

import math

import numpy as np

from anomaly.detectors.sequence.causes import CauseStream, causes_of
from anomaly.detectors.sequence.moving_limit import MovingLimit
from anomaly.detectors.sequence.training_limit import training_limit
from anomaly.thresholds.declustered import DeclusteredPeaks, cluster_peaks
from benchmarks.promises.data import Array, probability_above, scores_of
from benchmarks.promises.promise import NEVER, Promise, at_most

_MOVING = "anomaly.detectors.sequence.moving_limit"
_WINDOW, _GAP, _TRAIN, _TEST = 16, 50, 1500, 5000

_TAILS = ("exponential", "lognormal", "pareto", "uniform")
_NORMAL = ("white noise", "AR 0.9", "waves", "heavy tails", "counts", "phase noise")
_DRIFTING = ("random-walk drift", "levels", "growing noise", "new level")


def _values(kind: str, n: int, rng: np.random.Generator) -> Array:
    t, noise = np.arange(n), rng.normal(size=n)
    wave = np.sin(t / 5) + 0.5 * np.sin(t / 2.5 + 1)
    if kind == "white noise":
        return noise
    if kind == "AR 0.9":
        values = np.zeros(n)
        for i in range(1, n):
            values[i] = 0.9 * values[i - 1] + noise[i]
        return values
    if kind == "heavy tails":
        return wave + 0.3 * rng.standard_t(3, size=n)
    if kind == "counts":
        return rng.poisson(2 + 1.8 * np.sin(t / 5)).astype(float)
    if kind == "phase noise":
        return np.sin(np.cumsum(1 + 0.1 * noise) / 5) + 0.1 * rng.normal(size=n)
    changes = {
        "waves": 0.1 * noise,
        "random-walk drift": 0.1 * noise + np.cumsum(0.01 * rng.normal(size=n)),
        "levels": 0.1 * noise + rng.normal(size=n)[t // 800],
        "growing noise": 0.1 * noise * np.linspace(1, 4, n),
        "new level": 0.1 * noise + (t >= _TRAIN),
    }
    return wave + changes[kind]


def _distances(windows: Array, known: Array) -> Array:
    """Return the squared distance of each window to each known one."""
    squares = (windows**2).sum(axis=1)[:, np.newaxis] + (known**2).sum(axis=1) - 2 * windows @ known.T
    return np.maximum(squares, 0.0)


def _cover(distances: Array) -> Array:
    """Return the mean over the windows that cover each step."""
    ones = np.ones(_WINDOW)
    return np.convolve(distances, ones) / np.convolve(np.ones(len(distances)), ones)


def _scores(kind: str, seed: int, n: int = _TEST) -> tuple[Array, Array]:
    """Return scores of training steps and of later ones: distances of windows to the nearest that do not overlap."""
    values = _values(kind, _TRAIN + n, np.random.default_rng(seed))
    windows = np.lib.stride_tricks.sliding_window_view(values, _WINDOW)
    known, fresh = windows[: _TRAIN - _WINDOW + 1], windows[_TRAIN:]
    own = _distances(known, known)
    places = np.arange(len(known))
    own[np.abs(places - places[:, np.newaxis]) < _WINDOW] = np.inf
    return _cover(np.sqrt(own.min(axis=1))), _cover(np.sqrt(_distances(fresh, known).min(axis=1)))


def _events(is_alarm: Array) -> int:
    return len(cluster_peaks(is_alarm.astype(float), 0.5, _GAP))


def _case(data: str) -> tuple[str, float]:
    kind, rate = data.rsplit(", ", 1)
    return kind, float(rate)


def _tail_rate(seed: int, data: str) -> float:
    """Return the rate of events above a threshold for it, over the requested rate: maxima of ten independent scores."""
    kind, rate = _case(data)
    rng = np.random.default_rng(seed)
    scores = np.lib.stride_tricks.sliding_window_view(scores_of(kind, 2009, rng), 10).max(axis=1)
    return probability_above(kind, DeclusteredPeaks(rate, gap=20).fit(scores).threshold_) / rate


def _moving(train: Array, rate: float) -> MovingLimit:
    rule = DeclusteredPeaks(rate, _GAP).fit(train)
    return MovingLimit(rule.threshold_, train, rate, _GAP, counted=1.0, unit=rule.mean_excess_)


def _moving_rate(seed: int, data: str) -> float:
    kind, rate = _case(data)
    train, test = _scores(kind, seed)
    return _events(test > _moving(train, rate).limits(test)) / (rate * len(test))


def _flagged(seed: int, data: str) -> float:
    train, test = _scores(data, seed)
    return float((test > _moving(train, 1e-3).limits(test)).mean())


def _beyond_the_bound(seed: int, data: str) -> float:
    """Return the number of events beyond the bound for any scores."""
    rate, rng = 2e-3, np.random.default_rng(seed)
    train = np.exp(rng.normal(size=1000))
    moving = _moving(train, rate)
    if data == "just above the limit":
        stream, limit, alarms = moving.stream(), moving.threshold, np.zeros(4000, np.bool_)
        for step in range(len(alarms)):
            score = min(1.001 * limit, 1e6) if step % (_GAP + 2) == 0 else 0.1
            limit = float(stream.push([score])[0])
            alarms[step] = score > limit
            highest = 1e6
    else:
        scores = np.exp(
            np.cumsum(rng.normal(size=4000)) * (0.1 if data == "random walk" else 0.0) + rng.normal(size=4000)
        )
        scores *= 100.0 ** (np.arange(4000) // 400) if data == "ever new levels" else 1.0
        alarms, highest = scores > moving.limits(scores), float(scores.max())
    bar = math.log(max(highest, moving.threshold) / min(float(train.min()), 0.1))
    bound = moving.form.second_fall * len(alarms) + math.log2(1 + bar / 0.2) + 1
    return max(0.0, _events(alarms) - bound)


def _limits_ahead(seed: int, data: str) -> float:
    """Return the number of limits up to step 300 that change with the scores from there on."""
    rng = np.random.default_rng(seed)
    train, test = _scores(data, seed, 600)
    other = test.copy()
    other[300:] *= rng.exponential(5.0, size=len(other) - 300)
    moving = _moving(train, 1e-3)
    return float((moving.limits(test)[:301] != moving.limits(other)[:301]).sum())


def _depends_on_cut(seed: int, data: str) -> float:
    rng = np.random.default_rng(seed)
    train, test = _scores(data, seed, 600)
    cuts = np.sort(rng.integers(0, len(test), size=6))
    moving, causes = _moving(train, 1e-3), CauseStream(_WINDOW)
    stream = moving.stream()
    limits = np.concatenate([stream.push(piece) for piece in np.split(test, cuts)])
    found = np.concatenate([*(causes.push(piece) for piece in np.split(test, cuts)), causes.finish()])
    return float((limits != moving.limits(test)).sum() + (found != causes_of(test, _WINDOW)).sum())


def _flagged_of_training(seed: int, data: str) -> float:
    train, _ = _scores(data, seed, 100)
    return float((train > training_limit(train)).mean())


PROMISES = (
    Promise(
        "anomaly.thresholds.DeclusteredPeaks",
        "fresh scores exceeded the threshold 0.2 to 1.2 times as often as requested",
        "scores above / requested",
        _tail_rate,
        at_most(1.2),
        tuple(f"{kind}, {rate}" for kind in _TAILS for rate in ("0.005", "0.001", "0.0001")),
        seeds=200,
        short=20,
    ),
    Promise(
        _MOVING,
        "normal series have no more alarm events than requested",
        "events / requested",
        _moving_rate,
        at_most(1.0),
        tuple(f"{kind}, {rate}" for kind in _NORMAL for rate in ("0.001", "0.0002")),
        seeds=40,
        short=2,
    ),
    Promise(
        _MOVING,
        "have up to 1.2 times as many at one in 1,000 steps",
        "events / requested, drift",
        _moving_rate,
        at_most(1.2),
        tuple(f"{kind}, 0.001" for kind in _DRIFTING),
        seeds=40,
        short=2,
    ),
    Promise(
        _MOVING,
        "are in alarm on at most 7 % of the steps",
        "fraction of steps in alarm, drift",
        _flagged,
        at_most(0.07),
        _DRIFTING,
        seeds=40,
        short=2,
    ),
    Promise(
        _MOVING,
        "for any scores whatever, the number of alarm events in T steps is at most",
        "events beyond the bound",
        _beyond_the_bound,
        NEVER,
        ("just above the limit", "random walk", "ever new levels"),
        seeds=20,
        short=3,
    ),
    Promise(
        _MOVING + ".LimitStream.push",
        "The limit at a step depends on the scores before it alone",
        "limits that depend on later scores",
        _limits_ahead,
        NEVER,
        _NORMAL,
        seeds=10,
        short=1,
    ),
    Promise(
        _MOVING + ".LimitStream",
        "they do not depend on how it is cut",
        "limits and causes that change with the cut",
        _depends_on_cut,
        NEVER,
        ("white noise", "random-walk drift"),
        seeds=20,
        short=2,
    ),
    Promise(
        "anomaly.detectors.sequence.training_limit.training_limit",
        "no more than 2 % of the steps are above it",
        "fraction of training steps above their limit",
        _flagged_of_training,
        at_most(0.02, every=True),
        (*_NORMAL, *_DRIFTING),
        seeds=20,
        short=1,
    ),
)
