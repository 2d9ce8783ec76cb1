"""The dense layer: three matrix products, and the sums of rows.

The batch is stored features x batch, so the textbook's z = x W + b becomes z = W^T x + b, and the backward pass is
dx = W dz, dW = x dz^T, with db the row sums of dz. Where records have several positions (time steps), the layer works
on each of them with the same weights.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from nnlite.engine.batch_state import PADDED_ROWS
from nnlite.engine.codegen.pointers import as_pointer, shift
from nnlite.engine.gemm.gemm import gemm
from nnlite.engine.gemm.gemm_sizes import ADD, NT


def product(op: Any, state: Any, zero: Any) -> None:
    """Multiply matrices. One kernel serves all three forms, since the tiles in it are the longest code of the engine.

    op: form; A, its ld, its stride between positions; the same of B; the same of C; rows, columns and depth, of which
    the one along the batch is taken from the state; start; bias or 0; positions; workspace.
    """
    form, columns, depth, start = op[0], op[11], op[12], op[13]
    work, bias = as_pointer(op[16], zero), as_pointer(op[14], zero)
    if form == NT:
        depth = state[PADDED_ROWS]
    else:
        columns = state[PADDED_ROWS]
    for position in range(op[15]):
        a = shift(as_pointer(op[1], zero), position * op[3])
        b = shift(as_pointer(op[4], zero), position * op[6])
        c = shift(as_pointer(op[7], zero), position * op[9])
        gemm(form, a, op[2], b, op[5], c, op[8], op[10], columns, depth, start, bias, work)
        if form == NT:
            # All positions share the weights, so their gradients are summed.
            start = ADD


def vector(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Compute z = W^T x + b for a single record, row by row of W. op: W, b or 0, x, z, inputs, units, positions."""
    kernel, bias, units = as_pointer(op[0], zero), as_pointer(op[1], zero), op[5]
    for position in range(op[6]):
        x = shift(as_pointer(op[2], zero), position * op[4])
        z = shift(as_pointer(op[3], zero), position * units)
        for j in range(units):
            z[j] = bias[j] if op[1] != 0 else zero
        k = 0
        while k + 4 <= op[4]:
            w = shift(kernel, k * units)
            w1, w2, w3 = shift(w, units), shift(w, 2 * units), shift(w, 3 * units)
            x0, x1, x2, x3 = x[k], x[k + 1], x[k + 2], x[k + 3]
            for j in range(units):
                z[j] += x0 * w[j] + x1 * w1[j] + x2 * w2[j] + x3 * w3[j]
            k += 4
        while k < op[4]:
            w, x0 = shift(kernel, k * units), x[k]
            for j in range(units):
                z[j] += x0 * w[j]
            k += 1


def bias_gradient(op: Any, state: Any, zero: Any) -> None:
    """Compute db, the sums of the rows of dz. op: dz, db, units, positions, ld."""
    units, ld = op[2], op[4]
    for position in range(op[3]):
        dz = shift(as_pointer(op[0], zero), position * units * ld)
        _sum_rows(dz, ld, as_pointer(op[1], zero), units, state[PADDED_ROWS], position > 0, zero)


@njit(fastmath={"contract", "reassoc", "nsz"}, error_model="numpy")
def _sum_rows(dz: Any, ld: Any, sums: Any, units: Any, width: Any, add: Any, zero: Any) -> None:
    k = 0
    # Four at a time: a sum is a chain of dependent additions, and four chains take as long as one.
    while k + 4 <= units:
        r0, r1, r2, r3 = shift(dz, k * ld), shift(dz, (k + 1) * ld), shift(dz, (k + 2) * ld), shift(dz, (k + 3) * ld)
        t0, t1, t2, t3 = zero, zero, zero, zero
        for i in range(width):
            t0 += r0[i]
            t1 += r1[i]
            t2 += r2[i]
            t3 += r3[i]
        if add:
            t0, t1, t2, t3 = t0 + sums[k], t1 + sums[k + 1], t2 + sums[k + 2], t3 + sums[k + 3]
        sums[k], sums[k + 1], sums[k + 2], sums[k + 3] = t0, t1, t2, t3
        k += 4
    while k < units:
        row = shift(dz, k * ld)
        total = zero
        for i in range(width):
            total += row[i]
        sums[k] = sums[k] + total if add else total
        k += 1
