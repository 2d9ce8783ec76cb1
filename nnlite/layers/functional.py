"""Layers that pass their input through, or apply a function of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nnlite.layers.base import Layer
from nnlite.types import Array


class Identity(Layer):
    """Return the input: y = x, dx = dy.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Identity
    >>> Identity()(np.array([[1.0]])).tolist()
    [[1.0]]
    """

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Return x."""
        return x, None

    def backward(self, dy: Array, cache: Any) -> Array:  # noqa: ARG002
        """Return dy."""
        return dy


class Lambda(Layer):
    """Apply a Python function that composes layers, arithmetic and `nnlite.ops`.

    On symbolic tensors, the function is called once, and what it does becomes part of the graph: a model with it is
    saved and loaded without the function.

    Parameters
    ----------
    function : callable
        Function of a tensor, or of a list of them.
    output_shape, mask : object, optional
        Accepted for compatibility with Keras, without effect: shapes are computed.
    arguments : mapping, optional
        Further arguments of the function.
    **settings
        See `Layer`.

    Raises
    ------
    TypeError
        If the function does with symbolic tensors what layers cannot express.

    Examples
    --------
    >>> from nnlite.layers import Input, Lambda
    >>> Lambda(lambda x: 100 * x[:, 0])(Input((3,))).shape
    (None,)
    """

    supports_masking = False

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,  # noqa: ARG002
        mask: Any = None,  # noqa: ARG002
        arguments: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.function = function
        self.arguments = dict(arguments or {})

    def call(self, inputs: Any) -> Any:
        """Return the function of the inputs."""
        return self.function(inputs, **self.arguments)
