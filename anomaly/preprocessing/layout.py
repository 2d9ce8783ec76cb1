"""Layout of the feature matrix: the positions of the features of each column, and their description."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from anomaly.errors import DataError, one_line
from anomaly.preprocessing.columns.categories import CategoryColumn
from anomaly.preprocessing.columns.kinds import Column
from anomaly.preprocessing.columns.values import ValueColumn
from nnlite.types import Array


class Layout(NamedTuple):
    """Positions of the features: in the order of the columns, the features of one column side by side.

    Attributes
    ----------
    names : tuple of str
        Name of each feature.
    columns : ndarray of int of shape (n_features,)
        Index of the column of each feature.
    values : ndarray of int of shape (n_numbers,)
        Feature of each number. A column of datetimes has up to five numbers, other columns have one or none.
    firsts : ndarray of int of shape (n_value_columns,)
        Index of the first number of each column of values.
    marked : ndarray of int of shape (n_marks,)
        Numbers whose missing values have an indicator feature.
    marks : ndarray of int of shape (n_marks,)
        These indicator features.
    category_starts : tuple of int
        First feature of each column of categories.
    only_values : bool
        Whether all features are numbers.
    """

    names: tuple[str, ...]
    columns: Array
    values: Array
    firsts: Array
    marked: Array
    marks: Array
    category_starts: tuple[int, ...]
    only_values: bool


def lay_out(columns: Sequence[Column], is_marked: Array) -> Layout:
    """Assign a position to each feature.

    Parameters
    ----------
    columns : sequence of Column
        All columns of the table.
    is_marked : ndarray of bool of shape (n_numbers,)
        Whether missing values of a number have an indicator feature.

    Returns
    -------
    Layout
        Positions of the features.

    Raises
    ------
    DataError
        If there are no features.
    """
    names: list[str] = []
    sources: list[int] = []
    values: list[int] = []
    firsts: list[int] = []
    marks: list[int] = []
    starts: list[int] = []
    for index, column in enumerate(columns):
        start = len(names)
        if isinstance(column, ValueColumn):
            firsts.append(len(values))
            names += column.number_names
            values += range(start, len(names))
            if is_marked[firsts[-1]]:
                marks.append(len(names))
                names.append(f"{column.name}=<missing>")
        elif isinstance(column, CategoryColumn):
            starts.append(start)
            names.extend(f"{column.name}={group}" for group in column.groups)
        sources.extend([index] * (len(names) - start))
    if not names:
        raise DataError(
            "no column makes any features: all of them are dates, which are ignored, columns that were left out, or "
            "without values; add other columns, use the dates as numbers with dates='number' (on the command line: "
            "--dates number), or keep what was left out with keep= (--keep)"
        )
    first_numbers = np.array(firsts, dtype=np.intp)
    return Layout(
        names=tuple(names),
        columns=np.array(sources, dtype=np.intp),
        values=np.array(values, dtype=np.intp),
        firsts=first_numbers,
        marked=first_numbers[is_marked[first_numbers]],
        marks=np.array(marks, dtype=np.intp),
        category_starts=tuple(starts),
        only_values=len(values) == len(names),
    )


def describe_columns(columns: Sequence[Column], medians: Array, is_marked: Array, missing_fraction: Array) -> list[str]:
    """Return a description of each column, in one line of text.

    Parameters
    ----------
    columns : sequence of Column
        All columns of the table.
    medians, is_marked : ndarray of shape (n_value_columns,)
        For the first number of each column of values, the training median, and whether missing values are marked.
    missing_fraction : ndarray of float64 of shape (n_columns,)
        Fraction of missing training values of each column; NaN if not known.
    """
    names = [one_line(column.name) for column in columns]
    width = max(map(len, names))
    numbers = iter(zip(medians, is_marked, strict=True))
    lines = []
    for name, column, fraction in zip(names, columns, missing_fraction.tolist(), strict=True):
        parts, has_mark = [], False
        if isinstance(column, ValueColumn):
            median, has_mark = next(numbers)
            parts.append(column.summary(median))
        elif isinstance(column, CategoryColumn):
            parts.append(column.summary())
        elif column.reason:
            parts.append(column.reason)
        if fraction == 1:
            parts = ["all values missing in training"]
        elif fraction > 0:
            parts.append(f"{100 * fraction:.3g} % missing" + (", marked" if has_mark else ""))
        elif has_mark:  # of an earlier version, without the fraction
            parts.append("missing values are marked")
        lines.append(f"{name:<{width}}  {column.kind:<8}  {'; '.join(parts)}".rstrip())
    return lines
