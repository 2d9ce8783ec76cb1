"""Penalties on weights and on activations: l1 times the sum of absolute values, l2 times the sum of squares."""

from __future__ import annotations

from typing import Any

from numba import njit

from nnlite.engine.batch_state import BATCH_SIZE, ROWS
from nnlite.engine.codegen.pointers import as_number, as_pointer, like, shift


@njit(fastmath={"contract", "reassoc", "nsz"}, error_model="numpy")
def _penalty(x: Any, n: Any, l1: Any, l2: Any, zero: Any) -> Any:
    sizes, squares = zero, zero
    for i in range(n):
        sizes += abs(x[i])
        squares += x[i] * x[i]
    return l1 * sizes + l2 * squares


@njit(fastmath={"contract"}, error_model="numpy")
def _add_gradient(x: Any, dx: Any, n: Any, l1: Any, l2: Any, zero: Any) -> None:
    for i in range(n):
        sign = l1 if x[i] > zero else (-l1 if x[i] < zero else zero)
        dx[i] += sign + like(zero, 2.0) * l2 * x[i]


def weight(op: Any, state: Any, zero: Any) -> None:
    """Add the penalty on a weight, and its gradient. op: W, dW or 0, length, l1, l2, total."""
    w, l1, l2 = as_pointer(op[0], zero), as_number(op[3]), as_number(op[4])
    accumulator = as_pointer(op[5], 0.0)
    accumulator[0] += _penalty(w, op[2], l1, l2, zero) * state[BATCH_SIZE]
    if op[1] != 0:
        _add_gradient(w, as_pointer(op[1], zero), op[2], like(zero, l1), like(zero, l2), zero)


def activity(op: Any, state: Any, zero: Any) -> None:
    """Add the penalty on activations, a mean over the records. op: y, features, ld, l1, l2, total."""
    total = 0.0
    for j in range(op[1]):
        y = shift(as_pointer(op[0], zero), j * op[2])
        total += _penalty(y, state[ROWS], as_number(op[3]), as_number(op[4]), zero)
    accumulator = as_pointer(op[5], 0.0)
    accumulator[0] += total


def activity_gradient(op: Any, state: Any, zero: Any) -> None:
    """Write the gradient of the penalty on activations; zeros in the padding. op: y, dy, features, ld, l1, l2."""
    l1, l2 = like(zero, as_number(op[4]) / state[BATCH_SIZE]), like(zero, as_number(op[5]) / state[BATCH_SIZE])
    for j in range(op[2]):
        y, dy = shift(as_pointer(op[0], zero), j * op[3]), shift(as_pointer(op[1], zero), j * op[3])
        for i in range(op[3]):
            dy[i] = zero
        _add_gradient(y, dy, state[ROWS], l1, l2, zero)
