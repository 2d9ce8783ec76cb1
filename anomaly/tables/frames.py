"""Reading data frames of pandas and polars by what they can do, importing neither."""

from __future__ import annotations

from typing import Any

import numpy as np

from anomaly.tables.cells import as_column
from nnlite.types import Array


def is_frame(data: Any) -> bool:
    """Tell whether an object is a data frame."""
    return all(hasattr(data, part) for part in ("columns", "dtypes", "to_numpy"))


def is_series(data: Any) -> bool:
    """Tell whether an object is one column of a data frame."""
    return all(hasattr(data, part) for part in ("name", "dtype", "to_numpy"))


def frame_matrix(frame: Any) -> Array | None:
    """Return the cells of a frame that holds plain numbers alone, as one array; of any other frame, None."""
    if not all(map(_is_plain_number, frame.dtypes)):
        return None
    matrix: Array = frame.to_numpy()
    return matrix if matrix.dtype.kind in "fiu" else None


def _is_plain_number(dtype: Any) -> bool:
    if isinstance(dtype, np.dtype):
        return dtype.kind in "fiu"
    # pandas' own dtypes have a `kind`, as NumPy's do; those of polars answer questions instead.
    is_polars = hasattr(dtype, "is_numeric")
    return is_polars and bool(dtype.is_numeric()) and not dtype.is_decimal()


def series_as_column(series: Any, name: str) -> Array:
    """Convert one column of a data frame to one that a table holds.

    Parameters
    ----------
    series : pandas or polars Series
        Of any dtype: nullable, categorical, with a time zone, or backed by Arrow.
    name : str
        The column's name, for messages.

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
    """Tell whether a column's dtype says that its values are categories, whatever they look like."""
    return str(dtype).lower().startswith(("category", "categorical", "enum"))
