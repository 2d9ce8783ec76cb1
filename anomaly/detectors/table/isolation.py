r"""Isolation forest: how few random splits it takes to part a record from the others.

**A tree** divides a random subsample of :math:`\psi` records. At every node a feature is drawn at random, of those that
vary among the records of the node, and a threshold, uniformly between the least and the largest of its values. Records
with values up to the threshold go left, the others right, until a record is alone but for its copies, or the node lies
at depth :math:`\lceil \log_2 \psi \rceil`: anomalous records are few and far from others, so they are alone early.

**The path length** h(x) of a record is the number of splits on its way. Where m records of the subsample share its last
node, c(m) is added: the mean number of further splits in a tree without a limit, as many as in an unsuccessful search
of a binary search tree,

.. math:: c(m) = 2 H(m - 1) - \frac{2(m - 1)}{m}, \quad H(i) \approx \ln i + 0.5772, \quad c(2) = 1, \; c(1) = 0

**The score** compares the mean over the trees with that of the subsample,

.. math:: s(x) = 2^{-\mathrm{E}[h(x)] / c(\psi)}

It is about 0.5 for a record like any other, and near 1 for one that the first splits part from all others.

**Contributions of features.** A split that leaves m of n records on the side of x tells :math:`\log_2 (n / m)` bits
about where x lies. The score is divided among the features by the bits of their splits.

**Groups of anomalies**, which have each other as near neighbors, have few members in a subsample. These lie apart from
the other records, however near they are to each other, and a tree needs few splits to part them from those.

References
----------
Liu, Ting & Zhou, "Isolation forest", ICDM 2008; "Isolation-based anomaly detection", ACM Transactions on Knowledge
Discovery from Data 6 (2012).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from anomaly.detectors.table.members import Completed, Member, read_at_least_0, read_positive
from nnlite.job import counted
from nnlite.trees import CompleteTrees
from nnlite.types import Array, RandomGenerator

_DRAWS = 8
# Cells that are compared at a time, so that many undecided nodes of a wide table do not fill memory.
_MOST_CELLS = 1 << 20


class IsolationForest:
    r"""Random trees in arrays, as a member of an ensemble; see the module.

    All trees are complete and of one depth. A node that is not split has the threshold infinity, which sends every
    record left.

    Parameters
    ----------
    features : ndarray of int32 of shape (n_trees, 2**depth - 1)
        Feature of each node, level by level.
    thresholds : ndarray of float32 of shape (n_trees, 2**depth - 1)
        Threshold of each node.
    counts : ndarray of int32 of shape (n_trees, 2**depth)
        Number of records of the subsample at each end of a tree; 0 at ends that no record reaches.
    width : int
        Number of features.
    scale : float, default 1.0
        Unit of the scores.
    spread : float, default 1.0
        Spread of the training scores (see `anomaly.detectors.blend.spread_of`).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x = np.r_[rng.normal(size=(500, 2)), rng.normal(6, 0.1, size=(20, 2))].astype(np.float32)
    >>> scores = grow_forest(x, rng).scores(x)
    >>> bool(scores[500:].min() > np.quantile(scores[:500], 0.9))
    True
    """

    kind: ClassVar[str] = "isolation"

    def __init__(
        self, features: Array, thresholds: Array, counts: Array, width: int, scale: float = 1.0, spread: float = 1.0
    ) -> None:
        self.features = features
        self.thresholds = thresholds
        self.counts = counts
        self.width = width
        self.scale = scale
        self.spread = spread
        depth = counts.shape[1].bit_length() - 1
        lengths = _splits_above(thresholds, depth) + average_path_length(np.maximum(counts, 1))
        self._walk = CompleteTrees(features, thresholds, lengths)

    @property
    def subsample(self) -> int:
        r""":math:`\psi`: number of records of each tree."""
        return int(self.counts[0].sum())

    @cached_property
    def _usual_length(self) -> float:
        """The mean path length of a random tree of as many records as each tree has."""
        return float(average_path_length(self.subsample))

    def calibrate(self, chunks: Sequence[Completed]) -> tuple[IsolationForest, Array]:
        """Return the member, and scores of training records in units of 1."""
        return self.with_scale(1.0, 1.0), np.concatenate([self.scores(x) for x, _ in counted(chunks)]) * self.scale

    def with_scale(self, scale: float, spread: float) -> IsolationForest:
        """Return the member with another scale and spread."""
        forest = copy.copy(self)
        forest.scale, forest.spread = scale, spread
        return forest

    def with_scale_of(self, other: Member) -> IsolationForest:
        """Return the member with scale and spread of another one."""
        return self.with_scale(other.scale, other.spread)

    def path_lengths(self, x: Array) -> Array:
        """Return the mean path length of each record, as float64 of shape (n_records,).

        Parameters
        ----------
        x : ndarray of float32 of shape (n_records, n_features)
            Features.
        """
        return self._walk.sums(x) / len(self.features)

    def scores(self, x: Array, known: Array | None = None) -> Array:  # noqa: ARG002
        """Return the score of each record, as float64 of shape (n_records,); filled holes count as all features do."""
        return np.asarray(np.exp2(-self.path_lengths(x) / self._usual_length)) / self.scale

    def contributions(self, x: Array, known: Array | None = None) -> Array:
        """Return each feature's contribution to each record's score, as float64 of shape (n_records, width)."""
        bits, known = self._bits(), np.zeros(x.shape)
        for rows, trees, path in self._walk.paths(x):
            cells, first = known[rows].ravel(), np.arange(path[0].shape[1]) * self.width
            for position, tree in enumerate(trees):
                for before, after in pairwise(path):
                    # No cell twice: each record has one split at a time.
                    split = self.features[tree].take(before[position])
                    cells[first + split] += bits[tree].take(after[position])
            known[rows] = cells.reshape(-1, self.width)
        total = known.sum(axis=1, keepdims=True)
        # Where all records are equal no split tells anything.
        fractions = np.divide(known, total, out=np.full(x.shape, 1 / self.width), where=total > 0)
        return fractions * self.scores(x)[:, np.newaxis]

    def _bits(self) -> Array:
        """Return the bits that the last split before each node of all levels tells, of shape (n_trees, n_nodes)."""
        sizes = [self.counts.astype(np.float64)]
        while sizes[0].shape[1] > 1:
            sizes.insert(0, sizes[0].reshape(len(self.counts), -1, 2).sum(axis=2))
        bits = [np.zeros((len(self.counts), 1))]
        for before, after in pairwise(sizes):
            ratio = np.divide(np.repeat(before, 2, axis=1), after, out=np.ones_like(after), where=after > 0)
            bits.append(np.log2(ratio))
        return np.concatenate(bits, axis=1)

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the fitted state, as JSON values and arrays."""
        config = {name: getattr(self, name) for name in ("kind", "width", "scale", "spread")}
        return config, {name: getattr(self, name) for name in ("features", "thresholds", "counts")}

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> IsolationForest:  # noqa: ARG003
        """Return the member of a state, validating every field."""
        width, (features, thresholds, counts) = config["width"], _trees(arrays)
        if not isinstance(width, int) or isinstance(width, bool) or not ((features >= 0) & (features < width)).all():
            raise ValueError(f"its trees split other features than those of a width of {width!r}")
        return cls(
            features, thresholds, counts, width, read_positive(config, "scale"), read_at_least_0(config, "spread")
        )


