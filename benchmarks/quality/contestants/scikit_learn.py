"""scikit-learn's detectors behind `Features`."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.neural_network import MLPRegressor

from benchmarks.quality.contestants.features import Features
from benchmarks.quality.protocols import Records

_NEIGHBORS, _NEIGHBORS_OF_LOF = 5, 20


class Detector(Protocol):
    """A detector of rows of numbers."""

    def fit(self, train: np.ndarray) -> None:
        """Fit the detector to rows."""

    def own_scores(self) -> np.ndarray:
        """Return the scores of the training rows."""

    def scores(self, test: np.ndarray) -> np.ndarray:
        """Return the scores of other rows."""


class OnFeatures:
    """A detector of numbers that takes records of any kind.

    Parameters
    ----------
    detector : Detector
        Detector of rows of numbers.
    imputation : {"median", "neighbors"}, default "median"
        See `Features`.
    """

    def __init__(self, detector: Detector, imputation: str = "median") -> None:
        self.detector = detector
        self.features = Features(imputation)

    def fit(self, train: Records) -> None:
        self.detector.fit(self.features.fit_transform(train))

    def own_scores(self) -> np.ndarray:
        return self.detector.own_scores()

    def scores(self, test: Records) -> np.ndarray:
        return self.detector.scores(self.features.transform(test))


class MeanDistance:
    """Mean distance to the 5 nearest training rows; a training row is no neighbor of itself."""

    def fit(self, train: np.ndarray) -> None:
        self.search = NearestNeighbors(n_neighbors=max(1, min(_NEIGHBORS, len(train) - 1))).fit(train)

    def own_scores(self) -> np.ndarray:
        return self.search.kneighbors()[0].mean(axis=1)

    def scores(self, test: np.ndarray) -> np.ndarray:
        return self.search.kneighbors(test)[0].mean(axis=1)


class OutlierFactor:
    """Local outlier factor of 20 neighbors."""

    def fit(self, train: np.ndarray) -> None:
        neighbors = max(1, min(_NEIGHBORS_OF_LOF, len(train) - 1))
        self.model = LocalOutlierFactor(n_neighbors=neighbors, novelty=True).fit(train)

    def own_scores(self) -> np.ndarray:
        return -self.model.negative_outlier_factor_

    def scores(self, test: np.ndarray) -> np.ndarray:
        return -self.model.score_samples(test)


class Forest:
    """Isolation forest of 100 trees."""

    def __init__(self, seed: int) -> None:
        self.model = IsolationForest(random_state=seed)

    def fit(self, train: np.ndarray) -> None:
        self.train = train
        self.model.fit(train)

    def own_scores(self) -> np.ndarray:
        return self.scores(self.train)

    def scores(self, test: np.ndarray) -> np.ndarray:
        return -self.model.score_samples(test)


class Regressor:
    """MLPRegressor as an autoencoder, with the inputs as targets."""

    def __init__(self, seed: int) -> None:
        self.network = MLPRegressor(hidden_layer_sizes=(64, 32, 64), random_state=seed)

    def fit(self, train: np.ndarray) -> None:
        self.train = train
        self.network.fit(train, train)

    def own_scores(self) -> np.ndarray:
        return self.scores(self.train)

    def scores(self, test: np.ndarray) -> np.ndarray:
        return np.square(test - self.network.predict(test).reshape(test.shape)).mean(axis=1)
