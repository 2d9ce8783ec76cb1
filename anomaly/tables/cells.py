"""Conversion of the cells of one column to an array of numbers, booleans, dates or text.

The columns of a table have one of four dtypes, each with its own missing value:

============  ==============================  =============
dtype         values                          missing value
============  ==============================  =============
float64       numbers                         NaN
bool          booleans                        none
datetime64    dates and times, in UTC         NaT
object        text (`str`)                    None
============  ==============================  =============
"""

from __future__ import annotations

import numbers
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any

import numpy as np

from anomaly.errors import DataError
from nnlite.types import Array

_MISSING_WORDS = (
    "n/a",
    "nan",
    "null",
    "#n/a",
    "<na>",
    "nat",
    "n.a.",
    "#na",
    "(null)",
    "no data",
    "nodata",
    "-nan",
)
MISSING_TEXTS = frozenset(
    ["", "NA", "na", "None", "<none>", "?", "-", "--", "---", ".", "..", "\\N", "#NULL!", "#DIV/0!", "#VALUE!", "#REF!"]
    + ["#NAME?", "#NUM!", "1.#QNAN", "1.#IND", "-1.#IND", "nan(ind)", "-nan(ind)", "\u2013", "\u2014", "N.A"]
    + [spelling for word in _MISSING_WORDS for spelling in (word, word.upper(), word.title())]
    + ["NaN", "NaT", "-NaN", "NoData", "N/a", "No data", "#n/A"]
)
"""Text of a missing value, as programs, databases, spreadsheets and loggers write it."""

# By name, because pandas has types of its own for missing values and is not imported here.
_MISSING_TYPES = ("NoneType", "NAType", "NaTType")
_PLAIN_TYPES = {float, int, bool, type(None)}
_NUMBER_TYPES = (numbers.Real, np.integer, np.floating)
_BOOLEAN_TYPES = (bool, np.bool_)
_DATE_TYPES = (date, np.datetime64)
_CONTAINER_TYPES = (list, tuple, dict, set, frozenset, np.ndarray, complex, np.complexfloating)


def as_column(values: Array, name: str) -> Array:
    """Convert a 1-D array of any dtype to a column of a table.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        Numbers, booleans, dates, text, or Python objects of these kinds. Durations become seconds. Masked values of a
        masked array are missing.
    name : str
        Name of the column, for error messages.

    Returns
    -------
    ndarray of shape (n_rows,)
        Of dtype float64, bool, datetime64 or object; `values` itself if no conversion is needed.

    Raises
    ------
    DataError
        If a value is of another kind, such as a complex number or a list.

    Examples
    --------
    >>> import numpy as np
    >>> as_column(np.array([1, None, 2.5], dtype=object), "amount").tolist()
    [1.0, nan, 2.5]
    >>> as_column(np.array(["red", None, 3], dtype=object), "color").tolist()
    ['red', None, '3']
    """
    if type(values) is not np.ndarray and isinstance(values, np.ma.MaskedArray):
        return objects_as_column(values.tolist(), name)  # tolist() turns masked values into None
    kind = values.dtype.kind
    if kind in "fiu":
        return values.astype(np.float64, copy=False)
    if kind in "bM":
        return values
    if kind == "m":
        return values / np.timedelta64(1, "s")
    if kind == "c":
        raise DataError(
            f"column {name!r}: Complex data not supported; give the real and the imaginary part as two columns"
        )
    if kind == "V":
        raise DataError(
            f"column {name!r} has dtype {values.dtype}: each cell must hold one value, not a record or an array"
        )
    return objects_as_column(values.tolist(), name)


def objects_as_column(values: Sequence[Any], name: str) -> Array:
    """Convert a sequence of Python objects to a column of a table.

    The column is numeric if all present values are numbers, and likewise for booleans and dates. Booleans beside
    numbers or missing values become the numbers 1 and 0. Any other mixture becomes text.

    Parameters
    ----------
    values : sequence
        One object per row.
    name : str
        Name of the column, for error messages.

    Returns
    -------
    ndarray of shape (n_rows,)
        Of dtype float64, bool, datetime64 or object.

    Raises
    ------
    DataError
        If a cell contains a container, a complex number, undecodable bytes, or a number too large for float64.
    """
    present = _present_types(values)
    if any(issubclass(t, timedelta) for t in present):
        values = [v.total_seconds() if isinstance(v, timedelta) and v == v else v for v in values]
        present = _present_types(values)
    if not present:
        return np.full(len(values), np.nan)
    if _all(present, _BOOLEAN_TYPES) and not any(map(_is_missing, values)):
        return np.array(values, dtype=np.bool_)
    if _all(present, _number_types() + _BOOLEAN_TYPES):
        return _numbers(values, name)
    # pandas marks missing text and missing dates by a NaN, too.
    values = [None if isinstance(v, (float, np.floating)) and v != v else v for v in values]
    if _all(_present_types(values), _DATE_TYPES):
        return _dates(values)
    return text_array((_text(v, index, name) for index, v in enumerate(values)), len(values))


