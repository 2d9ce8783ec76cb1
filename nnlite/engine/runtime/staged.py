"""Kernels for a few records at a time: with arrays of their own, so that all addresses are set once."""

from __future__ import annotations

import numpy as np

from nnlite.engine.codegen.native import Native, bound_call
from nnlite.engine.runtime.addresses import Addresses
from nnlite.types import Array

FEW = 48
"""The most records of a `StagedCall`."""


class StagedCall:
    """A kernel for up to `FEW` records, for a single thread.

    To take the addresses of a record and of its results takes longer than to copy them. So the kernel reads from one
    array and writes to others that stay where they are, and from call to call only the number of records changes.

    Parameters
    ----------
    function : Native
        The kernel.
    operands : ndarray of int64
        Its operands, which this object changes. All are set but those that follow.
    places : sequence of int
        Places among the operands of the records' address, of their number, and of the address of each result.
    depth : int
        Numbers of a record, which are float32.
    results : sequence of ndarray
        Arrays for the results of `FEW` records.
    addresses : Addresses
        What holds the arrays of the other operands.

    Attributes
    ----------
    depth : int
        As above.
    """

    def __init__(
        self,
        function: Native,
        operands: Array,
        places: tuple[int, ...],
        depth: int,
        results: tuple[Array, ...],
        addresses: Addresses,
    ) -> None:
        self.depth = depth
        x_at, self._count_at, *results_at = places
        self._x, self._results = np.empty((FEW, depth), np.float32), results
        self._operands, self._addresses = operands, addresses
        operands[x_at] = addresses.of("staged x", self._x, np.float32)
        for place, result in zip(results_at, results, strict=True):
            operands[place] = addresses.of(f"staged result {place}", result, result.dtype)
        self._count = -1
        self._call = bound_call(function, addresses.of("operands", operands, np.int64), 0)

    def run(self, x: Array, *results: Array) -> None:
        """Run the kernel for records of shape (n, depth), and write its results to arrays of n rows."""
        count = len(x)
        if count != self._count:
            self._operands[self._count_at] = self._count = count
        self._x[:count] = x
        self._call()
        for own, result in zip(self._results, results, strict=True):
            result[...] = own[:count]
