r"""Exact nearest neighbors by Euclidean distance.

Products are the fast way to many distances, since :math:`|x - r|^2 = |x|^2 - 2\, x \cdot r + |r|^2`. But where x and r
are far from 0 and near each other, two large numbers are subtracted, and rounding leaves nothing of the small
difference. So products only select candidates here: with u half the spacing of float32 numbers at 1, and d columns, a
product of this kind is off by

.. math:: e = (d + 16)\, u\, (|x| + |r|)^2

at most, once all records are centered. With D the distance to the k-th nearest candidate, a record whose
approximate squared distance is above :math:`D^2 + e` is none of the k nearest. All others are candidates; of these
the distances are computed from differences, and added in float64, always in the same order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnlite.backends import NeighborSearch, check_backend, open_neighbor_search
from nnlite.types import Array

_Query = Callable[[Array, int, Array], tuple[Array, Array]]
_BLOCK_CELLS = 2_000_000
_ROWS_OF_ONE = 64
_SPARE = 4
_SAMPLE = 500
_GROUPS = 400
_SMALLEST_GROUP = 5
_SUMS = 8
_ROUNDING = 2.0**-24
# Squares of what is larger may have no sum in float32.
_LARGEST = 1e16
_MOST_COMPILED_NEIGHBORS = 512
_MOST_COMPILED_COLUMNS = 16_384
# Of NumPy, about: for a call, for a pair of records, and for each of its columns.
_SECONDS_PER_CALL, _SECONDS_PER_PAIR, _SECONDS_PER_COLUMN = 2e-4, 1e-9, 2e-11


class NearestNeighbors:
    """A search for the nearest of some records.

    Results follow from the record that is asked for, and from nothing else: neither from the other records of a call,
    nor from the number of threads, nor from what computes. Both backends give the same bits.

    Parameters
    ----------
    records : array_like of shape (n, d)
        The records, converted to float32.
    backend : {"auto", "numpy", "numba"}, default "auto"
        What computes: NumPy, or compiled code, which is several times as fast. "auto" is compiled code where there is
        Numba and enough is asked for to make up for loading it, in this call or in those before it.

    Attributes
    ----------
    n_records, n_features : int
        n and d.

    Raises
    ------
    ValueError
        If the records are no matrix of finite numbers with at least one row and one column, or there is no such
        backend.

    References
    ----------
    Fix & Hodges, "Discriminatory analysis: nonparametric discrimination", USAF School of Aviation Medicine, 1951.
    Higham, *Accuracy and Stability of Numerical Algorithms*, SIAM, 2002, section 3.1, for the bound on e.

    Examples
    --------
    >>> import numpy as np
    >>> search = NearestNeighbors(np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]))
    >>> distances, indices = search.query(np.array([[0.0, 0.0], [3.0, 5.0]]), 2)
    >>> distances.tolist()
    [[0.0, 1.0], [1.0, 5.0]]
    >>> indices.tolist()
    [[0, 2], [1, 2]]
    """

    def __init__(self, records: Array, backend: str = "auto") -> None:
        check_backend(backend)
        self._backend = backend
        self._records, self._small = _matrix_and_size(records, "records")
        if not len(self._records):
            raise ValueError("there must be at least one record; found none")
        self.n_records, self.n_features = self._records.shape
        self._products: _Products | None = None
        self._compiled: NeighborSearch | None = None
        self._seconds = 0.0

    def query(self, x: Array, k: int, threads: int | None = None) -> tuple[Array, Array]:
        """Return the distances to the k nearest records, and which these are.

        Parameters
        ----------
        x : array_like of shape (m, d)
            Records to search for, converted to float32.
        k : int
            Number of neighbors, from 1 to n.
        threads : int, optional
            How many threads of compiled code may work on it; by default as many as pay.

        Returns
        -------
        distances : ndarray of float64 of shape (m, k)
            In rising order. A distance is the root of the float64 sum of the squares of float32 differences.
        indices : ndarray of int64 of shape (m, k)
            Rows of the records. Of those at the same distance, the one with the lower index comes first.

        Raises
        ------
        ValueError
            If x is no matrix of finite numbers with d columns, or k or `threads` is out of range.
        """
        x, small = _matrix_and_size(x, "x")
        if x.shape[1] != self.n_features:
            raise ValueError(f"x must have {self.n_features} columns, as the records do; found {x.shape[1]}")
        if not 1 <= k <= self.n_records:
            raise ValueError(f"k must be from 1 to {self.n_records}, the number of records; found {k}")
        if threads is not None:
            check_backend(self._backend, threads)
        if self._small and small:
            return self._query(x, k, threads)
        large = np.flatnonzero(~_are_small(x)) if self._small else np.arange(len(x))
        # A few large rows take much longer; the others are not to wait for them.
        distances, indices = np.empty((len(x), k)), np.empty((len(x), k), np.int64)
        distances[large], indices[large] = _in_blocks(x[large], k, self._records, _by_differences)
        others = np.setdiff1d(np.arange(len(x)), large)
        distances[others], indices[others] = self._query(x[others], k, threads)
        return distances, indices

    def _query(self, x: Array, k: int, threads: int | None) -> tuple[Array, Array]:
        """Search for rows without large numbers."""
        if not len(x):
            return np.empty((0, k)), np.empty((0, k), np.int64)
        engine = self._engine(len(x), k)
        if engine is not None:
            return engine.query(x, k, threads)
        if k + _SPARE >= self.n_records:
            return _in_blocks(x, k, self._records, _by_differences)
        # Another thread may open the engine meanwhile, and let go of the products.
        products = self._products
        if products is None:
            products = self._products = _Products(self._records)
        return _in_blocks(x, k, self._records, products.nearest if k == 1 else products.query)

    def _engine(self, queries: int, k: int) -> NeighborSearch | None:
        """Return the compiled search if it supports the query and is worth its start."""
        if k > _MOST_COMPILED_NEIGHBORS or self.n_features > _MOST_COMPILED_COLUMNS:
            return None
        if self._compiled is None:
            self._seconds += _SECONDS_PER_CALL
            self._seconds += queries * self.n_records * (_SECONDS_PER_PAIR + self.n_features * _SECONDS_PER_COLUMN)
            self._compiled = open_neighbor_search(self._records, self._seconds, self._backend)
            if self._compiled is not None:
                self._products = None
        return self._compiled

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for copies, without machine code: they load their own."""
        return {**self.__dict__, "_compiled": None}


