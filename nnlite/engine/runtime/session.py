"""Sessions: a model, its data and their program, tied together in memory for a fit or an evaluation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnlite import losses, metrics
from nnlite.compiled import CompiledNetwork
from nnlite.cost import products_per_record
from nnlite.data import Data
from nnlite.engine import batch_state as at
from nnlite.engine.lowering import Unsupported, lower_model
from nnlite.engine.lowering.model import DataShapes
from nnlite.engine.lowering.objective import lower_weight_penalties
from nnlite.engine.lowering.optimizer import lower_step
from nnlite.engine.runtime.addresses import as_compiled_code_reads
from nnlite.engine.runtime.rates import RateTable
from nnlite.engine.runtime.shuffling import draw_orders
from nnlite.engine.runtime.staging import Stage, mapped_file
from nnlite.engine.runtime.staleness import ModelSnapshot
from nnlite.engine.runtime.threads import Team, worthwhile_threads
from nnlite.engine.runtime.totals import Figures
from nnlite.engine.runtime.worker import Hand
from nnlite.memory import aligned_zeros
from nnlite.types import Array, RandomGenerator

_ORDERS_AT_ONCE = 1_000_000
"""Records whose order may be drawn ahead, over all epochs of a call."""


class Session:
    """A model on its data: what `fit` and `evaluate` run instead of the textbook loop.

    Parameters
    ----------
    model : CompiledNetwork
        Compiled.
    data : Data
        What to run on.
    batch_size : int
        Records in a batch.
    training : bool
        Whether to train, or only to judge.
    threads : int, optional
        How many threads may work on a batch; by default as many as pay.

    Raises
    ------
    Unsupported
        If something in the model, the data or what it is compiled with has no compiled form.
    """

    def __init__(
        self, model: CompiledNetwork, data: Data, batch_size: int, training: bool, threads: int | None = None
    ) -> None:
        self._model, self._data, self._training = model, data, training
        self._batch_size = min(batch_size, data.n_rows)
        self.n_batches = -(-data.n_rows // self._batch_size)
        self.epochs_at_once = max(1, _ORDERS_AT_ONCE // data.n_rows) if training else 1
        self._arrays = _arrays(model, data)
        self._stage = None
        if any(mapped_file(array) is not None for array in self._arrays.values()):
            self._stage = Stage(self._arrays, self._batch_size)
            self.epochs_at_once = 1
        self._team = Team(worthwhile_threads(threads, products_per_record(model), self._batch_size))
        self._link()

    def _link(self) -> None:
        """Write the programs for where the weights are now, one for each thread."""
        model, shapes = self._model, _shapes(self._model, self._data)
        vector = model.weight_vector if self._training else model.current_weights()
        optimizer = model.optimizer if self._training else None
        if optimizer is not None:
            optimizer.build(vector.values[: vector.n_trainable], vector.layout)
        program = lower_model(model, self._batch_size, self._training, shapes, vector)
        threads = 1 if program.needs_whole_batch else self._team.size
        # The threads share a batch: none has more than its part to keep.
        if threads > 1:
            program = lower_model(model, -(-self._batch_size // threads), self._training, shapes, vector)
        spaces = dict(self._arrays if self._stage is None else self._stage.buffers)
        spaces |= {"weights": vector.values, "meeting": np.zeros(1, np.int64)}
        if optimizer is not None:
            others = (aligned_zeros(vector.values.size, model.dtype) for _ in range(threads - 1))
            spaces |= {f"slot {name}": slot for name, slot in optimizer.slots.items()}
            spaces |= {f"gradients {i}": array for i, array in enumerate((vector.gradients, *others))}
            self._rates = RateTable(optimizer)
        program.total("penalty")  # there may have been penalties before a layer was frozen
        seeds = program.draw_seeds()
        programs = [program.copy() for _ in range(threads)]
        lower_weight_penalties(programs[0], model.trainable_weights)
        if optimizer is not None:
            for thread, own in enumerate(programs):
                lower_step(own, optimizer, vector.n_trainable, thread, threads)
        self._hands = []
        for thread, own in enumerate(programs):
            gradients = {"gradients": spaces[f"gradients {thread}"]} if optimizer is not None else {}
            self._hands.append(Hand(own, spaces | gradients, seeds, thread, threads, self.epochs_at_once))
        self._figures = Figures(model.objective, program.totals)
        self._optimizer = optimizer
        self._snapshot = ModelSnapshot(model, vector, self._training)

    def _keep_up(self) -> None:
        """Write the programs anew if the model has changed."""
        if self._snapshot.is_current(self._model):
            return
        try:
            self._link()
        except Unsupported as reason:
            raise ValueError(
                f"the model was changed while it was used, and now has no compiled form: {reason}; use backend='numpy'"
            ) from reason

    def orders(self, generator: RandomGenerator | None, epochs: int) -> Array | None:
        """Return what `Data.orders` does, faster."""
        if generator is None:
            return None
        drawn = draw_orders(generator, self._data.n_rows, epochs)
        return self._data.orders(generator, epochs) if drawn is None else drawn

    def run(self, first: int, last: int, order: Array | None) -> None:
        """Run batches of an epoch, and add what they sum up to the model's averages.

        Parameters
        ----------
        first, last : int
            The first batch, and the one after the last.
        order : ndarray of int32, optional
            The order in which the records are taken.
        """
        self._call(first, last, order)
        so_far, whole = self._sums(1)
        rows = min(last * self._batch_size, self._data.n_rows) - first * self._batch_size
        self._figures.report(whole if last == self.n_batches else so_far, rows)

    def run_epochs(self, orders: Array | None, epochs: int) -> None:
        """Run whole epochs, at most `epochs_at_once`; `report` tells the sums of each.

        Parameters
        ----------
        orders : ndarray of int32, shape (epochs, records), optional
            The order in which each takes the records.
        epochs : int
            How many.
        """
        self._call(0, epochs * self.n_batches, orders)
        self._ended = self._sums(epochs)[1:]

    def _call(self, first: int, last: int, order: Array | None) -> None:
        self._keep_up()
        for hand in self._hands:
            hand.totals[0] = 0
        if self._stage is None:
            self._call_on(self._data.n_rows, first, last, order)
            return
        for start in range(first, last, self._stage.batches):
            stop = min(start + self._stage.batches, last)
            rows = range(start * self._batch_size, min(stop * self._batch_size, self._data.n_rows))
            self._stage.load(rows if order is None else order.reshape(-1)[rows.start : rows.stop])
            self._call_on(len(rows), 0, stop - start, None)
            if stop < self.n_batches:
                # To the program the stage was an epoch, and its sums were put aside; they are those of a part.
                for hand in self._hands:
                    hand.totals[0] = hand.totals[1]

    def _call_on(self, records: int, first: int, last: int, order: Array | None) -> None:
        order = None if order is None else as_compiled_code_reads(order, np.int32)
        for hand in self._hands:
            hand.prepare(records, self._batch_size, first, last)
            hand.point(at.ORDER, order, np.int32)
        if self._optimizer is not None:
            self._rates.prepare(self._hands, last - first)
        self._team.run([hand.run for hand in self._hands])
        if self._optimizer is not None:
            self._optimizer.iterations += last - first

    def report(self, epoch: int) -> None:
        """Begin the model's averages with the sums of one of the epochs that `run_epochs` ran."""
        self._figures.report(self._ended[epoch], self._data.n_rows, anew=True)

    def _sums(self, epochs: int) -> list[list[float]]:
        """Return the sums of the epoch that is under way, and of those that were ended."""
        first, *others = (hand.totals[: epochs + 1] for hand in self._hands)
        rows: list[list[float]] = sum(others, first).tolist()
        return rows


