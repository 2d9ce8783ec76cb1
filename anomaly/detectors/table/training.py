"""How the members of an `TableDetector` are built and trained.

The functions read the detector's parameters and change nothing of it: what they make is returned.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from anomaly.detectors.parameters import listed
from anomaly.detectors.table.neighbors import Denoiser, Neighbours
from nnlite.callbacks import EarlyStopping
from nnlite.layers import ActivityRegularization, Dense, GaussianNoise, Input
from nnlite.models import Model
from nnlite.optimizers import Adam
from nnlite.random import global_generator, seeded
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.detectors.table.detector import TableDetector

History = dict[str, list[float]]

MOST_REMEMBERED = 10_000
"""As many training records are remembered at most."""

_MOST_STEPS = 1000
# On samples of 33 to 250 records of 14 tables so many steps were level with one a record, or a little better; and
# those, longer where there are fewer than 200, with 200.
_STEPS_A_RECORD = 0.75
_FEWEST_STEPS = 50
_USUAL_STEPS = 200
_USUAL_RATE = 0.001
_BATCH = 128
# A few records make good steps: on samples of 60 to 240 records of 14 tables, batches of 32 and of 128 were level.
_SMALL_BATCH = 32
_FEW_RECORDS = 500
_KEPT_APART = 0.1
_FINE_NEIGHBORS = 1
_FINE_CONTRAST = 2.0
_OTHER_LEVELS = "noise has {} levels, but {} networks were fitted; give noise as it was, or fit with warm_start=False"


def train_members(
    detector: TableDetector, x: Array, start: Sequence[Model] | None = None, remembering: bool = True
) -> tuple[list[Denoiser | Neighbours], History]:
    """Train a network for each level of noise, side by side, each with randomness of its own; remember records.

    Parameters
    ----------
    detector : TableDetector
        What says how.
    x : ndarray of float32 of shape (n_records, n_features)
        Features of the training records.
    start : sequence of Model, optional
        Networks whose weights to begin with, one for each level; by default weights are drawn.
    remembering : bool, default True
        Whether to remember records, if the detector is to.

    Returns
    -------
    members : list of Denoiser and Neighbours
        The networks in the order of the detector's `noise`, then what `remember` makes, if it is asked for.
    history : dict of str to list of float
        The losses of each epoch, the mean over the networks that were still training.
    """
    levels = listed(detector.noise)
    starts = [None] * len(levels) if start is None else start
    if len(starts) != len(levels):
        raise ValueError(_OTHER_LEVELS.format(len(levels), len(starts)))
    seeds = global_generator().integers(2**31, size=len(levels) + 1).tolist()

    def train_one(noise: float, before: Model | None, seed: int) -> tuple[Denoiser, History]:
        with seeded(seed):
            model = _build(detector, x.shape[1], noise, _learning_rate(detector, len(x)))
            if before is not None:
                _take_weights(model, before)
            history = _train(detector, model, x, round(_STEPS_A_RECORD * len(x)), _FEWEST_STEPS)
            return Denoiser(model, _draw(detector, x.shape[1], noise)), history

    with ThreadPoolExecutor(_threads(detector)) as pool:
        trained = list(pool.map(train_one, levels, starts, seeds[:-1]))
    networks = [network for network, _ in trained]
    memories = remember(detector, _drawn(x, seeds[-1])) if detector.neighbors and remembering else []
    return [*networks, *memories], _mean_history([history for _, history in trained])


def remember(detector: TableDetector, records: Array) -> list[Neighbours]:
    """Make the members that compare with remembered records: as they are, and, if asked for, magnified.

    The second looks for what is out of place among its nearest, however close: at a single neighbour, mostly against
    what is usual around there.
    """
    plain = Neighbours(records, detector.neighbors, detector.contrast)
    if not detector.fine_share:
        return [plain]
    return [plain, Neighbours(records, _FINE_NEIGHBORS, _FINE_CONTRAST, magnify=True)]


def continue_networks(detector: TableDetector, x: Array, steps: int) -> tuple[list[Denoiser], History]:
    """Train copies of a fitted detector's networks on; they begin where the last training ended.

    Parameters
    ----------
    detector : TableDetector
        Fitted.
    x : ndarray of float32 of shape (n_records, n_features)
        Features of the records to learn from, in any order.
    steps : int
        About so many steps are made, at least one pass and at most 1000, unless the detector's `epochs` is a number.

    Returns
    -------
    networks : list of Denoiser
        In the order of the detector's `noise`, to be calibrated.
    history : dict of str to list of float
        As of `train_members`.
    """
    before = [member for member in detector.members_ if isinstance(member, Denoiser)]
    levels = listed(detector.noise)
    if len(before) != len(levels):
        raise ValueError(_OTHER_LEVELS.format(len(levels), len(before)))
    seeds = global_generator().integers(2**31, size=len(levels)).tolist()

    def train_on(noise: float, member: Denoiser, seed: int) -> tuple[Denoiser, History]:
        with seeded(seed):
            # A network of its own, whose noise is drawn from the seed: a loaded detector goes on as any other does.
            model = _build(detector, x.shape[1], noise, _learning_rate(detector))
            _take_weights(model, member.model)
            _take_optimizer(model, member.model)
            return Denoiser(model, member.disturbances), _train(detector, model, x, steps, 1)

    with ThreadPoolExecutor(_threads(detector)) as pool:
        trained = list(pool.map(train_on, levels, before, seeds))
    return [network for network, _ in trained], _mean_history([history for _, history in trained])


def _threads(detector: TableDetector) -> int:
    """Return how many networks are trained side by side.

    Three take as long on two processors that they share as if there were one and a half; one after two takes two.
    """
    if detector.verbose:
        return 1
    networks = len(listed(detector.noise))
    return min(detector.n_jobs or (networks if _processors() > 1 else 1), networks)


def _take_weights(model: Model, before: Model) -> None:
    shapes = [[weight.shape for weight in one.weights] for one in (model, before)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"the networks that were fitted have other layers than hidden={_sizes(model)} asks for: training "
            "cannot go on from them; give hidden as it was, or fit anew with warm_start=False"
        )
    model.parameters[:] = before.parameters


def _take_optimizer(model: Model, before: Model) -> None:
    iterations, slots = before.optimizer.get_state()
    vector = model.weight_vector
    model.optimizer.build(vector.values[: vector.n_trainable], vector.layout)
    model.optimizer.set_state(iterations, slots)


def _sizes(model: Model) -> tuple[int, ...]:
    """Return the units of a network's hidden layers."""
    return tuple(layer.units for layer in model.layers if isinstance(layer, Dense))[:-1]