def squared_distances(x: Array, records: Array) -> Array:
    """Return squared distances along the last axis: float64 sums of the squares of float32 differences.

    A square has no more digits than float64 holds, so additions alone round. They are always made in the same order:
    column j is added to the sum number j % 8; these eight are added pair by pair, then the columns after the last
    multiple of eight one by one.

    Parameters
    ----------
    x, records : ndarray of float32 of shape (..., d)
        Shapes that broadcast.

    Returns
    -------
    ndarray of float64 of shape (...)
        Squared distances.
    """
    return sum_in_order(np.square(x - records, dtype=np.float64))


def sum_in_order(values: Array) -> Array:
    """Return the sums of float64 numbers along the last axis, in the order of `squared_distances`."""
    columns = values.shape[-1]
    whole = columns - columns % _SUMS
    if whole:
        sums = values[..., :_SUMS].copy()
        for first in range(_SUMS, whole, _SUMS):
            sums += values[..., first : first + _SUMS]
        while sums.shape[-1] > 1:
            sums = sums[..., ::2] + sums[..., 1::2]
        total = sums[..., 0]
    else:
        total = np.zeros(values.shape[:-1])
    for column in range(whole, columns):
        total += values[..., column]
    return np.asarray(total)


def smallest(values: Array, count: int) -> Array:
    """Return where in each row the `count` smallest values are, as indices of shape (rows, count), in any order.

    The values of a long row are put into groups. No group holds one of the smallest unless its own smallest value is
    one of the `count` smallest of groups; so most of the row is looked at once, for the minima, and no more.
    """
    n, groups = values.shape[1], _GROUPS
    size = n // groups
    if size < _SMALLEST_GROUP or count >= groups:
        return np.argpartition(values, count - 1, axis=1)[:, :count]
    # Members of a group lie `groups` apart: minima over rows of a table are whole vectors at a time.
    minima = values[:, : size * groups].reshape(len(values), size, groups).min(axis=1)
    chosen = np.argpartition(minima, count - 1, axis=1)[:, :count]
    places = (chosen[:, :, np.newaxis] + groups * np.arange(size)).reshape(len(values), -1)
    rest = np.broadcast_to(np.arange(size * groups, n), (len(values), n - size * groups))
    places = np.concatenate([places, rest], axis=1)
    found = np.argpartition(_of_rows(values, places), count - 1, axis=1)[:, :count]
    return _of_rows(places, found)


