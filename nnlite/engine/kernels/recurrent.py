"""Recurrent layers: what happens at a step beside the matrix products.

One step's gates are blocks of `size` = units x ld numbers, one behind the other: i, f, c, o of an LSTM, z, r, h of a
GRU. Every loop runs over whole blocks and touches few of them, so that the compiler can tell in a handful of
comparisons that they don't overlap, and fills the processor's vectors. Backward, what comes back overwrites the gates.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from nnlite.engine.codegen import elementary
from nnlite.engine.codegen.pointers import as_pointer, like, shift

_inner = njit(fastmath={"contract"}, error_model="numpy")


@_inner
def _sigmoid(x: Any, n: Any) -> None:
    for i in range(n):
        x[i] = elementary.sigmoid(x[i])


@_inner
def _tanh(x: Any, n: Any) -> None:
    for i in range(n):
        x[i] = elementary.tanh(x[i])


@_inner
def _copy(x: Any, y: Any, n: Any) -> None:
    for i in range(n):
        y[i] = x[i]


# -- LSTM ------------------------------------------------------------------------------------------


def lstm_forward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Open the gates. op: z becomes i, f, new, o; c before; c; g(c); h; size."""
    n = op[5]
    i, f, new, o = _four(op[0], n, zero)
    before, c, shown, h = (
        as_pointer(op[1], zero),
        as_pointer(op[2], zero),
        as_pointer(op[3], zero),
        as_pointer(op[4], zero),
    )
    _sigmoid(i, 2 * n)
    _tanh(new, n)
    _sigmoid(o, n)
    for k in range(n):
        c[k] = f[k] * before[k] + i[k] * new[k]
    _copy(c, shown, n)
    _tanh(shown, n)
    for k in range(n):
        h[k] = o[k] * shown[k]


def lstm_backward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Go back through the gates. op: i, f, new, o become dz; c before; g(c); dh; dc becomes dc before; size."""
    n, one = op[5], like(zero, 1.0)
    i, f, new, o = _four(op[0], n, zero)
    before, shown = as_pointer(op[1], zero), as_pointer(op[2], zero)
    dh, dc = as_pointer(op[3], zero), as_pointer(op[4], zero)
    for k in range(n):
        dc[k] += dh[k] * o[k] * (one - shown[k] * shown[k])
    for k in range(n):
        o[k] = dh[k] * shown[k] * (o[k] * (one - o[k]))
    for k in range(n):
        opened, value = i[k], new[k]
        i[k] = dc[k] * value * (opened * (one - opened))
        new[k] = dc[k] * opened * (one - value * value)
    for k in range(n):
        kept, d = f[k], dc[k]
        f[k] = d * before[k] * (kept * (one - kept))
        dc[k] = d * kept


@_inner
def _four(address: Any, n: Any, zero: Any) -> Any:
    first = as_pointer(address, zero)
    return first, shift(first, n), shift(first, 2 * n), shift(first, 3 * n)


# -- GRU -------------------------------------------------------------------------------------------


def gru_forward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Open the gates, r after the product with U. op: a becomes z, r, new; u; h before; h; size."""
    n = op[4]
    z, r, new = _three(op[0], n, zero)
    u, v = as_pointer(op[1], zero), shift(as_pointer(op[1], zero), 2 * n)
    for k in range(2 * n):
        z[k] += u[k]
    _sigmoid(z, 2 * n)
    for k in range(n):
        new[k] += r[k] * v[k]
    _tanh(new, n)
    _mix(z, new, as_pointer(op[2], zero), as_pointer(op[3], zero), n)


