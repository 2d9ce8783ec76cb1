"""Losses and their gradients, in one pass.

A scale is computed for each record: its weight, times the weight of the output's loss, divided by the number of
samples. The value added to the total is the batch's loss times its number of records, for the mean over an epoch.

Operands of all losses: y, p, dp or 0, weights or 0, features, positions, ld, factor, whether the loss is a mean, total,
workspace of 4 ld, three constants, stride of the weights between positions (0: the same weights at all positions).
Metrics are the same kernels without a dp.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

from nnlite.engine.batch_state import BATCH_SIZE, ROWS
from nnlite.engine.codegen import elementary
from nnlite.engine.codegen.pointers import as_number, as_pointer, like, shift
from nnlite.engine.codegen.scalars import select
from nnlite.engine.kernels.activation import clear_padding

Kernel = Callable[[Any, Any, Any], None]
_BLOCK = 1024
"""Values that are summed in the program's dtype before the sum is added to a double."""
# Inlined, like the functions that they call: a call would prevent the vectorization of the loop around it.
_inlined = njit(**elementary.OPTIONS)
_summing = njit(fastmath={"contract", "reassoc", "nsz"}, error_model="numpy")


@njit(error_model="numpy")
def _write_scales(scales: Any, weights: Any, weighted: Any, sample_weight: Any, rows: Any) -> None:
    for i in range(rows):
        scales[i] = weights[i] * sample_weight if weighted else sample_weight


@njit(error_model="numpy")
def _sample_weight(op: Any, state: Any, zero: Any) -> Any:
    """Return the weight of a sample in a batch without sample weights."""
    return like(zero, as_number(op[7]) / (state[BATCH_SIZE] * op[5]) if op[8] else as_number(op[7]))


