"""Records through complete binary trees in compiled code."""

from __future__ import annotations

import threading

import numpy as np

from nnlite.engine.codegen.native import call, native_function
from nnlite.engine.runtime.addresses import Addresses
from nnlite.engine.runtime.staged import FEW, StagedCall
from nnlite.engine.runtime.threads import choose_threads, run_parts
from nnlite.types import Array

# A split takes as long as so many multiplications.
_PRODUCTS_PER_SPLIT = 16


class CompiledTrees:
    """Complete trees, as `nnlite.trees.CompleteTrees` has them.

    Parameters
    ----------
    features, thresholds, values : ndarray
        C-contiguous.
    """

    def __init__(self, features: Array, thresholds: Array, values: Array) -> None:
        self._addresses = Addresses()
        of, self._depth = self._addresses.of, values.shape[1].bit_length() - 1
        arrays = (
            of("features", features, np.int32), of("thresholds", thresholds, np.float32),
            of("values", values, np.float64),
        )  # fmt: skip
        self._trees = [len(features), self._depth, *arrays]
        self._function = native_function("trees.sums", np.dtype(np.float32))
        self._local = threading.local()

    def sums(self, x: Array) -> Array:
        """Return each record's sum over the trees of the values of its ends, as float64."""
        result = np.empty(len(x))
        threads = choose_threads(None, _PRODUCTS_PER_SPLIT * self._depth * self._trees[0], len(x))
        if threads > 1:
            run_parts(lambda rows: self._run(x[rows], result[rows]), len(x), threads)
        elif len(x) <= FEW:
            self._sums_of_few(x.shape[1]).run(x, result)
        else:
            self._run(x, result)
        return result

    def _sums_of_few(self, depth: int) -> StagedCall:
        """Return the kernel for a few records of so many features, for this thread."""
        staged: StagedCall | None = getattr(self._local, "staged", None)
        if staged is None or staged.depth != depth:
            fields = np.array([0, 0, depth, *self._trees, 0], np.int64)
            places, results = (0, 1, len(fields) - 1), (np.empty(FEW),)
            staged = self._local.staged = StagedCall(self._function, fields, places, depth, results, Addresses())
        return staged

    def _run(self, x: Array, result: Array) -> None:
        addresses = Addresses()
        x_at, result_at = addresses.of("x", x, np.float32), addresses.of("result", result, np.float64)
        fields = np.array([x_at, *x.shape, *self._trees, result_at], np.int64)
        call(self._function, addresses.of("fields", fields, np.int64), 0)
