"""Callbacks: what happens along the way of training."""

from __future__ import annotations

import csv
import math
import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from nnlite.progress import Progress
from nnlite.types import Array

# The figures of an epoch or a batch, by name; a callback may add some of its own.
Logs = dict[str, float]


class Callback:
    """Base of all callbacks: every method does nothing until it is overridden.

    Attributes
    ----------
    model : Model
        The model that is being trained.
    params : dict
        ``epochs``, ``steps`` (batches in an epoch) and ``verbose``.

    Examples
    --------
    >>> class Shout(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(f"epoch {epoch}!")
    >>> Shout().on_epoch_end(3)
    epoch 3!
    """

    def __init__(self) -> None:
        self.model: Any = None
        self.params: Mapping[str, Any] = {}

    def set_model(self, model: Any) -> None:
        """Take the model."""
        self.model = model

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Take the parameters of training."""
        self.params = params

    def interest(self, phase: str) -> str:
        """Tell which batches the callback looks at.

        Parameters
        ----------
        phase : {"train", "test"}
            In training, or in validation and evaluation.

        Returns
        -------
        {"every", "some", "none"}
            With "none", the methods for batches are not called, and with "some" only the one for their end, and not
            for every batch, where that lets the compiled engine run many batches at a time.
        """
        methods = (f"on_{phase}_batch_begin", f"on_{phase}_batch_end")
        own = (getattr(getattr(self, name), "__func__", None) for name in methods)
        overridden = any(one is not getattr(Callback, name) for one, name in zip(own, methods, strict=True))
        return "every" if overridden else "none"

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Do something before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Do something after the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Do something before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Do something after an epoch; `logs` holds its figures."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Do something before a step of training."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Do something after a step of training; `logs` holds the epoch's figures so far."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Do something before an evaluation."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Do something after an evaluation."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Do something before a batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Do something after a batch of an evaluation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Do something before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Do something after a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Do something before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Do something after a batch of a prediction."""


