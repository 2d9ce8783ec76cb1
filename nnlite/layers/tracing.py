"""What a method ``call`` does with more than the tensors that it is given, as layers; see `nnlite.traces`.

Weights become the outputs of `Parameter` layers, arrays those of `Constant`, random numbers those of `RandomValues`,
and what is passed to ``add_loss`` the input of an `AddedLoss`, through which the outputs then go.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.graph import SymbolicTensor
from nnlite.layers.base import Layer
from nnlite.random import OwnGenerator
from nnlite.types import Array, Shape
from nnlite.validation import check_argument, choice
from nnlite.weights import Weight


class Parameter(Layer):
    """Return a weight, whatever the input: y = w, dw = dy.

    Parameters
    ----------
    shape : sequence of int, optional
        Shape of a new weight.
    weight : Weight, optional
        A weight of another layer, in place of a new one.
    learned : bool, default True
        Whether the new weight has a gradient.
    **settings
        See `Layer`.
    """

    def __init__(self, shape: Any = None, weight: Weight | None = None, learned: bool = True, **settings: Any) -> None:
        super().__init__(**settings)
        made = self.add_weight("value", tuple(shape or ()), trainable=learned) if weight is None else weight
        self._weights = {"value": made}
        self.weight = made

    def build(self, input_shape: Shape) -> Shape:  # noqa: ARG002
        """Return the shape of the weight."""
        return self.weight.shape

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Return the weight."""
        return self.weight.value, None

    def backward(self, dy: Array, cache: Any) -> Any:  # noqa: ARG002
        """Write dw = dy; the input has no influence."""
        self.weight.gradient[...] = dy

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        flag = {} if self.weight.learned else {"learned": False}
        return {**super().get_config(), "shape": list(self.weight.shape), **flag}


class Constant(Layer):
    """Return an array, whatever the input: the numbers of positions in a method ``call``, for example.

    Parameters
    ----------
    value : array_like
        The array.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers.tracing import Constant
    >>> Constant([0, 1, 2])(np.zeros((5, 4))).tolist()
    [0.0, 1.0, 2.0]
    """

    def __init__(self, value: Any, **settings: Any) -> None:
        super().__init__(**settings)
        self.value = np.asarray(value, self.dtype)

    def build(self, input_shape: Shape) -> Shape:  # noqa: ARG002
        """Return the shape of the array."""
        return self.value.shape

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Return the array."""
        return self.value, None

    def backward(self, dy: Array, cache: Any) -> Any:
        """Return nothing: the input has no influence."""

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "value": self.value.tolist()}


class RandomValues(OwnGenerator, Layer):
    """Draw numbers for every row of the input: the noise of a sampling layer. They do not depend on the input.

    Parameters
    ----------
    shape : sequence of int
        Shape of the numbers of one row.
    kind : {"normal", "uniform"}, default "normal"
        Their distribution.
    low, high : float, default 0.0 and 1.0
        Mean and standard deviation, or the limits of uniform numbers.
    seed : int, optional
        Seed of the random generator.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers.tracing import RandomValues
    >>> RandomValues((2,))(np.zeros((3, 5))).shape
    (3, 2)
    """

    def __init__(
        self,
        shape: Any,
        kind: str = "normal",
        low: float = 0.0,
        high: float = 1.0,
        seed: int | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        check_argument(self, "kind", kind, choice("normal", "uniform"))
        self.shape, self.kind, self.low, self.high, self.seed = tuple(shape), kind, float(low), float(high), seed
        self._seed_generator(seed)

    def build(self, input_shape: Shape) -> Shape:
        """Return the rows of the input and the shape of one row."""
        return (input_shape[0], *self.shape)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Draw the numbers, in training and at inference."""
        draw = self.rng.normal if self.kind == "normal" else self.rng.uniform
        return draw(self.low, self.high, (len(x), *self.shape)).astype(x.dtype), None

    def backward(self, dy: Array, cache: Any) -> Any:
        """Return nothing: the input has no influence."""

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"shape": list(self.shape), "kind": self.kind, "low": self.low, "high": self.high, "seed": self.seed}
        return {**super().get_config(), **own}


class AddedLoss(Layer):
    """Return the first input; the sums of the others join the loss, as ``add_loss`` in Keras.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers.tracing import AddedLoss
    >>> layer = AddedLoss()
    >>> y, cache = layer.forward([np.ones((2, 3)), np.array([1.5, 0.5])])
    >>> y.shape, layer.activity_penalty(cache)
    ((2, 3), 2.0)
    """

    merges = True

    def build(self, input_shape: list[Shape]) -> Shape:
        """Return the shape of the first input."""
        return input_shape[0]

    def forward(self, x: list[Array], training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Return the first input."""
        return x[0], [np.asarray(one) for one in x[1:]]

    def backward(self, dy: Array, cache: Any) -> list[Array]:
        """Return dy, and for every term of the sums 1."""
        return [dy, *(np.ones_like(one) for one in cache)]

    def activity_penalty(self, cache: Any) -> float:
        """Return the sum of what was added."""
        return float(sum(one.sum() for one in cache))


def with_losses(outputs: Any, losses: list[SymbolicTensor]) -> Any:
    """Return outputs, of which the first goes through an `AddedLoss`."""
    if not losses:
        return outputs
    if isinstance(outputs, SymbolicTensor):
        return AddedLoss()([outputs, *losses])
    if isinstance(outputs, dict):
        first = next(iter(outputs))
        return {**outputs, first: AddedLoss()([outputs[first], *losses])}
    return [AddedLoss()([outputs[0], *losses]), *outputs[1:]]
