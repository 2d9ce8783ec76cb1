"""The matrix product: the order of the tiles, and the packing of the operands.

A dense layer is three products. With activations stored features x batch (X is p x N, the kernel W is p x q)::

    forward    Z  = Wᵀ X      gemm_tn      q x N
    backward   dX = W dZ      gemm_nn      p x N
    weights    dW = X dZᵀ     gemm_nt      p x q

The first two are the same loop over tiles (`gemm_tile`): A is read one number at a time, so it may be transposed. The
third sums along the rows of both operands: if small, it has tiles of its own (`gemm_dot`); from `SMALLEST_TRANSPOSED`
rows and columns on, dZ is transposed during packing, and the product is the same as the other two.

**Small products** read the matrices in place: a call, and the multiply-adds.

**Large ones** would wait for memory: a tile reads B row by row, and every step touches another cache line, often
another page; if the row length is a power of two, these lines even compete for a few cache sets. So B is cut into
blocks of `DEPTH` x `COLUMNS` that stay in the second-level cache, and each block is *packed*: copied once, in the order
in which the tiles read it::

    B   +----+----+----+        packed   panel 0          panel 1          ...
        | 0  | 1  | 2  |                 +----+----+--    +----+----+--
        |    |    |    |   ->            |k=0 |k=1 | ..   |k=0 |k=1 | ..
        +----+----+----+                 +----+----+--    +----+----+--

Copying costs n k steps, the product m n k: each packed number is used m times, from a stream that the hardware
prefetches. A strip of A is read again for every panel and stays in the first-level cache; it is packed too if it is
transposed, and read in place if its rows are contiguous. (The scheme is that of K. Goto and R. van de Geijn, "Anatomy
of high-performance matrix multiplication", ACM TOMS 34(3), 2008, with the roles of A and B exchanged: strips are packed
one at a time, just before their use, and B stays.)

Sums run in the order of k for every blocking (a later block continues the sums of earlier ones), so the same inputs
give the same bits. Nothing is read or written outside of the matrices, except that rows along the batch are read and
written as whole vectors: N must be a multiple of `vector_width`, and the padding belongs to the caller.
"""

# Numba types what it compiles.
# mypy: allow-untyped-defs

from __future__ import annotations

from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nnlite.engine.codegen.pointers import pointer_to as _pointer_to
from nnlite.engine.codegen.pointers import shift as _shift
from nnlite.engine.codegen.processor import Machine, host_machine, vector_width
from nnlite.engine.gemm.gemm_intrinsics import tiles
from nnlite.engine.gemm.gemm_sizes import (
    ADD,
    BIAS,
    COLUMNS,
    DEPTH,
    LARGEST_UNPACKED,
    NN,
    NT,
    PANEL,
    SMALLEST_TRANSPOSED,
    TN,
    ZERO,
    workspace_items,
)
from nnlite.memory import aligned_zeros

__all__ = [
    "ADD",
    "BIAS",
    "NN",
    "NT",
    "TN",
    "ZERO",
    "Gemm",
    "build",
    "gemm",
    "gemm_nn",
    "gemm_nt",
    "gemm_tn",
    "matmul",
    "vector_width",
]

pointer_to: Any = _pointer_to  # typed as compiled code calls it, without the typing context
shift: Any = _shift


class Gemm(NamedTuple):
    """The three products for one machine, for use in compiled functions; pointers to float32 or float64, and int64.

    ``ld*`` is the leading dimension of a matrix: the distance of its rows in items. `start` gives the initial values of
    the result: ZERO, ADD (its current values) or BIAS (``bias[r]`` in row r; `bias` is read for BIAS alone).
    `workspace` points to `workspace_items` items, preferably aligned to 64 bytes; products that need none do not access
    it.

    Attributes
    ----------
    any : ``(form, a, lda, b, ldb, c, ldc, m, n, k, start, bias, workspace)``
        The one compiled function: C(m x n) by `form`, TN (AᵀB), NN (AB) or NT (ABᵀ), with sums over k items. The other
        three are inlined calls of it.
    tn : ``(w, ldw, x, ldx, z, ldz, q, n, p, start, bias, workspace)``
        Z(q x n) = start + W(p x q)ᵀ X(p x n); n a multiple of the vector width.
    nn : ``(w, ldw, dz, lddz, dx, lddx, p, n, q, start, workspace)``
        dX(p x n) = start + W(p x q) dZ(q x n); n a multiple of the vector width.
    nt : ``(x, ldx, dz, lddz, dw, lddw, p, q, k, start, workspace)``
        dW(p x q) = start + X(p x k) dZ(q x k)ᵀ; k a positive multiple of the vector width, start not BIAS.
    """

    any: Any
    tn: Any
    nn: Any
    nt: Any


