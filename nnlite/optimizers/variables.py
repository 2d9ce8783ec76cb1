"""Updates of single weights, under the names of Keras: for gradients that a program computes itself."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from nnlite.types import Array

LISTED = " (listed)"
"""Mark of the names of weights that `exclude_from_weight_decay` was given themselves."""


class VariableUpdates:
    """Updates of a list of weights, which are copied to one vector, updated there, and copied back.

    A model is trained by `fit`, which needs no copies.
    """

    iterations: int
    slots: dict[str, Array]
    learning_rate: Any
    _weights: tuple[Any, ...] = ()
    _listed: tuple[Any, ...] = ()

    def build(self, parameters: Any, layout: Any) -> None:
        """Allocate the state; see `Optimizer`."""
        raise NotImplementedError

    def step(self, parameters: Array, gradients: Array) -> None:
        """Update a vector; see `Optimizer`."""
        raise NotImplementedError

    @property
    def variables(self) -> list[Any]:
        """The number of updates, the learning rate, and the state, under the name of Keras."""
        return [self.iterations, self.learning_rate, *self.slots.values()]

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> int:
        """Update weights by their gradients.

        Parameters
        ----------
        grads_and_vars : iterable of (ndarray, Weight)
            Pairs of a gradient and a weight; pairs without a gradient are left out, with a warning.

        Returns
        -------
        int
            Number of updates so far.

        Raises
        ------
        ValueError
            If no pair has a gradient, or other weights than before are given.

        Examples
        --------
        >>> import numpy as np
        >>> from nnlite.layers import Dense
        >>> from nnlite.optimizers import SGD
        >>> layer = Dense(1, kernel_initializer="ones")
        >>> y, cache = layer.forward(np.ones((1, 2), np.float32)) if layer.build((None, 2)) else None
        >>> _ = layer.backward(np.ones((1, 1), np.float32), cache)
        >>> SGD(0.5).apply_gradients((weight.gradient, weight) for weight in layer.weights)
        1
        >>> layer.kernel.numpy().tolist()
        [[0.5], [0.5]]
        """
        gradients, weights = zip(*grads_and_vars, strict=True)
        self.apply(list(gradients), list(weights))
        return self.iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Update weights, by default those of the last call; see `apply_gradients`."""
        weights = self._weights if trainable_variables is None else tuple(trainable_variables)
        if len(grads) != len(weights):
            raise ValueError(f"apply: found {len(grads)} gradients for {len(weights)} weights")
        pairs = [(gradient, weight) for gradient, weight in zip(grads, weights, strict=True) if gradient is not None]
        if not pairs:
            raise ValueError("no gradients are given for any weight; compute them by the layers' backward first")
        if len(pairs) < len(weights):
            warnings.warn(f"{len(weights) - len(pairs)} weights have no gradient and stay as they are", stacklevel=3)
        self._update([np.asarray(gradient) for gradient, _ in pairs], [weight for _, weight in pairs])

    def _update(self, gradients: Sequence[Array], weights: Sequence[Any]) -> None:
        if self._weights and {id(one) for one in weights} - {id(one) for one in self._weights}:
            raise ValueError("an optimizer keeps a state for each weight; found weights of another model: make another")
        self._weights = tuple(weights)
        parameters, layout = as_vector(weights, self._listed)
        self.build(parameters, layout)
        self.step(parameters, np.concatenate([one.ravel() for one in gradients]).astype(parameters.dtype, copy=False))
        for weight, (_, place) in zip(weights, layout, strict=True):
            values = parameters[place].reshape(weight.shape)
            weight.assign(values if weight.constraint is None else weight.constraint(values))


def as_vector(weights: Sequence[Any], listed: Sequence[Any] = ()) -> tuple[Array, list[tuple[str, slice]]]:
    """Return the values of weights in one vector, and the name and the slice of each; `listed` ones have a mark."""
    values = [np.zeros(0, np.float32), *(weight.numpy().ravel() for weight in weights)]
    ends = np.cumsum([len(one) for one in values])[1:].tolist()
    marked = {id(one) for one in listed}
    names = [weight.name + (LISTED if id(weight) in marked else "") for weight in weights]
    layout = [(name, slice(end - len(one), end)) for name, one, end in zip(names, values[1:], ends, strict=True)]
    return np.concatenate(values[1:] or values), layout
