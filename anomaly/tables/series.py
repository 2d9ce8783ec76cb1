"""Conversion of time series, of one sensor or many, to tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from anomaly.tables.cells import is_number_or_missing, objects_as_column
from anomaly.tables.conversion import as_table
from anomaly.tables.frames import is_frame, is_series, series_as_column
from anomaly.tables.table import Table


def as_series(data: Any) -> Table:
    """Convert one series to a table, as `anomaly.tables.as_table`; a 1-D array or a list of numbers is one sensor.

    Examples
    --------
    >>> import numpy as np
    >>> as_series(np.arange(3.0))
    Table(3 rows x 1 columns: 'x0')
    >>> as_series([0.5, None, 1.5])["x0"].tolist()
    [0.5, nan, 1.5]
    """
    if _is_column(data):
        return as_table(data.reshape(-1, 1))
    if _is_list_of_numbers(data):
        return Table(("x0",), (objects_as_column(data, "x0"),), named=False)
    if is_series(data):
        # The name of an unnamed series is None in pandas and empty in polars.
        named = data.name is not None and data.name != ""
        name = str(data.name) if named else "x0"
        return Table((name,), (series_as_column(data, name),), named=named)
    return as_table(data)


def as_one_series(data: Any, ignored: Sequence[str] | None = None) -> Table:
    """Convert one series to a table without the ignored columns.

    Raises
    ------
    ValueError
        If data are several series.
    """
    if is_collection(data):
        raise ValueError(
            f"expected one series; found a list of {len(data)}: pass them one by one. If they are the steps of one "
            "series, give them as a 2-D array or a list of lists"
        )
    table = as_series(data)
    left_out = [name for name in table.names if name in (ignored or ())]
    return table.drop(left_out) if left_out else table


def as_several_series(data: Any, ignored: Sequence[str] | None = None) -> list[Table]:
    """Convert one series or several to tables without the ignored columns.

    Examples
    --------
    >>> import numpy as np
    >>> as_several_series({"a": [1.0, 2.0], "label": [0, 1]}, ["label"])
    [Table(2 rows x 1 columns: 'a')]
    >>> [len(table) for table in as_several_series([np.zeros(3), np.zeros(5)])]
    [3, 5]
    """
    return [as_one_series(one, ignored) for one in (data if is_collection(data) else [data])]


def is_collection(data: Any) -> bool:
    """Return whether data are several series: a list of arrays, data frames or their columns, tables or dicts.

    Each dict is one of columns. A list of dicts of single values is a table of records, and a list of lists a table of
    rows.

    Examples
    --------
    >>> import numpy as np
    >>> is_collection([np.arange(3.0), np.arange(5.0)]), is_collection([[0.0, 1.0], [2.0, 3.0]])
    (True, False)
    """
    return isinstance(data, (list, tuple)) and bool(data) and all(map(_is_one_series, data))


def _is_one_series(data: Any) -> bool:
    if isinstance(data, Mapping):
        return all(np.ndim(values) == 1 for values in data.values())
    if isinstance(data, np.ndarray):
        return data.ndim in (1, 2)
    return isinstance(data, Table) or is_frame(data) or is_series(data)


def _is_column(data: Any) -> bool:
    """Return whether data are a 1-D array of cells; a 1-D array of a structured dtype is a table."""
    return isinstance(data, np.ndarray) and data.ndim == 1 and data.dtype.names is None


def _is_list_of_numbers(data: Any) -> bool:
    return isinstance(data, (list, tuple, range)) and len(data) > 0 and all(map(is_number_or_missing, data))
