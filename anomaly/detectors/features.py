"""Description of the features of a table, as the networks and the comparisons of detectors need it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anomaly.preprocessing import TablePreprocessor
from nnlite.types import Array

_DISCRETE = ("category", "boolean")


@dataclass(frozen=True)
class FeatureSet:
    """The features of a table: a value that travels with them.

    Attributes
    ----------
    columns : ndarray of int of shape (n_features,)
        Column of each feature, in rising order.
    n_columns : int
        Number of columns; some may have no features.
    discrete : float
        Fraction of the columns with features whose values are categories or booleans, which have no small differences.
    """

    columns: Array
    n_columns: int
    discrete: float = 0.0

    @classmethod
    def of(cls, preprocessor: TablePreprocessor) -> FeatureSet:
        """Return the features of a fitted preprocessor."""
        kinds = np.array([kind in _DISCRETE for kind in preprocessor.kinds_.values()])
        columns = preprocessor.feature_columns_
        return cls(columns, preprocessor.n_features_in_, float(kinds[np.unique(columns)].mean()))

    @property
    def width(self) -> int:
        """Number of features."""
        return len(self.columns)
