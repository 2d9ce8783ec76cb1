"""Numbers that may mark missing values: far from all others of their column, frequent, and equal."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from anomaly.tables.table import Table
from nnlite.types import Array

_LEAST_COUNT, _LEAST_FRACTION = 5, 0.002
_LEAST_DISTINCT = 10
_FARNESS = 2.0


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
    """Return the numbers of a table that look like marks of missing values, at most one a column.

    A number does if it is the smallest or the largest of its column, in 0.2 % of the rows and five at least, and
    further from the nearest other number than twice the range of the others, which are ten at least.

    Examples
    --------
    >>> import numpy as np
    >>> from anomaly.tables import as_table
    >>> temperatures = [*np.linspace(10, 30, 50), *[-200.0] * 6]
    >>> [(mark.column, mark.value, mark.n_rows) for mark in suspected_marks(as_table({"t": temperatures}))]
    [('t', -200.0, 6)]
    """
    marks = []
    for name, column in zip(table.names, table.columns, strict=True):
        found = _mark_of(column) if column.dtype.kind == "f" else None
        if found is not None:
            marks.append(Mark(name, *found))
    return marks


def _mark_of(column: Array) -> tuple[float, int, float, float] | None:
    values = column[np.isfinite(column)]
    if not len(values):
        return None
    for end in (values.min(), values.max()):
        others = values[values != end]
        count = len(values) - len(others)
        if count < max(_LEAST_COUNT, _LEAST_FRACTION * len(values)) or len(others) < _LEAST_DISTINCT:
            continue
        low, high = float(others.min()), float(others.max())
        gap = low - end if end < low else end - high
        if gap > _FARNESS * (high - low) > 0 and len(np.unique(others)) >= _LEAST_DISTINCT:
            return float(end), count, low, high
    return None
