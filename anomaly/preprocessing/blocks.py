"""Means and variances of blocks of consecutive steps, the summary of a series by which drift is noticed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from anomaly.errors import DataError
from nnlite.types import Array

_MOST_BLOCKS = 512
_MOST_CELLS = 1 << 18
_LEAST_LENGTH = 9
_TINY = 1e-12


@dataclass(frozen=True)
class Blocks:
    """Means and variances of blocks of steps.

    Attributes
    ----------
    length : int
        Mean number of steps of a block.
    means, variances : ndarray of float32 of shape (n_blocks, n_features)
        Those of the values that are present; NaN where more than half are missing.

    Examples
    --------
    >>> import numpy as np
    >>> summary = BlockSummary(1, 1)
    >>> summary.push(np.array([[1.0], [3.0], [5.0]]))
    >>> summary.push(np.array([[5.0], [9.0]]))
    >>> blocks = summary.blocks().merged(2)
    >>> blocks.means.ravel().tolist(), blocks.variances.ravel().tolist()
    ([2.0, 5.0], [1.0, 0.0])
    """

    length: int
    means: Array
    variances: Array

    def merged(self, factor: int) -> Blocks:
        """Return blocks that many times as long; what does not fill the last one is left out."""
        if factor == 1:
            return self
        n = len(self.means) // factor
        shape = (n, factor, self.means.shape[1])
        means = self.means[: n * factor].reshape(shape).astype(np.float64)
        variances = self.variances[: n * factor].reshape(shape)
        middle = means.mean(axis=1)
        spread = (variances + np.square(means - middle[:, np.newaxis])).mean(axis=1)
        return Blocks(self.length * factor, middle, spread)

    def values(self, feature: int, of_spread: bool) -> Array:
        """Return a feature's means, or the logarithms of its standard deviations, of the blocks that have one."""
        found = self.means[:, feature].astype(np.float64)
        if of_spread:
            found = 0.5 * np.log(self.variances[:, feature].astype(np.float64) + _TINY)
        return np.asarray(found[np.isfinite(found)])

    def get_state(self) -> dict[str, Array]:
        """Return the blocks as arrays."""
        return {"length": np.array([self.length]), "means": self.means, "variances": self.variances}

    @classmethod
    def from_state(cls, arrays: Mapping[str, Array], n_features: int) -> Blocks:
        """Restore blocks from the arrays of `get_state`; raise DataError if they are not valid."""
        length, means, variances = (arrays[name] for name in ("length", "means", "variances"))
        if length.shape != (1,) or length.dtype.kind != "i" or length[0] < 1:
            raise DataError("preprocessing: expected the length of a block")
        for array in (means, variances):
            if array.ndim != 2 or array.shape[1] != n_features or array.dtype.kind != "f" or len(array) != len(means):
                raise DataError(f"preprocessing: expected blocks of {n_features} features")
        return cls(int(length[0]), means, variances)


class BlockSummary:
    """Streaming computation of blocks: they do not depend on how the steps are cut into pieces.

    The lengths of the blocks vary at random around their mean: blocks of one length would meet a periodic series at a
    few phases again and again, and two series at different ones.

    Parameters
    ----------
    length : int
        Mean number of steps of a block.
    n_features : int
        Number of features.
    seed : int, default 0
        Seed of the lengths; two series that are compared have different ones.
    """

    def __init__(self, length: int, n_features: int, seed: int = 0) -> None:
        self.length, self._n_features = length, n_features
        self._rest = np.zeros((0, n_features))
        self._rng = np.random.default_rng(seed)
        self._lengths = np.zeros(0, np.int64)  # of the next blocks
        self._means: list[Array] = []
        self._variances: list[Array] = []

    def push(self, values: Array, missing: Array | None = None) -> None:
        """Add the next steps, and the mask of the values that are missing."""
        values = values.astype(np.float64)
        if missing is not None and missing.any():
            values[missing] = np.nan
        values = np.concatenate([self._rest, values])
        ends = self._next_ends(len(values))
        if not len(ends):
            self._rest = values
            return
        values, self._rest = values[: ends[-1]], values[ends[-1] :]
        starts = np.concatenate([[0], ends[:-1]])
        lengths = (ends - starts)[:, np.newaxis]
        present = np.isfinite(values)
        count = np.add.reduceat(present.astype(np.int64), starts)
        least = np.maximum(count, 1)
        means = np.add.reduceat(np.where(present, values, 0.0), starts) / least
        deviations = np.where(present, values - np.repeat(means, lengths[:, 0], axis=0), 0.0)
        variances = np.add.reduceat(np.square(deviations), starts) / least
        empty = 2 * count < lengths
        self._means.append(np.where(empty, np.nan, means).astype(np.float32))
        self._variances.append(np.where(empty, np.nan, variances).astype(np.float32))

    def _next_ends(self, n_steps: int) -> Array:
        """Return the ends of the next blocks that so many steps fill."""
        while self._lengths.sum() <= n_steps:
            least = (self.length + 1) // 2
            drawn = self._rng.integers(least, 2 * self.length - least, 64, endpoint=True)
            self._lengths = np.concatenate([self._lengths, drawn])
        ends = np.cumsum(self._lengths)
        ends = ends[ends <= n_steps]
        self._lengths = self._lengths[len(ends) :]
        return ends

    def end_segment(self) -> None:
        """Leave out the steps that fill no block: the next ones do not follow them."""
        self._rest = self._rest[:0]

    def blocks(self) -> Blocks:
        """Return the blocks so far."""
        empty = np.zeros((0, self._n_features), np.float32)
        return Blocks(self.length, np.concatenate([empty, *self._means]), np.concatenate([empty, *self._variances]))


def block_length(n_steps: int, n_features: int) -> int:
    """Return the length of blocks of which a series has at most 512, and fewer of many features; it is at least 9.

    Each block then has five steps or more, so that the blocks in a file hold no single step of training.

    Examples
    --------
    >>> block_length(100, 1), block_length(10_000, 1), block_length(10_000, 5000)
    (9, 20, 193)
    """
    most = max(16, min(_MOST_BLOCKS, _MOST_CELLS // max(n_features, 1)))
    return max(_LEAST_LENGTH, -(-n_steps // most))
