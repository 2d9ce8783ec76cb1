"""Conversion of the data frames of pandas and polars, by their attributes: neither is imported."""

from __future__ import annotations

from typing import Any

import numpy as np

from anomaly.tables.cells import as_column
from nnlite.types import Array


def is_frame(data: Any) -> bool:
    """Return whether an object is a data frame."""
    return all(hasattr(data, part) for part in ("columns", "dtypes", "to_numpy"))


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
        Of dtype float64, bool, datetime64 (in UTC) or object.
    """
    kind = getattr(series.dtype, "kind", None)
    if kind is None or isinstance(series.dtype, np.dtype):
        return as_column(series.to_numpy(), name)
    if kind in "fiu":
        return as_column(series.to_numpy(dtype="float64", na_value=np.nan), name)
    if kind == "M":
        return as_column(series.to_numpy(dtype="datetime64[us]"), name)
    return as_column(series.to_numpy(dtype=object), name)


def declares_categories(dtype: Any) -> bool:
    """Return whether a column's dtype declares categories, whatever the values look like."""
    return str(dtype).lower().startswith(("category", "categorical", "enum"))
