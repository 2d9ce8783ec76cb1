"""The timestamps of a series: where a new segment begins, and warnings of clocks that are not as in training.

A clock may go back (a logger was set, local time leaves summer), stand still for a row (a doubled or rounded stamp),
lack stamps, or tick at another step than in training. None of these ends the work, and none is passed over in silence:

- time that goes back begins a new segment: what came before and what follows are not neighbours in time;
- rows of equal time are steps of their own, one after the other, as rows are everywhere else;
- a row without a stamp is the next step;
- steps of another length are scored as they are, but a window of so many steps then spans another time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anomaly.errors import ClockWarning, DataError, format_names
from anomaly.preprocessing.columns.date_columns import DateColumn
from anomaly.preprocessing.columns.values import ValueColumn
from anomaly.preprocessing.notes import Notes
from anomaly.tables import Table
from nnlite.suggestions import did_you_mean
from nnlite.types import Array

_SECONDS_PER_DAY = 86400.0
_UNITS = (("d", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3))
# A median step that differs from that of training by more than this factor is another one.
_OTHER_STEP = 1.5
_MORE_THAN_AN_HOUR = 1.001 / 24
_MOST_STEPS = 1000
# So many steps tell the median of a regular clock, and so many that of an irregular one.
_FEW_STEPS, _MANY_STEPS = 10, 200
_MOST_BACK = 0.9
_BACKWARDS = "clock runs backwards, since the newest rows come first: sort the rows by time, the oldest first"


@dataclass(frozen=True)
class Clock:
    """The column of timestamps, and the length of a gap.

    Attributes
    ----------
    name : str
        Name of the column.
    column : ValueColumn
        Conversion of its cells to numbers.
    step : float, default 1.0
        Median step of training, in units of the numbers.
    longest_step : float, default inf
        A longer step between two rows is a gap.
    """

    name: str
    column: ValueColumn
    step: float = 1.0
    longest_step: float = np.inf

    def times(self, table: Table) -> Array:
        """Return the times of the rows, NaN where the time is missing.

        Raises
        ------
        DataError
            If there is no such column, or a cell is no time.
        """
        return self.column.read(time_cells(table, self.name), table.position)

    def duration(self, length: float) -> str:
        """Return a length of time as text.

        Examples
        --------
        >>> from anomaly.preprocessing.columns.date_columns import DatetimeColumn
        >>> from anomaly.preprocessing.columns.values import NumberColumn
        >>> Clock("t", DatetimeColumn("t")).duration(1 / 24 / 4), Clock("t", NumberColumn("t")).duration(2.5)
        ('15 min', '2.5')
        """
        if not isinstance(self.column, DateColumn):
            return f"{length:.6g}"
        # Times in days have some microseconds of rounding error.
        seconds = round(length * _SECONDS_PER_DAY, 4)
        name, unit = next(((name, unit) for name, unit in _UNITS if seconds >= unit), _UNITS[-1])
        return f"{seconds / unit:.6g} {name}"


class ClockReader:
    """Streaming reader of the timestamps of one series: it finds the rows at which a new segment begins.

    Parameters
    ----------
    clock : Clock
        The column of timestamps.

    Attributes
    ----------
    notes : Notes
        What was noticed.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.notes = Notes(ClockWarning)
        self.restart()

    @property
    def name(self) -> str:
        """Name of the column."""
        return self._clock.name

    def restart(self) -> None:
        """Begin a new series."""
        self._last = np.nan  # the last time that was there
        self._last_cell: object = None
        self._since = 0  # the number of rows after it
        self._rows = 0  # in the pieces before
        self._steps = np.zeros(0)
        self._step_is_known = False

    def cuts(self, table: Table) -> list[int]:
        """Return the next rows that begin a new segment: after a gap, and where time goes back."""
        found = self._cuts(table)
        self._rows += len(table)
        return found

    def _cuts(self, table: Table) -> list[int]:
        times, cells = self._clock.times(table), table[self._clock.name]
        known = np.flatnonzero(np.isfinite(times))
        missing = np.flatnonzero(~np.isfinite(times))
        self._note("missing", missing, table, "the time is missing ({rows}): taken as the next step")
        if not len(known):
            self._since += len(times)
            return []
        before = np.concatenate([[self._last], times[known[:-1]]])
        rows = np.diff(known, prepend=-1 - self._since)
        steps = times[known] - before
        back, doubled = known[steps < 0], known[steps == 0]
        if len(back):
            first = int(np.flatnonzero(steps < 0)[0])
            earlier = cells[known[first - 1]] if first else self._last_cell
            text = f"time goes back from {earlier} to {cells[back[0]]} ({{rows}}): taken as the start of a new segment"
            if isinstance(self._clock.column, DateColumn) and steps[steps < 0][0] > -_MORE_THAN_AN_HOUR:
                text += ". Local time goes back an hour in autumn: stamps with a UTC offset, or in UTC, do not"
            if _run_backwards(steps):
                text += f". The {_BACKWARDS}"
            self._note("back", back, table, text)
        self._note("doubled", doubled, table, "the time is that of the row before ({rows}): taken as a step of its own")
        self._check_step(steps[(rows == 1) & (steps > 0)])
        self._last, self._last_cell = float(times[known[-1]]), cells[known[-1]]
        self._since = len(times) - 1 - int(known[-1])
        # Rows without a stamp between two stamps took a step each.
        is_gap = steps - (rows - 1) * self._clock.step > self._clock.longest_step
        return known[(steps < 0) | is_gap].tolist()

    def _note(self, kind: str, rows: Array, table: Table, text: str) -> None:
        if len(rows):
            place = f"{self._position(table, int(rows[0]))}, column {self._clock.name!r}: "
            self.notes.note(kind, len(rows), place + text)

    def _position(self, table: Table, index: int) -> str:
        """Return the position of a row in the series: pieces of a live stream are tables that begin with row 1."""
        numbers = table.row_numbers
        if table.line_numbers is None and numbers is not None and int(numbers[0]) == 1:
            return f"row {self._rows + index + 1}"
        return table.position(index)

    def _check_step(self, steps: Array) -> None:
        """Note a median step that is not that of training, once it is known."""
        if self._step_is_known:
            return
        self._steps = np.concatenate([self._steps, steps])[:_MOST_STEPS]
        if len(self._steps) < _FEW_STEPS:
            return
        median = float(np.median(self._steps))
        is_regular = np.mean(np.abs(self._steps / median - 1) < 0.1) > 0.8
        if not is_regular and len(self._steps) < _MANY_STEPS:
            return
        self._step_is_known = True
        ratio = median / self._clock.step
        if 1 / _OTHER_STEP <= ratio <= _OTHER_STEP:
            return
        text = (
            f"column {self._clock.name!r}: the median step is {self._clock.duration(median)}, and in training it was "
            f"{self._clock.duration(self._clock.step)}: a window spans {ratio:.3g} times as long as in training, so "
            "its scores mean little; resample the series to the step of training, or fit a model to this step"
        )
        if median > self._clock.longest_step:
            text += ". Such a step is a gap, so that each row is a segment of its own"
        self.notes.note("step", 1, text)


