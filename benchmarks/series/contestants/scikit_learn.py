"""Detectors of scikit-learn on windows."""

from __future__ import annotations

from nnlite.types import Array

_NEIGHBORS = 5


class MeanDistance:
    """Mean distance to the nearest five windows of training."""

    def fit(self, windows: Array) -> None:
        from sklearn.neighbors import NearestNeighbors

        self._model = NearestNeighbors(n_neighbors=_NEIGHBORS, algorithm="brute").fit(windows)

    def own_scores(self) -> Array:
        return self._model.kneighbors()[0].mean(axis=1)

    def scores(self, windows: Array) -> Array:
        return self._model.kneighbors(windows)[0].mean(axis=1)


class Forest:
    """Isolation forest.

    Parameters
    ----------
    seed : int
        Seed of its random numbers.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def fit(self, windows: Array) -> None:
        from sklearn.ensemble import IsolationForest

        self._train, self._model = windows, IsolationForest(random_state=self.seed).fit(windows)

    def own_scores(self) -> Array:
        return self.scores(self._train)

    def scores(self, windows: Array) -> Array:
        return -self._model.score_samples(windows)
