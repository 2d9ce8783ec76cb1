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

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from anomaly.detectors.expectation import Replacements, most_conspicuous
from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table.column_distances import ColumnDistances
from nnlite.backends import ColumnSearch, open_column_distances
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
# Of NumPy, about: for the distance of a record from another by one column.
_SECONDS_PER_DISTANCE = 4e-9
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

    @classmethod
    def of(cls, parts: Sequence[_Near]) -> _Near:
        """Return several as one."""
        if not parts:
            return cls(*[np.empty(shape, np.intp) for shape in (0, 0, (0, 1))])
        return cls(*map(np.concatenate, zip(*parts, strict=True)))


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
        self._compiled: ColumnSearch | None = None
        self._seconds = 0.0
        self._typical = self._typical_distances()

    def of_all(self, x: Array) -> Array:
        """Return the features expected in each column, as float32 of shape (n, n_features)."""
        wanted, found = np.ones((len(x), len(self._many.ids)), np.bool_), []
        for rows, distances in self._many.blocks(x):
            bounded = np.minimum(distances, _BOUND, out=distances)
            found.append(self._nearest(bounded, bounded.sum(axis=0), wanted[rows], rows.start))
        return _with_medoids(self._many, x, _Near.of(found))

    def propose(
        self, x: Array, by_network: Array, apart_from: Array | None = None, before: Replacements | None = None
    ) -> Replacements:
        """Return the columns of each record that may be faulty, and what is expected in them; see the module.

        The features expected in a column are those of a remembered record.
        """
        if before is None or before.conspicuous is None:
            conspicuous, columns, near = self._proposed(x, by_network, apart_from)
            expected = _with_medoids(self._few, x, near)
        else:
            conspicuous = before.conspicuous
            columns = most_conspicuous(conspicuous, by_network, apart_from)
            near = self._near(x, (columns & ~before.columns)[:, self._few.ids])
            expected = _with_medoids(self._few, before.expected, near)
            expected = np.where(columns[:, self._features.columns], expected, x)
        squares = np.square(self._few.compared(x) - self._few.compared(expected))
        deviations = np.sqrt(self._features.sum_by_column(squares) / self._typical)
        return Replacements(columns, expected, deviations, conspicuous)

    @property
    def _n_few(self) -> int:
        return min(_FEW_NEIGHBORS, self._k)

    def _engine(self, queries: int) -> ColumnSearch | None:
        """Return the compiled search if it is worth its start."""
        if self._compiled is None:
            known = self._few
            self._seconds += queries * len(known.records) * len(known.ids) * _SECONDS_PER_DISTANCE
            self._compiled = open_column_distances(known.known, self._seconds, "auto")
        return self._compiled

    def _proposed(self, x: Array, by_network: Array, apart_from: Array | None) -> tuple[Array, Array, _Near]:
        """Return the deviations from the nearest records, the columns chosen, and the records nearest by the others."""
        engine, conspicuous = self._engine(len(x)), np.zeros(by_network.shape)
        if engine is not None:
            compared = np.ascontiguousarray(self._few.compared(x))
            conspicuous[:, self._few.ids] = engine.means(compared, self._n_few, _BOUND)
            conspicuous = np.sqrt(conspicuous / self._typical)
            columns = most_conspicuous(conspicuous, by_network, apart_from)
            return conspicuous, columns, self._near(x, columns[:, self._few.ids])
        columns, found = np.zeros(by_network.shape, np.bool_), []
        for rows, distances in self._few.blocks(x):
            bounded = np.minimum(distances, _BOUND)
            total = bounded.sum(axis=0)
            conspicuous[rows] = np.sqrt(self._from_nearest(distances, total) / self._typical)
            apart = None if apart_from is None else apart_from[rows]
            columns[rows] = most_conspicuous(conspicuous[rows], by_network[rows], apart)
            found.append(self._nearest(bounded, total, columns[rows][:, self._few.ids], rows.start))
        return conspicuous, columns, _Near.of(found)

    def _near(self, x: Array, wanted: Array) -> _Near:
        """Return the remembered records nearest by all other columns, for each wanted column of each record."""
        some = np.flatnonzero(wanted.any(axis=1))
        x, wanted = x[some], wanted[some]
        if self._compiled is not None:
            rows, places = np.nonzero(wanted)
            compared = np.ascontiguousarray(self._few.compared(x))
            return _Near(places, some[rows], self._compiled.nearest(compared, wanted, self._k, _BOUND))
        found = []
        for block, distances in self._few.blocks(x):
            bounded = np.minimum(distances, _BOUND, out=distances)
            found.append(self._nearest(bounded, bounded.sum(axis=0), wanted[block], block.start))
        near = _Near.of(found)
        return near._replace(rows=some[near.rows])

    def _nearest(self, bounded: Array, total: Array, wanted: Array, first: int) -> _Near:
        """Return the remembered records nearest by all other columns, for each wanted column of a block of records.

        Parameters
        ----------
        bounded, total : ndarray of float32 of shapes (n_columns, n, m) and (n, m)
            Bounded distances by column, and their sum.
        wanted : ndarray of bool of shape (n, n_columns)
            The columns, in the order of the distances.
        first : int
            Row of the first record.
        """
        rows, places = np.nonzero(wanted)
        by_others = total[rows] - bounded[places, rows]
        return _Near(places, first + rows, _smallest(by_others, self._k))

    def _from_nearest(self, distances: Array, total: Array, n_own: int = 0) -> Array:
        """Return the mean distances of a block of records from the few nearest, of shape (n, n_columns).

        Parameters
        ----------
        distances, total : ndarray of float32 of shapes (n_columns, n, m) and (n, m)
            Distances by column, and the sum of the bounded ones.
        n_own : int, default 0
            How many of the nearest are left out: 1 for remembered records, which are their own nearest.
        """
        near = _smallest(total, self._n_few + n_own)
        rows = np.arange(len(near))[:, np.newaxis]
        found, means = distances[:, rows, near], np.zeros((len(near), self._features.n_columns))
        # One after the other, as compiled code adds them.
        means[:, self._few.ids] = np.add.accumulate(found, axis=2)[:, :, -1].T / np.float32(self._n_few)
        return means

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for copies, without machine code: they load their own."""
        return {**self.__dict__, "_compiled": None}

    def _typical_distances(self) -> Array:
        """Return the mean distance of remembered records from the few nearest, by column."""
        some, total = _thinned(self._few.records, _FOR_TYPICAL), np.zeros(self._features.n_columns)
        for _, distances in self._few.blocks(some):
            bounded = np.minimum(distances, _BOUND).sum(axis=0)
            total += self._from_nearest(distances, bounded, n_own=1).sum(axis=0)
        return np.maximum(total / len(some), _LEAST_TYPICAL)


def _with_medoids(known: ColumnDistances, x: Array, near: _Near) -> Array:
    """Return records with the medoids of near ones in their columns."""
    expected = x.copy()
    for place in np.unique(near.places).tolist():
        own = np.flatnonzero(near.places == place)
        expected[near.rows[own], known.features[place]] = known.medoids(place, near.records[own])
    return expected


def _smallest(values: Array, k: int) -> Array:
    """Return where in each row the k smallest values are, in rising order; of equal ones the first come first."""
    near = np.sort(np.argpartition(values, k - 1, axis=1)[:, :k], axis=1)
    found = np.take_along_axis(values, near, axis=1)
    for row in np.flatnonzero(np.count_nonzero(values <= found.max(axis=1, keepdims=True), axis=1) > k):
        # Of values equal to the largest, others may have been chosen.
        near[row] = np.sort(np.argsort(values[row], kind="stable")[:k])
        found[row] = values[row, near[row]]
    return np.take_along_axis(near, np.argsort(found, axis=1, kind="stable"), axis=1)


def _thinned(records: Array, most: int) -> Array:
    """Return records, or an evenly spaced subset of them."""
    if len(records) <= most:
        return records
    return records[np.linspace(0, len(records) - 1, most).astype(np.intp)]


def _n_neighbors(n_records: int) -> int:
    """Return the number of neighbors, which is odd, and smaller for few records."""
    k = max(1, min(_NEIGHBORS, n_records // _LEAST_RECORDS_PER_NEIGHBOR))
    return k - 1 + k % 2
