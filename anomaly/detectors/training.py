"""How the members of an `AutoencoderDetector` are built and trained.

The functions read the detector's parameters and change nothing of it: what they make is returned.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from anomaly.detectors.members import Denoiser, Neighbours
from anomaly.detectors.parameters import listed
from nnlite.callbacks import EarlyStopping
from nnlite.layers import Dense, GaussianNoise, Input
from nnlite.models import Model
from nnlite.optimizers import Adam
from nnlite.random import global_generator, seeded
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.detectors.autoencoder import AutoencoderDetector

History = dict[str, list[float]]

MOST_REMEMBERED = 10_000
"""As many training records are remembered at most."""

_MOST_STEPS = 1000
_FEWEST_STEPS = 200


def train_members(detector: AutoencoderDetector, x: Array) -> tuple[list[Denoiser | Neighbours], History]:
    """Train a network for each level of noise, side by side, each with randomness of its own; remember records.

    Parameters
    ----------
    detector : AutoencoderDetector
        What says how.
    x : ndarray of float32 of shape (n_records, n_features)
        Features of the training records.

    Returns
    -------
    members : list of Denoiser and Neighbours
        The networks in the order of the detector's `noise`, then the remembered records, if any are asked for.
    history : dict of str to list of float
        The losses of each epoch, the mean over the networks that were still training.
    """
    levels = listed(detector.noise)
    seeds = global_generator().integers(2**31, size=len(levels) + 1).tolist()
    threads = 1 if detector.verbose else min(detector.n_jobs or _processors(), len(levels))
    with ThreadPoolExecutor(threads) as pool:
        trained = list(pool.map(lambda level, seed: _train_one(detector, x, level, seed), levels, seeds[:-1]))
    members: list[Denoiser | Neighbours] = [network for network, _ in trained]
    if detector.neighbors:
        members.append(Neighbours(_drawn(x, seeds[-1]), detector.neighbors, detector.contrast))
    return members, _mean_history([history for _, history in trained])


def _drawn(x: Array, seed: int) -> Array:
    """Return the records to remember, in their order: all, or where they are too many a random choice."""
    if len(x) <= MOST_REMEMBERED:
        return x
    return x[np.sort(np.random.default_rng(seed).choice(len(x), MOST_REMEMBERED, replace=False))]


def _train_one(detector: AutoencoderDetector, x: Array, noise: float, seed: int) -> tuple[Denoiser, History]:
    with seeded(seed):
        model = _build(detector, x.shape[1], noise)
        history = _train(detector, model, x)
        return Denoiser(model, _draw(detector, x.shape[1], noise)), history


def _build(detector: AutoencoderDetector, n_features: int, noise: float) -> Model:
    inputs = Input(shape=(n_features,), name="record")
    x = GaussianNoise(noise, name="noise")(inputs) if noise else inputs
    for number, units in enumerate(detector.hidden, start=1):
        x = Dense(units, detector.activation, kernel_initializer="he_normal", name=f"hidden_{number}")(x)
    outputs = Dense(n_features, name="reconstruction")(x)
    model = Model(inputs, outputs, name="autoencoder")
    model.compile(optimizer=Adam(learning_rate=detector.learning_rate), loss="mse")
    return model


def _train(detector: AutoencoderDetector, model: Model, x: Array) -> History:
    steps = -(-len(x) // detector.batch_size)
    wanted = min(max(len(x), _FEWEST_STEPS), _MOST_STEPS)
    epochs = -(-wanted // steps) if detector.epochs == "auto" else int(detector.epochs)
    stops = (
        []
        if detector.patience is None
        else [EarlyStopping("val_loss", patience=detector.patience, restore_best_weights=True)]
    )
    history = model.fit(
        x,
        x,
        batch_size=detector.batch_size,
        epochs=epochs,
        validation_split=0.1 if stops else 0.0,
        callbacks=stops,
        verbose=detector.verbose,
    )
    return {name: [float(v) for v in values] for name, values in history.history.items()}


def _draw(detector: AutoencoderDetector, n_features: int, noise: float) -> Array:
    """Draw the disturbances that a network is tried with."""
    if not (noise and detector.draws):
        return np.zeros((1, n_features), np.float32)
    drawn = global_generator().standard_normal((detector.draws, n_features), dtype=np.float32)
    return drawn * np.float32(noise)


def _processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _mean_history(histories: list[History]) -> History:
    """Average what networks report of each epoch, over those that got there."""
    longest = max((len(history["loss"]) for history in histories), default=0)
    return {
        name: [float(np.mean([h[name][i] for h in histories if i < len(h[name])])) for i in range(longest)]
        for name in histories[0]
    }
