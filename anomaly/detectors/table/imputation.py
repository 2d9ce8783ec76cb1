r"""Imputation: the holes of a record are filled from the most similar training records.

The distance of records x and r is that over the features that both have, scaled to all of them,

.. math:: d^2(x, r) = \frac{n}{\lvert P \rvert} \sum_{j \in P} (x_j - r_j)^2

with P the features that are holes in neither. A hole is filled with the mean of the 10 nearest records that have the
feature: for a category, with the fractions of its levels among them. Features far from the middle are drawn in, so that
one faulty value does not choose the neighbors alone.

A training record is not its own neighbor. A fresh record that is equal to one, holes included, is filled alike.

References
----------
Troyanskaya et al., "Missing value estimation methods for DNA microarrays", Bioinformatics 17 (2001).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from anomaly.detectors.features import FeatureSet
from nnlite.types import Array

NEIGHBORS = 10
# The nearest records may have the same hole: so many of them are ranked.
RANKED = 64
# More records to choose from make the search slower, and the means hardly better.
_MOST_DONORS = 2000
# In units of the scaled features.
FARTHEST = 8.0
_BLOCK_CELLS = 4_000_000


class Imputer:
    """Filling of holes from training records.

    Attributes
    ----------
    features : FeatureSet
        Marks, and what fills a hole if no record has the feature.
    donors : ndarray of float32 of shape (n_donors, n_features)
        Training records, with holes; without any, holes are filled by the features' own values.

    Examples
    --------
    >>> import numpy as np
    >>> line = np.linspace(-1, 1, 101, dtype=np.float32)
    >>> imputer = Imputer(FeatureSet(np.arange(2), 2), np.stack([line, 3 * line], axis=1))
    >>> imputer.filled(np.array([[0.5, np.nan]], np.float32)).round(1).tolist()
    [[0.5, 1.5]]
    """

    def __init__(self, features: FeatureSet, donors: Array) -> None:
        self.features, self.donors = features, donors

    @classmethod
    def of(cls, features: FeatureSet, records: Array) -> Imputer:
        """Return an imputer with all of the records, or an evenly spaced subset of many."""
        if len(records) > _MOST_DONORS:
            records = records[np.linspace(0, len(records) - 1, _MOST_DONORS).astype(np.intp)]
        return cls(features, records)

    def filled(self, x: Array) -> Array:
        """Return features without holes; `x` itself if it has none.

        Parameters
        ----------
        x : ndarray of float32 of shape (n_records, n_features)
            Features.
        """
        holes = np.isnan(x)
        if not holes.any():
            return x
        rows = np.flatnonzero(holes.any(axis=1))
        values = self.features.filled(x)
        if not len(self.donors):
            return values
        step = max(1, _BLOCK_CELLS // (len(self.donors) + RANKED * x.shape[1]))
        for start in range(0, len(rows), step):
            block = rows[start : start + step]
            values[block] = self._from_donors(x[block], values[block])
        return values

    def _from_donors(self, x: Array, values: Array) -> Array:
        near = self._nearest(x)
        found = self.donors[near]
        has = ~np.isnan(found)
        # The nearest that have the feature, at most so many.
        has &= np.cumsum(has, axis=1) <= NEIGHBORS
        counts = has.sum(axis=1)
        sums = np.where(has, found, 0).sum(axis=1, dtype=np.float64)
        means = np.divide(sums, counts, out=values.astype(np.float64), where=counts > 0)
        return np.where(np.isnan(x), means, x).astype(np.float32)

    def _nearest(self, x: Array) -> Array:
        """Return the indices of the nearest donors, without one that is equal to the record."""
        squares, counts = self._compared(x)
        with np.errstate(divide="ignore", invalid="ignore"):
            distances = np.where(counts > 0, np.maximum(squares, 0) / counts, np.inf)
        own = self._equal_donor(x)
        rows = np.flatnonzero(own >= 0)
        distances[rows, own[rows]] = np.inf
        if distances.shape[1] <= RANKED:
            return np.argsort(distances, axis=1, kind="stable")
        near = np.sort(np.argpartition(distances, RANKED, axis=1)[:, :RANKED], axis=1)
        order = np.argsort(np.take_along_axis(distances, near, axis=1), axis=1, kind="stable")
        return np.take_along_axis(near, order, axis=1)

    def _compared(self, x: Array) -> tuple[Array, Array]:
        r"""Return the sum of squared differences over shared features, and their number, for each donor.

        By :math:`\sum_j o_j p_j (x_j - r_j)^2 = \sum_j (o x^2)_j p_j - 2 (o x)_j (p r)_j + o_j (p r^2)_j`, with o and p
        the features that are there. Each record is a matrix of its own, so that rounding is independent of the batch.
        """
        record, there = _bounded(x, self.features.marks)
        left = np.concatenate([record * record, -2 * record, there], axis=1)[:, np.newaxis]
        squares = (left @ self._sides)[:, 0]
        counts = (there[:, np.newaxis] @ self._there)[:, 0]
        return squares, counts

    @cached_property
    def _sides(self) -> Array:
        donors, there = _bounded(self.donors, self.features.marks)
        return np.ascontiguousarray(np.concatenate([there, donors, donors * donors], axis=1).T)

    @cached_property
    def _there(self) -> Array:
        return np.ascontiguousarray(_bounded(self.donors, self.features.marks)[1].T)

    @cached_property
    def _positions(self) -> dict[bytes, int]:
        return {_key(donor): index for index, donor in reversed(list(enumerate(self.donors)))}

    def _equal_donor(self, x: Array) -> Array:
        """Return the index of the first donor that is equal to each record, or -1."""
        return np.array([self._positions.get(_key(record), -1) for record in x], np.intp)


def _key(record: Array) -> bytes:
    """Return the bytes of a record; the sign of 0 and the bits of NaN do not matter."""
    return np.where(np.isnan(record), np.float32(np.inf), record + np.float32(0)).tobytes()


def _bounded(x: Array, marks: Array | None) -> tuple[Array, Array]:
    """Return features drawn in, 0 where there are holes or marks, and 1 where there are features, else 0."""
    there = ~np.isnan(x)
    if marks is not None:
        there[:, marks] = False
    bounded = np.where(there, np.clip(x, -FARTHEST, FARTHEST), 0)
    return bounded.astype(np.float32), there.astype(np.float32)
