"""Training of the networks of an ensemble, and the settings of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from contextvars import copy_context
from dataclasses import dataclass, fields, replace
from itertools import pairwise, repeat
from typing import Any

import numpy as np

from anomaly.detectors.features import FeatureSet
from anomaly.detectors.network_training import FitSettings, History, fit_network
from anomaly.detectors.table.denoiser import Denoiser
from anomaly.detectors.table.isolation import IsolationForest
from anomaly.detectors.table.members import Member
from anomaly.detectors.table.neighbors import NearestNeighbors
from nnlite.job import side_by_side
from nnlite.layers import ActivityRegularization, Dense, GaussianNoise, Input
from nnlite.models import Model
from nnlite.optimizers import Adam
from nnlite.processors import available_processors
from nnlite.random import global_generator, seeded
from nnlite.types import Array
from nnlite.validation import Constraint, choice, integer, number, sequence_of, sizes

# More take longer and find no more. AUROC by 800 and by 1000 steps: 0.853 and 0.853 on 14 tables one-class, 0.746 and
# 0.747 unsupervised, 0.784 and 0.783 with a contamination; 0.897 and 0.897 on mixed tables, 0.927 and 0.928 on others.
_MOST_STEPS = 800
_MOST_FURTHER_STEPS = 1000
# On samples of 33 to 250 records of 14 tables so many steps were level with one a record, or a little better; and
# 50 steps with a larger rate, where there are fewer than 200 records, were level with 200.
_STEPS_PER_RECORD = 0.75
_LEAST_STEPS = 50
_STEPS_AT_DEFAULT_RATE = 200
_DEFAULT_RATE = 0.001
_SHARE = 0.88
# Of rows that follow each other in time the remembered ones are near copies of few states, and fresh records are far
# from all of them; networks tell better which of those are anomalous. AUROC by 0.88, 0.5 and 0.3: 0.909, 0.915 and
# 0.917 on 20 made-up tables of slow factors, 0.970, 0.975 and 0.976 on 4 of a room's sensors, 0.788, 0.798 and 0.800 on
# 5 of telemetry and servers. Where fresh records are from between the training rows, less is worse: average precision
# on the sensors of the package 0.79, 0.68 and 0.62.
_SHARE_IN_TIME = 0.5
_OTHER_LEVELS = "noise has {} levels, but {} networks were fitted; give noise as it was, or fit with warm_start=False"


TRAINING_CONSTRAINTS: Mapping[str, Constraint] = {
    "hidden": sizes(),
    "noise": sequence_of(number(least=0), "a number of at least 0, or several of them"),
    "sparsity": number(least=0),
    "draws": integer(least=0),
    "epochs": choice("auto") | integer(least=1),
    "batch_size": choice("auto") | integer(least=1),
    "learning_rate": choice("auto") | number(above=0),
    "patience": choice(None) | integer(least=0),
    "n_jobs": choice(None) | integer(least=1),
}
"""Constraints on the parameters of the networks."""


@dataclass(frozen=True)
class TrainingSettings:
    """Architecture and training of the networks.

    Attributes
    ----------
    hidden : tuple of int
        Units of the hidden layers.
    activation : str
        Activation of the hidden layers.
    noise : tuple of float
        Standard deviation of the Gaussian noise in training: one network each.
    sparsity : float
        Weight of the L1 penalty on the activations of the middle hidden layer.
    draws : int
        Number of noise samples for scoring; 0 scores the record without noise.
    epochs, batch_size : int or "auto"
        As in `anomaly.detectors.network_training.FitSettings`.
    learning_rate : float or "auto"
        Learning rate of Adam; "auto" is larger where few records mean few steps.
    patience : int or None
        Epochs without a lower validation loss before training stops early.
    n_jobs : int or None
        Number of threads; by default one for each network, if there is more than one processor.
    verbose : int
        Progress output.
    """

    hidden: tuple[int, ...]
    activation: str
    noise: tuple[float, ...]
    sparsity: float
    draws: int
    epochs: int | str
    batch_size: int | str
    learning_rate: float | str
    patience: int | None
    n_jobs: int | None
    verbose: int

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> TrainingSettings:
        """Return the settings of a detector's parameters, which may have single numbers for `hidden` and `noise`."""
        levels = {name: tuple(_as_list(parameters[name])) for name in ("hidden", "noise")}
        return cls(**{field.name: parameters[field.name] for field in fields(cls)} | levels)

    @property
    def single(self) -> FitSettings:
        """Settings of the training of a single network."""
        return FitSettings(self.epochs, self.batch_size, self.patience, self.verbose)

    @property
    def n_threads(self) -> int:
        """Number of networks trained side by side.

        Three networks on two processors take as long as one and a half; one after two takes as long as two.
        """
        if self.verbose:
            return 1
        networks = len(self.noise)
        return min(self.n_jobs or (networks if available_processors() > 1 else 1), networks)

    def cost(self, n_records: int, n_features: int) -> float:
        """Return about how many seconds the training takes, for the share that it has of a fit."""
        size = self.single.batch_for(n_records)
        steps = min(max(_STEPS_PER_RECORD * n_records, _LEAST_STEPS), _MOST_STEPS)
        if self.epochs != "auto":
            steps = int(self.epochs) * n_records / size
        weights = sum(one * other for one, other in pairwise([n_features, *self.hidden, n_features]))
        return 7.3e-11 * len(self.noise) * steps * size * weights

    def rate(self, steps: int = _MOST_STEPS) -> float:
        """Return the learning rate for a number of steps: for few steps it is larger, so that weights move as far."""
        if self.learning_rate != "auto":
            return float(self.learning_rate)
        if self.epochs != "auto":
            return _DEFAULT_RATE
        return _DEFAULT_RATE * max(1.0, _STEPS_AT_DEFAULT_RATE / max(steps, _LEAST_STEPS))


