"""The digest of a table that is seen in parts: what a fit needs of it, in an amount of memory that is bounded."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from anomaly.errors import DataError, format_names
from anomaly.large.drawn import BLOCK_ROWS, DrawnRows
from anomaly.large.joining import join, merged_kinds
from anomaly.large.priorities import priorities
from anomaly.large.row_sample import RowSample
from anomaly.large.summaries import ColumnSummary
from anomaly.large.witnesses import Witnesses
from anomaly.preprocessing.columns.population import Population
from anomaly.tables import Table

SAMPLE_ROWS = 102_400
"""Rows of the sample: as many as networks of 800 steps see in batches of 128."""

_BLOCKS = 64


@dataclass
class Digest:
    """Facts and samples of the rows of some parts of a table.

    Digests of parts merge to the digest of the table, in any order, with the same result.

    Parameters
    ----------
    seed : int
        Of the random samples.
    most_rows : int
        Size of the sample.
    categorical : collection of str
        Columns of categories, whatever their values are.

    Attributes
    ----------
    n_rows : int
        Number of rows.
    summaries : dict of str to ColumnSummary
        Facts about all cells of each column.

    Examples
    --------
    >>> import numpy as np
    >>> from anomaly.tables import as_table
    >>> digest = Digest(seed=0, most_rows=100)
    >>> for part in range(3):
    ...     digest.add(as_table({"load": np.arange(1000.0)}), part, 0)
    >>> drawn = digest.finish()
    >>> len(drawn.sample), drawn.population.n_rows, drawn.witnesses["load"].max()
    (100, 3000, np.float64(999.0))
    """

    seed: int = 0
    most_rows: int = SAMPLE_ROWS
    categorical: Collection[str] = ()
    n_rows: int = 0
    summaries: dict[str, ColumnSummary] = field(default_factory=dict)
    _sample: RowSample = field(init=False)
    _blocks: RowSample = field(init=False)
    _witnesses: Witnesses = field(default_factory=Witnesses)

    def __post_init__(self) -> None:
        self._sample = RowSample(self.most_rows)
        self._blocks = RowSample(_BLOCKS * BLOCK_ROWS)

    @property
    def mixed(self) -> set[str]:
        """Columns that are numbers in some places and text in others: they are to be read as text everywhere."""
        return merged_kinds(self._kinds)[1]

    @property
    def _kinds(self) -> list[dict[str, str]]:
        return [{name: kind} for name, summary in self.summaries.items() for kind in sorted(summary.kinds)]

    def add(self, table: Table, part: int, first_row: int) -> None:
        """Add consecutive rows of a part.

        Parameters
        ----------
        table : Table of shape (n, n_columns)
            The rows, some thousands at most.
        part : int
            Number of the part.
        first_row : int
            Number of the first of these rows in the part. The samples depend on these numbers, and blocks of rows on
            where the calls begin.
        """
        if not len(table):
            return
        self.n_rows += len(table)
        last_row = first_row + len(table) - 1
        declared = {*self.categorical, *table.categorical}
        for name, cells in zip(table.names, table.columns, strict=True):
            self.summaries.setdefault(name, ColumnSummary()).add(cells, name in declared, (part, last_row))
        rows = np.arange(first_row, first_row + len(table))
        self._sample.add(table, priorities(2 * self.seed, part, rows), part, rows)
        n_blocks = len(table) // BLOCK_ROWS
        if n_blocks:
            whole = slice(0, n_blocks * BLOCK_ROWS)
            drawn = priorities(2 * self.seed + 1, part, rows[whole][::BLOCK_ROWS]).repeat(BLOCK_ROWS)
            self._blocks.add(table.rows(whole), drawn, part, rows[whole])
        self._witnesses.add(table, part, rows)

    def merge(self, other: Digest) -> None:
        """Add the rows of other parts."""
        if self.n_rows and other.n_rows and set(self.summaries) != set(other.summaries):
            raise DataError(
                f"parts have different columns: {format_names(sorted(set(self.summaries) ^ set(other.summaries)))}"
            )
        self.n_rows += other.n_rows
        for name, summary in other.summaries.items():
            self.summaries.setdefault(name, ColumnSummary()).merge(summary)
        self._sample.merge(other._sample)
        self._blocks.merge(other._blocks)
        self._witnesses.merge(other._witnesses)

    def shrink(self) -> None:
        """Let go of what the samples do not need, before the digest travels."""
        self._sample.shrink()
        self._blocks.shrink()

    @property
    def limits(self) -> tuple[int, int]:
        """Priorities above which no further row enters the samples."""
        return self._sample.limit, self._blocks.limit

    def empty(self, limits: tuple[int, int] | None = None) -> Digest:
        """Return a digest of no rows with the same parameters, for rows that are to be merged with others.

        Parameters
        ----------
        limits : tuple of int, optional
            As of `limits` of those others: rows above them are not kept, which changes no result.
        """
        digest = Digest(self.seed, self.most_rows, self.categorical)
        if limits is not None:
            digest._sample.limit, digest._blocks.limit = limits
        return digest

    def finish(self) -> DrawnRows:
        """Return the samples and the facts of all rows.

        Raises
        ------
        DataError
            If there are no rows.
        """
        if not self.n_rows:
            raise DataError("found 0 sample(s) to fit on while a minimum of 1 is required")
        kinds = merged_kinds(self._kinds)[0]
        sample, places = self._sample.finish(kinds)
        witnesses = [(place, row) for place, row in self._witnesses.finish()]
        known = {tuple(place) for place in places.tolist()}
        further = [(place, row) for place, row in witnesses if place not in known]
        both = join([sample, *(row for _, row in further)], kinds)
        order = np.lexsort(
            np.concatenate([places.astype(np.int64), np.array([p for p, _ in further], np.int64).reshape(-1, 2)]).T[
                ::-1
            ]
        )
        has_blocks = bool(self._blocks.n_held)
        return DrawnRows(
            sample,
            both.rows(order),
            self._blocks.finish(kinds)[0] if has_blocks else sample.rows(slice(0, 0)),
            Population(
                self.n_rows,
                {name: summary.n_missing for name, summary in self.summaries.items()},
                {name: one.counts for name, one in self.summaries.items() if one.counts},
                {name: one.end for name, one in self.summaries.items() if one.kinds <= {"f", ""}},
            ),
        )
