"""Inference of the kinds of the columns of a training table from their values."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from anomaly.errors import DataError, EmptyColumnWarning, IdentifierColumnWarning, format_names, format_value
from anomaly.preprocessing.columns.categories import CategoryColumn, are_codes, count_categories
from anomaly.preprocessing.columns.kinds import Column
from anomaly.preprocessing.columns.levels import LevelColumn, are_levels
from anomaly.preprocessing.columns.parsing import (
    category_text,
    distinct_cells,
    parse_days,
    parse_number,
)
from anomaly.preprocessing.columns.values import (
    INFERRED_COLUMNS,
    BooleanColumn,
    CycleColumn,
    DateColumn,
    DatetimeColumn,
    IgnoredColumn,
    NumberColumn,
    ValueColumn,
    side_by_side,
)
from anomaly.tables import Table
from nnlite.types import Array

# Dates that are not ISO 8601: the day or the month first, which is ambiguous, or the year first.
_DAY = r"(0?[1-9]|[12]\d|3[01])"
_OTHER_DATE = re.compile(
    rf"({_DAY}(?P<a>[./-]){_DAY}(?P=a)(\d{{4}}|\d\d)|\d{{4}}(?P<b>[./-]){_DAY}(?P=b){_DAY})"
    r"(,?[T ] ?\d{1,2}[:.]\d{2}([:.]\d{2}([.,]\d+)?)?( ?[AaPp]\.?[Mm]\.?)?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?)?",
    re.ASCII,
)


# So many numbers drawn from a range no more than four times as wide would hardly all be different: the probability is
# about exp(-n / 8).
_FEWEST_SERIAL, _WIDEST_SERIAL = 100, 4


class FittedColumns(NamedTuple):
    """Columns of a training table, with the numbers and groups of its rows.

    Attributes
    ----------
    columns : sequence of Column
        One for each column of the table.
    numbers : ndarray of float of shape (n_rows, n_numbers)
        Numbers of the columns of values, side by side; NaN if missing.
    groups : list of ndarray of int of shape (n_rows,)
        For each column of categories, the group of each row.
    missing_fraction : ndarray of float64 of shape (n_columns,)
        Fraction of missing cells of each column.
    """

    columns: Sequence[Column]
    numbers: Array
    groups: list[Array]
    missing_fraction: Array


class ColumnSettings(NamedTuple):
    """Parameters of the columns, as for `anomaly.preprocessing.TablePreprocessor`."""

    dates: str
    min_category_count: int
    max_categories: int
    missing: str


def fit_columns(table: Table, categorical: Collection[str], settings: ColumnSettings) -> FittedColumns:
    """Infer the kind of each column of a training table, and fit its categories.

    Parameters
    ----------
    table : Table
        Training rows.
    categorical : collection of str
        Columns of categories.
    settings : ColumnSettings
        Parameters of the columns.

    Returns
    -------
    FittedColumns
        The columns, with the numbers and groups of the training rows.

    Raises
    ------
    DataError
        If a column has values of different kinds, or if it has no values and `missing` is "median".

    Warns
    -----
    EmptyColumnWarning
        If a column has no values and `missing` is "nan": it is ignored.
    IdentifierColumnWarning
        If `missing` is "nan" and a column seems to number the records, see `are_serial_numbers`. It is used all the
        same.
    """
    columns: list[Column] = []
    numbers, groups, fractions = [], [], []
    identifiers = []
    for name, cells in zip(table.names, table.columns, strict=True):
        column, values = _fit_column(name, cells, name in categorical, table.position, settings)
        if isinstance(column, CategoryColumn):
            groups.append(values)
            is_missing = values == column.missing_group
        else:
            is_missing = np.isnan(values)
            numbers += column.numbers_of(values) if isinstance(column, ValueColumn) else []
            # In a series, where missing cells are medians, a number that counts up is a trend.
            counts = settings.missing == "nan" and isinstance(column, NumberColumn) and are_serial_numbers(values)
            identifiers += [name] if counts else []
        columns.append(column)
        fractions.append(is_missing.mean())
    fitted = FittedColumns(columns, side_by_side(numbers, len(table)), groups, np.array(fractions))
    _warn_of_identifiers(identifiers)
    _warn_of_empty([name for name, fraction in zip(table.names, fractions, strict=True) if fraction == 1])
    return fitted


def _fit_column(
    name: str, cells: Array, is_declared: bool, position: Callable[[int], str], settings: ColumnSettings
) -> tuple[Column, Array]:
    """Return a column, and the group or the number of each training value."""
    _, least, most, missing = settings
    inferred, values = (None, cells) if is_declared else infer_column(name, cells, position)
    if inferred is None:
        numeric = cells.dtype.kind in "fb" if is_declared else None  # declared text stays as it is written
        categories, groups = CategoryColumn.learn(name, cells, least, most, missing=missing, numeric=numeric)
        if categories.categories or categories.rare or categories.open_ended:
            return categories, groups
        values = np.full(len(cells), np.nan)
    if np.isnan(values).all():
        if missing == "median":
            raise no_values(name)
        return IgnoredColumn(name), values
    assert inferred is not None  # a column of categories without values is empty
    if missing == "nan" and isinstance(inferred, (NumberColumn, BooleanColumn)) and are_levels(values):
        make = LevelColumn.of_numbers if isinstance(inferred, NumberColumn) else LevelColumn.of_booleans
        return make(name, values, least, most, missing)
    column = _with_dates(inferred, values, settings.dates) if isinstance(inferred, DateColumn) else inferred
    if isinstance(column, ValueColumn):
        column.learn_resolution(values)
    return column, values


def _warn_of_empty(names: Collection[str]) -> None:
    if names:
        warnings.warn(
            f"all values missing in the training rows, so that these columns are ignored: {format_names(names)}",
            EmptyColumnWarning,
            stacklevel=2,
        )


def _warn_of_identifiers(names: Collection[str]) -> None:
    if names:
        warnings.warn(
            f"these columns seem to number the records: {format_names(names)}. Later numbers lie beyond those of "
            "training, and are found anomalous for this reason alone; leave such a column out with ignore= (on the "
            "command line: --drop)",
            IdentifierColumnWarning,
            stacklevel=2,
        )


def are_serial_numbers(numbers: Array) -> bool:
    """Return whether numbers are serial numbers of the records: at least 100 distinct integers that are dense.

    They are dense if their range is at most four times as wide as they are many. So are those of a random quarter of
    the records.

    Parameters
    ----------
    numbers : ndarray of float of shape (n_rows,)
        Training values; NaN is missing.

    Examples
    --------
    >>> import numpy as np
    >>> are_serial_numbers(np.arange(500.0) + 10_000), are_serial_numbers(np.arange(500.0) % 250)
    (True, False)
    """
    n = len(numbers)
    if (
        n < _FEWEST_SERIAL
        or not np.isfinite(numbers).all()
        or numbers.max() / 2 - numbers.min() / 2 > _WIDEST_SERIAL / 2 * n
    ):
        return False
    return bool((numbers == np.rint(numbers)).all()) and len(np.unique(numbers)) == n


def _with_dates(column: DateColumn, numbers: Array, dates: str) -> DateColumn | IgnoredColumn:
    """Return the column of dates for a value of the parameter `dates`."""
    if dates == "number":
        return column
    has_cycles = isinstance(column, DatetimeColumn) and dates == "cycles"
    return (CycleColumn.learn(column.name, numbers) if has_cycles else None) or IgnoredColumn(column.name)


def no_values(name: str) -> DataError:
    """Return the error of a training column without values."""
    return DataError(
        f"column {name!r}: all values missing in the training rows; leave the column out (on the command line: --drop)"
    )


def infer_column(name: str, cells: Array, position: Callable[[int], str]) -> tuple[ValueColumn | None, Array]:
    """Infer the kind of a column from its training values.

    A column of text contains categories, unless more than half of its values are numbers or dates: then the other
    values are errors in the data, and to treat the numbers as categories would hide them. But numbers and text that
    are few and frequent are codes, such as 2, 3, 4 and 5more, and categories: at most 20 distinct values, of 5 rows
    each on average, and each text in 2 rows and 1 % of them.

    Parameters
    ----------
    name : str
        Name of the column.
    cells : ndarray of shape (n_rows,)
        Training values.
    position : callable
        Maps the index of a row to its position, for errors, as `anomaly.tables.Table.position`.

    Returns
    -------
    column : ValueColumn or None
        The column, or None for a column of categories.
    numbers : ndarray of float64
        Numbers of the cells; empty for categories.

    Raises
    ------
    DataError
        If most values, but not all, are numbers or dates, or if most are numbers with commas or dates that are not
        ISO 8601; the message names the first such value.
    """
    for kind in INFERRED_COLUMNS:
        inferred = kind.infer(name, cells)
        if inferred is not None:
            return inferred
    counts = _count_texts(cells)
    if not are_codes(counts):
        _check_not_mostly(cells, counts, parse_number, "numbers", name, position)
    _check_not_mostly(cells, counts, parse_days, "dates", name, position)
    _check_no_commas(cells, counts, name, position)
    _check_date_format(cells, counts, name, position)
    return None, np.empty(0)


def _count_texts(cells: Array) -> dict[str, int]:
    counts = count_categories(*distinct_cells(cells))
    return {text: count for text, count in counts.items() if text is not None}


def _check_no_commas(cells: Array, counts: Mapping[str, int], name: str, position: Callable[[int], str]) -> None:
    """Raise DataError if most values are numbers with commas."""
    matches = sum(count for text, count in counts.items() if parse_number(text.replace(",", "")) is not None)
    if 2 * matches > sum(counts.values()) and any("," in text for text in counts):
        first = next(i for i, cell in enumerate(cells) if "," in (category_text(cell) or ""))
        raise DataError(
            f"{position(first)}, column {name!r}: found {format_value(cells[first])}, a number but for its comma. "
            "Write decimals with a point, and no thousands separator; if the column contains categories, name it as "
            "categorical (on the command line: --categorical)"
        )


def _check_date_format(cells: Array, counts: Mapping[str, int], name: str, position: Callable[[int], str]) -> None:
    """Raise DataError if most values are dates that are not ISO 8601: as categories, later dates would be unseen."""
    dates = {text: count for text, count in counts.items() if _OTHER_DATE.fullmatch(text)}
    if 2 * sum(dates.values()) > sum(counts.values()):
        unreadable = {text for text in dates if parse_days(text) is None}
        first = next(i for i, cell in enumerate(cells) if category_text(cell) in unreadable)
        raise DataError(
            f"{position(first)}, column {name!r}: found {format_value(cells[first])}, a date that is not written "
            "2024-02-01; rewrite it, drop the column (on the command line: --drop), or name it as categorical "
            "(--categorical)"
        )


def _check_not_mostly(
    cells: Array,
    counts: Mapping[str, int],
    parse: Callable[[str], float | None],
    kind: str,
    name: str,
    position: Callable[[int], str],
) -> None:
    """Raise DataError if most values, but not all, are numbers or dates."""
    matches = sum(count for text, count in counts.items() if parse(text) is not None)
    total = sum(counts.values())
    if 2 * matches > total:
        first = next(i for i, cell in enumerate(cells) if (t := category_text(cell)) is not None and parse(t) is None)
        raise DataError(
            f"{position(first)}, column {name!r}: found {format_value(cells[first])}, but {matches:,} of the column's "
            f"{total:,} values are {kind}. Correct it, or leave the cell empty if the value is missing; if the column "
            "contains categories, name it as categorical (on the command line: --categorical)"
        )
