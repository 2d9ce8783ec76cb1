"""Addresses for compiled code, and the lifetime of the arrays behind them.

Compiled code receives integers. An integer keeps no array alive, and says nothing of an array's dtype or strides. So
this module alone converts arrays to addresses: **an address comes from `Addresses`, and that object holds the array for
as long as compiled code may use the address.** An array is released when another replaces it under the same name, or
together with its `Addresses`. The owners are:

- Each `Worker` has one for everything that its thread reads and writes: the program, its state, workspace and totals,
  and the arrays passed to it (data or staging buffers, weights, gradients, slots of the optimizer, seeds, the
  counter of the barrier) or bound by `Worker.bind` for the next run (order of the records, learning rates). Threads
  never share one, so replacing an array in one thread does not release it in another.
- A session holds its workers; a prediction holds them until all have ended; a predictor of single records holds one for
  each thread of Python, and the function that `Worker.bound_run` returns holds its worker.
- A staged call (`nnlite.engine.runtime.staged`) has that of its operands and its own arrays. It serves one thread.
- `nnlite.engine.runtime.shuffling` has one for the length of a call.

A worker runs only during a call of its `run`, and a bound method holds its object: compiled code never outlives its
arrays. Machine code itself is never unloaded (`nnlite.engine.codegen.native`).
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

import numpy as np

from nnlite.types import Array

if TYPE_CHECKING:
    from numpy.typing import DTypeLike


class Addresses:
    """Arrays by name, each held for as long as its address may be used.

    Examples
    --------
    >>> addresses = Addresses()
    >>> order = np.arange(3, dtype=np.int32)
    >>> addresses.of("order", order, np.int32) == addresses.of("order", order, np.int32)
    True
    """

    def __init__(self) -> None:
        self._arrays: dict[Hashable, tuple[Array, int]] = {}

    def of(self, name: Hashable, array: Array, dtype: DTypeLike) -> int:
        """Return the address of an array's first item, and hold the array until another replaces it under this name.

        Parameters
        ----------
        name : hashable
            The name of the array.
        array : ndarray
            C-contiguous, aligned and of `dtype`.
        dtype : dtype
            The dtype in which compiled code reads the array.

        Raises
        ------
        ValueError
            If the array is not aligned and C-contiguous, or has another dtype.
        """
        known = self._arrays.get(name)
        if known is not None and known[0] is array:
            return known[1]
        flags = array.flags
        if array.dtype != dtype or not flags.c_contiguous or not flags.aligned:
            raise ValueError(
                f"compiled code needs {name!r} as an aligned C-contiguous array of {np.dtype(dtype).name}; found "
                f"{array.dtype.name} of shape {array.shape} and strides {array.strides}; pass "
                f"np.ascontiguousarray(array, {np.dtype(dtype).name!r})"
            )
        address: int = array.__array_interface__["data"][0]
        self._arrays[name] = array, address
        return address

    def release(self, *names: Hashable) -> None:
        """Hold the arrays of these names no longer: compiled code has ended."""
        for name in names:
            del self._arrays[name]


def as_aligned_contiguous(array: Array, dtype: DTypeLike) -> Array:
    """Return the array if `Addresses.of` accepts it, else a copy that it accepts."""
    compatible: Array = np.ascontiguousarray(array, dtype)
    return compatible if compatible.flags.aligned else compatible.copy()
