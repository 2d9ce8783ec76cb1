"""What a `TablePreprocessor` has learned from training rows, and its saved state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.errors import DataError
from anomaly.preprocessing.columns.categories import CategoryColumn
from anomaly.preprocessing.columns.heavy_tails import HeavyTailColumn
from anomaly.preprocessing.columns.kinds import Column, column_from_config
from anomaly.preprocessing.columns.levels import LevelColumn
from anomaly.preprocessing.columns.missing import are_marked
from anomaly.preprocessing.columns.values import NumberColumn, ValueColumn
from anomaly.preprocessing.scaling.base import Scaler
from anomaly.preprocessing.scaling.linear import SCALERS, CoreScaler, scaler_from_state
from anomaly.tables import Table
from anomaly.tables.saved_state import field, vector
from nnlite.archive import arrays_with_prefix
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.preprocessing.columns.learning import FittedColumns


class FittedTable:
    """Columns of a training table, the scale of their numbers, and their missing values.

    Attributes
    ----------
    columns : sequence of Column
        Columns in the order of the table.
    named : bool
        Whether the training table had names.
    scaler : Scaler
        Scaler of the numbers. A column of datetimes has up to five numbers, other columns have one or none.
    medians : ndarray of float64 of shape (n_numbers,)
        Training median of each number.
    is_marked : ndarray of bool of shape (n_numbers,)
        Whether missing values of the number have a mark.
    missing_fraction : ndarray of float64 of shape (n_columns,)
        Fraction of missing cells; NaN if not known, in files of earlier versions.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        named: bool,
        scaler: Scaler,
        medians: Array,
        is_marked: Array,
        missing_fraction: Array,
    ) -> None:
        self.columns, self.named, self.scaler = columns, named, scaler
        self.medians, self.is_marked, self.missing_fraction = medians, is_marked, missing_fraction

    @classmethod
    def learn(cls, found: FittedColumns, named: bool, scaling: str, missing: str) -> tuple[FittedTable, Array]:
        """Fit the scales, medians and marks of training rows.

        Parameters
        ----------
        found : FittedColumns
            Columns and numbers of the training rows.
        named : bool
            Whether the training table had names.
        scaling : str
            Name of a scaler.
        missing : {"median", "nan"}
            Treatment of missing cells, see `anomaly.preprocessing.columns.missing`.

        Returns
        -------
        fitted : FittedTable
            With "core" and "nan", columns with heavy tails have two numbers, see `anomaly.preprocessing.number_scales`.
        numbers : ndarray of float of shape (n_rows, n_numbers)
            Numbers of the training rows; NaN if missing.
        """
        columns, numbers, fractions = found.columns, found.numbers, found.missing_fraction
        scaler: Scaler
        if scaling == CoreScaler.name and missing == "nan":
            from anomaly.preprocessing.number_scales import scale_numbers

            columns, numbers, scaler = scale_numbers(columns, numbers)
        else:
            scaler = SCALERS[scaling]().fit_matrix(numbers)
        medians = np.array([_median(numbers[:, j]) for j in range(numbers.shape[1])])
        sources = [j for j, c in enumerate(columns) if isinstance(c, ValueColumn) for _ in c.number_names]
        is_marked = are_marked(fractions, missing)[np.array(sources, np.intp)]
        return cls(columns, named, scaler, medians, is_marked, fractions), numbers

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def all_numbers(self) -> bool:
        """Whether each column is one number."""
        return all(type(column) is NumberColumn and column.form is None for column in self.columns)

    @cached_property
    def number_columns(self) -> frozenset[str]:
        """Columns whose cells may be given as numbers in place of the text that a file has for them."""

        def takes_numbers(column: Column) -> bool:
            if isinstance(column, LevelColumn):
                return not column.boolean
            return isinstance(column, (NumberColumn, HeavyTailColumn)) and column.form is None

        return frozenset(column.name for column in self.columns if takes_numbers(column))

    @cached_property
    def categories(self) -> tuple[CategoryColumn, ...]:
        """Columns of categories."""
        return tuple(column for column in self.columns if isinstance(column, CategoryColumn))

    def centers_and_scales(self) -> tuple[Array, Array]:
        """Return the median of each number in training, and the length of one unit of its feature."""
        around = self.scaler.transform(np.stack([self.medians, self.medians + 1.0])).astype(np.float64)
        with np.errstate(divide="ignore"):
            return self.medians, 1.0 / np.abs(around[1] - around[0])

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the attributes, as JSON values and arrays."""
        scaler, arrays = self.scaler.get_state()
        config = {
            "named": self.named,
            "columns": [column.get_config() for column in self.columns],
            "scaler": scaler,
        }
        return config, {
            "medians": self.medians,
            "has_missing": self.is_marked,
            # Not known from files of earlier versions, which lack it.
            **({} if np.isnan(self.missing_fraction).any() else {"missing_fraction": self.missing_fraction}),
            **{f"scaler/{name}": array for name, array in arrays.items()},
        }

    @classmethod
    def from_state(cls, config: Any, arrays: Mapping[str, Array]) -> FittedTable:
        """Restore the attributes from the values of `get_state`; raise `DataError` for an invalid field."""
        columns = [column_from_config(column) for column in field(config, "columns", list)]
        if len({column.name for column in columns}) < len(columns):
            raise DataError("preprocessing: column names must be distinct")
        scaler = scaler_from_state(field(config, "scaler", dict), arrays_with_prefix(arrays, "scaler/"))
        count = sum(len(column.number_names) for column in columns if isinstance(column, ValueColumn))
        fitted = cls(
            columns,
            field(config, "named", bool),
            scaler,
            vector(arrays, "medians", np.float64, count),
            vector(arrays, "has_missing", np.bool_, count),
            _fractions(arrays, len(columns)),
        )
        if scaler.n_features_in_ != count:
            raise DataError(f"preprocessing: expected a scaler of {count} columns")
        return fitted


def names_of_numbers(columns: Sequence[Column]) -> list[str]:
    """Return the name of the column of each number."""
    return [column.name for column in columns if isinstance(column, ValueColumn) for _ in column.number_names]


def check_finite(table: Table, numbers: Array, start: int, names: Sequence[str]) -> None:
    """Raise `DataError` if a number is infinite.

    Parameters
    ----------
    table : Table
        Table of the numbers, for the position of a row.
    numbers : ndarray of float of shape (n_rows, n_numbers)
        Numbers of consecutive rows.
    start : int
        Index of the first of these rows.
    names : sequence of str
        Name of the column of each number.
    """
    infinite = np.isinf(numbers)
    if infinite.any():
        row, j = np.argwhere(infinite)[0]
        position, number = table.position(start + int(row)), numbers[row, j]
        raise DataError(f"{position}, column {names[j]!r}: found {number}, expected a finite number")


def _median(numbers: Array) -> float:
    # Halved, since the sum of the middle two values may overflow.
    return 2 * float(np.median(numbers[~np.isnan(numbers)].astype(np.float64) / 2))


def _fractions(arrays: Mapping[str, Array], count: int) -> Array:
    if "missing_fraction" not in arrays:
        return np.full(count, np.nan)
    fractions = vector(arrays, "missing_fraction", np.float64, count)
    if not ((fractions >= 0) & (fractions <= 1)).all():
        raise DataError("preprocessing: expected values from 0 to 1 in 'missing_fraction'")
    return fractions
