"""Conversion of Arrow's tables, from memory or from files, by pyarrow."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from anomaly.errors import DataError, FileFormWarning, format_names
from anomaly.tables.cells import objects_as_column
from anomaly.tables.table import Table, table_of_columns
from nnlite.types import Array

_UNITS_OF_A_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_SECONDS_OF_A_DAY = 86_400


def arrow_as_table(found: Any, label: str, arrow: Any) -> Table:
    """Convert a table of pyarrow.

    Dictionary-encoded columns are categories. Times are taken to the microsecond; durations become
    seconds.

    Parameters
    ----------
    found : pyarrow.Table or RecordBatch
        The records.
    label : str
        What is converted, for error messages.
    arrow : module
        ``pyarrow``, which this module does not import.

    Raises
    ------
    DataError
        If there are no rows, two columns have one name, or a cell is a list, a structure or a map.
    """
    names = list(found.column_names)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{label}: column names must be distinct; found more than once: {format_names(twice)}")
    declared = _declared_durations(found.schema)
    columns = {
        name: _column(column, name, name in declared, arrow) for name, column in zip(names, found.columns, strict=True)
    }
    categorical = frozenset(
        name for name, column in zip(names, found.columns, strict=True) if arrow.types.is_dictionary(column.type)
    )
    return table_of_columns(columns, label, categorical)


def _declared_durations(schema: Any) -> set[str]:
    """Return the columns that were durations in pandas."""
    described = (schema.pandas_metadata or {}).get("columns", ())
    return {c["name"] for c in described if str(c.get("numpy_type")).startswith("timedelta64")}


def _column(column: Any, name: str, is_duration: bool, arrow: Any) -> Array:
    kind = column.type
    if arrow.types.is_dictionary(kind):
        return objects_as_column(_decoded(column, arrow), name)
    # Lists without a value may be longer than any memory. Run-length encoded values are those of the rows.
    if arrow.types.is_nested(kind) and not arrow.types.is_run_end_encoded(kind) and column.null_count < len(column):
        raise DataError(f"column {name!r}: found {kind} in a cell; expected one number, text, boolean or date")
    if arrow.types.is_integer(kind) or arrow.types.is_floating(kind):
        return _numbers(column)
    if arrow.types.is_duration(kind):
        return _numbers(column.cast("int64")) / _UNITS_OF_A_SECOND[kind.unit]
    if arrow.types.is_time64(kind) and (is_duration or _exceeds_a_day(column, _UNITS_OF_A_SECOND[kind.unit])):
        # fastparquet writes durations as times of day, also of several days or negative ones.
        warnings.warn(
            f"column {name!r}: times of day that are durations, taken as seconds", FileFormWarning, stacklevel=4
        )
        return _numbers(column.cast("int64")) / _UNITS_OF_A_SECOND[kind.unit]
    if getattr(kind, "unit", None) == "ns":
        # Python's dates and times have no nanoseconds.
        coarse = arrow.timestamp("us", kind.tz) if arrow.types.is_timestamp(kind) else arrow.time64("us")
        column = column.cast(coarse, safe=False)
    return objects_as_column(column.to_pylist(), name)


def _decoded(column: Any, arrow: Any) -> list[Any]:
    """Return the values of a dictionary-encoded column: rows of one category share one object, however long it is."""
    cells: list[Any] = []
    for chunk in getattr(column, "chunks", [column]):
        codes = chunk.indices.to_pylist()
        used = sorted(set(codes) - {None})
        values = dict(zip(used, chunk.dictionary.take(arrow.array(used, arrow.int64())).to_pylist(), strict=True))
        cells += map(values.get, codes)
    return cells


def _exceeds_a_day(column: Any, units: int) -> bool:
    seconds = _numbers(column.cast("int64")) / units
    return bool(np.any((seconds < 0) | (seconds >= _SECONDS_OF_A_DAY)))


def _numbers(column: Any) -> Array:
    # Beyond 2**53 the last digits are lost, as they are in a CSV file.
    numbers = column if column.type == "float64" else column.cast("float64", safe=False)
    return np.array(numbers.to_numpy(), np.float64)
