"""Base of the detectors of records: the columns of a table, and their preprocessing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from anomaly.detectors.base import BaseDetector
from anomaly.detectors.validation import as_labels, check_records, check_used_columns
from anomaly.preprocessing import TablePreprocessor
from anomaly.tables import Table, as_table
from nnlite.archive import arrays_with_prefix
from nnlite.types import Array


class RecordDetector(BaseDetector):
    """Base of the detectors of records.

    A subclass has the parameters `scaling`, `categorical`, `dates` and `ignore`, and its `fit` sets `preprocessor_`.

    Attributes
    ----------
    preprocessor_ : anomaly.preprocessing.TablePreprocessor
        Conversion of records to features.
    n_features_in_ : int
        Number of columns of the training table.
    feature_names_in_ : ndarray of str
        Their names.
    """

    scaling: str
    categorical: Sequence[str] | None
    dates: str
    ignore: Sequence[str] | None

    preprocessor_: TablePreprocessor
    n_features_in_: int
    feature_names_in_: Array

    def _fit_preprocessor(self, X: Any, y: Any) -> tuple[Array, Array | None]:
        """Validate the arguments of `fit` and fit the preprocessor.

        Returns
        -------
        x : ndarray of float32 of shape (n_records, n_features)
            Features of the training records.
        labels : ndarray of shape (n_records,) or None
            Labels, if there are any.
        """
        self._check_parameters()
        table = self._as_table(X)
        check_records(table)
        labels = as_labels(y, len(table), "record")
        self.preprocessor_ = TablePreprocessor(self.scaling, self.categorical, dates=self.dates)
        x = self.preprocessor_.fit_transform(table)
        self._take_columns()
        check_used_columns(self.feature_names_in_, self.preprocessor_.feature_columns_)
        return x, labels

    def _as_table(self, X: Any) -> Table:
        """Return records as a table, without the columns to ignore."""
        table = as_table(X)
        ignored = [name for name in self.ignore or () if name in table.names]
        return table.drop(ignored) if ignored else table

    def _features(self, X: Any) -> Array:
        """Return the features of records, of shape (n_records, n_features)."""
        self._check_fitted()
        return self.preprocessor_.transform(self._as_table(X))

    def _take_columns(self) -> None:
        """Set the attributes that describe the columns."""
        self.n_features_in_ = self.preprocessor_.n_features_in_
        self.feature_names_in_ = self.preprocessor_.feature_names_in_

    # -- files ---------------------------------------------------------------------------------

    def _preprocessing_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the preprocessor as JSON values and arrays, under the names they have in files."""
        columns, tables = self.preprocessor_.get_state()
        return {"preprocessing": columns}, {f"preprocessing/{name}": array for name, array in tables.items()}

    def _restore_preprocessing(self, config: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
        """Set the preprocessor of a file, and the attributes that follow from it."""
        self.preprocessor_ = TablePreprocessor.from_state(
            config["preprocessing"], arrays_with_prefix(arrays, "preprocessing/")
        )
        self._take_dates(config)
        self._take_columns()

    def _take_dates(self, config: Mapping[str, Any]) -> None:
        """Set the parameter `dates`, which files of the first version lack, to what their preprocessor does."""
        if "dates" not in config["parameters"]:
            self.dates = self.preprocessor_.dates
