"""Description of the features of a table, as the networks and the comparisons of detectors need it.

The features of a missing cell are NaN: *holes*. A network or a comparison needs a number there, but must not take it
for one that was found: holes are filled, and no error is computed for them. Features that say that a cell is missing,
*marks*, help a network to reconstruct the others. They are inputs alone: a network that had to reconstruct them would
find a missing cell anomalous, whatever the record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from anomaly.preprocessing import TablePreprocessor
from nnlite.types import Array

_DISCRETE = ("category", "boolean")


class FeatureSet(NamedTuple):
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
        return cls(
            columns, preprocessor.n_features_in_, float(kinds[np.flatnonzero(np.bincount(columns))].mean()), **holes
        )

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

    @property
    def n_targets(self) -> int:
        """Number of features that are not marks."""
        return self.width if self.marks is None else int(np.count_nonzero(~self.marks))

    def known(self, x: Array) -> Array | None:
        """Return which features are neither holes nor marks, of the shape of `x`; None if all of them are."""
        holes = np.isnan(x)
        if self.marks is not None:
            holes[:, self.marks] = True
        return ~holes if holes.any() else None

    def without_marks(self, values: Array) -> Array:
        """Return features of which no mark varies; `values` itself if there are no marks."""
        return values if self.marks is None else np.where(self.marks, np.float32(0), values)

    def filled(self, x: Array) -> Array:
        """Return features without holes; `x` itself if it has none."""
        holes = np.isnan(x)
        if not holes.any():
            return x
        return np.where(holes, np.float32(0) if self.fill is None else self.fill, x)

    def completed(self, x: Array, reconstruct: Callable[[Array], Array]) -> Array:
        """Return features without holes, those of unmarked columns filled by a network; `x` itself if it has none.

        A network has learned from the marks which cells to take for filled. In a column without marks, which was next
        to never missing in training, it takes the value that stands in for any other, and where columns depend on each
        other, one that contradicts the rest of the record would be taken for an anomaly.

        Parameters
        ----------
        x : ndarray of float32 of shape (n_records, n_features)
            Features.
        reconstruct : callable
            Takes records, as filled by `filled`, and returns their reconstruction; both of the shape of `x`.
        """
        filled = self.filled(x)
        unsure = np.isnan(x)
        if self.marks is not None:
            unsure[:, np.isin(self.columns, self.columns[self.marks])] = False
        rows = unsure.any(axis=1)
        if rows.any():
            filled[rows] = np.where(unsure[rows], reconstruct(filled[rows]), filled[rows])
        return filled


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
