"""Faults that are put into a normal series, each from a start for a length.

Half of them are quiet: nothing is too high or too low, and what is missing is noise, change or speed. Errors of a
reconstruction alone do not see them.

==================  ===============================================================================================
kind                effect
==================  ===============================================================================================
frozen              all columns keep their last value
stuck at mean       one column has the mean of the training series
noise gone          one column is the mean of nine steps
too regular         all columns repeat their last period
too slow            all columns run at half of their speed
higher frequency    all columns run at one and a half times their speed
one of many frozen  one of several columns keeps its last value
shuffled            the values of one column are permuted in time
noise added         one column has noise of one and a half standard deviations
spikes              five single steps of one column are off by six standard deviations
level shift         one column is off by two standard deviations
drift               one column climbs or falls to three standard deviations
together            at least two of several columns are off by one standard deviation each
process fault       at least two of several columns rise and fall, by up to two standard deviations in all
==================  ===============================================================================================

A process fault is one of a machine, as in SKAB's documentation: a valve that closes and opens.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.series.windows import period_of
from nnlite.types import Array

_SMOOTHED, _SPIKES = 9, 5


class Place:
    """Where a fault is: `rows` is a view to change, `before` the series until then, `train` the training series."""

    def __init__(self, series: Array, start: int, length: int, train: Array, rng: np.random.Generator) -> None:
        self.rows, self.before, self.after = series[start : start + length], series[:start], series[start:].copy()
        self.train, self.rng = train, rng
        self.scale = train.std(axis=0)
        self.labels = np.zeros(len(series), np.int64)
        self.labels[start : start + length] = 1
        self.start = start

    @property
    def column(self) -> int:
        """Number of a random column that varies."""
        return int(self.rng.choice(np.flatnonzero(self.scale > 1e-9)))

    @property
    def columns(self) -> Array:
        """Numbers of at least two random columns that vary."""
        varying = np.flatnonzero(self.scale > 1e-9)
        return self.rng.choice(varying, size=int(self.rng.integers(2, len(varying) + 1)), replace=False)

    @property
    def sign(self) -> float:
        """1 or -1."""
        return float(self.rng.choice([-1, 1]))


def _frozen(at: Place) -> None:
    at.rows[:] = at.before[-1]


def _stuck_at_mean(at: Place) -> None:
    column = at.column
    at.rows[:, column] = at.train[:, column].mean()


def _noise_gone(at: Place) -> None:
    column = at.column
    padded = np.pad(at.rows[:, column], _SMOOTHED // 2, mode="reflect")
    at.rows[:, column] = np.convolve(padded, np.full(_SMOOTHED, 1 / _SMOOTHED), "valid")


def _too_regular(at: Place) -> None:
    last = at.before[-period_of(at.train) :]
    at.rows[:] = last[np.arange(len(at.rows)) % len(last)]


def _too_slow(at: Place) -> None:
    _at_speed(at, 0.5)


def _higher_frequency(at: Place) -> None:
    _at_speed(at, 1.5)


def _at_speed(at: Place, speed: float) -> None:
    steps = np.arange(len(at.after))
    for number in range(at.rows.shape[1]):
        at.rows[:, number] = np.interp(speed * np.arange(len(at.rows)), steps, at.after[:, number])


def _one_of_many_frozen(at: Place) -> None:
    column = at.column
    at.rows[:, column] = at.before[-1, column]


def _shuffled(at: Place) -> None:
    column = at.column
    at.rows[:, column] = at.rng.permutation(at.rows[:, column])


def _noise_added(at: Place) -> None:
    column = at.column
    at.rows[:, column] += 1.5 * at.scale[column] * at.rng.normal(size=len(at.rows))


def _spikes(at: Place) -> None:
    column, steps = at.column, at.rng.choice(len(at.rows), size=_SPIKES, replace=False)
    at.rows[steps, column] += 6 * at.scale[column] * at.rng.choice([-1, 1], size=_SPIKES)
    at.labels[:] = 0
    at.labels[at.start + steps] = 1


def _level_shift(at: Place) -> None:
    column = at.column
    at.rows[:, column] += 2 * at.sign * at.scale[column]


def _drift(at: Place) -> None:
    column = at.column
    at.rows[:, column] += at.sign * np.linspace(0, 3, len(at.rows)) * at.scale[column]


def _together(at: Place) -> None:
    columns = at.columns
    at.rows[:, columns] += at.scale[columns] * at.rng.choice([-1, 1], size=len(columns))


def _process_fault(at: Place) -> None:
    columns, place = at.columns, np.linspace(0, 1, len(at.rows))
    course = np.minimum(1, np.minimum(place, 1 - place) / at.rng.uniform(1 / 50, 1 / 5))
    proportions = at.rng.normal(size=len(columns))
    proportions *= 2 / np.sqrt(np.square(proportions).sum())
    at.rows[:, columns] += np.outer(course, proportions * at.scale[columns])


KINDS: dict[str, Callable[[Place], None]] = {
    "frozen": _frozen,
    "stuck at mean": _stuck_at_mean,
    "noise gone": _noise_gone,
    "too regular": _too_regular,
    "too slow": _too_slow,
    "higher frequency": _higher_frequency,
    "one of many frozen": _one_of_many_frozen,
    "shuffled": _shuffled,
    "noise added": _noise_added,
    "spikes": _spikes,
    "level shift": _level_shift,
    "drift": _drift,
    "together": _together,
    "process fault": _process_fault,
}

QUIET = ("frozen", "stuck at mean", "noise gone", "too regular", "too slow", "one of many frozen")
"""The kinds that make nothing larger."""

OF_MANY = ("one of many frozen", "together", "process fault")
"""The kinds that need several columns."""


def inject(
    kind: str, series: Array, start: int, length: int, train: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return a copy of a series with a fault, and its labels.

    Parameters
    ----------
    kind : str
        A key of `KINDS`.
    series : ndarray of shape (n_steps, n_columns)
        A normal series.
    start, length : int
        First step and number of steps of the fault; `start` is at least one period.
    train : ndarray of shape (n_training_steps, n_columns)
        The training series, whose standard deviations are the unit of sizes.
    rng : numpy.random.Generator
        Source of columns and signs.
    """
    faulty = np.array(series, np.float64)
    place = Place(faulty, start, length, train, rng)
    KINDS[kind](place)
    return faulty, place.labels
