"""Callbacks that call functions or stop training at NaN."""

from __future__ import annotations

import math
from collections.abc import Callable

from nnlite.callbacks.base import Callback, Logs


class TerminateOnNaN(Callback):
    """Stop training when the loss is NaN or infinite.

    Parameters
    ----------
    raise_error : bool, default False
        Whether to raise a RuntimeError instead.
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Check the loss."""
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            if self.raise_error:
                raise RuntimeError(f"NaN or Inf loss encountered: the loss of batch {batch} is {loss}")
            print(f"Batch {batch}: the loss is {loss}; training ends")
            self.model.stop_training = True


class LambdaCallback(Callback):
    """A callback of functions.

    Parameters
    ----------
    on_epoch_begin, on_epoch_end, on_train_begin, on_train_end, on_train_batch_begin, on_train_batch_end : callable
        Functions to call instead of the methods with these names.
    **functions
        Functions for any other method of a callback, such as `on_test_begin` or `on_predict_batch_end`.

    Raises
    ------
    TypeError
        If an argument is not the name of a method of `Callback` that begins with ``on_``.

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
        **functions: Callable[..., object] | None,
    ) -> None:
        super().__init__()
        unknown = [name for name in functions if not (name.startswith("on_") and hasattr(Callback, name))]
        if unknown:
            known = [name for name in dir(Callback) if name.startswith("on_")]
            raise TypeError(f"LambdaCallback: a callback has no {unknown[0]!r}; it has {', '.join(known)}")
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **functions,
        }
        for name, function in given.items():
            if function is not None:
                setattr(self, name, function)
