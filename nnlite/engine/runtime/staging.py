"""Staging: training on data larger than memory, with records read from their file a few batches at a time.

A memory-mapped file looks like an array, and could be used as one. But every access to a record loads whole pages
around it into the process's memory, and shuffled training accesses all of the file. So the records of the next few
batches are read from the file itself, into staging buffers that are reused.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np

from nnlite.types import Array

_STAGING_BYTES = 16_000_000


def mapped_file(array: Array) -> np.memmap[Any, Any] | None:
    """Return the memory-mapped array that `array` is a view of; None if there is none with a readable file."""
    base: Any = array
    while base is not None and not (isinstance(base, np.memmap) and getattr(base, "_mmap", None) is base.base):
        base = getattr(base, "base", None)
    # Changes to a private (copy-on-write) mapping are not in the file.
    readable = base is not None and base.mode in ("r", "r+") and base.filename is not None and hasattr(os, "pread")
    return base if readable else None


class FileRows:
    """The rows of an array stored in a file.

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
        """Read rows in any order (an array of indices), or consecutive ones (a range)."""
        size, handle = self._bytes_per_row, self._file.fileno()
        target = out[: len(rows)].data.cast("B")
        if isinstance(rows, range):
            _read_exactly(handle, target, self._start + rows.start * size)
            return
        offsets = (rows.astype(np.int64) * size + self._start).tolist()
        for i, offset in enumerate(offsets):
            target[i * size : (i + 1) * size] = os.pread(handle, size, offset)


def _read_exactly(handle: int, target: memoryview, offset: int) -> None:
    """Read from an offset of a file until the target is full."""
    filled = 0
    while filled < len(target):
        content = os.pread(handle, min(len(target) - filled, 1 << 24), offset + filled)
        if not content:
            raise OSError(
                "the file of a memory-mapped array is shorter than the array; it was truncated after it was opened"
            )
        target[filled : filled + len(content)] = content
        filled += len(content)


class MemoryRows:
    """The rows of an array in memory."""

    def __init__(self, array: Array) -> None:
        self._array = array

    def read(self, rows: Array | range, out: Array) -> None:
        """Copy rows."""
        chosen = slice(rows.start, rows.stop) if isinstance(rows, range) else rows
        out[: len(rows)] = self._array[chosen]


class StagingBuffers:
    """Buffers with the records of the next few batches, one for each array.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        The arrays, some of them memory-mapped files.
    batch_size : int
        Records in a batch.

    Attributes
    ----------
    buffers : dict of str to ndarray
        The records of the last `load`.
    batches : int
        Capacity in batches.
    """

    def __init__(self, arrays: Mapping[str, Array], batch_size: int) -> None:
        records = len(next(iter(arrays.values())))
        bytes_per_record = sum(array.nbytes for array in arrays.values()) // records
        self.batches = max(1, _STAGING_BYTES // (bytes_per_record * batch_size + 1))
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