def gru_backward(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Go back. op: z, r, new become da; u becomes du; h before; dh becomes what of it goes to h before; size."""
    n, one = op[4], like(zero, 1.0)
    z, r, new = _three(op[0], n, zero)
    du, dr, v = _three(op[1], n, zero)
    before, dh = as_pointer(op[2], zero), as_pointer(op[3], zero)
    _mix_back(z, new, before, dh, du, n)
    for k in range(n):
        dr[k] = new[k] * v[k] * (r[k] * (one - r[k]))
    for k in range(n):
        v[k] = new[k] * r[k]
    _copy(du, z, 2 * n)


def gru_gates(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Open the gates z and r, r before the product. op: a's first two blocks become z, r; h before; r h; size."""
    n = op[3]
    z, r, _ = _three(op[0], n, zero)
    before, v = as_pointer(op[1], zero), as_pointer(op[2], zero)
    _sigmoid(z, 2 * n)
    for k in range(n):
        v[k] = r[k] * before[k]


def gru_state(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Make the new state. op: z, r, a's third block becomes new; h before; h; size."""
    n = op[3]
    z, _, new = _three(op[0], n, zero)
    _tanh(new, n)
    _mix(z, new, as_pointer(op[1], zero), as_pointer(op[2], zero), n)


def gru_state_back(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Go back to the gates. op: z, r, new; h before; dh becomes what of it goes there; work memory; size.

    z becomes its derivative, and so does new; r is not yet touched.
    """
    n = op[4]
    z, _, new = _three(op[0], n, zero)
    work = as_pointer(op[3], zero)
    _mix_back(z, new, as_pointer(op[1], zero), as_pointer(op[2], zero), work, n)
    _copy(work, z, n)


def gru_gates_back(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Go back through r. op: z, r becomes dr; h before; d(r h); dh before, to which a share is added; size."""
    n, one = op[4], like(zero, 1.0)
    _, r, _ = _three(op[0], n, zero)
    before, dv, dh = as_pointer(op[1], zero), as_pointer(op[2], zero), as_pointer(op[3], zero)
    for k in range(n):
        dh[k] += dv[k] * r[k]
    for k in range(n):
        r[k] = dv[k] * before[k] * (r[k] * (one - r[k]))


@_inner
def _mix(z: Any, new: Any, before: Any, h: Any, n: Any) -> None:
    """Compute h = z h_before + (1 - z) new."""
    for k in range(n):
        h[k] = z[k] * before[k] + (like(z[k], 1.0) - z[k]) * new[k]


@_inner
def _mix_back(z: Any, new: Any, before: Any, dh: Any, dz: Any, n: Any) -> None:
    """Write dz; let new become its derivative before the activation, and dh the part of it that passed by z."""
    for k in range(n):
        dz[k] = dh[k] * (before[k] - new[k]) * (z[k] * (like(z[k], 1.0) - z[k]))
    for k in range(n):
        new[k] = dh[k] * (like(z[k], 1.0) - z[k]) * (like(z[k], 1.0) - new[k] * new[k])
    for k in range(n):
        dh[k] *= z[k]


@_inner
def _three(address: Any, n: Any, zero: Any) -> Any:
    first = as_pointer(address, zero)
    return first, shift(first, n), shift(first, 2 * n)


# -- GRU with other activations ---------------------------------------------------------------------


def gru_mix(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Make the new state. op: z, r, new; h before; h; size."""
    n = op[3]
    z, _, new = _three(op[0], n, zero)
    _mix(z, new, as_pointer(op[1], zero), as_pointer(op[2], zero), n)


def gru_mix_back(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Go back to z and new. op: z, r, new; h before; dh becomes what passed by z; dz and dnew in their blocks; size."""
    n = op[4]
    z, _, new = _three(op[0], n, zero)
    dz, _, dnew = _three(op[3], n, zero)
    before, dh = as_pointer(op[1], zero), as_pointer(op[2], zero)
    for k in range(n):
        dz[k] = dh[k] * (before[k] - new[k])
    for k in range(n):
        dnew[k] = dh[k] * (like(z[k], 1.0) - z[k])
    for k in range(n):
        dh[k] *= z[k]


# -- weights ---------------------------------------------------------------------------------------


def transpose(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Write a matrix the other way round: read at every step, it is best read along its rows.

    op: source, target, rows, columns, from one row of the source to the next.
    """
    source, target, rows, columns, step = as_pointer(op[0], zero), as_pointer(op[1], zero), op[2], op[3], op[4]
    for column in range(columns):
        for row in range(rows):
            target[column * rows + row] = source[row * step + column]
