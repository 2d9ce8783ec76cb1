"""Layers that put the same numbers into another shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from nnlite.layers.base import Layer
from nnlite.types import Array, Shape


class Reshape(Layer):
    """Give each record another shape.

    Parameters
    ----------
    target_shape : sequence of int
        The new shape of one record, without the rows; one size may be -1: whatever is left over.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If the sizes don't multiply to the number of values in a record.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Reshape
    >>> Reshape((2, -1))(np.zeros((5, 6))).shape
    (5, 2, 3)
    """

    def __init__(self, target_shape: Sequence[int], **settings: Any) -> None:
        super().__init__(**settings)
        self.target_shape = tuple(target_shape)
        if self.target_shape.count(-1) > 1 or any(s < 1 and s != -1 for s in self.target_shape):
            raise ValueError(
                f"Reshape: target_shape must be positive sizes, at most one of them -1; found {target_shape!r}"
            )

    def build(self, input_shape: Shape) -> Shape:
        """Work out the size that -1 stands for."""
        record = input_shape[1:]
        known = math.prod(size for size in self.target_shape if size != -1)
        if any(size is None for size in record):
            sizes = tuple(None if size == -1 else size for size in self.target_shape)
            return (input_shape[0], *sizes)
        values = math.prod(size for size in record if size is not None)
        fits = values % known == 0 if -1 in self.target_shape else values == known
        if not fits:
            raise ValueError(
                f"layer {self.name!r} cannot turn records of shape {record} ({values} values) into {self.target_shape}"
            )
        return (input_shape[0], *(values // known if s == -1 else s for s in self.target_shape))

    def forward(self, x: Array, training: bool = False) -> tuple[Array, tuple[int, ...]]:  # noqa: ARG002
        """Return x in its new shape."""
        return x.reshape(x.shape[0], *self.build(x.shape)[1:]), x.shape

    def backward(self, dy: Array, cache: tuple[int, ...]) -> Array:
        """Return dy in the input's shape."""
        return dy.reshape(cache)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "target_shape": list(self.target_shape)}


class Flatten(Layer):
    """Turn each record into one row of numbers.

    Parameters
    ----------
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Flatten
    >>> Flatten()(np.zeros((5, 2, 3))).shape
    (5, 6)
    """

    def build(self, input_shape: Shape) -> Shape:
        """Return (rows, values in a record)."""
        record = input_shape[1:]
        sizes = [size for size in record if size is not None]
        return (input_shape[0], math.prod(sizes) if len(sizes) == len(record) else None)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, tuple[int, ...]]:  # noqa: ARG002
        """Return x with all axes but the first made one."""
        return x.reshape(x.shape[0], math.prod(x.shape[1:])), x.shape

    def backward(self, dy: Array, cache: tuple[int, ...]) -> Array:
        """Return dy in the input's shape."""
        return dy.reshape(cache)
