"""Dense layers for copies of records in compiled code: packed weights, working memory and threads."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from nnlite.chain_layer import ChainLayer
from nnlite.engine.codegen.native import call, native_function
from nnlite.engine.codegen.processor import PANEL_VECTORS, tile_rows, vector_width
from nnlite.engine.runtime.addresses import Addresses
from nnlite.engine.runtime.staged import FEW, StagedCall
from nnlite.engine.runtime.threads import choose_threads, run_parts
from nnlite.types import Array

# So many rows of activations are near the processor, and panels of weights are read once for all of them.
_BLOCK_ROWS = 128
_FLOAT32 = np.dtype(np.float32)
# Places among the operands of what differs from call to call.
_X, _COUNT, _RESULT, _AS_ERRORS = 0, 1, 5, 7


class CompiledChain:
    """Dense layers, prepared for compiled code.

    Parameters
    ----------
    layers : sequence of ChainLayer
        Weights of float32; activations ReLU or none. Weights are copied.
    offsets : ndarray of float32 of shape (n_copies, n_inputs), optional
        What the copies of a record are moved by; by default there is one, which is not moved.
    """

    def __init__(self, layers: Sequence[ChainLayer], offsets: Array | None) -> None:
        self._addresses = Addresses()
        self._n_inputs, self._width = len(layers[0].kernel), layers[-1].kernel.shape[1]
        self._copies = 1 if offsets is None else len(offsets)
        panel = PANEL_VECTORS * vector_width(_FLOAT32)
        # Units beyond a layer's own are 0, and inputs of the next layer with weights of 0.
        sizes = [self._n_inputs, *(-(-layer.kernel.shape[1] // panel) * panel for layer in layers)]
        fields = []
        for number, (layer, depth, units) in enumerate(zip(layers, sizes[:-1], sizes[1:], strict=True)):
            weights, bias = np.zeros((depth, units), np.float32), np.zeros(units, np.float32)
            inputs, outputs = layer.kernel.shape
            weights[:inputs, :outputs] = layer.kernel
            if layer.bias is not None:
                bias[:outputs] = layer.bias
            if number == 0 and offsets is not None:
                moved = np.ascontiguousarray(offsets @ weights)
            packed = np.ascontiguousarray(weights.reshape(depth, -1, panel).transpose(1, 0, 2))
            at = [self._addresses.of(f"{what} {number}", a, np.float32) for what, a in (("w", packed), ("b", bias))]
            fields += [*at, depth, units, int(layer.relu)]
        self._layers = [len(layers), *fields]
        self._offsets = 0 if offsets is None else self._addresses.of("offsets", moved, np.float32)
        self._block = max(1, _BLOCK_ROWS // self._copies)
        self._products = sum(layer.kernel.size for layer in layers) * self._copies
        rows = -(-max(self._block * self._copies, tile_rows()) // tile_rows()) * tile_rows()
        records, widest, groups = self._block + tile_rows(), max(sizes), rows // tile_rows()
        parts = [4 * records * sizes[0], 4 * rows * widest, 4 * rows * widest, 4 * groups * widest, 4 * widest]
        self._parts = [-(-part // 64) * 64 for part in (*parts, 8 * groups)]
        self._function = native_function("dense_chain.run", _FLOAT32)
        self._local = threading.local()

    def errors(self, x: Array) -> Array:
        """Return squared differences of records and their copies' outputs, the means over the copies, as float32."""
        return self._result(x, True, np.empty((len(x), self._width), np.float32))

    def outputs(self, x: Array) -> Array:
        """Return the outputs for all copies of each record, as float32 of shape (n, n_copies, n_outputs)."""
        return self._result(x, False, np.empty((len(x), self._copies, self._width), np.float32))

    def _result(self, x: Array, as_errors: bool, result: Array) -> Array:
        threads = choose_threads(None, self._products, len(x))
        if threads > 1:
            run_parts(lambda rows: self._run(x[rows], as_errors, result[rows]), len(x), threads, self._block)
        elif as_errors and len(x) <= FEW:
            self._errors_of_few().run(x, result)
        else:
            self._run(x, as_errors, result)
        return result

    def _errors_of_few(self) -> StagedCall:
        """Return the kernel for errors of a few records, for this thread."""
        try:
            staged: StagedCall = self._local.staged
        except AttributeError:  # the first call in this thread
            operands, addresses, _ = self._new_plan()
            operands[_AS_ERRORS] = True
            places, results = (_X, _COUNT, _RESULT), (np.empty((FEW, self._width), np.float32),)
            staged = StagedCall(self._function, operands, places, self._n_inputs, results, addresses)
            self._local.staged = staged
        return staged

    def _run(self, x: Array, as_errors: bool, result: Array) -> None:
        try:
            plan = self._local.plan
        except AttributeError:  # the first call in this thread
            plan = self._local.plan = self._new_plan()
        fields, addresses, fields_at = plan
        fields[_X], fields[_COUNT] = addresses.of("x", x, np.float32), len(x)
        fields[_RESULT], fields[_AS_ERRORS] = addresses.of("result", result, np.float32), as_errors
        call(self._function, fields_at, 0)
        addresses.release("x", "result")

    def _new_plan(self) -> tuple[Array, Addresses, int]:
        """Return the operands of the kernel with a working memory of their own, and what holds it."""
        addresses = Addresses()
        workspace = np.empty(sum(self._parts) + 64, np.uint8)
        first = -(-addresses.of("workspace", workspace, np.uint8) // 64) * 64
        places = []
        for part in self._parts:
            places.append(first)
            first += part
        fields = [0, 0, self._n_inputs, self._copies, self._offsets, 0, self._width, 0, self._block, *places]
        operands = np.array([*fields, *self._layers], np.int64)
        return operands, addresses, addresses.of("fields", operands, np.int64)
