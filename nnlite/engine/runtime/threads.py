"""Teams of threads: how many work on a fit, and how they are sent to work together."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from functools import cache

_WORTH_PRODUCTS = 3_000_000
"""Multiplications of a forward pass through a batch for each thread that is used unasked.

Meeting costs less than a microsecond, and would pay from a tenth of this on; but only while the processor has a core
for every thread. Where others run too, threads wait for each other to be let in, and short batches take longer.
"""


def available_threads() -> int:
    """Return how many threads a fit may use unless it is told: ``NUMBA_NUM_THREADS``, or what the process may run on.

    A fit that is itself run by a thread beside the main one gets one: whoever runs several fits at once has his
    threads already.
    """
    if threading.current_thread() is not threading.main_thread():
        return 1
    asked = os.environ.get("NUMBA_NUM_THREADS", "")
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    with suppress(AttributeError):  # not everywhere
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def worthwhile_threads(asked: int | None, products: int, batch_size: int) -> int:
    """Return how many threads to use for batches of a size on a model that makes so many products of a record."""
    if asked is not None:
        return max(1, min(asked, batch_size))
    return max(1, min(available_threads(), products * batch_size // _WORTH_PRODUCTS, batch_size))


@cache
def yield_address() -> int:
    """Return the address of the operating system's function that lets other threads run; 0 if it is not found."""
    with suppress(OSError, AttributeError):
        if sys.platform == "win32":
            function = ctypes.WinDLL("kernel32").SwitchToThread
        else:
            function = ctypes.CDLL(None).sched_yield
        return ctypes.cast(function, ctypes.c_void_p).value or 0
    return 0


class Team:
    """Threads that run a function each, all at the same time.

    Parameters
    ----------
    size : int
        How many, the caller among them.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        # The others wait for each other in compiled code: each needs a thread of its own from the start.
        self._others = ThreadPoolExecutor(size - 1, "nnlite") if size > 1 else None

    def run(self, functions: Sequence[Callable[[], None]]) -> None:
        """Run one function in each thread, and return when all have ended."""
        futures = [self._others.submit(function) for function in functions[1:]] if self._others else []
        try:
            functions[0]()
        finally:
            # Interrupted or not: nobody goes on while others still write.
            if futures:
                wait(futures)
        for future in futures:
            future.result()
