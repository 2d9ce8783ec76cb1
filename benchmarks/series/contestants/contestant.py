"""Interface of a detector in the comparison, and detectors of windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from benchmarks.series.windows import at_centres, lengthened, period_of, windows_of
from nnlite.types import Array

_DEVIATIONS = 3
_LONGEST_OF_SEVERAL = 60


class Contestant(Protocol):
    """A detector with its defaults.

    Attributes
    ----------
    threshold : float
        Steps that score above it are alarms.
    """

    threshold: float

    def fit(self, train: Array) -> None:
        """Fit the detector to a series of shape (n_steps, n_columns) without missing values."""

    def scores(self, segment: Array) -> Array:
        """Return a score for each step of a segment, which may be the training series itself."""


class Scorer(Protocol):
    """A detector without a threshold."""

    def fit(self, train: Array, length: int) -> None:
        """Fit it to a series, with windows of a length."""

    def own_scores(self) -> Array:
        """Return the scores of the training series."""

    def scores(self, segment: Array) -> Array:
        """Return the scores of another series, of at least `length` steps."""


class WithThreshold:
    """A detector of another project with windows of one period, and a threshold like TSB-AD's.

    The threshold lies three standard deviations above the mean of scores, as in TSB-AD. The scores are those of the
    last quarter of training, by a detector fitted to the rest: a window of training is near to itself and to those that
    overlap it, and its own score would be too low.

    Parameters
    ----------
    make : callable
        Makes the detector.
    """

    def __init__(self, make: Callable[[], Scorer]) -> None:
        self.make = make

    def fit(self, train: Array) -> None:
        self._train, self._length = train, window_length(train)
        held_out, rest = self.make(), len(train) - len(train) // 4
        held_out.fit(train[:rest], self._length)
        scores = held_out.scores(lengthened(train[rest:], self._length))
        self.threshold = float(scores.mean() + _DEVIATIONS * scores.std())
        self.scorer = self.make()
        self.scorer.fit(train, self._length)

    def scores(self, segment: Array) -> Array:
        if segment is self._train:
            return self.scorer.own_scores()
        return self.scorer.scores(lengthened(segment, self._length))[: len(segment)]


class Vectors(Protocol):
    """A detector of vectors."""

    def fit(self, vectors: Array) -> None:
        """Fit it to vectors."""

    def own_scores(self) -> Array:
        """Return the scores of those vectors."""

    def scores(self, vectors: Array) -> Array:
        """Return the scores of other vectors."""


class OnWindows:
    """A detector of vectors on the windows of standardized columns; a score is that of the step in the middle.

    Parameters
    ----------
    detector : Vectors
        Detector of windows.
    """

    def __init__(self, detector: Vectors) -> None:
        self.detector = detector

    def fit(self, train: Array, length: int) -> None:
        self._length = length
        self._mean, self._scale = train.mean(axis=0), train.std(axis=0)
        self._scale[self._scale < 1e-9] = 1.0
        self.detector.fit(self._windows(train))

    def own_scores(self) -> Array:
        return at_centres(self.detector.own_scores(), self._length)

    def scores(self, segment: Array) -> Array:
        return at_centres(self.detector.scores(self._windows(segment)), self._length)

    def _windows(self, series: Array) -> Array:
        return windows_of((series - self._mean) / self._scale, self._length).astype(np.float32)


def window_length(train: Array) -> int:
    """Return the length of windows: one period, at most 60 steps for several columns, and a sixth of the series."""
    length = period_of(train)
    return max(3, min(length if train.shape[1] == 1 else min(length, _LONGEST_OF_SEVERAL), len(train) // 6))
