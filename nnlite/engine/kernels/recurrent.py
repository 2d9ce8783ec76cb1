"""Recurrent layers: the gates of one step; the matrix products are instructions of their own.

One step's gates are consecutive blocks of `size` = units x ld numbers: i, f, c, o of an LSTM, z, r, h of a GRU, where
the third is the candidate. Every loop runs over whole blocks and accesses few of them, so that the compiler can check
in a handful of comparisons that they do not overlap, and vectorizes. Backward, gradients overwrite the gates.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from nnlite.engine.codegen import elementary
from nnlite.engine.codegen.pointers import as_pointer, like, shift

_block_function = njit(fastmath={"contract"}, error_model="numpy")


@_block_function
def _sigmoid(x: Any, n: Any) -> None:
    for i in range(n):
        x[i] = elementary.sigmoid(x[i])


@_block_function
def _tanh(x: Any, n: Any) -> None:
    for i in range(n):
        x[i] = elementary.tanh(x[i])


@_block_function
def _copy(x: Any, y: Any, n: Any) -> None:
    for i in range(n):
        y[i] = x[i]


# -- LSTM ------------------------------------------------------------------------------------------


def lstm_forward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Compute the gates and the state. op: z, overwritten by i, f, candidate, o; previous c; c; g(c); h; size."""
    n = op[5]
    i, f, candidate, o = _four_gates(op[0], n, zero)
    previous, c, tanh_c, h = (
        as_pointer(op[1], zero),
        as_pointer(op[2], zero),
        as_pointer(op[3], zero),
        as_pointer(op[4], zero),
    )
    _sigmoid(i, 2 * n)
    _tanh(candidate, n)
    _sigmoid(o, n)
    for k in range(n):
        c[k] = f[k] * previous[k] + i[k] * candidate[k]
    _copy(c, tanh_c, n)
    _tanh(tanh_c, n)
    for k in range(n):
        h[k] = o[k] * tanh_c[k]


def lstm_backward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Backpropagate through the gates.

    op: i, f, candidate, o, overwritten by dz; previous c; g(c); dh; dc, overwritten by that of the previous c; size.
    """
    n, one = op[5], like(zero, 1.0)
    i, f, candidate, o = _four_gates(op[0], n, zero)
    previous, tanh_c = as_pointer(op[1], zero), as_pointer(op[2], zero)
    dh, dc = as_pointer(op[3], zero), as_pointer(op[4], zero)
    for k in range(n):
        dc[k] += dh[k] * o[k] * (one - tanh_c[k] * tanh_c[k])
    for k in range(n):
        o[k] = dh[k] * tanh_c[k] * (o[k] * (one - o[k]))
    for k in range(n):
        i_gate, candidate_value = i[k], candidate[k]
        i[k] = dc[k] * candidate_value * (i_gate * (one - i_gate))
        candidate[k] = dc[k] * i_gate * (one - candidate_value * candidate_value)
    for k in range(n):
        f_gate, dc_k = f[k], dc[k]
        f[k] = dc_k * previous[k] * (f_gate * (one - f_gate))
        dc[k] = dc_k * f_gate


@_block_function
def _four_gates(address: Any, n: Any, zero: Any) -> Any:
    first = as_pointer(address, zero)
    return first, shift(first, n), shift(first, 2 * n), shift(first, 3 * n)


# -- GRU -------------------------------------------------------------------------------------------


def gru_forward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Compute the gates, r after the product with U. op: a, overwritten by z, r, candidate; u; previous h; h; size."""
    n = op[4]
    z, r, candidate = _three_gates(op[0], n, zero)
    u, v = as_pointer(op[1], zero), shift(as_pointer(op[1], zero), 2 * n)
    for k in range(2 * n):
        z[k] += u[k]
    _sigmoid(z, 2 * n)
    for k in range(n):
        candidate[k] += r[k] * v[k]
    _tanh(candidate, n)
    _interpolate(z, candidate, as_pointer(op[2], zero), as_pointer(op[3], zero), n)


def gru_backward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Backpropagate through the gates.

    op: z, r, candidate, overwritten by da; u, overwritten by du; previous h; dh, overwritten by the part of the
    previous h's gradient that bypasses the candidate; size.
    """
    n, one = op[4], like(zero, 1.0)
    z, r, candidate = _three_gates(op[0], n, zero)
    du, dr, v = _three_gates(op[1], n, zero)
    previous, dh = as_pointer(op[2], zero), as_pointer(op[3], zero)
    _interpolate_backward(z, candidate, previous, dh, du, n)
    for k in range(n):
        dr[k] = candidate[k] * v[k] * (r[k] * (one - r[k]))
    for k in range(n):
        v[k] = candidate[k] * r[k]
    _copy(du, z, 2 * n)


def gru_gates_forward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Compute z and r, r before the product. op: two blocks of a, overwritten by z, r; previous h; r h; size."""
    n = op[3]
    z, r, _ = _three_gates(op[0], n, zero)
    previous, v = as_pointer(op[1], zero), as_pointer(op[2], zero)
    _sigmoid(z, 2 * n)
    for k in range(n):
        v[k] = r[k] * previous[k]


