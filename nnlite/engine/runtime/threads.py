"""Threads: how many share a batch, and how they run together."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from typing import TYPE_CHECKING

from nnlite.processors import available_processors

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

_PRODUCTS_PER_THREAD = 3_000_000
"""Multiplications of a forward pass through a batch for each thread that is used by default.

A barrier costs less than a microsecond, and threads would pay from a tenth of this on, but only while every thread has
a core to itself. On a busy machine threads wait to be scheduled, and short batches take longer."""


def available_threads() -> int:
    """Return the default number of threads of a fit: ``NUMBA_NUM_THREADS``, or the processors available to the process.

    A fit in a thread other than the main one gets one thread: a caller who runs several fits at once has threads
    already.
    """
    if threading.current_thread() is not threading.main_thread():
        return 1
    configured = os.environ.get("NUMBA_NUM_THREADS", "")
    if configured.isdigit() and int(configured) > 0:
        return int(configured)
    return available_processors()


def choose_threads(requested: int | None, products: int, batch_size: int) -> int:
    """Return the number of threads for a batch size and a model with `products` multiplications per record."""
    if requested is not None:
        return max(1, min(requested, batch_size))
    worth = min(products * batch_size // _PRODUCTS_PER_THREAD, batch_size)
    # The system is asked for its processors only where several would pay: it takes as long as a small prediction.
    return min(available_threads(), worth) if worth > 1 else 1


@cache
def yield_address() -> int:
    """Return the address of the operating system's function that yields the processor; 0 if not found."""
    with suppress(OSError, AttributeError):
        if sys.platform == "win32":
            function = ctypes.WinDLL("kernel32").SwitchToThread
        else:
            function = ctypes.CDLL(None).sched_yield
        return ctypes.cast(function, ctypes.c_void_p).value or 0
    return 0


class ThreadGroup:
    """Threads that each run a function, all at the same time.

    Parameters
    ----------
    size : int
        Number of threads, including the caller's.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._pool: ThreadPoolExecutor | None = None
        if size > 1:
            # Its import takes some milliseconds.
            from concurrent.futures import ThreadPoolExecutor

            # Workers wait for each other at barriers in compiled code, so each needs a thread from the start.
            self._pool = ThreadPoolExecutor(size - 1, "nnlite")

    def run(self, functions: Sequence[Callable[[], None]]) -> None:
        """Run one function in each thread, and return when all have ended."""
        futures = [self._pool.submit(function) for function in functions[1:]] if self._pool else []
        try:
            functions[0]()
        finally:
            # Even after an interrupt: the other threads still write to the arrays.
            for future in futures:
                future.exception()
        for future in futures:
            future.result()


def run_parts(work: Callable[[slice], None], rows: int, threads: int, multiple: int = 1) -> None:
    """Run a function for equal parts of some rows, each in a thread of its own.

    Parameters
    ----------
    work : callable
        Function of a slice of the rows.
    rows, threads : int
        Number of rows, and of threads at most.
    multiple : int, default 1
        All parts but the last are multiples of this.
    """
    step = max(1, -(-rows // (threads * multiple)) * multiple)
    parts = [slice(start, min(start + step, rows)) for start in range(0, rows, step)]
    if len(parts) == 1:
        work(parts[0])
    elif parts:
        ThreadGroup(len(parts)).run([partial(work, part) for part in parts])
