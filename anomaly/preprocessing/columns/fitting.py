"""Fit of all columns of a training table: their kinds, their numbers and their categories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from anomaly.errors import DataError
from anomaly.preprocessing.columns.categories import CategoryColumn
from anomaly.preprocessing.columns.inference import infer_column
from anomaly.preprocessing.columns.values import (
    Column,
    CycleColumn,
    DateColumn,
    DatetimeColumn,
    IgnoredColumn,
    NumberColumn,
    ValueColumn,
)
from anomaly.tables import Table
from nnlite.types import Array


class FittedColumns(NamedTuple):
    """Columns of a training table, with the numbers and groups of its rows.

    Attributes
    ----------
    columns : list of Column
        One for each column of the table.
    numbers : ndarray of float of shape (n_rows, n_numbers)
        Numbers of the columns of values, side by side; NaN if missing.
    groups : list of ndarray of int of shape (n_rows,)
        For each column of categories, the group of each row.
    """

    columns: list[Column]
    numbers: Array
    groups: list[Array]


def fit_columns(
    table: Table, categorical: Sequence[str], dates: str, min_category_count: int, max_categories: int
) -> FittedColumns:
    """Infer the kind of each column of a training table, and fit its categories.

    Parameters
    ----------
    table : Table
        Training rows.
    categorical : sequence of str
        Columns of categories, besides those that the table declares.
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
    forced = {*categorical, *table.categorical}
    if table.matrix is not None and not forced:
        return _fit_matrix(table.names, table.matrix)
    columns: list[Column] = []
    numbers, groups = [], []
    for name, cells in zip(table.names, table.columns, strict=True):
        inferred, values = (None, cells) if name in forced else infer_column(name, cells, table.position)
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


def _fit_matrix(names: Sequence[str], matrix: Array) -> FittedColumns:
    columns = [NumberColumn(name) for name in names]
    for column, values in zip(columns, matrix.T, strict=True):
        column.learn_resolution(values)
    return FittedColumns(list(columns), matrix, [])


def _with_dates(column: DateColumn, numbers: Array, dates: str) -> DateColumn | IgnoredColumn:
    """Return the column of dates for a value of the parameter `dates`."""
    if dates == "number":
        return column
    has_cycles = isinstance(column, DatetimeColumn) and dates == "cycles"
    return (CycleColumn.learn(column.name, numbers) if has_cycles else None) or IgnoredColumn(column.name)


def side_by_side(columns: Sequence[Array], n_rows: int) -> Array:
    """Return columns of numbers as one matrix of shape (n_rows, n_columns), Fortran-contiguous."""
    matrix = np.empty((n_rows, len(columns)), order="F")
    for target, column in zip(matrix.T, columns, strict=True):
        target[:] = column
    return matrix


def no_values(name: str) -> DataError:
    """Return the error of a training column without values."""
    return DataError(
        f"column {name!r}: all values missing in the training rows; leave the column out (on the command line: --drop)"
    )
