"""Reasons that can be had without an explanation of the score: how conspicuous each cell is by itself, or by neighbors.

All see the features of the peers (`benchmarks.quality.contestants.features`): imputed and standardized numbers, and
indicators of levels. They are computed here, from the formulas.

References
----------
Li et al., "ECOD: unsupervised outlier detection using empirical cumulative distribution functions", IEEE TKDE 35
(2023), whose scores are sums over dimensions; Ramaswamy, Rastogi & Shim, "Efficient algorithms for mining outliers from
large data sets", SIGMOD 2000, on distances from the nearest records.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import skew

from benchmarks.quality.contestants.features import Features
from benchmarks.quality.fault_tables import Columns

_NEIGHBORS = 5
_LEAST_SPREAD = 1e-9


class Peers:
    """Contributions of columns by simple methods, each of shape (n_records, n_columns).

    Parameters
    ----------
    train : dict of str to ndarray
        Training records.
    """

    def __init__(self, train: Columns) -> None:
        self._features = Features()
        self._train = np.asarray(self._features.fit_transform(pd.DataFrame(train)), dtype=np.float64)
        self._names = list(train)
        self._center, self._spread = self._train.mean(axis=0), self._train.std(axis=0)
        self._sorted = np.sort(self._train, axis=0)
        self._skews = np.nan_to_num(skew(self._train, axis=0))

    def z_scores(self, records: Columns) -> np.ndarray:
        """Return the largest standard score of each column's features."""
        scores = np.abs(self._of(records) - self._center) / np.maximum(self._spread, _LEAST_SPREAD)
        return self._by_column(scores, np.max)

    def tails(self, records: Columns) -> np.ndarray:
        """Return what each column adds to the score of ECOD: negative logarithms of probabilities of the tails."""
        values, n = self._of(records), len(self._train)
        below, above = (
            np.stack([np.searchsorted(known, own, side) for known, own in zip(self._sorted.T, values.T, strict=True)])
            for side in ("right", "left")
        )
        # The record itself is one of those that are compared.
        left, right = -np.log((below.T + 1) / (n + 1)), -np.log((n - above.T + 1) / (n + 1))
        scores = np.maximum(np.where(self._skews < 0, left, right), (left + right) / 2)
        return self._by_column(scores, np.sum)

    def neighbors(self, records: Columns) -> np.ndarray:
        """Return each column's fraction of the squared distances from the five nearest training records."""
        values = self._of(records)
        contributions = np.zeros(values.shape)
        for row, value in enumerate(values):
            squares = np.square(value - self._train)
            nearest = np.argpartition(squares.sum(axis=1), _NEIGHBORS)[:_NEIGHBORS]
            contributions[row] = squares[nearest].mean(axis=0)
        return self._by_column(contributions, np.sum)

    def _of(self, records: Columns) -> np.ndarray:
        return np.asarray(self._features.transform(pd.DataFrame(records)), dtype=np.float64)

    def _by_column(self, values: np.ndarray, gather: np.ufunc) -> np.ndarray:
        sources, found = np.array(self._features.sources, dtype=object), np.zeros((len(values), len(self._names)))
        for index, name in enumerate(self._names):
            own = sources == name
            if own.any():
                found[:, index] = gather(values[:, own], axis=1)
        return found
