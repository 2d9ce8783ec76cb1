"""Kinds of columns with numeric values: conversion of their cells to numbers, and of numbers to cells.

A number, a boolean or a date is one number, NaN if missing (`ValueColumn`). A datetime, a date with a time of day, has
four more, sine and cosine of the hour of the day and of the day of the week (`DatetimeColumn`), or only these
(`CycleColumn`). Columns of text are in `anomaly.preprocessing.columns.categories`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, ClassVar

import numpy as np

from anomaly.errors import DataError, format_value
from anomaly.preprocessing.columns.parsing import (
    BOOLEAN_PAIRS,
    MICROSECONDS_PER_DAY,
    UnreadableError,
    category_text,
    parse_boolean,
    parse_days,
    parse_each,
    parse_numbers,
)
from anomaly.tables.cells import text_array
from nnlite.types import Array

_SAMPLE = 100
# Days from the first to the last training value, from which all hours, or all days of the week, occur.
_ALL_HOURS, _ALL_WEEKDAYS = 23 / 24, 6.0
_MINUTES = 24 * 60
_EPOCH = date(1970, 1, 1).toordinal()
_FIRST_DAY, _LAST_DAY = date.min.toordinal() - _EPOCH, date.max.toordinal() - _EPOCH


class ValueColumn(ABC):
    """A column whose cells are converted to one number, or to several that are functions of it.

    Parameters
    ----------
    name : str
        Name of the column.
    resolution : int, optional
        All training values are multiples of 1 / resolution. None if they have no known resolution.
    """

    kind: ClassVar[str]
    expected: ClassVar[str]
    cycles: ClassVar[tuple[str, ...]] = ()
    """Names of the arrays of `cycles_of`; most kinds of columns have no cycles."""
    resolutions: ClassVar[tuple[int, ...]] = ()
    """Resolutions to be tested, the coarsest first."""

    def __init__(self, name: str, resolution: int | None = None) -> None:
        self.name = name
        self.resolution = resolution

    @staticmethod
    @abstractmethod
    def parse(cells: Array) -> Array:
        """Convert cells to float64 numbers, NaN if missing; raise `UnreadableError` for a cell of another kind."""

    @staticmethod
    @abstractmethod
    def restore(numbers: Array) -> Array:
        """Convert numbers to cells, the inverse of `parse`."""

    @staticmethod
    def cycles_of(numbers: Array) -> list[Array]:  # noqa: ARG004
        """Return cyclic functions of the numbers of `parse`, NaN where these are."""
        return []

    @classmethod
    def infer(cls, name: str, cells: Array) -> tuple[ValueColumn, Array] | None:
        """Return a column of this kind and its numbers, or None if a training value is of another kind."""
        try:
            return cls(name), cls.parse(cells)
        except UnreadableError:
            return None

    def numbers_of(self, numbers: Array) -> list[Array]:
        """Return all numbers that are features: those of `parse`, and their cycles."""
        return [numbers, *self.cycles_of(numbers)]

    @property
    def number_names(self) -> tuple[str, ...]:
        """Name of each array of `numbers_of`."""
        return self.name, *(f"{self.name} ({cycle})" for cycle in self.cycles)

    def value_of(self, numbers: Array) -> Array:
        """Return the number of each row, the inverse of `numbers_of`.

        Parameters
        ----------
        numbers : ndarray of float of shape (n_numbers, n_rows)
            Numbers of the column.
        """
        return np.asarray(numbers[0])

    def learn_resolution(self, numbers: Array) -> None:
        """Fit the coarsest resolution of which all training values are multiples, if any."""
        present = numbers[np.isfinite(numbers)]
        matches = (resolution for resolution in self.resolutions if _are_multiples(present, resolution))
        self.resolution = next(matches, None) if len(present) else None

    def rounded(self, numbers: Array) -> Array:
        """Return numbers rounded to the resolution, to correct the rounding errors of float32 features."""
        if self.resolution is None:
            return numbers
        with np.errstate(over="ignore"):  # `restore` clips dates to the years 1 to 9999
            return np.asarray(np.rint(numbers * self.resolution) / self.resolution + 0.0)  # no -0

    def summary(self, median: float) -> str:
        """Return a text that describes the training values by their median."""
        value = self.restore(np.array([median]))[0]
        # Rounded to 15 digits, the mean of two decimal numbers has no rounding error.
        return f"median {format_value(float(f'{value:.15g}') if isinstance(value, float) else value)}"

    def get_config(self) -> dict[str, Any]:
        """Return the attributes of the column, as JSON values."""
        config: dict[str, Any] = {"kind": self.kind, "name": self.name}
        return config if self.resolution is None else {**config, "resolution": self.resolution}

    def read(self, cells: Array, position: Callable[[int], str]) -> Array:
        """Return the number of each cell.

        Parameters
        ----------
        cells : ndarray of shape (n_rows,)
            Values of the column.
        position : callable
            Maps the index of a row to its position, for errors, as `anomaly.tables.Table.position`.

        Returns
        -------
        ndarray of float64 of shape (n_rows,)
            Numbers, NaN if missing.

        Raises
        ------
        DataError
            If a cell is not of the kind of the column; the message contains its position.
        """
        try:
            return self.parse(cells)
        except UnreadableError as error:
            raise DataError(
                f"{position(error.index)}, column {self.name!r}: found {format_value(cells[error.index])}, expected "
                f"{self.expected}; if the column contains categories, name it as categorical when fitting"
            ) from None


class NumberColumn(ValueColumn):
    """A column of numbers, also as text.

    Examples
    --------
    >>> import numpy as np
    >>> NumberColumn.parse(np.array(["3", "2.5e3", "NA", None], dtype=object)).tolist()
    [3.0, 2500.0, nan, nan]
    """

    kind = "number"
    expected = "a number"
    resolutions: ClassVar[tuple[int, ...]] = (1,)

    @classmethod
    def learn_all(cls, names: Sequence[str], matrix: Array) -> list[NumberColumn]:
        """Fit a column of numbers to each column of a matrix."""
        columns = [cls(name) for name in names]
        for column, values in zip(columns, matrix.T, strict=True):
            column.learn_resolution(values)
        return columns

    @staticmethod
    def parse(cells: Array) -> Array:
        """Return the numbers; booleans are 1 and 0."""
        if cells.dtype.kind in "fb":
            return cells.astype(np.float64, copy=False)
        if cells.dtype.kind == "M":
            return _only_missing(cells)
        return parse_numbers(cells)

    @staticmethod
    def restore(numbers: Array) -> Array:
        """Return the numbers."""
        return numbers


class BooleanColumn(ValueColumn):
    """A column of booleans, also as text in pairs such as true and false, yes and no. They are converted to 1 and 0.

    Examples
    --------
    >>> import numpy as np
    >>> BooleanColumn.parse(np.array(["Yes", "no", ""], dtype=object)).tolist()
    [1.0, 0.0, nan]
    """

    kind = "boolean"
    expected = "true or false"

    @classmethod
    def infer(cls, name: str, cells: Array) -> tuple[ValueColumn, Array] | None:
        """Return a column if the values are True and False, or both words of a pair."""
        return super().infer(name, cells) if _looks_boolean(cells) else None

    @staticmethod
    def parse(cells: Array) -> Array:
        """Return 1 for true and 0 for false."""
        if cells.dtype.kind == "M":
            return _only_missing(cells)
        if cells.dtype.kind == "O":
            return parse_each(cells, parse_boolean)
        numbers = cells.astype(np.float64, copy=False)
        invalid = np.flatnonzero((numbers != 0) & (numbers != 1) & ~np.isnan(numbers))
        if len(invalid):
            raise UnreadableError(int(invalid[0]))
        return numbers

    @staticmethod
    def restore(numbers: Array) -> Array:
        """Return True for numbers of at least one half; text if some are missing."""
        if np.isnan(numbers).any():
            words = (None if x != x else "true" if x >= 0.5 else "false" for x in numbers.tolist())
            return text_array(words, len(numbers))
        return numbers >= 0.5


class DateColumn(ValueColumn):
    """A column of dates, also as ISO 8601 text. They are converted to days since the start of 1970, in UTC.

    Examples
    --------
    >>> import numpy as np
    >>> DateColumn.parse(np.array(["1970-01-02", "1970-01-02 12:00:00"], dtype=object)).tolist()
    [1.0, 1.5]
    """

    kind = "date"
    expected = "a date such as 2024-12-31 or 2024-12-31 23:59:59"
    resolutions: ClassVar[tuple[int, ...]] = (1, 24, 24 * 60, 24 * 60 * 60)

    @classmethod
    def infer(cls, name: str, cells: Array) -> tuple[ValueColumn, Array] | None:
        """Return a column of dates, or of datetimes if any value has a time of day."""
        inferred = super().infer(name, cells)
        if inferred is None or not _has_times(inferred[1]):
            return inferred
        return DatetimeColumn(name), inferred[1]

    @staticmethod
    def parse(cells: Array) -> Array:
        """Return days since the start of 1970 in UTC, the time of day as a fraction."""
        if cells.dtype.kind == "O":
            return parse_each(cells, parse_days)
        if cells.dtype.kind != "M":
            return _only_missing(cells)
        datetimes = cells.astype("M8[us]")
        days = datetimes.astype(np.int64) / MICROSECONDS_PER_DAY
        return np.where(np.isnat(datetimes), np.nan, days)

    @staticmethod
    def restore(numbers: Array) -> Array:
        """Return datetimes, rounded to microseconds and clipped to the years 1 to 9999."""
        missing = np.isnan(numbers)
        days = np.clip(np.where(missing, 0.0, numbers), _FIRST_DAY, _LAST_DAY)
        datetimes: Array = np.rint(days * MICROSECONDS_PER_DAY).astype(np.int64).astype("M8[us]")
        datetimes[missing] = np.datetime64("NaT")
        return datetimes


class DatetimeColumn(DateColumn):
    r"""A column of dates with a time of day: days since the start of 1970, and their position in the day and the week.

    The features of 23:59 and 00:01 must be close to each other, and likewise those of Sunday and Monday. Therefore hour
    and day of the week are points on a circle: with t in days, the sine and cosine of :math:`2 \pi t` for the hour, and
    of :math:`2 \pi t / 7` for the day of the week. Hours are those of UTC if the cells have a time zone, and otherwise
    those of the cells.

    Examples
    --------
    >>> import numpy as np
    >>> noon_on_a_monday = DatetimeColumn.parse(np.array(["1970-01-05 12:00"], dtype=object))
    >>> hour_sin, hour_cos, *_ = DatetimeColumn.cycles_of(noon_on_a_monday)
    >>> hour_sin.round(3).tolist(), hour_cos.round(3).tolist()
    ([0.0], [-1.0])
    """

    kind = "datetime"
    cycles = ("hour, sine", "hour, cosine", "weekday, sine", "weekday, cosine")

    @staticmethod
    def cycles_of(numbers: Array) -> list[Array]:
        """Return sine and cosine of the hour of the day, and of the day of the week."""
        # Reduced to one day or week first, since the sine of a large number has fewer correct digits.
        angles = (2 * np.pi * (numbers % 1.0), 2 * np.pi / 7 * (numbers % 7.0))
        return [wave(angle) for angle in angles for wave in (np.sin, np.cos)]


class CycleColumn(DatetimeColumn):
    """A column of datetimes whose features are the hour of the day and the day of the week alone.

    The date of a later record would lie beyond all training records. So would its day of the week if the training
    records span less than a week: then the hour is the only feature.

    Parameters
    ----------
    name : str
        Name of the column.
    weekday : bool, default True
        Whether the day of the week is a feature.
    """

    resolutions: ClassVar[tuple[int, ...]] = ()

    def __init__(self, name: str, weekday: bool = True) -> None:
        super().__init__(name)
        self.weekday = weekday

    @classmethod
    def learn(cls, name: str, numbers: Array) -> CycleColumn | None:
        """Fit a column to the cycles that the training values span; None if they span none."""
        span = np.ptp(numbers[~np.isnan(numbers)])
        return cls(name, bool(span >= _ALL_WEEKDAYS)) if span >= _ALL_HOURS else None

    @staticmethod
    def restore(numbers: Array) -> Array:
        """Return missing datetimes, since hour and day of the week do not determine a date."""
        return np.full(len(numbers), np.datetime64("NaT"), dtype="M8[us]")

    def restore_near(self, cycles: Sequence[Array], days: Array) -> Array:
        """Return the datetimes with the given hours, and days of the week, that are nearest to others, to the minute.

        Parameters
        ----------
        cycles : sequence of ndarray of float64 of shape (n_rows,)
            Sine and cosine of the hour of the day, and of the day of the week if that is a feature.
        days : ndarray of float64 of shape (n_rows,)
            The other datetimes, in days since the start of 1970; NaN is missing.

        Returns
        -------
        ndarray of datetime64[us] of shape (n_rows,)
            Missing where the others are.

        Examples
        --------
        >>> import numpy as np
        >>> column = CycleColumn("at", weekday=False)
        >>> column.restore_near(column.cycles_of(np.array([0.5]))[:2], np.array([10.1])).astype("M8[m]").tolist()
        [datetime.datetime(1970, 1, 11, 12, 0)]
        """
        hours = _position(cycles[0], cycles[1])
        whole = np.floor(days)
        if self.weekday:
            weekdays = np.rint(7 * _position(cycles[2], cycles[3]) - hours)
            whole = whole + (weekdays - whole + 3) % 7 - 3
        return super().restore(whole + np.rint(hours * _MINUTES) / _MINUTES)

    def numbers_of(self, numbers: Array) -> list[Array]:
        """Return sine and cosine of the hour of the day, and of the day of the week if that is a feature."""
        return self.cycles_of(numbers)[: 4 if self.weekday else 2]

    @property
    def number_names(self) -> tuple[str, ...]:
        """Name of each array of `numbers_of`."""
        return super().number_names[1 : 5 if self.weekday else 3]

    def summary(self, median: float) -> str:  # noqa: ARG002
        """Return a text that names the features."""
        return "hour and weekday" if self.weekday else "hour"

    def get_config(self) -> dict[str, Any]:
        """Return the attributes of the column, as JSON values."""
        return {**super().get_config(), "date": False, "weekday": self.weekday}


INFERRED_COLUMNS: tuple[type[ValueColumn], ...] = (BooleanColumn, NumberColumn, DateColumn)
"""Kinds of columns in the order of their inference; a column of none of them contains categories."""
VALUE_COLUMNS: dict[str, type[ValueColumn]] = {
    column.kind: column for column in (BooleanColumn, NumberColumn, DateColumn, DatetimeColumn)
}


class IgnoredColumn:
    """A column that must be present in the table and has no features; its cells may hold anything.

    Parameters
    ----------
    name : str
        Name of the column.
    """

    kind: ClassVar[str] = "ignored"

    def __init__(self, name: str) -> None:
        self.name = name

    def get_config(self) -> dict[str, Any]:
        """Return the attributes of the column, as JSON values."""
        return {"kind": self.kind, "name": self.name}


def _position(sine: Array, cosine: Array) -> Array:
    """Return the position in a cycle, from 0 to 1."""
    return np.asarray(np.arctan2(sine, cosine) / (2 * np.pi) % 1.0)


def side_by_side(columns: Sequence[Array], n_rows: int) -> Array:
    """Return columns of numbers as one matrix of shape (n_rows, n_columns), Fortran-contiguous."""
    matrix = np.empty((n_rows, len(columns)), order="F")
    for target, column in zip(matrix.T, columns, strict=True):
        target[:] = column
    return matrix


def _are_multiples(numbers: Array, resolution: int) -> bool:
    """Return whether numbers are multiples of 1 / resolution, up to rounding errors."""
    for values in (numbers[:_SAMPLE], numbers):  # a few values are enough to reject most columns
        with np.errstate(over="ignore", invalid="ignore"):
            counts = values * resolution
            if not (np.abs(counts - np.rint(counts)) <= 2 * np.finfo(np.float64).eps * np.abs(counts)).all():
                return False
    return True


def _has_times(days: Array) -> bool:
    return bool((days[~np.isnan(days)] % 1.0 != 0.0).any())


def _looks_boolean(cells: Array) -> bool:
    """Return whether the values are the two words of a pair: a single word may be the only frequent category."""
    if cells.dtype.kind != "O":
        return cells.dtype.kind == "b"
    distinct = set(cells)
    if len(distinct) > 50:  # more than two words in every spelling, and all texts of a missing value
        return False
    words = {text.lower() for text in map(category_text, distinct) if text is not None}
    return any(words == set(pair) for pair in BOOLEAN_PAIRS)


def _only_missing(cells: Array) -> Array:
    """Return NaN for each cell of a column of another type if all are missing; otherwise raise UnreadableError."""
    present = np.flatnonzero(cells == cells)
    if len(present):
        raise UnreadableError(int(present[0]))
    return np.full(len(cells), np.nan)
