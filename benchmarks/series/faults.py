"""Faults of several kinds, put into stretches of series that have none: something to choose settings by without labels.

A fault lasts from 1/14 to 4/7 of the judged part. Sizes are in standard deviations of the training rows, drawn from 2
to 16 with equal chances for equal ratios: less than 2 could be told by nobody, and 16 is plain to see.

==========  ======================================================================
kind        what happens
==========  ======================================================================
shift       one sensor reads so much more, or less
climb       one sensor goes away from what it should read, up to twice the size
noise       noise of that size is added to one sensor
stuck       one sensor repeats what it read at the start
exchange    one sensor's readings come in another order: they fit nothing else
together    at least two sensors shift, each by half the size, up or down
loss        one sensor reads something 30 to 100 standard deviations away
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
    """A series with one fault in it."""

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
    """Yield copies of a series with one fault each, in the rows behind those for training.

    Parameters
    ----------
    series : ndarray of shape (n_steps, n_sensors)
        One without faults.
    training : int
        How many of its rows are for training.
    each : int
        How many faults of each kind.
    rng : numpy.random.Generator
        Where places, lengths and sizes come from.
    """
    scale, judged = series[:training].std(axis=0), len(series) - training
    for kind, happen in KINDS.items():
        for _ in range(each):
            length = int(rng.integers(judged // 14, 4 * judged // 7 + 1))
            start = training + int(rng.integers(judged - length + 1))
            faulty, truth = series.copy(), np.zeros(len(series), np.bool_)
            size = float(np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST))))
            happen(faulty[start : start + length], int(rng.integers(series.shape[1])), size, scale, rng)
            truth[start : start + length] = True
            yield Fault(kind, faulty, truth)
