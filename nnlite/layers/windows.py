r"""Windows sliding over positions: what convolution and pooling are made of.

An input x of shape ``(rows, *lengths, channels)`` is looked at through windows of k places each, the first at
position 0 and the next ones a stride s further on each time. With dilation d, the places within a window lie d apart,
so that a window spans :math:`(k - 1) d + 1` positions. Place j of window o is

.. math:: w_{o, j} = x_{o s + j d}

`windows` is a view: it costs no memory. Its transpose, `scatter`, adds values in windows back to the positions they
were seen at: since a position is seen through several windows, its derivative is the sum of theirs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite.layers.base import Layer, check_size
from nnlite.types import Array, Shape

PADDINGS = ("valid", "same")


def span(size: int, dilation: int) -> int:
    """Return how many positions a window reaches over."""
    return (size - 1) * dilation + 1


def padding_widths(length: int, size: int, stride: int, dilation: int, padding: str) -> tuple[int, int]:
    """Return how many zeros to put before and after an axis.

    "valid" puts none; "same" so many that there is a window for every stride, the odd one behind; "causal" all of them
    before, so that a window ends at its own position and sees nothing of the future.

    Examples
    --------
    >>> padding_widths(length=5, size=4, stride=1, dilation=1, padding="same")
    (1, 2)
    >>> padding_widths(length=5, size=4, stride=1, dilation=1, padding="causal")
    (3, 0)
    """
    if padding == "causal":
        return span(size, dilation) - 1, 0
    if padding == "valid":
        return 0, 0
    positions = -(-length // stride)
    total = max((positions - 1) * stride + span(size, dilation) - length, 0)
    return total // 2, total - total // 2


def count_windows(
    layer: Layer, length: int | None, size: int, stride: int, dilation: int, padding: str = "valid"
) -> int | None:
    """Return the number of windows along an axis; what is left over at its end is not looked at.

    Raises
    ------
    ValueError
        If not one window fits.
    """
    if length is None:
        return None
    padded = length + sum(padding_widths(length, size, stride, dilation, padding))
    if padded < span(size, dilation) or length < 1:
        raise ValueError(
            f"layer {layer.name!r} ({type(layer).__name__}) would have an empty output: its window spans "
            f"{span(size, dilation)} positions, and the input has {length}. Use a smaller window or dilation, "
            "padding='same', or longer inputs"
        )
    return (padded - span(size, dilation)) // stride + 1


def output_lengths(
    layer: Layer,
    input_shape: Sequence[int | None],
    size: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    padding: str,
) -> tuple[int | None, ...]:
    """Return `count_windows` for every axis between the rows and the channels."""
    return tuple(
        count_windows(layer, *axis, padding) for axis in zip(input_shape[1:-1], size, strides, dilation, strict=True)
    )


def all_padding_widths(
    lengths: Sequence[int], size: Sequence[int], strides: Sequence[int], dilation: Sequence[int], padding: str
) -> list[tuple[int, int]]:
    """Return `padding_widths` for every axis of ``(rows, *lengths, channels)``: none for the first and the last."""
    inner = [padding_widths(*axis, padding) for axis in zip(lengths, size, strides, dilation, strict=True)]
    return [(0, 0), *inner, (0, 0)]


def pad(x: Array, widths: Sequence[tuple[int, int]], value: float = 0.0) -> Array:
    """Return x with `value` around it; x itself where all widths are 0."""
    if not any(before or after for before, after in widths):
        return x
    return np.pad(x, widths, constant_values=value)


def crop(x: Array, widths: Sequence[tuple[int, int]]) -> Array:
    """Return x without what `pad` put around it."""
    return x[tuple(slice(before, size - after) for size, (before, after) in zip(x.shape, widths, strict=True))]


def windows(x: Array, size: Sequence[int], strides: Sequence[int], dilation: Sequence[int]) -> Array:
    """Return a view of x through its windows.

    Parameters
    ----------
    x : ndarray, shape (rows, *lengths, channels)
        At least one window long.
    size, strides, dilation : sequence of int
        One number for each length.

    Returns
    -------
    ndarray, shape (rows, *positions, *size, channels)
        Read-only: several of its places are one and the same number.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(5.0).reshape(1, 5, 1)
    >>> windows(x, size=(2,), strides=(1,), dilation=(2,))[0, :, :, 0].tolist()
    [[0.0, 2.0], [1.0, 3.0], [2.0, 4.0]]
    """
    axes = range(1, x.ndim - 1)
    spans = tuple(span(*axis) for axis in zip(size, dilation, strict=True))
    # (rows, *every position, channels, *every place in the span)
    view = np.lib.stride_tricks.sliding_window_view(x, spans, axis=tuple(axes))
    view = np.moveaxis(view, x.ndim - 1, -1)
    chosen = (slice(None), *(slice(None, None, step) for step in (*strides, *dilation)))
    return view[chosen]


def scatter(
    seen: Array, shape: tuple[int, ...], size: Sequence[int], strides: Sequence[int], dilation: Sequence[int]
) -> Array:
    """Add values in windows back to the positions they were seen at: the transpose of `windows`.

    Parameters
    ----------
    seen : ndarray, shape (rows, *positions, *size, channels)
        One value for each place of each window.
    shape : tuple of int
        Shape of x.
    size, strides, dilation : sequence of int
        As for `windows`.

    Returns
    -------
    ndarray of `shape`
        The sums.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 3, 2, 1))
    >>> scatter(ones, (1, 4, 1), size=(2,), strides=(1,), dilation=(1,))[0, :, 0].tolist()
    [1.0, 2.0, 2.0, 1.0]
    """
    x = np.zeros(shape, seen.dtype)
    positions = seen.shape[1 : 1 + len(size)]
    every = (slice(None),) * (1 + len(size))
    # One round for each place in the window; within a round no position is seen twice.
    for place in np.ndindex(*size):
        where = tuple(
            slice(j * d, j * d + (count - 1) * s + 1, s)
            for j, d, s, count in zip(place, dilation, strides, positions, strict=True)
        )
        x[every[:1] + where] += seen[every + place]
    return x


def correlate(x: Array, kernel: Array, strides: Sequence[int], dilation: Sequence[int], groups: int = 1) -> Array:
    r"""Multiply every window with the kernel: a matrix product of unrolled windows (im2col).

    .. math:: y_o = \sum_j w_{o, j} K_j = \sum_j x_{o s + j d}\, K_j

    With groups, the channels are dealt out into g equal parts, and each part of the outputs sees its own part of
    the inputs only.

    Parameters
    ----------
    x : ndarray, shape (rows, *lengths, channels)
        Padded already.
    kernel : ndarray, shape (*size, channels / groups, filters)
        K.
    strides, dilation : sequence of int
        As for `windows`.
    groups : int, default 1
        g.

    Returns
    -------
    ndarray, shape (rows, *positions, filters)
        y.
    """
    seen = windows(x, kernel.shape[:-2], strides, dilation)
    positions = seen.shape[: x.ndim - 1]
    y = _unroll(seen, len(positions), groups) @ _as_matrices(kernel, groups)
    return np.moveaxis(y, 0, 1).reshape(*positions, kernel.shape[-1])


def kernel_gradient(
    x: Array, dy: Array, kernel_shape: tuple[int, ...], strides: Sequence[int], dilation: Sequence[int], groups: int = 1
) -> Array:
    r"""Return the derivative by the kernel: :math:`dK_j = \sum_o w_{o, j}^\top dy_o`.

    Parameters
    ----------
    x : ndarray
        What `correlate` was given.
    dy : ndarray
        Derivative of the loss by what it returned.
    kernel_shape : tuple of int
        Shape of the result.
    strides, dilation, groups : int or sequence of int
        As for `correlate`.
    """
    columns = _unroll(windows(x, kernel_shape[:-2], strides, dilation), dy.ndim - 1, groups)
    dkernels = np.swapaxes(columns, 1, 2) @ _deal(dy, groups)
    return np.moveaxis(dkernels, 0, 1).reshape(kernel_shape)


def input_gradient(
    dy: Array, kernel: Array, shape: tuple[int, ...], strides: Sequence[int], dilation: Sequence[int], groups: int = 1
) -> Array:
    r"""Return the derivative by x: :math:`dw_{o, j} = dy_o K_j^\top`, scattered back to the positions.

    Parameters
    ----------
    dy : ndarray, shape (rows, *positions, filters)
        Derivative of the loss by what `correlate` returned.
    kernel : ndarray, shape (*size, channels / groups, filters)
        K.
    shape : tuple of int
        Shape of x.
    strides, dilation, groups : int or sequence of int
        As for `correlate`.
    """
    size = kernel.shape[:-2]
    dcolumns = _deal(dy, groups) @ np.swapaxes(_as_matrices(kernel, groups), 1, 2)
    places = dcolumns.reshape(groups, *dy.shape[:-1], *size, kernel.shape[-2])
    seen = np.moveaxis(places, 0, -2).reshape(*dy.shape[:-1], *size, shape[-1])
    return scatter(seen, shape, size, strides, dilation)


def _unroll(seen: Array, n_leading: int, groups: int) -> Array:
    """Turn windows into one matrix for each group: (groups, rows and positions, places and channels)."""
    count, places = math.prod(seen.shape[:n_leading]), math.prod(seen.shape[n_leading:-1])
    channels = seen.shape[-1] // groups
    parts = seen.reshape(count, places, groups, channels)
    return np.moveaxis(parts, 2, 0).reshape(groups, count, places * channels)


def _as_matrices(kernel: Array, groups: int) -> Array:
    """Turn the kernel into one matrix for each group: (groups, places and channels, filters / groups)."""
    filters = kernel.shape[-1]
    return np.moveaxis(kernel.reshape(math.prod(kernel.shape[:-1]), groups, filters // groups), 1, 0)


def _deal(y: Array, groups: int) -> Array:
    """Deal the filters out to the groups: (groups, rows and positions, filters / groups)."""
    filters = y.shape[-1]
    return np.moveaxis(y.reshape(math.prod(y.shape[:-1]), groups, filters // groups), 1, 0)


# -- arguments -----------------------------------------------------------------------------------


def per_axis(layer: Layer, argument: str, value: Any, axes: int, least: int = 1) -> tuple[int, ...]:
    """Turn one number, or one for each axis, into a tuple of them.

    Raises
    ------
    ValueError
        If there are too few or too many, or one is not a whole number of at least `least`.
    """
    values = tuple(value) if isinstance(value, (list, tuple)) else (value,) * axes
    if len(values) != axes:
        raise ValueError(
            f"{type(layer).__name__}: {argument} must be a whole number or {axes} of them; found {value!r}"
        )
    return tuple(check_size(layer, argument, one, least) for one in values)


def check_choice(layer: Layer, argument: str, value: object, choices: Sequence[Any]) -> Any:
    """Return `value` if it is one of `choices`, or raise an error that names the argument."""
    if value not in choices:
        raise ValueError(
            f"{type(layer).__name__}: {argument} must be one of {', '.join(map(repr, choices))}; found {value!r}"
        )
    return value


def check_padding(layer: Layer, padding: str, choices: Sequence[str]) -> str:
    """Return `padding`, in whatever letters it is written, if it is one of `choices`."""
    lowered = padding.lower() if isinstance(padding, str) else padding
    return lowered if lowered in choices else str(check_choice(layer, "padding", padding, choices))


def check_channels_last(layer: Layer, data_format: str | None) -> None:
    """Refuse any order of axes but (rows, positions, channels)."""
    check_choice(layer, "data_format", data_format, (None, "channels_last"))


def check_axes(layer: Layer, input_shape: Shape, axes: int) -> None:
    """Raise unless the input has rows, `axes` lengths and channels."""
    if len(input_shape) != axes + 2:
        lengths = "steps" if axes == 1 else "height, width"
        raise ValueError(
            f"layer {layer.name!r} ({type(layer).__name__}) takes input of shape (rows, {lengths}, channels); "
            f"found shape {tuple(input_shape)}"
        )
