"""The engine's matrix product, called from compiled code as the engine calls it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from benchmarks.speed.peers.base import Part
from nnlite.engine.codegen.pointers import pointer_to as _pointer_to
from nnlite.engine.gemm import gemm as products

_FORMS = {"nn": products.NN, "tn": products.TN, "nt": products.NT}
_ZERO, _multiply = products.ZERO, products.gemm
_pointer: Any = _pointer_to


@njit(nogil=True)
def _repeat(times, form, a, b, c, workspace):  # type: ignore[no-untyped-def]
    n = c.shape[0]
    p, q, r, w = _pointer(a), _pointer(b), _pointer(c), _pointer(workspace)
    for _ in range(times):
        _multiply(form, p, n, q, n, r, n, n, n, n, _ZERO, p, w)


def aligned(*shape: int) -> np.ndarray:
    """Return a float32 array that begins at the start of a cache line, as the engine's do."""
    items = int(np.prod(shape))
    raw = np.zeros(items * 4 + 64, np.uint8)
    first = -raw.ctypes.data % 64
    return raw[first : first + items * 4].view(np.float32).reshape(shape)


def square(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return two matrices of random numbers and room for their product."""
    rng = np.random.default_rng(4)
    a, b, c = (aligned(size, size) for _ in range(3))
    a[...], b[...] = rng.standard_normal((size, size)), rng.standard_normal((size, size))
    return a, b, c


def repeated_product(form: str, size: int) -> Part:
    """Return what multiplies matrices many times.

    Parameters
    ----------
    form : {"nn", "tn", "nt"}
        Which of the two is read transposed.
    size : int
        Rows and columns: a multiple of the vector width.
    """
    a, b, c = square(size)
    workspace = aligned(products.workspace_items(size, size))
    times = max(1, 100_000_000 // (2 * size**3))
    number = _FORMS[form]
    _repeat(1, number, a, b, c, workspace)
    expected = (a.T if form == "tn" else a) @ (b.T if form == "nt" else b)
    if not np.allclose(c, expected, rtol=1e-3, atol=1e-3 * size**0.5):
        raise RuntimeError(f"the product {form!r} of size {size} is wrong")
    return Part(lambda: _repeat(times, number, a, b, c, workspace), times)
