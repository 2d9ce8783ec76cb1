"""Detectors to compare, by name; those of other projects are imported when they are first used."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Protocol

import numpy as np

OURS = ("TableDetector", "AutoencoderDetector")
PEERS = ("kNN", "LOF", "IForest", "ECOD", "AutoEncoder", "VAE", "DeepSVDD", "MLPRegressor")


class Contestant(Protocol):
    """Interface of a detector in the comparison."""

    def fit(self, train: np.ndarray) -> None:
        """Fit the detector to rows."""

    def own_scores(self) -> np.ndarray:
        """Return the scores of the training rows."""

    def scores(self, test: np.ndarray) -> np.ndarray:
        """Return the scores of other rows."""


class _PyodLike:
    """Ours and PyOD's detectors have the same interface."""

    def __init__(self, detector: object) -> None:
        self.detector = detector

    def fit(self, train: np.ndarray) -> None:
        self.detector.fit(train)

    def own_scores(self) -> np.ndarray:
        return self.detector.decision_scores_

    def scores(self, test: np.ndarray) -> np.ndarray:
        return self.detector.decision_function(test)


class _Regressor:
    """scikit-learn's MLPRegressor as an autoencoder, with the inputs as targets."""

    def __init__(self, seed: int) -> None:
        neural = import_module("sklearn.neural_network")
        self.network = neural.MLPRegressor(hidden_layer_sizes=(64, 32, 64), random_state=seed)

    def fit(self, train: np.ndarray) -> None:
        self.train = train
        self.network.fit(train, train)

    def own_scores(self) -> np.ndarray:
        return self.scores(self.train)

    def scores(self, test: np.ndarray) -> np.ndarray:
        return np.square(test - self.network.predict(test).reshape(test.shape)).mean(axis=1)


def _pyod(module: str, name: str, **settings: object) -> Callable[[int, int], Contestant]:
    def make(seed: int, width: int) -> Contestant:
        made = getattr(import_module(f"pyod.models.{module}"), name)
        filled = {key: {"seed": seed, "width": width}.get(value, value) for key, value in settings.items()}
        return _PyodLike(made(**filled))

    return make


def _ours(name: str) -> Callable[[int, int], Contestant]:
    def make(seed: int, width: int) -> Contestant:  # noqa: ARG001
        return _PyodLike(getattr(import_module("anomaly"), name)(random_state=seed))

    return make


_MAKERS: dict[str, Callable[[int, int], Contestant]] = {
    **{name: _ours(name) for name in OURS},
    "kNN": _pyod("knn", "KNN"),
    "LOF": _pyod("lof", "LOF"),
    "IForest": _pyod("iforest", "IForest", random_state="seed"),
    "ECOD": _pyod("ecod", "ECOD"),
    "AutoEncoder": _pyod("auto_encoder", "AutoEncoder", random_state="seed", verbose=0),
    "VAE": _pyod("vae", "VAE", random_state="seed", verbose=0),
    "DeepSVDD": _pyod("deep_svdd", "DeepSVDD", n_features="width", random_state="seed", verbose=0),
    "MLPRegressor": lambda seed, width: _Regressor(seed),  # noqa: ARG005
}


def make(name: str, seed: int, width: int) -> Contestant:
    """Make a detector with its defaults.

    Parameters
    ----------
    name : str
        One of `OURS` or `PEERS`.
    seed : int
        Seed of its random numbers.
    width : int
        Number of columns of the table.
    """
    return _MAKERS[name](seed, width)
