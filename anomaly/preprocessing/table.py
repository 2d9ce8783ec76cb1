"""Any table becomes a float32 matrix, by rules learned from training rows alone; and features lead back to columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from anomaly.errors import DataError, format_names
from anomaly.preprocessing.columns.categories import CategoryColumn
from anomaly.preprocessing.columns.values import (
    Column,
    CycleColumn,
    DateColumn,
    IgnoredColumn,
    MomentColumn,
    NumberColumn,
    ValueColumn,
    column_from_config,
    infer,
)
from anomaly.preprocessing.layout import lay_out
from anomaly.preprocessing.parameters import FEATURE_LIMIT, PARAMETERS, check_parameters, parameters_as_json
from anomaly.preprocessing.scaling.linear import SCALERS, scaler_from_state
from anomaly.preprocessing.state import field, vector
from anomaly.tables import Table, as_table
from nnlite.types import Array

_BLOCK_CELLS = 65_536


class TablePreprocessor:
    r"""Turn tables into float32 matrices for a network, by rules learned from training rows.

    What becomes of a column depends on its kind, found out when fitting:

    ========  ==========================================  ======================================================
    kind      training values                             features
    ========  ==========================================  ======================================================
    number    numbers, or text that is numbers            the number, scaled
    boolean   truth values; text: true and false, yes     1 or 0, scaled
              and no, t and f, y and n
    date      dates, also as ISO 8601 text                none; with ``dates="number"`` days since 1970, scaled
    moment    dates with times of day, likewise           hour of the day and day of the week, in UTC, each as a point
                                                          on a circle (sine, cosine); with ``dates="number"`` days
                                                          since 1970, too; scaled
    category  any other text; columns in `categorical`    one per category, and up to three more: for rare, missing
                                                          and unseen values; `category_weight` where it applies, else 0
    ========  ==========================================  ======================================================

    **Missing values** are None, NaN, NaT, and the text "", NA, N/A, NaN, nan, null, NULL, None, <NA>, #N/A, ? and -.
    A missing category is a category of its own. Elsewhere the training median stands in; if values were
    missing in training, one more feature says where (`category_weight` or 0), so that being missing can be usual
    in some records and unusual in others. A value missing in a column that was complete in training is
    filled with the median and not marked: the network has never seen that mark and would answer it with noise.

    **Categories** weigh 1 by default. The features of a column then have a total variance of
    :math:`1 - \sum_k p_k^2 < 1`, however many there are: no more than one standardised number.

    **Size** is limited: after scaling, features are clipped to :math:`\pm 10^6`.

    Parameters
    ----------
    scaling : {"standard", "minmax", "robust", "core", "quantile", "none"}, default "standard"
        How numbers are scaled; see `anomaly.preprocessing.scaling.linear`.
    categorical : sequence of str, optional
        Columns that hold categories although they look like something else.
    min_category_count : int, default 2
        Categories that occur less often in training share one feature, "rare".
    max_categories : int, default 50
        Only so many categories of a column, the most frequent, have a feature of their own.
    category_weight : float, default 1.0
        The value of a category's feature where it applies.
    dates : {"cycles", "number", "ignore"}, default "cycles"
        Which features dates make. "cycles": hour of the day and day of the week of moments, as far as training rows go
        round the day and the week; dates without times make none. "number": the days since 1970, too, for dates that
        are compared with each other or with a fixed time. Later records then lie beyond the training dates, and are
        unusual for that alone. "ignore": none.
    extra : {"error", "ignore"}, default "error"
        What to do about named columns that were not there in training.

    Attributes
    ----------
    n_features_in_ : int
        Columns of the training table.
    feature_names_in_ : ndarray of object of shape (n_features_in_,)
        Their names.
    kinds_ : dict of str to str
        The kind of each column: "number", "boolean", "date", "moment", "category" or
        "ignored".
    feature_names_out_ : tuple of str
        What each feature is: ``"amount"``, ``"amount=<missing>"``, ``"country=FR"``.
    feature_columns_ : ndarray of int of shape (n_features_out,)
        The index of the column that each feature was made from.

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

    # -- learning ------------------------------------------------------------------------------

    def fit(self, data: Any) -> TablePreprocessor:
        """Learn from training rows what each column holds and how to scale it.

        Parameters
        ----------
        data : Table, or anything that `anomaly.tables.as_table` takes
            Training rows.

        Returns
        -------
        TablePreprocessor
            The preprocessor itself.

        Raises
        ------
        DataError
            If there are no rows, a column has no values at all, or a number is infinite.
        ValueError
            If a parameter is unusable, or `categorical` names no column.
        """
        self._learn(as_table(data))
        return self

    def fit_transform(self, data: Any) -> Array:
        """Learn from training rows, and return their features.

        Parameters
        ----------
        data : Table, or anything that `anomaly.tables.as_table` takes
            Training rows.

        Returns
        -------
        ndarray of float32 of shape (n_rows, n_features_out)
            As `transform` gives it, at less cost.
        """
        table = as_table(data)
        return self._assemble(table, *self._learn(table))

    def _learn(self, table: Table) -> tuple[Array, list[Array]]:
        """Set what `fit` learns; return what was read of the table on the way, for `_assemble`."""
        check_parameters(self)
        if not len(table):
            raise DataError("found 0 sample(s) to learn from while a minimum of 1 is required")
        unknown = [name for name in self.categorical or () if name not in table.names]
        if unknown:
            raise DataError(
                f"`categorical` names columns that are not there: {format_names(unknown)}; the columns are "
                f"{format_names(table.names)}"
            )
        numbers, places = self._learn_columns(table)
        self._check_finite(table, numbers, 0)
        missing: Array = np.isnan(numbers)
        empty = np.flatnonzero(missing.all(axis=0))
        if len(empty):
            raise _nothing_to_learn(self._number_columns[empty[0]].name)
        self._named = table.named
        self._has_missing: Array = np.asarray(missing.any(axis=0))
        self._medians = np.array([_median(numbers[:, j]) for j in range(numbers.shape[1])])
        self._scaler = SCALERS[self.scaling]().fit(numbers)
        self._lay_out()
        return numbers, places

    def _learn_columns(self, table: Table) -> tuple[Array, list[Array]]:
        """Find out the kind of each column; return the numbers of all that have any, and the places of the others."""
        forced = {*(self.categorical or ()), *table.categorical}
        if table.matrix is not None and not forced:
            plain = [NumberColumn(name) for name in table.names]
            for plain_column, values in zip(plain, table.matrix.T, strict=True):
                plain_column.learn_resolution(values)
            self._set_columns(plain)
            return table.matrix, []
        columns: list[Column] = []
        numbers, places = [], []
        for name, cells in zip(table.names, table.columns, strict=True):
            found, values = (None, cells) if name in forced else infer(name, cells, table.position)
            column = self._dated(found, values) if isinstance(found, DateColumn) else found
            if isinstance(column, ValueColumn):
                column.learn_resolution(values)
                numbers += column.numbers_of(values)
            if column is not None:
                columns.append(column)
            else:
                categories, indices = CategoryColumn.learn(name, cells, self.min_category_count, self.max_categories)
                if not (categories.categories or categories.rare or categories.open_ended):
                    raise _nothing_to_learn(name)
                columns.append(categories)
                places.append(indices)
        self._set_columns(columns)
        return _side_by_side(numbers, len(table)), places

    def _dated(self, column: DateColumn, numbers: Array) -> DateColumn | IgnoredColumn:
        """Return what a column of dates is by the parameter `dates`."""
        if self.dates == "number":
            return column
        told = isinstance(column, MomentColumn) and self.dates == "cycles"
        return (CycleColumn.learn(column.name, numbers) if told else None) or IgnoredColumn(column.name)

    def _set_columns(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        values = [c for c in columns if isinstance(c, ValueColumn)]
        # One entry for each number: a column of moments is there up to five times.
        self._number_columns = [c for c in values for _ in c.number_names]
        self._category_columns = [c for c in columns if isinstance(c, CategoryColumn)]

    def _lay_out(self) -> None:
        """Set all that follows from the columns and what was missing of them."""
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
        """Turn rows into features.

        Parameters
        ----------
        data : Table, or anything that `anomaly.tables.as_table` takes
            Rows with the columns of the training table: by name, in any order, or by position where
            either table has no names.

        Returns
        -------
        ndarray of float32 of shape (n_rows, n_features_out)
            C-contiguous; all of it finite.

        Raises
        ------
        DataError
            If columns are missing or unknown; if a cell is not of its column's kind or is infinite: the message
            names the row and the column.
        """
        table = self.align(as_table(data))
        if table.matrix is not None and self._all_numbers():
            return self._assemble(table, table.matrix, [])
        numbers, places = [], []
        for column, cells in zip(self._columns, table.columns, strict=True):
            if isinstance(column, ValueColumn):
                values = column.read(cells, table.position)
                numbers += column.numbers_of(values)
            elif isinstance(column, CategoryColumn):
                places.append(column.read(cells))
        return self._assemble(table, _side_by_side(numbers, len(table)), places)

    def _all_numbers(self) -> bool:
        return all(column.kind == NumberColumn.kind for column in self._columns)

    def align(self, table: Table) -> Table:
        """Bring the columns into the order of the training table.

        Parameters
        ----------
        table : Table
            With the columns of the training table: by name, or by position where either table has no names.

        Returns
        -------
        Table
            With the names of the training table.

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
                f"columns that were not there in training: {format_names(unknown)}; leave them out (on the command line: "
                "--drop, --id or --label)"
            )
        return table.select(self._names)

    def _assemble(self, table: Table, numbers: Array, places: Sequence[Array]) -> Array:
        """Fill the matrix of features, a block of rows at a time so that what is between stays in the cache."""
        features = np.zeros((len(table), len(self.feature_names_out_)), dtype=np.float32)
        step = max(1, _BLOCK_CELLS // max(1, numbers.shape[1]))
        for start in range(0, len(table), step):
            rows = slice(start, start + step)
            self._scale_block(table, numbers[rows], start, features[rows])
        every_row = np.arange(len(table))
        for start, indices in zip(self._layout.category_starts, places, strict=True):
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

    # -- the way back --------------------------------------------------------------------------

    def sum_by_column(self, per_feature: Array) -> Array:
        """Add up what belongs to the features of one column.

        Parameters
        ----------
        per_feature : ndarray of shape (n_rows, n_features_out)
            Such as each feature's part of a score.

        Returns
        -------
        ndarray of shape (n_rows, n_features_in_)
            Each column's part; 0 for a column that makes no features.
        """
        self._check_fitted()
        self._check_width(per_feature)
        starts = np.flatnonzero(np.diff(self.feature_columns_, prepend=-1))
        sums = np.zeros((len(per_feature), self.n_features_in_), dtype=per_feature.dtype)
        sums[:, self.feature_columns_[starts]] = np.add.reduceat(per_feature, starts, axis=1)
        return sums

    def inverse_transform(self, features: Array, rounded: bool = True) -> Table:
        """Return the records that features stand for, such as what a network expects a record to be.

        Parameters
        ----------
        features : ndarray of shape (n_rows, n_features_out)
            As `transform` makes them, or a network's reconstruction of them.
        rounded : bool, default True
            Whether numbers that were whole in training come back whole, and dates to the day, hour, minute or second.

        Returns
        -------
        Table
            With the columns of the training table: numbers in their own units, dates, truth values, and of each column
            of categories the one with the largest feature. Missing are ignored columns, and moments whose date
            makes no feature.
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
                block = features[:, start : start + len(column.places)]
                cells.append(column.restore(block.argmax(axis=1)))
            else:
                cells.append(np.full(len(features), np.nan))
        return Table(self._names, tuple(cells))

    def describe(self) -> list[str]:
        r"""Say what each column is, in a line of text each.

        Returns
        -------
        list of str
            In the order of the columns.

        Examples
        --------
        >>> table = {"amount": [1, 2, None], "country": ["FR", "DE", "FR"]}
        >>> print("\n".join(TablePreprocessor(min_category_count=1).fit(table).describe()))
        amount   number    median 1.5; missing values are marked
        country  category  2 categories: 'DE', 'FR'; unseen
        """
        self._check_fitted()
        width = max(map(len, self._names))
        medians = iter(zip(self._medians[self._layout.firsts], self._has_missing[self._layout.firsts], strict=True))
        lines = []
        for column in self._columns:
            text = ""
            if isinstance(column, ValueColumn):
                median, has_missing = next(medians)
                text = column.summary(median) + ("; missing values are marked" if has_missing else "")
            elif isinstance(column, CategoryColumn):
                others = [place.strip("<>") for place in column.places[len(column.categories) :]]
                text = f"{len(column.categories)} categories"
                text += f": {format_names(column.categories)}" if column.categories else ""
                text += f"; {', '.join(others)}" if others else ""
            lines.append(f"{column.name:<{width}}  {column.kind:<8}  {text}".rstrip())
        return lines

    def _check_width(self, features: Array) -> None:
        if features.ndim != 2 or features.shape[1] != len(self.feature_names_out_):
            raise DataError(
                f"expected a matrix of {len(self.feature_names_out_)} features; found shape {features.shape}"
            )

    def _check_fitted(self) -> None:
        if not hasattr(self, "feature_columns_"):
            raise DataError("this TablePreprocessor has not been fitted; call fit with training rows")

    # -- files ---------------------------------------------------------------------------------

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return all that was learned, as JSON values and arrays of numbers.

        Returns
        -------
        config : dict
            JSON values.
        arrays : dict of str to ndarray
            Of dtype float64, int64 and bool.
        """
        self._check_fitted()
        scaler, arrays = self._scaler.get_state()
        config = {
            "parameters": parameters_as_json(self),
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
        """Make a preprocessor of what `get_state` returned, believing none of it.

        Parameters
        ----------
        config : mapping
            JSON values.
        arrays : mapping of str to ndarray
            Arrays.

        Returns
        -------
        TablePreprocessor
            Fitted: it transforms as the one did that the state came from, to the last bit.

        Raises
        ------
        DataError
            If the values are not such as a preprocessor can have learned.
        """
        parameters = field(config, "parameters", dict)
        if set(parameters) != set(PARAMETERS):
            raise DataError(f"preprocessing: expected the parameters {', '.join(PARAMETERS)}")
        preprocessor = cls(**parameters)
        try:
            check_parameters(preprocessor)
        except (TypeError, ValueError) as error:
            raise DataError(f"preprocessing: {error}") from error
        preprocessor._named = field(config, "named", bool)
        preprocessor._set_columns([column_from_config(c) for c in field(config, "columns", list)])
        names = [column.name for column in preprocessor._columns]
        if len(set(names)) < len(names):
            raise DataError("preprocessing: column names must be distinct")
        preprocessor._scaler = scaler_from_state(
            field(config, "scaler", dict),
            {n.removeprefix("scaler/"): a for n, a in arrays.items() if n.startswith("scaler/")},
        )
        count = len(preprocessor._number_columns)
        preprocessor._medians = vector(arrays, "medians", np.float64, count)
        preprocessor._has_missing = vector(arrays, "has_missing", np.bool_, count)
        if preprocessor._scaler.n_features_in_ != count:
            raise DataError(f"preprocessing: expected a scaler of {count} columns")
        preprocessor._lay_out()
        return preprocessor


def _side_by_side(columns: Sequence[Array], n_rows: int) -> Array:
    matrix = np.empty((n_rows, len(columns)), order="F")
    for target, column in zip(matrix.T, columns, strict=True):
        target[:] = column
    return matrix


def _median(numbers: Array) -> float:
    # Of the halves, since the mean of the middle two may overflow.
    return 2 * float(np.median(numbers[~np.isnan(numbers)].astype(np.float64) / 2))


def _nothing_to_learn(name: str) -> DataError:
    return DataError(
        f"column {name!r}: all values missing in the training rows, so there is nothing to learn from it; leave it out "
        "(on the command line: --drop)"
    )
