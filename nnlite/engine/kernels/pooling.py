"""Pooling. The channels of a position are a block of rows: the inner loops run through whole blocks.

Sizes of windows, the last fields of each kernel: height and width of the image (a series has height 1), of the
positions of windows, of a window, of the steps between windows; by how much the first window hangs over the image's
top and left; length of a block.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from nnlite.engine.codegen.pointers import as_pointer, like, shift

_inner = njit(fastmath={"contract"}, error_model="numpy")


@_inner
def _bounds(window: Any, stride: Any, before: Any, size: Any, length: Any) -> Any:
    """Return the first position that a window sees along an axis, and the one after its last."""
    start = window * stride - before
    return max(start, 0), min(start + size, length)


@_inner
def _keep_larger(x: Any, y: Any, chosen: Any, position: Any, n: Any) -> None:
    number = like(x[0], position)
    for i in range(n):
        larger = x[i] > y[i]
        chosen[i] = number if larger else chosen[i]
        y[i] = x[i] if larger else y[i]


@_inner
def _take(x: Any, y: Any, chosen: Any, position: Any, n: Any) -> None:
    number = like(x[0], position)
    for i in range(n):
        y[i] = x[i]
        chosen[i] = number


@_inner
def _give(dx: Any, dy: Any, chosen: Any, position: Any, n: Any) -> None:
    number, nothing = like(dx[0], position), like(dx[0], 0.0)
    for i in range(n):
        dx[i] += dy[i] if chosen[i] == number else nothing


@_inner
def _add(x: Any, y: Any, n: Any) -> None:
    for i in range(n):
        y[i] += x[i]


@_inner
def _add_share(x: Any, y: Any, count: Any, n: Any) -> None:
    number = like(x[0], count)
    for i in range(n):
        y[i] += x[i] / number


@_inner
def _divide(y: Any, count: Any, n: Any) -> None:
    number = like(y[0], count)
    for i in range(n):
        y[i] /= number


def max_forward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Keep the largest, and the place in the window where it was, of equal ones the first.

    op: x, y, places, sizes of windows.
    """
    n = op[13]
    for row in range(op[5]):
        top, bottom = _bounds(row, op[9], op[11], op[7], op[3])
        for column in range(op[6]):
            left, right = _bounds(column, op[10], op[12], op[8], op[4])
            window = (row * op[6] + column) * n
            y, chosen = shift(as_pointer(op[1], zero), window), shift(as_pointer(op[2], zero), window)
            _take(shift(as_pointer(op[0], zero), (top * op[4] + left) * n), y, chosen, 0, n)
            for i in range(top, bottom):
                for j in range(left, right):
                    x = shift(as_pointer(op[0], zero), (i * op[4] + j) * n)
                    _keep_larger(x, y, chosen, (i - top) * op[8] + j - left, n)


def max_backward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Add each dy to where the largest was. op: dx, dy, places, sizes of windows."""
    n = op[13]
    for row in range(op[5]):
        top, bottom = _bounds(row, op[9], op[11], op[7], op[3])
        for column in range(op[6]):
            left, right = _bounds(column, op[10], op[12], op[8], op[4])
            window = (row * op[6] + column) * n
            dy, chosen = shift(as_pointer(op[1], zero), window), shift(as_pointer(op[2], zero), window)
            for i in range(top, bottom):
                for j in range(left, right):
                    dx = shift(as_pointer(op[0], zero), (i * op[4] + j) * n)
                    _give(dx, dy, chosen, (i - top) * op[8] + j - left, n)


def mean_forward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Compute the mean of what of a window lies within. op: x, y, sizes of windows."""
    n = op[12]
    for row in range(op[4]):
        top, bottom = _bounds(row, op[8], op[10], op[6], op[2])
        for column in range(op[5]):
            left, right = _bounds(column, op[9], op[11], op[7], op[3])
            y = shift(as_pointer(op[1], zero), (row * op[5] + column) * n)
            for k in range(n):
                y[k] = zero
            for i in range(top, bottom):
                for j in range(left, right):
                    _add(shift(as_pointer(op[0], zero), (i * op[3] + j) * n), y, n)
            _divide(y, (bottom - top) * (right - left), n)


def mean_backward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Add an equal share of each dy to all that the window saw. op: dx, dy, sizes of windows."""
    n = op[12]
    for row in range(op[4]):
        top, bottom = _bounds(row, op[8], op[10], op[6], op[2])
        for column in range(op[5]):
            left, right = _bounds(column, op[9], op[11], op[7], op[3])
            dy = shift(as_pointer(op[1], zero), (row * op[5] + column) * n)
            for i in range(top, bottom):
                for j in range(left, right):
                    dx = shift(as_pointer(op[0], zero), (i * op[3] + j) * n)
                    _add_share(dy, dx, (bottom - top) * (right - left), n)


def largest(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Keep the largest over all positions, and how often it was there. op: x, y, times, positions, length."""
    n = op[4]
    y, times = as_pointer(op[1], zero), as_pointer(op[2], zero)
    for k in range(n):
        times[k] = zero
    _take_first(as_pointer(op[0], zero), y, n)
    for t in range(1, op[3]):
        x = shift(as_pointer(op[0], zero), t * n)
        for k in range(n):
            y[k] = x[k] if x[k] > y[k] else y[k]
    for t in range(op[3]):
        x = shift(as_pointer(op[0], zero), t * n)
        for k in range(n):
            times[k] += like(zero, 1.0) if x[k] == y[k] else zero


@_inner
def _take_first(x: Any, y: Any, n: Any) -> None:
    for k in range(n):
        y[k] = x[k]


def largest_backward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Share dy among the largest. op: x, y, times, dy, dx, positions, length."""
    n = op[6]
    y, times, dy = as_pointer(op[1], zero), as_pointer(op[2], zero), as_pointer(op[3], zero)
    for t in range(op[5]):
        x, dx = shift(as_pointer(op[0], zero), t * n), shift(as_pointer(op[4], zero), t * n)
        for k in range(n):
            dx[k] = dy[k] / times[k] if x[k] == y[k] else zero
