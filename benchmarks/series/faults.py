"""Injection of sensor faults into segments without anomalies, to choose settings without labels.

A fault lasts from 1/14 to 4/7 of the scored rows. Sizes are in standard deviations of the training rows, drawn from a
log-uniform distribution between 2, which is hardly detectable, and 16, which is obvious.

==========  ======================================================================
kind        effect
==========  ======================================================================
shift       one sensor has a constant offset, up or down
climb       one sensor has a linear trend, up to twice the size
noise       Gaussian noise of that size is added to one sensor
stuck       one sensor repeats its first value
exchange    the values of one sensor are permuted in time
together    at least two sensors have an offset of half the size each, up or down
loss        one sensor has an offset of 30 to 100 standard deviations
==========  ======================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from nnlite.types import Array

SMALLEST, LARGEST = 2.0, 16.0


@dataclass(frozen=True)
class Fault:
    """A series with one fault, and the mask of its steps."""

    kind: str
    series: Array
    truth: Array


def _shift(rows: Array, sensor: int, size: float, scale: Array, rng: np.random.Generator) -> None:
    rows[:, sensor] += rng.choice([-1, 1]) * size * scale[sensor]


def _climb(rows: Array, sensor: int, size: float, scale: Array, rng: np.random.Generator) -> None:
    rows[:, sensor] += rng.choice([-1, 1]) * np.linspace(0, 2 * size, len(rows)) * scale[sensor]


def _noise(rows: Array, sensor: int, size: float, scale: Array, rng: np.random.Generator) -> None:
    rows[:, sensor] += size * scale[sensor] * rng.normal(size=len(rows))


def _stuck(rows: Array, sensor: int, size: float, scale: Array, rng: np.random.Generator) -> None:  # noqa: ARG001
    rows[:, sensor] = rows[0, sensor]


def _exchange(rows: Array, sensor: int, size: float, scale: Array, rng: np.random.Generator) -> None:  # noqa: ARG001
    rows[:, sensor] = rng.permutation(rows[:, sensor])


def _together(rows: Array, sensor: int, size: float, scale: Array, rng: np.random.Generator) -> None:  # noqa: ARG001
    width = len(scale)
    chosen = rng.choice(width, size=rng.integers(min(2, width), width + 1), replace=False)
    rows[:, chosen] += size / 2 * scale[chosen] * rng.choice([-1, 1], size=len(chosen))


def _loss(rows: Array, sensor: int, size: float, scale: Array, rng: np.random.Generator) -> None:  # noqa: ARG001
    rows[:, sensor] += rng.choice([-1, 1]) * rng.uniform(30, 100) * scale[sensor]


KINDS: dict[str, Callable[[Array, int, float, Array, np.random.Generator], None]] = {
    "shift": _shift,
    "climb": _climb,
    "noise": _noise,
    "stuck": _stuck,
    "exchange": _exchange,
    "together": _together,
    "loss": _loss,
}


def inject(series: Array, training: int, each: int, rng: np.random.Generator) -> Iterator[Fault]:
    """Yield copies of a series with one fault each, after the training rows.

    Parameters
    ----------
    series : ndarray of shape (n_steps, n_sensors)
        A series without faults.
    training : int
        Number of training rows.
    each : int
        Number of faults of each kind.
    rng : numpy.random.Generator
        Source of positions, lengths and sizes.
    """
    scale, scored = series[:training].std(axis=0), len(series) - training
    for kind, apply in KINDS.items():
        for _ in range(each):
            length = int(rng.integers(scored // 14, 4 * scored // 7 + 1))
            start = training + int(rng.integers(scored - length + 1))
            faulty, truth = series.copy(), np.zeros(len(series), np.bool_)
            size = float(np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST))))
            apply(faulty[start : start + length], int(rng.integers(series.shape[1])), size, scale, rng)
            truth[start : start + length] = True
            yield Fault(kind, faulty, truth)