def _trees(arrays: Mapping[str, Array]) -> tuple[Array, Array, Array]:
    """Return features, thresholds and counts of a saved state; ValueError unless they are those of complete trees."""
    features, thresholds, counts = (arrays[name] for name in ("features", "thresholds", "counts"))
    found = [(array.shape, str(array.dtype)) for array in (features, thresholds, counts)]
    n_trees, ends = counts.shape if counts.ndim == 2 else (0, 0)
    nodes = (n_trees, ends - 1)
    complete = n_trees and ends >= 2 and not ends & (ends - 1)
    if not complete or found != [(nodes, "int32"), (nodes, "float32"), ((n_trees, ends), "int32")]:
        raise ValueError(f"its trees have features, thresholds and counts of {found}")
    sums = counts.sum(axis=1)
    if np.isnan(thresholds).any() or (counts < 0).any() or sums[0] < 2 or (sums != sums[0]).any():
        raise ValueError("its trees have thresholds that are no numbers, or other numbers of records than each other")
    return features, thresholds, counts


def average_path_length(count: int | Array) -> Array:
    """Return c, the mean path length of a random tree of so many records that has no limit.

    Parameters
    ----------
    count : int or ndarray of int
        m, at least 1.

    Examples
    --------
    >>> average_path_length(np.array([1, 2, 256])).round(4).tolist()
    [0.0, 1.0, 10.2448]
    """
    m = np.asarray(count, np.float64)
    several = np.maximum(m, 3)
    c = 2 * (np.log(several - 1) + np.euler_gamma) - 2 * (several - 1) / several
    return np.where(m > 2, c, m - 1)


