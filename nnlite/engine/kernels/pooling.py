"""Pooling. The channels of a position are a block of rows: the inner loops run through whole blocks.

Geometry, the last operands of each kernel: height and width of the image (a series has height 1), number of windows
along each, size of a window, strides; padding at the top and left; length of a block.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from nnlite.engine.codegen.pointers import as_pointer, like, shift

_block_function = njit(fastmath={"contract"}, error_model="numpy")


@_block_function
def _bounds(window: Any, stride: Any, padding: Any, size: Any, length: Any) -> Any:
    """Return the first position of a window along an axis, and the one after its last."""
    start = window * stride - padding
    return max(start, 0), min(start + size, length)


@_block_function
def _keep_larger(x: Any, y: Any, indices: Any, position: Any, n: Any) -> None:
    index = like(x[0], position)
    for i in range(n):
        larger = x[i] > y[i]
        indices[i] = index if larger else indices[i]
        y[i] = x[i] if larger else y[i]


@_block_function
def _copy_and_choose(x: Any, y: Any, indices: Any, position: Any, n: Any) -> None:
    index = like(x[0], position)
    for i in range(n):
        y[i] = x[i]
        indices[i] = index


@_block_function
def _add_where_chosen(dx: Any, dy: Any, indices: Any, position: Any, n: Any) -> None:
    index, zero = like(dx[0], position), like(dx[0], 0.0)
    for i in range(n):
        dx[i] += dy[i] if indices[i] == index else zero


@_block_function
def _add(x: Any, y: Any, n: Any) -> None:
    for i in range(n):
        y[i] += x[i]


@_block_function
def _add_quotient(x: Any, y: Any, count: Any, n: Any) -> None:
    divisor = like(x[0], count)
    for i in range(n):
        y[i] += x[i] / divisor


@_block_function
def _divide(y: Any, count: Any, n: Any) -> None:
    divisor = like(y[0], count)
    for i in range(n):
        y[i] /= divisor


def max_forward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Compute the maximum of each window, and its index in the window, of equal ones the first.

    op: x, y, indices, geometry.
    """
    n = op[13]
    for row in range(op[5]):
        top, bottom = _bounds(row, op[9], op[11], op[7], op[3])
        for column in range(op[6]):
            left, right = _bounds(column, op[10], op[12], op[8], op[4])
            window = (row * op[6] + column) * n
            y, indices = shift(as_pointer(op[1], zero), window), shift(as_pointer(op[2], zero), window)
            _copy_and_choose(shift(as_pointer(op[0], zero), (top * op[4] + left) * n), y, indices, 0, n)
            for i in range(top, bottom):
                for j in range(left, right):
                    x = shift(as_pointer(op[0], zero), (i * op[4] + j) * n)
                    _keep_larger(x, y, indices, (i - top) * op[8] + j - left, n)


def max_backward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Add each dy at the position of the maximum. op: dx, dy, indices, geometry."""
    n = op[13]
    for row in range(op[5]):
        top, bottom = _bounds(row, op[9], op[11], op[7], op[3])
        for column in range(op[6]):
            left, right = _bounds(column, op[10], op[12], op[8], op[4])
            window = (row * op[6] + column) * n
            dy, indices = shift(as_pointer(op[1], zero), window), shift(as_pointer(op[2], zero), window)
            for i in range(top, bottom):
                for j in range(left, right):
                    dx = shift(as_pointer(op[0], zero), (i * op[4] + j) * n)
                    _add_where_chosen(dx, dy, indices, (i - top) * op[8] + j - left, n)


def mean_forward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Compute the mean of the positions of each window within the image. op: x, y, geometry."""
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
    """Distribute each dy equally over the positions of its window. op: dx, dy, geometry."""
    n = op[12]
    for row in range(op[4]):
        top, bottom = _bounds(row, op[8], op[10], op[6], op[2])
        for column in range(op[5]):
            left, right = _bounds(column, op[9], op[11], op[7], op[3])
            dy = shift(as_pointer(op[1], zero), (row * op[5] + column) * n)
            for i in range(top, bottom):
                for j in range(left, right):
                    dx = shift(as_pointer(op[0], zero), (i * op[3] + j) * n)
                    _add_quotient(dy, dx, (bottom - top) * (right - left), n)


def global_max_forward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Compute the maximum over all positions, and its number of ties. op: x, y, ties, positions, length."""
    n = op[4]
    y, ties = as_pointer(op[1], zero), as_pointer(op[2], zero)
    for k in range(n):
        ties[k] = zero
    _copy(as_pointer(op[0], zero), y, n)
    for t in range(1, op[3]):
        x = shift(as_pointer(op[0], zero), t * n)
        for k in range(n):
            y[k] = x[k] if x[k] > y[k] else y[k]
    for t in range(op[3]):
        x = shift(as_pointer(op[0], zero), t * n)
        for k in range(n):
            ties[k] += like(zero, 1.0) if x[k] == y[k] else zero


@_block_function
def _copy(x: Any, y: Any, n: Any) -> None:
    for k in range(n):
        y[k] = x[k]


def global_max_backward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Distribute dy equally over the ties. op: x, y, ties, dy, dx, positions, length."""
    n = op[6]
    y, ties, dy = as_pointer(op[1], zero), as_pointer(op[2], zero), as_pointer(op[3], zero)
    for t in range(op[5]):
        x, dx = shift(as_pointer(op[0], zero), t * n), shift(as_pointer(op[4], zero), t * n)
        for k in range(n):
            dx[k] = dy[k] / ties[k] if x[k] == y[k] else zero
