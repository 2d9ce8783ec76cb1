"""Training on more data than there is memory: records are read from their file a stage at a time.

A memory-mapped file looks like an array, and could be trained on as one. But every record that is looked at brings a
whole neighbourhood of the file into the process's memory, and shuffled training looks everywhere. So the records of
the next few batches are read from the file itself, into a stage that is used again and again.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np

from nnlite.types import Array

_STAGE_BYTES = 16_000_000


def mapped_file(array: Array) -> np.memmap[Any, Any] | None:
    """Return the memory-mapped array that an array is a view of, if there is one and its file can be read by place."""
    base: Any = array
    while base is not None and not (isinstance(base, np.memmap) and getattr(base, "_mmap", None) is base.base):
        base = getattr(base, "base", None)
    # What was written to a private copy is not in the file.
    readable = base is not None and base.mode in ("r", "r+") and base.filename is not None and hasattr(os, "pread")
    return base if readable else None


class FileRows:
    """The rows of an array that lies in a file.

    Parameters
    ----------
    array : ndarray, C-contiguous
        A view of `mapped`.
    mapped : memmap
        The file; its `filename` is known.
    """

    def __init__(self, array: Array, mapped: np.memmap[Any, Any]) -> None:
        assert mapped.filename is not None
        if mapped.mode == "r+":
            mapped.flush()
        self._bytes_per_row = array.nbytes // len(array)
        self._start = mapped.offset + array.ctypes.data - mapped.ctypes.data
        self._file = open(mapped.filename, "rb", buffering=0)  # noqa: SIM115  (open for as long as rows are read)
        weakref.finalize(self, self._file.close)

    def read(self, rows: Array | range, out: Array) -> None:
        """Read rows: some in any order, or some that follow one another."""
        size, handle = self._bytes_per_row, self._file.fileno()
        into = out[: len(rows)].data.cast("B")
        if isinstance(rows, range):
            _fill(handle, into, self._start + rows.start * size)
            return
        places = (rows.astype(np.int64) * size + self._start).tolist()
        for i, place in enumerate(places):
            into[i * size : (i + 1) * size] = os.pread(handle, size, place)


def _fill(handle: int, into: memoryview, place: int) -> None:
    """Read from a place of a file until all is full."""
    done = 0
    while done < len(into):
        piece = os.pread(handle, min(len(into) - done, 1 << 24), place + done)
        if not piece:
            raise OSError("the file of a memory-mapped array ends before the array does")
        into[done : done + len(piece)] = piece
        done += len(piece)


class MemoryRows:
    """The rows of an array in memory."""

    def __init__(self, array: Array) -> None:
        self._array = array

    def read(self, rows: Array | range, out: Array) -> None:
        """Copy rows."""
        chosen = slice(rows.start, rows.stop) if isinstance(rows, range) else rows
        out[: len(rows)] = self._array[chosen]


class Stage:
    """Where the records of the next few batches are, of all arrays.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        What to read from, some of it in files.
    batch_size : int
        Records in a batch.

    Attributes
    ----------
    buffers : dict of str to ndarray
        What `load` has read.
    batches : int
        How many batches there is room for.
    """

    def __init__(self, arrays: Mapping[str, Array], batch_size: int) -> None:
        records = len(next(iter(arrays.values())))
        bytes_per_record = sum(array.nbytes for array in arrays.values()) // records
        self.batches = max(1, _STAGE_BYTES // (bytes_per_record * batch_size + 1))
        self._sources = {}
        self.buffers = {}
        for name, array in arrays.items():
            mapped = mapped_file(array)
            self._sources[name] = MemoryRows(array) if mapped is None else FileRows(array, mapped)
            self.buffers[name] = np.empty((min(self.batches * batch_size, records), *array.shape[1:]), array.dtype)

    def load(self, rows: Array | range) -> None:
        """Read rows of all arrays."""
        for name, source in self._sources.items():
            source.read(rows, self.buffers[name])
