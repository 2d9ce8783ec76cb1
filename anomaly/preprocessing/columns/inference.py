"""Inference of the kinds of the columns of a training table from their values."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from anomaly.errors import DataError, format_value
from anomaly.preprocessing.columns.categories import CategoryColumn, count_categories
from anomaly.preprocessing.columns.parsing import (
    category_text,
    distinct_cells,
    parse_days,
    parse_number,
)
from anomaly.preprocessing.columns.values import (
    INFERRED_COLUMNS,
    Column,
    CycleColumn,
    DateColumn,
    DatetimeColumn,
    IgnoredColumn,
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
    """

    columns: Sequence[Column]
    numbers: Array
    groups: list[Array]


def fit_columns(
    table: Table, categorical: Collection[str], dates: str, min_category_count: int, max_categories: int
) -> FittedColumns:
    """Infer the kind of each column of a training table, and fit its categories.

    Parameters
    ----------
    table : Table
        Training rows.
    categorical : collection of str
        Columns of categories.
    dates, min_category_count, max_categories
        As for `anomaly.preprocessing.TablePreprocessor`.

    Returns
    -------
    FittedColumns
        The columns, with the numbers and groups of the training rows.

    Raises
    ------
    DataError
        If a column has no values, or values of different kinds.
    """
    columns: list[Column] = []
    numbers, groups = [], []
    for name, cells in zip(table.names, table.columns, strict=True):
        inferred, values = (None, cells) if name in categorical else infer_column(name, cells, table.position)
        column = _with_dates(inferred, values, dates) if isinstance(inferred, DateColumn) else inferred
        if isinstance(column, ValueColumn):
            column.learn_resolution(values)
            numbers += column.numbers_of(values)
        if column is not None:
            columns.append(column)
        else:
            categories, indices = CategoryColumn.learn(name, cells, min_category_count, max_categories)
            if not (categories.categories or categories.rare or categories.open_ended):
                raise no_values(name)
            columns.append(categories)
            groups.append(indices)
    return FittedColumns(columns, side_by_side(numbers, len(table)), groups)


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
    values are errors in the data, and to treat the numbers as categories would hide them.

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
    counts = {text: count for text, count in count_categories(*distinct_cells(cells)).items() if text is not None}
    for plural, parse in (("numbers", parse_number), ("dates", parse_days)):
        _check_not_mostly(cells, counts, parse, plural, name, position)
    _check_no_commas(cells, counts, name, position)
    _check_date_format(cells, counts, name, position)
    return None, np.empty(0)


def _check_no_commas(cells: Array, counts: Mapping[str, int], name: str, position: Callable[[int], str]) -> None:
    """Raise DataError if most values are numbers with commas."""
    matches = sum(count for text, count in counts.items() if parse_number(text.replace(",", "")) is not None)
    if 2 * matches > sum(counts.values()):
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
