"""What a program was written for, and whether it is still there."""

from __future__ import annotations

from typing import Any

from nnlite.optimizers import Optimizer
from nnlite.training import Trainer


class Surroundings:
    """All that a program knows of a model by its address or its value, held so that no address goes stale.

    Callbacks may freeze layers, compile anew, set a momentum or use a layer in another model, which then has its
    weights; an optimizer may be another model's as well. Whoever is about to run a program asks first.

    Parameters
    ----------
    model : Trainer
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

    def __init__(self, model: Trainer, training: bool) -> None:
        self.objective = model.objective
        self.optimizer: Optimizer | None = None
        self.slots = {}
        if not training:
            self.vector = model.current_weights()
            return
        self.vector = vector = model.weight_vector
        self.optimizer = model.optimizer
        self.optimizer.build(vector.values[: vector.n_trainable], vector.layout)
        self.slots = dict(self.optimizer.slots)
        self._settings = _settings(self.optimizer)

    def hold_for(self, model: Trainer) -> bool:
        """Tell whether everything is as it was."""
        if model.objective is not self.objective:
            return False
        optimizer = self.optimizer
        if optimizer is None:
            return model.current_weights() is self.vector
        return (
            model.weight_vector is self.vector
            and model.optimizer is optimizer
            and optimizer.slots.keys() == self.slots.keys()
            and all(slot is self.slots[name] for name, slot in optimizer.slots.items())
            and _settings(optimizer) == self._settings
        )


def _settings(optimizer: Optimizer) -> dict[str, Any]:
    """Return what programs know of an optimizer by its value: all but the learning rate, which they look up."""
    kinds = (bool, int, float, str, tuple)
    return {
        name: value
        for name, value in vars(optimizer).items()
        if name not in ("iterations", "_rate", "_scratch") and (value is None or isinstance(value, kinds))
    }
