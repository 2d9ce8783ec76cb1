"""Training: the loop over epochs and batches.

One step of training is the heart of the package: forward pass, loss, backward pass, update of the weights. Without
masks, sample weights and penalties, `Trainer.loss_and_gradients` and `Trainer._train_step` are five lines::

    outputs, cache = model.forward(x, training=True)
    loss = objective.value(y, outputs)
    dy = objective.gradients(y, outputs)
    model.backward(dy, cache)
    optimizer.step(parameters, gradients)

What only `fit` needs is imported by it, so that a program which scores need not wait.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from nnlite.backends import Session, check_backend, open_session
from nnlite.callbacks.base import Callback, CallbackList, as_callbacks
from nnlite.data import Batch, check_batch_size
from nnlite.evaluation import DEFAULT_BATCH_SIZE, as_results
from nnlite.job import told_often
from nnlite.prediction import as_verbosity
from nnlite.random import global_generator
from nnlite.streaming import StreamTrainer
from nnlite.streams import ArrayBatches, Stream, is_stream, parts_of
from nnlite.targets import check_known
from nnlite.weights import constrain

if TYPE_CHECKING:
    from nnlite.callbacks.records import History
    from nnlite.divergence import DivergenceWatch, ReplayedBatch
    from nnlite.training_state import RunningFit


class Trainer(StreamTrainer):
    """A network that can be trained, evaluated and applied to data."""

    volatile: ClassVar[tuple[str, ...]] = ("history", "running_fit", "_n_running_fits")
    """Progress of training, which compiled programs need not compare; see `nnlite.engine.runtime.staleness`."""

    _n_running_fits = 0
    history: History
    running_fit: RunningFit | None = None

    # -- one step ------------------------------------------------------------------------------

    def _train_step(self, batch: Batch) -> None:
        """Compute the loss and its gradient, and update the weights."""
        vector = self.weight_vector
        self._objective.update_loss(self.loss_and_gradients(batch), batch.n_rows)
        trained = slice(0, vector.n_trainable)
        self.optimizer.build(vector.values[trained], vector.layout)
        self.optimizer.step(vector.values[trained], vector.gradients[trained])
        constrain(self.trainable_weights)

    def loss_and_gradients(self, batch: Batch, training: bool = True) -> float:
        """Return the loss of a batch, penalties included, and write its derivative with respect to every weight.

        Parameters
        ----------
        batch : Batch
            Rows of data, as `as_data` returns them.
        training : bool, default True
            Whether dropout, noise and batch normalization behave as in training.
        """
        loss, outputs, sample_weight, cache = self.compute_loss(batch, training)
        # Layers write their parts of the gradient; the gradient of a weight that no layer uses any more is 0.
        self.gradients[...] = 0
        dy = self._objective.gradients(batch.y, outputs, sample_weight)
        self.backward(dy if len(dy) > 1 else dy[0], cache)
        for weight in self.trainable_weights:
            if weight.regularizer is not None:
                weight.gradient[...] += weight.regularizer.gradient(weight.value)
        return loss

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
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
        *,
        backend: str = "auto",
        threads: int | None = None,
        check_finite: bool = False,
        resume: str | os.PathLike[str] | None = None,
    ) -> History:
        """Train the model on data.

        Parameters
        ----------
        x : array_like, or a list or mapping of them, or iterable of batches
            One record a row; one array per input. Or batches ``(x, y)`` or ``(x, y, sample_weight)``: a generator, a
            dataset (`nnlite.preprocessing`), a data loader or another iterable; the layers then compute.
        y : array_like, or a list or mapping of them
            Targets of the outputs. NaN is an unknown target for `nnlite.losses.MaskedMeanSquaredError`.
        batch_size : int, default 32
            Number of rows per batch.
        epochs : int, default 1
            Number of the epoch at which training ends (counted from 0, `initial_epoch` included).
        verbose : {"auto", 0, 1, 2}, default "auto"
            0: silent; 1: a progress bar (outside of a terminal, one line per epoch; in a notebook, one bar for all
            epochs, which is replaced); 2: a line per epoch; "auto": 1.
        callbacks : Callback or sequence of Callback, optional
            Objects whose methods are called during training.
        validation_split : float, default 0.0
            Fraction of the rows, the last ones before shuffling, used for validation instead of training.
        validation_data : tuple (x, y) or (x, y, sample_weight), optional
            Data for validation after each epoch.
        shuffle : bool, default True
            Whether to shuffle the rows before each epoch.
        class_weight : mapping of int to float, optional
            Weight of each class in the loss; 1 for a class without an entry. For a model of one output, whose y holds
            class numbers, one-hot rows, or zeros and ones.
        sample_weight : array_like of shape (rows,) or (rows, steps), optional
            Weight of each row, or of each of its steps, in the loss; a list of arrays for several outputs.
        initial_epoch : int, default 0
            Number of the first epoch, to continue earlier training.
        steps_per_epoch, validation_steps : int, optional
            Number of batches of an epoch, and of a validation, if x or `validation_data` gives batches; by default all.
            With arrays, an epoch ends after as many batches.
        validation_batch_size : int, optional
            Number of rows per batch of validation; by default `batch_size`.
        validation_freq : int, default 1
            Number of epochs from one validation to the next.
        backend : {"auto", "numpy", "numba"}, default "auto"
            Backend of the computation: the layers themselves, or the compiled engine, which gives the same results
            faster, up to rounding; only dropout and noise draw other random numbers of the same distribution. "auto"
            chooses the faster one that supports the model; "numba" raises an error if the engine does not.
        threads : int, optional
            Largest number of threads of the engine. By default ``NUMBA_NUM_THREADS`` or the number of processors,
            where several threads are faster; one, if `fit` is called outside the main thread.
        check_finite : bool, default False
            Whether training that diverges raises an error, which names the epoch, the batch and the layer; the model
            then has the weights from before that batch. `nnlite.callbacks.TerminateOnNaN` stops without an error.
        resume : str or path, optional
            Checkpoint of `nnlite.callbacks.BackupAndRestore` to continue from, in a fit with the same model, data and
            arguments. The weights will be those of a fit that was never interrupted, bit by bit.

        Returns
        -------
        History
            Its `history` maps the name of the loss and of each metric to its values, one per epoch; its `backend` is
            the backend that was used. Also available as ``model.history``.

        Raises
        ------
        RuntimeError
            If the model has not been compiled.
        ValueError
            If shapes, lengths or arguments don't fit, no target is known in the training or the validation data, or
            `backend` is "numba" and the engine does not support the model.
        nnlite.divergence.DivergenceError
            If training diverges, with `check_finite`.
        nnlite.archive.FileFormatError
            If `resume` is no checkpoint of such a fit.
        """
        from nnlite.callbacks.records import ProgressBar
        from nnlite.divergence import DivergenceWatch
        from nnlite.training_state import RunningFit

        check_backend(backend, threads)
        if is_stream(x) or is_stream(validation_data) or steps_per_epoch or validation_steps:
            if backend == "numba" or resume is not None:
                raise ValueError("batches of a stream are computed by the layers, and cannot be resumed; pass arrays")
            rng = global_generator() if shuffle else None
            size = check_batch_size(batch_size, DEFAULT_BATCH_SIZE)
            validation_batches: Any = validation_data if is_stream(validation_data) else None
            if not is_stream(x):
                pair = None if validation_batches is not None else validation_data
                data = self.as_data(x, y, sample_weight, class_weight)
                data, held_out = self._validation(data, validation_split, pair)
                x, class_weight = ArrayBatches(data, size, rng), None
            elif y is not None or sample_weight is not None or validation_split:
                raise ValueError("x gives batches with targets: leave y, sample_weight and validation_split out")
            elif validation_batches is None and validation_data is not None:
                held_out = self.as_data(*parts_of(validation_data))
            else:
                held_out = None
            if held_out is not None:
                validation_batches = ArrayBatches(held_out, validation_batch_size or size, None)
            validate = None
            if validation_batches is not None:
                validate = partial(self._evaluate_stream, Stream(validation_batches, validation_steps))
            return self._fit_stream(
                Stream(x, steps_per_epoch, rng),
                range(initial_epoch, epochs),
                as_callbacks(callbacks),
                as_verbosity(verbose),
                validate,
                validation_freq,
                class_weight,
            )
        data = self.as_data(x, y, sample_weight, class_weight)
        self._check_has_loss()
        batch_size = check_batch_size(batch_size, DEFAULT_BATCH_SIZE)
        data, validation = self._validation(data, validation_split, validation_data)
        check_known(self.objective, data.y, "train on")
        if validation is not None:
            check_known(self.objective, validation.y, "validate on")
        # Fresh weights are drawn here, for every backend, so that a seed gives the same ones.
        _ = self.weight_vector
        passes = max(epochs - initial_epoch, 0)
        session = open_session(self, data, batch_size, True, backend, passes, threads)
        validation_size = validation_batch_size or batch_size
        validation_session = None
        if validation is not None:
            validation_session = open_session(
                self, validation, validation_size, False, backend if session is not None else "numpy", passes, threads
            )
        verbosity = as_verbosity(verbose)
        rng = global_generator() if shuffle else None
        fit = RunningFit(data, batch_size, rng, session, initial_epoch, resume)
        with self._running_fit(fit) as history:
            history.backend = fit.backend
            hooks = CallbackList(
                [*([ProgressBar(verbosity)] if verbosity else []), *as_callbacks(callbacks), history],
                model=self,
                params={"epochs": epochs, "steps": -(-data.n_rows // batch_size), "verbose": verbosity},
            )
            fit.callbacks = hooks.callbacks
            hooks.on_train_begin()
            if fit.resume is not None:
                from nnlite.checkpoints import load_checkpoint

                load_checkpoint(fit.resume, self, fit)
            watch = DivergenceWatch(self, fit, partial(self._replay, fit), self.loss_and_gradients, check_finite)
            passes_left = range(fit.first_epoch, 0 if fit.stopped else epochs)
            if session is not None and validation is None and hooks.epoch_interest() == "none":
                logs = self._run_epochs_at_once(fit, session, hooks, passes_left, watch)
            else:
                train = partial(self._run_epoch, fit, hooks, watch)
                validate = None
                if validation is not None:
                    validate = partial(self._evaluate, validation, validation_size, hooks, validation_session)
                logs = self._run_epochs(fit, passes_left, hooks, train, validate, validation_freq)
            self._finalize_weights()
            hooks.on_train_end(logs)
        return history

    def _check_has_loss(self) -> None:
        """Raise unless there is something to minimize: a loss, or a penalty of a layer or a weight."""
        penalized = any(step.needs_output and not step.gives_list for step in self.steps)
        if not (self.objective.has_loss or penalized or any(weight.regularizer for weight in self.trainable_weights)):
            raise ValueError("there is nothing to minimize: call compile with a loss, such as loss='mse'")

    def _run_epochs(
        self,
        fit: RunningFit,
        epochs: range,
        hooks: CallbackList,
        train: Callable[[int], dict[str, float]],
        validate: Callable[[], dict[str, float]] | None,
        validation_freq: int,
    ) -> dict[str, float]:
        """Train and validate epoch by epoch, until the last one or until a callback stops training."""
        logs: dict[str, float] = {}
        for epoch in epochs:
            hooks.on_epoch_begin(epoch)
            logs = train(epoch)
            if validate is not None and (epoch + 1) % validation_freq == 0:
                logs = {**logs, **{f"val_{name}": value for name, value in validate().items()}}
            hooks.on_epoch_end(epoch, logs)
            if fit.checkpoint is not None:
                from nnlite.checkpoints import save_checkpoint

                save_checkpoint(fit.checkpoint, self, fit, epoch + 1)
                fit.checkpoint = None
            if self.stop_training:
                break
        return logs

    @contextmanager
    def _running_fit(self, fit: RunningFit) -> Iterator[History]:
        """Begin a fit; after a fit inside a callback of another fit, restore the state of the outer one."""
        from nnlite.callbacks.records import History

        outer = (self.history, self.stop_training, self.running_fit) if self._n_running_fits else None
        self._n_running_fits += 1
        self.history, self.stop_training, self.running_fit = History(), False, fit
        try:
            yield self.history
        finally:
            self._n_running_fits -= 1
            self.running_fit = None
            if outer is not None:
                self.history, self.stop_training, self.running_fit = outer

    def _run_epoch(self, fit: RunningFit, hooks: CallbackList, watch: DivergenceWatch, epoch: int) -> dict[str, float]:
        logs: dict[str, float] = {}
        with watch.over(range(epoch, epoch + 1)) as losses, self._pass_through_data():
            if fit.session is not None:
                orders = fit.session.orders(fit.shuffle, 1)
                order = None if orders is None else orders[0]
                logs = self._run_session(fit.session, order, hooks.train_interest(), hooks, "train")
            else:
                for number, batch in enumerate(fit.data.batches(fit.batch_size, fit.shuffle)):
                    hooks.on_train_batch_begin(number)
                    self._train_step(batch)
                    logs = self._objective.logs()
                    hooks.on_train_batch_end(number, logs)
                    if self.stop_training:
                        break
            losses.append(logs["loss"])
        return logs

    def _run_epochs_at_once(
        self, fit: RunningFit, session: Session, hooks: CallbackList, epochs: range, watch: DivergenceWatch
    ) -> dict[str, float]:
        """Run several epochs per call of the engine, if no callback needs the model between them."""
        logs: dict[str, float] = {}
        at_once = told_often(session.epochs_at_once, len(epochs))
        for first in epochs[::at_once]:
            some = range(first, min(first + at_once, epochs.stop))
            with watch.over(some) as losses, self._pass_through_data():
                session.run_epochs(session.orders(fit.shuffle, len(some)), len(some))
                for epoch in some:
                    session.report(epoch - first)
                    logs = self._objective.logs()
                    losses.append(logs["loss"])
                    hooks.on_epoch_end(epoch, logs)
        return logs

    def _replay(self, fit: RunningFit) -> Iterator[ReplayedBatch]:
        """Train an epoch without callbacks, one batch whenever its `train` is called."""
        from nnlite.divergence import ReplayedBatch

        session = fit.session
        orders = fit.data.orders(fit.shuffle, 1) if session is None else session.orders(fit.shuffle, 1)

        def train(number: int, rows: Batch) -> float:
            if session is None:
                self._train_step(rows)
            else:
                session.run(number, number + 1, None if orders is None else orders[0])
            return self._objective.logs()["loss"]

        with self._pass_through_data():
            for number, start in enumerate(range(0, fit.data.n_rows, fit.batch_size)):
                place = slice(start, start + fit.batch_size)
                rows = fit.data.rows(place if orders is None else orders[0][place])
                yield ReplayedBatch(number, rows, partial(train, number, rows))

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """Update the weights once, with the gradient over all rows of x.

        Parameters
        ----------
        x, y, sample_weight : array_like, or a list or mapping of them
            As for `fit`.
        class_weight : mapping of int to float, optional
            As for `fit`.
        return_dict : bool, default False
            Whether to return a dictionary by name.

        Returns
        -------
        float, list of float or dict
            The loss before the update; followed by the metrics where there are any.
        """
        data = self.as_data(x, y, sample_weight, class_weight)
        with self._pass_through_data():
            self._train_step(data.rows(slice(None)))
            return as_results(self._objective.logs(), return_dict)
