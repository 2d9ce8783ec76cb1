r"""Expected values by remembered records.

For column c, the k records nearest to x by all columns but c,

.. math:: d_c(x, r) = \sum_{c' \ne c} \min\bigl( d_{c'}(x, r),\; b \bigr), \qquad
          d_{c'}(x, r) = \sum_{j \in c'} (x_j - r_j)^2,

have k values of c. The estimate is the one with the least sum of absolute differences from the others: the median of
numbers, the most frequent category. The bound b limits the influence of a faulty column c' on the choice of neighbors,
since it is equally far from all of them.

A column is proposed as faulty by its deviation from the few records nearest by the bounded distances of all columns:
the root of the mean :math:`d_c`, in units of that of remembered records. So a rare category that like records do not
have is conspicuous, and a column that nothing predicts is not. The column with the largest error of a network is added.

References
----------
Fix & Hodges, "Discriminatory analysis: nonparametric discrimination", USAF School of Aviation Medicine, 1951, for
nearest neighbors; Troyanskaya et al., "Missing value estimation methods for DNA microarrays", Bioinformatics 17 (2001),
which estimates a missing value from the records nearest by the other columns; Huber, *Robust Statistics* (1981).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from anomaly.detectors.expectation import Replacements, most_conspicuous
from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table.column_distances import ColumnDistances
from nnlite.types import Array

_NEIGHBORS = 15
_FEW_NEIGHBORS = 5
_LEAST_RECORDS_PER_NEIGHBOR = 10
_BOUND = np.float32(2.0)
# With more records the search is slower and the medians hardly better; columns are proposed from fewer.
_MOST_CELLS = 40_000
_FEWEST = 500
_FEWER = 4
_FOR_TYPICAL = 250
# A tenth of a column's spread, squared: where like records are all but equal, the least deviation is no fault.
_LEAST_TYPICAL = 1e-2


class _Near(NamedTuple):
    """Remembered records near to others by all columns but one.

    Attributes
    ----------
    places, rows : ndarray of int of shape (n,)
        Position of the column, and row of the record.
    records : ndarray of int of shape (n, k)
        Remembered records.
    """

    places: Array
    rows: Array
    records: Array


class ExpectationByNeighbors:
    """Estimates from the remembered records that are nearest by all other columns.

    Parameters
    ----------
    records : ndarray of float32 of shape (m, n_features)
        Features of remembered records. Of many, an evenly spaced subset is compared: some hundred to propose columns,
        some thousand for estimates of all columns.
    features : FeatureSet
        Columns and marks of the features.

    Examples
    --------
    >>> import numpy as np
    >>> from anomaly.detectors.features import FeatureSet
    >>> records = np.repeat(np.linspace(-2, 2, 201, dtype=np.float32)[:, np.newaxis], 3, axis=1)
    >>> expectation = ExpectationByNeighbors(records, FeatureSet(np.arange(3), 3))
    >>> expectation.of_all(np.array([[1.0, 1.0, 6.0]], np.float32)).round(1).tolist()
    [[1.0, 1.0, 1.0]]
    """

    def __init__(self, records: Array, features: FeatureSet) -> None:
        self._features = features
        most = _MOST_CELLS // len(features.slices)
        self._many = ColumnDistances(_thinned(records, max(_FEWEST, most)), features)
        self._few = ColumnDistances(_thinned(records, int(np.clip(most // _FEWER, _FEWEST // 2, _FEWEST))), features)
        self._k = _n_neighbors(len(self._few.records))
        self._typical = self._typical_distances()

    def of_all(self, x: Array) -> Array:
        """Return the features expected in each column, as float32 of shape (n, n_features)."""
        wanted, found = np.ones((len(x), self._features.n_columns), np.bool_), []
        for rows, distances in self._many.blocks(x):
            bounded = np.minimum(distances, _BOUND, out=distances)
            found.append(self._nearest(self._many, bounded, bounded.sum(axis=0), wanted[rows], rows.start))
        return _with_medoids(self._many, x, found)

    def propose(self, x: Array, by_network: Array, apart_from: Array | None = None) -> Replacements:
        """Return the columns of each record that may be faulty, and what is expected in them; see the module.

        The features expected in a column are those of a remembered record.
        """
        columns, found = np.zeros(by_network.shape, np.bool_), []
        for rows, distances in self._few.blocks(x):
            bounded = np.minimum(distances, _BOUND)
            total = bounded.sum(axis=0)
            deviations = np.sqrt(self._from_nearest(distances, total) / self._typical)
            apart = None if apart_from is None else apart_from[rows]
            columns[rows] = most_conspicuous(deviations, by_network[rows], apart)
            found.append(self._nearest(self._few, bounded, total, columns[rows], rows.start))
        expected = _with_medoids(self._few, x, found)
        squares = np.square(self._few.compared(x) - self._few.compared(expected))
        return Replacements(columns, expected, np.sqrt(self._features.sum_by_column(squares) / self._typical))

    def _nearest(self, known: ColumnDistances, bounded: Array, total: Array, wanted: Array, first: int) -> _Near:
        """Return the remembered records nearest by all other columns, for each wanted column of a block of records.

        Parameters
        ----------
        bounded, total : ndarray of float32 of shapes (n_columns, n, m) and (n, m)
            Bounded distances by column, and their sum.
        wanted : ndarray of bool of shape (n, n_columns)
            The columns.
        first : int
            Row of the first record.
        """
        places, rows = np.nonzero(wanted[:, known.ids].T)
        by_others = total[rows] - bounded[places, rows]
        return _Near(places, first + rows, np.argpartition(by_others, self._k - 1, axis=1)[:, : self._k])

    def _from_nearest(self, distances: Array, total: Array, n_own: int = 0) -> Array:
        """Return the mean distances of a block of records from the few nearest, of shape (n, n_columns).

        Parameters
        ----------
        distances, total : ndarray of float32 of shapes (n_columns, n, m) and (n, m)
            Distances by column, and the sum of the bounded ones.
        n_own : int, default 0
            How many of the nearest are left out: 1 for remembered records, which are their own nearest.
        """
        few = min(_FEW_NEIGHBORS, self._k) + n_own
        near = np.argpartition(total, few - 1, axis=1)[:, :few]
        means = np.zeros((len(near), self._features.n_columns))
        rows = np.arange(len(near))[:, np.newaxis]
        means[:, self._few.ids] = distances[:, rows, near].sum(axis=2).T / (few - n_own)
        return means

    def _typical_distances(self) -> Array:
        """Return the mean distance of remembered records from the few nearest, by column."""
        some, total = _thinned(self._few.records, _FOR_TYPICAL), np.zeros(self._features.n_columns)
        for _, distances in self._few.blocks(some):
            bounded = np.minimum(distances, _BOUND).sum(axis=0)
            total += self._from_nearest(distances, bounded, n_own=1).sum(axis=0)
        return np.maximum(total / len(some), _LEAST_TYPICAL)


def _with_medoids(known: ColumnDistances, x: Array, found: list[_Near]) -> Array:
    """Return records with the medoids of near ones in their columns."""
    expected = x.copy()
    if not found:
        return expected
    near = _Near(*[np.concatenate(parts) for parts in zip(*found, strict=True)])
    for place in np.unique(near.places).tolist():
        own = np.flatnonzero(near.places == place)
        expected[near.rows[own], known.features[place]] = known.medoids(place, near.records[own])
    return expected


def _thinned(records: Array, most: int) -> Array:
    """Return records, or an evenly spaced subset of them."""
    if len(records) <= most:
        return records
    return records[np.linspace(0, len(records) - 1, most).astype(np.intp)]


def _n_neighbors(n_records: int) -> int:
    """Return the number of neighbors, which is odd, and smaller for few records."""
    k = max(1, min(_NEIGHBORS, n_records // _LEAST_RECORDS_PER_NEIGHBOR))
    return k - 1 + k % 2
