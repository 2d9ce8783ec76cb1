"""Scoring a series as it comes in: what joins the reader of a series, the networks and the smoothing.

The state between pieces is carried along, so that how a series is cut changes no score but by rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Sized
from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.detectors.sequence.residual_streams import ResidualStream
from anomaly.detectors.sequence.whitening import Smoother
from anomaly.preprocessing.series import Segment
from anomaly.tables import Table
from nnlite.models import Model
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.detectors.sequence.detector import SequenceDetector

_CHUNK = 8192


class SequenceStream:
    """Scores one series piece by piece, in bounded memory; made by `SequenceDetector.stream`.

    The state between pieces is carried along, so that how the series is cut changes no score but by rounding. Where the
    detector is causal every step is scored at once; otherwise steps wait for the windows that hold them.

    Parameters
    ----------
    detector : SequenceDetector
        Fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from anomaly import SequenceDetector
    >>> wave = np.sin(np.arange(400.0))
    >>> detector = SequenceDetector(window=8, causal=True, epochs=2, random_state=0).fit(wave)
    >>> stream = detector.stream()
    >>> scores = np.concatenate([stream.push(wave[:150]), stream.push(wave[150:]), stream.finish()])
    >>> bool(np.allclose(scores, detector.decision_function(wave), rtol=1e-4))
    True
    """

    def __init__(self, detector: SequenceDetector) -> None:
        self._detector = detector
        self._residuals = SeriesErrors(detector, detector.models_)
        self._smoother = Smoother(detector.smoothing)

    def push(self, X: Any) -> Array:
        """Take the next steps, if any; return the scores that are settled, in order."""
        return self.push_parts(X).sum(axis=1)

    def finish(self) -> Array:
        """Return the scores still owed: the series ends here."""
        return self.finish_parts().sum(axis=1)

    def push_parts(self, X: Any) -> Array:
        """Take the next steps, if any; return each sensor's part of the scores that are settled, as `explain` does."""
        if _is_empty(X):
            return self._parts([])
        return self._parts(self._residuals.push(self._detector._as_tables(X, one=True)[0]))

    def finish_parts(self) -> Array:
        """Return each sensor's part of the scores still owed."""
        return self._parts(self._residuals.finish())

    def _parts(self, pieces: Sequence[tuple[bool, Array]]) -> Array:
        columns = self._detector.preprocessor_.columns_
        width = len(columns.feature_names_out_)
        parts = [np.zeros((0, width))]
        for is_new, residuals in pieces:
            if is_new:
                self._smoother = Smoother(self._detector.smoothing)
            parts.append(self._detector._square(residuals, self._smoother))
        return columns.sum_by_column(np.concatenate(parts)) / width


class SeriesErrors:
    """Errors of one series as it comes in, stretch by stretch; 0 where a sample was missing."""

    def __init__(self, detector: SequenceDetector, models: Sequence[Model], hide_missing: bool = True) -> None:
        self._reader = detector.preprocessor_.reader()
        self._detector, self._models = detector, models
        self._hides = hide_missing
        self._stream: ResidualStream | None = None
        self._missing: list[Array] = []

    def push(self, table: Table) -> list[tuple[bool, Array]]:
        """Take the next rows; return pieces of settled residuals, and of each whether it begins a stretch."""
        pieces = []
        for stretch in self._reader.read(table):
            if not stretch.continues or self._stream is None:
                pieces += self.finish()
                self._stream = self._detector._residual_stream(self._models)
                pieces.append((True, self._settle(stretch)))
            else:
                pieces.append((False, self._settle(stretch)))
        return pieces

    def finish(self) -> list[tuple[bool, Array]]:
        """Return the residuals still owed."""
        if self._stream is None:
            return []
        owed, self._stream = self._stream.finish(), None
        return [(False, self._masked(owed))]

    def _settle(self, stretch: Segment) -> Array:
        assert self._stream is not None
        self._missing.append(stretch.missing)
        return self._masked(self._stream.push(stretch.features, stretch.missing))

    def _masked(self, residuals: Array) -> Array:
        missing = np.concatenate(self._missing) if self._missing else np.zeros(residuals.shape, np.bool_)
        self._missing = [missing[len(residuals) :]]
        hidden = missing[: len(residuals)]
        return np.where(hidden, 0.0, residuals) if self._hides and hidden.any() else residuals


def _is_empty(X: Any) -> bool:
    """Tell whether a piece of a series has no steps: none may have come since the last one."""
    if isinstance(X, Mapping):
        return bool(X) and all(len(cells) == 0 for cells in X.values())
    return isinstance(X, Sized) and getattr(X, "ndim", 1) > 0 and len(X) == 0


def errors_of(
    detector: SequenceDetector, pieces: Iterator[Table], models: Sequence[Model], hide_missing: bool = True
) -> Iterator[tuple[bool, Array]]:
    """Yield the errors of a whole series, piece by piece, and of each whether it begins a stretch."""
    stream = SeriesErrors(detector, models, hide_missing)
    for piece in pieces:
        yield from stream.push(piece)
    yield from stream.finish()


def pieces_of(table: Table) -> Iterator[Table]:
    """Yield a table some thousands of rows at a time."""
    for start in range(0, len(table), _CHUNK):
        yield table.rows(slice(start, start + _CHUNK))
