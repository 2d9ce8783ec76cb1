"""Conversion of tables to float32 feature matrices, fitted on training rows, and of features back to tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from anomaly.errors import DataError, format_names
from anomaly.preprocessing.columns.categories import CategoryColumn
from anomaly.preprocessing.columns.inference import FittedColumns, fit_columns, no_values
from anomaly.preprocessing.columns.values import Column, NumberColumn, ValueColumn, column_from_config, side_by_side
from anomaly.preprocessing.layout import describe_columns, lay_out
from anomaly.preprocessing.scaling.linear import SCALERS, scaler_from_state
from anomaly.tables import Table, as_table
from anomaly.tables.saved_state import field, vector
from nnlite.archive import arrays_with_prefix
from nnlite.types import Array
from nnlite.validation import check_parameters, choice, integer, names, number

FEATURE_LIMIT = 1e6
"""Features are clipped to this absolute value, whose square float32 can still sum."""

_BLOCK_CELLS = 65_536
_CONSTRAINTS = {
    "scaling": choice(*SCALERS),
    "categorical": names(),
    "min_category_count": integer(least=1),
    "max_categories": integer(least=1),
    "category_weight": number(above=0, most=FEATURE_LIMIT),
    "dates": choice("number", "cycles", "ignore"),
    "extra": choice("error", "ignore"),
}
"""Constraint of each argument of the constructor."""


class TablePreprocessor:
    r"""Converter of tables to float32 feature matrices for networks, fitted on training rows.

    The features of a column depend on its kind, which `fit` infers:

    ========  ==========================================  ======================================================
    kind      training values                             features
    ========  ==========================================  ======================================================
    number    numbers, also as text                       the number, scaled
    boolean   booleans; text: true and false, yes and     1 or 0, scaled
              no, t and f, y and n
    date      dates, also as ISO 8601 text                none; with ``dates="number"`` days since 1970, scaled
    datetime  dates with times of day, also as text       hour of the day and day of the week, in UTC, each as a point
                                                          on a circle (sine, cosine); with ``dates="number"`` days
                                                          since 1970, too; scaled
    category  any other text; columns in `categorical`    one indicator per category, and up to three more: for rare,
                                                          missing and unseen values; `category_weight` or 0
    ========  ==========================================  ======================================================

    **Missing values** are None, NaN, NaT, and the text "", NA, N/A, NaN, nan, null, NULL, None, <NA>, #N/A, ? and -.
    In a column of categories, missing is a category of its own. In other columns the training median is imputed; if
    training values were missing, one more feature (`category_weight` or 0) indicates the missing values, since they may
    be normal in some records and anomalous in others. In a column that was complete in training, the median is imputed
    without an indicator, because a network has not learned the weights of one.

    **Categories** have weight 1 by default. The features of a column then have a total variance of
    :math:`1 - \sum_k p_k^2 < 1`, whatever their number: no more than one standardized number.

    **Features are clipped** to :math:`\pm 10^6` after scaling.

    Parameters
    ----------
    scaling : {"standard", "minmax", "robust", "core", "quantile", "none"}, default "standard"
        Scaling of numbers; see `anomaly.preprocessing.scaling.linear`.
    categorical : sequence of str, optional
        Columns of categories whose values look like numbers, booleans or dates.
    min_category_count : int, default 2
        Categories that occur less often in training share one feature, "rare".
    max_categories : int, default 50
        The largest number of categories of a column with a feature of their own; the less frequent ones are rare.
    category_weight : float, default 1.0
        Value of the feature of a category in the rows of this category.
    dates : {"cycles", "number", "ignore"}, default "cycles"
        Features of dates. "cycles": hour of the day and day of the week of datetimes, if the training rows span a day
        and a week; none for dates without times. "number": in addition the days since 1970, for dates that are compared
        with each other or with a fixed date. Later records then lie beyond the training dates, and are anomalous for
        this reason alone. "ignore": none.
    extra : {"error", "ignore"}, default "error"
        Treatment of named columns that are not in the training table.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of the training table.
    feature_names_in_ : ndarray of object of shape (n_features_in_,)
        Names of these columns.
    kinds_ : dict of str to str
        Kind of each column: "number", "boolean", "date", "datetime", "category" or "ignored".
    feature_names_out_ : tuple of str
        Name of each feature: ``"amount"``, ``"amount=<missing>"``, ``"country=FR"``.
    feature_columns_ : ndarray of int of shape (n_features_out,)
        Index of the column of each feature.

    Examples
    --------
    >>> preprocessor = TablePreprocessor().fit(
    ...     {"amount": [1.0, 2.0, 3.0, 2.0], "country": ["FR", "DE", "FR", "DE"]}
    ... )
    >>> preprocessor.feature_names_out_
    ('amount', 'country=DE', 'country=FR', 'country=<unseen>')
    >>> preprocessor.transform([{"country": "JP", "amount": "2"}]).tolist()
    [[0.0, 0.0, 0.0, 1.0]]
    """

    def __init__(
        self,
        scaling: str = "standard",
        categorical: Sequence[str] | None = None,
        *,
        min_category_count: int = 2,
        max_categories: int = 50,
        category_weight: float = 1.0,
        dates: str = "cycles",
        extra: str = "error",
    ) -> None:
        self.scaling = scaling
        self.categorical = categorical
        self.min_category_count = min_category_count
        self.max_categories = max_categories
        self.category_weight = category_weight
        self.dates = dates
        self.extra = extra

    # -- fitting -------------------------------------------------------------------------------

    def fit(self, data: Any) -> TablePreprocessor:
        """Infer the kind of each column from training rows, and fit its categories or its scale.

        Parameters
        ----------
        data : Table, or any input of `anomaly.tables.as_table`
            Training rows.

        Returns
        -------
        TablePreprocessor
            The fitted preprocessor.

        Raises
        ------
        DataError
            If there are no rows, a column has no values, or a number is infinite.
        ValueError
            If a parameter is invalid, or `categorical` contains a name that is not a column.
        """
        self._learn(as_table(data))
        return self

    def fit_transform(self, data: Any) -> Array:
        """Fit the preprocessor on training rows, and return their features.

        Parameters
        ----------
        data : Table, or any input of `anomaly.tables.as_table`
            Training rows.

        Returns
        -------
        ndarray of float32 of shape (n_rows, n_features_out)
            The features of `transform`, at less cost.
        """
        table = as_table(data)
        return self._assemble(table, *self._learn(table))

    def _learn(self, table: Table) -> tuple[Array, list[Array]]:
        """Set the fitted attributes; return numbers and groups of the training rows, for `_assemble`."""
        check_parameters(self._parameters(), _CONSTRAINTS)
        if not len(table):
            raise DataError("found 0 sample(s) to fit on while a minimum of 1 is required")
        unknown = [name for name in self.categorical or () if name not in table.names]
        if unknown:
            raise DataError(
                f"`categorical` names columns that are not there: {format_names(unknown)}; the columns are "
                f"{format_names(table.names)}"
            )
        columns, numbers, groups = self._fit_columns(table)
        self._set_columns(columns)
        self._check_finite(table, numbers, 0)
        missing: Array = np.isnan(numbers)
        empty = np.flatnonzero(missing.all(axis=0))
        if len(empty):
            raise no_values(self._number_columns[empty[0]].name)
        self._named = table.named
        self._has_missing: Array = np.asarray(missing.any(axis=0))
        self._medians = np.array([_median(numbers[:, j]) for j in range(numbers.shape[1])])
        self._scaler = SCALERS[self.scaling]().fit(numbers)
        self._lay_out()
        return numbers, groups

    def _fit_columns(self, table: Table) -> FittedColumns:
        categorical = {*(self.categorical or ()), *table.categorical}
        if table.matrix is not None and not categorical:
            return FittedColumns(NumberColumn.learn_all(table.names, table.matrix), table.matrix, [])
        return fit_columns(table, categorical, self.dates, self.min_category_count, self.max_categories)

    def _set_columns(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        # The column of each number: a column of datetimes has up to five.
        self._number_columns = [c for c in columns if isinstance(c, ValueColumn) for _ in c.number_names]

    def _lay_out(self) -> None:
        """Set the attributes that are functions of the columns and their missing values."""
        self._layout = lay_out(self._columns, self._has_missing)
        self._fill = self._scaler.transform(self._medians[np.newaxis])
        self._names = tuple(column.name for column in self._columns)
        self.n_features_in_ = len(self._columns)
        self.feature_names_in_ = np.array(self._names, dtype=object)
        self.kinds_ = {column.name: column.kind for column in self._columns}
        self.feature_names_out_ = self._layout.names
        self.feature_columns_ = self._layout.columns

    # -- transforming --------------------------------------------------------------------------

    def transform(self, data: Any) -> Array:
        """Convert rows to features.

        Parameters
        ----------
        data : Table, or any input of `anomaly.tables.as_table`
            Rows with the columns of the training table, which are matched by name, in any order, or by position if
            either table has no names.

        Returns
        -------
        ndarray of float32 of shape (n_rows, n_features_out)
            C-contiguous; all features are finite.

        Raises
        ------
        DataError
            If columns are missing or unknown, or a cell is infinite or not of the kind of its column; the message
            names the row and the column.
        """
        table = self.align(as_table(data))
        if table.matrix is not None and self._all_numbers():
            return self._assemble(table, table.matrix, [])
        numbers, groups = [], []
        for column, cells in zip(self._columns, table.columns, strict=True):
            if isinstance(column, ValueColumn):
                values = column.read(cells, table.position)
                numbers += column.numbers_of(values)
            elif isinstance(column, CategoryColumn):
                groups.append(column.read(cells))
        return self._assemble(table, side_by_side(numbers, len(table)), groups)

    def _all_numbers(self) -> bool:
        return all(column.kind == NumberColumn.kind for column in self._columns)

    def align(self, table: Table) -> Table:
        """Return a table with the columns of the training table, in their order and under their names.

        Parameters
        ----------
        table : Table
            Columns are matched by name, or by position if either table has no names.

        Returns
        -------
        Table
            The aligned table.

        Raises
        ------
        DataError
            If columns are missing or unknown.
        """
        self._check_fitted()
        if table.names == self._names:
            return table
        if not (table.named and self._named):
            if len(table.names) != len(self._names):
                raise DataError(
                    f"X has {len(table.names)} features, but TablePreprocessor is expecting {len(self._names)} "
                    "features as input"
                )
            return table.rename(self._names)
        present = set(table.names)
        missing = [name for name in self._names if name not in present]
        if missing:
            raise DataError(f"columns missing: {format_names(missing)}; the table has {format_names(table.names)}")
        unknown = [name for name in table.names if name not in self.kinds_]
        if unknown and self.extra == "error":
            raise DataError(
                f"columns that were not there in training: {format_names(unknown)}; leave them out (on the command "
                "line: --drop, --id or --label)"
            )
        return table.select(self._names)

    def _assemble(self, table: Table, numbers: Array, groups: Sequence[Array]) -> Array:
        """Return the matrix of features, computed in blocks of rows whose intermediate results fit into the cache."""
        features = np.zeros((len(table), len(self.feature_names_out_)), dtype=np.float32)
        step = max(1, _BLOCK_CELLS // max(1, numbers.shape[1]))
        for start in range(0, len(table), step):
            rows = slice(start, start + step)
            self._scale_block(table, numbers[rows], start, features[rows])
        every_row = np.arange(len(table))
        for start, indices in zip(self._layout.category_starts, groups, strict=True):
            features[every_row, start + indices] = self.category_weight
        return features

    def _scale_block(self, table: Table, numbers: Array, start: int, features: Array) -> None:
        scaled = self._scaler.transform(numbers)
        is_complete = np.isfinite(scaled).all()
        if not is_complete:
            self._check_finite(table, numbers, start)
            np.copyto(scaled, self._fill, where=np.isnan(scaled))
        np.clip(scaled, -FEATURE_LIMIT, FEATURE_LIMIT, out=scaled)
        if self._layout.only_values:
            features[:] = scaled
            return
        features[:, self._layout.values] = scaled
        if not is_complete and len(self._layout.marks):
            marks = np.isnan(numbers[:, self._layout.marked])
            features[:, self._layout.marks] = self.category_weight * marks

    def _check_finite(self, table: Table, numbers: Array, start: int) -> None:
        infinite = np.isinf(numbers)
        if infinite.any():
            row, j = np.argwhere(infinite)[0]
            raise DataError(
                f"{table.position(start + int(row))}, column {self._number_columns[j].name!r}: found "
                f"{numbers[row, j]}, expected a finite number"
            )

    # -- inverse -------------------------------------------------------------------------------

    def sum_by_column(self, per_feature: Array) -> Array:
        """Return the sum over the features of each column.

        Parameters
        ----------
        per_feature : ndarray of shape (n_rows, n_features_out)
            Values of the features, such as their contributions to a score.

        Returns
        -------
        ndarray of shape (n_rows, n_features_in_)
            Sum of each column; 0 for a column without features.
        """
        self._check_fitted()
        self._check_width(per_feature)
        starts = np.flatnonzero(np.diff(self.feature_columns_, prepend=-1))
        sums = np.zeros((len(per_feature), self.n_features_in_), dtype=per_feature.dtype)
        sums[:, self.feature_columns_[starts]] = np.add.reduceat(per_feature, starts, axis=1)
        return sums

    def inverse_transform(self, features: Array, rounded: bool = True) -> Table:
        """Convert features to records, the inverse of `transform`.

        Parameters
        ----------
        features : ndarray of shape (n_rows, n_features_out)
            Features of `transform`, or their reconstruction by a network.
        rounded : bool, default True
            Whether to round numbers to integers, and dates to days, hours, minutes or seconds, if all training values
            are such.

        Returns
        -------
        Table
            Records with the columns of the training table: numbers in their own units, dates, booleans, and for each
            column of categories the category with the largest feature. Values of ignored columns, and of datetimes
            whose date is not a feature, are missing.
        """
        self._check_fitted()
        self._check_width(features)
        numbers = self._scaler.inverse_transform(features[:, self._layout.values])
        marks = features[:, self._layout.marks] > self.category_weight / 2
        numbers[:, self._layout.marked] = np.where(marks, np.nan, numbers[:, self._layout.marked])
        values = iter(numbers.T[self._layout.firsts])
        starts = iter(self._layout.category_starts)
        cells: list[Array] = []
        for column in self._columns:
            if isinstance(column, ValueColumn):
                own = next(values)
                cells.append(column.restore(column.rounded(own) if rounded else own))
            elif isinstance(column, CategoryColumn):
                start = next(starts)
                block = features[:, start : start + len(column.groups)]
                cells.append(column.restore(block.argmax(axis=1)))
            else:
                cells.append(np.full(len(features), np.nan))
        return Table(self._names, tuple(cells))

    def describe(self) -> list[str]:
        r"""Return a description of each column, in one line of text.

        Returns
        -------
        list of str
            Descriptions in the order of the columns.

        Examples
        --------
        >>> table = {"amount": [1, 2, None], "country": ["FR", "DE", "FR"]}
        >>> print("\n".join(TablePreprocessor(min_category_count=1).fit(table).describe()))
        amount   number    median 1.5; missing values are marked
        country  category  2 categories: 'DE', 'FR'; unseen
        """
        self._check_fitted()
        firsts = self._layout.firsts
        return describe_columns(self._columns, self._medians[firsts], self._has_missing[firsts])

    def _check_width(self, features: Array) -> None:
        if features.ndim != 2 or features.shape[1] != len(self.feature_names_out_):
            raise DataError(
                f"expected a matrix of {len(self.feature_names_out_)} features; found shape {features.shape}"
            )

    def _check_fitted(self) -> None:
        if not hasattr(self, "feature_columns_"):
            raise DataError("this TablePreprocessor has not been fitted; call fit with training rows")

    # -- files ---------------------------------------------------------------------------------

    def _parameters(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _CONSTRAINTS}

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the fitted state, as JSON values and arrays of numbers.

        Returns
        -------
        config : dict
            JSON values.
        arrays : dict of str to ndarray
            Arrays of dtype float64, int64 and bool.
        """
        self._check_fitted()
        scaler, arrays = self._scaler.get_state()
        config = {
            "parameters": {name: _as_json(value) for name, value in self._parameters().items()},
            "named": self._named,
            "columns": [column.get_config() for column in self._columns],
            "scaler": scaler,
        }
        return config, {
            "medians": self._medians,
            "has_missing": self._has_missing,
            **{f"scaler/{name}": array for name, array in arrays.items()},
        }

    @classmethod
    def from_state(cls, config: Any, arrays: Mapping[str, Array]) -> TablePreprocessor:
        """Restore a preprocessor from the values of `get_state`, validating every field.

        Parameters
        ----------
        config : mapping
            JSON values.
        arrays : mapping of str to ndarray
            Arrays.

        Returns
        -------
        TablePreprocessor
            The fitted preprocessor, with the same features to the last bit.

        Raises
        ------
        DataError
            If a value is not valid for a fitted preprocessor.
        """
        parameters = field(config, "parameters", dict)
        if set(parameters) != set(_CONSTRAINTS):
            raise DataError(f"preprocessing: expected the parameters {', '.join(_CONSTRAINTS)}")
        try:
            check_parameters(parameters, _CONSTRAINTS)
        except ValueError as error:
            raise DataError(f"preprocessing: {error}") from error
        return cls(**parameters).set_state(config, arrays)

    def set_state(self, config: Any, arrays: Mapping[str, Array]) -> TablePreprocessor:
        """Set the fitted state to the values of `get_state`; return the preprocessor itself.

        Parameters and errors are those of `from_state`; the parameters of the constructor are not set.
        """
        self._named = field(config, "named", bool)
        self._set_columns([column_from_config(column) for column in field(config, "columns", list)])
        column_names = [column.name for column in self._columns]
        if len(set(column_names)) < len(column_names):
            raise DataError("preprocessing: column names must be distinct")
        self._scaler = scaler_from_state(field(config, "scaler", dict), arrays_with_prefix(arrays, "scaler/"))
        count = len(self._number_columns)
        self._medians = vector(arrays, "medians", np.float64, count)
        self._has_missing = vector(arrays, "has_missing", np.bool_, count)
        if self._scaler.n_features_in_ != count:
            raise DataError(f"preprocessing: expected a scaler of {count} columns")
        self._lay_out()
        return self


def _median(numbers: Array) -> float:
    # Halved, since the sum of the middle two values may overflow.
    return 2 * float(np.median(numbers[~np.isnan(numbers)].astype(np.float64) / 2))


def _as_json(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    return value if value is None or isinstance(value, (str, int, float)) else list(value)
