"""Conversion of time series to features: segmentation at gaps in time, and forward fill of missing samples.

**Time.** A series is a table whose rows are in the order of time. Each row is one step, whatever the time since the row
before, unless it is more than `gap` times the median of training: this is a *gap*, where a new segment begins, and no
window spans it. So does time that goes back. See `anomaly.preprocessing.clock` for what is warned of.

**Missing samples.** A missing cell is forward-filled with the last value of its column in the segment; at the start of
a segment, where there is none, the median of training is imputed. The filled samples are returned as a mask, so that a
detector does not score a sensor by values that were never measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from anomaly.errors import DataError
from anomaly.preprocessing.blocks import Blocks, BlockSummary, block_length
from anomaly.preprocessing.clock import Clock, ClockReader, filled_times, fit_clock, time_cells
from anomaly.preprocessing.columns.date_columns import DateColumn
from anomaly.preprocessing.columns.inference import infer_column
from anomaly.preprocessing.columns.kinds import column_from_config
from anomaly.preprocessing.columns.parsing import MICROSECONDS_PER_DAY, category_text
from anomaly.preprocessing.columns.values import ValueColumn
from anomaly.preprocessing.intervals import IntervalMask, as_intervals
from anomaly.preprocessing.table import TablePreprocessor
from anomaly.tables import Table, concatenate
from anomaly.tables.saved_state import field
from nnlite.archive import arrays_with_prefix
from nnlite.types import Array


@dataclass(frozen=True)
class Segment:
    """Features of consecutive steps of a series, without a gap.

    Attributes
    ----------
    features : ndarray of float32 of shape (n_steps, n_features)
        Features of the steps, missing samples filled.
    missing : ndarray of bool of shape (n_steps, n_features)
        Whether a feature was filled.
    continues : bool
        Whether the segment continues the one before, of an earlier chunk, without a gap.
    """

    features: Array
    missing: Array
    continues: bool


class SeriesPreprocessor:
    """Converter of time series to features, fitted on training series.

    Parameters
    ----------
    time : str, optional
        The column of timestamps: numbers, dates, or text of ISO 8601. By default rows are one step apart.
    gap : float, default 10.0
        A step longer than this many median steps of training is a gap. More than this many consecutive rows without
        any value are a gap, too: a segment of missing samples alone begins at the first row beyond this number.
    scaling, categorical
        As for `TablePreprocessor`, which converts the other columns. Columns of dates are ignored.

    Attributes
    ----------
    columns_ : TablePreprocessor
        Preprocessor of the columns other than `time`.
    step_ : float
        Median step between two rows, in units of `time` (days for dates); 1 without timestamps.
    reference_ : Blocks or None
        Blocks of the features of training, to notice drift by; None from a file of an earlier version.

    Examples
    --------
    >>> from anomaly.tables.series import as_series
    >>> series = {"t": [0, 1, 2, 90, 91], "x": [1.0, None, 3.0, None, 2.0]}
    >>> reader = SeriesPreprocessor(time="t", scaling="none").fit([as_series(series)]).reader()
    >>> for segment in reader.read(as_series(series)):
    ...     print(segment.features[:, 0].tolist(), segment.missing[:, 0].tolist())
    [1.0, 1.0, 3.0] [False, True, False]
    [2.0, 2.0] [True, False]
    """

    columns_: TablePreprocessor
    step_: float
    reference_: Blocks | None

    def __init__(
        self,
        time: str | None = None,
        gap: float = 10.0,
        scaling: str = "standard",
        categorical: Sequence[str] | None = None,
    ) -> None:
        self.time = time
        self.gap = gap
        self.scaling = scaling
        self.categorical = categorical

    def fit(self, series: Sequence[Table]) -> SeriesPreprocessor:
        """Fit the median step, and the scale of each column.

        Parameters
        ----------
        series : sequence of Table
            Training series, with the same columns.

        Returns
        -------
        SeriesPreprocessor
            The fitted preprocessor.

        Raises
        ------
        DataError
            If there is no such column of times, its cells are not times, or a column has no value.
        """
        self._clock: Clock | None = None
        self.step_ = 1.0
        if self.time is not None:
            self._fit_clock(self.time, series)
        filled_parts = [part for table in series for part in SegmentFill(self._clock, self.gap).push(table)]
        filled = [part.table for part in filled_parts]
        self.columns_ = TablePreprocessor(self.scaling, self.categorical, dates="ignore")
        self.columns_.fit(_back_filled(concatenate(filled)))
        self.reference_ = self._summary(filled_parts)
        return self

    def _summary(self, parts: Sequence[FilledPart]) -> Blocks:
        """Return blocks of the features of training segments, to notice drift by."""
        n_features = len(self.columns_.feature_columns_)
        summary = BlockSummary(block_length(sum(len(part.table) for part in parts), n_features), n_features)
        for part in parts:
            summary.end_segment()
            summary.push(self.columns_.transform(part.table), part.missing[:, self.columns_.feature_columns_])
        return summary.blocks()

    def fresh_summary(self, length: int) -> BlockSummary:
        """Return an empty summary of the features of fresh steps in blocks of so many."""
        return BlockSummary(length, len(self.columns_.feature_columns_), seed=1)

    def _fit_clock(self, name: str, series: Sequence[Table]) -> None:
        cells = np.concatenate([time_cells(table, name) for table in series])
        column, _ = infer_column(name, cells, concatenate([table.select([name]) for table in series]).position)
        if column is None:
            raise DataError(f"column {name!r} holds no times: expected numbers, or dates such as 2024-12-31 23:59")
        self._clock = fit_clock(name, column, list(series), self.gap)
        self.step_ = self._clock.step

    def times(self, table: Table) -> Array:
        """Return the times of the rows of a table; a missing one is a step after the row before."""
        assert self._clock is not None  # called only if `time` is given
        return filled_times(self._clock.times(table), self.step_)

    def step_time(self) -> np.timedelta64 | None:
        """Return the median time from one row to the next; None without timestamps, or where they are numbers."""
        if self._clock is None or not isinstance(self._clock.column, DateColumn):
            return None
        return np.timedelta64(round(self.step_ * MICROSECONDS_PER_DAY), "us")

    def check_clock(self, series: Sequence[Table]) -> None:
        """Warn of the timestamps of series that go back, are doubled or missing, or come at another step.

        Warns
        -----
        ClockWarning
            Once for each kind, with the first place and the number of places in all series.
        """
        if self.time is None or self._clock is None:
            return
        reader = ClockReader(self._clock)
        for table in series:
            reader.restart()
            reader.cuts(table)
        reader.notes.finish()

    def mask_of(self, exclude: Any, group: str | None = None) -> IntervalMask:
        """Return the mask of intervals to exclude, by times of the form of training or by row numbers without times.

        Parameters
        ----------
        exclude : intervals
            As for `anomaly.preprocessing.intervals.as_intervals`.
        group : str, optional
            The column of groups.
        """
        intervals = as_intervals(exclude)
        if self.time is None or self._clock is None:
            return intervals.of_rows(group)
        return intervals.of_times(self.time, self._clock.column, group)

    def reader(self, warn: bool = False) -> SeriesReader:
        """Return a reader at the start of a series.

        Parameters
        ----------
        warn : bool, default False
            Whether it warns of the clock (`anomaly.errors.ClockWarning`): of several readers of a series, one does.
        """
        # `time` may be set to None after the fit, for series with the sensors alone.
        fill, columns = SegmentFill(None if self.time is None else self._clock, self.gap), self.columns_
        return SeriesReader(fill, columns.align, columns.transform, columns.feature_columns_, warn)

    # -- files ---------------------------------------------------------------------------------

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the fitted state, as JSON values and arrays of numbers."""
        columns, arrays = self.columns_.get_state()
        blocks = {} if self.reference_ is None else self.reference_.get_state()
        arrays = {**arrays, **{f"reference/{name}": array for name, array in blocks.items()}}
        clock = None if self._clock is None else self._clock.column.get_config()
        return {"time": self.time, "gap": self.gap, "step": self.step_, "clock": clock, "columns": columns}, arrays

    @classmethod
    def from_state(cls, config: Any, arrays: Mapping[str, Array]) -> SeriesPreprocessor:
        """Restore a preprocessor from the values of `get_state`, validating every field.

        Raises
        ------
        DataError
            If a value is not valid for a fitted preprocessor.
        """
        time = None if config.get("time") is None else field(config, "time", str)
        return cls(time, field(config, "gap", float)).set_state(config, arrays)

    def set_state(self, config: Any, arrays: Mapping[str, Array]) -> SeriesPreprocessor:
        """Set the fitted state to the values of `get_state`; return the preprocessor itself.

        Errors are those of `from_state`. Of the parameters of the constructor, `time` and `gap` are not set.
        """
        self.step_ = field(config, "step", float)
        if not (self.step_ > 0 and self.gap > 0):
            raise DataError("preprocessing: expected a step and a gap above 0")
        self._clock = None
        if self.time is not None:
            column = column_from_config(field(config, "clock", dict))
            if not isinstance(column, ValueColumn):
                raise DataError("preprocessing: expected a column of numbers or dates for the time")
            self._clock = Clock(self.time, column, self.step_, self.gap * self.step_)
        self.columns_ = TablePreprocessor.from_state(field(config, "columns", dict), arrays)
        blocks = arrays_with_prefix(arrays, "reference/")
        self.reference_ = Blocks.from_state(blocks, len(self.columns_.feature_columns_)) if blocks else None
        self.scaling, self.categorical = self.columns_.scaling, None
        return self


