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

    @property
    def slices(self) -> dict[int, slice]:
        """Features of each column that has any."""
        starts = np.flatnonzero(np.diff(self.columns, prepend=-1)).tolist()
        ends = [*starts[1:], self.width]
        return {int(self.columns[start]): slice(start, end) for start, end in zip(starts, ends, strict=True)}

    def sum_by_column(self, per_feature: Array) -> Array:
        """Return the sum over the features of each column; 0 for a column without features.

        Parameters
        ----------
        per_feature : ndarray of shape (n, n_features)
            Values of the features of n records.

        Returns
        -------
        ndarray of shape (n, n_columns)
            Their sums.

        Examples
        --------
        >>> import numpy as np
        >>> FeatureSet(np.array([0, 2, 2]), 4).sum_by_column(np.array([[1.0, 2.0, 4.0]])).tolist()
        [[1.0, 0.0, 6.0, 0.0]]
        """
        slices = self.slices
        sums = np.zeros((len(per_feature), self.n_columns), dtype=per_feature.dtype)
        sums[:, list(slices)] = np.add.reduceat(per_feature, [own.start for own in slices.values()], axis=1)
        return sums
