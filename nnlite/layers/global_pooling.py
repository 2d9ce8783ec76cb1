"""Global pooling: the mean or the maximum over all positions, one number per channel."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from nnlite.layers.base import Layer
from nnlite.layers.channels import either_format, set_data_format
from nnlite.layers.windows import check_axes
from nnlite.types import Array, Shape


class _GlobalPooling(Layer):
    supports_masking = False
    axes: ClassVar[int]

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **settings: Any) -> None:
        super().__init__(**settings)
        set_data_format(self, data_format)
        self.keepdims = keepdims
        self._pooled = tuple(range(1, 1 + self.axes))

    def build(self, input_shape: Shape) -> Shape:
        """Check that there are positions to pool."""
        check_axes(self, input_shape, self.axes)
        if 0 in input_shape[1:-1]:
            raise ValueError(f"layer {self.name!r} has nothing to pool in input of shape {tuple(input_shape)}")
        ones = (1,) * self.axes if self.keepdims else ()
        return (input_shape[0], *ones, input_shape[-1])

    def _expanded(self, dy: Array) -> Array:
        """Return dy with the pooled axes as axes of size 1."""
        return dy if self.keepdims else np.expand_dims(dy, self._pooled)

    def compute_mask(self, x: Any, mask: Any = None, y: Any = None) -> None:  # noqa: ARG002
        """Return None: the output has no steps."""
        return

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "keepdims": self.keepdims}


class _GlobalAveragePooling(_GlobalPooling):
    def forward(self, x: Array, training: bool = False, mask: Array | None = None) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute the mean over all positions, or over the valid ones."""
        if mask is None:
            weight = np.full((1,) * x.ndim, 1 / math.prod(x.shape[1:-1]), x.dtype)
        else:
            valid = mask.reshape(*mask.shape, *(1,) * (x.ndim - mask.ndim)).astype(x.dtype)
            weight = valid / np.maximum(valid.sum(axis=self._pooled, keepdims=True), 1)
        return (x * weight).sum(axis=self._pooled, keepdims=self.keepdims), (weight, x.shape)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dx: dy / T for each of the T positions."""
        weight, shape = cache
        return np.broadcast_to(self._expanded(dy) * weight, shape).copy()


class _GlobalMaxPooling(_GlobalPooling):
    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute y, the maximum over all positions."""
        y = x.max(axis=self._pooled, keepdims=True)
        is_maximum = (x == y).astype(x.dtype)
        # A NaN is the maximum, but not equal to itself: no position is then.
        weight = is_maximum / np.maximum(is_maximum.sum(axis=self._pooled, keepdims=True), 1)
        return (y if self.keepdims else y.squeeze(self._pooled)), weight

    def backward(self, dy: Array, cache: Array) -> Array:
        """Return dx: dy / n at the n positions of the maximum, else 0."""
        return self._expanded(dy) * cache


@either_format
class GlobalAveragePooling1D(_GlobalAveragePooling):
    r"""Mean over all steps of a series, channel by channel.

    .. math:: y = \frac1T \sum_t x_t, \qquad dx_t = \frac{dy}{T}

    Masked steps are excluded from the sum and from T. If all steps are masked, the mean is 0.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        The only supported order of axes: (rows, steps, channels).
    keepdims : bool, default False
        Whether to keep the axis of steps, with size 1.
    **settings
        See `Layer`.

    References
    ----------
    Lin, Chen & Yan, "Network in network", ICLR 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import GlobalAveragePooling1D
    >>> GlobalAveragePooling1D()(np.array([[[1.0], [3.0]]])).tolist()
    [[2.0]]
    """

    supports_masking = True

    axes = 1
    takes_mask = True


@either_format
class GlobalAveragePooling2D(_GlobalAveragePooling):
    """Mean over all pixels of an image, channel by channel.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        The only supported order of axes: (rows, height, width, channels).
    keepdims : bool, default False
        Whether to keep height and width, with size 1.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import GlobalAveragePooling2D
    >>> GlobalAveragePooling2D(keepdims=True)(np.ones((3, 4, 4, 2))).shape
    (3, 1, 1, 2)
    """

    axes = 2


@either_format
class GlobalMaxPooling1D(_GlobalMaxPooling):
    r"""Maximum over all steps of a series, channel by channel.

    .. math:: y = \max_t x_t, \qquad dx_t = \frac{dy}{n} \text{ at the n steps where } x_t = y, \text{ else } 0

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        The only supported order of axes: (rows, steps, channels).
    keepdims : bool, default False
        Whether to keep the axis of steps, with size 1.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import GlobalMaxPooling1D
    >>> GlobalMaxPooling1D()(np.array([[[1.0], [3.0]]])).tolist()
    [[3.0]]
    """

    axes = 1


@either_format
class GlobalMaxPooling2D(_GlobalMaxPooling):
    """Maximum over all pixels of an image, channel by channel.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        The only supported order of axes: (rows, height, width, channels).
    keepdims : bool, default False
        Whether to keep height and width, with size 1.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import GlobalMaxPooling2D
    >>> GlobalMaxPooling2D()(np.arange(8.0).reshape(1, 2, 2, 2)).tolist()
    [[6.0, 7.0]]
    """

    axes = 2