class SeriesReader:
    """Streaming converter of one series to features; the features do not depend on its division into chunks.

    Parameters
    ----------
    fill : SegmentFill
        Segmentation and forward fill, at the start of the series.
    align : callable
        Returns a table with the columns of training, in their order.
    transform : callable
        Returns the features of such a table.
    feature_columns : ndarray of int of shape (n_features,)
        Index of the column of each feature.
    warn : bool, default False
        Whether to warn of the clock.
    """

    def __init__(
        self,
        fill: SegmentFill,
        align: Callable[[Table], Table],
        transform: Callable[[Table], Array],
        feature_columns: Array,
        warn: bool = False,
    ) -> None:
        self._fill, self._warn = fill, warn
        self._align, self._transform, self._feature_columns = align, transform, feature_columns

    @property
    def n_features(self) -> int:
        """Return the number of features of a step."""
        return len(self._feature_columns)

    def restart(self) -> None:
        """Begin a new series."""
        self._fill.restart()

    def read(self, table: Table) -> list[Segment]:
        """Convert the next rows of the series.

        Parameters
        ----------
        table : Table
            Rows with the columns of training.

        Returns
        -------
        list of Segment
            Segments of these rows: one, and one more for each gap.

        Raises
        ------
        DataError
            If a column is missing or unknown, or a cell is invalid.
        """
        parts = self._fill.push(table, self._align)
        if self._warn and self._fill.clock is not None:
            self._fill.clock.notes.tell(len(table))
        return [
            Segment(self._transform(part.table), part.missing[:, self._feature_columns], part.continues)
            for part in parts
        ]

    def finish(self) -> None:
        """End the series: warn of what its clock did since the last warning."""
        if self._warn and self._fill.clock is not None:
            self._fill.clock.notes.finish()


