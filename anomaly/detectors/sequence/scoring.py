"""Scores and labels of a series that arrives in pieces: reader, members and alarms in a row.

The state between pieces is kept, so that the scores depend on how a series is cut only by rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from typing import Any, Protocol

import numpy as np

from anomaly.detectors.base import check_scores
from anomaly.detectors.sequence.alarms import AlarmRule
from anomaly.detectors.sequence.scored_steps import ScoredSteps
from anomaly.preprocessing.series import Segment, SeriesReader
from anomaly.tables import Table
from anomaly.tables.series import as_one_series
from nnlite.rowwise import CHUNK_ROWS
from nnlite.types import Array

_MOST_CELLS = 1 << 20


class SegmentStream(Protocol):
    """What is found of the steps of one segment that arrives in pieces."""

    def push(self, steps: Array, missing: Array) -> ScoredSteps:
        """Take the next steps and the mask of their missing samples; return what is final."""

    def finish(self) -> ScoredSteps:
        """Return the rest: the segment ends here."""


class SequenceStream:
    """Scores of one series that arrives in pieces, in bounded memory; `SequenceDetector.stream` makes it.

    The state between pieces is kept, so that the scores depend on how the series is cut only by rounding. A causal
    detector scores every step at once; otherwise steps wait for the windows that hold them, and for the alarms to
    which they may belong.

    Parameters
    ----------
    ignored : sequence of str or None
        Columns to leave out.
    reader : SeriesReader
        A reader at the start of the series.
    new_segment : callable
        Returns a stream at the start of a segment.
    rule : AlarmRule
        The limit of scores.
    sum_by_column : callable
        Sums contributions of features, in the columns of an array, by the sensors they come from.

    Attributes
    ----------
    labels : ndarray of int64 of shape (n_final,)
        Labels of the steps that the last call has returned the scores of: 1 in an alarm, else 0.

    Examples
    --------
    >>> import numpy as np
    >>> from anomaly import SequenceDetector
    >>> wave = np.sin(np.arange(400.0)) + 0.1 * np.random.default_rng(0).normal(size=400)
    >>> detector = SequenceDetector(causal=True, random_state=0).fit(wave)
    >>> stream = detector.stream()
    >>> scores = np.concatenate([stream.push(-wave[:150]), stream.push(-wave[150:]), stream.finish()])
    >>> bool(np.allclose(scores, detector.decision_function(-wave), rtol=1e-4))
    True
    """

    def __init__(
        self,
        ignored: Sequence[str] | None,
        reader: SeriesReader,
        new_segment: Callable[[], SegmentStream],
        rule: AlarmRule,
        sum_by_column: Callable[[Array], Array],
    ) -> None:
        self._ignored, self._reader, self._new_segment = ignored, reader, new_segment
        self._alarms = rule.stream()
        self._sum_by_column = sum_by_column
        self._segment: SegmentStream | None = None
        self._waiting: Array | None = None  # contributions of steps whose labels are not final
        self.labels = np.zeros(0, np.int64)

    def push(self, X: Any) -> Array:
        """Take the next steps, if any; return the scores that are final, in order."""
        return self.push_parts(X).sum(axis=1)

    def finish(self) -> Array:
        """Return the remaining scores: the series ends here."""
        return self.finish_parts().sum(axis=1)

    def push_parts(self, X: Any) -> Array:
        """Take the next steps, if any; return each sensor's contribution to the scores that are final."""
        segments = [] if _is_empty(X) else self._reader.read(as_one_series(X, self._ignored))
        return self._returned([self._pushed(segment) for segment in segments])

    def finish_parts(self) -> Array:
        """Return each sensor's contribution to the remaining scores."""
        self._reader.finish()
        return self._returned([self._finished()])

    def _pushed(self, segment: Segment) -> tuple[list[Array], list[Array]]:
        """Return contributions and labels that are final after the steps of a segment."""
        contributions, labels = ([], []) if segment.continues and self._segment is not None else self._finished()
        if self._segment is None:
            self._segment = self._new_segment()
        found = _checked(self._segment.push(segment.features, segment.missing))
        return [*contributions, found.contributions], [*labels, self._labels_of(found)]

    def _finished(self) -> tuple[list[Array], list[Array]]:
        """Return the rest of the segment, if there is one."""
        if self._segment is None:
            return [], []
        found, self._segment = _checked(self._segment.finish()), None
        return [found.contributions], [self._labels_of(found), self._alarms.finish_segment()]

    def _labels_of(self, found: ScoredSteps) -> Array:
        return self._alarms.push(found.contributions.sum(axis=1), found.step_parts, found.is_known)

    def _returned(self, pieces: Sequence[tuple[list[Array], list[Array]]]) -> Array:
        """Return the contributions of the steps whose labels are final; keep the others."""
        waiting = [] if self._waiting is None else [self._waiting]
        contributions = [*waiting, *(part for parts, _ in pieces for part in parts)]
        self.labels = np.concatenate([np.zeros(0, np.int64), *(part for _, parts in pieces for part in parts)])
        if not contributions:
            return self._sum_by_column(np.zeros((0, self._width)))
        found = np.concatenate(contributions)
        n = len(self.labels)
        self._waiting = found[n:]
        return self._sum_by_column(found[:n])

    @property
    def _width(self) -> int:
        return self._reader.n_features


def _checked(found: ScoredSteps) -> ScoredSteps:
    """Return what is found of steps, if it is finite; a NaN would never be an alarm."""
    check_scores(found.contributions, "SequenceDetector")
    return found


def chunks_of(table: Table) -> Iterator[Table]:
    """Yield a table in chunks of 8192 rows, of many columns fewer."""
    n_rows = max(min(CHUNK_ROWS, _MOST_CELLS // len(table.names)), 1)
    for start in range(0, len(table), n_rows):
        yield table.rows(slice(start, start + n_rows))


def _is_empty(X: Any) -> bool:
    """Return whether a piece of a series has no steps."""
    if isinstance(X, Mapping):
        return bool(X) and all(len(cells) == 0 for cells in X.values())
    return isinstance(X, Sized) and getattr(X, "ndim", 1) > 0 and len(X) == 0
