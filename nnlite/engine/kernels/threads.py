"""Where threads that work on one batch meet."""

from __future__ import annotations

from typing import Any

from nnlite.engine.batch_state import MEETINGS, YIELD
from nnlite.engine.codegen.atomics import add_and_fetch, fetch, give_way, relax
from nnlite.engine.codegen.pointers import as_pointer

_PATIENCE = 2000


def meet(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Wait until all threads are here.

    Each adds one to a common count, and waits until the count says that all have come for as many times as it has
    itself. For a while it keeps looking; then, since the other may be waiting for this very processor core, it lets
    the operating system choose who runs.

    op: count, threads.
    """
    count = as_pointer(op[0], op[1])
    state[MEETINGS] += 1
    expected = state[MEETINGS] * op[1]
    add_and_fetch(count, 1)
    looks = 0
    while fetch(count) < expected:
        looks += 1
        if looks < _PATIENCE:
            relax()
        else:
            give_way(state[YIELD])
