"""Batch normalization, along the batch, and layer normalization, across the features.

The formulas are those of `nnlite.layers.normalization`.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from nnlite.engine.batch_state import ROWS
from nnlite.engine.codegen.pointers import as_number, as_pointer, like, shift
from nnlite.engine.codegen.scalars import select, square_root
from nnlite.engine.kernels.activation import clear_padding

_summing = njit(fastmath={"contract", "reassoc", "nsz"}, error_model="numpy")


@_summing
def _sum(x: Any, rows: Any, zero: Any) -> Any:
    total = zero
    for i in range(rows):
        total += x[i]
    return total


@_summing
def _sum_of_squares(x: Any, center: Any, rows: Any, zero: Any) -> Any:
    total = zero
    for i in range(rows):
        total += (x[i] - center) * (x[i] - center)
    return total


@_summing
def _dot(x: Any, y: Any, rows: Any, zero: Any) -> Any:
    total = zero
    for i in range(rows):
        total += x[i] * y[i]
    return total


@_summing
def _masked_sum(x: Any, mask: Any, rows: Any, zero: Any) -> Any:
    total = zero
    for i in range(rows):
        total += select(mask[i] != zero, x[i], zero)
    return total


@_summing
def _masked_sum_of_squares(x: Any, mask: Any, center: Any, rows: Any, zero: Any) -> Any:
    total = zero
    for i in range(rows):
        total += select(mask[i] != zero, (x[i] - center) * (x[i] - center), zero)
    return total


@njit(error_model="numpy")
def _count_valid(mask: Any, stride: Any, positions: Any, rows: Any, zero: Any) -> Any:
    """Return the number of valid values of a feature; 1 if there are none, whose sums are 0."""
    total = zero
    for t in range(positions):
        total += _sum(shift(mask, t * stride), rows, zero)
    return max(total, like(zero, 1.0))


def batch_forward(op: Any, state: Any, zero: Any) -> None:
    """Normalize by the batch's statistics, and update their moving averages.

    op: x, y, normalized, deviation, gamma or 0, beta or 0, moving mean, moving variance, channels, positions, ld,
    momentum, epsilon, mask or 0, stride of the mask between positions (0: the same mask at all positions).
    """
    x, y, normalized, deviation = (
        as_pointer(op[0], zero),
        as_pointer(op[1], zero),
        as_pointer(op[2], zero),
        as_pointer(op[3], zero),
    )
    moving_mean, moving_variance = as_pointer(op[6], zero), as_pointer(op[7], zero)
    channels, positions, ld, rows = op[8], op[9], op[10], state[ROWS]
    momentum, epsilon = like(zero, as_number(op[11])), like(zero, as_number(op[12]))
    mask, masked, stride = as_pointer(op[13], zero), op[13] != 0, op[14]
    count = _count_valid(mask, stride, positions, rows, zero) if masked else like(zero, rows * positions)
    for c in range(channels):
        mean, variance = zero, zero
        for t in range(positions):
            row = shift(x, (t * channels + c) * ld)
            mean += _masked_sum(row, shift(mask, t * stride), rows, zero) if masked else _sum(row, rows, zero)
        mean /= count
        for t in range(positions):
            row = shift(x, (t * channels + c) * ld)
            if masked:
                variance += _masked_sum_of_squares(row, shift(mask, t * stride), mean, rows, zero)
            else:
                variance += _sum_of_squares(row, mean, rows, zero)
        variance /= count
        moving_mean[c] = moving_mean[c] * momentum + (like(zero, 1.0) - momentum) * mean
        moving_variance[c] = moving_variance[c] * momentum + (like(zero, 1.0) - momentum) * variance
        deviation[c] = square_root(variance + epsilon)
        scale = as_pointer(op[4], zero)[c] if op[4] != 0 else like(zero, 1.0)
        offset = as_pointer(op[5], zero)[c] if op[5] != 0 else zero
        _normalize(x, y, normalized, c, channels, positions, ld, mean, deviation[c], scale, offset)


def batch_inference(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Normalize by the moving averages. The operands are those of `batch_forward`."""
    x, y, normalized, deviation = (
        as_pointer(op[0], zero),
        as_pointer(op[1], zero),
        as_pointer(op[2], zero),
        as_pointer(op[3], zero),
    )
    moving_mean, moving_variance = as_pointer(op[6], zero), as_pointer(op[7], zero)
    channels, epsilon = op[8], like(zero, as_number(op[12]))
    for c in range(channels):
        deviation[c] = square_root(moving_variance[c] + epsilon)
        scale = as_pointer(op[4], zero)[c] if op[4] != 0 else like(zero, 1.0)
        offset = as_pointer(op[5], zero)[c] if op[5] != 0 else zero
        _normalize(x, y, normalized, c, channels, op[9], op[10], moving_mean[c], deviation[c], scale, offset)


