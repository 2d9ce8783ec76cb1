"""Promises of the compiled engine and of training: reproducibility, agreement with the layers, shuffling, threads."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from benchmarks.promises.data import Array
from benchmarks.promises.promise import NEVER, Promise, at_most, exactly
from nnlite import layers, optimizers
from nnlite.callbacks import LambdaCallback
from nnlite.models import Sequential
from nnlite.optimizers import schedules
from nnlite.random import seeded

_MODELS: dict[str, Callable[[], list[Any]]] = {
    "dense": lambda: [layers.Input((6,)), layers.Dense(8, activation="relu"), layers.Dense(6)],
    "dropout": lambda: [layers.Input((6,)), layers.Dropout(0.3), layers.Dense(8, activation="elu"), layers.Dense(6)],
    "batch normalization": lambda: [
        layers.Input((6,)),
        # No bias, since normalization leaves it a gradient of rounding errors, which Adam would magnify.
        layers.Dense(8, use_bias=False),
        layers.BatchNormalization(),
        layers.Dense(6),
    ],
    "conv": lambda: [layers.Input((6, 1)), layers.Conv1D(4, 3, padding="same"), layers.Flatten(), layers.Dense(6)],
    "lstm": lambda: [layers.Input((6, 1)), layers.LSTM(5), layers.Dense(6)],
}


def _trained(data: str, seed: int, **fit: Any) -> Array:
    """Return the weights after three epochs; the last batch is short."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(100, 6)).astype(np.float32)
    with seeded(seed):
        model = Sequential(_MODELS[data]())
        model.compile(optimizer=optimizers.Adam(0.01), loss="mse")
        shaped = x[..., np.newaxis] if data in ("conv", "lstm") else x
        model.fit(shaped, x, batch_size=16, epochs=3, verbose=0, **fit)
    return np.concatenate([np.ravel(weight) for weight in model.get_weights()])


def _bits_differ(threads: int, backend: str) -> Callable[[int, str], float]:
    def measure(seed: int, data: str) -> float:
        a, b = (_trained(data, seed, backend=backend, threads=threads) for _ in range(2))
        return float((a != b).sum())

    return measure


def _paths_differ(threads: int) -> Callable[[int, str], float]:
    """Measure the largest difference of weights trained by the engine and by the layers."""

    def measure(seed: int, data: str) -> float:
        compiled = _trained(data, seed, backend="numba", threads=threads)
        return float(np.abs(compiled - _trained(data, seed, backend="numpy")).max())

    return measure


def _threads_differ(seed: int, data: str) -> float:
    """Return the largest difference of weights trained by two threads and by one, with a schedule that changes fast."""
    schedule = getattr(schedules, data)
    made = {
        "ExponentialDecay": lambda: schedule(0.1, 10, 0.9),
        "CosineDecay": lambda: schedule(0.1, 20),
        "InverseTimeDecay": lambda: schedule(0.1, 10, 0.5),
    }[data]
    x = np.random.default_rng(seed).normal(size=(64, 4)).astype(np.float32)

    def weights(threads: int) -> Array:
        with seeded(seed):
            model = Sequential([layers.Input((4,)), layers.Dense(4)])
            model.compile(optimizer=optimizers.SGD(made()), loss="mse")
            model.fit(x, x, batch_size=16, epochs=5, verbose=0, backend="numba", threads=threads)
        return np.concatenate([np.ravel(weight) for weight in model.get_weights()])

    return float(np.abs(weights(2) - weights(1)).max())


