"""Rows of scores that wait on disk until the last record is scored: for a budget, for sorting, and for the highest."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from typing import IO, Any

import numpy as np

from anomaly.cli.row_output import RowOutput
from anomaly.cli.streams import say_aside
from anomaly.tables.cells import plain_cells
from anomaly.thresholds import AlarmBudget, BudgetedAlarms
from nnlite.rowwise import CHUNK_ROWS
from nnlite.types import Array


class HeldRows:
    """Writes rows at the end: with the alarms that a budget allows, in the order of their scores, or the highest alone.

    Of each row, its score and its place on disk are kept in memory.

    Parameters
    ----------
    writer : CsvWriter, JsonLinesWriter or ParquetWriter
        Output.
    flag : int
        Position of the column that is 1 for alarms.
    threshold : float
        With a budget, records with lower or equal scores are no alarms.
    budget : AlarmBudget, optional
        The budget.
    by_score : bool, default False
        Whether to write the highest scores first. Rows with one score stay in order; those without a score are last.
    limit : int, optional
        Write only so many rows, those with the highest scores.
    """

    def __init__(
        self,
        writer: RowOutput,
        flag: int,
        threshold: float,
        budget: AlarmBudget | None = None,
        *,
        by_score: bool = False,
        limit: int | None = None,
    ) -> None:
        self._writer, self._flag, self._budget = writer, flag, budget
        self._alarms = None if budget is None else BudgetedAlarms(budget, threshold)
        self._by_score, self._limit = by_score, limit
        self._scores: list[Array] = []
        self.n_written = 0
        self.n_allowed: int | None = None
        self._lengths: list[Array] = []

    def __enter__(self) -> HeldRows:
        self._file: IO[bytes] = tempfile.TemporaryFile()
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
        if self._alarms is not None:
            self._alarms.push(scores, times)
        rows = [json.dumps(row).encode() for row in zip(*map(plain_cells, columns), strict=True)]
        self._file.write(b"".join(rows))
        self._scores.append(scores)
        self._lengths.append(np.fromiter(map(len, rows), np.int64, len(rows)))

    def finish(self) -> None:
        """Write the rows, and say on standard error how many records above the threshold are no alarms."""
        if not self._scores:
            return
        order, lengths = self._order(np.concatenate(self._scores)), np.concatenate(self._lengths)
        starts, allowed = np.cumsum(lengths) - lengths, self._allowed(len(lengths))
        for start in range(0, len(order), CHUNK_ROWS):
            chosen = order[start : start + CHUNK_ROWS]
            rows = [self._row(*place) for place in zip(starts[chosen].tolist(), lengths[chosen].tolist(), strict=True)]
            columns = [_object_array(cells) for cells in zip(*rows, strict=True)]
            if allowed is not None:
                columns[self._flag] = allowed[chosen]
            self._writer.write_columns(columns)
            self.n_written += len(chosen)
        self.n_allowed = None if allowed is None else int(allowed.sum())
        if self._alarms is not None and allowed is not None and (n_alarms := int(allowed.sum())) < self._alarms.n_above:
            say_aside(
                f"anomaly: {n_alarms:,} of {self._alarms.n_above:,} records above the threshold are alarms: the "
                f"budget is {self._budget}"
            )

    def _order(self, scores: Array) -> Array:
        """Return the rows to write, in the order to write them in."""
        if not self._by_score and self._limit is None:
            return np.arange(len(scores))
        highest = np.argsort(-scores, kind="stable")[: self._limit]
        return highest if self._by_score else np.sort(highest)

    def _allowed(self, n_rows: int) -> Array | None:
        """Return 1 for each row that the budget allows to be an alarm, else 0; None without a budget."""
        if self._alarms is None:
            return None
        flags = np.zeros(n_rows, np.int64)
        flags[self._alarms.rows()] = 1
        return flags

    def _row(self, start: int, length: int) -> list[Any]:
        self._file.seek(start)
        row: list[Any] = json.loads(self._file.read(length))
        return row


def _object_array(cells: Sequence[Any]) -> Array:
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return column
