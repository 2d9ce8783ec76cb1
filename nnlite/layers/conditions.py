"""Comparisons of tensors, and choices by them, as layers. What is true is 1, what is false 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.layers.base import Layer
from nnlite.layers.tensors import broadcast_shapes, sum_to_shape
from nnlite.types import Array, Shape
from nnlite.validation import check_argument, choice

COMPARISONS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")


class Compare(Layer):
    """Compare two tensors, number by number: 1 where it is true, else 0. No derivative goes through.

    Parameters
    ----------
    comparison : {"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"}
        What is compared.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers.conditions import Compare
    >>> Compare("less")([np.array([[3.0, 1.0]]), np.array([[2.0, 2.0]])]).tolist()
    [[0.0, 1.0]]
    """

    merges = True

    def __init__(self, comparison: str, **settings: Any) -> None:
        super().__init__(**settings)
        check_argument(self, "comparison", comparison, choice(*COMPARISONS))
        self.comparison = comparison

    def build(self, input_shape: list[Shape]) -> Shape:
        """Return the shape of the result."""
        return broadcast_shapes(*input_shape)

    def forward(self, x: list[Array], training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compare."""
        return np.asarray(getattr(np, self.comparison)(*x), x[0].dtype), None

    def backward(self, dy: Array, cache: Any) -> Any:  # noqa: ARG002
        """Return nothing: small changes of the numbers change no comparison."""
        return [None, None]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "comparison": self.comparison}


class Where(Layer):
    r"""Take a where a condition is not 0, else b: :math:`da = dy` there, :math:`db = dy` elsewhere.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers.conditions import Where
    >>> Where()([np.array([[1.0, 0.0]]), np.array([[3.0, 4.0]]), np.array([[5.0, 6.0]])]).tolist()
    [[3.0, 6.0]]
    """

    merges = True

    def build(self, input_shape: list[Shape]) -> Shape:
        """Return the shape of the result."""
        condition, a, b = input_shape
        return broadcast_shapes(condition, broadcast_shapes(a, b))

    def forward(self, x: list[Array], training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Choose."""
        condition, a, b = x
        return np.where(condition != 0, a, b), (condition != 0, np.shape(a), np.shape(b))

    def backward(self, dy: Array, cache: Any) -> Any:
        """Return da and db."""
        chosen, a_shape, b_shape = cache
        zero = dy.dtype.type(0)
        da, db = np.where(chosen, dy, zero), np.where(chosen, zero, dy)
        return [None, sum_to_shape(da, a_shape), sum_to_shape(db, b_shape)]
