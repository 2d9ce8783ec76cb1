"""Conversion of the data frames of pandas and polars, by their attributes: neither is imported."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from anomaly.errors import DataError
from anomaly.tables.cells import as_column
from anomaly.tables.zoned import with_zone, zone_of_dtype
from nnlite.types import Array


def is_frame(data: Any) -> bool:
    """Return whether an object is a data frame."""
    return all(hasattr(data, part) for part in ("to_numpy", "columns", "dtypes"))


def as_frame(data: Any) -> Any:
    """Return the data frame that an object stands for, and the object itself if it stands for none.

    Queries that are not run yet are run: lazy frames of polars and narwhals, and relations of DuckDB. A frame of
    narwhals is that of the library below it. What exports Arrow's C stream is read by a library that is loaded already
    and can read it: pyarrow, which knows all types, or polars.

    Parameters
    ----------
    data : object
        Any input of `anomaly.tables.as_table`.

    Raises
    ------
    DataError
        If a query does not become a frame, or no library is loaded that reads Arrow's C stream.
    """
    if is_frame(data):
        return data
    # Of the class, since a lazy frame that is asked for its columns begins to work.
    has_columns = hasattr(type(data), "columns")
    if has_columns and hasattr(data, "to_native"):
        return as_frame(data.to_native())
    if callable(getattr(data, "fetchnumpy", None)):
        return data.fetchnumpy()
    if has_columns and callable(getattr(data, "collect", None)):
        collected = data.collect()
        if not is_frame(collected):
            raise DataError(
                f"expected a table, found {type(data).__name__}, a query whose collect() gives "
                f"{type(collected).__name__}: make it a data frame first (with collect() or toPandas())"
            )
        return collected
    return _from_arrow(data) if hasattr(data, "__arrow_c_stream__") and not is_series(data) else data


def _from_arrow(data: Any) -> Any:
    polars, arrow = sys.modules.get("polars"), sys.modules.get("pyarrow")
    if arrow is not None:
        from anomaly.tables.arrow_tables import arrow_as_table

        return arrow_as_table(arrow.table(data), type(data).__name__, arrow)
    if polars is not None:
        return polars.DataFrame(data)
    raise DataError(
        f"expected a table, found {type(data).__name__}, which exports Arrow data: import polars or pyarrow, which "
        "read them, or make it a data frame first"
    )


def is_series(data: Any) -> bool:
    """Return whether an object is one column of a data frame."""
    return all(hasattr(data, part) for part in ("name", "dtype", "to_numpy"))


def frame_matrix(frame: Any) -> Array | None:
    """Return the cells of a frame as one array if all its columns are plain numbers, otherwise None."""
    if not all(map(_is_plain_number, frame.dtypes)):
        return None
    matrix: Array = frame.to_numpy()
    return matrix if matrix.dtype.kind in "fiu" else None


def _is_plain_number(dtype: Any) -> bool:
    if isinstance(dtype, np.dtype):
        return dtype.kind in "fiu"
    # The dtypes of pandas have a `kind`, as NumPy's do; those of polars have predicates instead.
    is_polars = hasattr(dtype, "is_numeric")
    return is_polars and bool(dtype.is_numeric()) and not dtype.is_decimal()


def series_as_column(series: Any, name: str) -> Array:
    """Convert one column of a data frame to a column of a table.

    Parameters
    ----------
    series : pandas or polars Series
        Of any dtype: nullable, categorical, with a time zone, or backed by Arrow.
    name : str
        Name of the column, for error messages.

    Returns
    -------
    ndarray of shape (n_rows,)
        Of dtype float64, bool, datetime64 (in UTC, with the name of its zone) or object.
    """
    kind = getattr(series.dtype, "kind", None)
    if kind is None or isinstance(series.dtype, np.dtype):
        return with_zone(as_column(series.to_numpy(), name), zone_of_dtype(series.dtype))
    if kind in "fiu":
        return as_column(series.to_numpy(dtype="float64", na_value=np.nan), name)
    if kind == "M":
        return with_zone(as_column(series.to_numpy(dtype="datetime64[us]"), name), zone_of_dtype(series.dtype))
    return as_column(series.to_numpy(dtype=object), name)


def declares_categories(dtype: Any) -> bool:
    """Return whether a column's dtype declares categories, whatever the values look like."""
    return str(dtype).lower().startswith(("category", "categorical", "enum"))