def _elementwise(value: Any, derivative: Any) -> Kernel:
    """Return the kernel of a loss that is a mean over the features of value(y, p), with the given derivative by p."""

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
        sample_weight = like(zero, _sample_weight(op, state, zero) / op[4])
        a, b, c = like(zero, as_number(op[11])), like(zero, as_number(op[12])), like(zero, as_number(op[13]))
        y, p, dp = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[2], zero)
        # One feature at a time to leave out padding; several if there is none and all records have the same weight.
        rows_at_once = max(_BLOCK // ld, 1) if rows == ld and not weighted else 1
        total = 0.0
        for j in range(0, features, rows_at_once):
            if weighted and j % op[4] == 0:
                _write_scales(scales, shift(as_pointer(op[3], zero), j // op[4] * op[14]), True, sample_weight, rows)
            count = rows if rows_at_once == 1 else min(rows_at_once, features - j) * ld
            y_row, p_row, dp_row = shift(y, j * ld), shift(p, j * ld), shift(dp, j * ld)
            if weighted:
                total += weighted_value(y_row, p_row, scales, count, a, b, c, zero)
            else:
                total += plain_value(y_row, p_row, count, a, b, c, zero) * sample_weight
            if op[2] != 0 and weighted:
                for i in range(count):
                    dp_row[i] = derivative(y_row[i], p_row[i], a, b, c) * scales[i]
            elif op[2] != 0:
                for i in range(count):
                    dp_row[i] = derivative(y_row[i], p_row[i], a, b, c) * sample_weight
        if op[2] != 0:
            clear_padding(dp, features, ld, state, zero)
        accumulator = as_pointer(op[9], 0.0)
        accumulator[0] += total * state[BATCH_SIZE]

    return kernel


@_inlined
def _squared(y: Any, p: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return (p - y) * (p - y)


@_inlined
def _squared_derivative(y: Any, p: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return (p - y) * like(y, 2.0)


@_inlined
def _known_error(y: Any, p: Any) -> Any:
    # Only NaN differs from itself. The error is selected, not its square: sums of squares round as those of `_squared`.
    return select(y == y, p - y, like(y, 0.0))


@_inlined
def _known_squared(y: Any, p: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return _known_error(y, p) * _known_error(y, p)


@_inlined
def _known_squared_derivative(y: Any, p: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return _known_error(y, p) * like(y, 2.0)


@_inlined
def _absolute(y: Any, p: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return abs(p - y)


@_inlined
def _absolute_derivative(y: Any, p: Any, a: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return like(y, 1.0) if p > y else (like(y, -1.0) if p < y else p - y)


@_inlined
def _huber(y: Any, p: Any, delta: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    size = abs(p - y)
    half = like(y, 0.5)
    return size * size * half if size <= delta else delta * size - delta * delta * half


@_inlined
def _huber_derivative(y: Any, p: Any, delta: Any, b: Any, c: Any) -> Any:  # noqa: ARG001
    return min(max(p - y, -delta), delta)


@_inlined
def _binary(y: Any, p: Any, label_scale: Any, label_offset: Any, epsilon: Any) -> Any:
    one = like(y, 1.0)
    label, q = y * label_scale + label_offset, min(max(p, epsilon), one - epsilon)
    return -(label * elementary.log(q) + (one - label) * elementary.log(one - q))


@_inlined
def _binary_derivative(y: Any, p: Any, label_scale: Any, label_offset: Any, epsilon: Any) -> Any:
    one = like(y, 1.0)
    label, q = y * label_scale + label_offset, min(max(p, epsilon), one - epsilon)
    return (q - label) / (q * (one - q)) if q == p else like(y, 0.0)


@_inlined
def _binary_logits(y: Any, z: Any, label_scale: Any, label_offset: Any, c: Any) -> Any:  # noqa: ARG001
    return elementary.softplus(z) - z * (y * label_scale + label_offset)


@_inlined
def _binary_logits_derivative(y: Any, z: Any, label_scale: Any, label_offset: Any, c: Any) -> Any:  # noqa: ARG001
    return elementary.sigmoid(z) - (y * label_scale + label_offset)


mean_squared_error = _elementwise(_squared, _squared_derivative)
masked_mean_squared_error = _elementwise(_known_squared, _known_squared_derivative)
mean_absolute_error = _elementwise(_absolute, _absolute_derivative)
huber = _elementwise(_huber, _huber_derivative)
binary_crossentropy = _elementwise(_binary, _binary_derivative)
binary_crossentropy_logits = _elementwise(_binary_logits, _binary_logits_derivative)


def categorical_crossentropy(op: Any, state: Any, zero: Any) -> None:
    """Compute the cross-entropy of probabilities; constants: scale and offset of smoothed labels, their lower bound."""
    features, ld, rows = op[4], op[6], state[ROWS]
    scales = as_pointer(op[10], zero)
    sample_weight = _sample_weight(op, state, zero)
    total, value, dot = shift(scales, ld), shift(scales, 2 * ld), shift(scales, 3 * ld)
    label_scale, label_offset, epsilon = (
        like(zero, as_number(op[11])),
        like(zero, as_number(op[12])),
        like(zero, as_number(op[13])),
    )
    upper = like(zero, 1.0) - epsilon
    for position in range(op[5]):
        _write_scales(scales, shift(as_pointer(op[3], zero), position * op[14]), op[3] != 0, sample_weight, rows)
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
                label, q = y[j * ld + i] * label_scale + label_offset, p[j * ld + i] / total[i]
                bounded = min(max(q, epsilon), upper)
                value[i] -= label * elementary.log(bounded)
                dot[i] -= label / bounded * q if bounded == q else zero
        _add_to_total(op[9], value, scales, rows, state[BATCH_SIZE], zero)
        if op[2] != 0:
            for j in range(features):
                for i in range(rows):
                    label, q = y[j * ld + i] * label_scale + label_offset, p[j * ld + i] / total[i]
                    bounded = min(max(q, epsilon), upper)
                    by_probability = -label / bounded if bounded == q else zero
                    dp[j * ld + i] = (by_probability - dot[i]) / total[i] * scales[i]
            clear_padding(dp, features, ld, state, zero)


def categorical_crossentropy_logits(op: Any, state: Any, zero: Any) -> None:
    """Compute the cross-entropy of logits; constants: scale and offset of smoothed labels."""
    features, ld, rows = op[4], op[6], state[ROWS]
    scales = as_pointer(op[10], zero)
    sample_weight = _sample_weight(op, state, zero)
    maximum, total, labels = shift(scales, ld), shift(scales, 2 * ld), shift(scales, 3 * ld)
    label_scale, label_offset = like(zero, as_number(op[11])), like(zero, as_number(op[12]))
    for position in range(op[5]):
        _write_scales(scales, shift(as_pointer(op[3], zero), position * op[14]), op[3] != 0, sample_weight, rows)
        y = shift(as_pointer(op[0], zero), position * features * ld)
        z = shift(as_pointer(op[1], zero), position * features * ld)
        dz = shift(as_pointer(op[2], zero), position * features * ld)
        for i in range(rows):
            maximum[i], total[i], labels[i] = z[i], zero, zero
        for j in range(1, features):
            for i in range(rows):
                maximum[i] = max(maximum[i], z[j * ld + i])
        for j in range(features):
            for i in range(rows):
                total[i] += elementary.exp(z[j * ld + i] - maximum[i])
                labels[i] += y[j * ld + i] * label_scale + label_offset
        if op[2] != 0:
            for j in range(features):
                for i in range(rows):
                    q = elementary.exp(z[j * ld + i] - maximum[i]) / total[i]
                    dz[j * ld + i] = (q * labels[i] - (y[j * ld + i] * label_scale + label_offset)) * scales[i]
            clear_padding(dz, features, ld, state, zero)
        # The value: the log of the total times the labels' sum, minus the labelled logits.
        for i in range(rows):
            total[i] = elementary.log(total[i]) * labels[i]
        for j in range(features):
            for i in range(rows):
                total[i] -= (z[j * ld + i] - maximum[i]) * (y[j * ld + i] * label_scale + label_offset)
        _add_to_total(op[9], total, scales, rows, state[BATCH_SIZE], zero)


@_summing
def _add_to_total(address: Any, values: Any, scales: Any, rows: Any, batch: Any, zero: Any) -> None:
    total = zero
    for i in range(rows):
        total += values[i] * scales[i]
    accumulator = as_pointer(address, 0.0)
    accumulator[0] += total * batch


def one_hot(op: Any, state: Any, zero: Any) -> None:
    """Write one-hot labels. op: class numbers, labels, classes, positions, ld."""
    numbers, classes, ld, rows = as_pointer(op[0], zero), op[2], op[4], state[ROWS]
    for position in range(op[3]):
        for j in range(classes):
            labels = shift(as_pointer(op[1], zero), (position * classes + j) * ld)
            for i in range(rows):
                labels[i] = like(zero, 1.0) if numbers[position * ld + i] == j else zero
