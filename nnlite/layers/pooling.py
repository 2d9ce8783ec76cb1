"""Pooling: a window's largest value, or its mean."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from nnlite.layers.base import Layer
from nnlite.layers.convolution import Sizes
from nnlite.layers.windows import (
    PADDINGS,
    all_padding_widths,
    check_axes,
    check_channels_last,
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
    """What the poolings share: windows over each channel, one number out of each."""

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
        check_channels_last(self, data_format)
        self._adjacent = (1,) * self.axes

    def build(self, input_shape: Shape) -> Shape:
        """Check that a window fits."""
        check_axes(self, input_shape, self.axes)
        lengths = output_lengths(self, input_shape, self.pool_size, self.strides, self._adjacent, self.padding)
        return (input_shape[0], *lengths, input_shape[-1])

    def _widths(self, shape: tuple[int, ...]) -> list[tuple[int, int]]:
        self.build(shape)
        return all_padding_widths(shape[1:-1], self.pool_size, self.strides, self._adjacent, self.padding)

    def _look(self, padded: Array) -> Array:
        """Return the windows, their places along one axis: (rows, *positions, places, channels)."""
        seen = windows(padded, self.pool_size, self.strides, self._adjacent)
        return seen.reshape(*seen.shape[: 1 + self.axes], math.prod(self.pool_size), padded.shape[-1])

    def _scatter(self, dseen: Array, shape: tuple[int, ...], widths: list[tuple[int, int]]) -> Array:
        """Add the derivatives in the windows up where they belong: the transpose of padding and looking."""
        places = dseen.reshape(*dseen.shape[: 1 + self.axes], *self.pool_size, dseen.shape[-1])
        padded = tuple(size + before + after for size, (before, after) in zip(shape, widths, strict=True))
        return crop(scatter(places, padded, self.pool_size, self.strides, self._adjacent), widths)

    def compute_mask(self, x: Any, mask: Any, y: Any) -> None:  # noqa: ARG002
        """Return None: an output stands for several steps."""
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
        """Compute the largest value in each window."""
        widths = self._widths(x.shape)
        # What is padded must never be the largest.
        seen = self._look(pad(x, widths, value=-np.inf))
        largest = seen.argmax(axis=-2, keepdims=True)
        y = np.take_along_axis(seen, largest, axis=-2)[..., 0, :]
        return y, (x.shape, widths, largest)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dx: dy where the largest value was, 0 elsewhere."""
        shape, widths, largest = cache
        dseen = np.zeros((*dy.shape[:-1], math.prod(self.pool_size), dy.shape[-1]), dy.dtype)
        np.put_along_axis(dseen, largest, dy[..., np.newaxis, :], axis=-2)
        return self._scatter(dseen, shape, widths)


class _AveragePooling(_Pooling):
    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute the mean of each window's values, those that were padded left out."""
        widths = self._widths(x.shape)
        ones = np.ones_like(x[:1, ..., :1])
        count = self._look(pad(ones, widths)).sum(axis=-2)
        y = self._look(pad(x, widths)).sum(axis=-2) / count
        return y, (x.shape, widths, count)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dx: an equal share of dy for each value of a window."""
        shape, widths, count = cache
        share = (dy / count)[..., np.newaxis, :]
        dseen = np.broadcast_to(share, (*dy.shape[:-1], math.prod(self.pool_size), dy.shape[-1]))
        return self._scatter(dseen, shape, widths)


class MaxPooling1D(_MaxPooling):
    r"""Keep the largest value of each window of a series, channel by channel.

    .. math:: y_o = \max_j x_{o s + j}, \qquad dx_i = \sum_{o:\, i \text{ was the largest of window } o} dy_o

    Of several equal values the first is taken for the largest. Steps left over at the end are not looked at.

    Parameters
    ----------
    pool_size : int, default 2
        Steps in a window.
    strides : int, optional
        s, the steps from one window to the next; by default `pool_size`, so that windows lie end to end.
    padding : {"valid", "same"}, default "valid"
        "same": every step is in a window; what is padded is never the largest.
    data_format : {"channels_last"}, optional
        The one order of axes there is: (rows, steps, channels).
    name : str, optional
        Its name.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If an argument is out of its range, or not one window fits into the input.

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


class MaxPooling2D(_MaxPooling):
    """Keep the largest value of each patch of an image, channel by channel: `MaxPooling1D` along two axes.

    Parameters
    ----------
    pool_size : int or (int, int), default (2, 2)
        Height and width of a patch.
    strides : int or (int, int), optional
        By default `pool_size`.
    padding : {"valid", "same"}, default "valid"
        "same": every point is in a patch.
    data_format : {"channels_last"}, optional
        The one order of axes there is: (rows, height, width, channels).
    name : str, optional
        Its name.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If an argument is out of its range, or not one patch fits into the input.

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


class AveragePooling1D(_AveragePooling):
    r"""Replace each window of a series by its mean, channel by channel.

    .. math:: y_o = \frac1{k_o} \sum_j x_{o s + j}, \qquad dx_i = \sum_{o:\, i \text{ in window } o} \frac{dy_o}{k_o}

    where :math:`k_o` counts the values of window o that are not padding.

    Parameters
    ----------
    pool_size : int
        Steps in a window.
    strides : int, optional
        s, the steps from one window to the next; by default `pool_size`.
    padding : {"valid", "same"}, default "valid"
        "same": every step is in a window.
    data_format : {"channels_last"}, optional
        The one order of axes there is: (rows, steps, channels).
    name : str, optional
        Its name.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If an argument is out of its range, or not one window fits into the input.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import AveragePooling1D
    >>> AveragePooling1D(2, padding="same")(np.array([[[1.0], [3.0], [2.0]]])).tolist()
    [[[2.0], [2.0]]]
    """

    axes = 1


class AveragePooling2D(_AveragePooling):
    """Replace each patch of an image by its mean, channel by channel: `AveragePooling1D` along two axes.

    Parameters
    ----------
    pool_size : int or (int, int)
        Height and width of a patch.
    strides : int or (int, int), optional
        By default `pool_size`.
    padding : {"valid", "same"}, default "valid"
        "same": every point is in a patch.
    data_format : {"channels_last"}, optional
        The one order of axes there is: (rows, height, width, channels).
    name : str, optional
        Its name.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If an argument is out of its range, or not one patch fits into the input.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import AveragePooling2D
    >>> AveragePooling2D(2)(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0].tolist()
    [[2.5, 4.5], [10.5, 12.5]]
    """

    axes = 2
