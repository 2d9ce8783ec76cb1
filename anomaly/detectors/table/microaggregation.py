r"""Microaggregation: records in groups of at least k, each of which is replaced by the mean of its group.

No mean is that of fewer than k records, so that none of them can be told from the others of its group. Groups are made
by maximum distance to average (MDAV): the record r farthest from the mean of all, and the k - 1 records nearest to it,
are a group; the record farthest from r, and the k - 1 nearest to that, are another. So on with the rest, until fewer
than 2k records are left, which are the last group.

**Missing cells.** A feature's mean is that of the records of the group that have it. Where these are fewer than k, the
group is pooled with the nearest other ones for this feature, and all of them have the common mean.

References
----------
Domingo-Ferrer & Mateo-Sanz, "Practical data-oriented microaggregation for statistical disclosure control", IEEE
Transactions on Knowledge and Data Engineering 14 (2002); Domingo-Ferrer & Torra, "Ordinal, continuous and heterogeneous
k-anonymity through microaggregation", Data Mining and Knowledge Discovery 11 (2005), which has MDAV; Sweeney,
"k-anonymity: a model for protecting privacy", International Journal of Uncertainty, Fuzziness and Knowledge-Based
Systems 10 (2002).
"""

from __future__ import annotations

import numpy as np

from nnlite.types import Array


def microaggregate(records: Array, least: int) -> Array:
    """Divide records into groups of near ones.

    Parameters
    ----------
    records : ndarray of float32 of shape (n, n_features)
        Features; NaN where a cell is missing, for which the mean of the feature stands in.
    least : int
        k, the fewest records of a group; no group has 2k records or more, unless there are fewer than 2k in all.

    Returns
    -------
    ndarray of int of shape (n,)
        Group of each record, from 0.

    Examples
    --------
    >>> import numpy as np
    >>> microaggregate(np.array([[0.0], [9.0], [0.1], [9.1], [0.2]], np.float32), 2).tolist()
    [1, 0, 1, 0, 1]
    """
    groups = np.zeros(len(records), np.intp)
    rest = _Rest(_centered(records))
    n_groups = 0
    while rest.n >= 2 * least:
        point = rest.farthest_from(rest.mean)
        # The second group begins at the other end, if there are enough records for a third one.
        for _ in range(2 if rest.n >= 3 * least else 1):
            groups[rest.take_nearest(point, least)] = n_groups
            n_groups += 1
            point = rest.farthest_from(point)
    groups[rest.indices] = n_groups
    return groups


def group_means(records: Array, groups: Array, least: int) -> Array:
    """Return the mean of each group, of at least so many cells in each feature.

    Parameters
    ----------
    records : ndarray of float32 of shape (n, n_features)
        Features; NaN where a cell is missing.
    groups : ndarray of int of shape (n,)
        Group of each record, from 0.
    least : int
        The fewest cells of a mean.

    Returns
    -------
    ndarray of float32 of shape (n_groups, n_features)
        NaN for a feature that no record of the group has, or fewer than `least` records in all.

    Examples
    --------
    >>> import numpy as np
    >>> records = np.array([[1, 1], [3, np.nan], [5, 4], [7, 7]], np.float32)
    >>> group_means(records, np.array([0, 0, 1, 1]), 2).tolist()
    [[2.0, 4.0], [6.0, 4.0]]
    """
    sums, counts = _sums(np.nan_to_num(records).astype(np.float64), ~np.isnan(records), groups)
    levels = [(groups, sums, counts)]
    while len(sums) > 1 and _has_few(counts, least).any():
        parents = microaggregate(_means(sums, counts).astype(np.float32), 2)
        sums, counts = _sums(sums, counts, parents)
        levels.append((parents, sums, counts))
    return _pooled_means(levels, least).astype(np.float32)


def _pooled_means(levels: list[tuple[Array, Array, Array]], least: int) -> Array:
    """Return the means of groups, pooled where they have few cells.

    Parameters
    ----------
    levels : list of tuple of ndarray
        From records to groups, to groups of groups, and so on: the group of each member of the level below, and sum and
        number of the cells of each group, of shape (n_groups, n_features).
    least : int
        The fewest cells of a mean.
    """
    _, sums, counts = levels[-1]
    means = np.where(_has_few(counts, least), np.nan, _means(sums, counts))
    divided = np.ones(means.shape, np.bool_)
    for (_, sums, counts), (parents, _, _) in zip(levels[-2::-1], levels[:0:-1], strict=True):
        # A mean and that of a part of its cells would give away the rest of them: groups are pooled together or not.
        few, _ = _sums(_has_few(counts, least), np.zeros_like(counts), parents)
        divided = (divided & (few == 0))[parents]
        means = np.where(divided, _means(sums, counts), means[parents])
    return np.where(levels[0][2] > 0, means, np.nan)


def _sums(values: Array, counts: Array, groups: Array) -> tuple[Array, Array]:
    """Return the sums of values and counts over the members of each group."""
    order = np.argsort(groups, kind="stable")
    starts = np.searchsorted(groups[order], np.arange(groups.max() + 1))
    sums, totals = (np.add.reduceat(array[order], starts, dtype=np.float64) for array in (values, counts))
    return sums, totals


def _means(sums: Array, counts: Array) -> Array:
    return np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)


def _has_few(counts: Array, least: int) -> Array:
    """Return where a mean would be that of too few cells, though of some."""
    return np.asarray((counts > 0) & (counts < least))


def _centered(records: Array) -> Array:
    """Return features minus their means, as float64; 0 for missing ones.

    Squares of float32 would round by more than the distances within a group that is far from all others.
    """
    present = ~np.isnan(records)
    sums = np.where(present, records, 0).sum(axis=0, dtype=np.float64)
    return np.where(present, records - sums / np.maximum(present.sum(axis=0), 1), 0)


class _Rest:
    """Records that are in no group yet.

    Parameters
    ----------
    x : ndarray of float64 of shape (n, n_features)
        Records.
    """

    def __init__(self, x: Array) -> None:
        self._x = x
        self._norms = np.square(x).sum(axis=1)
        self._rows = np.arange(len(x))
        self._free = np.ones(len(x), np.bool_)
        self._sum = x.sum(axis=0, dtype=np.float64)
        self.n = len(x)

    @property
    def indices(self) -> Array:
        """Indices of the records."""
        return self._rows[self._free]

    @property
    def mean(self) -> Array:
        """Mean of the records, as float64 of shape (n_features,)."""
        return np.asarray(self._sum / self.n)

    def farthest_from(self, point: Array) -> Array:
        """Return the record farthest from a point."""
        found: Array = self._x[np.where(self._free, self._distances(point), -np.inf).argmax()]
        return found

    def take_nearest(self, point: Array, count: int) -> Array:
        """Remove the records nearest to a point, so many; return their indices."""
        taken = np.argpartition(np.where(self._free, self._distances(point), np.inf), count - 1)[:count]
        self._free[taken] = False
        self._sum -= self._x[taken].sum(axis=0, dtype=np.float64)
        self.n -= count
        found: Array = self._rows[taken]
        if 2 * self.n < len(self._rows):
            # Records that are gone would take time in every further step.
            kept = self._free
            self._x, self._norms, self._rows = self._x[kept], self._norms[kept], self._rows[kept]
            self._free = np.ones(self.n, np.bool_)
        return found

    def _distances(self, point: Array) -> Array:
        """Return squared distances, but for a constant."""
        return np.asarray(self._norms - 2 * (self._x @ point))
