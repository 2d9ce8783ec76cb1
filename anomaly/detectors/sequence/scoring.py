"""Scores of a series that arrives in pieces: reader, window model and residual scale in a row.

The state between pieces is kept, so that the scores depend on how a series is cut only by rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from typing import Any

import numpy as np

from anomaly.detectors.sequence.residual_streams import ResidualStream, WindowModel
from anomaly.detectors.sequence.whitening import ResidualScale
from anomaly.preprocessing.series import SeriesReader, Stretch
from anomaly.tables import Table
from nnlite.types import Array

_CHUNK = 8192


class SequenceStream:
    """Scores of one series that arrives in pieces, in bounded memory; `SequenceDetector.stream` makes it.

    The state between pieces is kept, so that the scores depend on how the series is cut only by rounding. A causal
    detector scores every step at once; otherwise steps wait for the windows that hold them.

    Parameters
    ----------
    as_table : callable
        Converts a piece of a series to a `Table` of sensors and times.
    reader : SeriesReader
        A reader at the start of the series.
    model : WindowModel
        The networks.
    scale : ResidualScale
        The scale of their residuals, fitted.
    sum_by_column : callable
        Sums contributions of features, in the columns of an array, by the sensors they come from.

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

    def __init__(
        self,
        as_table: Callable[[Any], Table],
        reader: SeriesReader,
        model: WindowModel,
        scale: ResidualScale,
        sum_by_column: Callable[[Array], Array],
    ) -> None:
        self._as_table = as_table
        self._residuals = SeriesResiduals(reader, model)
        self._scale = scale
        self._smoother = scale.smoother()
        self._sum_by_column = sum_by_column

    def push(self, X: Any) -> Array:
        """Take the next steps, if any; return the scores that are final, in order."""
        return self.push_parts(X).sum(axis=1)

    def finish(self) -> Array:
        """Return the remaining scores: the series ends here."""
        return self.finish_parts().sum(axis=1)

    def push_parts(self, X: Any) -> Array:
        """Take the next steps, if any; return each sensor's contribution to the scores that are final."""
        return self._contributions([] if _is_empty(X) else self._residuals.push(self._as_table(X)))

    def finish_parts(self) -> Array:
        """Return each sensor's contribution to the remaining scores."""
        return self._contributions(self._residuals.finish())

    def _contributions(self, pieces: Sequence[tuple[bool, Array]]) -> Array:
        width = len(self._scale.scale_)
        found = [np.zeros((0, width))]
        for starts_segment, residuals in pieces:
            if starts_segment:
                self._smoother = self._scale.smoother()
            found.append(self._scale.contributions(residuals, self._smoother))
        return self._sum_by_column(np.concatenate(found)) / width


class SeriesResiduals:
    """Residuals of one series that arrives in pieces, segment by segment.

    Parameters
    ----------
    reader : SeriesReader
        A reader at the start of the series.
    model : WindowModel
        The networks.
    mask_missing : bool, default True
        Whether the residual of a missing sample is 0, and not that of its forward-filled value.
    """

    def __init__(self, reader: SeriesReader, model: WindowModel, mask_missing: bool = True) -> None:
        self._reader, self._model, self._mask_missing = reader, model, mask_missing
        self._stream: ResidualStream | None = None
        self._missing: list[Array] = []  # the masks of the steps whose residuals are still to come

    def push(self, table: Table) -> list[tuple[bool, Array]]:
        """Take the next rows; return the residuals that are final, each piece with whether it starts a segment."""
        pieces = []
        for segment in self._reader.read(table):
            starts = not segment.continues or self._stream is None
            if starts:
                pieces += self.finish()
                self._stream = self._model.stream()
            pieces.append((starts, self._push_segment(segment)))
        return pieces

    def finish(self) -> list[tuple[bool, Array]]:
        """Return the remaining residuals."""
        if self._stream is None:
            return []
        remaining, self._stream = self._stream.finish(), None
        return [(False, self._masked(remaining))]

    def _push_segment(self, segment: Stretch) -> Array:
        assert self._stream is not None
        self._missing.append(segment.missing)
        return self._masked(self._stream.push(segment.features, segment.missing))

    def _masked(self, residuals: Array) -> Array:
        missing = np.concatenate(self._missing) if self._missing else np.zeros(residuals.shape, np.bool_)
        self._missing = [missing[len(residuals) :]]
        mask = missing[: len(residuals)]
        return np.where(mask, 0.0, residuals) if self._mask_missing and mask.any() else residuals


def residuals_of(
    reader: SeriesReader, model: WindowModel, tables: Iterable[Table], mask_missing: bool = True
) -> Iterator[tuple[bool, Array]]:
    """Yield the residuals of a whole series, each piece with whether it starts a segment.

    Parameters
    ----------
    reader, model, mask_missing
        As for `SeriesResiduals`.
    tables : iterable of Table
        The pieces of the series, as `chunks_of` cuts them.
    """
    stream = SeriesResiduals(reader, model, mask_missing)
    for table in tables:
        yield from stream.push(table)
    yield from stream.finish()


def chunks_of(table: Table) -> Iterator[Table]:
    """Yield a table in chunks of 8192 rows."""
    for start in range(0, len(table), _CHUNK):
        yield table.rows(slice(start, start + _CHUNK))


def _is_empty(X: Any) -> bool:
    """Return whether a piece of a series has no steps."""
    if isinstance(X, Mapping):
        return bool(X) and all(len(cells) == 0 for cells in X.values())
    return isinstance(X, Sized) and getattr(X, "ndim", 1) > 0 and len(X) == 0
