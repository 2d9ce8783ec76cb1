"""scikit-learn's MLPRegressor."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from benchmarks.speed.networks import Weights, mean_squared_error
from benchmarks.speed.peers import base


class Peer(base.Peer):
    """It draws its own first weights, from the same distribution but for the biases, and its output is linear."""

    packages = ("scikit-learn",)

    def prepare_train(self, _: dict[str, Any]) -> None:
        """Say how to train; nothing stops it early, nothing is penalised."""
        warnings.simplefilter("ignore", ConvergenceWarning)
        self.note = "linear output: it has no sigmoid" if self.job.output == "sigmoid" else ""
        self.reset()
        self.run()

    def reset(self) -> None:
        """Begin anew."""
        self.model = MLPRegressor(
            hidden_layer_sizes=self.job.sizes[1:-1], activation="relu", solver="adam", alpha=0.0,
            batch_size=self.job.batch, learning_rate_init=0.001, epsilon=1e-7, max_iter=self.job.epochs, tol=0.0,
            n_iter_no_change=self.job.epochs + 1, shuffle=True, random_state=0,
        )  # fmt: skip

    def run(self) -> None:
        """Train."""
        self.model.fit(self.x, self.x)

    def weights(self) -> Weights:
        """Return kernels and biases."""
        return list(zip(map(np.asarray, self.model.coefs_), map(np.asarray, self.model.intercepts_), strict=True))

    def loss(self) -> float:
        """Return the mean squared error of what it has trained, which always ends linearly."""
        return mean_squared_error(self.weights(), self.x, "linear")
