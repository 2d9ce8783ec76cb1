"""Training of the networks of an ensemble."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from contextvars import copy_context
from itertools import repeat
from typing import Any

import numpy as np

from anomaly.detectors.network_training import History, fit_network
from anomaly.detectors.table.denoiser import Denoiser
from anomaly.detectors.table.settings import LEAST_STEPS, MOST_STEPS, STEPS_PER_RECORD, TrainingSettings
from nnlite.job import side_by_side
from nnlite.layers import ActivityRegularization, Dense, GaussianNoise, Input
from nnlite.models import Model
from nnlite.optimizers import Adam
from nnlite.random import global_generator, seeded
from nnlite.types import Array

_MOST_FURTHER_STEPS = 1000
_OTHER_LEVELS = "noise has {} levels, but {} networks were fitted; give noise as it was, or fit with warm_start=False"


def train(
    settings: TrainingSettings, x: Array, y: Array, start: Sequence[Model] | None = None
) -> tuple[list[Denoiser], History]:
    """Train a network for each level of noise, side by side, each with random numbers of its own.

    Parameters
    ----------
    settings : TrainingSettings
        Architecture and training.
    x : ndarray of float32 of shape (n_records, n_features)
        Features of the training records, with holes filled.
    y : ndarray of float32 of shape (n_records, n_features)
        Targets: the features, NaN where they are not known.
    start : sequence of Model, optional
        Networks whose weights are the first ones, one for each level; by default weights are drawn.

    Returns
    -------
    networks : list of Denoiser
        In the order of the levels, to be calibrated.
    history : dict of str to list of float
        Losses of each epoch, the mean over the networks that were still training.
    """
    starts, loss = [None] * len(settings.noise) if start is None else list(start), _loss_for(y)

    def train_one(noise: float, before: Model | None, seed: int) -> tuple[Denoiser, History]:
        with seeded(seed):
            model = _build(settings, x.shape[1], noise, settings.rate(len(x)), loss)
            if before is not None:
                _copy_weights(before, model)
            steps = round(STEPS_PER_RECORD * len(x))
            history = fit_network(model, x, y, settings.single, steps, least_steps=LEAST_STEPS, most_steps=MOST_STEPS)
            return Denoiser(model, _draw_noise(x.shape[1], noise, settings.draws)), history

    return _side_by_side(settings, train_one, starts)


def continue_training(
    settings: TrainingSettings, networks: Sequence[Denoiser], x: Array, y: Array, steps: int
) -> tuple[list[Denoiser], History]:
    """Train copies of fitted networks further, from their weights and the state of their optimizers.

    Parameters
    ----------
    settings : TrainingSettings
        Architecture, as it was, and training.
    networks : sequence of Denoiser
        Fitted networks, one for each level of noise.
    x : ndarray of float32 of shape (n_records, n_features)
        Features of the records to learn from, in any order, with holes filled.
    y : ndarray of float32 of shape (n_records, n_features)
        Targets: the features, NaN where they are not known.
    steps : int
        Number of steps, at least one epoch and at most 1000, unless the settings have a number of epochs.

    Returns
    -------
    networks : list of Denoiser
        In the order of the levels, to be calibrated.
    history : dict of str to list of float
        As of `train`.
    """
    loss = _loss_for(y)

    def train_on(noise: float, before: Denoiser, seed: int) -> tuple[Denoiser, History]:
        with seeded(seed):
            # A new network, whose noise follows from the seed: a loaded detector continues as any other.
            model = _build(settings, x.shape[1], noise, settings.rate(), loss)
            _copy_weights(before.model, model)
            _copy_optimizer(before.model, model)
            history = fit_network(model, x, y, settings.single, steps, most_steps=_MOST_FURTHER_STEPS)
            return Denoiser(model, before.noise_samples), history

    return _side_by_side(settings, train_on, networks)


def _side_by_side(settings: TrainingSettings, train_one: Any, starts: Sequence[Any]) -> tuple[list[Denoiser], History]:
    """Train the networks in threads, each with a seed of its own."""
    if len(starts) != len(settings.noise):
        raise ValueError(_OTHER_LEVELS.format(len(settings.noise), len(starts)))
    seeds = global_generator().integers(2**31, size=len(starts)).tolist()
    # Its import takes some milliseconds, and scoring has no use for it.
    from concurrent.futures import ThreadPoolExecutor

    def train_in_part(noise: float, before: Any, seed: int, part: AbstractContextManager[None]) -> Any:
        with part:
            return train_one(noise, before, seed)

    # Threads of the pool know nothing of the caller's context, such as where it wants checkpoints.
    runs = [copy_context().run for _ in starts]
    with ThreadPoolExecutor(settings.n_threads) as pool:
        parts = side_by_side(len(starts))
        trained = list(pool.map(_call, runs, repeat(train_in_part), settings.noise, starts, seeds, parts))
    return [network for network, _ in trained], _mean_history([history for _, history in trained])


def _call(run: Any, *arguments: Any) -> Any:
    return run(*arguments)


def _loss_for(y: Array) -> str:
    """Return the name of the loss for targets, of which some may not be known."""
    return "masked_mse" if np.isnan(y).any() else "mse"


def _build(settings: TrainingSettings, n_features: int, noise: float, learning_rate: float, loss: str) -> Model:
    inputs = Input(shape=(n_features,), name="record")
    x = GaussianNoise(noise, name="noise")(inputs) if noise else inputs
    for position, units in enumerate(settings.hidden, start=1):
        x = Dense(units, settings.activation, kernel_initializer="he_normal", name=f"hidden_{position}")(x)
        if settings.sparsity and position == _middle(len(settings.hidden)):
            x = ActivityRegularization(l1=settings.sparsity, name="sparsity")(x)
    outputs = Dense(n_features, name="reconstruction")(x)
    model = Model(inputs, outputs, name="autoencoder")
    model.compile(optimizer=Adam(learning_rate=learning_rate), loss=loss)
    return model


def encoder_of(model: Model) -> Model:
    """Return the encoder of a network: its layers up to the middle hidden one."""
    middle = _middle(len(_hidden_sizes(model)))
    return Model(model.input, model.get_layer(f"hidden_{middle}").output)


def _middle(n_hidden: int) -> int:
    """Return the number, from 1, of the middle hidden layer."""
    return (n_hidden + 1) // 2


def _hidden_sizes(model: Model) -> tuple[int, ...]:
    return tuple(layer.units for layer in model.layers if isinstance(layer, Dense))[:-1]


def _copy_weights(before: Model, model: Model) -> None:
    shapes = [[weight.shape for weight in one.weights] for one in (model, before)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"the fitted networks have other layers than hidden={_hidden_sizes(model)}, and cannot be trained further; "
            "give hidden as it was, or fit anew with warm_start=False"
        )
    model.parameters[:] = before.parameters


def _copy_optimizer(before: Model, model: Model) -> None:
    iterations, slots = before.optimizer.get_state()
    vector = model.weight_vector
    model.optimizer.build(vector.values[: vector.n_trainable], vector.layout)
    model.optimizer.set_state(iterations, slots)


def _draw_noise(n_features: int, noise: float, draws: int) -> Array:
    """Draw the noise samples that a network scores with."""
    if not (noise and draws):
        return np.zeros((1, n_features), np.float32)
    drawn = global_generator().standard_normal((draws, n_features), dtype=np.float32)
    return drawn * np.float32(noise)


def _mean_history(histories: list[History]) -> History:
    """Return the mean of each loss after each epoch, over the networks that were still training."""
    longest = max((len(history["loss"]) for history in histories), default=0)
    return {
        name: [float(np.mean([h[name][i] for h in histories if i < len(h[name])])) for i in range(longest)]
        for name in histories[0]
    }
