"""Normalization of records over groups of channels, and of vectors to norm 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite.initializers import Initializer
from nnlite.layers.arguments import as_axes, known_size
from nnlite.layers.base import Layer
from nnlite.layers.normalization import NormalizationLayer
from nnlite.regularizers import Regularizer
from nnlite.types import Array, Shape
from nnlite.validation import check_argument, integer


class GroupNormalization(NormalizationLayer):
    r"""Normalize each record over groups of its channels.

    .. math::

        \hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}, \qquad y = \gamma \hat x + \beta, \qquad
        dx = \frac{d\hat x - \overline{d\hat x} - \hat x\, \overline{d\hat x\, \hat x}}{\sqrt{\sigma^2 + \epsilon}}

    with mean, variance and overlined means over all positions of one group of channels of one record.

    Parameters
    ----------
    groups : int, default 32
        Number of groups; -1 for one for each channel.
    axis : int, default -1
        Axis of the channels.
    epsilon : float, default 0.001
        Small number added to the variance.
    center, scale : bool, default True
        Whether the layer has :math:`\beta` and :math:`\gamma`, a value for each channel.
    beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer : object
        As for `LayerNormalization`.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If the channels cannot be divided into as many groups.

    References
    ----------
    Wu & He, "Group normalization", ECCV 2018.

    Examples
    --------
    >>> import numpy as np
    >>> GroupNormalization(2, epsilon=0.0)(np.array([[1.0, 3.0, 10.0, 30.0]])).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: str | Initializer = "zeros",
        gamma_initializer: str | Initializer = "ones",
        beta_regularizer: str | Regularizer | None = None,
        gamma_regularizer: str | Regularizer | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            **settings,
        )
        if groups != -1:
            check_argument(self, "groups", groups, integer(least=1))
        self.groups = groups
        self.axis = axis

    def build(self, input_shape: Shape) -> Shape:
        """Declare gamma and beta, a value for each channel."""
        channels = known_size(self, input_shape, self.axis)
        groups = channels if self.groups == -1 else self.groups
        if groups < 1 or channels % groups:
            raise ValueError(
                f"layer {self.name!r} (GroupNormalization): the number of channels must be a multiple of groups; "
                f"found {channels} channels and groups={self.groups}"
            )
        self._add_scale_and_shift((channels,))
        return input_shape

    def _divided(self, x: Array) -> tuple[Array, tuple[int, ...]]:
        """Return x with its channels last and divided into groups, and the axes of a mean."""
        rows = np.moveaxis(x, self.axis, -1)
        groups = rows.shape[-1] if self.groups == -1 else self.groups
        # Not -1, which NumPy cannot tell for no rows at all, as when a model is built from a file.
        divided = rows.reshape(*rows.shape[:-1], groups, rows.shape[-1] // groups)
        return divided, (*range(1, divided.ndim - 2), divided.ndim - 1)

    def _joined(self, divided: Array, shape: tuple[int, ...]) -> Array:
        """Undo `_divided`."""
        moved = tuple(np.moveaxis(np.empty(shape, bool), self.axis, -1).shape)
        return np.moveaxis(divided.reshape(moved), -1, self.axis)

    def _channels(self, x: Array) -> tuple[int, ...]:
        return tuple(size if axis == self.axis % x.ndim else 1 for axis, size in enumerate(x.shape))

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Normalize each group of each record."""
        divided, axes = self._divided(x)
        deviation = self._deviation(x, divided.var(axis=axes, keepdims=True))
        x_hat = (divided - divided.mean(axis=axes, keepdims=True)) / deviation
        whole = self._joined(x_hat, x.shape)
        return self._scale_and_shift(whole, self._channels(x)), (whole, deviation)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Write dgamma and dbeta; return dx."""
        x_hat, deviation = cache
        self._write_gradients(dy, x_hat, tuple(axis for axis in range(dy.ndim) if axis != self.axis % dy.ndim))
        dx_hat = dy * self.gamma.value.reshape(self._channels(dy)) if self.scale else dy
        divided, axes = self._divided(dx_hat)
        return self._joined(self._backward_to_x(divided, self._divided(x_hat)[0], deviation, axes), dy.shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "groups": self.groups, "axis": self.axis}


class UnitNormalization(Layer):
    r"""Scale vectors to norm 1.

    .. math:: y = \frac{x}{\lVert x \rVert}, \qquad dx = \frac{dy - y\, (y \cdot dy)}{\lVert x \rVert}

    Parameters
    ----------
    axis : int or sequence of int, default -1
        Axes of the vectors.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> UnitNormalization()(np.array([[3.0, 4.0]])).round(3).tolist()
    [[0.6, 0.8]]
    """

    def __init__(self, axis: int | Sequence[int] = -1, **settings: Any) -> None:
        super().__init__(**settings)
        self.axis = as_axes(self, axis)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute y; a vector of zeros stays one."""
        squares = np.square(x).sum(axis=self._axes(), keepdims=True)
        norm = np.sqrt(np.maximum(squares, x.dtype.type(1e-12)))
        y = x / norm
        return y, (y, norm)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dx."""
        y, norm = cache
        dx: Array = (dy - y * (y * dy).sum(axis=self._axes(), keepdims=True)) / norm
        return dx

    def _axes(self) -> Any:
        return self.axis if isinstance(self.axis, int) else tuple(self.axis)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "axis": self.axis}
