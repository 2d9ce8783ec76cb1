"""The output of scores with an alarm budget: rows wait on disk until the last record is scored."""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Sequence
from itertools import islice
from typing import IO

import numpy as np

from anomaly.cli.cells import as_times
from anomaly.cli.source import Source
from anomaly.errors import DataError, format_value
from anomaly.preprocessing.columns.parsing import UnreadableError
from anomaly.tables import Table
from anomaly.tables.csv_writer import CsvWriter
from anomaly.thresholds import AlarmBudget, BudgetedAlarms
from nnlite.rowwise import CHUNK_ROWS
from nnlite.types import Array


def budget_of(text: str | None, time: str | None, time_zone: str | None) -> AlarmBudget | None:
    """Return the budget of the options --budget, --time and --time-zone; None without a budget.

    Raises
    ------
    ValueError
        If they are invalid, or do not go together.
    """
    for option, value in (("time", time), ("time-zone", time_zone)):
        if value is not None and text is None:
            raise ValueError(f"--{option} goes with --budget N/PERIOD, such as 50/day: it says when records were made")
    if text is None:
        return None
    try:
        budget = AlarmBudget.parse(text, time_zone or "UTC")
    except ValueError as error:
        raise ValueError(f"--budget: {error}") from error
    if budget.period is None and time is not None:
        raise ValueError(f"--time goes with a budget for each period, such as --budget {budget.alarms}/day")
    if budget.period is not None and time is None:
        raise ValueError(f"--budget {text} needs the times of the records: give --time COL")
    return budget


def times_of(table: Table, name: str, source: Source) -> Array:
    """Return the times of records, a column of a table from a file, as datetime64[us] in UTC, NaT where missing.

    Raises
    ------
    DataError
        If there is no such column, or a cell is no date.
    """
    source.check_present(table, [name])
    cells = table[name]
    try:
        return as_times(cells)
    except UnreadableError as error:
        raise DataError(
            f"{table.position(error.index)}, column {name!r}: found {format_value(cells[error.index])}, expected a "
            "date and time such as 2024-12-31 23:59 or 2024-12-31T23:59:00+01:00"
        ) from error


class BudgetWriter:
    """Writes rows with the alarms that a budget allows: which they are is known at the end, so rows wait on disk.

    Parameters
    ----------
    writer : CsvWriter
        Output.
    budget : AlarmBudget
        The budget.
    threshold : float
        Records with lower or equal scores are no alarms.
    flag : int
        Position of the column that is 1 for alarms.
    """

    def __init__(self, writer: CsvWriter, budget: AlarmBudget, threshold: float, flag: int) -> None:
        self._writer, self._budget, self._flag = writer, budget, flag
        self._alarms = BudgetedAlarms(budget, threshold)

    def __enter__(self) -> BudgetWriter:
        self._file: IO[str] = tempfile.TemporaryFile("w+", newline="", encoding="utf-8")
        # Quoted, since Python before 3.13 leaves a carriage return unquoted.
        self._waiting = csv.writer(self._file, quoting=csv.QUOTE_ALL)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, columns: Sequence[Array], scores: Array, times: Array | None) -> None:
        """Add the next rows.

        Parameters
        ----------
        columns : sequence of ndarray of shape (n,)
            Columns to write.
        scores : ndarray of float64 of shape (n,)
            Anomaly scores.
        times : ndarray of datetime64 of shape (n,) or None
            Times, for a budget with a period.
        """
        self._alarms.push(scores, times)
        self._waiting.writerows(zip(*(column.tolist() for column in columns), strict=True))

    def finish(self) -> None:
        """Write all rows, and say on standard error how many records above the threshold are no alarms."""
        alarms = self._alarms.rows()
        self._file.seek(0)
        reader, start = csv.reader(self._file), 0
        while rows := list(islice(reader, CHUNK_ROWS)):
            columns = [np.array(cells, dtype=object) for cells in zip(*rows, strict=True)]
            flags = np.zeros(len(rows), np.int64)
            first, last = np.searchsorted(alarms, [start, start + len(rows)])
            flags[alarms[first:last] - start] = 1
            columns[self._flag] = flags
            self._writer.write_columns(columns)
            start += len(rows)
        if len(alarms) < self._alarms.n_above:
            print(
                f"anomaly: {len(alarms):,} of {self._alarms.n_above:,} records above the threshold are alarms: the "
                f"budget is {self._budget}",
                file=sys.stderr,
            )
