"""Further operations on tensors as layers: products of matrices, broadcasting, extremes, limits, totals."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.layers.base import Layer
from nnlite.types import Array, Shape
from nnlite.validation import check_argument, choice


def sum_to_shape(dy: Array, shape: tuple[int, ...]) -> Array:
    """Return dy summed over the axes along which NumPy broadcast an array of this shape."""
    dy = dy.sum(axis=tuple(range(dy.ndim - len(shape)))) if dy.ndim > len(shape) else dy
    axes = tuple(axis for axis, size in enumerate(shape) if size == 1 and dy.shape[axis] != 1)
    summed: Array = np.asarray(dy.sum(axis=axes, keepdims=True) if axes else dy)
    return summed


def broadcast_shapes(a: Shape, b: Shape) -> Shape:
    """Return the shape of arrays of two shapes with NumPy's broadcasting; None is any size.

    Raises
    ------
    ValueError
        If they do not fit together.
    """
    longest = max(len(a), len(b))
    result: list[int | None] = []
    for x, y in zip((1,) * (longest - len(a)) + tuple(a), (1,) * (longest - len(b)) + tuple(b), strict=True):
        if x != y and None not in (x, y) and 1 not in (x, y):
            raise ValueError(f"tensors of shapes {a} and {b} do not fit together")
        result.append(y if x == 1 else x if y in (1, None) else y)
    return tuple(result)


class Broadcast(Layer):
    r"""Add, subtract, multiply or divide two tensors, with NumPy's broadcasting of missing axes and axes of size 1.

    The derivative of an input is summed over the axes along which it was broadcast.

    Parameters
    ----------
    operation : {"add", "sub", "mul", "truediv"}
        What is computed.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers.tensors import Broadcast
    >>> Broadcast("mul")([np.array([[3.0, 1.0]]), np.array([2.0, 4.0])]).tolist()
    [[6.0, 4.0]]
    """

    merges = True

    def __init__(self, operation: str, **settings: Any) -> None:
        super().__init__(**settings)
        check_argument(self, "operation", operation, choice("add", "sub", "mul", "truediv"))
        self.operation = operation

    def build(self, input_shape: list[Shape]) -> Shape:
        """Return the shape of the result."""
        return broadcast_shapes(*input_shape)

    def forward(self, x: list[Array], training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute the result."""
        a, b = x
        if self.operation == "add":
            return a + b, (a, b)
        if self.operation == "sub":
            return a - b, (a, b)
        return (a * b if self.operation == "mul" else a / b), (a, b)

    def backward(self, dy: Array, cache: Any) -> list[Array]:
        """Return da and db."""
        a, b = cache
        if self.operation == "add":
            da, db = dy, dy
        elif self.operation == "sub":
            da, db = dy, -dy
        elif self.operation == "mul":
            da, db = dy * b, dy * a
        else:
            da, db = dy / b, -dy * a / np.square(b)
        return [sum_to_shape(da, np.shape(a)), sum_to_shape(db, np.shape(b))]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "operation": self.operation}


class MatMul(Layer):
    r"""Products of matrices, as NumPy's ``a @ b``: :math:`da = dy\, b^\top`, :math:`db = a^\top dy`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers.tensors import MatMul
    >>> MatMul()([np.ones((5, 2, 3)), np.ones((3, 4))]).shape
    (5, 2, 4)
    """

    merges = True

    def build(self, input_shape: list[Shape]) -> Shape:
        """Return the shape of the products."""
        a, b = input_shape
        if len(a) < 2 or not b or (None not in (a[-1], b[-2:][0]) and a[-1] != b[-2:][0]):
            raise ValueError(f"matrices of shapes {a} and {b} cannot be multiplied")
        if len(b) == 1:
            return a[:-1]
        return (*broadcast_shapes(a[:-2], b[:-2]), a[-2], b[-1])

    def forward(self, x: list[Array], training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute the products."""
        return x[0] @ x[1], x

    def backward(self, dy: Array, cache: Any) -> list[Array]:
        """Return da and db."""
        a, b = cache
        shape = b.shape
        if b.ndim == 1:
            b, dy = b[:, None], dy[..., None]
        da = dy @ np.swapaxes(b, -1, -2)
        db = sum_to_shape(np.swapaxes(a, -1, -2) @ dy, b.shape)
        return [sum_to_shape(da, a.shape), db.reshape(shape)]


class Transpose(Layer):
    """Put the axes of a tensor in another order, its first one included: for weights, which have no rows.

    Parameters
    ----------
    axes : sequence of int, optional
        The order; by default the reverse.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers.tensors import Transpose
    >>> Transpose()(np.ones((2, 3))).shape
    (3, 2)
    """

    def __init__(self, axes: Any = None, **settings: Any) -> None:
        super().__init__(**settings)
        self.axes = None if axes is None else [int(axis) for axis in axes]

    def build(self, input_shape: Shape) -> Shape:
        """Return the shape in the other order."""
        axes = self.axes or range(len(input_shape))[::-1]
        return tuple(input_shape[axis] for axis in axes)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Return x with its axes in the other order."""
        return np.transpose(x, self.axes), None

    def backward(self, dy: Array, cache: Any) -> Array:  # noqa: ARG002
        """Return dy with its axes in the first order."""
        return np.transpose(dy, None if self.axes is None else np.argsort(self.axes))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "axes": self.axes}


