"""A series becomes features: time stamps cut it into stretches, and missing samples are held over.

**Time.** A series is a table whose rows follow each other. Where a column of times is named, its rows must be in
order. Equal times are allowed, and steps of any length are taken as one step each, but one that is more than `gap`
times as long as usual is a *gap*: what follows is a new stretch, and no window reaches across.

**Missing samples.** A missing cell takes over the last value of its column in the stretch; at the start of a stretch,
where there is none, the median of training stands in. What was missing is remembered: a detector must not hold it
against the sensor that the value it made up is unlikely.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from anomaly.errors import DataError
from anomaly.preprocessing.columns.parsing import category_text
from anomaly.preprocessing.columns.values import ValueColumn, column_from_config, infer
from anomaly.preprocessing.state import field
from anomaly.preprocessing.table import TablePreprocessor
from anomaly.tables import Table, concatenate
from nnlite.types import Array


@dataclass(frozen=True)
class Stretch:
    """Some consecutive steps of a series, read.

    Attributes
    ----------
    features : ndarray of float32 of shape (n_steps, n_features)
        What a network is shown.
    missing : ndarray of bool of shape (n_steps, n_features)
        Which of them were made up.
    continues : bool
        Whether it follows without a gap on what was read before.
    """

    features: Array
    missing: Array
    continues: bool


class SeriesPreprocessor:
    """Turn series into features, by rules learned from training series.

    Parameters
    ----------
    time : str, optional
        The column of time stamps: numbers, dates, or text of ISO 8601. By default rows are one step apart.
    gap : float, default 10.0
        A step of more than this many usual steps (the median of training) is a gap. More than this many rows with
        nothing in them are one too: where they have become too many, a stretch of nothing but missing samples begins.
    scaling, categorical
        As in `TablePreprocessor`, which sees to the other columns. Columns of dates are left out.

    Attributes
    ----------
    columns_ : TablePreprocessor
        Of the columns other than `time`.
    step_ : float
        The usual step between two rows, in units of `time` (days, if they are dates); 1 where no time is named.

    Examples
    --------
    >>> from anomaly.tables.series import as_series
    >>> series = {"t": [0, 1, 2, 90, 91], "x": [1.0, None, 3.0, None, 2.0]}
    >>> reader = SeriesPreprocessor(time="t", scaling="none").fit([as_series(series)]).reader()
    >>> for stretch in reader.read(as_series(series)):
    ...     print(stretch.features[:, 0].tolist(), stretch.missing[:, 0].tolist())
    [1.0, 1.0, 3.0] [False, True, False]
    [2.0, 2.0] [True, False]
    """

    columns_: TablePreprocessor
    step_: float

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
        """Learn the usual step, and the scale of each column.

        Parameters
        ----------
        series : sequence of Table
            Training series, with the same columns.

        Returns
        -------
        SeriesPreprocessor
            The preprocessor itself.

        Raises
        ------
        DataError
            If there is no such column of times, its cells are no times or out of order, or a column has no value.
        """
        self._clock: ValueColumn | None = None
        self.step_ = 1.0
        if self.time is not None:
            self._learn_time(series)
        reader = self.reader()
        filled = []
        for table in series:
            reader.restart()
            filled += [part for part, _, _ in reader.hold_over(table)]
        self.columns_ = TablePreprocessor(self.scaling, self.categorical, dates="ignore")
        self.columns_.fit(_back_filled(concatenate(filled)))
        return self

    def _learn_time(self, series: Sequence[Table]) -> None:
        cells = np.concatenate([self._cells(table) for table in series])
        clock, _ = infer(str(self.time), cells, concatenate([t.select([str(self.time)]) for t in series]).position)
        if clock is None:
            raise DataError(f"column {self.time!r} holds no times: expected numbers, or dates such as 2024-12-31 23:59")
        self._clock = clock
        steps = np.concatenate([np.diff(self.times(table)) for table in series])
        positive = steps[steps > 0]
        self.step_ = float(np.median(positive)) if len(positive) else 1.0

    def _cells(self, table: Table) -> Array:
        if self.time not in table.names:
            raise DataError(
                f"there is no column of times {self.time!r}; the columns are {', '.join(map(repr, table.names[:20]))}"
            )
        return table[str(self.time)]

    def times(self, table: Table, after: float = -np.inf) -> Array:
        """Return the times of a table's rows, which must not go back behind `after` or each other."""
        assert self._clock is not None  # asked for only where time is named
        times = self._clock.read(self._cells(table), table.position)
        bad = np.flatnonzero(~np.isfinite(times))
        if len(bad):
            raise DataError(
                f"{table.position(int(bad[0]))}, column {self.time!r}: the time is missing; every row needs one"
            )
        back = np.flatnonzero(np.diff(times, prepend=after) < 0)
        if len(back):
            raise DataError(
                f"{table.position(int(back[0]))}, column {self.time!r}: time goes back to "
                f"{self._cells(table)[back[0]]}; sort the rows by time, and give several series apart: "
                "as a list (on the command line: as a file each)"
            )
        return times

    def reader(self) -> SeriesReader:
        """Return what reads one series, piece by piece."""
        return SeriesReader(self)

    # -- files ---------------------------------------------------------------------------------

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return all that was learned, as JSON values and arrays of numbers."""
        columns, arrays = self.columns_.get_state()
        clock = None if self._clock is None else self._clock.get_config()
        return {"time": self.time, "gap": self.gap, "step": self.step_, "clock": clock, "columns": columns}, arrays

    @classmethod
    def from_state(cls, config: Any, arrays: Mapping[str, Array]) -> SeriesPreprocessor:
        """Make a preprocessor of what `get_state` returned, believing none of it.

        Raises
        ------
        DataError
            If the values are not such as a preprocessor can have learned.
        """
        time = config.get("time")
        preprocessor = cls(None if time is None else field(config, "time", str), field(config, "gap", float))
        preprocessor.step_ = field(config, "step", float)
        if not (preprocessor.step_ > 0 and preprocessor.gap > 0):
            raise DataError("preprocessing: expected a step and a gap above 0")
        preprocessor._clock = None
        if time is not None:
            clock = column_from_config(field(config, "clock", dict))
            if not isinstance(clock, ValueColumn):
                raise DataError("preprocessing: expected a column of numbers or dates for the time")
            preprocessor._clock = clock
        preprocessor.columns_ = TablePreprocessor.from_state(field(config, "columns", dict), arrays)
        preprocessor.scaling, preprocessor.categorical = preprocessor.columns_.scaling, None
        return preprocessor


class SeriesReader:
    """Reads one series in pieces of any length; what it returns does not depend on where it was cut.

    Parameters
    ----------
    preprocessor : SeriesPreprocessor
        Fitted, at least as far as the time is concerned.
    """

    def __init__(self, preprocessor: SeriesPreprocessor) -> None:
        self._preprocessor = preprocessor
        self.restart()

    def restart(self) -> None:
        """Begin with another series."""
        self._last_time = -np.inf
        self._last_cells: dict[str, Any] = {}
        self._empty_steps = 0  # how many there were last, one after the other, with nothing in them
        self._started = False

    def read(self, table: Table) -> list[Stretch]:
        """Read the next rows of the series.

        Parameters
        ----------
        table : Table
            With the columns of training.

        Returns
        -------
        list of Stretch
            More than one where there are gaps.

        Raises
        ------
        DataError
            If a column is missing or unknown, a cell cannot be read, or time goes back.
        """
        columns = self._preprocessor.columns_
        sensors, cuts = self._cut(table)
        # Before anything is held over, so that what is remembered goes by the same columns as what is read.
        sensors = columns.align(sensors)
        return [
            Stretch(columns.transform(part), missing[:, columns.feature_columns_], continues)
            for part, missing, continues in self._filled_parts(sensors, cuts)
        ]

    def hold_over(self, table: Table) -> list[tuple[Table, Array, bool]]:
        """Cut the next rows at gaps and fill what is missing; return each part, what was missing, if it continues."""
        return self._filled_parts(*self._cut(table))

    def _filled_parts(self, sensors: Table, cuts: list[int]) -> list[tuple[Table, Array, bool]]:
        gone = np.column_stack([missing_cells(cells) for cells in sensors.columns])
        cuts = sorted({*cuts, *self._holes(np.logical_and.reduce(gone, axis=1), cuts)})
        parts = []
        for start, end in zip([0, *cuts], [*cuts, len(sensors)], strict=True):
            if start == end:
                continue
            continues = start == 0 and 0 not in cuts and self._started
            if not continues:
                self._last_cells = {}
            rows, missing = sensors.rows(slice(start, end)), gone[start:end]
            parts.append((self._filled(rows, missing), missing, continues))
            self._started = True
        return parts

    def _cut(self, table: Table) -> tuple[Table, list[int]]:
        preprocessor = self._preprocessor
        if preprocessor.time is None:
            return table, []
        times = preprocessor.times(table, self._last_time)
        steps = np.diff(times, prepend=self._last_time if self._started else times[0])
        self._last_time = float(times[-1])
        cuts = np.flatnonzero(steps > preprocessor.gap * preprocessor.step_).tolist()
        return table.drop([preprocessor.time]), cuts

    def _holes(self, empty: Array, cuts: Sequence[int]) -> list[int]:
        """Return where steps with nothing in them have become too many, and where such a hole ends."""
        if not len(empty):
            return []
        here = np.arange(len(empty))
        # The last step before each, or it, that is not empty or lies before a gap.
        last = np.where(empty, -1 - self._empty_steps, here)
        last[cuts] = np.where(empty[cuts], np.asarray(cuts, np.int64) - 1, cuts)
        so_far = here - np.maximum.accumulate(last)
        before = np.concatenate([[self._empty_steps], so_far[:-1]])
        self._empty_steps = int(so_far[-1])
        most = self._preprocessor.gap
        begins = (so_far > most) & (so_far - 1 <= most)
        return np.flatnonzero(begins | (~empty & (before > most))).tolist()

    def _filled(self, rows: Table, missing: Array) -> Table:
        columns = []
        for name, cells, gone in zip(rows.names, rows.columns, missing.T, strict=True):
            if gone.any():
                # The index of the last present cell at or before each; -1 where there is none yet.
                last = np.maximum.accumulate(np.where(gone, -1, np.arange(len(cells))))
                filled = cells[np.maximum(last, 0)]
                if name in self._last_cells:
                    filled[last < 0] = self._last_cells[name]
                cells = filled
            if not gone.all():
                self._last_cells[name] = cells[-1]
            columns.append(cells)
        return (
            rows
            if not missing.any()
            else Table(rows.names, tuple(columns), rows.row_numbers, rows.line_numbers, rows.categorical, rows.named)
        )


def missing_cells(cells: Array) -> Array:
    """Tell which cells of a table's column are missing.

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
    """Take cells out of a table; truth values, which cannot be missing, become numbers where one of them is.

    Examples
    --------
    >>> import numpy as np
    >>> without_cells(Table(("x",), (np.array([1.0, 2.0]),)), np.array([[False], [True]]))["x"].tolist()
    [1.0, nan]
    """
    nothing = {"f": np.nan, "b": np.nan, "M": np.datetime64("NaT"), "O": None}
    columns = []
    for cells, gone in zip(table.columns, missing.T, strict=True):
        if gone.any():
            cells = cells.astype(np.float64) if cells.dtype.kind == "b" else cells.copy()
            cells[gone] = nothing[cells.dtype.kind]
        columns.append(cells)
    return replace(table, cells=tuple(columns))


def _back_filled(table: Table) -> Table:
    """Give leading missing cells the first value that follows, so that none is left unless all are missing."""
    columns = []
    for cells in table.columns:
        present = ~missing_cells(cells)
        if present.any() and not present.all():
            following = np.minimum.accumulate(np.where(present, np.arange(len(cells)), len(cells))[::-1])[::-1]
            cells = cells[np.minimum(following, len(cells) - 1)]
        columns.append(cells)
    return Table(table.names, tuple(columns), table.row_numbers, table.line_numbers, table.categorical, table.named)
