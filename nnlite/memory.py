"""Aligned memory.

The compiled engine loads and stores vectors of up to one cache line. A vector across two lines needs two accesses, and
arrays from NumPy usually begin a quarter of a line after its start. An optimizer, which mostly loads and stores, takes
half the time with arrays aligned to cache lines.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from nnlite.types import Array

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

LINE = 64
"""Size of a cache line in bytes."""
_PAGE = 4096
_n_allocations = count()


def aligned_zeros(items: int, dtype: DTypeLike) -> Array:
    """Return zeros in memory aligned to a cache line.

    Successive arrays begin at different offsets in their pages. The processor compares a load with pending stores by
    their offsets in the page, so equal offsets of several large arrays would delay loops over them (4K aliasing).

    Parameters
    ----------
    items : int
        Number of elements.
    dtype : dtype
        Dtype of the elements.

    Returns
    -------
    ndarray, shape (items,)
        View of the allocated memory; views of it have the same `base`.

    Examples
    --------
    >>> aligned_zeros(3, "float32")
    array([0., 0., 0.], dtype=float32)
    """
    size = items * np.dtype(dtype).itemsize
    # Five more lines for each array: the offsets of a dozen arrays are far apart. For small ones it has no effect.
    offset, period = (next(_n_allocations) * 5 * LINE % _PAGE, _PAGE) if size >= _PAGE else (0, LINE)
    buffer = np.zeros(size + period, np.uint8)
    start = (offset - buffer.ctypes.data) % period
    return buffer[start : start + size].view(dtype)
