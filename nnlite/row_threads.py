"""Rows in threads: a function of independent rows, computed for parts of them side by side.

Compiled code divides the rows of a single call among threads. Between two calls Python prepares the next one, and one
processor works. Where a thread takes some rows through all of the calls, all processors do.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from nnlite.backends import available_threads
from nnlite.types import Array

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

LEAST_ROWS = 512
"""Rows of a part, for which Python's share of the work is small."""

# Threads that are done take another part, while others still compute.
_PARTS_PER_THREAD = 2


def map_rows(function: Callable[[Array], Array], x: Array, is_compiled: Callable[[], bool]) -> list[Array]:
    """Return the results of a function for consecutive parts of some rows, each computed by one thread alone.

    Parameters
    ----------
    function : callable
        From rows to an array. A row's result depends on the row alone.
    x : ndarray of shape (n, ...)
        The rows.
    is_compiled : callable
        Whether the function's work is that of compiled code, which lets other threads run; asked if there are rows
        enough for two of them.

    Returns
    -------
    list of ndarray
        Results in the order of the rows; a single one where there are too few rows for two threads, where NumPy does
        the work, or where the caller is not the main thread, and so may be one of several.

    Examples
    --------
    >>> import numpy as np
    >>> np.concatenate(map_rows(np.sqrt, np.arange(4.0) ** 2, lambda: True)).tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    most = len(x) // LEAST_ROWS
    threads = available_threads() if most >= 2 and is_compiled() else 1
    parts = min(most, _PARTS_PER_THREAD * threads)
    if threads == 1:
        return [function(x)]
    step = -(-len(x) // parts)
    pool = _pool(os.getpid(), threads)
    # All of them in threads of the pool: in the main one, compiled code would take several threads for itself.
    futures = [pool.submit(function, x[start : start + step]) for start in range(0, len(x), step)]
    try:
        return [future.result() for future in futures]
    finally:
        for future in futures:
            future.cancel()


@cache
def _pool(process: int, threads: int) -> ThreadPoolExecutor:  # noqa: ARG001 - a forked process has none of the threads
    """Return threads that last as long as the process, with the working memory that compiled code keeps for each."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(threads, "rows")