@njit(fastmath={"contract"}, error_model="numpy")
def _normalize(
    x: Any,
    y: Any,
    normalized: Any,
    c: Any,
    channels: Any,
    positions: Any,
    ld: Any,
    mean: Any,
    deviation: Any,
    scale: Any,
    offset: Any,
) -> None:
    for t in range(positions):
        row = (t * channels + c) * ld
        source, target, normalized_row = shift(x, row), shift(y, row), shift(normalized, row)
        for i in range(ld):
            normalized_row[i] = (source[i] - mean) / deviation
        for i in range(ld):
            target[i] = normalized_row[i] * scale + offset


def batch_backward(op: Any, state: Any, zero: Any) -> None:
    """Compute dgamma, dbeta and dx.

    op: normalized, deviation, dy, dx or 0, gamma or 0, dgamma or 0, dbeta or 0, channels, positions, ld, whether the
    statistics were the batch's, mask or 0, stride of the mask between positions.
    """
    normalized, deviation = as_pointer(op[0], zero), as_pointer(op[1], zero)
    dy, dx = as_pointer(op[2], zero), as_pointer(op[3], zero)
    channels, positions, ld, rows = op[7], op[8], op[9], state[ROWS]
    mask, masked, stride = as_pointer(op[11], zero), op[11] != 0, op[12]
    count = _count_valid(mask, stride, positions, rows, zero) if masked else like(zero, rows * positions)
    for c in range(channels):
        total, products = zero, zero
        for t in range(positions):
            row = (t * channels + c) * ld
            total += _sum(shift(dy, row), rows, zero)
            products += _dot(shift(dy, row), shift(normalized, row), rows, zero)
        if op[5] != 0:
            as_pointer(op[5], zero)[c] = products
        if op[6] != 0:
            as_pointer(op[6], zero)[c] = total
        if op[3] != 0:
            scale = (as_pointer(op[4], zero)[c] if op[4] != 0 else like(zero, 1.0)) / deviation[c]
            # The gradients through the mean and the variance; none for moving averages.
            by_mean = total / count if op[10] else zero
            by_variance = products / count if op[10] else zero
            for t in range(positions):
                row = (t * channels + c) * ld
                dy_row, dx_row, normalized_row = shift(dy, row), shift(dx, row), shift(normalized, row)
                if masked:
                    _masked_gradient(
                        dy_row, dx_row, normalized_row, shift(mask, t * stride), by_mean, by_variance, scale, rows
                    )
                    continue
                for i in range(rows):
                    dx_row[i] = (dy_row[i] - by_mean - normalized_row[i] * by_variance) * scale
    if op[3] != 0:
        clear_padding(dx, channels * positions, ld, state, zero)


@njit(fastmath={"contract"}, error_model="numpy")
def _masked_gradient(
    dy: Any, dx: Any, normalized: Any, mask: Any, by_mean: Any, by_variance: Any, scale: Any, rows: Any
) -> None:
    """Write dx; only valid values contributed to the mean and the variance."""
    for i in range(rows):
        dx[i] = (dy[i] - mask[i] * (by_mean + normalized[i] * by_variance)) * scale


