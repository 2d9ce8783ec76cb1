"""Promises of `anomaly.drift`: the level and power of the test of scores, and the precision of its p-values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from anomaly.drift import check_drift, kolmogorov_smirnov
from benchmarks.promises.data import Array, scores_of
from benchmarks.promises.promise import NEVER, Promise, at_least, at_most, between

_WHERE = "anomaly.drift."
_TESTS = 100


def _sizes(data: str) -> tuple[str, int, int]:
    kind, n, m = data.split(", ")
    return kind, int(n), int(m)


def _alarms(level: float, slack: float = 0.0) -> Callable[[int, str], float]:
    """Measure the rate of false alarms over the level, without drift or with drift within the slack."""

    def measure(seed: int, data: str) -> float:
        kind, n, m = _sizes(data)
        rng = np.random.default_rng(seed)

        def fresh() -> Array:
            scores = scores_of(kind, m, rng)
            # Replacing a fraction of the records changes the distribution by at most this fraction.
            moved = rng.random(m) < slack
            return np.where(moved, scores + 100.0, scores)

        found = [check_drift(scores_of(kind, n, rng), fresh(), level=level, slack=slack).drifted for _ in range(_TESTS)]
        return float(np.mean(found)) / level

    return measure


def _streams_with_alarms(seed: int, data: str) -> float:
    """Return the fraction of streams of 100 blocks with a false alarm; each stream has its own reference."""
    kind, n, m = _sizes(data)
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(10):
        reference = scores_of(kind, n, rng)
        found.append(any(check_drift(reference, scores_of(kind, m, rng), level=1e-4).drifted for _ in range(100)))
    return float(np.mean(found))


def _wrong_exact(seed: int, data: str) -> float:
    """Return whether a p-value differs from a permutation test with 20,000 permutations."""
    _, n, m = _sizes(data)
    rng = np.random.default_rng(seed)
    a, b = rng.random(n), rng.random(m) ** 2
    statistic, p_value = kolmogorov_smirnov(a, b)
    from_a = rng.permuted(np.tile(np.arange(n + m) < n, (20_000, 1)), axis=1)
    distances = np.abs(np.cumsum(np.where(from_a, 1 / n, -1 / m), axis=1)).max(axis=1)
    fraction = float((distances >= statistic - 1e-9).mean())
    error = np.sqrt(max(p_value * (1 - p_value), 1e-4) / 20_000)
    return float(abs(fraction - p_value) > 4 * error)


def _excess_of_the_limit(seed: int, data: str) -> float:
    """Return p over the true probability at the 99th percentile of D."""
    _, n, m = _sizes(data)
    rng = np.random.default_rng(seed)
    found = np.array([kolmogorov_smirnov(rng.random(n), rng.random(m)) for _ in range(4000)])
    order = np.argsort(-found[:, 0])
    # D is discrete: compare p with the fraction of distances at least as large, at the value next to the 40th.
    edge = found[order[40]]
    return float(edge[1] / (found[:, 0] >= edge[0] - 1e-12).mean())


def _detected(seed: int, data: str) -> float:
    rng = np.random.default_rng(seed)
    found = [check_drift(rng.normal(size=500), rng.normal(0.5, size=300), threshold=2.0).drifted for _ in range(_TESTS)]
    return float(np.mean(found))


_SAME = ("exponential, 500, 300", "normal, 60, 40", "rounded, 500, 300", "pareto, 2000, 200")

PROMISES = (
    Promise(
        _WHERE + "check_drift",
        "Probability of a false alarm",
        "false alarms / level 0.05",
        _alarms(0.05),
        at_most(1.0),
        _SAME,
        seeds=100,
        short=10,
    ),
    Promise(
        _WHERE + "check_drift",
        "Probability of a false alarm",
        "false alarms / level 0.01",
        _alarms(0.01),
        at_most(1.0),
        _SAME,
        seeds=100,
        short=10,
    ),
    Promise(
        _WHERE + "check_drift",
        "Distance between the distributions that is no drift",
        "false alarms / level 0.05, slack 0.1",
        _alarms(0.05, 0.1),
        at_most(1.0),
        _SAME,
        seeds=50,
        short=5,
    ),
    Promise(
        "anomaly.drift",
        "at most one in a hundred has a false alarm",
        "streams of 100 blocks with an alarm",
        _streams_with_alarms,
        at_most(0.01),
        ("exponential, 2000, 500",),
        seeds=300,
        short=0,
    ),
    Promise(
        _WHERE + "check_drift",
        "rng.normal(0.5, size=300)",
        "power against half a standard deviation",
        _detected,
        at_least(0.999),
        seeds=20,
        short=3,
    ),
    Promise(
        _WHERE + "kolmogorov_smirnov",
        "exact where the smaller sample has at most 100 values",
        "p-values that are not",
        _wrong_exact,
        NEVER,
        ("uniform, 5, 7", "uniform, 20, 30", "uniform, 100, 120"),
        seeds=20,
        short=2,
    ),
    Promise(
        _WHERE + "kolmogorov_smirnov",
        "around 0.01 by a sixth for samples of some hundred",
        "p / true probability of 0.01",
        _excess_of_the_limit,
        between(1.0, 1.25),
        ("uniform, 200, 300", "uniform, 400, 500"),
        seeds=40,
        short=0,
    ),
    Promise(
        _WHERE + "kolmogorov_smirnov",
        "by a fortieth for thousands",
        "p / true probability of 0.01",
        _excess_of_the_limit,
        between(1.0, 1.1),
        ("uniform, 3000, 4000",),
        seeds=40,
        short=0,
    ),
)
