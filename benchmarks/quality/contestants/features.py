"""Features for detectors that take numbers alone: what a user of scikit-learn puts in front of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks.quality.protocols import Records

_MOST_LEVELS = 200
_NEIGHBORS = 10
_NO_VALUE = "missing"


class Features:
    """Imputed and standardized numbers, and one column for each level of a category.

    Booleans are categories, and a missing value of a category is a level. Dates, and text columns of more than 200
    levels, are left out.

    Parameters
    ----------
    imputation : {"median", "neighbors"}, default "median"
        Missing numbers become the median of the column, or the mean of the 10 nearest records that have them.
    """

    def __init__(self, imputation: str = "median") -> None:
        self.imputation = imputation

    def fit_transform(self, train: Records) -> np.ndarray:
        """Learn levels, centers and spreads; return the features of the training records."""
        frame = pd.DataFrame(train)
        self._numbers, self._categories = _kinds(frame)
        # Filled before they are scaled, but neighbors are sought among scaled numbers.
        numbers = (
            make_pipeline(StandardScaler(), KNNImputer(n_neighbors=_NEIGHBORS, keep_empty_features=True))
            if self.imputation == "neighbors"
            else make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
        )
        levels = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        self._transformer = ColumnTransformer(
            [("numbers", numbers, self._numbers), ("levels", levels, self._categories)]
        )
        return self._transformer.fit_transform(self._typed(frame))

    @property
    def sources(self) -> list[object]:
        """Name of the column of each feature."""
        levels = self._transformer.named_transformers_["levels"]
        found = levels.categories_ if self._categories else []
        pairs = zip(self._categories, found, strict=True)
        return [*self._numbers, *(name for name, own in pairs for _ in own)]

    def transform(self, test: Records) -> np.ndarray:
        """Return the features of other records; a level that no training record has is no level."""
        return self._transformer.transform(self._typed(pd.DataFrame(test)))

    def _typed(self, frame: pd.DataFrame) -> pd.DataFrame:
        numbers = {name: frame[name].astype(np.float64) for name in self._numbers}
        levels = {
            name: np.array([_NO_VALUE if pd.isna(value) else str(value) for value in frame[name]], dtype=object)
            for name in self._categories
        }
        return pd.DataFrame({**numbers, **levels})


def _kinds(frame: pd.DataFrame) -> tuple[list[object], list[object]]:
    """Return the names of the columns of numbers, and of the categories."""
    numbers, categories = [], []
    for name, column in frame.items():
        if column.dtype.kind in "iuf":
            numbers.append(name)
        elif column.dtype.kind != "M" and column.nunique() <= _MOST_LEVELS:
            categories.append(name)
    return numbers, categories
