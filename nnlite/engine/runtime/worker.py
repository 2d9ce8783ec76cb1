"""Hands: what one thread needs to run a program."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from nnlite.engine import batch_state as at
from nnlite.engine.codegen.native import Native, call, native_function
from nnlite.engine.codegen.processor import vector_width
from nnlite.engine.program import Program
from nnlite.engine.runtime.threads import yield_address
from nnlite.memory import aligned_zeros

_FIRST, _LAST, _PER_EPOCH, _SIZE, _RECORDS = range(5)


class Hand:
    """A program, linked, with the memory it works in: what one thread runs.

    Parameters
    ----------
    program : Program
        What to run.
    spaces : mapping of str to int
        Addresses of all that the program looks at and does not own.
    thread, threads : int
        Which of how many threads that share every batch this one is.
    epochs : int, default 1
        Most epochs in a call.

    Attributes
    ----------
    state : ndarray of int64
        What changes from batch to batch; see `nnlite.engine.batch_state`.
    totals : ndarray, shape (epochs + 1, sums)
        The sums of the epoch that is under way, and of each that was ended.
    """

    def __init__(
        self, program: Program, spaces: Mapping[str, int], thread: int = 0, threads: int = 1, epochs: int = 1
    ) -> None:
        dtype = program.dtype
        self._run: Native = native_function("epoch.run", dtype)
        self._memory = aligned_zeros(program.work_size, dtype), aligned_zeros(program.products_size, dtype)
        self.totals = np.zeros((epochs + 1, max(len(program.totals), 1)))
        self._read, self._numbers = program.numbers, np.zeros(max(len(program.numbers), 1))
        work, products = self._memory
        own = {"work": work.ctypes.data, "products": products.ctypes.data, "totals": self.totals.ctypes.data}
        own["numbers"] = self._numbers.ctypes.data
        instructions = program.link({**spaces, **own})
        vector = vector_width(dtype) if program.ld > 1 else 1
        header = [
            *(0, 0, 0, 0, 0, vector, thread, threads),
            *(self.totals.ctypes.data, self.totals.shape[1], self.totals[1:].ctypes.data, len(instructions)),
        ]
        self._code = np.concatenate([np.array(header, np.int64), instructions.ravel()])
        self.state = np.zeros(at.SIZE, np.int64)
        self.state[at.THREAD] = thread
        self.state[at.YIELD] = yield_address()
        self._addresses = self._code.ctypes.data, self.state.ctypes.data

    def prepare(self, records: int, batch_size: int, first: int = 0, last: int | None = None) -> None:
        """Say what the next `run` is to do.

        Parameters
        ----------
        records : int
            How many there are.
        batch_size : int
            How many of them are a batch, for all threads together.
        first, last : int
            The first batch, counted through all epochs, and the one after the last; by default all of one epoch.
        """
        per_epoch = -(-records // batch_size)
        last = per_epoch if last is None else last
        for i, read in enumerate(self._read):
            self._numbers[i] = read()
        self._code[: _RECORDS + 1] = first, last, per_epoch, batch_size, records

    def run(self) -> None:
        """Run the program. Other threads of Python go on meanwhile."""
        call(self._run, *self._addresses)

    def bound(self) -> Callable[[], object]:
        """Return a function that does what `run` does, with all that takes time done beforehand."""
        unused = (ctypes.c_void_p * 2)()
        place, size = ctypes.addressof(unused), ctypes.sizeof(ctypes.c_void_p)
        arguments = [ctypes.c_void_p(value) for value in (place, place + size, *self._addresses)]
        bound = partial(self._run, *arguments, 0.0)
        self._unused = unused
        # The function must not outlive the memory it points to.
        bound.hand = self  # type: ignore[attr-defined]
        return bound
