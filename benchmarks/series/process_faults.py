"""Faults of a process, as SKAB's documentation tells of them: what happens to a machine, not to one of its sensors.

Its list of experiments tells what was done, and each holds one anomaly: a valve closed; imbalance of the rotor that
comes sharply, in a step, linearly or exponentially; water added slowly or suddenly, drained, or let in warmer. From
this follows how faults are made up here:

- **Where.** Flow, pressure, current, vibration and temperatures hang together, so at least two sensors are moved, in
  proportions drawn from a normal distribution.
- **When.** At one of the courses below. When its cause ends, what it did fades, over 5 to 40 steps, and is not counted
  as a fault.
- **How long.** Published rates of false and missed alarms, 13.6 % and 28.0 %, make an F1 of 0.78 only if half of the
  judged rows are anomalies: a fault lasts from 1/4 to 3/4 of them.
- **How much.** By the root mean square over the sensors that are moved, from 1 to 8 standard deviations of the training
  rows, drawn with equal chances for equal ratios: half of what one sensor alone is moved by in
  `benchmarks.series.faults`, as there where several shift together.

===========  =====================================================================
kind         course
===========  =====================================================================
step         there at once, and stays
linear       grows all the time, to twice the size
exponential  approaches its size, with a time constant of 1/20 to 2/5 of its length
valve        comes and goes evenly, each in 1/50 to 1/5 of its length
===========  =====================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.series.faults import LARGEST, SMALLEST, Fault
from nnlite.types import Array

FADING = 5.0, 40.0


def _step(t: Array, rng: np.random.Generator) -> Array:  # noqa: ARG001
    return np.ones_like(t)


def _linear(t: Array, rng: np.random.Generator) -> Array:  # noqa: ARG001
    return 2.0 * t


def _exponential(t: Array, rng: np.random.Generator) -> Array:
    return np.asarray(1.0 - np.exp(-t / rng.uniform(1 / 20, 2 / 5)))


def _valve(t: Array, rng: np.random.Generator) -> Array:
    return np.minimum(1.0, np.minimum(t, 1.0 - t) / rng.uniform(1 / 50, 1 / 5))


COURSES: dict[str, Callable[[Array, np.random.Generator], Array]] = {
    "step": _step,
    "linear": _linear,
    "exponential": _exponential,
    "valve": _valve,
}


def inject_process(series: Array, training: int, each: int, rng: np.random.Generator) -> Iterator[Fault]:
    """Yield copies of a series with one fault of the process each, in the rows behind those for training.

    Parameters
    ----------
    series : ndarray of shape (n_steps, n_sensors)
        One without faults, of at least two sensors.
    training : int
        How many of its rows are for training.
    each : int
        How many faults of each kind.
    rng : numpy.random.Generator
        Where places, lengths, sizes, sensors and courses come from.
    """
    scale, judged = series[:training].std(axis=0), len(series) - training
    for kind, course in COURSES.items():
        for _ in range(each):
            length = int(rng.integers(judged // 4, 3 * judged // 4 + 1))
            start = training + int(rng.integers(judged - length + 1))
            end = start + length
            strength, truth = np.zeros(len(series)), np.zeros(len(series), np.bool_)
            strength[start:end] = course(np.arange(1, length + 1) / (length + 1), rng)
            after = np.arange(1, len(series) - end + 1)
            strength[end:] = strength[end - 1] * np.exp(-after / rng.uniform(*FADING))
            truth[start:end] = True
            yield Fault(kind, series + np.outer(strength, _movement(len(scale), rng) * scale), truth)


def _movement(width: int, rng: np.random.Generator) -> Array:
    """Return by how much each sensor is moved: by a root mean square of the size, over those that are."""
    moved = rng.choice(width, size=int(rng.integers(2, width + 1)), replace=False)
    parts = rng.normal(size=len(moved))
    size = np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST))) / 2
    movement = np.zeros(width)
    movement[moved] = size * parts / np.sqrt(np.square(parts).mean())
    return movement
