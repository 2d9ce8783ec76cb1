"""The barrier of threads that share a batch."""

from __future__ import annotations

from typing import Any

from nnlite.engine.batch_state import BARRIERS, YIELD_FUNCTION
from nnlite.engine.codegen.atomics import fetch_add, load_atomic, pause, yield_processor
from nnlite.engine.codegen.pointers import as_pointer

_SPINS = 2000


def barrier(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Wait until all threads have arrived.

    Each thread adds one to a shared counter, and waits until the counter shows that all threads have arrived as often
    as itself. It spins for a while; then, since another thread may be waiting for this processor core, it yields.

    op: counter, threads.
    """
    counter = as_pointer(op[0], op[1])
    state[BARRIERS] += 1
    expected = state[BARRIERS] * op[1]
    fetch_add(counter, 1)
    spins = 0
    while load_atomic(counter) < expected:
        spins += 1
        if spins < _SPINS:
            pause()
        else:
            yield_processor(state[YIELD_FUNCTION])