def grow_forest(x: Array, rng: RandomGenerator, n_trees: int = 100, subsample: int = 256) -> IsolationForest:
    """Return trees of random subsamples of records, which grow side by side.

    Parameters
    ----------
    x : ndarray of float32 of shape (n_records, n_features)
        Features, finite, of at least two records.
    rng : numpy.random.Generator
        Source of random numbers.
    n_trees : int, default 100
        Number of trees.
    subsample : int, default 256
        Records of each tree; all, where there are fewer.
    """
    size = min(subsample, len(x))
    depth = int(np.ceil(np.log2(size)))
    features = np.zeros((n_trees, 2**depth - 1), np.int32)
    thresholds = np.full((n_trees, 2**depth - 1), np.inf, np.float32)
    rows = np.concatenate([rng.choice(len(x), size, replace=False) for _ in range(n_trees)])
    # The nodes of a level are numbered in the order of the trees.
    node = np.repeat(np.arange(n_trees), size)
    smallest = np.min_scalar_type(n_trees * 2**depth)
    for level in range(depth):
        # Small numbers are sorted by their digits.
        order = np.argsort(node.astype(smallest), kind="stable")
        rows, node = rows[order], node[order]
        starts = np.flatnonzero(np.diff(node, prepend=-1))
        sizes = np.diff(starts, append=len(rows))
        feature, threshold, values = _draw_splits(x, rows, starts, sizes, rng)
        tree, place = np.divmod(node[starts], 2**level)
        features[tree, 2**level - 1 + place] = feature
        thresholds[tree, 2**level - 1 + place] = threshold
        node = 2 * node + (values > np.repeat(threshold, sizes))
    counts = np.bincount(node, minlength=n_trees * 2**depth).astype(np.int32)
    return IsolationForest(features, thresholds, counts.reshape(n_trees, -1), x.shape[1])


def _draw_splits(
    x: Array, rows: Array, starts: Array, sizes: Array, rng: RandomGenerator
) -> tuple[Array, Array, Array]:
    """Return a random feature and threshold of each node, and the values of that feature of the node's records.

    A feature that does not vary at a node is drawn again. Where that happens time and again, all features are compared.
    The threshold is infinite where all records of a node are equal.
    """
    feature, several = np.zeros(len(starts), np.int32), sizes > 1
    feature[several] = rng.integers(x.shape[1], size=np.count_nonzero(several), dtype=np.int32)
    # A single index into all cells is faster than one for each axis.
    cells, first = x.ravel(), rows * x.shape[1]
    values = cells.take(first + np.repeat(feature, sizes))
    low, high = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    undecided = np.flatnonzero(several & (low == high))
    for _ in range(_DRAWS - 1):
        if not len(undecided):
            break
        drawn = rng.integers(x.shape[1], size=len(undecided), dtype=np.int32)
        positions, bounds = _positions(starts[undecided], sizes[undecided])
        found = cells.take(first[positions] + np.repeat(drawn, sizes[undecided]))
        values[positions], feature[undecided] = found, drawn
        low[undecided], high[undecided] = np.minimum.reduceat(found, bounds), np.maximum.reduceat(found, bounds)
        undecided = undecided[low[undecided] == high[undecided]]
    for nodes in _blocks(undecided, sizes, _MOST_CELLS // x.shape[1]):
        positions, bounds = _positions(starts[nodes], sizes[nodes])
        members = x[rows[positions]]
        least, largest = np.minimum.reduceat(members, bounds, axis=0), np.maximum.reduceat(members, bounds, axis=0)
        node, varying = np.nonzero(least < largest)
        some, begin, count = np.unique(node, return_index=True, return_counts=True)
        drawn = varying[begin + rng.integers(count)]
        chosen = nodes[some]
        feature[chosen], low[chosen], high[chosen] = drawn, least[some, drawn], largest[some, drawn]
        positions, _ = _positions(starts[chosen], sizes[chosen])
        values[positions] = cells.take(first[positions] + np.repeat(drawn, sizes[chosen]))
    # The number below the lowest one would overflow.
    equal = low == high
    low[equal] = high[equal] = 0
    threshold = (low + rng.random(len(low)) * (high.astype(np.float64) - low)).astype(np.float32)
    # Rounding must not leave the right side empty.
    threshold = np.minimum(threshold, np.nextafter(high, -np.inf, dtype=np.float32))
    return feature, np.where(low < high, threshold, np.float32(np.inf)), values


def _blocks(nodes: Array, sizes: Array, most_records: int) -> Iterator[Array]:
    """Yield nodes in their order, few enough at a time for so many records, or one that has more."""
    ends = np.cumsum(sizes[nodes])
    begin = 0
    while begin < len(nodes):
        before = ends[begin - 1] if begin else 0
        end = max(int(np.searchsorted(ends, before + most_records, side="right")), begin + 1)
        yield nodes[begin:end]
        begin = end


def _positions(starts: Array, sizes: Array) -> tuple[Array, Array]:
    """Return the positions of the records of some nodes, one node after the other, and where each node starts."""
    bounds = np.cumsum(sizes) - sizes
    return np.arange(sizes.sum()) + np.repeat(starts - bounds, sizes), bounds


def _splits_above(thresholds: Array, depth: int) -> Array:
    """Return the number of splits before each end of the trees, of shape (n_trees, 2**depth)."""
    splits = np.zeros((len(thresholds), 1))
    for level in range(depth):
        splits = np.repeat(splits + np.isfinite(thresholds[:, 2**level - 1 : 2 ** (level + 1) - 1]), 2, axis=1)
    return splits
