"""Merging layers beside `Add` and `Concatenate`: differences, products, quotients, means, extremes and dot products."""

from __future__ import annotations

from functools import reduce
from typing import Any, ClassVar

import numpy as np

from nnlite.layers.base import Layer
from nnlite.layers.merging import Elementwise, sum_to
from nnlite.types import Array, Shape


class Subtract(Elementwise):
    r"""Subtract the second of two tensors from the first: :math:`y = a - b`, :math:`da = dy`, :math:`db = -dy`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Subtract
    >>> Subtract()([np.array([[3.0]]), np.array([[1.0]])]).tolist()
    [[2.0]]
    """

    def build(self, input_shape: list[Shape]) -> Shape:
        """Check that there are two inputs of the same shape."""
        _check_two(self, input_shape)
        return super().build(input_shape)

    def forward(self, x: list[Array], training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute y = a - b."""
        return x[0] - x[1], [one.shape for one in x]

    def backward(self, dy: Array, cache: Any) -> list[Array]:
        """Return da = dy and db = -dy."""
        return [sum_to(dy, cache[0]), sum_to(-dy, cache[1])]


class _Skipping(Elementwise):
    """Base of the layers that leave masked steps of their inputs out, as if these had a neutral value there.

    Steps that are masked in all inputs are 0 in the output.
    """

    takes_mask = True
    neutral: ClassVar[float]
    """Value that does not change the result."""

    def combine(self, x: list[Array]) -> tuple[Array, Any]:
        """Return the result and a cache."""
        raise NotImplementedError

    def split(self, dy: Array, cache: Any) -> list[Array]:
        """Return the derivative of every input."""
        raise NotImplementedError

    def forward(
        self,
        x: list[Array],
        training: bool = False,  # noqa: ARG002
        mask: list[Array | None] | None = None,
    ) -> tuple[Array, Any]:
        """Combine the inputs where they are valid."""
        masks = [one if one is None else _over(one, part) for one, part in zip(mask or [None] * len(x), x, strict=True)]
        kept = [
            part if one is None else np.where(one, part, part.dtype.type(self.neutral))
            for one, part in zip(masks, x, strict=True)
        ]
        y, cache = self.combine(kept)
        known = [one for one in masks if one is not None]
        anywhere = reduce(np.logical_or, known) if len(known) == len(x) else None
        y = y if anywhere is None else np.where(anywhere, y, y.dtype.type(0))
        return y, (cache, masks, anywhere)

    def backward(self, dy: Array, cache: Any) -> list[Array]:
        """Return the derivative of every input; 0 where it is masked."""
        inner, masks, anywhere = cache
        dy = dy if anywhere is None else np.where(anywhere, dy, dy.dtype.type(0))
        return [
            dx if one is None else np.where(one, dx, dx.dtype.type(0))
            for dx, one in zip(self.split(dy, inner), masks, strict=True)
        ]


def _over(mask: Array, x: Array) -> Array:
    """Return a mask of rows and steps with as many axes as x."""
    return mask.reshape(*mask.shape, *(1,) * (x.ndim - mask.ndim))


class Multiply(_Skipping):
    r"""Multiply tensors number by number: :math:`y = \prod_i x_i`, :math:`dx_i = dy \prod_{j \ne i} x_j`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Multiply
    >>> Multiply()([np.array([[3.0]]), np.array([[2.0]])]).tolist()
    [[6.0]]
    """

    neutral = 1.0

    def combine(self, x: list[Array]) -> tuple[Array, Any]:
        """Compute the product."""
        return reduce(np.multiply, x), x

    def split(self, dy: Array, cache: Any) -> list[Array]:
        """Return dy times the other factors, for every factor."""
        others = (reduce(np.multiply, [*cache[:i], *cache[i + 1 :]], dy) for i in range(len(cache)))
        return [sum_to(dx, x.shape) for dx, x in zip(others, cache, strict=True)]


class Divide(Elementwise):
    r"""Divide the first of two tensors by the second: :math:`y = a / b`, :math:`da = dy / b`, :math:`db = -dy\, y / b`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Divide
    >>> Divide()([np.array([[3.0]]), np.array([[2.0]])]).tolist()
    [[1.5]]
    """

    def build(self, input_shape: list[Shape]) -> Shape:
        """Check that there are two inputs of the same shape."""
        _check_two(self, input_shape)
        return super().build(input_shape)

    def forward(self, x: list[Array], training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute y = a / b."""
        y = x[0] / x[1]
        return y, (x, y)

    def backward(self, dy: Array, cache: Any) -> list[Array]:
        """Return da and db."""
        (a, b), y = cache
        da = dy / b
        return [sum_to(da, a.shape), sum_to(-da * y, b.shape)]


class Average(Elementwise):
    r"""Mean of n tensors: :math:`y = \frac1n \sum_i x_i`, :math:`dx_i = dy / n`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Average
    >>> Average()([np.array([[3.0]]), np.array([[2.0]])]).tolist()
    [[2.5]]
    """

    def forward(self, x: list[Array], training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute the mean."""
        return reduce(np.add, x) / x[0].dtype.type(len(x)), [one.shape for one in x]

    def backward(self, dy: Array, cache: Any) -> list[Array]:
        """Return dy / n for every term."""
        dx = dy / dy.dtype.type(len(cache))
        return [sum_to(dx, shape) for shape in cache]


class _Extreme(_Skipping):
    """Base of `Maximum` and `Minimum`: the derivative goes to the tensors that have the extreme, in equal parts."""

    function: Any

    def combine(self, x: list[Array]) -> tuple[Array, Any]:
        """Compute the extreme."""
        y = reduce(self.function, x)
        return y, (x, y)

    def split(self, dy: Array, cache: Any) -> list[Array]:
        """Return dy where a tensor has the extreme, divided among equal ones, else 0."""
        x, y = cache
        reached = [one == y for one in x]
        count = reduce(np.add, [one.astype(dy.dtype) for one in reached])
        return [sum_to(dy * one / count, own.shape) for one, own in zip(reached, x, strict=True)]


class Maximum(_Extreme):
    """Largest of several tensors, number by number.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Maximum
    >>> Maximum()([np.array([[3.0, 1.0]]), np.array([[2.0, 2.0]])]).tolist()
    [[3.0, 2.0]]
    """

    function = staticmethod(np.maximum)
    neutral = -np.inf


class Minimum(_Extreme):
    """Smallest of several tensors, number by number.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Minimum
    >>> Minimum()([np.array([[3.0, 1.0]]), np.array([[2.0, 2.0]])]).tolist()
    [[2.0, 1.0]]
    """

    function = staticmethod(np.minimum)
    neutral = np.inf


class Dot(Layer):
    r"""Products of two tensors summed over one axis of each: for vectors, :math:`y = \sum_j a_j b_j` in each row.

    The other axes of a come before those of b. With `normalize`, vectors are divided by their lengths first, so that
    the product of two vectors is the cosine of their angle.

    Parameters
    ----------
    axes : int or tuple of two int
        Axis of each tensor, rows included; one number for both.
    normalize : bool, default False
        Whether to divide by the lengths along the axes.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Dot
    >>> Dot(axes=1)([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])]).tolist()
    [[11.0]]
    """

    merges = True

    def __init__(self, axes: int | tuple[int, int], normalize: bool = False, **settings: Any) -> None:
        super().__init__(**settings)
        self.axes = axes if isinstance(axes, int) else (int(axes[0]), int(axes[1]))
        self.normalize = normalize

    def _pair(self, dimensions: list[int]) -> tuple[int, int]:
        first, second = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        return first % dimensions[0], second % dimensions[1]

    def build(self, input_shape: list[Shape]) -> Shape:
        """Check the sizes along the axes; return the other ones."""
        _check_two(self, input_shape)
        i, j = self._pair([len(shape) for shape in input_shape])
        a, b = input_shape
        if 0 in (i, j) or (a[i] != b[j] and None not in (a[i], b[j])):
            raise ValueError(f"layer {self.name!r} (Dot) cannot multiply shapes {a} and {b} along axes {i} and {j}")
        shape = (a[0], *a[1:i], *a[i + 1 :], *b[1:j], *b[j + 1 :])
        return shape if len(shape) > 1 else (a[0], 1)

    def forward(self, x: list[Array], training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute the products."""
        i, j = self._pair([one.ndim for one in x])
        # Rows, all other axes, the axis of the sum: then each row is a product of two matrices.
        a, b = np.moveaxis(x[0], i, -1), np.moveaxis(x[1], j, -1)
        a_rows, b_rows = a.reshape(len(a), -1, a.shape[-1]), b.reshape(len(b), -1, b.shape[-1])
        lengths = None
        if self.normalize:
            lengths = [np.sqrt(np.maximum(np.square(m).sum(-1, keepdims=True), 1e-12)) for m in (a_rows, b_rows)]
            a_rows, b_rows = a_rows / lengths[0], b_rows / lengths[1]
        y = a_rows @ np.swapaxes(b_rows, 1, 2)
        shape = (len(y), *a.shape[1:-1], *b.shape[1:-1])
        return y.reshape(shape if len(shape) > 1 else (len(y), 1)), (a_rows, b_rows, lengths, a.shape, b.shape)

    def backward(self, dy: Array, cache: Any) -> list[Array]:
        """Return the derivatives: each factor's is dy times the other."""
        a_rows, b_rows, lengths, a_shape, b_shape = cache
        dy = dy.reshape(len(dy), a_rows.shape[1], b_rows.shape[1])
        da, db = dy @ b_rows, np.swapaxes(dy, 1, 2) @ a_rows
        if lengths is not None:
            # The part along a vector changes only its length, which the division removes.
            da = (da - (da * a_rows).sum(-1, keepdims=True) * a_rows) / lengths[0]
            db = (db - (db * b_rows).sum(-1, keepdims=True) * b_rows) / lengths[1]
        i, j = self._pair([len(a_shape), len(b_shape)])
        return [np.moveaxis(da.reshape(a_shape), -1, i), np.moveaxis(db.reshape(b_shape), -1, j)]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        axes = self.axes if isinstance(self.axes, int) else list(self.axes)
        return {**super().get_config(), "axes": axes, "normalize": self.normalize}


def _check_two(layer: Layer, shapes: list[Shape]) -> None:
    if len(shapes) != 2:
        raise ValueError(f"layer {layer.name!r} ({type(layer).__name__}) takes two inputs; found {len(shapes)}")
