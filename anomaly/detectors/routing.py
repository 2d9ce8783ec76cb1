"""Scores of rows of several groups, such as machines, that arrive interleaved, and of rows with intervals left out.

A `RoutedStream` opens a stream for each group, gives it the rows of its group, and returns all scores in the order of
the rows. Rows in an interval to exclude, and rows of a group without a detector, have no score: NaN. What follows an
interval is a segment of its own.

**Waiting.** A row is returned when its score and those of all rows before it are final. If a detector scores with a
delay, a group that falls silent holds the rows of the others back, so that memory would grow without bound. A group
whose last rows wait while `most_waiting` rows of others arrive is therefore taken to end there; if it comes back, that
is a segment of its own, with a warning. Row numbers alone decide it, so that scores do not depend on how the rows are
cut into pieces. A detector without a delay never waits.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from anomaly.errors import GroupWarning
from anomaly.preprocessing.columns.parsing import category_text, distinct_cells
from anomaly.preprocessing.notes import Notes
from anomaly.tables import Table
from anomaly.tables.series import as_series
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.preprocessing.intervals import IntervalMask

MOST_WAITING = 100_000
"""Rows of other groups that a silent group may hold back."""


class PartStream(Protocol):
    """Contributions to the scores of rows that arrive in pieces, and their labels."""

    @property
    def labels(self) -> Array:
        """Return the labels of the rows that the last call has returned the scores of."""

    def push_parts(self, X: Any) -> Array:
        """Add the next rows; return each column's contribution to the scores that are final."""

    def finish_parts(self) -> Array:
        """Return each column's contribution to the remaining scores."""


class Found(NamedTuple):
    """What is found of rows: contributions to their scores, and labels."""

    parts: Array
    labels: Array


class _Route:
    """The stream of one group, and its rows that have no final score yet.

    Attributes
    ----------
    waiting : ndarray of int
        Numbers of these rows, from 0.
    last : int
        Number of its last row.
    is_closed : bool
        Whether its series was ended because it was silent.
    """

    def __init__(self, open_stream: Callable[[], PartStream | None]) -> None:
        self._open = open_stream
        self._stream: PartStream | None = None
        self.waiting = np.zeros(0, np.int64)
        self.last = -1
        self.is_closed = False

    def push(self, table: Table, numbers: Array) -> tuple[Array, Found | None]:
        """Take the next rows of a segment; return the numbers of those that are final, and what is found."""
        if self._stream is None:
            self._stream = self._open()
        if self._stream is None:
            return numbers, None
        self.waiting = np.concatenate([self.waiting, numbers])
        parts = self._stream.push_parts(table)
        return self._take(Found(parts, self._stream.labels))

    def finish(self) -> tuple[Array, Found | None]:
        """End the segment; return its remaining rows, and what is found."""
        if self._stream is None:
            return self.waiting, None
        found, self._stream = Found(self._stream.finish_parts(), self._stream.labels), None
        return self._take(found)

    def _take(self, found: Found) -> tuple[Array, Found]:
        n_final = len(found.parts)
        done, self.waiting = self.waiting[:n_final], self.waiting[n_final:]
        return done, found


class ScaledStream:
    """Stream of one group, whose contributions are divided by its threshold.

    Parameters
    ----------
    stream : PartStream
        The stream.
    threshold : float
        The threshold, above 0.
    """

    def __init__(self, stream: PartStream, threshold: float) -> None:
        self._stream, self._factor = stream, 1.0 / threshold

    @property
    def labels(self) -> Array:
        """Return the labels of the rows of the last call."""
        return self._stream.labels

    def push_parts(self, X: Any) -> Array:
        """Add the next rows; return contributions in units of the threshold."""
        return self._stream.push_parts(X) * self._factor

    def finish_parts(self) -> Array:
        """Return the remaining contributions."""
        return self._stream.finish_parts() * self._factor


