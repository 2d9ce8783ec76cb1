"""The state of a running fit: everything that the next batch depends on, to go back to it or to continue elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from nnlite.backends import Session
from nnlite.callbacks.base import Callback
from nnlite.compiled import CompiledNetwork
from nnlite.data import Data
from nnlite.layers.base import Layer
from nnlite.types import Array, RandomGenerator


@dataclass(eq=False, repr=False)
class RunningFit:
    """What a call of `fit` trains with.

    Attributes
    ----------
    data : Data
        Records to learn from.
    batch_size : int
        Records in a batch.
    shuffle : numpy.random.Generator or None
        Source of the orders of the records; None if they are not shuffled.
    session : Session or None
        The engine, if it computes.
    first_epoch : int
        Number of the epoch that training begins with.
    resume : path or None
        Checkpoint to continue from once the callbacks have begun.
    checkpoint : path or None
        Where to save a checkpoint, set by a callback at the end of an epoch.
    stopped : bool
        Whether a callback had ended training before it was resumed.
    callbacks : list of Callback
        The callbacks of the fit.
    """

    data: Data
    batch_size: int
    shuffle: RandomGenerator | None
    session: Session | None
    first_epoch: int
    resume: str | os.PathLike[str] | None = None
    checkpoint: str | os.PathLike[str] | None = None
    stopped: bool = False
    callbacks: Sequence[Callback] = field(default_factory=list)

    @cached_property
    def checksum(self) -> int:
        """Checksum of the records and targets, so that training is not continued on others unnoticed."""
        import zlib

        found = 0
        for array in (*self.data.x, *self.data.y, *self.data.sample_weight):
            found = zlib.crc32(b"" if array is None else np.ascontiguousarray(array).data.cast("B"), found)
        return found

    @property
    def backend(self) -> str:
        """Backend of the computation: "numpy" or "numba"."""
        return "numpy" if self.session is None else "numba"


class TrainingState(NamedTuple):
    """Weights, optimizer and random generators between two batches.

    Attributes
    ----------
    weights : ndarray of shape (n_weights,)
        All weights, in the order of the model's vector.
    iterations : int
        Number of updates so far.
    learning_rate : float or None
        The optimizer's learning rate; None if it follows a schedule.
    slots : dict of str to ndarray
        State of the optimizer.
    shuffle : dict or None
        State of the generator of orders.
    generators : list of dict
        State of the generator of each layer that has one.
    noise : dict or None
        State of the engine's random numbers.
    """

    weights: Array
    iterations: int
    learning_rate: float | None
    slots: Mapping[str, Array]
    shuffle: Mapping[str, Any] | None
    generators: Sequence[Mapping[str, Any]]
    noise: Mapping[str, Any] | None

    @classmethod
    def capture(cls, model: CompiledNetwork, fit: RunningFit) -> TrainingState:
        """Return a copy of the state of a model and its fit."""
        iterations, slots = model.optimizer.get_state()
        return cls(
            model.weight_vector.values.copy(),
            iterations,
            model.optimizer.fixed_rate,
            {name: slot.copy() for name, slot in slots.items()},
            None if fit.shuffle is None else fit.shuffle.bit_generator.state,
            [generator.bit_generator.state for generator in generators_of(model)],
            None if fit.session is None else fit.session.noise_state(),
        )

    def restore(self, model: CompiledNetwork, fit: RunningFit) -> None:
        """Set the state of a model with the same layers, and of its fit; arrays are changed in place.

        Raises
        ------
        ValueError, TypeError, LookupError
            If the state is that of another model or fit.
        """
        generators = generators_of(model)
        if len(generators) != len(self.generators) or (fit.shuffle is None) != (self.shuffle is None):
            raise ValueError("the state holds other random generators than those of this fit")
        if (fit.session is None) != (self.noise is None):
            raise ValueError(f"the state was not saved by a fit of backend {fit.backend!r}")
        self.restore_weights(model)
        if self.learning_rate is not None:
            model.optimizer.learning_rate = self.learning_rate
        # The engine first: it may draw new seeds from the generators of the layers.
        if fit.session is not None and self.noise is not None:
            fit.session.set_noise_state(self.noise)
        for generator, state in zip(generators, self.generators, strict=True):
            generator.bit_generator.state = state
        if fit.shuffle is not None and self.shuffle is not None:
            fit.shuffle.bit_generator.state = self.shuffle

    def restore_weights(self, model: CompiledNetwork) -> None:
        """Set the weights and the state of the optimizer."""
        vector, optimizer = model.weight_vector, model.optimizer
        if self.weights.shape != vector.values.shape:
            raise ValueError(f"the state holds {self.weights.size:,} weights; the model has {vector.values.size:,}")
        optimizer.build(vector.values[: vector.n_trainable], vector.layout)
        # An optimizer without updates has no slots yet, and begins with zeros.
        slots = self.slots or {name: np.zeros_like(slot) for name, slot in optimizer.slots.items()}
        optimizer.set_state(self.iterations, slots)
        vector.values[...] = self.weights


def generators_of(model: Layer) -> list[RandomGenerator]:
    """Return the random generators of all layers, at all depths, each once."""
    unique = {id(layer): layer.rng for layer in _all_layers(model) if hasattr(layer, "rng")}
    return list(unique.values())


def _all_layers(layer: Layer) -> Iterator[Layer]:
    for inner in layer.sublayers():
        yield inner
        yield from _all_layers(inner)