def is_number_or_missing(value: Any) -> bool:
    """Return whether an object is a number, a boolean or a missing value.

    Examples
    --------
    >>> [is_number_or_missing(value) for value in (1, 0.5, True, None, "1", [1])]
    [True, True, True, True, False, False]
    """
    return isinstance(value, _number_types() + _BOOLEAN_TYPES) or _is_missing(value)


def _number_types() -> tuple[Any, ...]:
    # There is no Decimal before its module is imported, which takes a millisecond.
    decimal = sys.modules.get("decimal")
    return _NUMBER_TYPES if decimal is None else (*_NUMBER_TYPES, decimal.Decimal)


def number_text(number: float) -> str:
    """Return the text of a number as a category: integers without a decimal point.

    Examples
    --------
    >>> number_text(3.0), number_text(0.5)
    ('3', '0.5')
    """
    number = float(number) + 0.0  # -0 is 0
    return f"{number:.0f}" if number.is_integer() and abs(number) < 2**53 else repr(number)


def text_array(texts: Iterable[str | None], count: int) -> Array:
    """Return an object array of text; NumPy's own conversion would make it fixed-width."""
    return np.fromiter(texts, dtype=np.object_, count=count)


def _present_types(values: Sequence[Any]) -> set[type]:
    return {t for t in set(map(type, values)) if t.__name__ not in _MISSING_TYPES}


def _all(types: set[type], kinds: tuple[type, ...]) -> bool:
    return all(issubclass(t, kinds) for t in types)


def _is_missing(value: Any) -> bool:
    return type(value).__name__ in _MISSING_TYPES


def _numbers(values: Sequence[Any], name: str) -> Array:
    try:
        # NumPy takes None for NaN by itself, far sooner than cell by cell.
        if not set(map(type, values)) <= _PLAIN_TYPES:
            values = [np.nan if _is_missing(v) else v for v in values]
        return np.array(values, dtype=np.float64)
    except (OverflowError, ValueError) as error:
        raise DataError(f"column {name!r} contains a number that float64 cannot represent: {error}") from error


def _dates(values: Sequence[Any]) -> Array:
    return np.array([np.datetime64("NaT", "us") if _is_missing(v) else _as_datetime(v) for v in values], "M8[us]")


def _as_datetime(value: Any) -> Any:
    """Convert a date to UTC, since NumPy's datetimes have no time zone; one without a zone is kept as it is."""
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            value = value.astimezone(timezone.utc).replace(tzinfo=None)
        # By way of the text, since pandas' timestamps are datetimes with nanoseconds.
        return np.datetime64(value.isoformat(), "us")
    return np.datetime64(value, "us")


def _text(value: Any, index: int, name: str) -> str | None:
    if isinstance(value, str):
        return str(value)
    if _is_missing(value):
        return None
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataError(f"row {index + 1}, column {name!r}: found bytes that are not UTF-8 text") from error
    if isinstance(value, (*_BOOLEAN_TYPES, date)):
        return str(value)
    if isinstance(value, _number_types()):
        return number_text(float(value))
    if isinstance(value, _CONTAINER_TYPES):
        raise DataError(
            f"row {index + 1}, column {name!r}: found a {type(value).__name__}; expected one number, text, "
            "boolean or date"
        )
    return str(value)


def plain_cells(column: Array) -> list[Any]:
    """Return cells as Python's numbers, truth values and text: dates are text, and missing cells None.

    Examples
    --------
    >>> plain_cells(np.array([1.5, np.nan])), plain_cells(np.array(["2024-12-31", "NaT"], "M8[D]"))
    ([1.5, None], ['2024-12-31', None])
    """
    if column.dtype.kind == "M":
        return [None if text == "NaT" else text for text in np.datetime_as_string(column).tolist()]
    cells: list[Any] = column.tolist()
    return [None if cell != cell else cell for cell in cells] if column.dtype.kind == "f" else cells