class FilledPart(NamedTuple):
    """Rows of one segment, missing samples filled.

    Attributes
    ----------
    table : Table
        The rows.
    missing : ndarray of bool of shape (n_rows, n_columns)
        Whether a cell was missing.
    continues : bool
        Whether the rows continue the segment of the chunk before.
    """

    table: Table
    missing: Array
    continues: bool


class SegmentFill:
    """Streaming segmentation of a series at its gaps, with forward fill of missing samples in each segment.

    Parameters
    ----------
    clock : Clock or None
        The column of timestamps; None if rows are one step apart.
    most_empty : float
        More consecutive rows than this without any value are a gap.

    Attributes
    ----------
    clock : ClockReader or None
        The reader of the timestamps.
    """

    def __init__(self, clock: Clock | None, most_empty: float) -> None:
        self.clock, self._most_empty = None if clock is None else ClockReader(clock), most_empty
        self.restart()

    def restart(self) -> None:
        """Begin a new series."""
        if self.clock is not None:
            self.clock.restart()
        self._last_cells: dict[str, Any] = {}  # of columns since the last whole rows
        self._last_whole: Table | None = None  # the last rows without a missing cell
        self._empty_steps = 0  # the number of last rows without any value
        self._started = False

    def push(self, table: Table, align: Callable[[Table], Table] | None = None) -> list[FilledPart]:
        """Return the next rows of the series, divided at gaps, with missing samples filled.

        Parameters
        ----------
        table : Table
            Next rows.
        align : callable, optional
            Applied to the columns other than the timestamps before the fill, so that all chunks have the same columns.
        """
        sensors, cuts = self._split_time(table)
        sensors = sensors if align is None else align(sensors)
        missing = _missing_of(sensors)
        cuts = sorted({*cuts, *self._empty_cuts(np.logical_and.reduce(missing, axis=1), cuts)})
        parts = []
        for start, end in zip([0, *cuts], [*cuts, len(sensors)], strict=True):
            if start == end:
                continue
            continues = start == 0 and 0 not in cuts and self._started
            if not continues:
                self._last_cells, self._last_whole = {}, None
            rows = sensors if end - start == len(sensors) else sensors.rows(slice(start, end))
            parts.append(FilledPart(self._filled(rows, missing[start:end]), missing[start:end], continues))
            self._started = True
        return parts

    def _split_time(self, table: Table) -> tuple[Table, list[int]]:
        """Return the columns other than the timestamps, and the rows after a gap in time."""
        if self.clock is None:
            return table, []
        return table.drop([self.clock.name]), self.clock.cuts(table)

    def _empty_cuts(self, empty: Array, cuts: Sequence[int]) -> list[int]:
        """Return the rows where consecutive empty rows become too many, and those where such rows end."""
        if not len(empty):
            return []
        if not empty.any():
            before_first, self._empty_steps = self._empty_steps, 0
            return [0] if before_first > self._most_empty else []
        index = np.arange(len(empty))
        # The last row up to each that is not empty, or that precedes a gap in time.
        last = np.where(empty, -1 - self._empty_steps, index)
        last[cuts] = np.where(empty[cuts], np.asarray(cuts, np.int64) - 1, cuts)
        counts = index - np.maximum.accumulate(last)
        before = np.concatenate([[self._empty_steps], counts[:-1]])
        self._empty_steps = int(counts[-1])
        begins = (counts > self._most_empty) & (counts - 1 <= self._most_empty)
        return np.flatnonzero(begins | (~empty & (before > self._most_empty))).tolist()

    def _filled(self, rows: Table, missing: Array) -> Table:
        if not missing.any():
            self._last_cells, self._last_whole = {}, rows
            return rows
        columns = []
        for name, cells, absent in zip(rows.names, rows.columns, missing.T, strict=True):
            if absent.any():
                # The index of the last present cell up to each; -1 if there is none in these rows.
                last = np.maximum.accumulate(np.where(absent, -1, np.arange(len(cells))))
                filled = cells[np.maximum(last, 0)]
                if last[0] < 0 and (name in self._last_cells or self._last_whole is not None):
                    filled[last < 0] = self._last_cell(name)
                cells = filled
            if not absent.all():
                self._last_cells[name] = cells[-1]
            columns.append(cells)
        return rows.replaced(cells=tuple(columns))

    def _last_cell(self, name: str) -> Any:
        if name in self._last_cells:
            return self._last_cells[name]
        assert self._last_whole is not None
        return self._last_whole[name][-1]