class RoutedStream:
    """Stream that routes rows to a stream for each group, and leaves intervals out.

    Parameters
    ----------
    open_stream : callable
        Returns a stream at the start of a series of a group, by its name (None without groups); None for a group that
        cannot be scored.
    width : int
        Number of columns that contribute to a score.
    group : str, optional
        The column of groups. By default all rows are of one.
    excluded : IntervalMask, optional
        Mask of the rows without scores.
    most_waiting : int, default 100_000
        Rows of other groups that a silent group may hold back.
    ignored : sequence of str, optional
        Columns to leave out.

    Attributes
    ----------
    labels : ndarray of int64 of shape (n_final,)
        Labels of the rows that the last call has returned the scores of; 0 for rows without one.

    Examples
    --------
    >>> import numpy as np
    >>> from anomaly import SequenceDetector
    >>> wave = np.sin(np.arange(400.0))
    >>> detector = SequenceDetector(random_state=0).fit(wave)
    >>> both = {"machine": ["A", "B"] * 400, "x0": np.repeat(wave, 2)}
    >>> stream = RoutedStream(lambda machine: detector.stream(), 1, group="machine")
    >>> scores = np.concatenate([stream.push(both), stream.finish()])
    >>> bool(np.allclose(scores[::2], detector.decision_function(wave), rtol=1e-4))
    True
    """

    def __init__(
        self,
        open_stream: Callable[[str | None], PartStream | None],
        width: int,
        group: str | None = None,
        excluded: IntervalMask | None = None,
        most_waiting: int = MOST_WAITING,
        ignored: Sequence[str] | None = None,
    ) -> None:
        self._open_stream, self._width = open_stream, width
        self._group, self._excluded, self._most_waiting = group, excluded, most_waiting
        self._ignored = ignored
        self._routes: dict[str | None, _Route] = {}
        self._seen = 0  # the number of rows taken
        self._returned = 0  # the number of rows returned
        self._parts = np.zeros((0, width))  # the parts of the rows from _returned on
        self._labels = np.zeros(0, np.int64)  # their labels
        self._final = np.zeros(0, np.bool_)  # whether they are final
        self.labels = np.zeros(0, np.int64)
        self._notes = Notes(GroupWarning)

    def push(self, X: Any) -> Array:
        """Take the next rows, if any; return the scores that are final, in order, NaN for rows without one."""
        return self.push_parts(X).sum(axis=1)

    def finish(self) -> Array:
        """Return the remaining scores: there are no more rows."""
        return self.finish_parts().sum(axis=1)

    def push_parts(self, X: Any) -> Array:
        """Take the next rows, if any; return each column's contribution to the scores that are final."""
        table = as_series(X)
        dropped = [name for name in (self._group, *(self._ignored or ())) if name in table.names]
        n_rows = len(table)
        self._parts = np.concatenate([self._parts, np.full((n_rows, self._width), np.nan)])
        self._labels = np.concatenate([self._labels, np.zeros(n_rows, np.int64)])
        self._final = np.concatenate([self._final, np.zeros(n_rows, np.bool_)])
        for name, rows in self._rows_by_group(table):
            route = self._routes.setdefault(name, _Route(lambda name=name: self._open_stream(name)))  # type: ignore[misc]
            self._push_group(name, route, table.rows(rows), rows, dropped)
        self._seen += n_rows
        for route in self._routes.values():
            if len(route.waiting) and self._seen - 1 - route.last > self._most_waiting:
                self._close(route)
        self._notes.tell(n_rows)
        return self._release()

    def finish_parts(self) -> Array:
        """Return each column's contribution to the remaining scores."""
        for route in self._routes.values():
            self._store(*route.finish())
        self._notes.finish()
        if self._excluded is not None:
            self._excluded.warn_of_unmatched()
        return self._release()

    def _rows_by_group(self, table: Table) -> list[tuple[str | None, Array]]:
        """Return the indices of the rows of each group; those without one are a group without a detector."""
        if self._group is None:
            return [(None, np.arange(len(table)))]
        return [(name, rows) for name, rows in rows_by_group(table, self._group)]

    def _push_group(self, name: str | None, route: _Route, table: Table, rows: Array, dropped: Sequence[str]) -> None:
        """Give the next rows of a group to its stream, segment by segment."""
        numbers = rows + self._seen
        if self._group is not None and name is None:
            self._note("nameless", table, f"column {self._group!r}: the value is missing ({{rows}}): no score")
            return self._store(numbers, None)
        inside = np.zeros(len(rows), np.bool_) if self._excluded is None else self._excluded.rows(table, name)
        waited = np.diff(numbers, prepend=route.last if route.last >= 0 else numbers[0])
        late = waited > self._most_waiting
        sensors = table.drop(dropped) if dropped else table
        cuts = np.flatnonzero(np.diff(inside, prepend=inside[0]) | late)
        for start, end in itertools.pairwise([0, *cuts[cuts > 0].tolist(), len(rows)]):
            if (late[start] and len(route.waiting)) or inside[start]:
                route.is_closed |= bool(late[start] and len(route.waiting))
                self._store(*route.finish())
            if route.is_closed:
                route.is_closed = False
                text = (
                    f"column {self._group!r}: {name!r} was silent for more than {self._most_waiting:,} rows of others"
                )
                self._note("silent", table.rows([start]), f"{text} ({{rows}}): taken as the start of a new segment")
            if inside[start]:
                self._store(numbers[start:end], None)
                continue
            done, found = route.push(sensors.rows(slice(start, end)), numbers[start:end])
            if found is None:
                self._note(
                    "unknown",
                    table.rows(slice(start, end)),
                    f"column {self._group!r}: there is no detector for {name!r} ({{rows}} of such groups): no score",
                )
            self._store(done, found)
        route.last = int(numbers[-1])
        return None

    def _close(self, route: _Route) -> None:
        """End the series of a silent group."""
        route.is_closed = True
        self._store(*route.finish())

    def _note(self, kind: str, rows: Table, text: str) -> None:
        self._notes.note(kind, len(rows), f"{rows.position(0)}, {text}")

    def _store(self, numbers: Array, found: Found | None) -> None:
        """Set what is found of rows that are final; None for rows without a score."""
        where = numbers - self._returned
        self._final[where] = True
        if found is not None:
            self._parts[where], self._labels[where] = found

    def _release(self) -> Array:
        """Return the rows that are final and before which all are."""
        count = len(self._final) if self._final.all() else int(np.argmin(self._final))
        parts, self._parts = self._parts[:count], self._parts[count:]
        self.labels, self._labels = self._labels[:count], self._labels[count:]
        self._final = self._final[count:]
        self._returned += count
        return parts


def rows_by_group(table: Table, group: str) -> list[tuple[str | None, Array]]:
    """Return the indices of the rows of each group, in the order of first rows; None is the group of missing values.

    Examples
    --------
    >>> from anomaly.tables import as_table
    >>> table = as_table({"machine": ["B", "A", "B"], "x": [1.0, 2.0, 3.0]})
    >>> [(name, rows.tolist()) for name, rows in rows_by_group(table, "machine")]
    [('B', [0, 2]), ('A', [1])]
    """
    values, indices = distinct_cells(table[group])
    names = [category_text(value) for value in values]
    distinct = list(dict.fromkeys(names))
    code_of = {name: code for code, name in enumerate(distinct)}
    codes = np.array([code_of[name] for name in names])[indices]
    order = np.argsort(codes, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    found = [(distinct[codes[rows[0]]], rows) for rows in groups]
    return sorted(found, key=lambda pair: int(pair[1][0]))
