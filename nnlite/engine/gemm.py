"""The matrix product: which tiles run in which order, and what is packed before.

A dense layer is three products. With activations stored features x batch (X is p x N, the kernel W is p x q)::

    forward    Z  = Wᵀ X      gemm_tn      q x N
    backward   dX = W dZ      gemm_nn      p x N
    weights    dW = X dZᵀ     gemm_nt      p x q

The first two are the same loop over `strip` tiles (`gemm_tile`): A is read one number at a time, so it may lie
transposed. The third sums along the rows of both operands and has tiles of its own (`gemm_dot`).

**Small products** run straight on the matrices: a call, and the multiply-adds.

**Large ones** would wait for memory: a tile walks down B in steps of a whole row, and every step touches another
cache line, often another page; where the row length is a power of two, the lines even compete for the same few places
of the cache. So B is cut into blocks of `DEPTH` x `COLUMNS` that stay in the second cache, and each block is *packed*:
copied once, in the order in which tiles will read it::

    B   +----+----+----+        packed   panel 0          panel 1          ...
        | 0  | 1  | 2  |                 +----+----+--    +----+----+--
        |    |    |    |   ->            |k=0 |k=1 | ..   |k=0 |k=1 | ..
        +----+----+----+                 +----+----+--    +----+----+--

Copying costs n k steps, the product m n k: each packed number is used m times, from a stream that the hardware
fetches ahead. A strip of A is read again for every panel and stays in the first cache: packed too where it lies
transposed, as it is where its rows are contiguous. (The scheme is that of K. Goto and R. van de Geijn, "Anatomy of
high-performance matrix multiplication", ACM TOMS 34(3), 2008, with the roles of A and B exchanged: strips are packed
one at a time, just before they are used, and B is what stays.)

Sums run in the order of k whatever the blocks (a later block continues from what the earlier ones left), so the same
inputs give the same bits. Nothing is read or written outside of the matrices, but that rows along the batch are read,
and written, as whole vectors: N must be a multiple of `vector_width`, the padding between being the caller's.
"""

# Numba types what it compiles.
# mypy: allow-untyped-defs

from __future__ import annotations

from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import DTypeLike, NDArray

from nnlite.engine.emit import Machine, host_machine
from nnlite.engine.gemm_dot import DOT_ROWS
from nnlite.engine.gemm_intrinsics import tiles
from nnlite.engine.gemm_tile import ADD, BIAS, PANEL, ZERO
from nnlite.engine.pointers import pointer_to as _pointer_to
from nnlite.engine.pointers import shift as _shift

__all__ = ["ADD", "BIAS", "ZERO", "Gemm", "build", "gemm_nn", "gemm_nt", "gemm_tn", "matmul", "vector_width"]

pointer_to: Any = _pointer_to  # as compiled code calls it, without the typing context
shift: Any = _shift

DEPTH, COLUMNS = 256, 512
"""Size of a packed block of B: half a megabyte in float32, of which a panel of 16 to 32 KB is in use at a time."""

UNPACKED = 16384
"""Items of B up to which reading it where it lies is faster than packing."""

TRANSPOSED = 24
"""Rows and columns of X Yᵀ from which transposing Y while it is packed is faster than adding up lanes."""


class Gemm(NamedTuple):
    """The three products for one machine, compiled functions on pointers (float32 or float64) and int64.

    ``ld*`` is the distance of a matrix's rows in items. `start` says what the result begins from: ZERO, ADD (what it
    holds) or BIAS (``bias[r]`` in row r; only `tn`, which reads `bias` for BIAS alone). `workspace` points to
    `workspace_items` items; products that need none don't touch it.

    Attributes
    ----------
    tn : ``(w, ldw, x, ldx, z, ldz, q, n, p, start, bias, workspace)``
        Z(q x n) = start + W(p x q)ᵀ X(p x n); n a multiple of the vector width.
    nn : ``(w, ldw, dz, lddz, dx, lddx, p, n, q, start, workspace)``
        dX(p x n) = start + W(p x q) dZ(q x n); n a multiple of the vector width.
    nt : ``(x, ldx, dz, lddz, dw, lddw, p, q, k, start, workspace)``
        dW(p x q) = start + X(p x k) dZ(q x k)ᵀ; k a positive multiple of the vector width.
    """

    tn: Any
    nn: Any
    nt: Any


