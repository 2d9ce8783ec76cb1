"""Rows of a file that are no records: units or types below the header, rules, and the header once more."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from anomaly.tables.cells import MISSING_TEXTS
from anomaly.tables.patterns import DelayedPattern
from anomaly.tables.table import Table
from nnlite.types import Array

_RULE = DelayedPattern(r"[-:=+_|]{3,}")
_UNIT = DelayedPattern(r"\[.*\]|\(.*\)|[\u00b0\u00ba%\u2030\u00b5\u03bc\u03a9\u2126].*")
_MOST_ROWS, _MOSTLY = 3, 0.8


def count_unit_rows(rows: Sequence[Sequence[str]]) -> int:
    """Return how many rows below the header are no records, but name units or types, or draw a rule.

    Units stand in columns of numbers; there are two or more of them, or they are in brackets or begin with a symbol.

    Parameters
    ----------
    rows : sequence of sequence of str
        Fields of the first lines, the header first; none of blank ones.

    Examples
    --------
    >>> count_unit_rows([["t", "p"], ["C", "bar"], ["1", "2"]]), count_unit_rows([["t", "p"], ["x", "1"], ["1", "2"]])
    (1, 0)
    >>> count_unit_rows([["t", "p"], ["---", "---"], ["1", "2"]])
    1
    """
    count = 0
    while count < _MOST_ROWS and len(rows) > count + 2 and _is_other(rows[count + 1], rows[count + 2 :]):
        count += 1
    return count


def _is_other(row: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    cells = [cell.strip() for cell in row]
    present = [cell for cell in cells if cell]
    if present and all(_RULE.fullmatch(cell) for cell in present):
        return True
    if any(map(_is_number, present)):
        return False
    named = [cell for j, cell in enumerate(cells) if cell not in MISSING_TEXTS and _are_numbers(rest, j, cell)]
    return len(named) > 1 or any(_UNIT.fullmatch(cell) for cell in named)


def _are_numbers(rows: Sequence[Sequence[str]], index: int, other: str) -> bool:
    """Return whether the cells of a column are numbers for the most part, and none is the same as another text."""
    cells = [cell for row in rows if index < len(row) and (cell := row[index].strip()) not in MISSING_TEXTS]
    return bool(cells) and other not in cells and sum(map(_is_number, cells)) >= _MOSTLY * len(cells)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?", text) is not None


def repeated_headers(table: Table) -> Array:
    """Return the indices of rows that are the header once more, as where logs are put one after another.

    Examples
    --------
    >>> from anomaly.tables import as_table
    >>> repeated_headers(as_table({"t": ["1", "t", "2"], "p": ["a", "p", "p"]})).tolist()
    [1]
    """
    if isinstance(table.cells, np.ndarray) or len(table.names) < 2:
        return np.empty(0, np.intp)
    if any(column.dtype.kind != "O" for column in table.cells):
        return np.empty(0, np.intp)
    rows = np.arange(len(table))
    for name, column in zip(table.names, table.cells, strict=True):
        rows = rows[np.asarray(column)[rows] == name]
        if not len(rows):
            break
    return rows