def layer_forward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Normalize each record's features.

    op: x, y, normalized, deviation (positions x ld), gamma or 0, beta or 0, features, positions, ld, epsilon, workspace
    of ld.
    """
    features, ld, epsilon = op[6], op[8], like(zero, as_number(op[9]))
    mean, count = as_pointer(op[10], zero), like(zero, op[6])
    for t in range(op[7]):
        x = shift(as_pointer(op[0], zero), t * features * ld)
        y = shift(as_pointer(op[1], zero), t * features * ld)
        normalized = shift(as_pointer(op[2], zero), t * features * ld)
        deviation = shift(as_pointer(op[3], zero), t * ld)
        for i in range(ld):
            mean[i], deviation[i] = zero, zero
        for j in range(features):
            row = shift(x, j * ld)
            for i in range(ld):
                mean[i] += row[i]
        for i in range(ld):
            mean[i] /= count
        for j in range(features):
            row = shift(x, j * ld)
            for i in range(ld):
                deviation[i] += (row[i] - mean[i]) * (row[i] - mean[i])
        for i in range(ld):
            deviation[i] = square_root(deviation[i] / count + epsilon)
        for j in range(features):
            row, normalized_row, target = shift(x, j * ld), shift(normalized, j * ld), shift(y, j * ld)
            scale = as_pointer(op[4], zero)[j] if op[4] != 0 else like(zero, 1.0)
            offset = as_pointer(op[5], zero)[j] if op[5] != 0 else zero
            for i in range(ld):
                normalized_row[i] = (row[i] - mean[i]) / deviation[i]
            for i in range(ld):
                target[i] = normalized_row[i] * scale + offset


def layer_backward(op: Any, state: Any, zero: Any) -> None:
    """Compute dgamma, dbeta and dx.

    op: normalized, deviation, dy, dx or 0, gamma or 0, dgamma or 0, dbeta or 0, features, positions, ld, workspace
    of 2 ld.
    """
    features, positions, ld, rows = op[7], op[8], op[9], state[ROWS]
    by_mean, by_variance = as_pointer(op[10], zero), shift(as_pointer(op[10], zero), op[9])
    count, one = like(zero, op[7]), like(zero, 1.0)
    for j in range(features):
        total, products = zero, zero
        for t in range(positions):
            row = (t * features + j) * ld
            total += _sum(shift(as_pointer(op[2], zero), row), rows, zero)
            products += _dot(shift(as_pointer(op[2], zero), row), shift(as_pointer(op[0], zero), row), rows, zero)
        if op[5] != 0:
            as_pointer(op[5], zero)[j] = products
        if op[6] != 0:
            as_pointer(op[6], zero)[j] = total
    if op[3] == 0:
        return
    for t in range(positions):
        normalized = shift(as_pointer(op[0], zero), t * features * ld)
        deviation = shift(as_pointer(op[1], zero), t * ld)
        dy = shift(as_pointer(op[2], zero), t * features * ld)
        dx = shift(as_pointer(op[3], zero), t * features * ld)
        for i in range(rows):
            by_mean[i], by_variance[i] = zero, zero
        for j in range(features):
            scale = as_pointer(op[4], zero)[j] if op[4] != 0 else one
            dy_row, normalized_row = shift(dy, j * ld), shift(normalized, j * ld)
            for i in range(rows):
                by_mean[i] += dy_row[i] * scale
                by_variance[i] += dy_row[i] * scale * normalized_row[i]
        for i in range(rows):
            by_mean[i] /= count
            by_variance[i] /= count
        for j in range(features):
            scale = as_pointer(op[4], zero)[j] if op[4] != 0 else one
            dy_row, normalized_row, dx_row = shift(dy, j * ld), shift(normalized, j * ld), shift(dx, j * ld)
            for i in range(rows):
                dx_row[i] = (dy_row[i] * scale - by_mean[i] - normalized_row[i] * by_variance[i]) / deviation[i]
        clear_padding(dx, features, ld, state, zero)
