"""Divergence: training whose loss, gradient or weights are no longer finite numbers, and the place where it began.

Weights are looked at once for many batches, so that training costs nothing more. Where they are not finite, training
goes back to the state before and repeats the batches one by one, up to the one that diverges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nnlite.compiled import CompiledNetwork
from nnlite.data import Batch
from nnlite.network import run_layer
from nnlite.training_state import RunningFit, TrainingState
from nnlite.types import Array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class DivergenceError(ValueError):
    """Training has turned NaN or infinite: the message names epoch, batch and layer.

    The model has the weights, and the optimizer the state, from before the batch that diverged.
    """


class ReplayedBatch(NamedTuple):
    """A batch of an epoch that is trained again.

    Attributes
    ----------
    number : int
        Number of the batch, counted from 0.
    rows : Batch
        Its records.
    train : callable
        Trains on the batch, and returns the average loss of the epoch so far.
    """

    number: int
    rows: Batch
    train: Callable[[], float]


class DivergenceWatch:
    """Raises an error after epochs that diverged.

    Parameters
    ----------
    model : CompiledNetwork
        The model in training.
    fit : RunningFit
        Its fit.
    replay : callable
        Yields the batches of the next epoch.
    differentiate : callable
        Writes the gradients of a batch.
    active : bool
        Whether to look at all.
    """

    def __init__(
        self,
        model: CompiledNetwork,
        fit: RunningFit,
        replay: Callable[[], Iterator[ReplayedBatch]],
        differentiate: Callable[[Batch], object],
        active: bool,
    ) -> None:
        self._active = active
        self._model, self._fit, self._replay, self._differentiate = model, fit, replay, differentiate

    @contextmanager
    def over(self, epochs: range) -> Iterator[list[float]]:
        """Train epochs in a block, which appends their losses to the list; raise `DivergenceError` if one diverged."""
        losses: list[float] = []
        if not self._active:
            yield losses
            return
        before = TrainingState.capture(self._model, self._fit)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            yield losses
            if are_finite(losses) and self._is_finite():
                return
            before.restore(self._model, self._fit)
            self._find(epochs)
        # Callbacks that change what a batch does are not called again.
        before.restore_weights(self._model)
        raise DivergenceError(_message(f"epoch {epochs[0] + 1}", "from before it"))

    def _find(self, epochs: range) -> None:
        """Repeat epochs batch by batch, and raise the error where they diverge."""
        model = self._model
        for epoch in epochs:
            for batch in self._replay():
                before = TrainingState.capture(model, self._fit)
                if are_finite(batch.train()) and self._is_finite():
                    continue
                changed = _layer_of_values(model, model.weight_vector.values) or self._slot()
                before.restore_weights(model)
                layer = self._trace(batch.rows) or changed or f"loss of layer {model.graph_layers[-1].name!r}"
                before.restore_weights(model)
                place = f"epoch {epoch + 1}, batch {batch.number + 1}, {layer}"
                raise DivergenceError(_message(place, "from before this batch"))

    def _is_finite(self) -> bool:
        """Return whether weights and optimizer are: a state of it that overflows moves no weight any more."""
        return are_finite(self._model.weight_vector.values) and self._slot() is None

    def _slot(self) -> str | None:
        """Return what of the optimizer's state is not finite, for the message."""
        _, slots = self._model.optimizer.get_state()
        for name, slot in slots.items():
            if not are_finite(slot):
                return f"{name} of the optimizer for {_layer_of_values(self._model, slot)}"
        return None

    def _trace(self, batch: Batch) -> str | None:
        """Return the layer whose output or, after it, whose gradient is the first that is not finite."""
        layer = _layer_of_outputs(self._model, batch)
        if layer is None:
            self._differentiate(batch)
            layer = _layer_of_values(self._model, self._model.gradients)
        return layer


def are_finite(values: ArrayLike) -> bool:
    """Return whether no number is NaN or infinite."""
    return bool(np.isfinite(values).all())


def _layer_of_outputs(model: CompiledNetwork, batch: Batch) -> str | None:
    """Run the layers one by one; return the first whose output is not finite."""
    if not all(map(are_finite, batch.x)):
        return "input: the records hold NaN or infinity"
    values: list[Any] = [*batch.x, *([None] * (model.n_tensors - len(batch.x)))]
    masks: list[Any] = [None] * model.n_tensors
    for step in model.steps:
        y, _, mask = run_layer(step.layer, step.gather(values), True, step.gather(masks))
        if not all(map(are_finite, step.store(values, y))):
            return f"output of layer {step.layer.name!r}"
        if mask is not None:
            step.store(masks, mask)
    return None


def _layer_of_values(model: CompiledNetwork, values: Array) -> str | None:
    """Return the last layer, to which backpropagation comes first, with a gradient or a weight that is not finite."""
    for layer in reversed(model.graph_layers):
        for weight in layer.weights:
            if not are_finite(values[model.weight_vector.place_of(weight)]):
                return f"{weight.name} of layer {layer.name!r}"
    return None


def _message(place: str, state: str) -> str:
    return (
        f"training diverged in {place}: the loss or the weights are no longer finite numbers. The weights are those "
        f"{state}. Use a smaller learning_rate, limit the gradients (clipnorm), or look for extreme values in the data"
    )
