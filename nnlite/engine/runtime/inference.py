"""Compiled predictions: of many records at a time, and of one in microseconds."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite.compiled import CompiledNetwork
from nnlite.cost import products_per_record
from nnlite.engine.lowering import lower_model
from nnlite.engine.lowering.rules import Unsupported, record_shape
from nnlite.engine.runtime.addresses import as_compiled_code_reads
from nnlite.engine.runtime.threads import Team, worthwhile_threads
from nnlite.engine.runtime.worker import Hand
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

    def __call__(self, inputs: Sequence[Array], threads: int | None = None) -> list[Array]:
        """Return one array per output.

        Parameters
        ----------
        inputs : sequence of ndarray
            One array per input, of the model's dtype.
        threads : int, optional
            How many threads may work on it; by default as many as pay.
        """
        model, records = self._model, len(inputs[0])
        arrays = [as_compiled_code_reads(array, model.dtype) for array in inputs]
        outputs = [np.empty((records, *shape), model.dtype) for shape in self._shapes]
        spaces = {"weights": self._vector.values}
        spaces |= {f"input {i}": array for i, array in enumerate(arrays)}
        spaces |= {f"output {i}": array for i, array in enumerate(outputs)}
        team = Team(min(worthwhile_threads(threads, products_per_record(model), records), -(-records // _BATCH)))
        seeds = self._program.draw_seeds()
        hands = [Hand(self._program, spaces, seeds, thread, team.size) for thread in range(team.size)]
        for hand in hands:
            hand.prepare(records, _BATCH * team.size)
        team.run([hand.run for hand in hands])
        return outputs


class OneRecord:
    """The compiled predictions of a model for one record at a time.

    A call copies the record to where the program reads, runs it, and copies the result: there is nothing to set up.
    May be called from several threads at once: each has memory of its own.

    Parameters
    ----------
    model : CompiledNetwork
        With one input and one output. Its weights are looked at where they are now, its layers as they are now: make a
        new predictor after layers have been frozen, changed in a setting, or become part of another model.

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
                f"one input and one output are needed; model {model.name!r} has {len(model.inputs)} and "
                f"{len(model.outputs)}"
            )
        self.dtype = model.dtype
        self.input_shape = record_shape(model.inputs[0].shape, f"input {model.input_names[0]!r}")
        self.output_shape = record_shape(model.outputs[0].shape, f"output {model.output_names[0]!r}")
        self._vector = model.weight_vector
        try:
            self._program = lower_model(model, 0, training=False)
        except Unsupported:  # only in batches
            self._program = lower_model(model, 1, training=False)
        self._local = threading.local()
        self._open()

    def _open(self) -> tuple[Array, Any, Array]:
        x, y = np.zeros(self.input_shape, self.dtype), np.zeros(self.output_shape, self.dtype)
        spaces = {"weights": self._vector.values, "input 0": x, "output 0": y}
        # A layer that draws at inference goes on with its stream from call to call.
        hand = Hand(self._program, spaces, self._program.draw_seeds())
        hand.prepare(1, 1)
        self._local.desk = x, hand.bound(), y
        return self._local.desk

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
            x, run, y = self._local.desk
        except AttributeError:  # the first call in this thread
            x, run, y = self._open()
        if getattr(record, "shape", None) != self.input_shape and np.shape(record) != self.input_shape:
            raise ValueError(f"a record must have shape {self.input_shape}; found {np.shape(record)}")
        x[...] = record
        run()
        return y.copy()
