"""Names of Keras for the weights and states of layers and models, and weights that layers share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nnlite.graph import SymbolicTensor
from nnlite.layers.composition import WAY_OUT
from nnlite.layers.tracking import tracked_attribute
from nnlite.traces import open_trace
from nnlite.types import Array
from nnlite.weights import Weight


class VariableNames:
    """Weights as lists of arrays, and under the names `variables` and `trainable_variables`."""

    @property
    def weights(self) -> list[Weight]:
        """All weights."""
        raise NotImplementedError(f"{type(self).__name__} does not define weights")

    @property
    def trainable_weights(self) -> list[Weight]:
        """The weights that training changes."""
        raise NotImplementedError(f"{type(self).__name__} does not define trainable_weights")

    @property
    def non_trainable_weights(self) -> list[Weight]:
        """The weights that training does not change."""
        raise NotImplementedError(f"{type(self).__name__} does not define non_trainable_weights")

    @property
    def variables(self) -> list[Weight]:
        """The weights, under their name in Keras."""
        return self.weights

    @property
    def trainable_variables(self) -> list[Weight]:
        """The weights that training changes, under their name in Keras."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Weight]:
        """The weights that training does not change, under their name in Keras."""
        return self.non_trainable_weights

    def count_params(self) -> int:
        """Return the number of values in all weights."""
        return sum(weight.size for weight in self.weights)

    def get_weights(self) -> list[Array]:
        """Return copies of all weights' values, in the order of `weights`."""
        return [weight.numpy() for weight in self.weights]

    def set_weights(self, values: Sequence[Array]) -> None:
        """Copy `values` into the weights, in the order of `weights`.

        Raises
        ------
        ValueError
            If their number or a shape does not fit. Then no weight is changed.
        """
        weights = self.weights
        if len(values) != len(weights):
            raise ValueError(f"{self.name!r} has {len(weights)} weights; found {len(values)} arrays to set them to")
        for weight, array in zip(weights, values, strict=True):
            if np.shape(array) != weight.shape:
                raise ValueError(
                    f"weight {weight.name!r} of {self.name!r} has shape {weight.shape}; "
                    f"found an array of shape {np.shape(array)}"
                )
        for weight, array in zip(weights, values, strict=True):
            weight.assign(array)

    name: str
    _weights: dict[str, Weight]

    @property
    def own_weights(self) -> dict[str, Weight]:
        """The weights that the layer itself holds, by name, without those of layers inside."""
        return dict(self._weights)

    def share_weight(self, name: str, weight: Weight) -> None:
        """Put the weight of another layer in place of one of the layer's own.

        Raises
        ------
        ValueError
            If shape or dtype differ.
        """
        old = self._weights[name]
        if (old.shape, old.dtype) != (weight.shape, weight.dtype):
            raise ValueError(f"two layers cannot share {old!r} and {weight!r}")
        weight.trainable = weight.trainable and old.trainable
        self._weights[name] = weight
        for attribute, value in list(vars(self).items()):
            if value is old:
                self.__dict__[attribute] = weight
            elif isinstance(value, tuple) and any(one is old for one in value):
                self.__dict__[attribute] = tuple(weight if one is old else one for one in value)

    if not TYPE_CHECKING:  # For mypy, a class with this method would have attributes of any name.

        def __setattr__(self, name: str, value: Any) -> None:
            if isinstance(value, Weight):
                self._note_weight(name, value)
            if hasattr(type(self), "call"):
                value = tracked_attribute(self, name, value)
            super().__setattr__(name, value)

    def _note_weight(self, name: str, weight: Weight) -> None:
        """Note that a layer with a backward pass of its own computes with the weight of another layer.

        Raises
        ------
        AttributeError
            If it would replace a weight, after which gradients and files would be wrong.
        """
        own = self.__dict__.get("_weights")
        if own is None or getattr(self, "composes", False) or any(weight is one for one in own.values()):
            return
        if name in own or isinstance(self.__dict__.get(name), Weight):
            raise AttributeError(
                f"{name} of {type(self).__name__} cannot be replaced by another weight, as in Keras; to share it, call "
                f"one layer several times, or compute with the weight in a method call: ops.matmul(x, first.{name})"
            )
        own[name] = weight

    supports_masking: ClassVar[bool] = True
    """Whether a mask of the input is one of the output, too: the output has the same steps."""

    _called_penalty: float | None = None

    @property
    def dtype_policy(self) -> str:
        """The dtype of weights and results, under its name in Keras."""
        return str(getattr(self, "dtype", "float32"))

    compute_dtype = variable_dtype = dtype_policy

    @property
    def losses(self) -> list[float]:
        """Penalties: those on weights, and that on the output of the last call with arrays."""
        weights = [w for w in self.weights if w.regularizer is not None]
        own = [float(w.regularizer(w.value)) for w in weights if w.regularizer is not None]
        return own if self._called_penalty is None else [*own, self._called_penalty]

    def add_loss(self, loss: Any) -> None:
        """Add a number to the loss, in a method ``call``.

        Parameters
        ----------
        loss : SymbolicTensor, float or ndarray, or a list of them
            What is added: the sum of its numbers. In a graph, a tensor computed by layers and `nnlite.ops`.

        Raises
        ------
        NotImplementedError
            If it is a tensor of a graph, and no method ``call`` runs; the message says what to do instead.
        """
        trace = open_trace()
        for one in loss if isinstance(loss, (list, tuple)) else [loss]:
            if not isinstance(one, SymbolicTensor):
                self._called_penalty = (self._called_penalty or 0.0) + float(np.sum(one))
            elif trace is not None:
                trace.losses.append(one)
            else:
                raise NotImplementedError(
                    f"{type(self).__name__}.add_loss takes tensors in a method call alone. {WAY_OUT}"
                )
