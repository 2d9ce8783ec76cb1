"""Description of the features of a table, as the networks and the comparisons of detectors need it.

The features of a missing cell are NaN: *holes*. A network or a comparison needs a number there, but must not take it
for one that was found: holes are filled, and no error is computed for them. Features that say that a cell is missing,
*marks*, help a network to reconstruct the others. They are inputs alone: a network that had to reconstruct them would
find a missing cell anomalous, whatever the record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
    discrete : float, default 0.0
        Fraction of the columns with features whose values are categories or booleans, which have no small differences.
    marks : ndarray of bool of shape (n_features,), optional
        Whether a feature is a mark; by default none is.
    fill : ndarray of float32 of shape (n_features,), optional
        What stands in for a hole where nothing better is known; by default 0.
    """

    columns: Array
    n_columns: int
    discrete: float = 0.0
    marks: Array | None = None
    fill: Array | None = None

    @classmethod
    def of(cls, preprocessor: TablePreprocessor) -> FeatureSet:
        """Return the features of a fitted preprocessor.

        One that imputes medians, as in files of earlier versions, leaves no holes, and its marks are features like all
        others.
        """
        kinds = np.array([kind in _DISCRETE for kind in preprocessor.kinds_.values()])
        columns = preprocessor.feature_columns_
        holes: dict[str, Any] = {}
        if preprocessor.missing == "nan":
            marks = preprocessor.marks_
            holes = {"marks": marks if marks.any() else None, "fill": preprocessor.fill_values_}
        return cls(columns, preprocessor.n_features_in_, float(kinds[np.unique(columns)].mean()), **holes)

    @property
    def width(self) -> int:
        """Number of features."""
        return len(self.columns)

    def known(self, x: Array) -> Array | None:
        """Return which features are neither holes nor marks, of the shape of `x`; None if all of them are."""
        holes = np.isnan(x)
        if self.marks is not None:
            holes[:, self.marks] = True
        return ~holes if holes.any() else None

    def filled(self, x: Array) -> Array:
        """Return features without holes; `x` itself if it has none."""
        holes = np.isnan(x)
        if not holes.any():
            return x
        return np.where(holes, np.float32(0) if self.fill is None else self.fill, x)


def targets(values: Array, known: Array | None) -> Array:
    """Return the targets of a network that reconstructs features: NaN for those that are not known.

    Parameters
    ----------
    values : ndarray of float32 of shape (n_records, n_features)
        Features without holes.
    known : ndarray of bool of shape (n_records, n_features) or None
        As of `FeatureSet.known`.
    """
    return values if known is None else np.where(known, values, np.float32(np.nan))
