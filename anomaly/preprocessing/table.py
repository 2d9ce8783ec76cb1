"""Conversion of tables to float32 feature matrices, fitted on training rows, and of features back to tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.errors import DataError, format_names
from anomaly.estimator import Transformer
from anomaly.preprocessing.columns.categories import HOLE, CategoryColumn
from anomaly.preprocessing.columns.date_columns import CycleColumn
from anomaly.preprocessing.columns.values import IgnoredColumn, NumberColumn, ValueColumn, side_by_side
from anomaly.preprocessing.fitted import FittedTable, check_finite, names_of_numbers
from anomaly.preprocessing.layout import describe_columns, lay_out
from anomaly.preprocessing.parameters import CONSTRAINTS, FEATURE_LIMIT, as_json, check_against, parameters_from_state
from anomaly.preprocessing.swapped import warn_of_swapped
from anomaly.tables import Table, as_table
from nnlite.suggestions import names_meant
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.preprocessing.columns.learning import FittedColumns
    from anomaly.preprocessing.columns.population import Population

_BLOCK_CELLS = 65_536


class TablePreprocessor(Transformer):
    r"""Converter of tables to float32 feature matrices for networks, fitted on training rows.

    The features of a column depend on its kind, which `fit` infers:

    ========  ==========================================  ======================================================
    kind      training values                             features
    ========  ==========================================  ======================================================
    number    numbers, also as text in one spelling:      the number, scaled; with ``scaling="core"`` and
              with a unit, a currency, marks of           ``missing="nan"`` also compressed, if it has a heavy tail
              thousands, a decimal comma; durations, in
              seconds
    boolean   booleans; text: true and false, yes and     1 or 0, scaled
              no, t and f, y and n
    date      dates, as text of one format, or as         none; with ``dates="number"`` days since 1970, scaled
              numbers such as 20240131
    datetime  dates with times of day, also as text of    hour of the day and day of the week, each as a point on a
              one format, or as seconds since 1970;       circle (sine, cosine); with ``dates="number"`` days since
              times of day                                1970, too; scaled
    category  any other text, also among numbers if both  one indicator per category, and up to three more: for rare,
              are few and frequent (2, 3, 4, 5more);      missing and unseen values; `category_weight` or 0
              columns in `categorical`; with
              ``missing="nan"`` also booleans, and
              integers of at most 5 distinct values
    ignored   no value; with ``missing="nan"`` also       none
              values that number or name the records, or
              only grow, unless named in `keep`
    ========  ==========================================  ======================================================

    A column that is not plainly of one kind has a warning (`anomaly.errors.DataWarning`) or raises `DataError`; the
    forms of cells are listed in ``docs/data_forms.md``. A column with one value is used, with a
    `ConstantColumnWarning`, since a value that has never changed and does is a real alarm.

    **Missing values** are None, NaN, NaT, and the text "", NA, N/A, NaN, nan, null, NULL, None, <NA>, #N/A, ? and -.
    With ``missing="median"``, missing is a category of its own in a column of categories. In other columns the training
    median is imputed; if training values were missing, one more feature (`category_weight` or 0) marks the missing
    values, since they may be normal in some records and anomalous in others. In a column that was complete in training,
    the median is imputed without a mark, because a network has not learned the weights of one.

    **Holes.** With ``missing="nan"``, nothing is imputed: the features of a missing cell are NaN, for a method that
    fills them, or leaves them out. The marks of numbers, and the category of missing values, exist only where 5 to 95 %
    of the training values are missing. A mark is never NaN; the features of a cell in this category are known, and
    none is NaN. Columns without any training value are ignored, with an `EmptyColumnWarning`; like ignored dates they
    must be present in later tables, and may hold anything.

    **Few values.** With ``missing="nan"``, booleans, numbers of two values, and integers of at most five, with at least
    5 training rows for each value on average, become categories, whose differences all have the same weight. A later
    value between or beyond them is unseen; its feature grows with its distance from the nearest value, in units of the
    mean distance between neighboring values, so that a large number among few small ones stands out.

    **Heavy tails.** With ``scaling="core"`` and ``missing="nan"``, a number is two features if at least 2 % of the
    training values, and at least 5, are further from the median than 6 standard deviations of the middle 80 %, or if
    the middle 80 % are equal: the number in units of its standard deviation, and compressed by a logarithm
    (`anomaly.preprocessing.number_scales`). Sine and cosine of hours and weekdays are not scaled then.

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
    missing : {"median", "nan"}, default "median"
        Treatment of missing values: imputed, or left as NaN; see above.
    keep : sequence of str, optional
        Columns that are used as they are written, though they number or name the records, only grow, or are numbers
        that look like times.
    date_format : str or sequence of str, optional
        Formats of dates, as of `time.strptime`: ``"%d/%m/%Y"`` for all columns, ``"day=%d/%m/%Y"`` for one. A time of
        day and a zone may follow a format without hours. By default the format of each column is found from its values.
    time_zone : str, optional
        Time zone of the hours of datetimes that have an offset from UTC, or are no text: a name such as
        ``"Europe/Berlin"``. By default hours are taken as they are written, and others are those of UTC.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of the training table.
    feature_names_in_ : ndarray of object of shape (n_features_in_,)
        Names of these columns.
    kinds_ : dict of str to str
        Kind of each column: "number", "boolean", "date", "datetime", "category" or "ignored".
    left_out_ : dict of str to str
        Why a column has no features, by name; not known of columns in files of earlier versions.
    feature_names_out_ : tuple of str
        Name of each feature: ``"amount"``, ``"amount (compressed)"``, ``"amount=<missing>"``, ``"country=FR"``.
    feature_columns_ : ndarray of int of shape (n_features_out,)
        Index of the column of each feature.
    marks_ : ndarray of bool of shape (n_features_out,)
        Whether a feature marks the missing values of a number, a boolean or a date.
    fill_values_ : ndarray of float32 of shape (n_features_out,)
        Features to stand in for those of a missing cell where nothing better is known: the scaled training median, the
        most frequent category (of files of earlier versions not known: all 0), and 0 for marks.
    missing_fraction_ : ndarray of float64 of shape (n_features_in_,)
        Fraction of missing cells of each column in training; NaN in files of earlier versions.

    Examples
    --------
    >>> preprocessor = TablePreprocessor().fit(
    ...     {"amount": [1.0, 2.0, 3.0, 2.0], "country": ["FR", "DE", "FR", "DE"]}
    ... )
    >>> preprocessor.feature_names_out_
    ('amount', 'country=DE', 'country=FR', 'country=<unseen>')
    >>> preprocessor.transform([{"country": "JP", "amount": "2"}]).tolist()
    [[0.0, 0.0, 0.0, 1.0]]
    >>> preprocessor = TablePreprocessor(missing="nan").fit({"amount": [1.0, 2.0, None], "country": ["FR", "FR", "FR"]})
    >>> preprocessor.feature_names_out_, preprocessor.marks_.tolist()
    (('amount', 'amount=<missing>', 'country=FR', 'country=<unseen>'), [False, True, False, False])
    >>> preprocessor.transform([{"amount": None, "country": None}]).tolist()
    [[nan, 1.0, nan, nan]]
    """

    _reads_text = True

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
        missing: str = "median",
        keep: Sequence[str] | None = None,
        date_format: str | Sequence[str] | None = None,
        time_zone: str | None = None,
    ) -> None:
        self.scaling = scaling
        self.categorical = categorical
        self.min_category_count = min_category_count
        self.max_categories = max_categories
        self.category_weight = category_weight
        self.dates = dates
        self.extra = extra
        self.missing = missing
        self.keep = keep
        self.date_format = date_format
        self.time_zone = time_zone

    # -- fitting -------------------------------------------------------------------------------

    def fit(self, data: Any, y: Any = None) -> TablePreprocessor:  # noqa: ARG002
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
            If there are no rows, a column (with ``missing="nan"``, every column) has no values, or a number is
            infinite.
        ValueError
            If a parameter is invalid, or `categorical` contains a name that is not a column.
        """
        self._learn(as_table(data))
        return self

    def fit_transform(self, data: Any, y: Any = None) -> Any:  # noqa: ARG002
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

    def fit_sample(self, data: Any, population: Population) -> TablePreprocessor:
        """Fit the preprocessor to a sample of the training rows, with what is known of all of them.

        Parameters
        ----------
        data : Table, or any input of `anomaly.tables.as_table`
            A random sample of the rows in their order. Rows that hold what a sample may lack, such as the extremes of
            each number, may be added to it.
        population : Population
            Number of rows, missing cells and counts of categories of all rows.

        Returns
        -------
        TablePreprocessor
            The fitted preprocessor. Its scales and medians are those of the sample.

        Raises
        ------
        DataError, ValueError
            As `fit`.
        """
        self._learn(as_table(data), population)
        return self

    def _learn(self, table: Table, population: Population | None = None) -> tuple[Array, list[Array]]:
        """Set the fitted attributes; return numbers and groups of the training rows, for `_assemble`."""
        if not len(table):
            raise DataError("found 0 sample(s) to fit on while a minimum of 1 is required")
        check_against(self._parameters(), table.names)
        found = self._fit_columns(table) if population is None else self._fit_any(table, population)
        check_finite(table, found.numbers, 0, names_of_numbers(found.columns))
        self._fitted, numbers = FittedTable.learn(found, table.named, self.scaling, self.missing)
        self._lay_out()
        return numbers, found.groups

    def _fit_columns(self, table: Table) -> FittedColumns:
        from anomaly.preprocessing.columns.learning import FittedColumns, are_plain

        categorical = {*(self.categorical or ()), *table.categorical}
        if table.matrix is not None and not categorical:
            missing_fraction = np.isnan(table.matrix).mean(axis=0)
            if (missing_fraction < 1).all() and (self.missing == "median" or are_plain(table)):
                return FittedColumns(
                    NumberColumn.learn_all(table.names, table.matrix), table.matrix, [], missing_fraction
                )
        return self._fit_any(table)

    def _fit_any(self, table: Table, population: Population | None = None) -> FittedColumns:
        """Fit columns of any kind."""
        from anomaly.preprocessing.columns.learning import column_settings, fit_columns

        # Without names, no column can be kept or dropped by name.
        kept = () if table.named else table.names
        categorical = {*(self.categorical or ()), *table.categorical}
        return fit_columns(table, categorical, column_settings(self._parameters(), kept, population))

    def _lay_out(self) -> None:
        """Set the attributes that are functions of the columns and their missing values."""
        fitted = self._fitted
        self._layout = lay_out(fitted.columns, fitted.is_marked)
        self._fill = fitted.scaler.scale(fitted.medians[np.newaxis])
        self.n_features_in_ = len(fitted.columns)
        self.feature_names_in_ = np.array(fitted.names, dtype=object)
        self._forms = {one.name: one.form for one in fitted.columns if isinstance(one, ValueColumn)}
        self.kinds_ = {column.name: column.kind for column in fitted.columns}
        self.left_out_ = {column.name: column.reason for column in fitted.columns if isinstance(column, IgnoredColumn)}
        self.feature_names_out_ = self._layout.names
        self.feature_columns_ = self._layout.columns
        self.missing_fraction_ = fitted.missing_fraction
        self.marks_ = np.zeros(len(self._layout.names), np.bool_)
        self.marks_[self._layout.marks] = True
        self.fill_values_ = self._fill_values()

    def _fill_values(self) -> Array:
        fill = np.zeros(len(self._layout.names), np.float32)
        fill[self._layout.values] = np.clip(self._fill[0], -FEATURE_LIMIT, FEATURE_LIMIT)
        for column, start in zip(self._fitted.categories, self._layout.category_starts, strict=True):
            if column.typical_group is not None:
                fill[start + column.typical_group] = self.category_weight
        return fill

    # -- transforming --------------------------------------------------------------------------

    def transform(self, data: Any) -> Any:
        """Convert rows to features.

        Parameters
        ----------
        data : Table, or any input of `anomaly.tables.as_table`
            Rows with the columns of the training table, which are matched by name, in any order, or by position if
            either table has no names.

        Returns
        -------
        ndarray of float32 of shape (n_rows, n_features_out)
            C-contiguous; all features are finite, or with ``missing="nan"`` NaN.

        Raises
        ------
        DataError
            If columns are missing or unknown, or a cell is infinite or not of the kind of its column; the message
            names the row and the column.
        """
        given = as_table(data)
        table = self.align(given)
        if table.matrix is not None and self._fitted.all_numbers:
            if self._fitted.named and not given.named:
                warn_of_swapped(self._fitted.names, table.matrix, *self._fitted.centers_and_scales())
            return self._assemble(table, table.matrix, [])
        numbers, groups, sizes = [], [], []
        for column, cells in zip(self._fitted.columns, table.columns, strict=True):
            if isinstance(column, ValueColumn):
                values = column.read(cells, table.position)
                numbers += column.numbers_of(values)
            elif isinstance(column, CategoryColumn):
                groups.append(column.read(cells))
                sizes.append(column.sizes(cells, groups[-1]))
        return self._assemble(table, side_by_side(numbers, len(table)), groups, sizes)

    def written_like(self, column: str, value: Any, found: Any) -> str | None:
        """Return a value of `inverse_transform` as its column is written, such as ``-71,50 €`` or ``01.03.2026 06:05``.

        Parameters
        ----------
        column : str
            Name of the column.
        value : float, datetime64 or str
            The value.
        found : object
            A cell of the column, whose unit and precision are taken.

        Returns
        -------
        str or None
            None where the column has no form of its own, or cannot write the value.
        """
        from anomaly.preprocessing.columns.rewriting import written_like

        return written_like(self._forms.get(column), value, found)

    @property
    def number_columns_(self) -> frozenset[str]:
        """Columns whose cells may be given as numbers in place of the text that a file has for them."""
        return self._fitted.number_columns

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
        names = self._fitted.names
        if table.names == names:
            return table
        if not (table.named and self._fitted.named):
            if len(table.names) != len(names):
                raise DataError(
                    f"X has {len(table.names)} features, but TablePreprocessor is expecting {len(names)} "
                    "features as input"
                )
            return table.rename(names)
        present = set(table.names)
        missing = [name for name in names if name not in present]
        if missing:
            raise DataError(
                f"columns missing: {format_names(missing)}; the table has {format_names(table.names)}"
                f"{names_meant(missing, (name for name in table.names if name not in names))}"
            )
        unknown = [name for name in table.names if name not in self.kinds_]
        if unknown and self.extra == "error":
            raise DataError(
                f"columns that were not there in training: {format_names(unknown)}; leave them out (on the command "
                "line: --drop, --id or --label)"
            )
        return table.select(names)

    def _assemble(
        self, table: Table, numbers: Array, groups: Sequence[Array], sizes: Sequence[Array | float] = ()
    ) -> Array:
        """Return the matrix of features, computed in blocks of rows whose intermediate results fit into the cache."""
        features = np.zeros((len(table), len(self.feature_names_out_)), dtype=np.float32)
        step = max(1, _BLOCK_CELLS // max(1, numbers.shape[1]))
        for start in range(0, len(table), step):
            rows = slice(start, start + step)
            self._scale_block(table, numbers[rows], start, features[rows])
        self._indicate(features, groups, sizes or [1.0] * len(groups))
        return features

    def _indicate(self, features: Array, groups: Sequence[Array], sizes: Sequence[Array | float]) -> None:
        """Set the indicator features of the groups of categories, each to the weight times its size."""
        rows = np.arange(len(features))
        for block, indices, size in zip(self._category_blocks(features), groups, sizes, strict=True):
            # Imputed as an unseen value, whose group is the last one in a column without a group of missing values.
            block[rows, indices] = np.minimum(self.category_weight * size, FEATURE_LIMIT)
            if self.missing == "nan":
                block[indices == HOLE] = np.nan

    def _category_blocks(self, features: Array) -> Iterator[Array]:
        for column, start in zip(self._fitted.categories, self._layout.category_starts, strict=True):
            yield features[:, start : start + len(column.groups)]

    def _scale_block(self, table: Table, numbers: Array, start: int, features: Array) -> None:
        scaled = self._fitted.scaler.scale(numbers)
        is_complete = np.isfinite(scaled).all()
        if not is_complete:
            check_finite(table, numbers, start, names_of_numbers(self._fitted.columns))
            if self.missing == "median":
                np.copyto(scaled, self._fill, where=np.isnan(scaled))
        # As `np.clip`, which takes as long as all else about a single record.
        np.minimum(np.maximum(scaled, -FEATURE_LIMIT, out=scaled), FEATURE_LIMIT, out=scaled)
        if self._layout.only_values:
            features[:] = scaled
            return
        features[:, self._layout.values] = scaled
        if not is_complete and len(self._layout.marks):
            marks = np.isnan(numbers[:, self._layout.marked])
            features[:, self._layout.marks] = self.category_weight * marks

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

    def inverse_transform(self, features: Array, rounded: bool = True, near: Any = None) -> Table:
        """Convert features to records, the inverse of `transform`.

        Parameters
        ----------
        features : ndarray of shape (n_rows, n_features_out)
            Features of `transform`, or their reconstruction by a network.
        rounded : bool, default True
            Whether to round numbers to integers, and dates to days, hours, minutes or seconds, if all training values
            are such.
        near : table of shape (n_rows, n_features_in_), optional
            Records that the features are estimates for. A datetime whose date is not a feature is then the one with the
            hour and the day of the week of the features that is nearest to theirs, and a category is one of the
            training values whatever `missing` is.

        Returns
        -------
        Table
            Records with the columns of the training table: numbers in their own units, dates, booleans, and for each
            column of categories the category with the largest feature. Values of ignored columns, and without `near` of
            datetimes whose date is not a feature, are missing. With ``missing="nan"``, so are cells with a NaN feature;
            the category is one of the training values: the most frequent of the rare ones in place of their group, and
            none in place of unseen values and of those of a column where most occur once.
        """
        self._check_fitted()
        self._check_width(features)
        numbers = self._fitted.scaler.unscale(features[:, self._layout.values])
        if self.missing == "median":  # otherwise, the number itself is NaN
            marks = features[:, self._layout.marks] > self.category_weight / 2
            numbers[:, self._layout.marked] = np.where(marks, np.nan, numbers[:, self._layout.marked])
        values = iter(np.split(numbers.T, self._layout.firsts[1:]))
        blocks = self._category_blocks(features)
        cells: list[Array] = []
        others = None if near is None else self.align(as_table(near))
        for index, column in enumerate(self._fitted.columns):
            if isinstance(column, CycleColumn) and others is not None:
                days = column.read(others.columns[index], others.position)
                cells.append(column.restore_near(list(next(values)), days))
            elif isinstance(column, ValueColumn):
                own = column.value_of(next(values))
                cells.append(column.restore(column.rounded(own) if rounded else own))
            elif isinstance(column, CategoryColumn):
                block = next(blocks)
                if self.missing == "nan" or others is not None:
                    cells.append(column.restore(column.expected_groups(block), real=True))
                else:
                    cells.append(column.restore(block.argmax(axis=1)))
            else:
                cells.append(np.full(len(features), np.nan))
        return Table(self._fitted.names, tuple(cells))

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
        amount   number    median 1.5; 33.3 % missing, marked
        country  category  2 categories: 'DE', 'FR'; unseen
        """
        self._check_fitted()
        fitted, firsts = self._fitted, self._layout.firsts
        return describe_columns(
            fitted.columns, fitted.medians[firsts], fitted.is_marked[firsts], fitted.missing_fraction
        )

    def _check_width(self, features: Array) -> None:
        if features.ndim != 2 or features.shape[1] != len(self.feature_names_out_):
            raise DataError(
                f"expected a matrix of {len(self.feature_names_out_)} features; found shape {features.shape}"
            )

    def _names_out(self, names: Array) -> Array:  # noqa: ARG002
        return np.array(self.feature_names_out_, object)

    # -- files ---------------------------------------------------------------------------------

    def _parameters(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in CONSTRAINTS}

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
        config, arrays = self._fitted.get_state()
        return {"parameters": {name: as_json(value) for name, value in self._parameters().items()}, **config}, arrays

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
        parameters = parameters_from_state(config)
        return cls(**parameters).set_state(config, arrays)

    def set_state(self, config: Any, arrays: Mapping[str, Array]) -> TablePreprocessor:
        """Set the fitted state to the values of `get_state`; return the preprocessor itself.

        Parameters and errors are those of `from_state`; the parameters of the constructor are not set.
        """
        self._fitted = FittedTable.from_state(config, arrays)
        self._lay_out()
        return self
