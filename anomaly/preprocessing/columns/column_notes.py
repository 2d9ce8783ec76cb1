"""Warnings of columns: one for each class and cause, with the names of the columns."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from anomaly.errors import (
    ConstantColumnWarning,
    DataWarning,
    FileFormWarning,
    IdentifierColumnWarning,
    SpellingWarning,
    format_names,
    format_value,
)
from anomaly.preprocessing.columns.population import Population
from anomaly.preprocessing.columns.values import ColumnEnd, kind_of_last_row
from nnlite.types import Array

_silent: ContextVar[tuple[type[DataWarning], ...]] = ContextVar("anomaly_silent_warnings", default=())


@contextmanager
def without_warnings(*categories: type[DataWarning]) -> Iterator[None]:
    """Give no warnings of columns of these classes in a block.

    Filters of `warnings` are of the whole process: to change them here would silence other threads, or show them what
    they ignore.
    """
    token = _silent.set(categories)
    try:
        yield
    finally:
        _silent.reset(token)


class ColumnNotes:
    """Warnings of columns, one for each class and cause."""

    def __init__(self) -> None:
        self._names: dict[tuple[type[DataWarning], str], list[str]] = {}

    def add(self, category: type[DataWarning], text: str, name: str = "") -> None:
        """Add a column to the warning of a text, which has ``{names}`` for the names of the columns."""
        self._names.setdefault((category, text), []).append(name)

    def add_all(self, notes: Iterable[tuple[type[DataWarning], str]]) -> None:
        """Add warnings of one column, with their classes."""
        for category, text in notes:
            self.add(category, text)

    def warn(self) -> None:
        """Give the warnings."""
        for (category, text), names in self._names.items():
            if issubclass(category, _silent.get()):
                continue
            warnings.warn(text.replace("{names}", format_names(names)), category, stacklevel=2)


def leave_out(name: str, reason: str, notes: ColumnNotes) -> None:
    """Warn of a column that is left out."""
    notes.add(
        IdentifierColumnWarning,
        f"left out: {{names}}, since {reason}; later values are new, whatever the records are. keep= (on the command "
        "line: --keep) uses such a column",
        name,
    )


def note_totals(
    numbers: Sequence[tuple[str, Array]], place: str, population: Population | None, notes: ColumnNotes
) -> None:
    """Warn of a last row that holds the sums or the means of the rows above it, as spreadsheets end with.

    Parameters
    ----------
    numbers : sequence of (str, ndarray of float64 of shape (n_rows,))
        Names and numbers of the columns that are numbers; NaN is missing.
    place : str
        Where the last row is.
    population : Population, optional
        What is known of all rows, where these are a sample.
    notes : ColumnNotes
        Where to add the warning.
    """
    if population is None:
        ends = [(name, ColumnEnd.of(values)) for name, values in numbers]
    else:
        place, ends = population.last_row, population.ends_of(name for name, _ in numbers)
    kind = kind_of_last_row([end for _, end in ends])
    if kind:
        notes.add(
            FileFormWarning,
            f"{place}, the last row, holds {kind} of the rows above it in all columns of numbers that it has: "
            "{names}. It is learned as a record; remove it if it is none",
            next(name for name, end in ends if end.last == end.last),
        )


def note_likely_times(name: str, value: float, likely: str, notes: ColumnNotes) -> None:
    """Warn of a column of numbers that are likely times."""
    notes.add(
        SpellingWarning,
        f"column {name!r}: numbers such as {format_value(value)} are likely {likely}, and are used as numbers, of "
        "which later ones may all be new. Write them as times such as 08:18 or 2024-12-31 08:18, or leave the column "
        "out (ignore=, on the command line: --drop)",
    )


def note_constant(name: str, value: object, notes: ColumnNotes) -> None:
    """Warn of a column with one value."""
    notes.add(
        ConstantColumnWarning,
        f"all values are {format_value(value)} in the training rows, so that any other value of these columns is "
        "anomalous: {names}. Leave them out if that is not meant (ignore=, on the command line: --drop)",
        name,
    )
