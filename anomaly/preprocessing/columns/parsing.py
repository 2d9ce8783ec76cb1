"""Parsing of the text in a table: missing values, numbers, booleans, dates and categories."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np

from anomaly.tables.cells import MISSING_TEXTS, number_text
from anomaly.tables.coded import coding_of
from anomaly.tables.patterns import DelayedPattern
from nnlite.types import Array

BOOLEAN_PAIRS = (("true", "false"), ("yes", "no"), ("t", "f"), ("y", "n"))
"""Words for True and False, in lower case."""

MICROSECONDS_PER_DAY = 86_400_000_000

_BOOLEANS = {
    **{word: 1.0 - index for pair in BOOLEAN_PAIRS for index, word in enumerate(pair)},
    **{"1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0, "on": 1.0, "off": 0.0},
}
_DATE = DelayedPattern(
    r"(\d{4})([-/])(\d\d)\2(\d\d)"
    r"(?:[T ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d(?:[.,]\d{1,9})?))?"
    r" ?(Z|UTC|([+-])(\d\d):?(\d\d)?)?)?",
    re.ASCII,
)
_EPOCH = date(1970, 1, 1).toordinal()


class UnreadableError(Exception):
    """Error of a cell that is not of the kind of its column.

    Parameters
    ----------
    index : int
        Index of the row, counted from 0.
    """

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


def parse_each(cells: Array, parse: Callable[[str], float | None]) -> Array:
    """Parse a column of text, each distinct value once.

    Parameters
    ----------
    cells : ndarray of object of shape (n_rows,)
        Text; None and `MISSING_TEXTS` are missing.
    parse : callable
        Returns the number that a text represents, or None if it represents none.

    Returns
    -------
    ndarray of float64 of shape (n_rows,)
        NaN where missing.

    Raises
    ------
    UnreadableError
        With the first row whose text represents no number.
    """
    distinct, indices = distinct_cells(cells)
    numbers = np.empty(len(distinct))
    for index, cell in enumerate(distinct):
        text = category_text(cell)
        number = np.nan if text is None else parse(text)
        if number is None:
            raise UnreadableError(int(np.flatnonzero(indices == index)[0]))
        numbers[index] = number
    return numbers[indices]


def parse_numbers(cells: Array) -> Array:
    """Parse a column of numbers as text, as `parse_each` with `parse_number`, but many times faster."""
    coded = coding_of(cells)
    if coded is not None:
        return parse_each(cells, parse_number)
    texts = cells.tolist()
    try:
        numbers = _convert_numbers(texts)
    except ValueError:
        try:
            numbers = _convert_numbers([None if text in MISSING_TEXTS else text for text in texts])
        except ValueError:
            return parse_each(cells, parse_number)
    # NumPy parses underscores as Python does, see parse_number.
    return parse_each(cells, parse_number) if "_" in "".join(filter(None, texts)) else numbers


def _convert_numbers(texts: list[str | None]) -> Array:
    return np.array(texts, dtype=np.object_).astype(np.float64)


def parse_number(text: str) -> float | None:
    """Parse a number: an integer, a decimal number or one in scientific notation.

    Python also parses 1_000 as a number; in a table it is more likely to be a name.

    Examples
    --------
    >>> parse_number("2.5e3"), parse_number("1_000")
    (2500.0, None)
    """
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def parse_boolean(text: str) -> float | None:
    """Parse a boolean as 1 or 0.

    Examples
    --------
    >>> parse_boolean("Yes"), parse_boolean("f"), parse_boolean("maybe")
    (1.0, 0.0, None)
    """
    return _BOOLEANS.get(text.lower())


def parse_days(text: str) -> float | None:
    """Parse a date of ISO 8601, with or without time of day and time zone, as days since the start of 1970 in UTC.

    Examples
    --------
    >>> parse_days("1970-01-02"), parse_days("1970-01-02 12:00:00"), parse_days("1970-01-01T02:00+02:00")
    (1.0, 1.5, 0.0)
    """
    moment = parse_moment(text)
    return None if moment is None else (moment[0] - (moment[1] or 0)) / MICROSECONDS_PER_DAY


def parse_moment(text: str) -> tuple[int, int | None] | None:
    """Parse a date of ISO 8601 as microseconds since the start of 1970 on its own clock, and the offset of that clock.

    Returns
    -------
    tuple of (int, int or None), or None
        The time on the clock as it is written, and by how much the clock is ahead of UTC, None where no zone is
        written. None for text that is no date.

    Examples
    --------
    >>> parse_moment("1970-01-01T02:00+02:00"), parse_moment("1970-01-01 00:00:01")
    ((7200000000, 7200000000), (1000000, None))
    """
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, _, month, day, hour, minute, second, zone, sign, zone_hour, zone_minute = match.groups("0")
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH
    except ValueError:
        return None
    offset = 60_000_000 * (60 * int(zone_hour) + int(zone_minute)) * (-1 if sign == "-" else 1)
    microseconds = round(float(second.replace(",", ".")) * 1e6) + 60_000_000 * (60 * int(hour) + int(minute))
    return days * MICROSECONDS_PER_DAY + microseconds, None if zone == "0" else offset


def category_text(value: Any) -> str | None:
    """Return the text of a cell as a category, or None if it is missing.

    Examples
    --------
    >>> category_text(" red "), category_text(3.0), category_text("N/A")
    ('red', '3', None)
    """
    if isinstance(value, str):
        text = value.strip()
        return None if text in MISSING_TEXTS else text
    if isinstance(value, float):
        return None if value != value else number_text(value)
    return None if value is None else str(value)


def category_number(text: str) -> float | None:
    """Return the number of a category whose text is a number or a boolean (1 and 0), or None."""
    return {"True": 1.0, "False": 0.0}.get(text, parse_number(text))


def distinct_cells(cells: Array) -> tuple[list[Any], Array]:
    """Return the distinct values of a column, and for each row the index of its value.

    Examples
    --------
    >>> import numpy as np
    >>> values, indices = distinct_cells(np.array(["b", "a", "b"], dtype=object))
    >>> values, indices.tolist()
    (['b', 'a'], [0, 1, 0])
    """
    coded = coding_of(cells)
    if coded is not None:
        return list(coded[0]), coded[1]
    if cells.dtype.kind == "O":
        order = {value: index for index, value in enumerate(dict.fromkeys(cells))}
        indices = np.fromiter(map(order.__getitem__, cells), dtype=np.intp, count=len(cells))
        return list(order), indices
    values, indices = np.unique(cells, return_inverse=True)
    if cells.dtype.kind == "M":
        texts = np.datetime_as_string(values).tolist()
        return [None if text == "NaT" else text for text in texts], indices
    return values.tolist(), indices


def missing_cells(cells: Array) -> Array:
    """Return which cells of a column are missing.

    Parameters
    ----------
    cells : ndarray of shape (n_rows,)
        Numbers, dates, booleans or text; None, NaN, NaT and `MISSING_TEXTS` are missing.

    Returns
    -------
    ndarray of bool of shape (n_rows,)
        True where missing.

    Examples
    --------
    >>> import numpy as np
    >>> missing_cells(np.array([1.0, np.nan])).tolist(), missing_cells(np.array(["a", "N/A", None], object)).tolist()
    ([False, True], [False, True, True])
    """
    if cells.dtype.kind == "f":
        return np.asarray(np.isnan(cells))
    distinct, indices = distinct_cells(cells)
    return np.array([category_text(value) is None for value in distinct], np.bool_)[indices]