def gru_state_forward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Compute the state. op: z, r, third block of a, overwritten by the candidate; previous h; h; size."""
    n = op[3]
    z, _, candidate = _three_gates(op[0], n, zero)
    _tanh(candidate, n)
    _interpolate(z, candidate, as_pointer(op[1], zero), as_pointer(op[2], zero), n)


def gru_state_backward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Backpropagate through the interpolation and the candidate's activation.

    op: z, r, candidate; previous h; dh, overwritten by the part that bypasses the candidate; workspace; size.

    z and the candidate are overwritten by their gradients; r is not.
    """
    n = op[4]
    z, _, candidate = _three_gates(op[0], n, zero)
    work = as_pointer(op[3], zero)
    _interpolate_backward(z, candidate, as_pointer(op[1], zero), as_pointer(op[2], zero), work, n)
    _copy(work, z, n)


def gru_gates_backward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Backpropagate through r.

    op: z, r, of which r is overwritten by dr; previous h; d(r h); gradient of the previous h, to which r's part is
    added; size.
    """
    n, one = op[4], like(zero, 1.0)
    _, r, _ = _three_gates(op[0], n, zero)
    previous, dv, dh = as_pointer(op[1], zero), as_pointer(op[2], zero), as_pointer(op[3], zero)
    for k in range(n):
        dh[k] += dv[k] * r[k]
    for k in range(n):
        r[k] = dv[k] * previous[k] * (r[k] * (one - r[k]))


@_block_function
def _interpolate(z: Any, candidate: Any, previous: Any, h: Any, n: Any) -> None:
    """Compute h = z h_previous + (1 - z) candidate."""
    for k in range(n):
        h[k] = z[k] * previous[k] + (like(z[k], 1.0) - z[k]) * candidate[k]


@_block_function
def _interpolate_backward(z: Any, candidate: Any, previous: Any, dh: Any, dz: Any, n: Any) -> None:
    """Write dz; overwrite the candidate by its gradient before the activation, and dh by the part that bypasses it."""
    for k in range(n):
        dz[k] = dh[k] * (previous[k] - candidate[k]) * (z[k] * (like(z[k], 1.0) - z[k]))
    for k in range(n):
        candidate[k] = dh[k] * (like(z[k], 1.0) - z[k]) * (like(z[k], 1.0) - candidate[k] * candidate[k])
    for k in range(n):
        dh[k] *= z[k]


@_block_function
def _three_gates(address: Any, n: Any, zero: Any) -> Any:
    first = as_pointer(address, zero)
    return first, shift(first, n), shift(first, 2 * n)


# -- GRU with other activations ---------------------------------------------------------------------


def gru_interpolation_forward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Compute the state. op: z, r, candidate; previous h; h; size."""
    n = op[3]
    z, _, candidate = _three_gates(op[0], n, zero)
    _interpolate(z, candidate, as_pointer(op[1], zero), as_pointer(op[2], zero), n)


def gru_interpolation_backward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Backpropagate to z and the candidate.

    op: z, r, candidate; previous h; dh, overwritten by the part that bypasses the candidate; dz and dcandidate in their
    blocks; size.
    """
    n = op[4]
    z, _, candidate = _three_gates(op[0], n, zero)
    dz, _, dcandidate = _three_gates(op[3], n, zero)
    previous, dh = as_pointer(op[1], zero), as_pointer(op[2], zero)
    for k in range(n):
        dz[k] = dh[k] * (previous[k] - candidate[k])
    for k in range(n):
        dcandidate[k] = dh[k] * (like(z[k], 1.0) - z[k])
    for k in range(n):
        dh[k] *= z[k]


# -- weights ---------------------------------------------------------------------------------------


def transpose(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Transpose a matrix: each step of the loop reads it along its rows.

    op: source, target, rows, columns, stride of the source's rows.
    """
    source, target, rows, columns, stride = as_pointer(op[0], zero), as_pointer(op[1], zero), op[2], op[3], op[4]
    for column in range(columns):
        for row in range(rows):
            target[column * rows + row] = source[row * stride + column]
