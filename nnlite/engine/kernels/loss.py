"""Losses and their slopes, in one pass.

For each record i a scale is computed first: its weight, times what the output's loss counts for, divided by the
number of samples. The value that is collected is the batch's loss times its number of records, as the mean over an
epoch needs it.

Fields of all losses: y, p, dp or 0, weights or 0, features, positions, ld, factor, whether the loss is a mean, total,
work memory of 4 ld, three constants, from the weights of one position to those of the next (0: they are the same).
Metrics are the same kernels without a dp.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

from nnlite.engine.batch_state import BATCH, ROWS
from nnlite.engine.codegen import elementary
from nnlite.engine.codegen.pointers import as_number, as_pointer, like, shift
from nnlite.engine.kernels.activation import clear_pads

Kernel = Callable[[Any, Any, Any], None]
_SUMMED_AT_ONCE = 1024
"""Values that are summed as single floats before the sum goes to a double."""
# Inlined whole, as the functions they are made of: a call would keep the loop around it from being vectorised.
_function = njit(**elementary.OPTIONS)
_summing = njit(fastmath={"contract", "reassoc", "nsz"}, error_model="numpy")


@njit(error_model="numpy")
def _write_scales(scales: Any, weights: Any, weighted: Any, whole: Any, rows: Any) -> None:
    for i in range(rows):
        scales[i] = weights[i] * whole if weighted else whole


@njit(error_model="numpy")
def _whole(op: Any, state: Any, zero: Any) -> Any:
    """Return what a sample of weight 1 counts for."""
    return like(zero, as_number(op[7]) / (state[BATCH] * op[5]) if op[8] else as_number(op[7]))


def _elementwise(value: Any, slope: Any) -> Kernel:
    """Make the kernel of a loss that is a mean over the features of value(y, p), with slope(y, p)."""

    @_summing
    def weighted_value(y: Any, p: Any, scales: Any, count: Any, a: Any, b: Any, c: Any, zero: Any) -> Any:
        total = zero
        for i in range(count):
            total += value(y[i], p[i], a, b, c) * scales[i]
        return total

    @_summing
    def plain_value(y: Any, p: Any, count: Any, a: Any, b: Any, c: Any, zero: Any) -> Any:
        total = zero
        for i in range(count):
            total += value(y[i], p[i], a, b, c)
        return total

    def kernel(op: Any, state: Any, zero: Any) -> None:
        features, ld, rows = op[4] * op[5], op[6], state[ROWS]
        scales, weighted = as_pointer(op[10], zero), op[3] != 0
        whole = like(zero, _whole(op, state, zero) / op[4])
        a, b, c = like(zero, as_number(op[11])), like(zero, as_number(op[12])), like(zero, as_number(op[13]))
        y, p, dp = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero)
        # A feature at a time, as pads are left out; several where there are none and all records count the same.
        at_once = max(_SUMMED_AT_ONCE // ld, 1) if rows == ld and not weighted else 1
        total = 0.0
        for j in range(0, features, at_once):
            if weighted and j % op[4] == 0:
                _write_scales(scales, shift(as_pointer(op[3], zero), j // op[4] * op[14]), True, whole, rows)
            count = rows if at_once == 1 else min(at_once, features - j) * ld
            y_row, p_row, dp_row = shift(y, j * ld), shift(p, j * ld), shift(dp, j * ld)
            if weighted:
                total += weighted_value(y_row, p_row, scales, count, a, b, c, zero)
            else:
                total += plain_value(y_row, p_row, count, a, b, c, zero) * whole
            if op[2] != 0 and weighted:
                for i in range(count):
                    dp_row[i] = slope(y_row[i], p_row[i], a, b, c) * scales[i]
            elif op[2] != 0:
                for i in range(count):
                    dp_row[i] = slope(y_row[i], p_row[i], a, b, c) * whole
        if op[2] != 0:
            clear_pads(dp, features, ld, state, zero)
        place = as_pointer(op[9], 0.0)
        place[0] += total * state[BATCH]

    return kernel


@_function
def _squared(y: Any, p: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return (p - y) * (p - y)


@_function
def _squared_slope(y: Any, p: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return (p - y) * like(y, 2.0)


@_function
def _absolute(y: Any, p: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return abs(p - y)


@_function
def _absolute_slope(y: Any, p: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return like(y, 1.0) if p > y else (like(y, -1.0) if p < y else p - y)


@_function
def _huber(y: Any, p: Any, delta: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    size = abs(p - y)
    half = like(y, 0.5)
    return size * size * half if size <= delta else delta * size - delta * delta * half


@_function
def _huber_slope(y: Any, p: Any, delta: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return min(max(p - y, -delta), delta)


@_function
def _binary(y: Any, p: Any, keep: Any, move: Any, nearest: Any) -> Any:
    one = like(y, 1.0)
    label, q = y * keep + move, min(max(p, nearest), one - nearest)
    return -(label * elementary.log(q) + (one - label) * elementary.log(one - q))


@_function
def _binary_slope(y: Any, p: Any, keep: Any, move: Any, nearest: Any) -> Any:
    one = like(y, 1.0)
    label, q = y * keep + move, min(max(p, nearest), one - nearest)
    return (q - label) / (q * (one - q)) if q == p else like(y, 0.0)


@_function
def _binary_logits(y: Any, z: Any, keep: Any, move: Any, c: Any) -> Any:  # noqa: ARG001
    return elementary.softplus(z) - z * (y * keep + move)


@_function
def _binary_logits_slope(y: Any, z: Any, keep: Any, move: Any, c: Any) -> Any:  # noqa: ARG001
    return elementary.sigmoid(z) - (y * keep + move)


mean_squared_error = _elementwise(_squared, _squared_slope)
mean_absolute_error = _elementwise(_absolute, _absolute_slope)
huber = _elementwise(_huber, _huber_slope)
binary_crossentropy = _elementwise(_binary, _binary_slope)
binary_crossentropy_logits = _elementwise(_binary_logits, _binary_logits_slope)


def categorical_crossentropy(op: Any, state: Any, zero: Any) -> None:
    """Compute the cross-entropy of shares; constants: what smoothing keeps of labels and adds to them, least share."""
    features, ld, rows = op[4], op[6], state[ROWS]
    scales = as_pointer(op[10], zero)
    whole = _whole(op, state, zero)
    total, value, dot = shift(scales, ld), shift(scales, 2 * ld), shift(scales, 3 * ld)
    keep, move, least = like(zero, as_number(op[11])), like(zero, as_number(op[12])), like(zero, as_number(op[13]))
    most = like(zero, 1.0) - least
    for position in range(op[5]):
        _write_scales(scales, shift(as_pointer(op[3], zero), position * op[14]), op[3] != 0, whole, rows)
        y = shift(as_pointer(op[0], zero), position * features * ld)
        p = shift(as_pointer(op[1], zero), position * features * ld)
        dp = shift(as_pointer(op[2], zero), position * features * ld)
        for i in range(rows):
            total[i], value[i], dot[i] = zero, zero, zero
        for j in range(features):
            for i in range(rows):
                total[i] += p[j * ld + i]
        for j in range(features):
            for i in range(rows):
                label, q = y[j * ld + i] * keep + move, p[j * ld + i] / total[i]
                inside = min(max(q, least), most)
                value[i] -= label * elementary.log(inside)
                dot[i] -= label / inside * q if inside == q else zero
        _collect(op[9], value, scales, rows, state[BATCH], zero)
        if op[2] != 0:
            for j in range(features):
                for i in range(rows):
                    label, q = y[j * ld + i] * keep + move, p[j * ld + i] / total[i]
                    inside = min(max(q, least), most)
                    by_share = -label / inside if inside == q else zero
                    dp[j * ld + i] = (by_share - dot[i]) / total[i] * scales[i]
            clear_pads(dp, features, ld, state, zero)


def categorical_crossentropy_logits(op: Any, state: Any, zero: Any) -> None:
    """Compute the cross-entropy of logits; constants: what smoothing keeps of labels and adds to them."""
    features, ld, rows = op[4], op[6], state[ROWS]
    scales = as_pointer(op[10], zero)
    whole = _whole(op, state, zero)
    most, total, labels = shift(scales, ld), shift(scales, 2 * ld), shift(scales, 3 * ld)
    keep, move = like(zero, as_number(op[11])), like(zero, as_number(op[12]))
    for position in range(op[5]):
        _write_scales(scales, shift(as_pointer(op[3], zero), position * op[14]), op[3] != 0, whole, rows)
        y = shift(as_pointer(op[0], zero), position * features * ld)
        z = shift(as_pointer(op[1], zero), position * features * ld)
        dz = shift(as_pointer(op[2], zero), position * features * ld)
        for i in range(rows):
            most[i], total[i], labels[i] = z[i], zero, zero
        for j in range(1, features):
            for i in range(rows):
                most[i] = max(most[i], z[j * ld + i])
        for j in range(features):
            for i in range(rows):
                total[i] += elementary.exp(z[j * ld + i] - most[i])
                labels[i] += y[j * ld + i] * keep + move
        if op[2] != 0:
            for j in range(features):
                for i in range(rows):
                    q = elementary.exp(z[j * ld + i] - most[i]) / total[i]
                    dz[j * ld + i] = (q * labels[i] - (y[j * ld + i] * keep + move)) * scales[i]
            clear_pads(dz, features, ld, state, zero)
        # The value: log of the total, for every label, less what each label has of its own logit.
        for i in range(rows):
            total[i] = elementary.log(total[i]) * labels[i]
        for j in range(features):
            for i in range(rows):
                total[i] -= (z[j * ld + i] - most[i]) * (y[j * ld + i] * keep + move)
        _collect(op[9], total, scales, rows, state[BATCH], zero)


@_summing
def _collect(address: Any, values: Any, scales: Any, rows: Any, batch: Any, zero: Any) -> None:
    total = zero
    for i in range(rows):
        total += values[i] * scales[i]
    place = as_pointer(address, 0.0)
    place[0] += total * batch


def one_hot(op: Any, state: Any, zero: Any) -> None:
    """Write a one at each class number. op: numbers, labels, classes, positions, ld."""
    numbers, classes, ld, rows = as_pointer(op[0], zero), op[2], op[4], state[ROWS]
    for position in range(op[3]):
        for j in range(classes):
            labels = shift(as_pointer(op[1], zero), (position * classes + j) * ld)
            for i in range(rows):
                labels[i] = like(zero, 1.0) if numbers[position * ld + i] == j else zero
