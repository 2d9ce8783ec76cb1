"""Training: the loop over epochs and batches, and what goes with it.

One step of training is five lines, and they are the heart of the package (`Trainer._loss_and_gradients` and
`Trainer._train_step`)::

    outputs, cache = model.forward(x, training=True)
    loss = objective.value(y, outputs)
    objective.follow(y, outputs)
    model.backward(objective.gradients(y, outputs), cache)
    optimizer.step(parameters, gradients)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from nnlite.backends import Session, check_backend, open_session
from nnlite.callbacks import Callback, CallbackList, History, ProgressBar
from nnlite.callbacks.base import as_callbacks
from nnlite.data import (
    Batch,
    Data,
    as_array,
    as_list,
    by_name,
    check_batch_size,
    weights_of_classes,
)
from nnlite.layers.masking import masked_weight
from nnlite.prediction import Predictor, as_verbosity
from nnlite.random import global_generator
from nnlite.types import Array

_TRAINING_BATCH = 32
_PIECES = 50
"""In how many pieces an epoch is run when a progress bar wants to see it."""


class Trainer(Predictor):
    """A network that can be trained, judged and applied."""

    volatile: ClassVar[tuple[str, ...]] = ("history", "_fits")
    """How far training has come; see `nnlite.engine.runtime.staleness`."""

    _fits = 0
    history: History

    # -- fit -----------------------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Callback | Sequence[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: tuple[Any, ...] | None = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        *,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
        backend: str = "auto",
        threads: int | None = None,
    ) -> History:
        """Train the model on data.

        Parameters
        ----------
        x : array_like, or a list or mapping of them
            One record a row; one array per input.
        y : array_like, or a list or mapping of them
            What the outputs should be.
        batch_size : int, default 32
            Rows per step.
        epochs : int, default 1
            Training ends when this many epochs have been run (counted from 0, `initial_epoch` included).
        verbose : {"auto", 0, 1, 2}, default "auto"
            0: silent; 1: a progress bar; 2: a line per epoch; "auto": 1 in a terminal, else 0.
        callbacks : Callback or sequence of Callback, optional
            Called along the way.
        validation_split : float, default 0.0
            Share of the rows, the last ones before shuffling, that are kept apart to validate on.
        validation_data : tuple (x, y) or (x, y, sample_weight), optional
            Data to validate on after each epoch.
        shuffle : bool, default True
            Whether each epoch takes the rows in a new order.
        class_weight : mapping of int to float, optional
            What the loss of each class's rows is multiplied by; 1 for a class it does not name. For a model of one
            output, whose y holds class numbers, one-hot rows, or zeros and ones.
        sample_weight : array_like of shape (rows,) or (rows, steps), optional
            What each row's loss, or that of each of its steps, is multiplied by; a list of them for several outputs.
        initial_epoch : int, default 0
            Where to begin counting, when going on with earlier training.
        validation_batch_size : int, optional
            Rows per step of validation; by default `batch_size`.
        validation_freq : int, default 1
            Validate every so many epochs.
        backend : {"auto", "numpy", "numba"}, default "auto"
            What computes: the layers themselves, or the compiled engine, which gives the same results faster. "auto"
            takes the faster one that can do the job; "numba" insists.
        threads : int, optional
            How many threads of the engine may work on a batch. By default ``NUMBA_NUM_THREADS`` or as many as there are
            processors, where they pay; one, in a fit that a thread beside the main one runs.

        Returns
        -------
        History
            Its `history` maps each figure's name to its value after each epoch, its `backend` says what computed.
            Also at ``model.history``.

        Raises
        ------
        RuntimeError
            If the model has not been compiled.
        ValueError
            If shapes, lengths or arguments don't fit, or `backend` is "numba" and the engine cannot do the job.
        """
        check_backend(backend, threads)
        data = self._as_data(x, y, sample_weight, class_weight)
        batch_size = check_batch_size(batch_size, _TRAINING_BATCH)
        data, validation = self._validation(data, validation_split, validation_data)
        # Fresh weights are drawn here, whoever computes, so that a seed gives everyone the same.
        _ = self.weight_vector
        passes = max(epochs - initial_epoch, 0)
        session = open_session(self, data, batch_size, True, backend, passes, threads)
        judge = None
        if validation is not None:
            validation_batch_size = validation_batch_size or batch_size
            judge_backend = backend if session is not None else "numpy"
            judge = open_session(self, validation, validation_batch_size, False, judge_backend, passes, threads)
        verbosity = as_verbosity(verbose)
        steps = -(-data.n_rows // batch_size)
        rng = global_generator() if shuffle else None
        with self._fit_under_way() as history:
            history.backend = "numpy" if session is None else "numba"
            hooks = CallbackList(
                [*([ProgressBar(verbosity)] if verbosity else []), *as_callbacks(callbacks), history],
                model=self,
                params={"epochs": epochs, "steps": steps, "verbose": verbosity},
            )
            logs: dict[str, float] = {}
            hooks.on_train_begin()
            if session is not None and judge is None and validation is None and hooks.epoch_interest() == "none":
                with self._pass_through_data():
                    logs = self._run_ahead(session, rng, hooks, range(initial_epoch, epochs))
                hooks.on_train_end(logs)
                return history
            for epoch in range(initial_epoch, epochs):
                hooks.on_epoch_begin(epoch)
                logs = self._run_epoch(data, batch_size, rng, hooks, session)
                if validation is not None and (epoch + 1) % validation_freq == 0:
                    judged = self._judge(validation, validation_batch_size or batch_size, hooks, judge)
                    logs = {**logs, **{f"val_{name}": value for name, value in judged.items()}}
                hooks.on_epoch_end(epoch, logs)
                if self.stop_training:
                    break
            hooks.on_train_end(logs)
        return history

    @contextmanager
    def _fit_under_way(self) -> Iterator[History]:
        """Begin a fit. If that is in a callback of another fit of the model, the other goes on afterwards as it was."""
        outer = (self.history, self.stop_training) if self._fits else None
        self._fits += 1
        self.history, self.stop_training = History(), False
        try:
            yield self.history
        finally:
            self._fits -= 1
            if outer is not None:
                self.history, self.stop_training = outer

    def _run_epoch(
        self, data: Data, batch_size: int, rng: Any, hooks: CallbackList, session: Session | None
    ) -> dict[str, float]:
        logs: dict[str, float] = {}
        with self._pass_through_data():
            if session is not None:
                orders = session.orders(rng, 1)
                order = None if orders is None else orders[0]
                return self._run_session(session, order, hooks.train_interest(), hooks, "train")
            for number, batch in enumerate(data.batches(batch_size, rng)):
                hooks.on_train_batch_begin(number)
                self._train_step(batch)
                logs = self._objective.logs()
                hooks.on_train_batch_end(number, logs)
                if self.stop_training:
                    break
        return logs

    def _run_ahead(self, session: Session, rng: Any, hooks: CallbackList, epochs: range) -> dict[str, float]:
        """Let the engine run many epochs at one go, where nobody looks at the model in between."""
        logs: dict[str, float] = {}
        for first in epochs[:: session.epochs_at_once]:
            some = range(first, min(first + session.epochs_at_once, epochs.stop))
            session.run_epochs(session.orders(rng, len(some)), len(some))
            for epoch in some:
                session.report(epoch - first)
                logs = self._objective.logs()
                hooks.on_epoch_end(epoch, logs)
        return logs

    def _run_session(
        self, session: Session, order: Array | None, interest: str, hooks: CallbackList, phase: str
    ) -> dict[str, float]:
        """Let the engine run all batches: at one go, or in pieces where callbacks want to see them."""
        begin, end = getattr(hooks, f"on_{phase}_batch_begin"), getattr(hooks, f"on_{phase}_batch_end")
        length = {"none": session.n_batches, "some": -(-session.n_batches // _PIECES), "every": 1}[interest]
        logs: dict[str, float] = {}
        for first in range(0, session.n_batches, length):
            last = min(first + length, session.n_batches)
            if interest == "every":
                begin(first)
            session.run(first, last, order)
            logs = self._objective.logs()
            if interest != "none":
                end(last - 1, logs)
            if self.stop_training and phase == "train":
                break
        return logs

    def _train_step(self, batch: Batch) -> None:
        """Go forwards, compare, go backwards, and change the weights."""
        vector = self.weight_vector
        self._objective.record(self._loss_and_gradients(batch), batch.n_rows)
        trained = slice(0, vector.n_trainable)
        self.optimizer.build(vector.values[trained], vector.layout)
        self.optimizer.step(vector.values[trained], vector.gradients[trained])

    def _loss_and_gradients(self, batch: Batch, training: bool = True, backward: bool = True) -> float:
        """Return the loss of a batch, penalties included, and write its gradient by every weight."""
        outputs, cache, masks = self.run(batch.x if len(batch.x) > 1 else batch.x[0], training)
        outputs, masks = as_list(outputs), as_list(masks)
        weights = _masked(batch.sample_weight, masks, outputs, rescale=True)
        loss = self._objective.value(batch.y, outputs, weights)
        self._objective.follow(
            batch.y,
            outputs,
            _masked([None] * len(outputs), masks, outputs, rescale=False),
            _masked(batch.sample_weight, masks, outputs, rescale=False),
        )
        loss += self.activity_penalty(cache) + self._weight_penalty()
        if backward:
            # The layers write into their parts of the vector; the gradient of what none of them uses any more is 0.
            self.gradients[...] = 0
            dy = self._objective.gradients(batch.y, outputs, weights)
            self.backward(dy if len(dy) > 1 else dy[0], cache)
            for weight in self.trainable_weights:
                if weight.regularizer is not None:
                    weight.gradient[...] += weight.regularizer.gradient(weight.value)
        return loss

    def _weight_penalty(self) -> float:
        return float(
            sum(weight.regularizer(weight.value) for weight in self.trainable_weights if weight.regularizer is not None)
        )

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """Take one step of training on all rows of x.

        Parameters
        ----------
        x, y, sample_weight : array_like, or a list or mapping of them
            As for `fit`.
        class_weight : mapping of int to float, optional
            As for `fit`.
        return_dict : bool, default False
            Whether to return the figures by name.

        Returns
        -------
        float, list of float or dict
            The loss before the step; followed by the metrics where there are any.
        """
        data = self._as_data(x, y, sample_weight, class_weight)
        with self._pass_through_data():
            self._train_step(data.rows(slice(None)))
            return _results(self._objective.logs(), return_dict)

    # -- evaluate ------------------------------------------------------------------------------

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        sample_weight: Any = None,
        *,
        callbacks: Callback | Sequence[Callback] | None = None,
        return_dict: bool = False,
        backend: str = "auto",
    ) -> Any:
        """Return the loss and the metrics on data, without training.

        Parameters
        ----------
        x, y, sample_weight : array_like, or a list or mapping of them
            As for `fit`.
        batch_size : int, default 32
            Rows per step.
        verbose : {"auto", 0, 1, 2}, default "auto"
            Whether to print the figures; "auto": in a terminal.
        callbacks : Callback or sequence of Callback, optional
            Their ``on_test_...`` methods are called.
        return_dict : bool, default False
            Whether to return the figures by name.
        backend : {"auto", "numpy", "numba"}, default "auto"
            As for `fit`.

        Returns
        -------
        float, list of float or dict
            The loss; followed by the metrics where there are any.
        """
        check_backend(backend)
        data = self._as_data(x, y, sample_weight)
        size = check_batch_size(batch_size, _TRAINING_BATCH)
        hooks = CallbackList(as_callbacks(callbacks), model=self, params={"steps": -(-data.n_rows // size)})
        logs = self._judge(data, size, hooks, open_session(self, data, size, False, backend))
        if as_verbosity(verbose):
            print(" - ".join(f"{name}: {value:.4g}" for name, value in logs.items()))
        return _results(logs, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Return the loss and the metrics on one batch, without training."""
        data = self._as_data(x, y, sample_weight)
        logs = self._judge(data, data.n_rows, CallbackList([], model=self, params={}), None)
        return _results(logs, return_dict)

    def _judge(self, data: Data, batch_size: int, hooks: CallbackList, session: Session | None) -> dict[str, float]:
        logs: dict[str, float] = {}
        with self._pass_through_data():
            hooks.on_test_begin()
            if session is not None:
                logs = self._run_session(session, None, hooks.test_interest(), hooks, "test")
            else:
                for number, batch in enumerate(data.batches(batch_size, None)):
                    hooks.on_test_batch_begin(number)
                    loss = self._loss_and_gradients(batch, training=False, backward=False)
                    self._objective.record(loss, batch.n_rows)
                    logs = self._objective.logs()
                    hooks.on_test_batch_end(number, logs)
            hooks.on_test_end(logs)
        return logs

    # -- the door ------------------------------------------------------------------------------

    def _after_building(self) -> None:
        if self.compiled and not hasattr(self, "_objective"):
            self._set_objective()

    def _as_data(self, x: Any, y: Any, sample_weight: Any, class_weight: Mapping[int, float] | None = None) -> Data:
        _ = self.optimizer
        given = self._per_input(x)
        inputs = self._convert(given)
        if y is None:
            raise ValueError("y is missing: give the values the outputs should have (x itself, for an autoencoder)")
        targets = self._as_targets(y, given, inputs)
        names = self.output_names
        if class_weight is not None:
            if sample_weight is not None or len(names) > 1:
                raise ValueError("class_weight is for a model of one output, and not together with sample_weight")
            sample_weight = weights_of_classes(targets[0], class_weight)
        per_output = [sample_weight] * len(names)
        if isinstance(sample_weight, (list, tuple)) and len(sample_weight) == len(names) > 1:
            per_output = list(sample_weight)
        weights = [None if one is None else as_array(one, self.dtype, "sample_weight") for one in per_output]
        return Data(inputs, targets, weights)

    def _as_targets(self, y: Any, given: list[Any], inputs: list[Array]) -> list[Array]:
        """Convert y; what was `given` as an input too becomes the same array, which batches then read once."""
        converted = {id(one): array for one, array in zip(given, inputs, strict=True)}
        return [
            converted[id(one)] if id(one) in converted else as_array(one, self.dtype, f"y for output {name!r}")
            for one, name in zip(by_name(y, self.output_names, "y"), self.output_names, strict=True)
        ]

    def _validation(self, data: Data, share: float, given: tuple[Any, ...] | None) -> tuple[Data, Data | None]:
        if given is not None:
            if not isinstance(given, (list, tuple)) or len(given) not in (2, 3):
                raise ValueError("validation_data must be (x, y) or (x, y, sample_weight)")
            x, y, weight = (*given, None)[:3]
            return data, self._as_data(x, y, weight)
        if not 0 <= share < 1:
            raise ValueError(f"validation_split must be at least 0 and below 1; found {share!r}")
        return data.split(share) if share else (data, None)


def _masked(
    weights: Sequence[Array | None], masks: list[Any], outputs: list[Array], *, rescale: bool
) -> list[Array | None]:
    """Return what each sample of each output counts for, once its mask is taken into the weights."""
    return [
        masked_weight(weight, mask, output, rescale=rescale)
        for weight, mask, output in zip(weights, masks, outputs, strict=True)
    ]


def _results(logs: dict[str, float], as_dict: bool) -> Any:
    if as_dict:
        return logs
    values = list(logs.values())
    return values if len(values) > 1 else values[0]
