"""Expected values of rows of series that arrive in chunks: they depend on the rows around them, which are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from anomaly.detectors.routing import rows_by_group
from anomaly.tables import Table, concatenate
from nnlite.types import Array

Reconstruct = Callable[[Table], Table]
"""Returns the expected values of the rows of one series."""


class ExpectedRows:
    """Expected values of the rows of one series, or of interleaved series of several groups, in the order of the rows.

    Parameters
    ----------
    reconstruct : callable
        Returns the function that expects the values of a group, by its name (None without groups); None for a group
        that has none.
    reach : int
        Number of rows before and after a row that its expected values depend on.
    names : sequence of str
        The columns.
    group : str, optional
        The column of groups. By default all rows are of one.

    Examples
    --------
    >>> rows = ExpectedRows(lambda _: lambda table: table, 0, ["x"])
    >>> rows.push(Table(("x",), (np.array([1.0, 2.0]),)))
    >>> rows.take(2)[0].tolist()
    [1.0, 2.0]
    """

    def __init__(
        self,
        reconstruct: Callable[[str | None], Reconstruct | None],
        reach: int,
        names: Sequence[str],
        group: str | None = None,
    ) -> None:
        self._reconstruct, self._reach, self._names, self._group = reconstruct, reach, names, group
        # The rows that are kept of each group, and the numbers of the first of them.
        self._kept: dict[str | None, Table] = {}
        self._first: dict[str | None, int] = {}
        # Of the rows whose expected values were not taken yet: the group, and the number within it.
        self._groups: Array = np.zeros(0, dtype=object)
        self._numbers: Array = np.zeros(0, np.int64)

    def push(self, table: Table) -> None:
        """Take the next rows."""
        groups, numbers = np.full(len(table), None, dtype=object), np.zeros(len(table), np.int64)
        for name, rows in self._rows_by_group(table):
            own = table.rows(rows) if self._group is None else table.drop([self._group]).rows(rows)
            before = self._kept.get(name)
            start = self._first.setdefault(name, 0) + (0 if before is None else len(before))
            self._kept[name] = own if before is None else concatenate([before, own])
            groups[rows], numbers[rows] = name, np.arange(start, start + len(rows))
        self._groups = np.concatenate([self._groups, groups])
        self._numbers = np.concatenate([self._numbers, numbers])

    def take(self, n: int) -> list[Array]:
        """Return the expected values of the next n rows, by column; None where nothing is expected."""
        groups, numbers = self._groups[:n], self._numbers[:n]
        self._groups, self._numbers = self._groups[n:], self._numbers[n:]
        found = [np.full(n, None, dtype=object) for _ in self._names]
        for name in dict.fromkeys(groups.tolist()):
            rows = np.flatnonzero(groups == name)
            reconstruct = self._reconstruct(name)
            if reconstruct is not None:
                for column, values in zip(found, self._expected(reconstruct, name, numbers[rows]), strict=True):
                    column[rows] = values
            self._forget(name, int(numbers[rows[-1]]) + 1 - self._reach)
        return found

    def _rows_by_group(self, table: Table) -> list[tuple[str | None, Array]]:
        return [(None, np.arange(len(table)))] if self._group is None else rows_by_group(table, self._group)

    def _expected(self, reconstruct: Reconstruct, name: str | None, numbers: Array) -> list[Array]:
        """Return the expected values of consecutive rows of a group, from the rows around them."""
        first, last = int(numbers[0]) - self._first[name], int(numbers[-1]) - self._first[name]
        start = max(first - self._reach, 0)
        expected = reconstruct(self._kept[name].rows(slice(start, last + 1 + self._reach)))
        return [expected[column][first - start : last + 1 - start] for column in self._names]

    def _forget(self, name: str | None, number: int) -> None:
        """Drop the rows of a group before a number."""
        gone = number - self._first[name]
        if gone > 0:
            self._kept[name] = self._kept[name].rows(slice(gone, None))
            self._first[name] = number
