"""The training jobs: what is trained on what, the same for every contestant."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

Weights = list[tuple[np.ndarray, np.ndarray]]
"""Kernel (in, out) and bias (out,) of each layer."""


@dataclass(frozen=True)
class TrainingJob:
    """An autoencoder and how it is trained: ReLU in the hidden layers, mean squared error, Adam at 0.001.

    Attributes
    ----------
    rows : int
        Records to train on.
    sizes : tuple of int
        Units of every layer, input and output included.
    batch, epochs : int
        Records a step; how often all records are gone through, in a new order each time.
    output : {"linear", "sigmoid"}
        Activation of the last layer.
    spread : {"independent", "factors"}
        Values that have nothing to do with each other (what the C program trains on), or a few factors behind all
        columns, so that there is something to learn.
    """

    rows: int
    sizes: tuple[int, ...]
    batch: int
    epochs: int
    output: str = "linear"
    spread: str = "factors"

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> TrainingJob:
        """Make the job that `to_message` described."""
        return cls(**{**message, "sizes": tuple(message["sizes"])})

    def to_message(self) -> dict[str, Any]:
        """Describe the job in what JSON knows."""
        return {**asdict(self), "sizes": list(self.sizes)}

    def shortened(self, factor: int) -> TrainingJob:
        """Return a job of fewer rows and epochs, for trying things out."""
        return replace(self, rows=max(self.rows // factor, 2 * self.batch), epochs=max(self.epochs // factor, 2))

    @property
    def n_batches(self) -> int:
        """Steps in an epoch, a short last one included."""
        return -(-self.rows // self.batch)

    def data(self) -> np.ndarray:
        """Return the records, float32, of mean 0 and variance 1."""
        rng, width = np.random.default_rng(1), self.sizes[0]
        if self.spread == "independent":
            return rng.standard_normal((self.rows, width), dtype=np.float32)
        n_factors = max(min(self.sizes) // 2, 1)
        loadings = rng.standard_normal((n_factors, width), dtype=np.float32) / np.float32(np.sqrt(n_factors))
        x = rng.standard_normal((self.rows, n_factors), dtype=np.float32) @ loadings
        x += np.float32(0.3) * rng.standard_normal(x.shape, dtype=np.float32)
        x -= x.mean(axis=0)
        x /= x.std(axis=0)
        return x

    def initial_weights(self) -> Weights:
        """Return where everyone starts: Glorot's uniform distribution, biases zero."""
        rng = np.random.default_rng(2)
        weights = []
        for fan_in, fan_out in pairwise(self.sizes):
            limit = np.sqrt(6 / (fan_in + fan_out))
            kernel = rng.uniform(-limit, limit, (fan_in, fan_out)).astype(np.float32)
            weights.append((kernel, np.zeros(fan_out, np.float32)))
        return weights


def forward(weights: Weights, x: np.ndarray, output: str) -> np.ndarray:
    """Return what a network makes of records, computed in NumPy: what everyone's results are compared with."""
    for kernel, bias in weights[:-1]:
        x = np.maximum(x @ kernel + bias, 0)
    kernel, bias = weights[-1]
    z = x @ kernel + bias
    return 1 / (1 + np.exp(-z)) if output == "sigmoid" else z


def mean_squared_error(weights: Weights, x: np.ndarray, output: str) -> float:
    """Return how far a network's reconstructions are from the records."""
    return float(np.mean((forward(weights, x, output) - x) ** 2, dtype=np.float64))


SMALL = TrainingJob(1000, (10, 5, 10), 32, 100, "sigmoid", "independent")
MIDDLE = TrainingJob(20_000, (41, 32, 8, 32, 41), 256, 10)
LARGE = TrainingJob(10_000, (784, 256, 64, 256, 784), 256, 5)