class Clip(Layer):
    r"""Limit every number: :math:`y = \min(\max(x, a), b)`; dx is dy within the limits and 0 beyond.

    Parameters
    ----------
    least, most : float, optional
        a and b; without a limit by default.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers.tensors import Clip
    >>> Clip(0.0, 1.0)(np.array([[-2.0, 0.5, 3.0]])).tolist()
    [[0.0, 0.5, 1.0]]
    """

    def __init__(self, least: float | None = None, most: float | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self.least = None if least is None else float(least)
        self.most = None if most is None else float(most)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute the limited numbers."""
        least = -np.inf if self.least is None else self.least
        most = np.inf if self.most is None else self.most
        return np.clip(x, x.dtype.type(least), x.dtype.type(most)), (x >= least) & (x <= most)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dy within the limits."""
        return np.where(cache, dy, dy.dtype.type(0))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "least": self.least, "most": self.most}


class Extreme(Layer):
    """Largest or smallest number along an axis of each record; dy goes to it, in equal parts to equal ones.

    Parameters
    ----------
    axis : int
        Axis, not that of the rows.
    keepdims : bool, default False
        Whether the axis stays, with size 1.
    smallest : bool, default False
        Whether the smallest is meant.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers.tensors import Extreme
    >>> Extreme(axis=1)(np.array([[1.0, 3.0]])).tolist()
    [3.0]
    """

    def __init__(self, axis: int, keepdims: bool = False, smallest: bool = False, **settings: Any) -> None:
        super().__init__(**settings)
        self.axis, self.keepdims, self.smallest = int(axis), bool(keepdims), bool(smallest)

    def build(self, input_shape: Shape) -> Shape:
        """Return the shape without the axis, or with size 1 along it."""
        axis = self.axis % len(input_shape)
        if axis == 0:
            raise ValueError(f"layer {self.name!r} keeps the rows; found axis 0")
        return (*input_shape[:axis], *((1,) if self.keepdims else ()), *input_shape[axis + 1 :])

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute the extreme."""
        y = (np.min if self.smallest else np.max)(x, axis=self.axis, keepdims=True)
        reached = x == y
        return (y if self.keepdims else np.squeeze(y, self.axis)), reached

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dy at the extreme."""
        dy = dy if self.keepdims else np.expand_dims(dy, self.axis)
        dx: Array = cache * (dy / cache.sum(axis=self.axis, keepdims=True).astype(dy.dtype))
        return dx

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"axis": self.axis, "keepdims": self.keepdims, "smallest": self.smallest}
        return {**super().get_config(), **own}


class Total(Layer):
    """Sum or mean of all numbers of a batch: a number, for ``add_loss``.

    Parameters
    ----------
    mean : bool, default False
        Whether the mean is meant.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers.tensors import Total
    >>> Total(mean=True)(np.array([[1.0, 3.0]])).tolist()
    2.0
    """

    def __init__(self, mean: bool = False, **settings: Any) -> None:
        super().__init__(**settings)
        self.mean = bool(mean)

    def build(self, input_shape: Shape) -> Shape:  # noqa: ARG002
        """Return the shape of a number."""
        return ()

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute the sum or the mean; of no numbers it is 0."""
        total = x.sum(dtype=x.dtype)
        return np.asarray(total / x.dtype.type(max(x.size, 1)) if self.mean else total), x.shape

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dy for every number, divided by how many they are for a mean."""
        share = dy / dy.dtype.type(max(int(np.prod(cache)), 1)) if self.mean else dy
        return np.broadcast_to(share, cache).copy()

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "mean": self.mean}
