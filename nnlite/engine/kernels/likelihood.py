"""Negative log-likelihoods, summed over a whole record, with their gradients.

Operands: y, p, dp or 0, weights or 0, features, positions, ld, weight of a record, whether that is divided by the
number of records, total, workspace of ld, two constants, whether targets of NaN are unknown and left out.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from nnlite.engine.batch_state import BATCH_SIZE, ROWS
from nnlite.engine.codegen import elementary
from nnlite.engine.codegen.pointers import as_number, as_pointer, like, shift
from nnlite.engine.codegen.scalars import select
from nnlite.engine.kernels.activation import clear_padding

_LN_2PI = 1.8378770664093453
_summing = njit(fastmath={"contract", "reassoc", "nsz"}, error_model="numpy")


def gaussian(op: Any, state: Any, zero: Any) -> None:
    """Compute the likelihood of Gaussians of one variance; constants: the inverse of the variance, its logarithm."""
    ld, rows = op[6], state[ROWS]
    scales = _write_scales(op, state, zero)
    inverse, log_variance = like(zero, as_number(op[11])), like(zero, as_number(op[12]))
    complete, total = op[13] == 0, 0.0
    for j in range(op[4] * op[5]):
        y, mean = shift(as_pointer(op[0], zero), j * ld), shift(as_pointer(op[1], zero), j * ld)
        total += _value(y, mean, scales, rows, inverse, log_variance, complete, zero)
        if op[2] != 0:
            dmean = shift(as_pointer(op[2], zero), j * ld)
            for i in range(rows):
                gradient = (mean[i] - y[i]) * inverse
                dmean[i] = select(_is_known(y[i], complete), gradient, zero) * scales[i]
    if op[2] != 0:
        clear_padding(as_pointer(op[2], zero), op[4] * op[5], ld, state, zero)
    _add_to_total(op, state, total)


def gaussian_of_learned_variance(op: Any, state: Any, zero: Any) -> None:
    """Compute the likelihood of Gaussians with log variances stored after the means; constant: their lower bound."""
    features, ld, rows = op[4], op[6], state[ROWS]
    scales, floor = _write_scales(op, state, zero), like(zero, as_number(op[11]))
    complete, total = op[13] == 0, 0.0
    for t in range(op[5]):
        for j in range(features):
            y = shift(as_pointer(op[0], zero), (t * features + j) * ld)
            mean = shift(as_pointer(op[1], zero), (2 * t * features + j) * ld)
            log_variance = shift(mean, features * ld)
            total += _value_learned_variance(y, mean, log_variance, scales, rows, floor, complete, zero)
            if op[2] != 0:
                dmean = shift(as_pointer(op[2], zero), (2 * t * features + j) * ld)
                dlog_variance = shift(dmean, features * ld)
                _write_gradients(y, mean, log_variance, scales, dmean, dlog_variance, rows, floor, complete)
    if op[2] != 0:
        clear_padding(as_pointer(op[2], zero), 2 * features * op[5], ld, state, zero)
    _add_to_total(op, state, total)


@njit(error_model="numpy")
def _write_scales(op: Any, state: Any, zero: Any) -> Any:
    scales, weights = as_pointer(op[10], zero), as_pointer(op[3], zero)
    scale = like(zero, as_number(op[7]) / state[BATCH_SIZE] if op[8] else as_number(op[7]))
    for i in range(state[ROWS]):
        scales[i] = weights[i] * scale if op[3] != 0 else scale
    return scales


@njit(error_model="numpy")
def _add_to_total(op: Any, state: Any, total: Any) -> None:
    accumulator = as_pointer(op[9], 0.0)
    accumulator[0] += total * state[BATCH_SIZE]


@njit(**elementary.OPTIONS)
def _is_known(y: Any, complete: Any) -> Any:
    # Only NaN differs from itself. Where NaN is no unknown target it is a fault, and must reach the loss.
    return complete | (y == y)


@_summing
def _value(y: Any, mean: Any, scales: Any, rows: Any, inverse: Any, log_variance: Any, complete: Any, zero: Any) -> Any:
    total = zero
    for i in range(rows):
        error = y[i] - mean[i]
        term = error * error * inverse + log_variance + like(zero, _LN_2PI)
        total += select(_is_known(y[i], complete), term, zero) * scales[i]
    return total * like(zero, 0.5)


@_summing
def _value_learned_variance(
    y: Any, mean: Any, log_variance: Any, scales: Any, rows: Any, floor: Any, complete: Any, zero: Any
) -> Any:
    total = zero
    for i in range(rows):
        error, v = y[i] - mean[i], select(log_variance[i] > floor, log_variance[i], floor)
        term = error * error * elementary.exp(-v) + v + like(zero, _LN_2PI)
        total += select(_is_known(y[i], complete), term, zero) * scales[i]
    return total * like(zero, 0.5)


@njit(fastmath={"contract"}, error_model="numpy")
def _write_gradients(
    y: Any,
    mean: Any,
    log_variance: Any,
    scales: Any,
    dmean: Any,
    dlog_variance: Any,
    rows: Any,
    floor: Any,
    complete: Any,
) -> None:
    nothing = like(floor, 0.0)
    for i in range(rows):
        v = select(log_variance[i] > floor, log_variance[i], floor)
        dmean[i] = (mean[i] - y[i]) * elementary.exp(-v)
    for i in range(rows):
        gradient = (like(floor, 1.0) - dmean[i] * (mean[i] - y[i])) * like(floor, 0.5)
        moves = (log_variance[i] > floor) & _is_known(y[i], complete)
        dlog_variance[i] = select(moves, gradient, nothing) * scales[i]
    for i in range(rows):
        dmean[i] = select(_is_known(y[i], complete), dmean[i], nothing) * scales[i]
