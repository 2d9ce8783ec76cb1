"""Matrix products: the operands of the kernel ``dense.product``."""

from __future__ import annotations

from typing import NamedTuple

from nnlite.engine.gemm.gemm_sizes import ZERO
from nnlite.engine.program import Location, Program


class Matrix(NamedTuple):
    """A matrix for each position of the records.

    Attributes
    ----------
    location : Location
        The first item of the matrix of the first position.
    ld : int
        The leading dimension: the distance of its rows.
    stride : int, default 0
        The distance of the matrices of consecutive positions; 0 if all share one.
    """

    location: Location
    ld: int
    stride: int = 0


def emit_product(
    program: Program,
    form: int,
    a: Matrix,
    b: Matrix,
    c: Matrix,
    sizes: tuple[int, int, int],
    workspace: Location | None,
    start: int = ZERO,
    bias: Location | None = None,
    positions: int = 1,
) -> None:
    """Emit C = start + AB (`form` NN), AᵀB (TN) or ABᵀ (NT) for every position; NT sums over the positions.

    Parameters
    ----------
    program : Program
        The program.
    form : {TN, NN, NT}
        The form.
    a, b, c : Matrix
        The factors and the result.
    sizes : tuple of int
        Rows and columns of C, and the length of the sums.
    workspace : Location or None
        That of `Program.product_workspace`.
    start : {ZERO, ADD, BIAS}, default ZERO
        The initial values of C.
    bias : Location, optional
        One number for each row of C, for BIAS.
    positions : int, default 1
        Number of positions.
    """
    program.emit("dense.product", form, *a, *b, *c, *sizes, start, bias, positions, workspace)
