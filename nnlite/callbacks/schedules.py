"""Callbacks that change the learning rate, or the weight of a divergence, from epoch to epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nnlite.callbacks.base import Callback, Logs, log_learning_rate
from nnlite.validation import check_argument, integer, is_number, number

if TYPE_CHECKING:
    from nnlite.layers import GaussianLatent


class LearningRateScheduler(Callback):
    """Set the learning rate before each epoch.

    The rate is added to the logs of the epoch as "learning_rate".

    Parameters
    ----------
    schedule : callable
        Function of the epoch, counted from 0, or of the epoch and of the current rate; returns the new rate.
    verbose : {0, 1}, default 0
        Whether to print the rate.
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self._takes_rate = _takes_two(schedule)
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Set the rate."""
        current = float(self.model.optimizer.learning_rate)
        rate = self.schedule(epoch, current) if self._takes_rate else self.schedule(epoch)
        if not is_number(rate):
            raise TypeError(f"LearningRateScheduler: the schedule must return a number; found {rate!r}")
        self.model.optimizer.learning_rate = float(rate)
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate {rate:g}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Add the rate to the logs."""
        log_learning_rate(self, logs)


class KLWarmUp(Callback):
    r"""Increase the weight of the divergence of a variational autoencoder linearly.

    At the start of training, codes contain no information for the decoder yet, and the divergence is easily minimized
    by codes without information (*posterior collapse*). With a small weight at first, the decoder learns to use them.
    In epoch e, counted from 0, every `GaussianLatent` of the model has

    .. math:: \beta_e = \beta_{start} + (\beta - \beta_{start}) \min(1, e / \text{epochs})

    The losses of different epochs of the warm-up are not comparable: start early stopping after it
    (``EarlyStopping(start_from_epoch=...)``).

    Parameters
    ----------
    epochs : int, default 10
        Number of epochs until the full weight, at least 1.
    beta : float, default 1.0
        Full weight :math:`\beta`, at least 0.
    start : float, default 0.0
        Initial weight :math:`\beta_{start}`, at least 0.

    Raises
    ------
    ValueError
        If an argument is out of range; at the beginning of training, if the model has no `GaussianLatent`.

    References
    ----------
    Bowman et al., "Generating sentences from a continuous space", CoNLL 2016; Sønderby et al., "Ladder variational
    autoencoders", NeurIPS 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Dense, GaussianLatent, Input
    >>> from nnlite.models import Sequential
    >>> model = Sequential([Input((4,)), Dense(4), GaussianLatent(), Dense(4)])
    >>> model.compile("adam", "gaussian_nll")
    >>> x = np.random.default_rng(0).normal(size=(32, 4))
    >>> history = model.fit(x, x, epochs=3, verbose=0, callbacks=[KLWarmUp(epochs=4)])
    >>> model.layers[1].beta
    0.5
    """

    def __init__(self, epochs: int = 10, beta: float = 1.0, start: float = 0.0) -> None:
        super().__init__()
        check_argument(self, "epochs", epochs, integer(least=1))
        check_argument(self, "beta", beta, number(least=0))
        check_argument(self, "start", start, number(least=0))
        self.epochs = int(epochs)
        self.beta = beta
        self.start = start

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Find the layers."""
        self._latents = _latents_in(self.model)
        if not self._latents:
            raise ValueError("KLWarmUp: the model has no GaussianLatent layer")

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Set beta."""
        for layer in self._latents:
            layer.beta = self.start + (self.beta - self.start) * min(1.0, epoch / self.epochs)


def _takes_two(schedule: Callable[..., float]) -> bool:
    """Return whether a function can be called with two arguments."""
    import inspect

    try:
        inspect.signature(schedule).bind(0, 0.0)
    except TypeError:
        return False
    except ValueError:  # a built-in function without a signature
        pass
    return True


def _latents_in(layer: Any) -> list[GaussianLatent]:
    """Return every `GaussianLatent` of a model, also those inside models and wrappers."""
    # Imported here for start-up time: most programs use no variational layer.
    from nnlite.layers import GaussianLatent

    if isinstance(layer, GaussianLatent):
        return [layer]
    return [found for inner in getattr(layer, "layers", []) for found in _latents_in(inner)]
