"""Callbacks that watch one figure for improvement."""

from __future__ import annotations

import math
import os
import warnings

from nnlite.callbacks.base import Callback, Logs, log_learning_rate
from nnlite.types import Array


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
        """Tell that only a checkpoint by number of batches looks at batches."""
        if phase == "train":
            return "every" if self.save_freq != "epoch" else "none"
        return super().interest(phase)

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
                print(f"Epoch {epoch + 1}: learning rate lowered to {self.model.optimizer.learning_rate:g}")
            self.cooldown_counter = self.cooldown
            self.wait = 0