def vector_width(dtype: DTypeLike) -> int:
    """Return the multiple to which the batch has to be padded: the items in a vector register of this CPU."""
    return _HOST.lanes(np.dtype(dtype).itemsize)


def workspace_items(columns: int, depth: int, machine: Machine | None = None) -> int:
    """Return the items of workspace that any of the three products of these sizes may need.

    Parameters
    ----------
    columns : int
        Columns of the result (its rows don't matter).
    depth : int
        Length of the sums.
    machine : Machine, optional
        What the products were built for; this CPU, by default.
    """
    machine = machine or _HOST
    if columns < TRANSPOSED and depth * columns <= UNPACKED:
        return 0
    panel = PANEL * machine.lanes(4)
    panels = (min(columns, COLUMNS) + panel - 1) // panel
    return machine.rows * DEPTH + panels * panel * min(depth, DEPTH)


@cache
def build(machine: Machine) -> Gemm:
    """Return the three products with tiles that suit `machine`; nothing is compiled before it is called."""
    lanes, strip, dot_strip, copy_rows, transpose_rows = tiles(machine)
    tile_rows = machine.rows
    # No fastmath: the order of a sum is that of the tiles. Inlining spares LLVM a copy of the tiles for each level.
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

    @inlined
    def blocked(m, n, k, a, a_row, a_step, b, b_row, b_column, c, ldc, start, bias, workspace):
        """C(m x n) = start + A(m x k) B(k x n) by packed blocks; one stride of A and one of B are 1."""
        packed = shift(workspace, tile_rows * DEPTH)
        width = PANEL * lanes(a)
        for j in range(0, n, COLUMNS):
            columns = min(COLUMNS, n - j)
            for p in range(0, k, DEPTH):
                depth = min(DEPTH, k - p)
                pack(shift(b, p * b_row + j * b_column), b_row, b_column, columns, depth, packed)
                first = start if p == 0 else ADD
                i = 0
                for strips in range((m + tile_rows - 1) // tile_rows, 0, -1):
                    rows = (m - i + strips - 1) // strips  # as equal as possible: thin strips are slow
                    a_strip, row, step = shift(a, i * a_row + p * a_step), a_row, a_step
                    if a_row == 1:
                        copy_rows(rows, a_strip, a_step, workspace, rows, depth)
                        a_strip, step = workspace, rows
                    target = shift(c, i * ldc + j)
                    strip(
                        rows, a_strip, row, step, packed, width, depth * width, target, ldc,
                        columns // lanes(a), depth, first, shift(bias, i),
                    )  # fmt: skip
                    i += rows

    @inlined
    def product(m, n, k, a, a_row, a_step, b, ldb, c, ldc, start, bias, workspace):
        """C(m x n) = start + A(m x k) B(k x n)."""
        if k * n > UNPACKED:
            blocked(m, n, k, a, a_row, a_step, b, ldb, 1, c, ldc, start, bias, workspace)
            return
        i = 0
        for strips in range((m + tile_rows - 1) // tile_rows, 0, -1):
            rows = (m - i + strips - 1) // strips
            strip(
                rows, shift(a, i * a_row), a_row, a_step, b, ldb, PANEL * lanes(a), shift(c, i * ldc), ldc,
                n // lanes(a), k, start, shift(bias, i),
            )  # fmt: skip
            i += rows

    @inlined
    def dots(m, n, vectors, x, ldx, y, ldy, c, ldc, start):
        """C(m x n) = start + X Yᵀ."""
        i = 0
        for strips in range((m + DOT_ROWS - 1) // DOT_ROWS, 0, -1):
            rows = (m - i + strips - 1) // strips
            dot_strip(rows, shift(x, i * ldx), ldx, y, ldy, shift(c, i * ldc), ldc, n, vectors, start)
            i += rows

    @compiled
    def tn(w, ldw, x, ldx, z, ldz, q, n, p, start, bias, workspace):
        product(q, n, p, w, 1, ldw, x, ldx, z, ldz, start, bias, workspace)

    @compiled
    def nn(w, ldw, dz, lddz, dx, lddx, p, n, q, start, workspace):
        product(p, n, q, w, ldw, 1, dz, lddz, dx, lddx, start, w, workspace)

    @compiled
    def nt(x, ldx, dz, lddz, dw, lddw, p, q, k, start, workspace):
        done = 0
        if p >= TRANSPOSED and q >= TRANSPOSED:
            done = q // lanes(x) * lanes(x)
            blocked(p, done, k, x, ldx, 1, dz, 1, lddz, dw, lddw, start, x, workspace)
        dots(p, q - done, k // lanes(x), x, ldx, shift(dz, done * lddz), lddz, shift(dw, done), lddw, start)

    return Gemm(tn, nn, nt)


_HOST = host_machine()
gemm_tn, gemm_nn, gemm_nt = build(_HOST)


@cache
def _whole_matrices(machine: Machine) -> tuple[Any, Any]:
    """Return the products on arrays of any size: the last columns, short of a vector, are padded in a copy."""
    gemm = build(machine)

    @njit(error_model="numpy", nogil=True)
    def rows_by_vectors(a, a_transposed, b, out, padded, workspace):
        m, n = out.shape
        k, width = b.shape[0], padded.shape[1]
        whole = n // width * width
        target, tail = padded[:m], padded[m:]
        for r in range(k):
            tail[r] = 0
            for j in range(whole, n):
                tail[r, j - whole] = b[r, j]
        for columns, y, ldy, z, ldz in (
            (whole, pointer_to(b), n, pointer_to(out), n),
            (width if whole < n else 0, pointer_to(tail), width, pointer_to(target), width),
        ):
            x = pointer_to(a)
            if a_transposed:
                gemm.tn(x, m, y, ldy, z, ldz, m, columns, k, ZERO, x, pointer_to(workspace))
            else:
                gemm.nn(x, k, y, ldy, z, ldz, m, columns, k, ZERO, pointer_to(workspace))
        for r in range(m):
            for j in range(whole, n):
                out[r, j] = target[r, j - whole]

    @njit(error_model="numpy", nogil=True)
    def dots_by_vectors(a, b, out, padded, workspace):
        m, n = out.shape
        k, width = b.shape[1], padded.shape[1]
        whole = k // width * width
        x, y, z = pointer_to(a), pointer_to(b), pointer_to(out)
        if whole:
            gemm.nt(x, k, y, k, z, n, m, n, whole, ZERO, pointer_to(workspace))
        if whole < k:
            for r in range(m + n):
                padded[r] = 0
                row = a[r] if r < m else b[r - m]
                for i in range(whole, k):
                    padded[r, i - whole] = row[i]
            x, y = pointer_to(padded), pointer_to(padded[m:])
            gemm.nt(x, width, y, width, z, n, m, n, width, ADD if whole else ZERO, pointer_to(workspace))

    return rows_by_vectors, dots_by_vectors


def matmul(
    a: NDArray[Any], b: NDArray[Any], out: NDArray[Any] | None = None, form: Literal["nn", "tn", "nt"] = "nn"
) -> NDArray[Any]:
    """Return the product of two matrices of any size, computed by the engine's tiles.

    Parameters
    ----------
    a, b : ndarray, two dimensions, float32 or float64, both the same
        Copied where they are not C-contiguous.
    out : ndarray (m, n), C-contiguous, optional
        Where the result goes; may not overlap `a` or `b`.
    form : {"nn", "tn", "nt"}, default "nn"
        "nn": A(m, k) B(k, n). "tn": A(k, m)ᵀ B(k, n). "nt": A(m, k) B(n, k)ᵀ.

    Returns
    -------
    ndarray (m, n)
        `out`, if given.

    Raises
    ------
    ValueError
        If shapes, dtypes or the form don't fit.

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
    workspace = np.empty(workspace_items(max(n, width), max(k, width)), a.dtype)
    by_rows, by_dots = _whole_matrices(_HOST)
    if form == "nt":
        by_dots(a, b, out, np.empty((m + n, width), a.dtype), workspace)
    else:
        by_rows(a, form == "tn", b, out, np.empty((m + k, width), a.dtype), workspace)
    return out
