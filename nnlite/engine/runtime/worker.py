"""Workers: a linked program with its memory, one for each thread."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from nnlite.engine import batch_state
from nnlite.engine.codegen.native import Native, call, native_function
from nnlite.engine.codegen.processor import vector_width
from nnlite.engine.program import Program
from nnlite.engine.runtime.addresses import Addresses
from nnlite.engine.runtime.threads import yield_address
from nnlite.memory import aligned_zeros
from nnlite.types import Array

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

_FIRST, _LAST, _PER_EPOCH, _SIZE, _RECORDS = range(5)


KERNEL = "epoch.run"
"""The kernel that runs a program: the only one that a prediction needs."""


class BoundRun(partial[int]):
    """A call of compiled code with converted arguments, which keeps the memory that they point to alive."""

    memory: object = None


class Worker:
    """A linked program with its workspace, which one thread runs.

    Parameters
    ----------
    program : Program
        The program.
    buffers : mapping of str to ndarray
        The arrays that the program uses and does not own. The worker holds them; see `nnlite.engine.runtime.addresses`.
    seeds : ndarray of int64
        The seed of each stream of random numbers.
    thread, threads : int
        Index of this thread, and the number of threads that share every batch.
    epochs : int, default 1
        Most epochs in a call.

    Attributes
    ----------
    state : ndarray of int64
        The values that change from batch to batch; see `nnlite.engine.batch_state`.
    totals : ndarray, shape (epochs + 1, sums)
        The sums of the current epoch, and of each completed one.
    """

    def __init__(
        self,
        program: Program,
        buffers: Mapping[str, Array],
        seeds: Array,
        thread: int = 0,
        threads: int = 1,
        epochs: int = 1,
    ) -> None:
        dtype = program.dtype
        self._run: Native = native_function(KERNEL, dtype)
        self._addresses = Addresses()
        self.totals = np.zeros((epochs + 1, max(len(program.totals), 1)))
        self._parameter_readers = program.runtime_parameters
        self._parameters = np.zeros(max(len(program.runtime_parameters), 1))
        own = {
            "workspace": aligned_zeros(program.workspace_size, dtype),
            "product workspace": aligned_zeros(program.product_workspace_size, dtype),
            "totals": self.totals,
            "runtime parameters": self._parameters,
        }
        addresses = {
            name: self._addresses.of(name, array, program.buffer_dtype(name))
            for name, array in {**buffers, **own}.items()
        }
        instructions = program.link(addresses)
        vector = vector_width(dtype) if program.ld > 1 else 1
        header = [
            *(0, 0, 0, 0, 0, vector, thread, threads),
            *(addresses["totals"], self.totals.shape[1]),
            *(addresses["totals"] + self.totals.strides[0], len(instructions)),
        ]
        self._code = np.concatenate([np.array(header, np.int64), instructions.ravel()])
        self.state = np.zeros(batch_state.SIZE, np.int64)
        self.state[batch_state.THREAD] = thread
        self.state[batch_state.YIELD_FUNCTION] = yield_address()
        self.bind(batch_state.SEEDS, seeds, np.int64)
        self._arguments = (
            self._addresses.of("code", self._code, np.int64),
            self._addresses.of("state", self.state, np.int64),
        )

    def bind(self, entry: int, array: Array | None, dtype: DTypeLike) -> None:
        """Set an entry of the state to the address of an array, which is held until another array replaces it.

        Parameters
        ----------
        entry : int
            An entry of `nnlite.engine.batch_state` that is an address.
        array : ndarray, optional
            The array; None sets the entry to 0.
        dtype : dtype
            The dtype in which compiled code reads the array.
        """
        self.state[entry] = 0 if array is None else self._addresses.of(entry, array, dtype)

    def prepare(self, records: int, batch_size: int, first: int = 0, last: int | None = None) -> None:
        """Set the batches of the next `run`.

        Parameters
        ----------
        records : int
            Number of records.
        batch_size : int
            Records in a batch, for all threads together.
        first, last : int
            The first batch, counted through all epochs, and the one after the last; by default all of one epoch.
        """
        per_epoch = -(-records // batch_size)
        last = per_epoch if last is None else last
        for i, read in enumerate(self._parameter_readers):
            self._parameters[i] = read()
        self._code[: _RECORDS + 1] = first, last, per_epoch, batch_size, records

    def run(self) -> None:
        """Run the program. Other threads of Python run meanwhile."""
        call(self._run, *self._arguments)

    def bound_run(self) -> Callable[[], object]:
        """Return a function that does the same as `run` with its arguments converted beforehand."""
        results = (ctypes.c_void_p * 2)()
        address, size = ctypes.addressof(results), ctypes.sizeof(ctypes.c_void_p)
        arguments = [ctypes.c_void_p(value) for value in (address, address + size, *self._arguments)]
        bound = BoundRun(self._run, *arguments, 0.0)
        bound.memory = self, results
        return bound
