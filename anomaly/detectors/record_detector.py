"""What detectors of tables share: which columns they look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from anomaly.detectors.base import BaseDetector
from anomaly.preprocessing import TablePreprocessor
from anomaly.tables import Table, as_table
from nnlite.types import Array


class RecordDetector(BaseDetector):
    """A detector of single records, with parameters `ignore` and `dates`, whose `fit` sets `preprocessor_`."""

    ignore: Sequence[str] | None
    dates: str

    preprocessor_: TablePreprocessor
    n_features_in_: int
    feature_names_in_: Array

    def _as_table(self, X: Any) -> Table:
        table = as_table(X)
        ignored = [name for name in self.ignore or () if name in table.names]
        return table.drop(ignored) if ignored else table

    def _take_columns(self) -> None:
        self.n_features_in_ = self.preprocessor_.n_features_in_
        self.feature_names_in_ = self.preprocessor_.feature_names_in_

    def _take_dates(self, config: Mapping[str, Any]) -> None:
        """Of a file from when detectors had no parameter `dates`, take what its preprocessing does about them."""
        if "dates" not in config["parameters"]:
            self.dates = self.preprocessor_.dates