def _position_of_first(seed: int, data: str) -> float:
    """Return the position of the first record in an epoch, over its length: on average 1/2 if the order is random."""
    x = np.zeros((40, 1), np.float32)
    x[0] = 1.0
    weights: list[float] = []
    with seeded(seed):
        model = Sequential([layers.Input((1,)), layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
        model.compile(optimizer=optimizers.SGD(0.1), loss="mse")
        # All other records are 0, and have no gradient.
        recorder = LambdaCallback(on_train_batch_end=lambda *_: weights.append(float(model.get_weights()[0][0, 0])))
        model.fit(x, x, batch_size=1, epochs=1, verbose=0, backend=data, callbacks=[recorder])
    return float((np.flatnonzero(weights)[0] + 0.5) / 40)


def _microseconds(seed: int, data: str) -> float:
    """Return the shortest time of one prediction by the README's network."""
    model = Sequential([layers.Input((10,)), layers.Dense(5, activation="relu"), layers.Dense(10)])
    predict_one = model.make_predict_function()
    x = np.random.default_rng(seed).normal(size=10).astype(np.float32)
    best = np.inf
    for _ in range(50):
        start = time.perf_counter()
        for _ in range(100):
            predict_one(x)
        best = min(best, (time.perf_counter() - start) / 100)
    return best * 1e6


def _rounding_of_one(seed: int, data: str) -> float:
    model = Sequential(_MODELS[data]())
    shape = (6, 1) if data in ("conv", "lstm") else (6,)
    x = np.random.default_rng(seed).normal(size=(20, *shape)).astype(np.float32)
    predict_one = model.make_predict_function()
    return float(np.abs(np.stack([predict_one(one) for one in x]) - model.predict(x, verbose=0)).max())


def _concurrent_calls_differ(seed: int, data: str) -> float:
    """Return the number of outputs that differ when four threads predict at once."""
    model = Sequential(_MODELS[data]())
    shape = (6, 1) if data in ("conv", "lstm") else (6,)
    x = np.random.default_rng(seed).normal(size=(2000, *shape)).astype(np.float32)
    predict_one = model.make_predict_function()
    alone = np.stack([predict_one(one) for one in x])
    with ThreadPoolExecutor(4) as pool:
        together = np.stack(list(pool.map(predict_one, x)))
    return float((alone != together).sum())


_NAMES = tuple(_MODELS)

PROMISES = (
    Promise(
        "docs/engine.md",
        "The same seed on the same machine with the same number of threads gives the same bits",
        "weights that differ, one thread",
        _bits_differ(1, "numba"),
        NEVER,
        _NAMES,
        seeds=5,
        short=1,
    ),
    Promise(
        "docs/engine.md",
        "The same seed on the same machine with the same number of threads gives the same bits",
        "weights that differ, two threads",
        _bits_differ(2, "numba"),
        NEVER,
        _NAMES,
        seeds=5,
        short=1,
    ),
    Promise(
        "nnlite.utils.set_random_seed",
        "The same seed gives bitwise identical results on the same machine",
        "weights that differ, NumPy",
        _bits_differ(1, "numpy"),
        NEVER,
        _NAMES,
        seeds=5,
        short=1,
    ),
    Promise(
        "README.md",
        "with the results of the layers",
        "largest difference of weights, one thread",
        _paths_differ(1),
        at_most(1e-4, every=True),
        # Dropout has other random numbers on the other path.
        tuple(name for name in _NAMES if name != "dropout"),
        seeds=5,
        short=1,
    ),
    Promise(
        "README.md",
        "with the results of the layers",
        "largest difference of weights, schedule, two threads",
        _threads_differ,
        at_most(1e-4, every=True),
        ("ExponentialDecay", "CosineDecay", "InverseTimeDecay"),
        seeds=3,
        short=1,
    ),
    Promise(
        "nnlite.models.Model.fit",
        "shuffle",
        "mean position of the first record in an epoch",
        _position_of_first,
        exactly(0.5),
        ("numpy", "numba"),
        seeds=400,
        short=80,
    ),
    Promise(
        "README.md",
        "one record, in a few microseconds",
        "microseconds for one record",
        _microseconds,
        at_most(10.0),
        seeds=3,
        short=0,
    ),
    Promise(
        "nnlite.models.Model.make_predict_function",
        "Return a function from one record to its output",
        "largest difference from predict",
        _rounding_of_one,
        at_most(1e-4, every=True),
        _NAMES,
        seeds=3,
        short=1,
    ),
    Promise(
        "nnlite.models.Model.make_predict_function",
        "several threads may call it at once",
        "outputs that differ with four threads",
        _concurrent_calls_differ,
        NEVER,
        _NAMES,
        seeds=5,
        short=1,
    ),
)
