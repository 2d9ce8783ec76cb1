"""Injection of process faults after SKAB's documentation: faults of a machine, not of one of its sensors.

Its list of experiments describes one anomaly each: a closed valve; rotor imbalance that starts sharply, in a step,
linearly or exponentially; water that is added slowly or suddenly, drained, or warmer. The injected faults follow it:

- **Sensors.** Flow, pressure, current, vibration and temperatures are correlated, so at least two sensors are affected,
  in proportions drawn from a normal distribution.
- **Course.** One of the courses below. After the end of the fault its effect decays over 5 to 40 steps, which are not
  labelled as a fault.
- **Duration.** Published rates of false and missed alarms, 13.6 % and 28.0 %, give an F1 score of 0.78 only if half of
  the scored rows are anomalies: a fault lasts from 1/4 to 3/4 of them.
- **Size.** The root mean square over the affected sensors is from 1 to 8 standard deviations of the training rows, in a
  log-uniform distribution: half the size of a fault of one sensor in `benchmarks.series.faults`, as for the kind
  "together" there.

===========  =====================================================================
kind         course
===========  =====================================================================
step         constant
linear       linear growth to twice the size
exponential  exponential approach, with a time constant of 1/20 to 2/5 of the duration
valve        linear rise and fall, each in 1/50 to 1/5 of the duration
===========  =====================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.series.faults import LARGEST, SMALLEST, Fault
from nnlite.types import Array

DECAY = 5.0, 40.0


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
    """Yield copies of a series with one process fault each, after the training rows.

    Parameters
    ----------
    series : ndarray of shape (n_steps, n_sensors)
        A series without faults, of at least two sensors.
    training : int
        Number of training rows.
    each : int
        Number of faults of each kind.
    rng : numpy.random.Generator
        Source of positions, lengths, sizes, sensors and courses.
    """
    scale, scored = series[:training].std(axis=0), len(series) - training
    for kind, course in COURSES.items():
        for _ in range(each):
            length = int(rng.integers(scored // 4, 3 * scored // 4 + 1))
            start = training + int(rng.integers(scored - length + 1))
            end = start + length
            strength, truth = np.zeros(len(series)), np.zeros(len(series), np.bool_)
            strength[start:end] = course(np.arange(1, length + 1) / (length + 1), rng)
            after = np.arange(1, len(series) - end + 1)
            strength[end:] = strength[end - 1] * np.exp(-after / rng.uniform(*DECAY))
            truth[start:end] = True
            yield Fault(kind, series + np.outer(strength, _offsets(len(scale), rng) * scale), truth)


def _offsets(width: int, rng: np.random.Generator) -> Array:
    """Return the offset of each sensor: 0, or with a root mean square of the size over the affected sensors."""
    affected = rng.choice(width, size=int(rng.integers(2, width + 1)), replace=False)
    proportions = rng.normal(size=len(affected))
    size = np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST))) / 2
    offsets = np.zeros(width)
    offsets[affected] = size * proportions / np.sqrt(np.square(proportions).mean())
    return offsets
