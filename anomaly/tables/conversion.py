"""Conversion of arrays, data frames, rows, records and dicts of columns to tables."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from anomaly.errors import DataError, format_value
from anomaly.tables.cells import as_column, objects_as_column
from anomaly.tables.frames import (
    as_frame,
    declares_categories,
    frame_matrix,
    is_frame,
    is_series,
    series_as_column,
)
from anomaly.tables.table import Table, check_names
from nnlite.types import Array
from nnlite.validation import is_number


def as_table(data: Any, names: Sequence[str] | None = None) -> Table:
    """Convert records to a table.

    Parameters
    ----------
    data : array, data frame, list, dict or Table
        - a 2-D array of numbers, text or Python objects, a structured array, or a masked array (masked is missing);
        - a DataFrame of pandas or polars, neither of which has to be installed, or of narwhals; a lazy frame or a
          relation of DuckDB, which is collected; a table of Arrow, if polars or pyarrow is loaded;
        - a list of records, each a dict (an absent key is a missing value);
        - a list of rows, each a list, tuple or array;
        - a dict of columns;
        - a table, which is returned unchanged.
    names : sequence of str, optional
        New names for the columns. By default the names of the source; for arrays and lists of rows, which have none,
        ``x0``, ``x1``, ...

    Returns
    -------
    Table
        The records. Arrays of numbers are not copied.

    Raises
    ------
    DataError
        If there are no rows or no columns, rows differ in length, names are repeated, or a cell is not a number,
        text, a boolean or a date.

    Examples
    --------
    >>> as_table([{"amount": 3, "country": "FR"}, {"amount": 4.5}]).columns[1].tolist()
    ['FR', None]
    >>> as_table([[1, 2], [3, 4], [5, 6]]).names
    ('x0', 'x1')
    """
    table = _convert(data)
    if names is not None:
        table = table.rename(names)
    return table


def _convert(data: Any) -> Table:
    if isinstance(data, Table):
        return data
    if isinstance(data, (np.matrix, memoryview)):
        data = np.asarray(data)
    if isinstance(data, np.ndarray):
        return _from_array(data)
    data = as_frame(data)
    if isinstance(data, Table):
        return data
    if is_frame(data):
        return _from_frame(data)
    if isinstance(data, Mapping):
        return _from_columns(data)
    if is_series(data):
        raise DataError(
            f"expected a table, found one column ({type(data).__name__} {data.name!r}): make it a data frame with "
            "series.to_frame(), or select a single record with frame[i:i + 1]"
        )
    if isinstance(data, (str, bytes, os.PathLike)):
        raise DataError(f"expected a table, found {data!r}; to read a file use anomaly.tables.csv_files.read_csv")
    if hasattr(data, "toarray"):
        raise DataError("expected a table, found a sparse matrix; convert it with its method toarray()")
    if hasattr(data, "ngroups"):
        raise DataError("expected a table, found a frame in groups: give the frame itself, or one group after another")
    if hasattr(data, "__array__"):
        return _from_array(np.asarray(data))
    if isinstance(data, Iterable):
        return _from_rows(list(data))
    raise DataError(
        f"expected a table (array, data frame, list of records, dict of columns); found {type(data).__name__}"
    )


def _from_array(array: Array) -> Table:
    if array.dtype.names is not None:
        if array.ndim != 1:
            raise DataError(f"a structured array must be 1-D; found shape {array.shape}")
        _check_size((len(array), len(array.dtype.names)))
        return _from_arrays(array.dtype.names, [array[name] for name in array.dtype.names])
    if array.ndim < 2:
        raise DataError(
            f"expected a 2-D array (rows x columns), found {array.ndim}-D of shape {array.shape}. Reshape your data "
            "with array.reshape(-1, 1) if it is a single column, or array.reshape(1, -1) if it is a single record"
        )
    if array.ndim > 2:
        raise DataError(f"expected a 2-D array (rows x columns), found shape {array.shape}")
    _check_size(array.shape)
    names = _numbered_names(array.shape[1])
    # Of plain arrays first: NumPy imports masked ones when it is asked for them, for 10 ms.
    if array.dtype.kind in "fiu" and (type(array) is np.ndarray or not isinstance(array, np.ma.MaskedArray)):
        # Half and extended precision are rare, and converted here for all that follows.
        exact = array.dtype.kind != "f" or array.dtype in (np.float32, np.float64)
        return Table(names, array if exact else array.astype(np.float64), named=False)
    return _from_arrays(names, list(array.T)).replaced(named=False)


def _from_arrays(names: Sequence[str], arrays: Sequence[Array]) -> Table:
    columns = tuple(as_column(a, name) for name, a in zip(names, arrays, strict=True))
    return Table(tuple(names), columns)


def _from_frame(frame: Any) -> Table:
    labels = list(frame.columns)
    names = tuple(map(str, labels))
    check_names(names)
    _check_size((len(frame), len(names)))
    matrix = frame_matrix(frame)
    if matrix is not None:
        return Table(names, matrix)
    return Table(
        names,
        tuple(series_as_column(frame[label], name) for label, name in zip(labels, names, strict=True)),
        categorical=frozenset(
            name for name, dtype in zip(names, frame.dtypes, strict=True) if declares_categories(dtype)
        ),
    )


def _from_columns(data: Mapping[Any, Any]) -> Table:
    names = tuple(map(str, data))
    columns = []
    for name, values in zip(names, data.values(), strict=True):
        if is_series(values):
            columns.append(series_as_column(values, name))
        elif isinstance(values, (list, tuple, range)):
            columns.append(objects_as_column(values, name))
        elif hasattr(values, "__array__") and np.asarray(values).ndim == 1:
            # Not by np.asarray, which forgets what is masked.
            columns.append(as_column(values if isinstance(values, np.ndarray) else np.asarray(values), name))
        else:
            raise DataError(
                f"column {name!r} must be a list or a 1-D array; found {type(values).__name__} {format_value(values)}. "
                "For a single record, pass a list of one dict"
            )
    _check_size((len(columns[0]) if columns else 0, len(columns)))
    return Table(names, tuple(columns))


def _from_rows(rows: list[Any]) -> Table:
    if not rows:
        raise DataError("found 0 sample(s) (an empty list) while a minimum of 1 is required")
    if isinstance(rows[0], Mapping):
        return _from_records(rows)
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, (list, tuple)) and not (isinstance(row, np.ndarray) and row.ndim == 1):
            raise DataError(
                f"row {number}: expected a list of values, found {type(row).__name__} {format_value(row)}. Reshape "
                "your data: for a single record, pass a list of one row"
            )
        if len(row) != len(rows[0]):
            raise DataError(f"row {number} has {len(row)} values; expected {len(rows[0])}, as in row 1")
    _check_size((len(rows), len(rows[0])))
    matrix = _plain_numbers(rows)
    if matrix is not None:
        return _from_array(matrix)
    names = _numbered_names(len(rows[0]))
    columns = zip(*rows, strict=True)
    cells = tuple(objects_as_column(values, name) for name, values in zip(names, columns, strict=True))
    return Table(names, cells, named=False)


def _from_records(records: list[Any]) -> Table:
    for number, record in enumerate(records, start=1):
        if not isinstance(record, Mapping):
            raise DataError(
                f"row {number}: expected a dict as in row 1, found {type(record).__name__} {format_value(record)}"
            )
    keys = dict.fromkeys(key for record in records for key in record)
    return _from_columns({key: [record.get(key) for record in records] for key in keys})


def _plain_numbers(rows: list[Any]) -> Array | None:
    """Return rows of numbers as one array, or None if they contain other values."""
    if not all(map(is_number, rows[0])):
        return None
    try:
        array = np.array(rows)
    except (ValueError, OverflowError):
        return None
    return array if array.dtype.kind in "fiu" else None


@lru_cache(maxsize=64)
def _numbered_names(width: int) -> tuple[str, ...]:
    return tuple(f"x{i}" for i in range(width))


def _check_size(shape: tuple[int, ...]) -> None:
    if shape[0] == 0:
        raise DataError(f"found 0 sample(s) (shape={shape}) while a minimum of 1 is required.")
    if shape[1] == 0:
        raise DataError(f"found 0 feature(s) (shape={shape}) while a minimum of 1 is required.")