def _shapes(model: CompiledNetwork, data: Data) -> DataShapes:
    """Return what of the data decides on the program, after looking whether all of it can be compiled."""
    if data.n_rows >= 2**31:
        raise Unsupported("more than two thousand million records have no compiled form")
    for i, y in enumerate(data.y):
        classes = model.outputs[i].shape[-1] or 0
        if _are_numbers(model, i, y) and not (y.size and y.min() >= 0 and y.max() < classes):
            raise Unsupported("class numbers are out of range")
    return DataShapes(
        targets=[tuple(y.shape[1:]) for y in data.y],
        same=[next((k for k, x in enumerate(data.x) if x is y), None) for y in data.y],
        weights=[None if weight is None else tuple(weight.shape[1:]) for weight in data.sample_weight],
    )


def _are_numbers(model: CompiledNetwork, i: int, y: Array) -> bool:
    """Tell whether anything takes the targets of an output for class numbers."""
    shape, objective = model.outputs[i].shape, model.objective
    kinds: tuple[type, ...] = (losses.SparseCategoricalCrossentropy, metrics.SparseCategoricalAccuracy)
    if shape[-1] != 1 and y.shape[1:] != shape[1:]:
        kinds = (*kinds, metrics.Accuracy)
    return any(
        isinstance(one, kinds) for one in (objective.losses[i], *objective.metrics[i], *objective.weighted_metrics[i])
    )


def _arrays(model: CompiledNetwork, data: Data) -> dict[str, Array]:
    """Name the arrays that the program reads; rows must lie one behind the other."""
    named: dict[str, Array] = {}
    kinds: Sequence[tuple[str, Sequence[Array | None]]] = (
        ("input", data.x),
        ("target", data.y),
        ("weight", data.sample_weight),
    )
    for kind, arrays in kinds:
        for i, array in enumerate(arrays):
            if array is not None:
                named[f"{kind} {i}"] = as_compiled_code_reads(array, model.dtype)
    return named
