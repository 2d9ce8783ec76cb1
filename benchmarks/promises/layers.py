"""Promises of `nnlite` about random numbers and gradients: initial weights, dropout, noise, codes, gradient checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.promises.data import Array
from benchmarks.promises.promise import NEVER, Promise, about, at_most, between, exactly
from nnlite import initializers, layers
from nnlite.activations import SELU
from nnlite.gradcheck import GradientError, check_layer

_VARIANCES: dict[str, Callable[[int, int], float]] = {
    "GlorotUniform": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "GlorotNormal": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "HeUniform": lambda fan_in, fan_out: 2 / fan_in,
    "HeNormal": lambda fan_in, fan_out: 2 / fan_in,
    "LecunUniform": lambda fan_in, fan_out: 1 / fan_in,
    "LecunNormal": lambda fan_in, fan_out: 1 / fan_in,
}


def _variance_ratio(seed: int, data: str) -> float:
    fan_in, fan_out = 150, 250
    kernel = getattr(initializers, data)(seed=seed)((fan_in, fan_out))
    return float(kernel.var()) / _VARIANCES[data](fan_in, fan_out)


def _mean_over_deviation(seed: int, data: str) -> float:
    kernel = getattr(initializers, data)(seed=seed)((150, 250))
    return float(kernel.mean() / kernel.std())


def _seed_ignored(seed: int, data: str) -> float:
    one, other = (getattr(initializers, data)(seed=seed)((20, 30)) for _ in range(2))
    return float((one != other).sum())


def _not_orthogonal(seed: int, data: str) -> float:
    kernel = initializers.Orthogonal(seed=seed)((30, 20), "float64")
    return float(np.abs(kernel.T @ kernel - np.eye(20)).max())


def _selu_statistic(variance: bool) -> Callable[[int, str], float]:
    def measure(seed: int, data: str) -> float:
        y = SELU()(np.random.default_rng(seed).normal(size=200_000))
        return float(y.var() if variance else y.mean())

    return measure


def _output(layer: Any, x: Array) -> Array:
    layer.build(x.shape)
    return layer.forward(x, training=True)[0]


def _dropout(kind: str, rate: float, seed: int) -> Array:
    shape = (200, 20, 10)
    made = layers.SpatialDropout1D(rate, seed=seed) if kind == "SpatialDropout1D" else layers.Dropout(rate, seed=seed)
    return _output(made, np.ones(shape, np.float32))


def _dropped(seed: int, data: str) -> float:
    kind, rate = data.split(" ")
    return float((_dropout(kind, float(rate), seed) == 0).mean()) / float(rate)


def _expected_value(seed: int, data: str) -> float:
    kind, rate = data.split(" ")
    return float(_dropout(kind, float(rate), seed).mean(dtype=np.float64))


def _noise_deviation(seed: int, data: str) -> float:
    x = np.random.default_rng(seed).normal(size=(300, 100)).astype(np.float32)
    return float((_output(layers.GaussianNoise(0.3, seed=seed), x) - x).std(dtype=np.float64)) / 0.3


def _code_variance(seed: int, data: str) -> float:
    """Return the variance of sampled codes over the variance from the encoder."""
    x = np.tile(np.array([[0.5, -1.0, np.log(0.25), np.log(4.0)]], np.float32), (20_000, 1))
    z = _output(layers.GaussianLatent(seed=seed), x)
    return float((z.var(axis=0, dtype=np.float64) / [0.25, 4.0]).mean())


def _normalization_error(seed: int, data: str) -> float:
    """Return the largest absolute mean of normalized channels plus the largest deviation of their variance from 1."""
    x = np.random.default_rng(seed).normal(3.0, 7.0, size=(100, 8))
    layer = (
        layers.BatchNormalization(dtype="float64") if data == "batch" else layers.LayerNormalization(dtype="float64")
    )
    y = _output(layer, x)
    axis = 0 if data == "batch" else 1
    return float(np.abs(y.mean(axis=axis)).max() + np.abs(y.var(axis=axis) - 1).max())


_LAYERS: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "Dense": (lambda: layers.Dense(3, activation="tanh", dtype="float64"), (4, 5)),
    "Conv1D": (lambda: layers.Conv1D(3, 3, padding="same", dtype="float64"), (2, 7, 3)),
    "Conv2DTranspose": (lambda: layers.Conv2DTranspose(2, 3, strides=2, dtype="float64"), (2, 3, 3, 2)),
    "LSTM": (lambda: layers.LSTM(3, dtype="float64"), (2, 4, 3)),
    "GRU": (lambda: layers.GRU(3, return_sequences=True, dtype="float64"), (2, 4, 3)),
    "BatchNormalization": (lambda: layers.BatchNormalization(dtype="float64"), (6, 4)),
    "LayerNormalization": (lambda: layers.LayerNormalization(dtype="float64"), (6, 4)),
    "GaussianLatent": (lambda: layers.GaussianLatent(dtype="float64"), (5, 4)),
}


def _gradient_error(seed: int, data: str) -> float:
    make, shape = _LAYERS[data]
    x = np.random.default_rng(seed).normal(size=shape)
    return max(check_layer(make(), x, training=True, tolerance=1.0, seed=seed).values())


def _wrong_gradient_passes(seed: int, data: str) -> float:
    """Return whether a gradient with a relative error of 1e-4 passes."""

    class Wrong(layers.Dense):
        def backward(self, dy: Any, cache: Any) -> Any:
            return super().backward(dy, cache) * (1 + 1e-4)

    try:
        check_layer(Wrong(3, dtype="float64"), np.random.default_rng(seed).normal(size=(4, 5)))
    except GradientError:
        return 0.0
    return 1.0


_DROPOUTS = ("Dropout 0.1", "Dropout 0.5", "SpatialDropout1D 0.3")

PROMISES = (
    *(
        Promise(
            f"nnlite.initializers.{name}",
            words,
            "variance / promised",
            _variance_ratio,
            about(1.0, 0.002),
            (name,),
            seeds=100,
            short=10,
        )
        for name, words in (
            ("GlorotUniform", "Uniform over"),
            ("GlorotNormal", "with variance"),
            ("HeUniform", "Uniform over"),
            ("HeNormal", "with variance"),
            ("LecunUniform", "Uniform over"),
            ("LecunNormal", "with variance"),
        )
    ),
    Promise(
        "nnlite.initializers.VarianceScaling",
        "Random values with variance scale / n",
        "mean over standard deviation",
        _mean_over_deviation,
        exactly(0.0),
        tuple(_VARIANCES),
        seeds=50,
        short=10,
    ),
    Promise(
        "nnlite.initializers.VarianceScaling",
        "Seed; every call then returns the same values",
        "values that differ",
        _seed_ignored,
        NEVER,
        (*_VARIANCES, "Orthogonal", "RandomNormal", "TruncatedNormal", "RandomUniform"),
        seeds=3,
        short=1,
    ),
    Promise(
        "nnlite.initializers.Orthogonal",
        "rthogonal",
        "largest error of Q'Q = 1",
        _not_orthogonal,
        at_most(1e-12, every=True),
        seeds=20,
        short=3,
    ),
    Promise(
        "nnlite.activations.SELU",
        "standard normal inputs give outputs of mean 0 and variance 1",
        "mean",
        _selu_statistic(variance=False),
        exactly(0.0),
        seeds=50,
        short=10,
    ),
    Promise(
        "nnlite.activations.SELU",
        "standard normal inputs give outputs of mean 0 and variance 1",
        "variance",
        _selu_statistic(variance=True),
        exactly(1.0),
        seeds=50,
        short=10,
    ),
    Promise(
        "nnlite.layers.Dropout",
        "0 with probability p",
        "fraction of zeros / p",
        _dropped,
        exactly(1.0),
        _DROPOUTS,
        seeds=50,
        short=10,
    ),
    Promise(
        "nnlite.layers.Dropout",
        "keeps the expected value of y equal to x",
        "mean of inputs that were 1",
        _expected_value,
        exactly(1.0),
        _DROPOUTS,
        seeds=50,
        short=10,
    ),
    Promise(
        "nnlite.layers.GaussianNoise",
        "Add Gaussian noise to the input in training",
        "standard deviation of the noise / stddev",
        _noise_deviation,
        exactly(1.0),
        seeds=50,
        short=10,
    ),
    Promise(
        "nnlite.layers.GaussianLatent",
        "Sample a code from the Gaussian computed by the encoder",
        "variance of codes / encoder's",
        _code_variance,
        exactly(1.0),
        seeds=50,
        short=10,
    ),
    Promise(
        "nnlite.layers.BatchNormalization",
        "mean",
        "error of mean 0 and variance 1 (layers, too)",
        _normalization_error,
        between(0.0, 0.02),
        ("batch", "layer"),
        seeds=10,
        short=3,
    ),
    Promise(
        "nnlite.gradcheck.check_layer",
        "tolerance : float, default 1e-6",
        "largest relative error of gradients",
        _gradient_error,
        at_most(1e-6, every=True),
        tuple(_LAYERS),
        seeds=10,
        short=2,
    ),
    Promise(
        "nnlite.gradcheck.check_layer",
        "If an error is above the tolerance",
        "wrong gradients that pass",
        _wrong_gradient_passes,
        NEVER,
        seeds=10,
        short=3,
    ),
)
