"""What a method ``call`` does with more than the tensors that it is given: weights, random numbers, losses of its own.

While ``call`` runs on symbolic tensors, a `Trace` is open. Weights that it computes with become the outputs of
`Parameter` layers, random arrays those of `RandomValues`, and what it passes to ``add_loss`` the input of an
`AddedLoss`, through which the outputs then go.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from nnlite.graph import SymbolicTensor
from nnlite.layers.base import Layer
from nnlite.random import OwnGenerator
from nnlite.types import Array, Shape
from nnlite.validation import check_argument, choice
from nnlite.weights import Weight


class Trace:
    """One run of a method ``call`` on symbolic tensors.

    Attributes
    ----------
    anchor : SymbolicTensor
        An input: the number of its rows is that of every tensor of the graph.
    losses : list of SymbolicTensor
        Arguments of ``add_loss`` so far.
    """

    def __init__(self, anchor: SymbolicTensor) -> None:
        self.anchor = anchor
        self.losses: list[SymbolicTensor] = []


_open: ContextVar[Trace | None] = ContextVar("nnlite_trace", default=None)


def open_trace() -> Trace | None:
    """Return the trace that is open, or None."""
    return _open.get()


@contextmanager
def tracing(anchor: SymbolicTensor) -> Iterator[Trace]:
    """Open a trace for the duration of a block."""
    token = _open.set(Trace(anchor))
    try:
        trace = _open.get()
        assert trace is not None
        yield trace
    finally:
        _open.reset(token)


class Parameter(Layer):
    """Return a weight, whatever the input: y = w, dw = dy.

    Parameters
    ----------
    shape : sequence of int, optional
        Shape of a new weight.
    weight : Weight, optional
        A weight of another layer, in place of a new one.
    **settings
        See `Layer`.
    """

    def __init__(self, shape: Any = None, weight: Weight | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        made = self.add_weight("value", tuple(shape or ())) if weight is None else weight
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
        return {**super().get_config(), "shape": list(self.weight.shape)}


def as_operand(value: Any) -> Any:
    """Return a weight as a tensor of the graph while a trace is open; other values as they are."""
    trace = _open.get()
    if trace is None or not isinstance(value, Weight):
        return value
    if value.as_layer is None:
        value.as_layer = Parameter(weight=value, dtype=value.dtype.name)
    tensor = value.as_layer(trace.anchor)
    tensor.row_free = True
    return tensor


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


def random_tensor(kind: str, shape: Any, low: float, high: float, seed: Any) -> Any:
    """Return a tensor of random numbers if a size is that of the rows of a symbolic tensor, else None."""
    sizes = list(shape) if isinstance(shape, (list, tuple)) else [shape]
    if not sizes or not (isinstance(sizes[0], Rows) or sizes[0] is None):
        return None
    trace = _open.get()
    anchor = sizes[0].tensor if isinstance(sizes[0], Rows) else None if trace is None else trace.anchor
    if anchor is None:
        return None
    return RandomValues(sizes[1:], kind, low, high, seed if isinstance(seed, int) else None)(anchor)


class Rows:
    """The number of rows of a symbolic tensor, which is known only when the model computes.

    It equals None, as that size in ``tensor.shape`` does.
    """

    def __init__(self, tensor: SymbolicTensor) -> None:
        self.tensor = tensor

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, Rows)

    def __hash__(self) -> int:
        return hash(None)

    def __repr__(self) -> str:
        return "None"


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
