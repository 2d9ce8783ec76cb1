"""Cells of a file's columns as values: numbers, times or text."""

from __future__ import annotations

import numpy as np

from anomaly.preprocessing.columns.parsing import (
    MICROSECONDS_PER_DAY,
    UnreadableError,
    category_text,
    parse_days,
    parse_each,
    parse_numbers,
)
from nnlite.types import Array


def as_times(cells: Array) -> Array:
    """Return dates of ISO 8601 as datetime64[us] in UTC, NaT where missing.

    Parameters
    ----------
    cells : ndarray of object of shape (n,)
        Text; None is missing, as are texts such as NA.

    Raises
    ------
    UnreadableError
        With the first row that is no date.

    Examples
    --------
    >>> import numpy as np
    >>> as_times(np.array(["2024-03-01T12:00+01:00", None], dtype=object)).astype("M8[m]").tolist()
    [datetime.datetime(2024, 3, 1, 11, 0), None]
    """
    days = parse_each(cells, parse_days)
    times = np.full(len(days), "NaT", "M8[us]")
    known = np.isfinite(days)
    times[known] = (days[known] * MICROSECONDS_PER_DAY).round().astype("M8[us]")
    return times


def as_values(cells: Array) -> Array:
    """Return the cells of a column as numbers, times or text: what all of them are.

    Parameters
    ----------
    cells : ndarray of object of shape (n,)
        Text; None is missing, as are texts such as NA.

    Returns
    -------
    ndarray of shape (n,)
        float64, datetime64[us] in UTC or object; NaN, NaT or None where missing.

    Examples
    --------
    >>> import numpy as np
    >>> as_values(np.array(["2", "NA", "10"], dtype=object)).tolist()
    [2.0, nan, 10.0]
    """
    for parse in (parse_numbers, as_times):
        try:
            return parse(cells)
        except UnreadableError:
            continue
    return np.array([category_text(cell) for cell in cells], dtype=object)
