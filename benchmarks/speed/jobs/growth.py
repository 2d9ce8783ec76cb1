"""How the cost of training grows with rows and with weights."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from benchmarks.speed.contestants import OURS
from benchmarks.speed.figures import JobResult, Target, single
from benchmarks.speed.jobs.training import find
from benchmarks.speed.networks import MIDDLE, TrainingJob
from benchmarks.speed.rounds import Settings, alternate

_ROWS = (1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
_WIDTHS = (22, 40, 71, 126, 224, 400, 707)
"""Of a network w-w-w: 990 to a million weights."""


def growth(settings: Settings) -> JobResult:
    """Train one epoch over three decades of rows, and over three decades of weights."""
    step = slice(0, 3) if settings.quick else slice(None)
    result = JobResult("growth", "one epoch, three decades of rows and of weights, one thread")
    rows = {f"{n} rows": (n, replace(MIDDLE, rows=n, epochs=1)) for n in _ROWS[step]}
    weights = {}
    for width in _WIDTHS[step]:
        job = TrainingJob(10_000, (width, width, width), 256, 1)
        weights[f"{_n_weights(job)} weights"] = (_n_weights(job), job)
    networks = {name: job.to_message() for name, (_, job) in {**rows, **weights}.items()}
    alternate(replace(settings, threads=("one",)), [OURS], "growth", {"networks": networks}, result, list(networks))
    for name, points in (("rows", rows), ("weights", weights)):
        found = [(n, find(result, OURS.title, "one", part)) for part, (n, _) in points.items()]
        x = [n for n, one in found if one is not None]
        rounds = np.array([one.values for _, one in found if one is not None])
        if len(x) < 2:
            continue
        seconds = np.median(rounds, axis=1)
        exponents = [_exponent(x, values) for values in rounds.T]
        figure = single(f"exponent of the growth of time with {name}", exponents, "", Target("at most", 1.1))
        figure.value = _exponent(x, seconds)
        result.figures.append(figure)
        result.curves[name] = {"x": x, "seconds": seconds.tolist(), "exponent": figure.value}
    return result


def _n_weights(job: TrainingJob) -> int:
    return sum(fan_in * fan_out + fan_out for fan_in, fan_out in pairwise(job.sizes))


def _exponent(x: list[int], seconds: np.ndarray) -> float:
    """Return the slope of a straight line through the logarithms: 1 where time is proportional to x."""
    return float(np.polyfit(np.log(x), np.log(seconds), 1)[0])
