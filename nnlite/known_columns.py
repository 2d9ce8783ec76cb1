"""Records column by column: what compiled code is told of them to compute distances by single columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from nnlite.types import Array


class ColumnValues(NamedTuple):
    """Values of a column with several features.

    Attributes
    ----------
    features : slice
        The features.
    values : ndarray of float32 of shape (n_values, n_features_of_the_column)
        The distinct values, or those of all records.
    codes : ndarray of int of shape (n_records,), optional
        Which of the distinct values each record has.
    """

    features: slice
    values: Array
    codes: Array | None


class KnownColumns(NamedTuple):
    """Records that others are compared with.

    Attributes
    ----------
    n_records : int
        Number of records.
    features : ndarray of int64 of shape (n_columns,)
        Features of the columns with one each.
    values : ndarray of float32 of shape (n_columns, n_records)
        Their values.
    several : sequence of ColumnValues
        The other columns.
    """

    n_records: int
    features: Array
    values: Array
    several: Sequence[ColumnValues]