class CallbackList(Callback):
    """Several callbacks as one, called in order.

    Parameters
    ----------
    callbacks : sequence of Callback
        The callbacks.
    model : Model
        Handed to each.
    params : mapping
        Handed to each.
    """

    def __init__(self, callbacks: Sequence[Callback], model: Any, params: Mapping[str, Any]) -> None:
        super().__init__()
        self.callbacks = list(callbacks)
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(f"callbacks must be instances of Callback; found {callback!r}")
            callback.set_model(model)
            callback.set_params(params)

    def train_interest(self) -> str:
        """Tell which batches of training the callbacks look at: "every", "some" or "none" of them."""
        return self._most(callback.interest("train") for callback in self.callbacks)

    def test_interest(self) -> str:
        """Tell the same of batches in validation and evaluation."""
        return self._most(callback.interest("test") for callback in self.callbacks)

    def epoch_interest(self) -> str:
        """Tell whether a callback looks at the model between epochs: "every" or "none"."""
        return "none" if all(type(callback) is History for callback in self.callbacks) else "every"

    @staticmethod
    def _most(interests: Iterable[str]) -> str:
        return max(interests, key=("none", "some", "every").index, default="none")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Call each."""
        for callback in self.callbacks:
            callback.on_train_begin(logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Call each."""
        for callback in self.callbacks:
            callback.on_train_end(logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Call each."""
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Call each."""
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Call each."""
        for callback in self.callbacks:
            callback.on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Call each."""
        for callback in self.callbacks:
            callback.on_train_batch_end(batch, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Call each."""
        for callback in self.callbacks:
            callback.on_test_begin(logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Call each."""
        for callback in self.callbacks:
            callback.on_test_end(logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Call each."""
        for callback in self.callbacks:
            callback.on_test_batch_begin(batch, logs)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Call each."""
        for callback in self.callbacks:
            callback.on_test_batch_end(batch, logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Call each."""
        for callback in self.callbacks:
            callback.on_predict_begin(logs)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Call each."""
        for callback in self.callbacks:
            callback.on_predict_end(logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Call each."""
        for callback in self.callbacks:
            callback.on_predict_batch_begin(batch, logs)

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Call each."""
        for callback in self.callbacks:
            callback.on_predict_batch_end(batch, logs)


class History(Callback):
    """The figures of every epoch; `fit` returns one.

    Attributes
    ----------
    history : dict of str to list of float
        Each figure's values, one per epoch.
    epoch : list of int
        The epochs' numbers.
    backend : {"numpy", "numba"}
        What computed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.backend = "numpy"
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Append the figures."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class ProgressBar(Callback):
    """The progress bar that `fit` shows.

    Parameters
    ----------
    verbose : {1, 2}, default 1
        A bar, or a line per epoch.
    """

    def __init__(self, verbose: int = 1) -> None:
        super().__init__()
        self.verbose = verbose

    def interest(self, phase: str) -> str:
        """Tell that a bar may skip batches."""
        return "some" if phase == "train" else "none"

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Begin a bar."""
        print(f"Epoch {epoch + 1}/{self.params['epochs']}")
        self._progress = Progress(self.params["steps"], bar=self.verbose == 1)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Lengthen the bar."""
        self._progress.update(batch + 1, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: ARG002
        """End the bar."""
        self._progress.finish(logs or {})


def _log_learning_rate(callback: Callback, logs: Logs | None) -> None:
    """Add the learning rate to the figures of an epoch, as every callback that changes it does."""
    if logs is not None:
        logs["learning_rate"] = float(callback.model.optimizer.learning_rate)


class _Monitor(Callback):
    """A callback that watches one figure for improvement."""

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"{type(self).__name__}: mode must be 'auto', 'min' or 'max'; found {mode!r}")
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(min_delta)
        self._warned = False

    def _sign(self) -> int:
        """Return 1 if larger is better, else -1."""
        if self.mode == "auto":
            return 1 if self.monitor.endswith(("acc", "accuracy", "auc", "precision", "recall", "f1")) else -1
        return 1 if self.mode == "max" else -1

    def _better(self, value: float, than: float) -> bool:
        return self._sign() * (value - than) > self.min_delta

    def _worst(self) -> float:
        return -self._sign() * math.inf

    def _value(self, logs: Logs | None) -> float | None:
        """Return the figure watched, or warn once that there is none."""
        logs = logs or {}
        if self.monitor not in logs and not self._warned:
            self._warned = True
            known = ", ".join(logs) or "none"
            hint = " (give fit validation_data or validation_split)" if self.monitor.startswith("val_") else ""
            warnings.warn(
                f"{type(self).__name__} watches {self.monitor!r}, which is not among the figures of "
                f"training: {known}{hint}",
                stacklevel=2,
            )
        return logs.get(self.monitor)


class EarlyStopping(_Monitor):
    """Stop when a figure no longer improves.

    Parameters
    ----------
    monitor : str, default "val_loss"
        The figure.
    min_delta : float, default 0
        What counts as an improvement must be larger than this.
    patience : int, default 0
        Epochs without improvement to put up with.
    verbose : {0, 1}, default 0
        Whether to say when it stops.
    mode : {"auto", "min", "max"}, default "auto"
        Whether smaller or larger is better; "auto" goes by the name.
    baseline : float, optional
        A value to be better than, from the start.
    restore_best_weights : bool, default False
        Whether the model gets back the weights of its best epoch.
    start_from_epoch : int, default 0
        Epochs to let pass before watching.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Begin to watch."""
        self.wait = 0
        self.stopped_epoch = 0
        self.best_epoch = 0
        self.best = self._worst()
        self.best_weights: list[Array] | None = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare, and stop if patience is over."""
        value = self._value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            # Even without any improvement there is something to go back to.
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self._better(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._better(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Give back the best weights."""
        if self.verbose and self.stopped_epoch:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose:
                print(f"Restoring the weights of the best epoch: {self.best_epoch + 1}")
            self.model.set_weights(self.best_weights)


class ModelCheckpoint(_Monitor):
    """Save the model along the way.

    Parameters
    ----------
    filepath : str or path
        Where to; ``{epoch:02d}`` and figures such as ``{val_loss:.2f}`` are filled in.
    monitor : str, default "val_loss"
        The figure that tells which is best.
    verbose : {0, 1}, default 0
        Whether to say what is saved.
    save_best_only : bool, default False
        Whether to save only what is better than all before.
    save_weights_only : bool, default False
        Whether to leave out layers and optimizer.
    mode : {"auto", "min", "max"}, default "auto"
        Whether smaller or larger is better.
    save_freq : "epoch" or int, default "epoch"
        After each epoch, or every so many batches.
    initial_value_threshold : float, optional
        A value to be better than, from the start.
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode)
        if save_freq != "epoch" and (isinstance(save_freq, (str, bool)) or save_freq < 1):
            raise ValueError(
                f"ModelCheckpoint: save_freq must be 'epoch' or a number of batches of at least 1; found {save_freq!r}"
            )
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self.best = self._worst() if initial_value_threshold is None else initial_value_threshold
        self._epoch = 0
        self._batches = 0

    def interest(self, phase: str) -> str:
        """Only a checkpoint by number of batches looks at batches."""
        return "every" if phase == "train" and self.save_freq != "epoch" else "none"

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Note the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Save every so many batches."""
        if isinstance(self.save_freq, int):
            self._batches += 1
            if self._batches % self.save_freq == 0:
                self._consider(self._epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save after the epoch."""
        if self.save_freq == "epoch":
            self._consider(epoch, logs)

    def _consider(self, epoch: int, logs: Logs | None) -> None:
        if self.save_best_only:
            value = self._value(logs)
            if value is None or not self._better(value, self.best):
                return
            self.best = value
        path = self._path(epoch, logs or {})
        if self.verbose:
            print(f"Epoch {epoch + 1}: saving the model to {path}")
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)

    def _path(self, epoch: int, logs: Logs) -> str:
        try:
            return self.filepath.format(epoch=epoch + 1, **logs)
        except KeyError as error:
            raise ValueError(
                f"ModelCheckpoint: filepath {self.filepath!r} names {error}, "
                f"which is not among the figures of training: epoch, {', '.join(logs)}"
            ) from error


class ReduceLROnPlateau(_Monitor):
    """Lower the learning rate when a figure no longer improves.

    The rate of each epoch joins its figures, as "learning_rate".

    Parameters
    ----------
    monitor : str, default "val_loss"
        The figure.
    factor : float, default 0.1
        What the rate is multiplied by.
    patience : int, default 10
        Epochs without improvement to put up with.
    verbose : {0, 1}, default 0
        Whether to say when it does.
    mode : {"auto", "min", "max"}, default "auto"
        Whether smaller or larger is better.
    min_delta : float, default 0.0001
        What counts as an improvement must be larger than this.
    cooldown : int, default 0
        Epochs to wait after a change before watching again.
    min_lr : float, default 0.0
        The rate goes no lower.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 0.0001,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        if not 0 < factor < 1:
            raise ValueError(f"ReduceLROnPlateau: factor must be above 0 and below 1; found {factor!r}")
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Begin to watch."""
        self.best = self._worst()
        self.wait = 0
        self.cooldown_counter = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare, and lower the rate if patience is over."""
        _log_learning_rate(self, logs)
        value = self._value(logs)
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self._better(value, self.best):
            self.best = value
            self.wait = 0
            return
        if self.cooldown_counter > 0:
            return
        self.wait += 1
        before = self.model.optimizer.learning_rate
        if self.wait >= self.patience and before > self.min_lr:
            self.model.optimizer.learning_rate = max(before * self.factor, self.min_lr)
            if self.verbose:
                print(f"Epoch {epoch + 1}: learning rate lowered to {self.model.optimizer.learning_rate:g}")
            self.cooldown_counter = self.cooldown
            self.wait = 0


class LearningRateScheduler(Callback):
    """Set the learning rate before each epoch.

    The rate joins the epoch's figures, as "learning_rate".

    Parameters
    ----------
    schedule : callable
        Called with the epoch's number, from 0, and the rate so far; returns the new rate.
    verbose : {0, 1}, default 0
        Whether to say so.
    """

    def __init__(self, schedule: Callable[[int, float], float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Set the rate."""
        rate = self.schedule(epoch, self.model.optimizer.learning_rate)
        if isinstance(rate, bool) or not isinstance(rate, (int, float, np.integer, np.floating)):
            raise TypeError(f"LearningRateScheduler: the schedule must return a number; found {rate!r}")
        self.model.optimizer.learning_rate = float(rate)
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate {rate:g}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Add the rate to the epoch's figures."""
        _log_learning_rate(self, logs)


class CSVLogger(Callback):
    """Write every epoch's figures to a CSV file.

    The file is written line by line, so that what has been learned so far is there if training breaks off. Its columns
    are the epoch and the figures in the order of their names; what an epoch lacks, such as the figures of validation
    where there was none, is "NA".

    Parameters
    ----------
    filename : str or path
        Where to.
    separator : str, default ","
        Between the figures.
    append : bool, default False
        Whether to go on with an existing file.
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = Path(filename)
        self.separator = separator
        self.append = append
        self._file: IO[str] | None = None
        self._names: list[str] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Open the file."""
        self._names = []
        if self.append and self.filename.exists() and self.filename.stat().st_size:
            with open(self.filename, newline="") as file:
                self._names = next(csv.reader(file, delimiter=self.separator))
        self._file = open(self.filename, "a" if self.append else "w", newline="")  # noqa: SIM115

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a line."""
        logs = logs or {}
        assert self._file is not None
        writer = csv.writer(self._file, delimiter=self.separator, lineterminator="\n")
        if not self._names:
            names = sorted(logs)
            if not any(name.startswith("val_") for name in names):
                # Validation may come in a later epoch, and a column cannot be added then.
                names += [f"val_{name}" for name in names]
            self._names = ["epoch", *names]
            writer.writerow(self._names)
        writer.writerow([epoch, *(logs.get(name, "NA") for name in self._names[1:])])
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


class TerminateOnNaN(Callback):
    """Stop when the loss is no longer a number."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Look at the loss."""
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            print(f"Batch {batch}: the loss is {loss}; training ends")
            self.model.stop_training = True


class LambdaCallback(Callback):
    """A callback made of functions.

    Parameters
    ----------
    on_epoch_begin, on_epoch_end, on_train_begin, on_train_end, on_train_batch_begin, on_train_batch_end : callable
        Called in the place of the methods of the same names.

    Examples
    --------
    >>> LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs)).on_epoch_end(0, {"loss": 1.0})
    0 {'loss': 1.0}
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., object] | None = None,
        on_epoch_end: Callable[..., object] | None = None,
        on_train_begin: Callable[..., object] | None = None,
        on_train_end: Callable[..., object] | None = None,
        on_train_batch_begin: Callable[..., object] | None = None,
        on_train_batch_end: Callable[..., object] | None = None,
    ) -> None:
        super().__init__()
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        }
        for name, function in given.items():
            if function is not None:
                setattr(self, name, function)
