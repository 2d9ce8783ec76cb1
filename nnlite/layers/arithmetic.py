"""Arithmetic of symbolic tensors: ``a + b``, ``2 * a``, ``a[:, 0]``, and functions such as ``ops.exp(a)``.

Each operation is a layer with a backward pass, so that a graph is all layers: saved, loaded and differentiated as such.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from nnlite.layers.base import Layer
from nnlite.types import Array, Shape
from nnlite.validation import check_argument, choice


class Affine(Layer):
    r"""Multiply by constants and add constants: :math:`y = a x + b`, :math:`dx = a\, dy`.

    Parameters
    ----------
    scale, offset : float or array_like, default 1.0 and 0.0
        a and b: numbers, or arrays that are broadcast along the rows of x.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers.arithmetic import Affine
    >>> Affine(2.0, 1.0)(np.array([[3.0]])).tolist()
    [[7.0]]
    """

    def __init__(self, scale: Any = 1.0, offset: Any = 0.0, **settings: Any) -> None:
        super().__init__(**settings)
        self.scale, self.offset = (np.asarray(value, self.dtype) for value in (scale, offset))

    def build(self, input_shape: Shape) -> Shape:
        """Check that the constants do not change the shape, rows apart."""
        sizes = tuple(1 if size is None else size for size in input_shape)
        try:
            result = np.broadcast_shapes(sizes, self.scale.shape, self.offset.shape)
        except ValueError:
            result = ()
        if result != sizes:
            constants = " and ".join(str(one.shape) for one in (self.scale, self.offset) if one.ndim)
            raise ValueError(f"a tensor of shape {input_shape} and constants of shape {constants} do not fit together")
        return input_shape

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute y = a x + b."""
        return x * self.scale + self.offset, None

    def backward(self, dy: Array, cache: Any) -> Array:  # noqa: ARG002
        """Return dx = a dy."""
        dx: Array = dy * self.scale
        return dx

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "scale": self.scale.tolist(), "offset": self.offset.tolist()}


class Power(Layer):
    r"""Raise to a constant power: :math:`y = x^p`, :math:`dx = p\, x^{p-1} dy`.

    Parameters
    ----------
    exponent : float
        p.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers.arithmetic import Power
    >>> Power(2.0)(np.array([[3.0]])).tolist()
    [[9.0]]
    """

    def __init__(self, exponent: float, **settings: Any) -> None:
        super().__init__(**settings)
        self.exponent = float(exponent)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute the power."""
        return x ** x.dtype.type(self.exponent), x

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dx."""
        number = cache.dtype.type
        dx: Array = dy * number(self.exponent) * cache ** number(self.exponent - 1)
        return dx

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "exponent": self.exponent}


class GetItem(Layer):
    """Take a part of each record: ``a[:, 0]`` or ``a[:, 1:, ::2]``; the derivative of the rest is 0.

    Parameters
    ----------
    index : sequence
        For every axis after the rows, as far as given: a whole number, or ``[start, stop, step]`` with None for what is
        open; ``"new"`` inserts an axis of size 1.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers.arithmetic import GetItem
    >>> GetItem([0])(np.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [1.0, 3.0]
    """

    def __init__(self, index: Any, **settings: Any) -> None:
        super().__init__(**settings)
        self.index = list(index)
        parts = (None if part == "new" else part if isinstance(part, int) else slice(*part) for part in self.index)
        self._key = (slice(None), *parts)

    def build(self, input_shape: Shape) -> Shape:
        """Return the shape of the part; the size of a part of an axis of unknown size is unknown."""
        sizes = list(input_shape[1:])
        result: list[int | None] = [input_shape[0]]
        for part in self._key[1:]:
            if part is None:
                result.append(1)
                continue
            if not sizes:
                raise ValueError(f"a tensor of shape {input_shape} has no part {self.index}: it has too few axes")
            size = sizes.pop(0)
            if isinstance(part, slice):
                result.append(None if size is None else len(range(*part.indices(size))))
            elif size is not None and not -size <= part < size:
                raise ValueError(f"a tensor of shape {input_shape} has no part {self.index}: {part} is out of bounds")
        return (*result, *sizes)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Return the part."""
        return x[self._key], x.shape

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dy at the part, 0 elsewhere."""
        dx = np.zeros(cache, dy.dtype)
        dx[self._key] = dy
        return dx

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "index": self.index}


