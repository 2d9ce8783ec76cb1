"""Merging layers: sums, products and extremes of several tensors, and their concatenation."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.layers.base import Layer
from nnlite.types import Array, Shape


class Elementwise(Layer):
    """Base of the layers that combine tensors number by number.

    An axis of size 1 in one of them is broadcast along those of the others; its derivative is the sum along that axis.

    Parameters
    ----------
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If the shapes don't fit.
    """

    merges = True

    def build(self, input_shape: list[Shape]) -> Shape:
        """Check the shapes; return that of the result."""
        first = tuple(input_shape[0])
        result = list(first)
        for shape in input_shape[1:]:
            if len(shape) != len(first):
                raise ValueError(_describe_shapes(self, input_shape))
            for axis, (a, b) in enumerate(zip(result, shape, strict=True)):
                if a is not None and b is not None and a != b and 1 not in (a, b):
                    raise ValueError(_describe_shapes(self, input_shape))
                result[axis] = b if a == 1 or a is None else a
        return tuple(result)

    def compute_mask(self, x: list[Array], mask: Any = None, y: Any = None) -> Any:
        """Return the mask of the output; see `Layer.compute_mask`. Without y, masks of any shape are joined."""
        masks = check_masks(x, mask)
        if y is None:
            return (
                None if any(one is None for one in masks) else np.logical_or.reduce([np.asarray(one) for one in masks])
            )
        return super().compute_mask(x, masks, y)


class Add(Elementwise):
    r"""Add tensors of the same shape, for example in skip connections.

    .. math:: y = \sum_i x_i, \qquad dx_i = dy

    An axis of size 1 in one of them is broadcast along those of the others; its derivative is the sum along that axis.

    Parameters
    ----------
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If the shapes don't fit.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Add
    >>> Add()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])]).tolist()
    [[11.0, 22.0]]
    """

    def forward(self, x: list[Array], training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute the sum."""
        y = x[0]
        for term in x[1:]:
            y = y + term
        return y, [term.shape for term in x]

    def backward(self, dy: Array, cache: Any) -> list[Array]:
        """Return dy for every term."""
        return [sum_to(dy, shape) for shape in cache]


def sum_to(dy: Array, shape: tuple[int, ...]) -> Array:
    """Return dy summed over the axes along which a term of this shape was broadcast."""
    broadcast = tuple(axis for axis, size in enumerate(shape) if size == 1 and dy.shape[axis] != 1)
    summed: Array = dy.sum(axis=broadcast, keepdims=True) if broadcast else dy
    return summed


class Concatenate(Layer):
    r"""Concatenate tensors along one axis.

    .. math:: y = [x_1, x_2, \dots], \qquad [dx_1, dx_2, \dots] = dy

    dy is split at the same indices: the derivative of each input is its part of dy.

    Parameters
    ----------
    axis : int, default -1
        Axis of the concatenation; all other sizes must be equal.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If the other sizes are not equal.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Concatenate
    >>> Concatenate()([np.zeros((5, 2)), np.ones((5, 3))]).shape
    (5, 5)
    """

    merges = True

    def __init__(self, axis: int = -1, **settings: Any) -> None:
        super().__init__(**settings)
        self.axis = axis

    def build(self, input_shape: list[Shape]) -> Shape:
        """Add up the sizes along the axis."""
        first = input_shape[0]
        dimensions = len(first)
        if not -dimensions <= self.axis < dimensions:
            raise ValueError(f"layer {self.name!r} joins along axis {self.axis}; found shape {first}")
        joined = self.axis % dimensions
        for shape in input_shape[1:]:
            others = zip(first, shape, strict=False)
            if len(shape) != dimensions or any(
                a != b and a is not None and b is not None for axis, (a, b) in enumerate(others) if axis != joined
            ):
                raise ValueError(_describe_shapes(self, input_shape))
        sizes = [shape[joined] for shape in input_shape]
        known = [size for size in sizes if size is not None]
        total = sum(known) if len(known) == len(sizes) else None
        return (*first[:joined], total, *first[joined + 1 :])

    def forward(self, x: list[Array], training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Concatenate the inputs."""
        return np.concatenate(x, axis=self.axis), [part.shape[self.axis] for part in x]

    def backward(self, dy: Array, cache: Any) -> list[Array]:
        """Split dy into the parts of the inputs."""
        return np.split(dy, np.cumsum(cache)[:-1], axis=self.axis)

    def compute_mask(self, x: list[Array], mask: Any = None, y: Array | None = None) -> Array | None:  # noqa: ARG002
        """Concatenate the masks along the steps; along another axis, a step is valid if it is in any of the inputs."""
        mask = check_masks(x, mask)
        if all(one is None for one in mask) or any(part.ndim < 3 for part in x):
            return None
        masks = [np.ones(part.shape[:2], bool) if one is None else one for part, one in zip(x, mask, strict=True)]
        joined = self.axis % x[0].ndim
        return np.concatenate(masks, axis=joined) if joined < 2 else np.logical_or.reduce(masks)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "axis": self.axis}


def check_masks(x: Any, mask: Any) -> list[Any]:
    """Return the masks of several inputs as a list.

    Raises
    ------
    ValueError
        If inputs and masks are not lists of one length.
    """
    if not isinstance(x, (list, tuple)):
        raise ValueError(f"the inputs of a merging layer must be a list; found {type(x).__name__}")
    if mask is None:
        return [None] * len(x)
    if not isinstance(mask, (list, tuple)) or len(mask) != len(x):
        raise ValueError(f"mask must be a list of {len(x)} masks, one for each input, or None for an input without")
    return list(mask)


def _describe_shapes(layer: Layer, shapes: list[Shape]) -> str:
    found = ", ".join(str(tuple(shape)) for shape in shapes)
    return f"layer {layer.name!r} ({type(layer).__name__}) cannot join inputs of shapes {found}"