def _drawn(x: Array, seed: int) -> Array:
    """Return the records to remember, in their order: all, or where they are too many a random choice."""
    if len(x) <= MOST_REMEMBERED:
        return x
    return x[np.sort(np.random.default_rng(seed).choice(len(x), MOST_REMEMBERED, replace=False))]


def _learning_rate(detector: TableDetector, steps: int = _MOST_STEPS) -> float:
    """Return the size of a step: where few records mean few steps, the larger, so that weights get as far."""
    if detector.learning_rate != "auto":
        return float(detector.learning_rate)
    if detector.epochs != "auto":
        return _USUAL_RATE
    return _USUAL_RATE * max(1.0, _USUAL_STEPS / max(steps, _FEWEST_STEPS))


def _build(detector: TableDetector, n_features: int, noise: float, learning_rate: float) -> Model:
    inputs = Input(shape=(n_features,), name="record")
    x = GaussianNoise(noise, name="noise")(inputs) if noise else inputs
    for number, units in enumerate(detector.hidden, start=1):
        x = Dense(units, detector.activation, kernel_initializer="he_normal", name=f"hidden_{number}")(x)
        if detector.sparsity and number == middle_of(detector.hidden):
            x = ActivityRegularization(l1=detector.sparsity, name="sparsity")(x)
    outputs = Dense(n_features, name="reconstruction")(x)
    model = Model(inputs, outputs, name="autoencoder")
    model.compile(optimizer=Adam(learning_rate=learning_rate), loss="mse")
    return model


def middle_of(hidden: Sequence[int]) -> int:
    """Return which hidden layer holds the code, from 1: the middle one."""
    return (len(hidden) + 1) // 2


def _train(detector: TableDetector, model: Model, x: Array, steps: int, fewest: int) -> History:
    """Train for about so many steps, within bounds, or for the detector's `epochs`."""
    kept_apart = 0.0 if detector.patience is None else _KEPT_APART
    # Passes are counted over what is learned from: the records kept apart make no steps.
    n_learned = int(len(x) * (1 - kept_apart))
    batch_size = _batch_size(detector, n_learned)
    steps_a_pass = -(-n_learned // batch_size)
    wanted = min(max(steps, fewest), _MOST_STEPS)
    epochs = -(-wanted // steps_a_pass) if detector.epochs == "auto" else int(detector.epochs)
    stops = (
        []
        if detector.patience is None
        else [EarlyStopping("val_loss", patience=detector.patience, restore_best_weights=True)]
    )
    history = model.fit(
        x,
        x,
        batch_size=batch_size,
        epochs=epochs,
        validation_split=kept_apart,
        callbacks=stops,
        verbose=detector.verbose,
    )
    return {name: [float(v) for v in values] for name, values in history.history.items()}


def _batch_size(detector: TableDetector, n_records: int) -> int:
    if detector.batch_size != "auto":
        return int(detector.batch_size)
    return _SMALL_BATCH if n_records < _FEW_RECORDS else _BATCH


def _draw(detector: TableDetector, n_features: int, noise: float) -> Array:
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
