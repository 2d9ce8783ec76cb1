"""Kinds of columns with numeric values: conversion of their cells to numbers, and of numbers to cells.

A number or a boolean is one number, NaN if missing (`ValueColumn`). Dates are in
`anomaly.preprocessing.columns.date_columns`, and columns of text in `anomaly.preprocessing.columns.categories`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from anomaly.errors import DataError, format_value
from anomaly.preprocessing.columns.parsing import (
    BOOLEAN_PAIRS,
    UnreadableError,
    category_text,
    parse_boolean,
    parse_each,
    parse_number,
    parse_numbers,
)
from anomaly.tables.cells import text_array
from anomaly.tables.coded import decimal_of
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.preprocessing.columns.forms import Form

_SAMPLE = 100
_MOST_WORDS = 50
"""More distinct texts than the words for booleans have in every spelling, and missing values have."""
_ALL_PAIRS = (*BOOLEAN_PAIRS, ("on", "off"), ("1", "0"))


class ValueColumn(ABC):
    """A column whose cells are converted to one number, or to several that are functions of it.

    Parameters
    ----------
    name : str
        Name of the column.
    resolution : int, optional
        All training values are multiples of 1 / resolution. None if they have no known resolution.
    form : Form, optional
        Form of cells of another spelling than those of `parse`, see `anomaly.preprocessing.columns.forms`.
    """

    kind: ClassVar[str]
    expected: ClassVar[str]
    cycles: ClassVar[tuple[str, ...]] = ()
    """Names of the arrays of `cycles_of`; most kinds of columns have no cycles."""
    resolutions: ClassVar[tuple[int, ...]] = ()
    """Resolutions to be tested, the coarsest first."""

    def __init__(self, name: str, resolution: int | None = None, form: Form | None = None) -> None:
        self.name = name
        self.resolution = resolution
        self.form = form

    def to_numbers(self, cells: Array) -> Array:
        """Convert cells of the form of the column to float64 numbers; see `parse`."""
        if self.form is None:
            return self.parse(cells)
        from anomaly.preprocessing.columns.forms import read_cells

        return read_cells(self.form, cells)

    @property
    def expectation(self) -> str:
        """What a cell must be, for errors."""
        return self.expected if self.form is None else self.form.expected

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
        text = f"median {format_value(float(f'{value:.15g}') if isinstance(value, float) else value)}"
        return "; ".join([text, *self._form_summary])

    @property
    def _form_summary(self) -> list[str]:
        return [] if self.form is None or not self.form.summary else [self.form.summary]

    def get_config(self) -> dict[str, Any]:
        """Return the attributes of the column, as JSON values."""
        config: dict[str, Any] = {"kind": self.kind, "name": self.name}
        if self.resolution is not None:
            config["resolution"] = self.resolution
        return config if self.form is None else {**config, "form": self.form.get_config()}

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
            return self.to_numbers(cells)
        except UnreadableError as error:
            raise DataError(
                f"{position(error.index)}, column {self.name!r}: found {format_value(cells[error.index])}, expected "
                f"{self.expectation}; {self._remedy(cells[error.index])}"
            ) from None

    def _remedy(self, cell: Any) -> str:
        """Return what to do about a cell that is not of the kind of the column."""
        if self.kind == "number" and isinstance(cell, str) and parse_number(cell.replace(",", ".")) is not None:
            return (
                "if the comma is the decimal point, read the file with decimal=',' (on the command line: --decimal ,)"
            )
        return "if the column contains categories, name it as categorical when fitting"


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
            return only_missing(cells)
        if decimal_of(cells) == ",":
            # The file was read as text, and said so of its decimal point.
            texts = (cell.replace(",", ".") if isinstance(cell, str) else cell for cell in cells.tolist())
            cells = text_array(texts, len(cells))
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
            return only_missing(cells)
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


class IgnoredColumn:
    """A column that must be present in the table and has no features; its cells may hold anything.

    Parameters
    ----------
    name : str
        Name of the column.
    reason : str, default ""
        Why it has none; not known from files of earlier versions.
    """

    kind: ClassVar[str] = "ignored"

    def __init__(self, name: str, reason: str = "") -> None:
        self.name = name
        self.reason = reason

    def get_config(self) -> dict[str, Any]:
        """Return the attributes of the column, as JSON values."""
        return {"kind": self.kind, "name": self.name, **({"reason": self.reason} if self.reason else {})}


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


def _looks_boolean(cells: Array) -> bool:
    """Return whether the values are the two words of a pair: a single word may be the only frequent category.

    Or words of several pairs, of which one is complete; a letter alone may be a code.
    """
    if cells.dtype.kind != "O":
        return cells.dtype.kind == "b"
    words = boolean_words(cells)
    if len(words) < 3:
        return any(words == set(pair) for pair in BOOLEAN_PAIRS)
    pairs = [pair for pair in _ALL_PAIRS if words >= set(pair)]
    single = words.difference(*pairs)
    return bool(pairs) and not any(len(word) == 1 and word.isalpha() for word in single)


def boolean_words(cells: Array) -> set[str]:
    """Return the words of a column of booleans, in lower case; none if any value is no such word.

    Examples
    --------
    >>> import numpy as np
    >>> sorted(boolean_words(np.array(["Yes", "1", "", "no"], dtype=object)))
    ['1', 'no', 'yes']
    """
    distinct = set(cells) if cells.dtype.kind == "O" else set()
    if len(distinct) > _MOST_WORDS:
        return set()
    words = {text.lower().removesuffix(".0") for text in map(category_text, distinct) if text is not None}
    return words if all(parse_boolean(word) is not None for word in words) else set()


def only_missing(cells: Array) -> Array:
    """Return NaN for each cell of a column of another type if all are missing; otherwise raise UnreadableError."""
    present = np.flatnonzero(cells == cells)
    if len(present):
        raise UnreadableError(int(present[0]))
    return np.full(len(cells), np.nan)
