"""A uniform random sample of the rows of a table that is seen in parts, in any order, on any number of machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from anomaly.large.joining import join
from anomaly.tables import Table
from nnlite.types import Array

_ALL = 2**64 - 1


@dataclass
class RowSample:
    r"""The rows with the smallest priorities.

    Samples of parts merge to the sample of the whole, whatever the order. So it depends neither on who has read which
    part, nor on whether a part was read twice, because the first reader was lost.

    The distribution of a column in a sample of n rows is that of all rows within
    :math:`\sqrt{\ln(2/\delta) / 2n}` of a rank, for all values at once, with probability :math:`1 - \delta` (Dvoretzky,
    Kiefer & Wolfowitz, 1956, with the constant of Massart, 1990): with 102,400 rows within 0.51 % with probability
    0.99. A single quantile q has a standard error of :math:`\sqrt{q (1 - q) / n}`: 0.16 % of a rank for the median, and
    0.09 % for the first and the last decile.

    Parameters
    ----------
    most : int
        Size of the sample.

    Attributes
    ----------
    n_held : int
        Number of rows that are held at the moment, at most twice as many.
    limit : int
        Priority above which no further row enters.
    """

    most: int
    _tables: list[Table] = field(default_factory=list)
    _keys: list[Array] = field(default_factory=list)
    n_held: int = 0
    limit: int = _ALL

    def add(self, table: Table, priorities: Array, part: int, rows: Array) -> None:
        """Add rows of a part.

        Parameters
        ----------
        table : Table of shape (n, n_columns)
            The rows.
        priorities : ndarray of uint64 of shape (n,)
            Their priorities.
        part : int
            Number of the part.
        rows : ndarray of int of shape (n,)
            Numbers of the rows in the part.
        """
        kept = np.flatnonzero(priorities <= np.uint64(self.limit))
        if not len(kept):
            return
        keys = np.empty((len(kept), 3), np.uint64)
        keys[:, 0], keys[:, 1], keys[:, 2] = priorities[kept], part, rows[kept]
        self._tables.append(table.rows(kept))
        self._keys.append(keys)
        self.n_held += len(kept)
        if self.n_held > 2 * self.most:
            self.shrink()

    def merge(self, other: RowSample) -> None:
        """Add the sample of other rows."""
        self._tables += other._tables
        self._keys += other._keys
        self.n_held += other.n_held
        if self.n_held > 2 * self.most:
            self.shrink()

    def shrink(self, kinds: Mapping[str, str] | None = None) -> None:
        """Let go of rows beyond the size of the sample; `kinds` are those of the columns, as of `join`."""
        if len(self._tables) < 2 and self.n_held <= self.most:
            return
        keys = np.concatenate(self._keys)
        order = np.argsort(keys[:, 0], kind="stable")[: self.most]
        if len(keys) > self.most:
            self.limit = int(keys[order[-1], 0])
        table = join(self._tables, kinds).rows(order)
        self._tables, self._keys, self.n_held = [table], [keys[order]], len(order)

    def finish(self, kinds: Mapping[str, str]) -> tuple[Table, Array]:
        """Return the rows in the order of their parts, and their places.

        Returns
        -------
        table : Table of shape (n, n_columns)
            At most `most` rows.
        places : ndarray of uint64 of shape (n, 2)
            Part and row of each.
        """
        self.shrink(kinds)
        keys = np.concatenate(self._keys)
        order = np.lexsort((keys[:, 2], keys[:, 1]))
        return join(self._tables, kinds).rows(order), keys[order, 1:]
