"""Sessions: a model, its data and their program for a fit or an evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnlite import losses, metrics
from nnlite.compiled import CompiledNetwork
from nnlite.cost import products_per_record
from nnlite.data import Data
from nnlite.engine import batch_state
from nnlite.engine.lowering import Unsupported, lower_model
from nnlite.engine.lowering.model import DataShapes
from nnlite.engine.lowering.objective import lower_weight_penalties
from nnlite.engine.lowering.optimizer import lower_step
from nnlite.engine.runtime.addresses import as_aligned_contiguous
from nnlite.engine.runtime.rates import RateTable
from nnlite.engine.runtime.shuffling import draw_orders
from nnlite.engine.runtime.staging import StagingBuffers, mapped_file
from nnlite.engine.runtime.staleness import ModelSnapshot
from nnlite.engine.runtime.threads import ThreadGroup, choose_threads
from nnlite.engine.runtime.totals import Totals
from nnlite.engine.runtime.worker import Worker
from nnlite.memory import aligned_zeros
from nnlite.optimizers import Optimizer
from nnlite.types import Array, RandomGenerator
from nnlite.weights import WeightVector

_ORDERED_RECORDS = 1_000_000
"""Most records whose order is drawn in one call, over all its epochs."""


class Session:
    """A model bound to its data: the compiled form of the loops of `fit` and `evaluate`.

    Parameters
    ----------
    model : CompiledNetwork
        Compiled.
    data : Data
        The data.
    batch_size : int
        Records in a batch.
    training : bool
        Whether to train; else the model is evaluated.
    threads : int, optional
        Most threads for a batch; by default chosen by the cost of a batch.

    Raises
    ------
    Unsupported
        If a part of the model, its data, loss, metrics or optimizer has no compiled form.
    """

    def __init__(
        self, model: CompiledNetwork, data: Data, batch_size: int, training: bool, threads: int | None = None
    ) -> None:
        self._model, self._data, self._training = model, data, training
        self._batch_size = min(batch_size, data.n_rows)
        self.n_batches = -(-data.n_rows // self._batch_size)
        self.epochs_at_once = max(1, _ORDERED_RECORDS // data.n_rows) if training else 1
        self._arrays = _named_arrays(model, data)
        self._staging = None
        if any(mapped_file(array) is not None for array in self._arrays.values()):
            self._staging = StagingBuffers(self._arrays, self._batch_size)
            self.epochs_at_once = 1
        self._group = ThreadGroup(choose_threads(threads, products_per_record(model), self._batch_size))
        self._link()

    def _link(self) -> None:
        """Build the programs, one for each thread, for the current location of the weights."""
        model, shapes = self._model, _shapes(self._model, self._data)
        vector = model.weight_vector if self._training else model.current_weights()
        optimizer = model.optimizer if self._training else None
        if optimizer is not None:
            optimizer.build(vector.values[: vector.n_trainable], vector.layout)
        program = lower_model(model, self._batch_size, self._training, shapes, vector)
        threads = 1 if program.needs_whole_batch else self._group.size
        # The threads share a batch: each needs memory for its part alone.
        if threads > 1:
            program = lower_model(model, -(-self._batch_size // threads), self._training, shapes, vector)
        buffers = self._buffers(vector, optimizer, threads)
        if optimizer is not None:
            self._rates = RateTable(optimizer)
        program.total("penalty")  # reported even if every penalized layer is frozen now
        self._seeds = program.draw_seeds()
        programs = [program.copy() for _ in range(threads)]
        lower_weight_penalties(programs[0], model.stored_trainable_weights)
        if optimizer is not None:
            for thread, thread_program in enumerate(programs):
                lower_step(thread_program, optimizer, vector.n_trainable, thread, threads)
        self._workers = []
        for thread, thread_program in enumerate(programs):
            gradients = {"gradients": buffers[f"gradients {thread}"]} if optimizer is not None else {}
            self._workers.append(
                Worker(thread_program, buffers | gradients, self._seeds, thread, threads, self.epochs_at_once)
            )
        self._totals = Totals(model.objective, program.totals)
        self._optimizer = optimizer
        self._snapshot = ModelSnapshot(model, vector, self._training)

    def _buffers(self, vector: WeightVector, optimizer: Optimizer | None, threads: int) -> dict[str, Array]:
        """Return the buffers that all threads share, and the gradients of each."""
        buffers = dict(self._arrays if self._staging is None else self._staging.buffers)
        buffers |= {"weights": vector.values, "barrier": np.zeros(1, np.int64)}
        if optimizer is not None:
            others = (aligned_zeros(vector.values.size, self._model.dtype) for _ in range(threads - 1))
            buffers |= {f"slot {name}": slot for name, slot in optimizer.slots.items()}
            buffers |= {f"gradients {i}": array for i, array in enumerate((vector.gradients, *others))}
        return buffers

    def _relink_if_changed(self) -> None:
        """Build the programs again if the model has changed."""
        if self._snapshot.is_current(self._model):
            return
        try:
            self._link()
        except Unsupported as reason:
            raise ValueError(
                f"the model was changed during a fit or an evaluation, and now has no compiled form: "
                f"{reason}; use backend='numpy'"
            ) from reason

    def orders(self, generator: RandomGenerator | None, epochs: int) -> Array | None:
        """Return the result of `Data.orders`, drawn in compiled code."""
        if generator is None:
            return None
        orders = draw_orders(generator, self._data.n_rows, epochs)
        return self._data.orders(generator, epochs) if orders is None else orders

    def noise_state(self) -> dict[str, Any]:
        """Return the seeds of the streams of random numbers, and the number of steps since they were drawn."""
        return {"seeds": self._seeds.tolist(), "steps": int(self._workers[0].state[batch_state.STEP_COUNT])}

    def set_noise_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `noise_state` returned.

        Raises
        ------
        ValueError
            If it has other streams than this model.
        """
        self._relink_if_changed()
        seeds = np.asarray(state["seeds"], np.int64)
        if seeds.shape != self._seeds.shape:
            raise ValueError(f"the model has {self._seeds.size} stream(s) of random numbers; found {seeds.size} seeds")
        self._seeds[...] = seeds
        for worker in self._workers:
            worker.state[batch_state.STEP_COUNT] = int(state["steps"])

    def run(self, first: int, last: int, order: Array | None) -> None:
        """Run batches of an epoch, and add their sums to the model's averages.

        Parameters
        ----------
        first, last : int
            The first batch, and the one after the last.
        order : ndarray of int32, optional
            The order of the records.
        """
        self._run_batches(first, last, order)
        unfinished, finished = self._sums(1)
        rows = min(last * self._batch_size, self._data.n_rows) - first * self._batch_size
        self._totals.report(finished if last == self.n_batches else unfinished, rows)

    def run_epochs(self, orders: Array | None, epochs: int) -> None:
        """Run whole epochs, at most `epochs_at_once`; `report` then reports the sums of each.

        Parameters
        ----------
        orders : ndarray of int32, shape (epochs, records), optional
            The order of the records in each epoch.
        epochs : int
            Number of epochs.
        """
        self._run_batches(0, epochs * self.n_batches, orders)
        self._epoch_sums = self._sums(epochs)[1:]

    def _run_batches(self, first: int, last: int, order: Array | None) -> None:
        self._relink_if_changed()
        for worker in self._workers:
            worker.totals[0] = 0
        if self._staging is None:
            self._run_staged(self._data.n_rows, first, last, order)
            return
        for start in range(first, last, self._staging.batches):
            stop = min(start + self._staging.batches, last)
            rows = range(start * self._batch_size, min(stop * self._batch_size, self._data.n_rows))
            self._staging.load(rows if order is None else order.reshape(-1)[rows.start : rows.stop])
            self._run_staged(len(rows), 0, stop - start, None)
            if stop < self.n_batches:
                # The program stored the sums as those of an epoch; here they are those of a part of it.
                for worker in self._workers:
                    worker.totals[0] = worker.totals[1]

    def _run_staged(self, records: int, first: int, last: int, order: Array | None) -> None:
        order = None if order is None else as_aligned_contiguous(order, np.int32)
        for worker in self._workers:
            worker.prepare(records, self._batch_size, first, last)
            worker.bind(batch_state.ORDER, order, np.int32)
        if self._optimizer is not None:
            self._rates.prepare(self._workers, last - first)
        self._group.run([worker.run for worker in self._workers])
        if self._optimizer is not None:
            self._optimizer.iterations += last - first

    def report(self, epoch: int) -> None:
        """Reset the model's averages to the sums of one of the epochs of the last `run_epochs`."""
        self._totals.report(self._epoch_sums[epoch], self._data.n_rows, restart=True)

    def _sums(self, epochs: int) -> list[list[float]]:
        """Return the sums of the current epoch, and of the completed ones."""
        first, *others = (worker.totals[: epochs + 1] for worker in self._workers)
        rows: list[list[float]] = sum(others, first).tolist()
        return rows


