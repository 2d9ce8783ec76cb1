"""Addresses that compiled code reads and writes at, and who keeps the arrays behind them alive.

Compiled code sees integers. An integer keeps no array alive, and says nothing of an array's dtype or strides. So there
is one rule, and no other place in the engine turns an array into an address to run on: **an address comes from
`Addresses`, and that object holds the array for as long as compiled code may use the address.** An array is let go when
another is put in its place under the same name, or together with its `Addresses`. Who has one:

- Each `Hand` has one, for all that its thread reads and writes: the program itself, its state, its working memory, its
  sums, and the arrays of others that it was made for (data or stage buffers, weights, gradients, slots of the
  optimizer, seeds, the counter at which threads meet) or that `Hand.point` names for the next run (order of the
  records, learning rates). Threads never share one: what is put in place for one thread takes nothing from another.
- A session holds its hands; a prediction holds them until all have ended; a predictor of single records holds one for
  each thread of Python, and the function that `Hand.bound` returns holds the hand.
- `nnlite.engine.runtime.shuffling` has one for the length of a call.

A hand runs only while somebody calls its `run`, and a bound method holds its object: compiled code never outlives its
arrays. Machine code itself is never unloaded (`nnlite.engine.codegen.native`).
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
from numpy.typing import DTypeLike

from nnlite.types import Array


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
        self._held: dict[Hashable, tuple[Array, int]] = {}

    def of(self, name: Hashable, array: Array, dtype: DTypeLike) -> int:
        """Return the address of an array's first item, and hold the array until the name is given to another.

        Parameters
        ----------
        name : hashable
            What the array is used as.
        array : ndarray
            C-contiguous, aligned and of `dtype`, as compiled code takes for granted.
        dtype : dtype
            What compiled code takes the items for.

        Raises
        ------
        ValueError
            If the array is not as compiled code needs it.
        """
        held = self._held.get(name)
        if held is not None and held[0] is array:
            return held[1]
        flags = array.flags
        if array.dtype != dtype or not flags.c_contiguous or not flags.aligned:
            raise ValueError(
                f"compiled code needs {name!r} as an aligned C-contiguous array of {np.dtype(dtype).name}; found "
                f"{array.dtype.name} of shape {array.shape} and strides {array.strides}; pass "
                f"np.ascontiguousarray(array, {np.dtype(dtype).name!r})"
            )
        address = array.ctypes.data
        self._held[name] = array, address
        return address


def as_compiled_code_reads(array: Array, dtype: DTypeLike) -> Array:
    """Return an array as `Addresses.of` takes it: the array itself where it will do, else a copy."""
    found: Array = np.ascontiguousarray(array, dtype)
    return found if found.flags.aligned else found.copy()
