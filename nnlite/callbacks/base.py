"""Base class of the callbacks: methods that are called during training, evaluation and prediction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any, ClassVar

# The loss and the metrics of an epoch or a batch by name; a callback may add values.
Logs = dict[str, float]


class Callback:
    """Base of all callbacks, whose methods do nothing.

    Attributes
    ----------
    model : Model
        The model.
    params : dict
        ``epochs``, ``steps`` (batches per epoch) and ``verbose``.

    Examples
    --------
    >>> class Shout(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(f"epoch {epoch}!")
    >>> Shout().on_epoch_end(3)
    epoch 3!
    """

    state_names: ClassVar[tuple[str, ...]] = ()
    """Attributes that a checkpoint keeps: JSON values and lists of arrays."""

    def __init__(self) -> None:
        self.model: Any = None
        self.params: Mapping[str, Any] = {}

    def get_state(self) -> dict[str, Any]:
        """Return what has to be known to go on after an interruption; see `nnlite.callbacks.BackupAndRestore`."""
        return {name: getattr(self, name) for name in self.state_names}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `get_state` returned.

        Raises
        ------
        ValueError
            If it is the state of another callback, or a value is of another kind than the one before, such as a text
            for a number.
        """
        if set(state) != set(self.state_names):
            raise ValueError(f"{type(self).__name__} keeps {sorted(self.state_names)}; found {sorted(state)}")
        for name, value in state.items():
            before = getattr(self, name)
            may_be_any = before is None or (value is None and _kind(before) != "number")
            if not may_be_any and _kind(value) != _kind(before):
                raise ValueError(f"{type(self).__name__}: {name} is a {_kind(before)}; found {str(value)[:40]!r}")
            setattr(self, name, value)

    def set_model(self, model: Any) -> None:
        """Set the model."""
        self.model = model

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Set the parameters of training."""
        self.params = params

    def interest(self, phase: str) -> str:
        """Return the batches or epochs for which the callback needs to be called.

        Parameters
        ----------
        phase : {"train", "test", "epoch"}
            Batches of training, batches of validation and evaluation, or epochs.

        Returns
        -------
        {"every", "some", "none"}
            If the compiled engine runs several batches per call, the methods for batches are not called for "none", and
            for "some" only the method for the end of a batch is called, not for every batch. For "epoch", "none" means
            that the callback does not access the model between epochs.
        """
        if phase == "epoch":
            return "every"
        methods = [f"on_{phase}_batch_begin", f"on_{phase}_batch_end"]
        if phase == "train":
            methods += ["on_batch_begin", "on_batch_end"]
        own = (getattr(getattr(self, name), "__func__", None) for name in methods)
        overridden = any(one is not getattr(Callback, name) for one, name in zip(own, methods, strict=True))
        return "every" if overridden else "none"

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Run before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Run after the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Run before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Run after an epoch with its loss and metrics in `logs`."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run before a batch of training; the short name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run after a batch of training; the short name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run before a batch of training; by default calls `on_batch_begin`."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run after a batch of training, with the averages over the epoch so far in `logs`.

        By default calls `on_batch_end`.
        """
        self.on_batch_end(batch, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Run before an evaluation."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Run after an evaluation."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run before a batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run after a batch of an evaluation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Run before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Run after a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run after a batch of a prediction."""


def _kind(value: Any) -> str:
    """Return the name of a value's class; all numbers are of one."""
    return "number" if isinstance(value, Real) and not isinstance(value, bool) else type(value).__name__


class CallbackList(Callback):
    """A list of callbacks as one callback.

    Parameters
    ----------
    callbacks : sequence of Callback
        The callbacks.
    model : Model
        Passed to each callback.
    params : mapping
        Passed to each callback.
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
        """Return the batches of training for which a callback needs to be called: "every", "some" or "none"."""
        return self._most(callback.interest("train") for callback in self.callbacks)

    def test_interest(self) -> str:
        """Return the same for batches of validation and evaluation."""
        return self._most(callback.interest("test") for callback in self.callbacks)

    def epoch_interest(self) -> str:
        """Return "every" if a callback accesses the model between epochs, else "none"."""
        return self._most(callback.interest("epoch") for callback in self.callbacks)

    @staticmethod
    def _most(interests: Iterable[str]) -> str:
        return max(interests, key=("none", "some", "every").index, default="none")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Call the method of each callback."""
        for callback in self.callbacks:
            callback.on_train_begin(logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Call the method of each callback."""
        for callback in self.callbacks:
            callback.on_train_end(logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Call the method of each callback."""
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Call the method of each callback."""
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Call the method of each callback."""
        for callback in self.callbacks:
            callback.on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Call the method of each callback."""
        for callback in self.callbacks:
            callback.on_train_batch_end(batch, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Call the method of each callback."""
        for callback in self.callbacks:
            callback.on_test_begin(logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Call the method of each callback."""
        for callback in self.callbacks:
            callback.on_test_end(logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Call the method of each callback."""
        for callback in self.callbacks:
            callback.on_test_batch_begin(batch, logs)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Call the method of each callback."""
        for callback in self.callbacks:
            callback.on_test_batch_end(batch, logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Call the method of each callback."""
        for callback in self.callbacks:
            callback.on_predict_begin(logs)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Call the method of each callback."""
        for callback in self.callbacks:
            callback.on_predict_end(logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Call the method of each callback."""
        for callback in self.callbacks:
            callback.on_predict_batch_begin(batch, logs)

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Call the method of each callback."""
        for callback in self.callbacks:
            callback.on_predict_batch_end(batch, logs)


def as_callbacks(given: Callback | Iterable[Callback] | None) -> list[Callback]:
    """Return a list of one callback, of several, or of none.

    Raises
    ------
    TypeError
        If `given` is of another type.
    """
    if given is None or isinstance(given, Callback):
        return [] if given is None else [given]
    if not isinstance(given, Iterable):
        raise TypeError(f"callbacks must be a Callback or a list of them; found {given!r}")
    return list(given)


def log_learning_rate(callback: Callback, logs: Logs | None) -> None:
    """Add the learning rate to the logs of an epoch."""
    if logs is not None:
        logs["learning_rate"] = float(callback.model.optimizer.learning_rate)