def _run_backwards(steps: Array) -> bool:
    """Return whether nearly all of ten steps or more go back."""
    known = steps[np.isfinite(steps) & (steps != 0)]
    return len(known) >= _FEW_STEPS and bool(np.mean(known < 0) > _MOST_BACK)


def fit_clock(name: str, column: ValueColumn, series: list[Table], gap: float) -> Clock:
    """Return the clock of training series: its step is the median of the steps forward between rows that follow.

    Parameters
    ----------
    name : str
        Name of the column.
    column : ValueColumn
        Conversion of its cells to numbers.
    series : list of Table
        The training series.
    gap : float
        The longest step that is no gap, in median steps.

    Raises
    ------
    DataError
        If no row has a time, or time runs backwards.
    """
    clock = Clock(name, column)
    times = [clock.times(table) for table in series]
    if not any(np.isfinite(one).any() for one in times):
        raise DataError(f"column {name!r} holds no times: all values are missing; leave the time out, or name another")
    steps = np.concatenate([np.diff(one) for one in times])
    if _run_backwards(steps):
        raise DataError(f"column {name!r}: the {_BACKWARDS}")
    forward = steps[steps > 0]
    step = float(np.median(forward)) if len(forward) else 1.0
    return Clock(name, column, step, gap * step)


def filled_times(times: Array, step: float) -> Array:
    """Return times with those that are missing a step after the row before, or a step before the first known one.

    Examples
    --------
    >>> import numpy as np
    >>> filled_times(np.array([np.nan, 5.0, np.nan, np.nan, 6.0]), 1.0).tolist()
    [4.0, 5.0, 6.0, 7.0, 6.0]
    """
    known = np.isfinite(times)
    if not known.any():
        return np.arange(len(times)) * step
    index = np.arange(len(times))
    last = np.maximum.accumulate(np.where(known, index, -1))
    last[last < 0] = int(np.flatnonzero(known)[0])
    return times[last] + (index - last) * step


def time_cells(table: Table, name: str) -> Array:
    """Return the column of timestamps; raise DataError if there is none."""
    if name not in table.names:
        raise DataError(
            f"there is no column of times {name!r}; the columns are {format_names(table.names, 20)}"
            f"{did_you_mean(name, table.names)}"
        )
    return table[name]
