"""Warnings of columns: one for each class and cause, with the names of the columns."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from anomaly.errors import (
    ConstantColumnWarning,
    DataWarning,
    FileFormWarning,
    IdentifierColumnWarning,
    format_names,
    format_value,
)
from anomaly.preprocessing.columns.values import ends_with_sum
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


def note_totals(numbers: Sequence[tuple[str, Array]], place: str, notes: ColumnNotes) -> None:
    """Warn of a last row that holds the sums of the rows above it, as spreadsheets end with.

    Parameters
    ----------
    numbers : sequence of (str, ndarray of float64 of shape (n_rows,))
        Names and numbers of the columns that are numbers; NaN is missing.
    place : str
        Where the last row is.
    notes : ColumnNotes
        Where to add the warning.
    """
    names = [name for name, values in numbers if not np.isnan(values[-1])]
    last = [values for _, values in numbers if not np.isnan(values[-1])]
    if names and all(map(ends_with_sum, last)):
        notes.add(
            FileFormWarning,
            f"{place}, the last row, holds the sums of the rows above it in all columns of numbers that it has: "
            "{names}. It is learned as a record; remove it if it is none",
            names[0],
        )


def note_constant(name: str, value: object, notes: ColumnNotes) -> None:
    """Warn of a column with one value."""
    notes.add(
        ConstantColumnWarning,
        f"all values are {format_value(value)} in the training rows, so that any other value of these columns is "
        "anomalous: {names}. Leave them out if that is not meant (ignore=, on the command line: --drop)",
        name,
    )