@cache
def build(machine: Machine) -> Gemm:
    """Return the three products with tiles for `machine`; each is compiled at its first call."""
    lanes, strips, dots, copy_rows, transpose_rows = tiles(machine)
    # No fastmath: tiles define the order of a sum. Inlining avoids a copy of the tiles for every level.
    options: dict[str, Any] = {"error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    compiled, inlined = njit(**options), njit(**options, inline="always")

    @inlined
    def pack(b, b_row, b_column, columns, depth, target):
        """Pack B(depth x columns) into panels."""
        width = PANEL * lanes(b)
        for j in range(0, columns, width):
            panel, source = shift(target, j * depth), shift(b, j * b_column)
            count = min(width, columns - j)
            if b_column == 1:
                copy_rows(count, source, b_row, panel, width, depth)
            else:
                for i in range(0, count, 4):
                    transpose_rows(shift(source, i * b_column), b_column, shift(panel, i), width, depth)

    @compiled
    def gemm(form, a, lda, b, ldb, c, ldc, m, n, k, start, bias, workspace):
        width = lanes(a)
        panel = PANEL * width
        a_row, a_step = (1, lda) if form == TN else (lda, 1)
        b_row, b_column = (1, ldb) if form == NT else (ldb, 1)
        if form == NT:
            # Columns beyond whole vectors, or all of a small product, are computed as dot products of rows.
            whole_columns = n // width * width if m >= SMALLEST_TRANSPOSED and n >= SMALLEST_TRANSPOSED else 0
            dots(
                m,
                a,
                lda,
                shift(b, whole_columns * ldb),
                ldb,
                shift(c, whole_columns),
                ldc,
                n - whole_columns,
                k // width,
                start,
            )
            n = whole_columns
        elif k * n <= LARGEST_UNPACKED:
            strips(m, a, a_row, a_step, b, ldb, panel, c, ldc, n // width, k, start, bias)
            return
        packed = shift(workspace, panel * DEPTH)
        for j in range(0, n, COLUMNS):
            columns = min(COLUMNS, n - j)
            for p in range(0, k, DEPTH):
                depth = min(DEPTH, k - p)
                pack(shift(b, p * b_row + j * b_column), b_row, b_column, columns, depth, packed)
                block_start, c_block = start if p == 0 else ADD, shift(c, j)
                i = 0
                while i < m:
                    # If A is transposed, a panel as wide as B's uses all of each cache line that it fetches.
                    rows = m if form != TN else min(panel, m - i)
                    a_block, step = shift(a, i * a_row + p * a_step), a_step
                    if rows == panel and form == TN:
                        copy_rows(panel, a_block, lda, workspace, panel, depth)
                        a_block, step = workspace, panel
                    strips(
                        rows, a_block, a_row, step, packed, panel, panel * depth, shift(c_block, i * ldc), ldc,
                        columns // width, depth, block_start, shift(bias, i),
                    )  # fmt: skip
                    i += rows

    @inlined
    def tn(w, ldw, x, ldx, z, ldz, q, n, p, start, bias, workspace):
        gemm(TN, w, ldw, x, ldx, z, ldz, q, n, p, start, bias, workspace)

    @inlined
    def nn(w, ldw, dz, lddz, dx, lddx, p, n, q, start, workspace):
        gemm(NN, w, ldw, dz, lddz, dx, lddx, p, n, q, start, w, workspace)

    @inlined
    def nt(x, ldx, dz, lddz, dw, lddw, p, q, k, start, workspace):
        gemm(NT, x, ldx, dz, lddz, dw, lddw, p, q, k, start, x, workspace)

    return Gemm(gemm, tn, nn, nt)


_HOST = host_machine()
gemm, gemm_tn, gemm_nn, gemm_nt = build(_HOST)


@cache
def _product_of_any_size(machine: Machine) -> Any:
    """Return the products on arrays of any size: columns beyond whole vectors are padded in a copy."""
    multiply = build(machine).any

    @njit(error_model="numpy", nogil=True)
    def product_of_any_size(form, a, b, out, padded, workspace):
        m, n = out.shape
        lda, ldb, width = a.shape[1], b.shape[1], padded.shape[1]
        k = lda if form != TN else a.shape[0]
        p, q, r, w = pointer_to(a), pointer_to(b), pointer_to(out), pointer_to(workspace)
        aligned = ldb // width * width  # columns of B in whole vectors: of N, or for NT of the summed dimension
        if form == NT:
            multiply(form, p, lda, q, ldb, r, n, m, n, aligned, ZERO, p, w)
        else:
            multiply(form, p, lda, q, ldb, r, n, m, aligned, k, ZERO, p, w)
        if aligned == ldb:
            return
        rows = b.shape[0]
        for i in range(rows):
            padded[i] = 0
            padded[i, : ldb - aligned] = b[i, aligned:]
        if form == NT:
            for i in range(m):
                padded[rows + i] = 0
                padded[rows + i, : ldb - aligned] = a[i, aligned:]
            start = ADD if aligned else ZERO
            multiply(form, pointer_to(padded[rows:]), width, pointer_to(padded), width, r, n, m, n, width, start, p, w)
        else:
            target = padded[rows:]
            multiply(form, p, lda, pointer_to(padded), width, pointer_to(target), width, m, width, k, ZERO, p, w)
            out[:, aligned:] = target[:m, : ldb - aligned]

    return product_of_any_size


def matmul(
    a: NDArray[Any], b: NDArray[Any], out: NDArray[Any] | None = None, form: Literal["nn", "tn", "nt"] = "nn"
) -> NDArray[Any]:
    """Return the product of two matrices of any size, computed by the engine's tiles.

    Parameters
    ----------
    a, b : ndarray, two dimensions, float32 or float64, both the same
        Copied unless C-contiguous.
    out : ndarray (m, n), C-contiguous, optional
        Receives the result; must not overlap `a` or `b`.
    form : {"nn", "tn", "nt"}, default "nn"
        "nn": A(m, k) B(k, n). "tn": A(k, m)ᵀ B(k, n). "nt": A(m, k) B(n, k)ᵀ.

    Returns
    -------
    ndarray (m, n)
        `out`, if given.

    Raises
    ------
    ValueError
        If shapes, dtypes or the form do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> matmul(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0]]), form="nt")
    array([[11., 17.]])
    """
    if form not in ("nn", "tn", "nt"):
        raise ValueError(f"form is {form!r}; expected 'nn', 'tn' or 'nt'")
    if a.ndim != 2 or b.ndim != 2 or a.dtype != b.dtype or a.dtype not in (np.float32, np.float64):
        raise ValueError(
            f"a is {a.dtype} {a.shape}, b is {b.dtype} {b.shape}; expected two matrices, both float32 or both float64"
        )
    m, k = a.shape if form != "tn" else a.shape[::-1]
    k_b, n = b.shape if form != "nt" else b.shape[::-1]
    if k != k_b:
        raise ValueError(f"a {a.shape} and b {b.shape} don't fit for form {form!r}: sums over {k} and {k_b} items")
    if out is None:
        out = np.empty((m, n), a.dtype)
    if out.shape != (m, n) or out.dtype != a.dtype or not out.flags.c_contiguous:
        raise ValueError(f"out is {out.dtype} {out.shape}; expected {a.dtype} {(m, n)}, C-contiguous")
    if 0 in (m, n, k):
        out[...] = 0
        return out
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    width = vector_width(a.dtype)
    workspace = aligned_zeros(workspace_items(max(n, width), max(k, width)), a.dtype)
    padded = np.empty((len(b) + m, width), a.dtype)
    _product_of_any_size(_HOST)({"tn": TN, "nn": NN, "nt": NT}[form], a, b, out, padded, workspace)
    return out