class Derivable(NamedTuple):
    """A function of an array, and its derivative from the argument x and the result y."""

    value: Callable[[Array], Array]
    derivative: Callable[[Array, Array], Array]


FUNCTIONS = {
    "exp": Derivable(np.exp, lambda x, y: y),  # noqa: ARG005
    "expm1": Derivable(np.expm1, lambda x, y: y + 1),  # noqa: ARG005
    "log": Derivable(np.log, lambda x, y: 1 / x),  # noqa: ARG005
    "log1p": Derivable(np.log1p, lambda x, y: 1 / (1 + x)),  # noqa: ARG005
    "sqrt": Derivable(np.sqrt, lambda x, y: 0.5 / y),  # noqa: ARG005
    "square": Derivable(np.square, lambda x, y: 2 * x),  # noqa: ARG005
    "abs": Derivable(np.abs, lambda x, y: np.sign(x)),  # noqa: ARG005
    "sin": Derivable(np.sin, lambda x, y: np.cos(x)),  # noqa: ARG005
    "cos": Derivable(np.cos, lambda x, y: -np.sin(x)),  # noqa: ARG005
}


class Function(Layer):
    r"""Apply a function of one number: :math:`y = f(x)`, :math:`dx = f'(x)\, dy`.

    Parameters
    ----------
    function : {"exp", "expm1", "log", "log1p", "sqrt", "square", "abs", "sin", "cos"}
        f.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers.arithmetic import Function
    >>> Function("square")(np.array([[3.0]])).tolist()
    [[9.0]]
    """

    def __init__(self, function: str, **settings: Any) -> None:
        super().__init__(**settings)
        check_argument(self, "function", function, choice(*FUNCTIONS))
        self.function = function

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute y = f(x)."""
        y = FUNCTIONS[self.function].value(x)
        return y, (x, y)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dx = dy f'(x)."""
        dx: Array = dy * FUNCTIONS[self.function].derivative(*cache)
        return dx.astype(dy.dtype, copy=False)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "function": self.function}


class Reduce(Layer):
    r"""Sum or mean over axes of each record: the derivative of a term is dy, for a mean of n of them dy / n.

    Parameters
    ----------
    axis : int or sequence of int
        Axes, of which 0 are the rows, which stay.
    keepdims : bool, default False
        Whether the axes stay, with size 1.
    mean : bool, default False
        Whether to divide by n.
    any_axis : bool, default False
        Whether axis 0 is not that of the rows, and may be among the axes: for weights.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers.arithmetic import Reduce
    >>> Reduce(axis=-1, mean=True)(np.array([[1.0, 3.0]])).tolist()
    [2.0]
    """

    def __init__(
        self, axis: Any, keepdims: bool = False, mean: bool = False, any_axis: bool = False, **settings: Any
    ) -> None:
        super().__init__(**settings)
        self.axis = [axis] if isinstance(axis, int) else list(axis)
        self.keepdims, self.mean, self.any_axis = keepdims, mean, any_axis

    def _axes(self, dimensions: int) -> tuple[int, ...]:
        axes = tuple(axis % dimensions for axis in self.axis)
        if 0 in axes and not self.any_axis:
            raise ValueError(f"layer {self.name!r} keeps the rows; found axis 0 among {self.axis}")
        return axes

    def build(self, input_shape: Shape) -> Shape:
        """Return the shape without the axes, or with size 1 along them."""
        axes = self._axes(len(input_shape))
        if self.keepdims:
            return tuple(1 if axis in axes else size for axis, size in enumerate(input_shape))
        return tuple(size for axis, size in enumerate(input_shape) if axis not in axes)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute the sum or the mean."""
        axes = self._axes(x.ndim)
        reduce = np.mean if self.mean else np.sum
        return reduce(x, axis=axes, keepdims=self.keepdims), x.shape

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dy for every term, divided by their number for a mean."""
        axes = self._axes(len(cache))
        if not self.keepdims:
            dy = np.expand_dims(dy, axes)
        if self.mean:
            dy = dy / dy.dtype.type(np.prod([cache[axis] for axis in axes]))
        return np.broadcast_to(dy, cache).copy()

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = {**super().get_config(), "axis": self.axis, "keepdims": self.keepdims, "mean": self.mean}
        return {**config, "any_axis": True} if self.any_axis else config
