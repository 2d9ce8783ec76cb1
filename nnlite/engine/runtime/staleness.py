"""What a program was written for, and whether it is still there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nnlite.activations import ActivationFunction
from nnlite.compiled import CompiledNetwork
from nnlite.layers.base import Layer
from nnlite.network import Network
from nnlite.optimizers import Optimizer
from nnlite.regularizers import Regularizer
from nnlite.types import Array
from nnlite.weights import Weight

_VALUES = (bool, int, float, str, tuple, np.generic)
_PARTS = (ActivationFunction, Regularizer, Layer)
_NO_SETTINGS = ("iterations", "_rate", "_scratch", "_trainable", "trainable", "beta")
"""What programs look up while they run, what shows in the weights, and room to work in."""


class Surroundings:
    """All that a program knows of a model by its address or its value, held so that no address goes stale.

    Callbacks may freeze layers, compile anew, set a momentum or use a layer in another model, which then has its
    weights; an optimizer may be another model's as well. Whoever is about to run a program asks first.

    Parameters
    ----------
    model : CompiledNetwork
        Compiled.
    training : bool
        Whether it is to be trained, or only read.

    Attributes
    ----------
    vector : WeightVector
        Where the weights are.
    objective : Objective
        What is judged by.
    optimizer : Optimizer or None
        What trains, built for the weights.
    slots : dict of str to ndarray
        Its state.
    """

    def __init__(self, model: CompiledNetwork, training: bool) -> None:
        self.objective = model.objective
        self.optimizer: Optimizer | None = None
        self.slots: dict[str, Array] = {}
        self._layers = [_settings(layer) for layer in _leaves(model)]
        if not training:
            self.vector = model.current_weights()
            self._weights = [(weight, weight.trainable) for weight in model.weights]
            return
        self.vector = vector = model.weight_vector
        self.optimizer = model.optimizer
        self.optimizer.build(vector.values[: vector.n_trainable], vector.layout)
        self.slots = dict(self.optimizer.slots)
        self._settings = _settings(self.optimizer)

    def layers_are_as_they_were(self, model: CompiledNetwork) -> bool:
        """Tell whether no layer has been given another rate, activation or the like."""
        return [_settings(layer) for layer in _leaves(model)] == self._layers

    def hold_for(self, model: CompiledNetwork) -> bool:
        """Tell whether everything else is as it was; weights that are only read are brought up to date."""
        if model.objective is not self.objective:
            return False
        optimizer = self.optimizer
        if optimizer is None:
            return self._can_be_read(model.weights)
        return (
            model.weight_vector is self.vector
            and model.optimizer is optimizer
            and optimizer.slots.keys() == self.slots.keys()
            and all(slot is self.slots[name] for name, slot in optimizer.slots.items())
            and _settings(optimizer) == self._settings
        )

    def _can_be_read(self, weights: Sequence[Weight]) -> bool:
        if [(id(weight), weight.trainable) for weight in weights] != [(id(one), flag) for one, flag in self._weights]:
            return False
        if not self.vector.keeps(weights):
            self.vector.copy_in()
        return True


def _leaves(model: Network) -> Iterator[Layer]:
    for layer in model.layers:
        if isinstance(layer, Network):
            yield from _leaves(layer)
        else:
            yield layer


def _settings(of: Any) -> dict[str, Any]:
    """Return what programs know of a layer or an optimizer by its value."""
    return {
        name: (id(value), _settings(value)) if isinstance(value, _PARTS) else value
        for name, value in vars(of).items()
        if name not in _NO_SETTINGS and (value is None or isinstance(value, (*_VALUES, *_PARTS)))
    }
