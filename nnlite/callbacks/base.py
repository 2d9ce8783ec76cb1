"""What a callback is: methods that are called along the way of training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

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
        phase : {"train", "test", "epoch"}
            In training, or in validation and evaluation; or whether it looks at the model between epochs at all.

        Returns
        -------
        {"every", "some", "none"}
            With "none", the methods for batches are not called, and with "some" only the one for their end, and not
            for every batch, where that lets the compiled engine run many batches at a time.
        """
        if phase == "epoch":
            return "every"
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
        return self._most(callback.interest("epoch") for callback in self.callbacks)

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


def as_callbacks(given: Callback | Iterable[Callback] | None) -> list[Callback]:
    """Return a list of one callback, of several, or of none.

    Raises
    ------
    TypeError
        If it is something else.
    """
    if given is None or isinstance(given, Callback):
        return [] if given is None else [given]
    if not isinstance(given, Iterable):
        raise TypeError(f"callbacks must be a Callback or a list of them; found {given!r}")
    return list(given)


def log_learning_rate(callback: Callback, logs: Logs | None) -> None:
    """Add the learning rate to the figures of an epoch, as every callback that changes it does."""
    if logs is not None:
        logs["learning_rate"] = float(callback.model.optimizer.learning_rate)
