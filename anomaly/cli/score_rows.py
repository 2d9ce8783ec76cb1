"""The rows of scores: with their keys and the columns carried along, each written as soon as its score is final."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from anomaly.cli.row_output import RowOutput
from anomaly.cli.score_columns import ScoreColumns
from anomaly.cli.source import Source
from anomaly.tables import Table
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.cli.events import EventWriter
    from anomaly.cli.held_rows import HeldRows
    from anomaly.cli.why import Reasons

ALL = "*"
"""Stands for all columns of the input."""


@dataclass(frozen=True)
class CarriedColumns:
    """Columns of the input that are written beside the scores.

    Attributes
    ----------
    chosen : tuple of str
        Their names, of which `ALL` stands for all.
    keys : tuple of str
        Columns that are written as keys, and not once more.
    source : Source
        The input.
    """

    chosen: tuple[str, ...]
    keys: tuple[str, ...]
    source: Source

    def names(self, table: Table) -> list[str]:
        """Return the names of these columns.

        Raises
        ------
        DataError
            If the table lacks one.
        """
        named = [name for one in self.chosen for name in (table.names if one == ALL else [one])]
        self.source.check_present(table, named)
        return [name for name in dict.fromkeys(named) if name not in self.keys]


class RowData(NamedTuple):
    """Columns of rows that wait for their scores.

    Attributes
    ----------
    keys : list of ndarray of shape (n,)
        What identifies the rows.
    carried : list of ndarray of shape (n,)
        Columns to write beside the scores.
    times : list of ndarray of shape (n,)
        Timestamps, for the events or the budget alone; or none.
    cells : list of ndarray of shape (n,)
        Cells of all columns, for reasons; or none.
    """

    keys: list[Array]
    carried: list[Array]
    times: list[Array]
    cells: list[Array]


class RowWriter:
    """Writes rows in order, each as soon as its score is final.

    Parameters
    ----------
    writer : CsvWriter, JsonLinesWriter or ParquetWriter
        Output of the scores.
    columns : ScoreColumns
        Columns to write beside the keys.
    why : Reasons or None
        Reasons in words, for a column of them.
    events : EventWriter or None
        Output of the events.
    held : HeldRows or None
        Output of the rows in place of `writer`, where they wait for the last one.
    grouped_by : int or None
        Index of the key that is the group, if there are groups.
    """

    def __init__(
        self,
        writer: RowOutput,
        columns: ScoreColumns,
        why: Reasons | None,
        events: EventWriter | None,
        held: HeldRows | None,
        grouped_by: int | None = None,
    ) -> None:
        self._writer, self._columns, self._why = writer, columns, why
        self._events, self._held, self._grouped_by = events, held, grouped_by
        self._waiting: RowData | None = None
        self._counts = {"n_rows": 0, "n_alarms": 0, "n_without_score": 0}
        self._highest: float | None = None

    def begin(self, keys: Sequence[str], carried: Sequence[str]) -> None:
        """Set the names of the keys and of the columns carried along.

        Raises
        ------
        ValueError
            If two columns would have one name.
        """
        head = self._columns.head(keys)
        if self._why is not None:
            if "why" in keys:
                raise ValueError("--id is 'why', which a column of the scores is called too: rename it in the data")
            head.append("why")
        clash = [name for name in carried if name in head]
        if clash:
            raise ValueError(
                f"--columns has {clash[0]!r}, which a column of the scores is called too: rename it in the data"
            )
        self._writer.begin([*head, *carried])

    def add(self, rows: RowData, records: Table) -> None:
        """Add the next rows, whose scores are to come, and the records that they are."""
        if self._why is not None:
            self._why.push(records)
        waiting = self._waiting
        if waiting is None:
            self._waiting = rows
            return
        parts = (
            [np.concatenate(pair) for pair in zip(earlier, later, strict=True)]
            for earlier, later in zip(waiting, rows, strict=True)
        )
        self._waiting = RowData(*parts)

    def summary(self) -> dict[str, Any]:
        """Return how many rows there were, were written, and are alarms; events where they are written."""
        found: dict[str, Any] = {**self._counts, "n_written": self._counts["n_rows"], "highest_score": self._highest}
        if self._held is not None:
            found["n_written"] = self._held.n_written
            if self._held.n_allowed is not None:
                found["n_alarms"] = self._held.n_allowed
        return found if self._events is None else {**found, "n_events": self._events.n_events}

    def _count(self, scores: Array, flags: Array) -> None:
        known = scores[np.isfinite(scores)]
        found = {"n_rows": len(scores), "n_alarms": int(flags.sum()), "n_without_score": len(scores) - len(known)}
        self._counts = {name: count + found[name] for name, count in self._counts.items()}
        if len(known):
            self._highest = max(float(known.max()), -np.inf if self._highest is None else self._highest)

    def write(self, contributions: Array, labels: Array, records: Table | None = None) -> None:
        """Write the rows whose scores are final.

        Parameters
        ----------
        contributions : ndarray of shape (n, n_columns)
            Contributions to the scores of the first n rows without a final score.
        labels : ndarray of int of shape (n,)
            The detector's labels, used unless a threshold was given.
        records : Table of shape (n, n_columns), optional
            These rows, needed for expected values.
        """
        n = len(contributions)
        if not n or self._waiting is None:
            return
        rows = RowData(*([column[:n] for column in part] for part in self._waiting))
        self._waiting = RowData(*([column[n:] for column in part] for part in self._waiting))
        scores = contributions.sum(axis=1)
        flags = self._columns.flags(scores, labels)
        self._count(scores, flags)
        if self._events is not None:
            groups = None if self._grouped_by is None else rows.keys[self._grouped_by]
            self._events.push(flags, scores, [rows.keys[0], *rows.times], groups)
        written = [*rows.keys, *self._columns.compute(contributions, flags, records)]
        if self._why is not None:
            # The steps of a series have their scores later than they come.
            found = Table(tuple(self._why.names), tuple(rows.cells)) if rows.cells else records
            assert found is not None  # cells are kept where records are not those of the scores
            written.append(self._why.texts(contributions, found))
        written += rows.carried
        if self._held is None:
            self._writer.write_columns(written)
            self._writer.flush()
        else:
            self._held.write(written, scores, rows.times[0] if rows.times else None)
