"""Callbacks that monitor the loss or a metric for improvement."""

from __future__ import annotations

import math
import os
import warnings
from typing import ClassVar

from nnlite.callbacks.base import Callback, Logs, log_learning_rate
from nnlite.types import Array
from nnlite.validation import check_argument, choice, integer, number


class _Monitor(Callback):
    """Base of the callbacks that monitor the loss or a metric for improvement."""

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        super().__init__()
        check_argument(self, "mode", mode, choice("auto", "min", "max"))
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
        """Return the monitored value, or warn once if it is missing."""
        logs = logs or {}
        if self.monitor not in logs and not self._warned:
            self._warned = True
            known = ", ".join(logs) or "none"
            hint = " (pass validation_data or validation_split to fit)" if self.monitor.startswith("val_") else ""
            warnings.warn(
                f"{type(self).__name__} monitors {self.monitor!r}, which is not in the logs of training: {known}{hint}",
                stacklevel=2,
            )
        return logs.get(self.monitor)


class EarlyStopping(_Monitor):
    """Stop training when the loss or a metric no longer improves.

    Parameters
    ----------
    monitor : str, default "val_loss"
        Name of the monitored value.
    min_delta : float, default 0
        Improvements up to this size are ignored.
    patience : int, default 0
        Number of epochs without improvement before the action.
    verbose : {0, 1}, default 0
        Whether to print a message.
    mode : {"auto", "min", "max"}, default "auto"
        Whether smaller or larger values are better; "auto" decides by the name.
    baseline : float, optional
        Value that must be exceeded from the start.
    restore_best_weights : bool, default False
        Whether to restore the weights of the best epoch.
    start_from_epoch : int, default 0
        First epoch to monitor.
    """

    state_names: ClassVar[tuple[str, ...]] = ("wait", "stopped_epoch", "best_epoch", "best", "best_weights")

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
        """Reset the state."""
        self.wait = 0
        self.stopped_epoch = 0
        self.best_epoch = 0
        self.best = self._worst()
        self.best_weights: list[Array] | None = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare the value, and stop after `patience` epochs without improvement."""
        value = self._value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            # These weights are restored if no epoch improves.
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
        """Restore the best weights."""
        if self.verbose and self.stopped_epoch:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose:
                print(f"Restoring the weights of the best epoch: {self.best_epoch + 1}")
            self.model.set_weights(self.best_weights)


class ModelCheckpoint(_Monitor):
    """Save the model, or its weights, during training.

    Parameters
    ----------
    filepath : str or path
        Name of the file, in which ``{epoch:02d}`` and values such as ``{val_loss:.2f}`` are replaced.
    monitor : str, default "val_loss"
        Name of the value that is best in the best model.
    verbose : {0, 1}, default 0
        Whether to print a message.
    save_best_only : bool, default False
        Whether to save only if the monitored value is better than all before.
    save_weights_only : bool, default False
        Whether to save only the weights, without layers and optimizer.
    mode : {"auto", "min", "max"}, default "auto"
        Whether smaller or larger values are better.
    save_freq : "epoch" or int, default "epoch"
        "epoch": save after each epoch; a number: after that many batches.
    initial_value_threshold : float, optional
        Value that must be exceeded from the start.
    """

    state_names: ClassVar[tuple[str, ...]] = ("best", "_batches")

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
        check_argument(self, "save_freq", save_freq, choice("epoch") | integer(least=1))
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self.best = self._worst() if initial_value_threshold is None else initial_value_threshold
        self._epoch = 0
        self._batches = 0

    def interest(self, phase: str) -> str:
        """Return "every" for batches of training if `save_freq` is a number of batches."""
        if phase == "train":
            return "every" if self.save_freq != "epoch" else "none"
        return super().interest(phase)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Store the number of the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Save after every `save_freq` batches."""
        if isinstance(self.save_freq, int):
            self._batches += 1
            if self._batches % self.save_freq == 0:
                self._save_if_better(self._epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save after the epoch."""
        if self.save_freq == "epoch":
            self._save_if_better(epoch, logs)

    def _save_if_better(self, epoch: int, logs: Logs | None) -> None:
        if self.save_best_only:
            value = self._value(logs)
            if value is None or not self._better(value, self.best):
                return
            self.best = value
        path = self._path(epoch, logs or {})
        if self.verbose:
            print(f"Epoch {epoch + 1}: saving the model to {path}")
        folder = os.path.dirname(path)
        if folder:
            os.makedirs(folder, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)

    def _path(self, epoch: int, logs: Logs) -> str:
        try:
            return self.filepath.format(epoch=epoch + 1, **logs)
        except KeyError as error:
            raise ValueError(
                f"ModelCheckpoint: filepath {self.filepath!r} contains {error}, "
                f"which is not in the logs of training: epoch, {', '.join(logs)}"
            ) from error


class ReduceLROnPlateau(_Monitor):
    """Reduce the learning rate when the loss or a metric no longer improves.

    The rate is added to the logs of each epoch as "learning_rate".

    Parameters
    ----------
    monitor : str, default "val_loss"
        Name of the monitored value.
    factor : float, default 0.1
        Factor of the new rate.
    patience : int, default 10
        Number of epochs without improvement before the action.
    verbose : {0, 1}, default 0
        Whether to print a message.
    mode : {"auto", "min", "max"}, default "auto"
        Whether smaller or larger values are better.
    min_delta : float, default 0.0001
        Improvements up to this size are ignored.
    cooldown : int, default 0
        Number of epochs after a change in which the value is not monitored.
    min_lr : float, default 0.0
        Lower bound of the rate.
    """

    state_names: ClassVar[tuple[str, ...]] = ("best", "wait", "cooldown_counter")

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
        check_argument(self, "factor", factor, number(above=0, below=1))
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Reset the state."""
        self.best = self._worst()
        self.wait = 0
        self.cooldown_counter = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare the value, and reduce the rate after `patience` epochs without improvement."""
        log_learning_rate(self, logs)
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
                print(f"Epoch {epoch + 1}: learning rate reduced to {self.model.optimizer.learning_rate:g}")
            self.cooldown_counter = self.cooldown
            self.wait = 0
