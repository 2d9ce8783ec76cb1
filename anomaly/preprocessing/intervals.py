"""Intervals of a series to leave out, such as maintenance: which rows lie in them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from anomaly.errors import DataError, IntervalWarning, format_value
from anomaly.preprocessing.columns.inference import infer_column
from anomaly.preprocessing.columns.parsing import UnreadableError, category_text
from anomaly.preprocessing.columns.values import NumberColumn, ValueColumn
from anomaly.tables import Table, as_table, concatenate
from nnlite.types import Array


@dataclass(frozen=True)
class Intervals:
    """Intervals from a first to a last time, both included, of all rows or of those of one group.

    Attributes
    ----------
    table : Table of shape (n_intervals, 2 or 3)
        Columns of the first time, of the last, and of the group, such as a machine; an empty group stands for all.

    Examples
    --------
    >>> import numpy as np
    >>> from anomaly.preprocessing.columns.values import NumberColumn
    >>> intervals = as_intervals([(3, 5), (9, 9)])
    >>> table = as_table({"t": [1, 3, 5, 7, 9], "x": [0.1, 0.2, 0.3, 0.4, 0.5]})
    >>> intervals.of_times("t", NumberColumn("t")).rows(table).tolist()
    [False, True, True, False, True]
    """

    table: Table

    def of_rows(self, group: str | None = None) -> IntervalMask:
        """Return the mask of intervals of row numbers, for series without times; see `of_times`."""
        return self.of_times(None, NumberColumn("row"), group)

    def of_times(self, time: str | None, column: ValueColumn, group: str | None = None) -> IntervalMask:
        """Return the mask of intervals of times.

        Parameters
        ----------
        time : str or None
            The column of timestamps; None for the numbers of the rows, from 1.
        column : ValueColumn
            Conversion of its cells to numbers.
        group : str, optional
            The column of groups.

        Raises
        ------
        DataError
            If a time is missing or of another form, an interval ends before it begins, or groups are named and rows
            have none.
        """
        table = self.table
        starts, ends = (self._numbers(name, column) for name in table.names[:2])
        reversed_ = np.flatnonzero(ends < starts)
        if len(reversed_):
            i = int(reversed_[0])
            raise DataError(f"{table.position(i)} of the intervals: it ends before it begins: {self._describe(i)}")
        if len(table.names) == 3 and group is None:
            raise DataError(
                f"the intervals name groups in their column {table.names[2]!r}, and no column of the rows does: leave "
                "that column out, or name the column of groups (on the command line: --group COL)"
            )
        groups = [category_text(cell) for cell in table.columns[2]] if len(table.names) == 3 else [None] * len(table)
        texts = [self._describe(i) for i in range(len(table))]
        return IntervalMask(time, column, starts, ends, groups, texts)

    def _numbers(self, name: str, column: ValueColumn) -> Array:
        """Return the times of a column of intervals as numbers."""
        table = self.table
        try:
            numbers = column.to_numbers(table[name])
        except UnreadableError as error:
            raise DataError(
                f"{table.position(error.index)} of the intervals: found {format_value(table[name][error.index])} as "
                f"{name!r}, expected {column.expectation}, as in column {column.name!r} of the rows"
            ) from None
        missing = np.flatnonzero(np.isnan(numbers))
        if len(missing):
            raise DataError(f"{table.position(int(missing[0]))} of the intervals: {name!r} is missing")
        return numbers

    def _describe(self, i: int) -> str:
        cells = [column[i] for column in self.table.columns]
        text = f"{format_value(cells[0])} to {format_value(cells[1])}"
        return text if len(cells) < 3 else f"{text} of {format_value(cells[2])}"


def as_intervals(data: Any) -> Intervals:
    """Convert a table of intervals: columns `start` and `end` and perhaps a third, or two or three without names.

    Parameters
    ----------
    data : Intervals, table of shape (n_intervals, 2 or 3), or list of tuples
        The intervals.

    Raises
    ------
    DataError
        If the columns are others.

    Examples
    --------
    >>> as_intervals({"end": [5], "start": [3], "machine": ["A"]}).table.names
    ('start', 'end', 'machine')
    """
    if isinstance(data, Intervals):
        return data
    table = as_table(data)
    if len(table.names) not in (2, 3) or (table.named and not {"start", "end"} <= set(table.names)):
        raise DataError(
            "intervals must have the columns start and end, and perhaps a third with the group; found "
            f"{', '.join(map(repr, table.names[:20]))}"
        )
    others = [name for name in table.names if name not in ("start", "end")]
    return Intervals(table.select(["start", "end", *others]) if table.named else table)


class IntervalMask:
    """Mask of the rows in intervals; a row without a time goes with the row before it.

    Parameters
    ----------
    time : str or None
        The column of timestamps; None for row numbers.
    column : ValueColumn
        Conversion of its cells to numbers.
    starts, ends : ndarray of float64 of shape (n_intervals,)
        First and last times.
    groups : sequence of str or None
        The group of each interval; None for all.
    texts : sequence of str
        The intervals in words.
    """

    def __init__(
        self,
        time: str | None,
        column: ValueColumn,
        starts: Array,
        ends: Array,
        groups: Sequence[str | None],
        texts: Sequence[str],
    ) -> None:
        self._time, self._column = time, column
        self._starts, self._ends = starts, ends
        self._groups = np.array(groups, dtype=object)
        self._texts = texts
        self._matched = np.zeros(len(starts), np.bool_)
        self._last: dict[str | None, bool] = {}

    def rows(self, table: Table, group: str | None = None) -> Array:
        """Return which of the next rows, all of one group, lie in an interval."""
        if self._time is None:
            times = np.asarray(table.row_numbers, dtype=np.float64)
        else:
            times = self._column.read(table[self._time], table.position)
        known = np.isfinite(times)
        inside = np.zeros(len(times), np.bool_)
        if known.any():
            low, high = times[known].min(), times[known].max()
            near = (self._starts <= high) & (self._ends >= low) & np.array([g in (None, group) for g in self._groups])
            for i in np.flatnonzero(near):
                hits = (times >= self._starts[i]) & (times <= self._ends[i])
                self._matched[i] |= hits.any()
                inside |= hits
        if not known.all():
            last = np.maximum.accumulate(np.where(known, np.arange(len(times)), -1))
            inside = np.where(last < 0, self._last.get(group, False), inside[np.maximum(last, 0)])
        if len(inside):
            self._last[group] = bool(inside[-1])
        return inside

    def warn_of_unmatched(self) -> None:
        """Warn of the intervals that have matched no row so far.

        Warns
        -----
        IntervalWarning
            With the first of them, and how many there are.
        """
        unmatched = np.flatnonzero(~self._matched)
        if len(unmatched):
            warnings.warn(
                f"{len(unmatched):,} of {len(self._matched):,} intervals to exclude match no row, the first from "
                f"{self._texts[unmatched[0]]}; their times must be written as those of the rows",
                IntervalWarning,
                stacklevel=3,
            )


def mask_of_series(exclude: Any, series: Sequence[Table], time: str | None, group: str | None = None) -> IntervalMask:
    """Return the mask of intervals for series that no preprocessor has been fitted on: it infers the form of the times.

    Parameters
    ----------
    exclude : intervals
        As for `as_intervals`.
    series : sequence of Table
        The series.
    time, group : str, optional
        The columns of timestamps and of groups.

    Raises
    ------
    DataError
        If there are no times.
    """
    intervals = as_intervals(exclude)
    if time is None:
        return intervals.of_rows(group)
    cells = concatenate([table.select([time]) for table in series])
    column, _ = infer_column(time, cells[time], cells.position)
    if column is None:
        raise DataError(f"column {time!r} holds no times: expected numbers, or dates such as 2024-12-31 23:59")
    return intervals.of_times(time, column, group)
