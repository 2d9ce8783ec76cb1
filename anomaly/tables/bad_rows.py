"""Rows that are left out because they cannot be read, with their lines and the causes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from anomaly.errors import DataError
from anomaly.tables.table import Table
from nnlite.types import Array


class BadRows:
    """A list of rows that cannot be read.

    Attributes
    ----------
    file : str
        Name of the file whose tables are checked by `without`.

    Examples
    --------
    >>> bad = BadRows()
    >>> bad.add("'a.csv'", 3, "found 2 fields, expected 3")
    >>> len(bad), bad.rows
    (1, [("'a.csv'", 3, 'found 2 fields, expected 3')])
    """

    def __init__(self) -> None:
        self.file = ""
        self._rows: list[tuple[str, int, str]] = []

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def rows(self) -> list[tuple[str, int, str]]:
        """File, line and cause of each row, in the order of the lines of each file."""
        files = {file: index for index, file in enumerate(dict.fromkeys(row[0] for row in self._rows))}
        return sorted(self._rows, key=lambda row: (files[row[0]], row[1]))

    def add(self, file: str, line: int, cause: str) -> None:
        """Add a row."""
        self._rows.append((file, line, cause))

    def clear(self, file: str) -> None:
        """Remove the rows of a file, which is read once more."""
        self._rows = [row for row in self._rows if row[0] != file]

    def without(self, table: Table, check: Callable[[Table], Any]) -> Array:
        """Return which rows of a table pass a check, and add the others.

        Parameters
        ----------
        table : Table
            The rows.
        check : callable
            Raises DataError if a row of its table cannot be used.

        Returns
        -------
        ndarray of bool of shape (n_rows,)
            Whether a row can be used.

        Raises
        ------
        DataError
            If no row can be used, whatever it holds: then it is the columns that are wrong.
        """
        is_good = np.ones(len(table), np.bool_)
        self._halve(table, check, is_good, 0, len(table))
        if not is_good.any():
            check(table)
        return is_good

    def _halve(self, table: Table, check: Callable[[Table], Any], is_good: Array, start: int, end: int) -> None:
        """Check rows together, and where they fail each half of them."""
        try:
            check(table.rows(slice(start, end)))
        except DataError as error:
            if end - start > 1:
                middle = (start + end) // 2
                self._halve(table, check, is_good, start, middle)
                self._halve(table, check, is_good, middle, end)
                return
            is_good[start] = False
            place = table.position(start)
            line = start + 1 if table.line_numbers is None else int(table.line_numbers[start])
            file = self.file if table.files is None else str(table.files[start])
            self.add(file, line, str(error).removeprefix(f"{place}, "))
