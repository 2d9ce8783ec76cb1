"""Hands: what one thread needs to run a program."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import DTypeLike

from nnlite.engine import batch_state as at
from nnlite.engine.codegen.native import Native, call, native_function
from nnlite.engine.codegen.processor import vector_width
from nnlite.engine.program import Program
from nnlite.engine.runtime.addresses import Addresses
from nnlite.engine.runtime.threads import yield_address
from nnlite.memory import aligned_zeros
from nnlite.types import Array

_FIRST, _LAST, _PER_EPOCH, _SIZE, _RECORDS = range(5)


class Hand:
    """A program, linked, with the memory it works in: what one thread runs.

    Parameters
    ----------
    program : Program
        What to run.
    spaces : mapping of str to ndarray
        All that the program looks at and does not own. The hand holds these arrays; see
        `nnlite.engine.runtime.addresses`.
    seeds : ndarray of int64
        The seed of each stream of noise.
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
        self,
        program: Program,
        spaces: Mapping[str, Array],
        seeds: Array,
        thread: int = 0,
        threads: int = 1,
        epochs: int = 1,
    ) -> None:
        dtype = program.dtype
        self._run: Native = native_function("epoch.run", dtype)
        self._addresses = Addresses()
        self.totals = np.zeros((epochs + 1, max(len(program.totals), 1)))
        self._read, self._numbers = program.numbers, np.zeros(max(len(program.numbers), 1))
        own = {
            "work": aligned_zeros(program.work_size, dtype),
            "products": aligned_zeros(program.products_size, dtype),
            "totals": self.totals,
            "numbers": self._numbers,
        }
        found = {
            name: self._addresses.of(name, array, program.items_of(name)) for name, array in {**spaces, **own}.items()
        }
        instructions = program.link(found)
        vector = vector_width(dtype) if program.ld > 1 else 1
        header = [
            *(0, 0, 0, 0, 0, vector, thread, threads),
            *(found["totals"], self.totals.shape[1], found["totals"] + self.totals.strides[0], len(instructions)),
        ]
        self._code = np.concatenate([np.array(header, np.int64), instructions.ravel()])
        self.state = np.zeros(at.SIZE, np.int64)
        self.state[at.THREAD] = thread
        self.state[at.YIELD] = yield_address()
        self.point(at.SEEDS, seeds, np.int64)
        self._entry = (
            self._addresses.of("code", self._code, np.int64),
            self._addresses.of("state", self.state, np.int64),
        )

    def point(self, place: int, array: Array | None, dtype: DTypeLike) -> None:
        """Let a place of the state be the address of an array, which is held until another takes its place.

        Parameters
        ----------
        place : int
            One of those in `nnlite.engine.batch_state` that are addresses.
        array : ndarray, optional
            The array; without one the place is 0.
        dtype : dtype
            What compiled code takes its items for.
        """
        self.state[place] = 0 if array is None else self._addresses.of(place, array, dtype)

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
        call(self._run, *self._entry)

    def bound(self) -> Callable[[], object]:
        """Return a function that does what `run` does, with all that takes time done beforehand."""
        unused = (ctypes.c_void_p * 2)()
        place, size = ctypes.addressof(unused), ctypes.sizeof(ctypes.c_void_p)
        arguments = [ctypes.c_void_p(value) for value in (place, place + size, *self._entry)]
        bound = partial(self._run, *arguments, 0.0)
        # The function must not outlive the memory it points to.
        bound.held = self, unused  # type: ignore[attr-defined]
        return bound