def _missing_of(table: Table) -> Array:
    """Return whether each cell is missing, of shape (n_rows, n_columns)."""
    if table.matrix is not None:
        return np.isnan(table.matrix)
    return np.column_stack([missing_cells(cells) for cells in table.columns])


def missing_cells(cells: Array) -> Array:
    """Return whether each cell of a column is missing.

    Examples
    --------
    >>> import numpy as np
    >>> missing_cells(np.array(["1", "", None], dtype=object)).tolist()
    [False, True, True]
    """
    if cells.dtype.kind == "f":
        return np.isnan(cells)
    if cells.dtype.kind == "M":
        return np.isnat(cells)
    if cells.dtype.kind == "b":
        return np.zeros(len(cells), dtype=np.bool_)
    return np.fromiter((category_text(cell) is None for cell in cells), np.bool_, len(cells))


def without_cells(table: Table, missing: Array) -> Table:
    """Return a table with some cells missing; a column of booleans with missing cells becomes one of numbers.

    Examples
    --------
    >>> import numpy as np
    >>> without_cells(Table(("x",), (np.array([1.0, 2.0]),)), np.array([[False], [True]]))["x"].tolist()
    [1.0, nan]
    """
    missing_values = {"f": np.nan, "b": np.nan, "M": np.datetime64("NaT", "us"), "O": None}
    columns = []
    for cells, absent in zip(table.columns, missing.T, strict=True):
        if absent.any():
            cells = cells.astype(np.float64) if cells.dtype.kind == "b" else cells.copy()
            cells[absent] = missing_values[cells.dtype.kind]
        columns.append(cells)
    return table.replaced(cells=tuple(columns))


def _back_filled(table: Table) -> Table:
    """Return a table whose leading missing cells have the first value of their column, if it has any."""
    columns = []
    for cells in table.columns:
        present = ~missing_cells(cells)
        if present.any() and not present.all():
            following = np.minimum.accumulate(np.where(present, np.arange(len(cells)), len(cells))[::-1])[::-1]
            cells = cells[np.minimum(following, len(cells) - 1)]
        columns.append(cells)
    return table.replaced(cells=tuple(columns))
