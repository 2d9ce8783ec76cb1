"""The fully connected layer: three matrix products.

The batch is stored features x batch, so that with z for the outputs and x for the inputs the textbook's z = x W + b
reads z = W^T x + b, and backward dx = W dz, dW = x dz^T, and db sums each row of dz. Where records have several
positions (time steps), the layer works on each of them with the same weights.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from nnlite.engine.gemm import ADD, BIAS, ZERO, gemm_nn, gemm_nt, gemm_tn
from nnlite.engine.pointers import as_pointer, shift
from nnlite.engine.state import WIDTH


def forward(op: Any, state: Any, zero: Any) -> None:
    """Compute z = W^T x + b.

    op: W, b or 0, x, z, inputs, units, positions, ld, work memory.
    """
    kernel, bias, work = as_pointer(op[0], zero), as_pointer(op[1], zero), as_pointer(op[8], zero)
    inputs, units, ld, width = op[4], op[5], op[7], state[WIDTH]
    start = BIAS if op[1] != 0 else ZERO
    for position in range(op[6]):
        x = shift(as_pointer(op[2], zero), position * inputs * ld)
        z = shift(as_pointer(op[3], zero), position * units * ld)
        gemm_tn(kernel, units, x, ld, z, ld, units, width, inputs, start, bias, work)


def backward(op: Any, state: Any, zero: Any) -> None:
    """Compute dW = x dz^T, db, and dx = W dz, each where its address is not 0.

    op: W, x, dz, dx or 0, dW or 0, db or 0, inputs, units, positions, ld, work memory.
    """
    kernel, work = as_pointer(op[0], zero), as_pointer(op[10], zero)
    inputs, units, ld, width = op[6], op[7], op[9], state[WIDTH]
    for position in range(op[8]):
        x = shift(as_pointer(op[1], zero), position * inputs * ld)
        dz = shift(as_pointer(op[2], zero), position * units * ld)
        if op[4] != 0:
            start = ADD if position > 0 else ZERO
            gemm_nt(x, ld, dz, ld, as_pointer(op[4], zero), units, inputs, units, width, start, work)
        if op[5] != 0:
            _sum_rows(dz, ld, as_pointer(op[5], zero), units, width, position > 0, zero)
        if op[3] != 0:
            dx = shift(as_pointer(op[3], zero), position * inputs * ld)
            gemm_nn(kernel, units, dz, ld, dx, ld, inputs, width, units, ZERO, work)


@njit(fastmath={"contract", "reassoc", "nsz"}, error_model="numpy")
def _sum_rows(dz: Any, ld: Any, sums: Any, units: Any, width: Any, add: Any, zero: Any) -> None:
    for k in range(units):
        row = shift(dz, k * ld)
        total = zero
        for i in range(width):
            total += row[i]
        sums[k] = sums[k] + total if add else total