def _shapes(model: CompiledNetwork, data: Data) -> DataShapes:
    """Return the shapes that the program depends on, after a check that the data have a compiled form."""
    if data.n_rows >= 2**31:
        raise Unsupported("more than two thousand million records have no compiled form")
    for i, y in enumerate(data.y):
        classes = model.outputs[i].shape[-1] or 0
        if _are_class_numbers(model, i, y) and not (y.size and y.min() >= 0 and y.max() < classes):
            raise Unsupported("class numbers are out of range")
    return DataShapes(
        targets=[tuple(y.shape[1:]) for y in data.y],
        shared_inputs=[next((k for k, x in enumerate(data.x) if x is y), None) for y in data.y],
        weights=[None if weight is None else tuple(weight.shape[1:]) for weight in data.sample_weight],
    )


def _are_class_numbers(model: CompiledNetwork, i: int, y: Array) -> bool:
    """Tell whether a loss or metric reads the targets of an output as class numbers."""
    shape, objective = model.outputs[i].shape, model.objective
    kinds: tuple[type, ...] = (losses.SparseCategoricalCrossentropy, metrics.SparseCategoricalAccuracy)
    if shape[-1] != 1 and y.shape[1:] != shape[1:]:
        kinds = (*kinds, metrics.FittingAccuracy)
    return any(
        isinstance(function, kinds)
        for function in (objective.losses[i], *objective.metrics[i], *objective.weighted_metrics[i])
    )


def _named_arrays(model: CompiledNetwork, data: Data) -> dict[str, Array]:
    """Return the arrays that the program reads, by name, each with contiguous rows."""
    named: dict[str, Array] = {}
    kinds: Sequence[tuple[str, Sequence[Array | None]]] = (
        ("input", data.x),
        ("target", data.y),
        ("weight", data.sample_weight),
    )
    for kind, arrays in kinds:
        for i, array in enumerate(arrays):
            if array is not None:
                named[f"{kind} {i}"] = as_aligned_contiguous(array, model.dtype)
    return named
