"""Pooling: the maximum or the mean of each window."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from nnlite.layers.base import Layer
from nnlite.layers.channels import either_format, set_data_format
from nnlite.layers.convolution import Sizes
from nnlite.layers.windows import (
    PADDINGS,
    all_padding_widths,
    check_axes,
    check_padding,
    crop,
    output_lengths,
    pad,
    per_axis,
    scatter,
    windows,
)
from nnlite.types import Array, Shape


class _Pooling(Layer):
    """Base of the pooling layers: one number for each window of each channel."""

    supports_masking = False

    axes: ClassVar[int]

    def __init__(
        self,
        pool_size: Sizes,
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(name=name, **settings)
        self.pool_size = per_axis(self, "pool_size", pool_size, self.axes)
        self.strides = self.pool_size if strides is None else per_axis(self, "strides", strides, self.axes)
        self.padding = check_padding(self, padding, PADDINGS)
        set_data_format(self, data_format)
        self._adjacent = (1,) * self.axes

    def build(self, input_shape: Shape) -> Shape:
        """Check that the input is at least one window long."""
        check_axes(self, input_shape, self.axes)
        lengths = output_lengths(self, input_shape, self.pool_size, self.strides, self._adjacent, self.padding)
        return (input_shape[0], *lengths, input_shape[-1])

    def _widths(self, shape: tuple[int, ...]) -> list[tuple[int, int]]:
        self.build(shape)
        return all_padding_widths(shape[1:-1], self.pool_size, self.strides, self._adjacent, self.padding)

    def _windows(self, padded: Array) -> Array:
        """Return the windows, their offsets along one axis: (rows, *positions, offsets, channels)."""
        w = windows(padded, self.pool_size, self.strides, self._adjacent)
        return w.reshape(*w.shape[: 1 + self.axes], math.prod(self.pool_size), padded.shape[-1])

    def _scatter(self, dw: Array, shape: tuple[int, ...], widths: list[tuple[int, int]]) -> Array:
        """Add the derivatives of the windows to those of their positions: the transpose of `pad` and `_windows`."""
        dw = dw.reshape(*dw.shape[: 1 + self.axes], *self.pool_size, dw.shape[-1])
        padded = tuple(size + before + after for size, (before, after) in zip(shape, widths, strict=True))
        return crop(scatter(dw, padded, self.pool_size, self.strides, self._adjacent), widths)

    def compute_mask(self, x: Any, mask: Any = None, y: Any = None) -> None:  # noqa: ARG002
        """Return None: an output depends on several steps."""
        return

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "pool_size": list(self.pool_size),
            "strides": list(self.strides),
            "padding": self.padding,
        }


class _MaxPooling(_Pooling):
    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute y, the maximum of each window."""
        widths = self._widths(x.shape)
        # Padding must never be the maximum.
        w = self._windows(pad(x, widths, value=-np.inf))
        argmax = w.argmax(axis=-2, keepdims=True)
        y = np.take_along_axis(w, argmax, axis=-2)[..., 0, :]
        return y, (x.shape, widths, argmax)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dx: dy at the maximum of each window, 0 elsewhere."""
        shape, widths, argmax = cache
        dw = np.zeros((*dy.shape[:-1], math.prod(self.pool_size), dy.shape[-1]), dy.dtype)
        np.put_along_axis(dw, argmax, dy[..., np.newaxis, :], axis=-2)
        return self._scatter(dw, shape, widths)


class _AveragePooling(_Pooling):
    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute y, the mean of each window without its padding."""
        widths = self._widths(x.shape)
        ones = np.ones_like(x[:1, ..., :1])
        count = self._windows(pad(ones, widths)).sum(axis=-2)
        y = self._windows(pad(x, widths)).sum(axis=-2) / count
        return y, (x.shape, widths, count)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dx: dy / n for each of the n values of a window."""
        shape, widths, count = cache
        dmean = (dy / count)[..., np.newaxis, :]
        dw = np.broadcast_to(dmean, (*dy.shape[:-1], math.prod(self.pool_size), dy.shape[-1]))
        return self._scatter(dw, shape, widths)


@either_format
class MaxPooling1D(_MaxPooling):
    r"""Max pooling along a series: the maximum of each window, channel by channel.

    .. math:: y_o = \max_j x_{o s + j}, \qquad dx_i = \sum_{o:\, i \text{ is the maximum of window } o} dy_o

    Of several equal maxima the first one gets the derivative. Remaining steps at the end are not used.

    Parameters
    ----------
    pool_size : int, default 2
        Number of steps in a window.
    strides : int, optional
        s, the number of steps from one window to the next; by default `pool_size`, so that windows are adjacent.
    padding : {"valid", "same"}, default "valid"
        "same": every step is in a window; padding is never the maximum.
    data_format : {"channels_last", "channels_first"}, optional
        The only supported order of axes: (rows, steps, channels).
    name : str, optional
        Name of the layer.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If an argument is out of range, or the input is shorter than one window.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import MaxPooling1D
    >>> MaxPooling1D(2)(np.array([[[1.0], [3.0], [2.0], [0.0]]])).tolist()
    [[[3.0], [2.0]]]
    """

    axes = 1

    def __init__(
        self,
        pool_size: Sizes = 2,
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name, **settings)


@either_format
class MaxPooling2D(_MaxPooling):
    """Max pooling over an image: the maximum of each window, channel by channel.

    The equations are those of `MaxPooling1D`, with a position, an offset and a stride for each axis.

    Parameters
    ----------
    pool_size : int or (int, int), default (2, 2)
        Height and width of a window.
    strides : int or (int, int), optional
        Rows and columns from one window to the next; by default `pool_size`.
    padding : {"valid", "same"}, default "valid"
        "same": every pixel is in a window.
    data_format : {"channels_last", "channels_first"}, optional
        The only supported order of axes: (rows, height, width, channels).
    name : str, optional
        Name of the layer.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If an argument is out of range, or the input is smaller than one window.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import MaxPooling2D
    >>> MaxPooling2D()(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0].tolist()
    [[5.0, 7.0], [13.0, 15.0]]
    """

    axes = 2

    def __init__(
        self,
        pool_size: Sizes = (2, 2),
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name, **settings)


@either_format
class AveragePooling1D(_AveragePooling):
    r"""Average pooling along a series: the mean of each window, channel by channel.

    .. math:: y_o = \frac1{k_o} \sum_j x_{o s + j}, \qquad dx_i = \sum_{o:\, i \text{ in window } o} \frac{dy_o}{k_o}

    where :math:`k_o` is the number of steps in window o without padding.

    Parameters
    ----------
    pool_size : int
        Number of steps in a window.
    strides : int, optional
        s, the number of steps from one window to the next; by default `pool_size`.
    padding : {"valid", "same"}, default "valid"
        "same": every step is in a window.
    data_format : {"channels_last", "channels_first"}, optional
        The only supported order of axes: (rows, steps, channels).
    name : str, optional
        Name of the layer.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If an argument is out of range, or the input is shorter than one window.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import AveragePooling1D
    >>> AveragePooling1D(2, padding="same")(np.array([[[1.0], [3.0], [2.0]]])).tolist()
    [[[2.0], [2.0]]]
    """

    axes = 1


@either_format
class AveragePooling2D(_AveragePooling):
    """Average pooling over an image: the mean of each window, channel by channel.

    The equations are those of `AveragePooling1D`, with a position, an offset and a stride for each axis.

    Parameters
    ----------
    pool_size : int or (int, int)
        Height and width of a window.
    strides : int or (int, int), optional
        Rows and columns from one window to the next; by default `pool_size`.
    padding : {"valid", "same"}, default "valid"
        "same": every pixel is in a window.
    data_format : {"channels_last", "channels_first"}, optional
        The only supported order of axes: (rows, height, width, channels).
    name : str, optional
        Name of the layer.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If an argument is out of range, or the input is smaller than one window.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import AveragePooling2D
    >>> AveragePooling2D(2)(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0].tolist()
    [[2.5, 4.5], [10.5, 12.5]]
    """

    axes = 2
