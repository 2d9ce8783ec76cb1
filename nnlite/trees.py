"""Records through complete binary trees: the ends that they reach."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from nnlite.backends import TreeSums, check_backend, open_tree_sums
from nnlite.types import Array

# Paths of so many records through trees at a time: few enough for the cache, many enough for few calls.
_BLOCK_PATHS = 8192
# Of NumPy, about: for one split of one record, and for the splits of one level.
_SECONDS_PER_SPLIT, _SECONDS_PER_LEVEL = 1e-8, 4e-5


class CompleteTrees:
    """Complete binary trees of one depth, whose ends have values.

    Node 0 is the root, and the nodes below node i are 2 i + 1 and 2 i + 2. A record goes right where its feature is
    above the threshold; the threshold infinity sends every record left.

    Parameters
    ----------
    features : ndarray of int32 of shape (n_trees, 2**depth - 1)
        Feature of each node, level by level.
    thresholds : ndarray of float32 of shape (n_trees, 2**depth - 1)
        Threshold of each node.
    values : ndarray of float64 of shape (n_trees, 2**depth)
        Value of each end.
    backend : {"auto", "numpy", "numba"}, default "auto"
        What computes: NumPy or compiled code, which is several times as fast and gives the same bits. "auto" is
        compiled code where there is Numba and enough is asked for, in this call or in those before it.

    Examples
    --------
    >>> import numpy as np
    >>> trees = CompleteTrees(np.zeros((1, 1), np.int32), np.full((1, 1), 0.5, np.float32), np.array([[10.0, 20.0]]))
    >>> trees.sums(np.array([[0.0], [1.0]], np.float32)).tolist()
    [10.0, 20.0]
    """

    def __init__(self, features: Array, thresholds: Array, values: Array, backend: str = "auto") -> None:
        check_backend(backend)
        self.features = np.ascontiguousarray(features)
        self.thresholds = np.ascontiguousarray(thresholds)
        self.values = np.ascontiguousarray(values)
        self._depth = values.shape[1].bit_length() - 1
        self._backend = backend
        self._seconds = 0.0
        self._compiled: TreeSums | None = None

    def sums(self, x: Array) -> Array:
        """Return the sum over the trees of the values of the ends that each record reaches.

        Parameters
        ----------
        x : ndarray of float32 of shape (n_records, n_features)
            Records with all features that the trees split.

        Returns
        -------
        ndarray of float64 of shape (n_records,)
            Added up in the order of the trees.
        """
        if self._compiled is None:
            levels = self._depth * (1 + len(x) * len(self.features) // _BLOCK_PATHS)
            splits = self._depth * len(x) * len(self.features)
            self._seconds += _SECONDS_PER_SPLIT * splits + _SECONDS_PER_LEVEL * levels
            arrays = self.features, self.thresholds, self.values
            self._compiled = open_tree_sums(*arrays, self._seconds, self._backend)
        if self._compiled is not None:
            return self._compiled.sums(np.ascontiguousarray(x))
        total, first = np.zeros(len(x)), np.arange(len(self.values))[:, np.newaxis] * self.values.shape[1]
        for rows, trees, path in self.paths(x):
            ends = path[-1] + (first[trees.start : trees.stop] - self.features.shape[1])
            found = self.values.take(ends)
            found[0] += total[rows]
            # Tree by tree, so that a record's sum does not depend on the number of records.
            total[rows] = np.add.accumulate(found, axis=0)[-1]
        return total

    def paths(self, x: Array) -> Iterator[tuple[slice, range, list[Array]]]:
        """Yield rows, trees, and the nodes that they pass at each level, each of shape (n_trees, n_rows)."""
        for start in range(0, len(x), _BLOCK_PATHS):
            block = np.ascontiguousarray(x[start : start + _BLOCK_PATHS])
            cells, first = block.ravel(), np.arange(len(block)) * x.shape[1]
            at_once = max(1, _BLOCK_PATHS // len(block))
            for tree in range(0, len(self.features), at_once):
                trees = range(tree, min(tree + at_once, len(self.features)))
                features, thresholds = (
                    values[tree : trees.stop].ravel() for values in (self.features, self.thresholds)
                )
                offset = (np.arange(len(trees)) * self.features.shape[1])[:, np.newaxis]
                path = [np.zeros((len(trees), len(block)), np.intp)]
                for _ in range(self._depth):
                    node = path[-1] + offset
                    right = cells.take(features.take(node) + first) > thresholds.take(node)
                    path.append(2 * path[-1] + 1 + right)
                yield slice(start, start + len(block)), trees, path

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for copies, without machine code: they load their own."""
        return {**self.__dict__, "_compiled": None}