class _Products:
    """Centered records, and the search among them by products."""

    def __init__(self, records: Array) -> None:
        # Medians: means would lie between groups that are far apart, and be far from all of them.
        some = records[:: max(1, len(records) // _SAMPLE)]
        # (`np.median` imports masked arrays, for 10 ms, and where there are two in the middle either will do.)
        self._center = np.partition(some, len(some) // 2, axis=0)[len(some) // 2]
        centered = records - self._center
        self._squares = np.einsum("ij,ij->i", centered, centered)
        self._of_first: Array | None = None
        self._doubled = np.multiply(centered.T, np.float32(-2), out=np.empty(records.shape[::-1], np.float32))

    def query(self, x: Array, k: int, records: Array) -> tuple[Array, Array]:
        centered = x - self._center
        # The squared distance, less |x|^2, which does not change the order.
        products = centered @ self._doubled
        products += self._squares
        near = np.sort(smallest(products, k + _SPARE), axis=1)
        found = np.sqrt(squared_distances(x[:, np.newaxis], records[near]))
        order = np.argsort(found, axis=1, kind="stable")[:, :k]
        distances, indices = _of_rows(found, order), _of_rows(near, order)
        limits = self._limits(centered, distances[:, -1])
        last = _of_rows(products, near).max(axis=1)
        for row in np.flatnonzero(last <= limits):
            # Others may be as near as those found, but for rounding.
            candidates = np.flatnonzero(products[row] <= limits[row])
            found = np.sqrt(squared_distances(x[row], records[candidates]))
            order = np.argsort(found, kind="stable")[:k]
            distances[row], indices[row] = found[order], candidates[order]
        return distances, indices

    def _squares_of_first(self, records: Array) -> Array:
        """Return the squares, infinite for records that are equal to an earlier one, which are never wanted."""
        if self._of_first is None:
            rows = records.view(np.dtype((np.void, records.strides[0]))).reshape(-1)
            self._of_first = np.full(len(records), np.float32(np.inf))
            first = np.unique(rows, return_index=True)[1]
            self._of_first[first] = self._squares[first]
        return self._of_first

    def nearest(self, x: Array, k: int, records: Array) -> tuple[Array, Array]:  # noqa: ARG002
        """Search for a single neighbor: in blocks whose products stay near the processor."""
        distances, indices = np.empty((len(x), 1)), np.empty((len(x), 1), np.int64)
        centered, squares = x - self._center, self._squares_of_first(records)
        workspace = np.empty((min(len(x), _ROWS_OF_ONE), len(records)), np.float32)
        for start in range(0, len(x), _ROWS_OF_ONE):
            rows = slice(start, start + _ROWS_OF_ONE)
            block = centered[rows]
            products = np.matmul(block, self._doubled, out=workspace[: len(block)])
            products += squares
            near = products.argmin(axis=1)
            farthest = np.sqrt(np.square(x[rows] - records[near], dtype=np.float64).sum(axis=1))
            # All that may be as near but for rounding, in rising order; mostly the nearest alone.
            places = np.flatnonzero(products <= self._limits(block, farthest)[:, np.newaxis])
            of_row, candidates = np.divmod(places, len(records))
            found = np.concatenate(
                [
                    np.sqrt(squared_distances(x[rows][of_row[some]], records[candidates[some]]))
                    for some in _slices(len(places), max(1, _BLOCK_CELLS // x.shape[1]))
                ]
            )
            order = np.lexsort((candidates, found, of_row))
            first = order[np.searchsorted(of_row, np.arange(len(block)))]
            distances[rows, 0], indices[rows, 0] = found[first], candidates[first]
        return distances, indices

    def _limits(self, centered: Array, farthest: Array) -> Array:
        """Return which product of a row none of its k nearest records has more than."""
        squares = np.square(centered, dtype=np.float64).sum(axis=1)
        sizes = 2 * np.sqrt(squares) + farthest
        unit = _ROUNDING * (centered.shape[1] + 16)
        return np.asarray(np.square(farthest) - squares + 2 * unit * np.square(sizes) + 1e-30)


def _by_differences(x: Array, k: int, records: Array) -> tuple[Array, Array]:
    """Compute all distances, and sort them."""
    distances = np.empty((len(x), k))
    indices = np.empty((len(x), k), np.int64)
    step = max(1, _BLOCK_CELLS // records.size)
    for start in range(0, len(x), step):
        rows = slice(start, start + step)
        with np.errstate(over="ignore"):  # the difference of the largest numbers is infinite
            found = np.sqrt(squared_distances(x[rows, np.newaxis], records))
        indices[rows] = np.argsort(found, axis=1, kind="stable")[:, :k]
        distances[rows] = _of_rows(found, indices[rows])
    return distances, indices


def _in_blocks(x: Array, k: int, records: Array, query: _Query) -> tuple[Array, Array]:
    """Search for some thousand queries at a time, so that memory does not grow with their number."""
    distances, indices = np.empty((len(x), k)), np.empty((len(x), k), np.int64)
    step = max(1, _BLOCK_CELLS // max(len(records), (k + _SPARE) * records.shape[1]))
    for start in range(0, len(x), step):
        rows = slice(start, start + step)
        distances[rows], indices[rows] = query(x[rows], k, records)
    return distances, indices


def _of_rows(values: Array, places: Array) -> Array:
    """Return the values at some places of each row, as `numpy.take_along_axis` does, in a third of its time for one."""
    return np.asarray(values[np.arange(len(values))[:, np.newaxis], places])


def _slices(n: int, step: int) -> list[slice]:
    return [slice(start, start + step) for start in range(0, n, step)]


def _matrix_and_size(x: Array, name: str) -> tuple[Array, bool]:
    """Return a finite matrix of float32, and whether all of its numbers are small."""
    matrix: Array = np.ascontiguousarray(x, np.float32)
    if matrix.ndim != 2 or not matrix.shape[1]:
        raise ValueError(f"{name} must be a matrix with at least one column; found an array of shape {np.shape(x)}")
    # What is not finite is not small: mostly one pass is enough.
    small = bool(np.maximum.reduce(np.abs(matrix), axis=None, initial=0) <= _LARGEST)
    if not small and not np.isfinite(matrix).all():
        raise ValueError(f"{name} must be finite; found a number that is not in row {_first_bad_row(matrix)}")
    return (matrix if matrix.flags.aligned else matrix.copy()), small


def _first_bad_row(x: Array) -> int:
    return int(np.flatnonzero(~np.isfinite(x).all(axis=1))[0])


def _are_small(x: Array) -> Array:
    """Return for each row whether none of its numbers is large."""
    return np.asarray(np.maximum(x.max(axis=1), -x.min(axis=1)) <= _LARGEST)
