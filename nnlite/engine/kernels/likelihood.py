"""Negative log-likelihoods, sums over a whole record, with their slopes.

Fields: y, p, dp or 0, weights or 0, features, positions, ld, what a record counts for, whether that is divided by the
number of records, total, work memory of ld, two constants.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from nnlite.engine.batch_state import BATCH, ROWS
from nnlite.engine.codegen import elementary
from nnlite.engine.codegen.pointers import as_number, as_pointer, like, shift
from nnlite.engine.codegen.scalars import select
from nnlite.engine.kernels.activation import clear_pads

_LN_2PI = 1.8378770664093453
_summing = njit(fastmath={"contract", "reassoc", "nsz"}, error_model="numpy")


def gaussian(op: Any, state: Any, zero: Any) -> None:
    """Compute that of Gaussians of one variance; constants: the inverse of the variance, its logarithm."""
    ld, rows = op[6], state[ROWS]
    scales = _write_scales(op, state, zero)
    inverse, log_variance = like(zero, as_number(op[11])), like(zero, as_number(op[12]))
    total = 0.0
    for j in range(op[4] * op[5]):
        y, mean = shift(as_pointer(op[0], zero), j * ld), shift(as_pointer(op[1], zero), j * ld)
        total += _value(y, mean, scales, rows, inverse, log_variance, zero)
        if op[2] != 0:
            dmean = shift(as_pointer(op[2], zero), j * ld)
            for i in range(rows):
                dmean[i] = (mean[i] - y[i]) * inverse * scales[i]
    if op[2] != 0:
        clear_pads(as_pointer(op[2], zero), op[4] * op[5], ld, state, zero)
    _collect(op, state, total)


def gaussian_of_learned_variance(op: Any, state: Any, zero: Any) -> None:
    """Compute that of Gaussians whose log variances stand behind the means; constant: their least logarithm."""
    features, ld, rows = op[4], op[6], state[ROWS]
    scales, least = _write_scales(op, state, zero), like(zero, as_number(op[11]))
    total = 0.0
    for t in range(op[5]):
        for j in range(features):
            y = shift(as_pointer(op[0], zero), (t * features + j) * ld)
            mean = shift(as_pointer(op[1], zero), (2 * t * features + j) * ld)
            log_variance = shift(mean, features * ld)
            total += _value_of_two(y, mean, log_variance, scales, rows, least, zero)
            if op[2] != 0:
                dmean = shift(as_pointer(op[2], zero), (2 * t * features + j) * ld)
                _slopes(y, mean, log_variance, scales, dmean, shift(dmean, features * ld), rows, least)
    if op[2] != 0:
        clear_pads(as_pointer(op[2], zero), 2 * features * op[5], ld, state, zero)
    _collect(op, state, total)


@njit(error_model="numpy")
def _write_scales(op: Any, state: Any, zero: Any) -> Any:
    scales, weights = as_pointer(op[10], zero), as_pointer(op[3], zero)
    whole = like(zero, as_number(op[7]) / state[BATCH] if op[8] else as_number(op[7]))
    for i in range(state[ROWS]):
        scales[i] = weights[i] * whole if op[3] != 0 else whole
    return scales


@njit(error_model="numpy")
def _collect(op: Any, state: Any, total: Any) -> None:
    place = as_pointer(op[9], 0.0)
    place[0] += total * state[BATCH]


@_summing
def _value(y: Any, mean: Any, scales: Any, rows: Any, inverse: Any, log_variance: Any, zero: Any) -> Any:
    total = zero
    for i in range(rows):
        error = y[i] - mean[i]
        total += (error * error * inverse + log_variance + like(zero, _LN_2PI)) * scales[i]
    return total * like(zero, 0.5)


@_summing
def _value_of_two(y: Any, mean: Any, log_variance: Any, scales: Any, rows: Any, least: Any, zero: Any) -> Any:
    total = zero
    for i in range(rows):
        error, v = y[i] - mean[i], select(log_variance[i] > least, log_variance[i], least)
        total += (error * error * elementary.exp(-v) + v + like(zero, _LN_2PI)) * scales[i]
    return total * like(zero, 0.5)


@njit(fastmath={"contract"}, error_model="numpy")
def _slopes(
    y: Any, mean: Any, log_variance: Any, scales: Any, dmean: Any, dlog_variance: Any, rows: Any, least: Any
) -> None:
    for i in range(rows):
        v = select(log_variance[i] > least, log_variance[i], least)
        dmean[i] = (mean[i] - y[i]) * elementary.exp(-v)
    for i in range(rows):
        slope = (like(least, 1.0) - dmean[i] * (mean[i] - y[i])) * like(least, 0.5)
        dlog_variance[i] = select(log_variance[i] > least, slope, like(least, 0.0)) * scales[i]
    for i in range(rows):
        dmean[i] *= scales[i]
