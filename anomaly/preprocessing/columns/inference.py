"""Inference of the kind of a column, and of the form of its cells, from its training values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from anomaly.errors import CellError, DataError, DataWarning, SpellingWarning, format_value
from anomaly.preprocessing.columns.categories import are_codes, count_categories
from anomaly.preprocessing.columns.clock_forms import find_clock_form
from anomaly.preprocessing.columns.column_notes import notes_of_versions
from anomaly.preprocessing.columns.date_columns import INFERRED_COLUMNS, DateColumn, DatetimeColumn, TimeOfDayColumn
from anomaly.preprocessing.columns.date_forms import ISO, DateForm, find_formats, mixed_formats
from anomaly.preprocessing.columns.forms import Form, read_cells
from anomaly.preprocessing.columns.number_inference import FoundNumbers, are_few, find_number_form
from anomaly.preprocessing.columns.parsing import (
    category_text,
    distinct_cells,
    parse_days,
    parse_number,
)
from anomaly.preprocessing.columns.pattern_forms import find_pattern
from anomaly.preprocessing.columns.values import BooleanColumn, NumberColumn, ValueColumn, boolean_words
from anomaly.tables.coded import decimal_of
from anomaly.tables.patterns import DelayedPattern
from nnlite.types import Array

_VERSION = DelayedPattern(r"v?(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){2,3}")
_OTHER_MARK = DelayedPattern(r"\s*[+-]?\d+,\d+\s*")
_POINT = DelayedPattern(r"\s*[+-]?\d+\.\d+\s*")
_CORRECT = (
    "Correct it, or leave the cell empty if the value is missing; if the column contains categories, name it as "
    "categorical (on the command line: --categorical)"
)


class Hints(NamedTuple):
    """What the user says about the columns.

    Attributes
    ----------
    date_formats : sequence of str
        Formats of dates.
    zone : str or None
        Time zone of the hours of the day.
    local : bool
        Whether datetimes are those of the wall clock, which tell the hour; otherwise in UTC, which tell the order.
    has_cycles : bool
        Whether dates without times are left out, so that the order of day and month does not matter.
    decimal : str or None
        The decimal mark.
    likely_decimal : str
        That of other columns.
    """

    date_formats: Sequence[str] = ()
    zone: str | None = None
    local: bool = False
    has_cycles: bool = False
    decimal: str | None = None
    likely_decimal: str = "."


class Inferred(NamedTuple):
    """The kind of a column.

    Attributes
    ----------
    column : ValueColumn or None
        The column, or None for a column of categories.
    numbers : ndarray of float64
        Numbers of the cells; empty for categories.
    notes : tuple of (type, str)
        Warnings of how the column was understood, by their class.
    """

    column: ValueColumn | None
    numbers: Array
    notes: tuple[tuple[type[DataWarning], str], ...] = ()


def infer_column(name: str, cells: Array, position: Callable[[int], str]) -> tuple[ValueColumn | None, Array]:
    """Infer the kind of a column from its training values, with datetimes in UTC; see `infer`."""
    return infer(name, cells, position)[:2]


def infer(name: str, cells: Array, position: Callable[[int], str], hints: Hints = Hints()) -> Inferred:  # noqa: B008
    """Infer the kind of a column from its training values.

    A column of text is one of booleans, plain numbers, ISO dates, dates of another format, durations or times of day,
    or numbers in another spelling, if all of its values have one form; otherwise one of categories. If more than half
    of its values have a form, the others are errors in the data, and to treat the numbers as categories would hide
    them. But numbers and text that are few and frequent are codes, such as 2, 3, 4 and 5more, and categories: at most
    20 distinct values, of 5 rows each on average, and each text in 2 rows and 1 % of them.

    Parameters
    ----------
    name : str
        Name of the column.
    cells : ndarray of shape (n_rows,)
        Training values.
    position : callable
        Maps the index of a row to its position, for errors, as `anomaly.tables.Table.position`.
    hints : Hints, optional
        What the user says about the columns.

    Returns
    -------
    Inferred
        The column, the numbers of its cells, and warnings.

    Raises
    ------
    DataError
        If most values, but not all, have one form; if numbers have different units or marks; or if dates may begin with
        the day or with the month. The message names a value.
    """
    if hints.date_formats and cells.dtype.kind == "O":
        found = _dates(name, cells, position, hints, only_known=True)
        if found is not None:
            return found
    for kind in INFERRED_COLUMNS:
        inferred = kind.infer(name, cells)
        if inferred is not None:
            column, numbers = inferred
            if _is_local(column, hints):
                return _with_form(name, cells, DateForm(ISO, True, hints.zone, ""))
            return Inferred(column, numbers, _notes_of_booleans(column, cells))
    counts = _count_texts(cells)
    found = _dates(name, cells, position, hints) or _clock(name, cells, counts)
    return found or _spelled(name, cells, counts, position, hints)


def _notes_of_booleans(column: ValueColumn, cells: Array) -> tuple[tuple[type[DataWarning], str], ...]:
    """Return a warning of a column of booleans that are written in several ways."""
    words = boolean_words(cells) if isinstance(column, BooleanColumn) else set()
    if len(words) < 3:
        return ()
    text = f"column {column.name!r}: {', '.join(sorted(words))} are taken as two values, true and false; name it as "
    return ((SpellingWarning, f"{text}categorical (on the command line: --categorical) if they differ"),)


def _is_local(column: ValueColumn, hints: Hints) -> bool:
    return hints.local and isinstance(column, DateColumn)


def _with_form(name: str, cells: Array, form: Form, notes: Sequence[tuple[type[DataWarning], str]] = ()) -> Inferred:
    """Return a column of dates of a form, or of datetimes if any value has a time of day."""
    numbers = read_cells(form, cells)
    has_times = bool((numbers[~np.isnan(numbers)] % 1.0 != 0.0).any())
    return Inferred((DatetimeColumn if has_times else DateColumn)(name, form=form), numbers, tuple(notes))


def _count_texts(cells: Array) -> dict[str, int]:
    counts = count_categories(*distinct_cells(cells))
    return {text: count for text, count in counts.items() if text is not None}


def _dates(
    name: str, cells: Array, position: Callable[[int], str], hints: Hints, only_known: bool = False
) -> Inferred | None:
    """Return a column of dates that are not ISO 8601, or of those that the user has named the format of."""
    counts = _count_texts(cells)
    total = sum(counts.values())
    if not only_known:
        _check_mostly(
            cells, {t: n for t, n in counts.items() if parse_days(t) is not None}, total, "dates", name, position
        )
    found = find_formats(counts, hints.date_formats, only_known)
    if not only_known and _are_versions(counts):
        mixed = () if found is not None else mixed_formats(counts)
        if mixed or (found is not None and not found.fits_all):
            text = f"column {name!r}: {next(iter(counts))!r} and others are taken as versions or codes, not as dates"
            return Inferred(None, np.empty(0), ((SpellingWarning, text),))
    if found is None:
        if not only_known and len(mixed := mixed_formats(counts)) > 1:
            raise DataError(
                f"{position(0)}, column {name!r}: found {format_value(cells[0])}, but the column's dates are written "
                f"in several ways: {', '.join(mixed)}. Write all of them in one way"
            )
        return None
    forms = [DateForm(form, hints.local, hints.zone, next(iter(counts))) for form in found.formats]
    if not found.fits_all:
        fitting = {text: count for text, count in counts.items() if forms[0].parse(text) is not None}
        _check_mostly(cells, fitting, total, f"dates ({forms[0].format})", name, position)
    inferred = _with_form(name, cells, forms[0], () if only_known else notes_of_versions(name, counts))
    if len(forms) > 1 and (isinstance(inferred.column, DatetimeColumn) or not hints.has_cycles):
        raise DataError(
            f"column {name!r}: dates such as {forms[0].example!r} may be read in several ways, and no value decides "
            f"between them: {' or '.join(found.formats)}; say which with date_format= (on the command line: "
            f"--date-format '{found.formats[0]}')"
        )
    return inferred


def _are_versions(counts: Mapping[str, int]) -> bool:
    """Return whether all values are such as 1.14.6: numbers between points, no year, and none with a zero before it."""
    return all(_VERSION.fullmatch(text) for text in counts)


def _clock(name: str, cells: Array, counts: Mapping[str, int]) -> Inferred | None:
    """Return a column of durations or of times of day."""
    form = find_clock_form(counts)
    if form is None:
        return None
    numbers = read_cells(form, cells)
    return Inferred(TimeOfDayColumn(name, form) if form.is_time else NumberColumn(name, form=form), numbers)


def _spelled(
    name: str, cells: Array, counts: Mapping[str, int], position: Callable[[int], str], hints: Hints
) -> Inferred:
    """Return a column of numbers in another spelling, or of categories."""
    found = find_number_form(counts, hints.decimal or decimal_of(cells), hints.likely_decimal)
    if found.form is not None:
        notes = [(SpellingWarning, f"column {name!r}: {found.note}")] if found.note else []
        return Inferred(NumberColumn(name, form=found.form), read_cells(found.form, cells), tuple(notes))
    if mixed := [text for text in counts if _OTHER_MARK.fullmatch(text)]:
        _check_one_mark(mixed, counts, cells, name, position)
    if are_codes(counts) and any(parse_number(text) is not None for text in counts):
        return Inferred(None, np.empty(0))
    plain = {text: count for text, count in counts.items() if parse_number(text) is not None}
    _check_mostly(cells, plain, sum(counts.values()), "numbers", name, position)
    if found.problem:
        raise _problem(found, cells, name, position)
    pattern = None if are_few(counts) else find_pattern(counts)
    if pattern is not None:
        note = (SpellingWarning, f"column {name!r}: {pattern.note}")
        return Inferred(NumberColumn(name, form=pattern.form), read_cells(pattern.form, cells), (note,))
    return Inferred(None, np.empty(0))


def _check_one_mark(
    commas: Sequence[str], counts: Mapping[str, int], cells: Array, name: str, position: Callable[[int], str]
) -> None:
    """Raise DataError if all values are numbers, some with a decimal comma and others with a decimal point."""
    points = [text for text in counts if _POINT.fullmatch(text)]
    if points and all(text in commas or parse_number(text) is not None for text in counts):
        fewer = set(min(commas, points, key=lambda texts: sum(counts[text] for text in texts)))
        wrong = [i for i, cell in enumerate(cells) if category_text(cell) in fewer]
        raise CellError(
            f"{position(wrong[0])}, column {name!r}: found {format_value(cells[wrong[0]])}, but its numbers have "
            f"decimal commas and decimal points: {commas[0]!r} beside {points[0]!r}. Write all numbers in one way; if "
            "they are codes, name the column as categorical (on the command line: --categorical)",
            wrong,
        )


def _problem(found: FoundNumbers, cells: Array, name: str, position: Callable[[int], str]) -> DataError:
    first = next((i for i, cell in enumerate(cells) if category_text(cell) == found.misfit), 0)
    wrong = [i for i, cell in enumerate(cells) if category_text(cell) in found.misfits]
    return CellError(
        f"{position(first)}, column {name!r}: found {format_value(cells[first])}, but {found.problem}. Write all "
        "numbers in one way, or leave the cell empty if the value is missing; if the column contains categories, "
        "name it as categorical (on the command line: --categorical)",
        wrong,
    )


def _check_mostly(
    cells: Array, fitting: Mapping[str, int], total: int, kind: str, name: str, position: Callable[[int], str]
) -> None:
    """Raise DataError if most values, but not all, are of a kind."""
    rows = sum(fitting.values())
    if 2 * rows > total > rows:
        wrong = [i for i, cell in enumerate(cells) if (text := category_text(cell)) is not None and text not in fitting]
        first = wrong[0]
        raise CellError(
            f"{position(first)}, column {name!r}: found {format_value(cells[first])}, but {rows:,} of the column's "
            f"{total:,} values are {kind}. {_CORRECT}. If {format_value(cells[first])} marks missing values, name it "
            "as such (missing=, on the command line: --missing)",
            wrong,
        )
