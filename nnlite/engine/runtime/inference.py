"""Compiled predictions: for many records, and for one record in microseconds."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite.compiled import CompiledNetwork
from nnlite.cost import products_per_record
from nnlite.engine.codegen.native import kernel_address
from nnlite.engine.lowering import lower_model
from nnlite.engine.lowering.rules import Unsupported, record_shape
from nnlite.engine.runtime.addresses import as_aligned_contiguous
from nnlite.engine.runtime.threads import ThreadGroup, choose_threads
from nnlite.engine.runtime.worker import KERNEL, Worker
from nnlite.types import Array

_BATCH = 256


class Prediction:
    """The compiled predictions of a model for many records.

    Parameters
    ----------
    model : CompiledNetwork
        The model.

    Raises
    ------
    Unsupported
        If a layer has no compiled form.
    """

    def __init__(self, model: CompiledNetwork) -> None:
        self._model = model
        self._shapes = [record_shape(tensor.shape, f"output {tensor.name!r}") for tensor in model.outputs]
        self._vector = model.current_weights()
        self._program = lower_model(model, _BATCH, training=False, vector=self._vector)
        kernel_address(KERNEL, model.dtype)  # an error now if it cannot be compiled, while the layers may still compute

    def __call__(self, inputs: Sequence[Array], threads: int | None = None) -> list[Array]:
        """Return one array per output.

        Parameters
        ----------
        inputs : sequence of ndarray
            One array per input, of the model's dtype.
        threads : int, optional
            Most threads; by default chosen by the cost.
        """
        model, records = self._model, len(inputs[0])
        arrays = [as_aligned_contiguous(array, model.dtype) for array in inputs]
        outputs = [np.empty((records, *shape), model.dtype) for shape in self._shapes]
        buffers = {"weights": self._vector.values}
        buffers |= {f"input {i}": array for i, array in enumerate(arrays)}
        buffers |= {f"output {i}": array for i, array in enumerate(outputs)}
        group = ThreadGroup(min(choose_threads(threads, products_per_record(model), records), -(-records // _BATCH)))
        seeds = self._program.draw_seeds()
        workers = [Worker(self._program, buffers, seeds, thread, group.size) for thread in range(group.size)]
        for worker in workers:
            worker.prepare(records, _BATCH * group.size)
        group.run([worker.run for worker in workers])
        return outputs


class SingleRecordPrediction:
    """The compiled predictions of a model for one record at a time.

    A call copies the record into the input buffer, runs the program, and copies the result: there is nothing to set up.
    Several threads may call at once: each has its own buffers.

    Parameters
    ----------
    model : CompiledNetwork
        With one input and one output. Calls use the current values of its weights and the structure at construction:
        make a new predictor after layers have been frozen, changed in a setting, or become part of another model.

    Raises
    ------
    Unsupported
        If a layer has no compiled form.
    ValueError
        If the model has several inputs or outputs.
    """

    def __init__(self, model: CompiledNetwork) -> None:
        if len(model.inputs) > 1 or len(model.outputs) > 1:
            raise ValueError(
                f"a function of single records needs a model with one input and one output; model {model.name!r} has "
                f"{len(model.inputs)} and {len(model.outputs)}"
            )
        self.dtype = model.dtype
        self.input_shape = record_shape(model.inputs[0].shape, f"input {model.input_names[0]!r}")
        self.output_shape = record_shape(model.outputs[0].shape, f"output {model.output_names[0]!r}")
        self._vector = model.weight_vector
        try:
            self._program = lower_model(model, 0, training=False)
        except Unsupported:  # a layer has no form for a single record
            self._program = lower_model(model, 1, training=False)
        self._local = threading.local()
        self._allocate()

    def _allocate(self) -> tuple[Array, Any, Array]:
        x, y = np.zeros(self.input_shape, self.dtype), np.zeros(self.output_shape, self.dtype)
        buffers = {"weights": self._vector.values, "input 0": x, "output 0": y}
        # The stream of a layer that samples at inference continues from call to call.
        worker = Worker(self._program, buffers, self._program.draw_seeds())
        worker.prepare(1, 1)
        self._local.buffers = x, worker.bound_run(), y
        return self._local.buffers

    def __call__(self, record: Any) -> Array:
        """Return the output for one record.

        Parameters
        ----------
        record : array_like, of the shape of one record
            The input.

        Returns
        -------
        ndarray
            The output, of the shape of one record.
        """
        try:
            x, run, y = self._local.buffers
        except AttributeError:  # the first call in this thread
            x, run, y = self._allocate()
        if getattr(record, "shape", None) != self.input_shape and np.shape(record) != self.input_shape:
            raise ValueError(f"a record must have shape {self.input_shape}; found {np.shape(record)}")
        x[...] = record
        run()
        return y.copy()
