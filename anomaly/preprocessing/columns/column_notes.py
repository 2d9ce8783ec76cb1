"""Warnings of columns: one for each class and cause, with the names of the columns."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from anomaly.errors import (
    ConstantColumnWarning,
    DataWarning,
    FileFormWarning,
    IdentifierColumnWarning,
    SpellingWarning,
    TimeColumnWarning,
    format_names,
    format_value,
)
from anomaly.preprocessing.columns.categories import CategoryColumn
from anomaly.preprocessing.columns.parsing import distinct_cells
from anomaly.preprocessing.columns.population import Population
from anomaly.preprocessing.columns.totals import ColumnEnd, kind_of_last_row
from anomaly.tables.missing_marks import marks_of
from anomaly.tables.patterns import DelayedPattern
from nnlite.types import Array

Note = tuple[type[DataWarning], str]

_CODE = DelayedPattern(r"\s*0\d+\s*")
_WHOLE = DelayedPattern(r"\s*[+-]?\d+\s*")
_VERSION_OR_DATE = DelayedPattern(r"([1-9]\d?)\.[1-9]\d?\.(?:\d\d|\d{4})|\d\d\.[1-9]\d?\.([1-9]\d?)")
_RELEASE = DelayedPattern(r"([1-9]\d?)\.[1-9]\d?\.\d\d")
_DAYS_OF_YEAR, _FIRST_YEAR, _LAST_YEAR = 365.2425, 1650, 2350
_MOST_MONTHS, _MOST_RELEASES = 12, 20
_CATEGORICAL = "name it as categorical (on the command line: --categorical)"
# Shown as nothing: soft hyphens, blanks and joiners without a width, marks of the direction and of the order of bytes.
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))

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

    def add_all(self, notes: Iterable[Note]) -> None:
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


def note_far_values(name: str, cells: Array, numbers: Array, are_dates: bool, notes: ColumnNotes) -> None:
    """Warn of dates with years of another calendar, and of numbers in other spellings that may mark missing values."""
    (_note_years if are_dates else _note_marks)(name, cells, numbers, notes)


def _note_years(name: str, cells: Array, days: Array, notes: ColumnNotes) -> None:
    """Warn of dates whose years are those of another calendar, such as 1403 or 2567, and not of the Gregorian one.

    Parameters
    ----------
    name : str
        Name of the column.
    cells : ndarray
        Its cells.
    days : ndarray of float64
        The dates, in days since the start of 1970; NaN is missing.
    notes : ColumnNotes
        Where the warning is added.
    """
    present = days[~np.isnan(days)]
    year = 1970 + (float(np.median(present)) if len(present) else 0.0) / _DAYS_OF_YEAR
    if _FIRST_YEAR < year < _LAST_YEAR:
        return
    example = cells[int(np.flatnonzero(~np.isnan(days))[0])]
    notes.add(
        TimeColumnWarning,
        f"column {name!r}: dates such as {format_value(str(example))} are taken for days of the Gregorian calendar. If "
        "they are of another one (Persian, Islamic, Buddhist), write them in the Gregorian one, such as 2024-02-29",
    )


def _note_marks(name: str, cells: Array, numbers: Array, notes: ColumnNotes) -> None:
    """Warn of numbers that may mark missing values, in a column of numbers with units or in other spellings.

    Parameters
    ----------
    name : str
        Name of the column.
    cells : ndarray
        Its cells.
    numbers : ndarray of float64
        Their numbers; NaN is missing.
    notes : ColumnNotes
        Where the warnings are added.
    """
    for mark in marks_of(name, numbers):
        text = str(cells[int(np.flatnonzero(numbers == mark.value)[0])])
        # Marks are separated by commas.
        option = f"--decimal , --missing={mark.value:g}" if "," in text else "--missing"
        notes.add(
            FileFormWarning,
            f"column {name!r} has {format_value(text)} in {mark.n_rows:,} of {len(numbers):,} rows, far from all "
            f"others ({mark.low:g} to {mark.high:g}): if it marks missing values, name it as such (missing=, on the "
            f"command line: {option})",
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


def notes_of_codes(name: str, cells: Array) -> tuple[Note, ...]:
    """Return a warning of whole numbers of which some are written with zeros before them, as codes are.

    Parameters
    ----------
    name : str
        Name of the column.
    cells : ndarray of shape (n_rows,)
        Training values, which are read as numbers.

    Examples
    --------
    >>> import numpy as np
    >>> [(kind, text)] = notes_of_codes("zip", np.array(["04109", "80331", None], dtype=object))
    >>> print(text[:80])
    column 'zip': '04109' and others are read as numbers, without the zeros before t
    >>> notes_of_codes("level", np.array(["019.5", "020.0"], dtype=object))
    ()
    """
    if cells.dtype.kind != "O":
        return ()
    texts = [cell for cell in distinct_cells(cells)[0] if isinstance(cell, str)]
    first = next(filter(_CODE.fullmatch, texts), None)
    # Decimals and exponents belong to measured values, which some loggers write with zeros before them.
    if first is None or any("." in text or "e" in text.lower() for text in texts if not _WHOLE.fullmatch(text)):
        return ()
    text = f"column {name!r}: {format_value(first)} and others are read as numbers, without the zeros before them; if "
    return ((SpellingWarning, f"{text}they are codes, {_CATEGORICAL}"),)


def notes_of_versions(name: str, texts: Iterable[str]) -> tuple[Note, ...]:
    """Return a warning of dates that may be versions, such as 4.11.2020 or 24.3.1: no day is beyond 12.

    So may those with two digits of a year be, such as 10.4.21, whose first numbers are no more than 20.

    Parameters
    ----------
    name : str
        Name of the column.
    texts : iterable of str
        Distinct values, all of them dates.

    Examples
    --------
    >>> notes_of_versions("day", ["1.2.2015", "13.2.2015"])
    ()
    >>> print(notes_of_versions("release", ["1.2.2015", "4.11.2015"])[0][1][:75])
    column 'release': '1.2.2015' and others are taken as dates; if they are ver
    """
    texts = list(texts)
    days = [m and int(m[1] or m[2]) for m in map(_VERSION_OR_DATE.fullmatch, texts)]
    releases = [m and int(m[1]) for m in map(_RELEASE.fullmatch, texts)]
    are_low = any(
        None not in found and max(filter(None, found), default=0) <= most
        for found, most in ((days, _MOST_MONTHS), (releases, _MOST_RELEASES))
    )
    if not are_low:
        return ()
    text = f"column {name!r}: {format_value(texts[0])} and others are taken as dates; if they are versions or codes, "
    return ((SpellingWarning, text + _CATEGORICAL),)


def notes_of_levels(column: CategoryColumn) -> tuple[Note, ...]:
    """Return a warning of categories that look the same, or differ in nothing but capitals and blanks.

    Examples
    --------
    >>> import numpy as np
    >>> column, _ = CategoryColumn.learn("state", np.array(["on", "ON", "off"] * 5, dtype=object), 2, 50)
    >>> print(notes_of_levels(column)[0][1][:75])
    column 'state': 'ON' and 'on' are different categories, though they differ
    """
    groups: dict[str, list[str]] = {}
    for text in (*column.categories, *column.rare):
        groups.setdefault(_plain(text), []).append(text)
    alike = [sorted(texts) for texts in groups.values() if len(texts) > 1]
    if not alike:
        return ()
    more = f"; {len(alike) - 1:,} more are alike" if len(alike) > 1 else ""
    text = (
        f"column {column.name!r}: {alike[0][0]!a} and {alike[0][1]!a} are different categories, though they "
        f"differ only in capitals, blanks or the coding of letters{more}. Write them in one way if they are the same"
    )
    return ((SpellingWarning, text),)


def _plain(text: str) -> str:
    """Return a text without what readers do not see or care for."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_UNSEEN)
    return " ".join(text.split()).casefold()
