"""Rows of a training table with cells that do not fit the others of their column, to leave them out."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from anomaly.errors import CellError, DataError, format_value
from anomaly.preprocessing.columns.inference import Hints, infer
from anomaly.preprocessing.columns.learning import ColumnSettings
from anomaly.tables import Table
from nnlite.types import Array

_MOST_PASSES = 5


def rows_that_misfit(table: Table, categorical: Collection[str], settings: ColumnSettings) -> dict[int, str]:
    """Return the cause for each row that cannot be learned from: text among numbers or dates, or an infinite number.

    Parameters
    ----------
    table : Table
        Training rows, without columns that are no features.
    categorical : collection of str
        Columns of categories, in which every value fits.
    settings : ColumnSettings
        What the user says about the columns.

    Examples
    --------
    >>> from anomaly.tables import as_table
    >>> settings = ColumnSettings("cycles", 5, 50, "nan")
    >>> rows_that_misfit(as_table({"x": ["1", "2", "oops", "4"], "y": ["a", "b", "a", "b"]}), [], settings)
    {2: "column 'x': found 'oops', unlike most cells of the column"}
    """
    causes: dict[int, str] = {}
    for name in table.names:
        if name in categorical or name in table.categorical:
            continue
        for _ in range(_MOST_PASSES):
            kept = np.setdiff1d(np.arange(len(table)), np.fromiter(causes, np.intp))
            rows = kept[_misfits(table.rows(kept), name, settings.hints(name))]
            for row in rows.tolist():
                causes[row] = (
                    f"column {name!r}: found {format_value(table[name][row])}, unlike most cells of the column"
                )
            if not len(rows):
                break
    return dict(sorted(causes.items()))


def _misfits(table: Table, name: str, hints: Hints) -> Array:
    try:
        numbers = infer(name, table[name], table.position, hints).numbers
    except CellError as error:
        return np.array(error.rows, np.intp)
    except DataError:
        return np.empty(0, np.intp)  # no single cell is wrong, and learning says what is
    return np.flatnonzero(np.isinf(numbers))
