"""Numbers that may mark missing values: far from all others of their column, frequent, and equal."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from anomaly.tables.table import Table
from nnlite.types import Array

_LEAST_COUNT, _LEAST_FRACTION = 5, 0.002
_LEAST_DISTINCT = 10
_FARNESS, _FARNESS_OF_USUAL = 2.0, 0.5
# So many distinct numbers at either end may be marks, or errors, which would hide marks among them.
_MOST_AT_ONE_END, _MOST_ERRORS = 3, 2
_NINES = [10.0**n - 1 for n in range(2, 8)] + [(10.0**n - 1) / 10 for n in range(3, 8)]
_USUAL = frozenset((-1.0, -9.0, 32767.0, -32767.0, -32768.0, 65535.0, *_NINES, *(-nines for nines in _NINES)))


class Mark(NamedTuple):
    """A number that may mark missing values.

    Attributes
    ----------
    column : str
        Name of the column.
    value : float
        The number.
    n_rows : int
        Rows that have it.
    low, high : float
        Range of the other numbers.
    """

    column: str
    value: float
    n_rows: int
    low: float
    high: float


def suspected_marks(table: Table) -> list[Mark]:
    """Return the numbers of a table that look like marks of missing values.

    See `marks_of` for which numbers do.

    Examples
    --------
    >>> import numpy as np
    >>> from anomaly.tables import as_table
    >>> temperatures = [*np.linspace(10, 30, 50), *[-200.0] * 6]
    >>> [(mark.column, mark.value, mark.n_rows) for mark in suspected_marks(as_table({"t": temperatures}))]
    [('t', -200.0, 6)]
    """
    return [
        mark
        for name, column in zip(table.names, table.columns, strict=True)
        if column.dtype.kind == "f"
        for mark in marks_of(name, column)
    ]


def marks_of(name: str, numbers: Array) -> list[Mark]:
    """Return the numbers of a column that look like marks of missing values.

    A number does if it is in 0.2 % of the rows and five at least, and it is below or above all others, or all but a
    few such numbers and rarer errors, by more than twice the range of the others, which are ten at least. Half of that
    range is enough for what is often such a mark: -1 below 0 or more, -999 and its kin, and the ends of 16 bits.

    Parameters
    ----------
    name : str
        Name of the column.
    numbers : ndarray of float
        Its numbers; NaN is missing.

    Examples
    --------
    >>> import numpy as np
    >>> levels = np.array([*np.linspace(10, 30, 50), *[-9999.0] * 6, *[9999.0] * 7, -20000.0])
    >>> [(mark.value, mark.n_rows) for mark in marks_of("level", levels)]
    [(-9999.0, 6), (9999.0, 7)]
    """
    values, counts = np.unique(numbers[np.isfinite(numbers)], return_counts=True)
    least = max(_LEAST_COUNT, _LEAST_FRACTION * counts.sum())
    ends = range(_MOST_AT_ONE_END + 1)
    for n_low, n_high in sorted(((i, j) for i in ends for j in ends), key=sum, reverse=True):
        inner = slice(n_low, len(values) - n_high)
        outer = [*range(n_low), *range(len(values) - n_high, len(values))]
        if len(values) - len(outer) < _LEAST_DISTINCT or not _are_far(values, n_low, n_high):
            continue
        found = [at for at in outer if counts[at] >= least]
        if found and len(outer) - len(found) <= _MOST_ERRORS:
            low, high = float(values[inner][0]), float(values[inner][-1])
            return [Mark(name, float(values[at]), int(counts[at]), low, high) for at in found]
    return []


def _are_far(values: Array, n_low: int, n_high: int) -> bool:
    """Return whether the first and the last of sorted numbers are far from those between them."""
    inner = values[n_low : len(values) - n_high]
    span = min(float(inner[-1]) - float(inner[0]), np.finfo(float).max / 4)
    gaps = [(values[n_low - 1], float(inner[0]) - float(values[n_low - 1]))] if n_low else []
    gaps += [(values[-n_high], float(values[-n_high]) - float(inner[-1]))] if n_high else []
    return bool(gaps) and all(gap > _least_gap(value, float(inner[0])) * span > 0 for value, gap in gaps)


def _least_gap(value: float, low: float) -> float:
    """Return the least distance of a mark from other numbers, as a multiple of their range."""
    is_usual = value in _USUAL and (value < -9 or value > 0 or low >= 0)
    return _FARNESS_OF_USUAL if is_usual else _FARNESS
