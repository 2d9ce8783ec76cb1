"""Where each column's features stand in the matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anomaly.errors import DataError
from anomaly.preprocessing.columns.categories import CategoryColumn
from anomaly.preprocessing.columns.values import Column, ValueColumn
from nnlite.types import Array


@dataclass(frozen=True)
class Layout:
    """The positions of features: columns in their order, the features of one side by side.

    Attributes
    ----------
    names : tuple of str
        What each feature is.
    columns : ndarray of int of shape (n_features,)
        The index of the column that each feature was made from.
    values : ndarray of int of shape (n_numbers,)
        The feature of each number; a column of moments makes up to five numbers, others one or none.
    firsts : ndarray of int of shape (n_value_columns,)
        For each column of values, which of the numbers is its first.
    marked : ndarray of int of shape (n_marks,)
        The numbers whose missing values are marked.
    marks : ndarray of int of shape (n_marks,)
        The features that mark them.
    category_starts : tuple of int
        The first feature of each column of categories.
    """

    names: tuple[str, ...]
    columns: Array
    values: Array
    firsts: Array
    marked: Array
    marks: Array
    category_starts: tuple[int, ...]

    @property
    def only_values(self) -> bool:
        """Whether the features are the numbers and nothing else."""
        return len(self.values) == len(self.names)


def lay_out(columns: Sequence[Column], has_missing: Array) -> Layout:
    """Give each feature its position.

    Parameters
    ----------
    columns : sequence of Column
        All columns of the table.
    has_missing : ndarray of bool of shape (n_numbers,)
        Which numbers were missing somewhere in training.

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
            if has_missing[firsts[-1]]:
                marks.append(len(names))
                names.append(f"{column.name}=<missing>")
        elif isinstance(column, CategoryColumn):
            starts.append(start)
            names.extend(f"{column.name}={place}" for place in column.places)
        sources.extend([index] * (len(names) - start))
    if not names:
        raise DataError(
            "no column makes any features: all of them are dates, which are ignored; add other columns, or take the "
            "dates for numbers with dates='number' (on the command line: --dates number)"
        )
    first_numbers = np.array(firsts, dtype=np.intp)
    return Layout(
        names=tuple(names),
        columns=np.array(sources, dtype=np.intp),
        values=np.array(values, dtype=np.intp),
        firsts=first_numbers,
        marked=first_numbers[has_missing[first_numbers]],
        marks=np.array(marks, dtype=np.intp),
        category_starts=tuple(starts),
    )