@dataclass(frozen=True)
class EnsembleSettings:
    """Settings of networks and remembered records.

    Attributes
    ----------
    networks : TrainingSettings
        Of the networks.
    neighbors : int
        Number of nearest neighbors; 0 for networks alone.
    neighbors_share : float
        Weight of the remembered records; the networks have the remainder.
    fine_share : float
        Fraction of that weight for the magnifying comparison.
    forest_share : float
        Fraction of that weight for the isolation forest, before the comparisons divide it.
    wide_share : float
        Fraction of the weight of the plain comparison for the wide one, where records are left out.
    contrast : float
        Weight of the local contrast.
    trim : float
        Fraction of the records, those with the highest scores, that are left out of training.
    """

    networks: TrainingSettings
    neighbors: int
    neighbors_share: float
    fine_share: float
    forest_share: float
    wide_share: float
    contrast: float
    trim: float

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any], in_time: bool = False) -> EnsembleSettings:
        """Return the settings of a detector's parameters.

        With ``trim="auto"``, the fraction is that of the anomalies, if it is known. With ``neighbors_share="auto"``,
        the weight depends on whether the training records follow each other in time.
        """
        trim = parameters["contamination"] if parameters["trim"] == "auto" else parameters["trim"]
        share = parameters["neighbors_share"]
        names = ("neighbors", "fine_share", "wide_share", "contrast")
        return cls(
            networks=TrainingSettings.from_parameters(parameters),
            trim=0.0 if trim == "auto" else float(trim),
            neighbors_share=(_SHARE_IN_TIME if in_time else _SHARE) if share == "auto" else share,
            forest_share=parameters["forest_share"] if parameters["neighbors"] else 0.0,
            **{name: parameters[name] for name in names},
        )

    def weights(self, features: FeatureSet) -> tuple[float, ...]:
        """Return the weight of each member: the networks, the comparisons with remembered records, the forest.

        The magnifying comparison finds small differences, which categories do not have. So its weight is multiplied by
        the fraction of the columns that are numbers, and the networks have the remainder.
        """
        n_networks, remembered = len(self.networks.noise), self.neighbors_share if self.neighbors else self.forest_share
        forest = remembered * self.forest_share if self.neighbors else remembered
        plain, fine = [(remembered - forest) * share for share in (1 - self.fine_share, self.fine_share)]
        wide = plain * self.wide_share if self.is_wide else 0.0
        network = (1 - remembered + fine * features.discrete) / n_networks
        comparisons = [plain - wide, *[fine * (1 - features.discrete)] * self.is_fine, *[wide] * self.is_wide]
        return (*[network] * n_networks, *comparisons * bool(self.neighbors), *[forest] * bool(self.forest_share))

    @property
    def quiet(self) -> EnsembleSettings:
        """The same settings without progress output."""
        return replace(self, networks=replace(self.networks, verbose=0))

    @property
    def networks_alone(self) -> EnsembleSettings:
        """Settings of the networks, without what follows from remembered records."""
        return replace(self, neighbors=0, forest_share=0.0)

    @property
    def is_fine(self) -> bool:
        """Whether there is a magnifying comparison."""
        return bool(self.neighbors and self.fine_share)

    @property
    def is_wide(self) -> bool:
        """Whether there is a wide comparison."""
        return bool(self.neighbors and self.wide_share and self.trim)

    @property
    def member_kinds(self) -> list[tuple[str, bool]]:
        """Kind of each member, and whether it magnifies."""
        plain, fine = (NearestNeighbors.kind, False), (NearestNeighbors.kind, True)
        return [
            *[(Denoiser.kind, False)] * len(self.networks.noise),
            *[plain] * bool(self.neighbors),
            *[fine] * self.is_fine,
            *[plain] * self.is_wide,
            *[(IsolationForest.kind, False)] * bool(self.forest_share),
        ]

    def check_members(self, members: Sequence[Member], memory: str = NearestNeighbors.kind) -> None:
        """Raise a ValueError unless the members have the kinds that follow from the settings.

        Parameters
        ----------
        members : sequence of Member
            Members of an ensemble.
        memory : str, optional
            Kind of the members in place of remembered records; by default those.
        """
        found = [(member.kind, getattr(member, "magnify", False)) for member in members]
        required = [(memory if kind == NearestNeighbors.kind else kind, own) for kind, own in self.member_kinds]
        if found != required:
            raise ValueError(f"its members are {found}; its parameters require {required}")


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
            steps = round(_STEPS_PER_RECORD * len(x))
            history = fit_network(model, x, y, settings.single, steps, least_steps=_LEAST_STEPS, most_steps=_MOST_STEPS)
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


def _as_list(value: Any) -> list[Any]:
    """Return the elements of a sequence; of a single value, a list of it."""
    return list(value) if isinstance(value, Iterable) else [value]


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
