"""An activation function with weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite import initializers, regularizers
from nnlite.layers.arguments import known_size, set_constraints
from nnlite.layers.base import Layer
from nnlite.registry import serialize, serialize_optional
from nnlite.types import Array, Shape


class PReLU(Layer):
    r"""Rectified linear unit whose slope for negative inputs is learned.

    .. math:: y = \max(x, 0) + \alpha \min(x, 0), \qquad
              dx = dy \cdot \begin{cases} 1 & x > 0 \\ \alpha & x \le 0 \end{cases}, \qquad
              d\alpha = \sum dy\, \min(x, 0)

    Parameters
    ----------
    alpha_initializer : str or Initializer, default "zeros"
        Initial slopes.
    alpha_regularizer : str or Regularizer, optional
        Penalty on the slopes.
    alpha_constraint : str or Constraint, optional
        Constraint on the slopes.
    shared_axes : sequence of int, optional
        Axes along which all inputs share a slope, counted from 1; (1, 2) gives one slope for each channel of images.
    **settings
        See `Layer`.

    References
    ----------
    He et al., "Delving deep into rectifiers", ICCV 2015.

    Examples
    --------
    >>> import numpy as np
    >>> PReLU(alpha_initializer="ones")(np.array([[-2.0, 3.0]])).tolist()
    [[-2.0, 3.0]]
    """

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        set_constraints(self, alpha_constraint=alpha_constraint)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.shared_axes = None if shared_axes is None else np.atleast_1d(shared_axes).tolist()

    def build(self, input_shape: Shape) -> Shape:
        """Declare the slopes."""
        shared = [axis % len(input_shape) for axis in self.shared_axes or ()]
        shape = tuple(
            1 if axis in shared else known_size(self, input_shape, axis) for axis in range(1, len(input_shape))
        )
        self.alpha = self.add_weight("alpha", shape, self.alpha_initializer, self.alpha_regularizer)
        return input_shape

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Array]:  # noqa: ARG002
        """Compute y."""
        return np.maximum(x, 0) + self.alpha.value * np.minimum(x, 0), x

    def backward(self, dy: Array, cache: Array) -> Array:
        """Write the gradient of the slopes; return dx."""
        x = cache
        slopes = dy * np.minimum(x, 0)
        shared = tuple(axis for axis, size in enumerate(self.alpha.shape, start=1) if size == 1)
        self.alpha.gradient[...] = slopes.sum(axis=(0, *shared), keepdims=True).reshape(self.alpha.shape)
        return np.where(x > 0, dy, dy * self.alpha.value)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "alpha_initializer": serialize(self.alpha_initializer),
            "alpha_regularizer": serialize_optional(self.alpha_regularizer),
            "shared_axes": self.shared_axes,
        }
