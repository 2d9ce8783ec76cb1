r"""Sliding windows, the basis of convolution and pooling.

An input x of shape ``(rows, *lengths, channels)`` has windows of k positions each. The first window begins at position
0, and each next one a stride s later. With dilation d, neighboring positions in a window are d apart, so that a window
spans :math:`(k - 1) d + 1` positions. The value at offset j in window o is

.. math:: w_{o, j} = x_{o s + j d}

`windows` returns a view, without a copy. Its transpose, `scatter`, adds the values in windows to their positions: a
position lies in several windows, so its derivative is the sum over them,

.. math:: dx_i = \sum_{o s + j d = i} dw_{o, j}
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite.layers.arguments import check_size
from nnlite.layers.base import Layer
from nnlite.types import Array, Shape
from nnlite.validation import check_argument, choice

PADDINGS = ("valid", "same")


def span(size: int, dilation: int) -> int:
    """Return the number of positions from the first to the last one of a window."""
    return (size - 1) * dilation + 1


def padding_widths(length: int, size: int, stride: int, dilation: int, padding: str) -> tuple[int, int]:
    """Return the numbers of zeros before and after an axis.

    "valid": none. "same": so many that there is a window for every stride; of an odd number, one more after the axis.
    "causal": all before the axis, so that a window ends at its own position and contains no later one.

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
    """Return the number of windows along an axis; remaining positions at its end are not used.

    Raises
    ------
    ValueError
        If the axis is shorter than one window.
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
    """Return x with `value` around it; x itself if all widths are 0."""
    if not any(before or after for before, after in widths):
        return x
    return np.pad(x, widths, constant_values=value)


def crop(x: Array, widths: Sequence[tuple[int, int]]) -> Array:
    """Return x without its margins: the transpose of `pad`."""
    return x[tuple(slice(before, size - after) for size, (before, after) in zip(x.shape, widths, strict=True))]


def windows(x: Array, size: Sequence[int], strides: Sequence[int], dilation: Sequence[int]) -> Array:
    """Return the windows of x as a view.

    Parameters
    ----------
    x : ndarray, shape (rows, *lengths, channels)
        Input, at least one window long.
    size, strides, dilation : sequence of int
        One number for each length.

    Returns
    -------
    ndarray, shape (rows, *positions, *size, channels)
        w, read-only: windows overlap, so that several elements share memory.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(5.0).reshape(1, 5, 1)
    >>> windows(x, size=(2,), strides=(1,), dilation=(2,))[0, :, :, 0].tolist()
    [[0.0, 2.0], [1.0, 3.0], [2.0, 4.0]]
    """
    axes = range(1, x.ndim - 1)
    spans = tuple(span(*axis) for axis in zip(size, dilation, strict=True))
    # (rows, *all positions, channels, *all offsets in the span)
    view = np.lib.stride_tricks.sliding_window_view(x, spans, axis=tuple(axes))
    view = np.moveaxis(view, x.ndim - 1, -1)
    chosen = (slice(None), *(slice(None, None, step) for step in (*strides, *dilation)))
    return view[chosen]


def scatter(
    dw: Array, shape: tuple[int, ...], size: Sequence[int], strides: Sequence[int], dilation: Sequence[int]
) -> Array:
    """Add the values in windows to their positions: the transpose of `windows`.

    Parameters
    ----------
    dw : ndarray, shape (rows, *positions, *size, channels)
        One value for each element of each window.
    shape : tuple of int
        Shape of x.
    size, strides, dilation : sequence of int
        As for `windows`.

    Returns
    -------
    ndarray of `shape`
        dx, the sums.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((1, 3, 2, 1))
    >>> scatter(ones, (1, 4, 1), size=(2,), strides=(1,), dilation=(1,))[0, :, 0].tolist()
    [1.0, 2.0, 2.0, 1.0]
    """
    dx = np.zeros(shape, dw.dtype)
    n_windows = dw.shape[1 : 1 + len(size)]
    every = (slice(None),) * (1 + len(size))
    # Windows overlap, but at one offset j, each window has a position of its own: i = o s + j d.
    for offset in np.ndindex(*size):
        positions = tuple(
            slice(j * d, j * d + (n - 1) * s + 1, s)
            for j, d, s, n in zip(offset, dilation, strides, n_windows, strict=True)
        )
        dx[every[:1] + positions] += dw[every + offset]
    return dx


def correlate(x: Array, kernel: Array, strides: Sequence[int], dilation: Sequence[int], groups: int = 1) -> Array:
    r"""Multiply every window by the kernel: a matrix product of unrolled windows (im2col).

    .. math:: y_o = \sum_j w_{o, j} K_j = \sum_j x_{o s + j d}\, K_j

    With g groups, channels and filters are split into g equal parts, and each part of the filters uses its own part
    of the channels only.

    Parameters
    ----------
    x : ndarray, shape (rows, *lengths, channels)
        x, after padding.
    kernel : ndarray, shape (*size, channels / groups, filters)
        K.
    strides, dilation : sequence of int
        As for `windows`.
    groups : int, default 1
        g, the number of groups.

    Returns
    -------
    ndarray, shape (rows, *positions, filters)
        y.
    """
    w = windows(x, kernel.shape[:-2], strides, dilation)
    positions = w.shape[: x.ndim - 1]
    y = _unroll(w, len(positions), groups) @ _kernel_matrices(kernel, groups)
    return np.moveaxis(y, 0, 1).reshape(*positions, kernel.shape[-1])


def kernel_gradient(
    x: Array, dy: Array, kernel_shape: tuple[int, ...], strides: Sequence[int], dilation: Sequence[int], groups: int = 1
) -> Array:
    r"""Return the derivative with respect to the kernel: :math:`dK_j = \sum_o w_{o, j}^\top dy_o`.

    Parameters
    ----------
    x : ndarray
        First argument of `correlate`.
    dy : ndarray
        Derivative of the loss with respect to its result.
    kernel_shape : tuple of int
        Shape of K.
    strides, dilation, groups : int or sequence of int
        As for `correlate`.
    """
    w = _unroll(windows(x, kernel_shape[:-2], strides, dilation), dy.ndim - 1, groups)
    dkernels = np.swapaxes(w, 1, 2) @ _split_groups(dy, groups)
    return np.moveaxis(dkernels, 0, 1).reshape(kernel_shape)


def input_gradient(
    dy: Array, kernel: Array, shape: tuple[int, ...], strides: Sequence[int], dilation: Sequence[int], groups: int = 1
) -> Array:
    r"""Return the derivative with respect to x: :math:`dw_{o, j} = dy_o K_j^\top`, added to the positions by `scatter`.

    Parameters
    ----------
    dy : ndarray, shape (rows, *positions, filters)
        Derivative of the loss with respect to the result of `correlate`.
    kernel : ndarray, shape (*size, channels / groups, filters)
        K.
    shape : tuple of int
        Shape of x.
    strides, dilation, groups : int or sequence of int
        As for `correlate`.
    """
    size = kernel.shape[:-2]
    dw = _split_groups(dy, groups) @ np.swapaxes(_kernel_matrices(kernel, groups), 1, 2)
    dw = dw.reshape(groups, *dy.shape[:-1], *size, kernel.shape[-2])
    dw = np.moveaxis(dw, 0, -2).reshape(*dy.shape[:-1], *size, shape[-1])
    return scatter(dw, shape, size, strides, dilation)


def _unroll(w: Array, n_leading: int, groups: int) -> Array:
    """Return the windows as one matrix per group: (groups, rows * positions, offsets * channels / groups)."""
    n_windows, n_offsets = math.prod(w.shape[:n_leading]), math.prod(w.shape[n_leading:-1])
    channels = w.shape[-1] // groups
    parts = w.reshape(n_windows, n_offsets, groups, channels)
    return np.moveaxis(parts, 2, 0).reshape(groups, n_windows, n_offsets * channels)


def _kernel_matrices(kernel: Array, groups: int) -> Array:
    """Return the kernel as one matrix per group: (groups, offsets * channels / groups, filters / groups)."""
    filters = kernel.shape[-1]
    return np.moveaxis(kernel.reshape(math.prod(kernel.shape[:-1]), groups, filters // groups), 1, 0)


def _split_groups(y: Array, groups: int) -> Array:
    """Return y as one matrix per group: (groups, rows * positions, filters / groups)."""
    filters = y.shape[-1]
    return np.moveaxis(y.reshape(math.prod(y.shape[:-1]), groups, filters // groups), 1, 0)


# -- arguments -----------------------------------------------------------------------------------


def per_axis(layer: Layer, argument: str, value: Any, axes: int, least: int = 1) -> tuple[int, ...]:
    """Return a tuple of one number per axis, from such a sequence or from one number for all.

    Raises
    ------
    ValueError
        If there are too few or too many numbers, or one is not a whole number of at least `least`.
    """
    values = tuple(value) if isinstance(value, (list, tuple)) else (value,) * axes
    if len(values) != axes:
        raise ValueError(
            f"{type(layer).__name__}: {argument} must be a whole number or {axes} of them; found {value!r}"
        )
    return tuple(check_size(layer, argument, one, least) for one in values)


def check_choice(layer: Layer, argument: str, value: object, choices: Sequence[Any]) -> Any:
    """Return `value` if it is one of `choices`, or raise an error that names the argument."""
    check_argument(layer, argument, value, choice(*choices))
    return value


def check_padding(layer: Layer, padding: str, choices: Sequence[str]) -> str:
    """Return `padding` in lower case if it is one of `choices`, in upper or lower case."""
    lowered = padding.lower() if isinstance(padding, str) else padding
    return lowered if lowered in choices else str(check_choice(layer, "padding", padding, choices))


def check_axes(layer: Layer, input_shape: Shape, axes: int) -> None:
    """Raise unless the input has rows, `axes` lengths and channels."""
    if len(input_shape) != axes + 2:
        lengths = "steps" if axes == 1 else "height, width"
        raise ValueError(
            f"layer {layer.name!r} ({type(layer).__name__}) takes input of shape (rows, {lengths}, channels); "
            f"found shape {tuple(input_shape)}"
        )
