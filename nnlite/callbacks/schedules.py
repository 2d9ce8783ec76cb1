"""Callbacks that change a number from epoch to epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from nnlite.callbacks.base import Callback, Logs, log_learning_rate

if TYPE_CHECKING:
    from nnlite.layers import GaussianLatent


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
        log_learning_rate(self, logs)


class KLWarmUp(Callback):
    r"""Let the divergence of a variational autoencoder come into the loss little by little.

    At the start of training, codes tell the decoder nothing yet, and the divergence is cheapest to lower by making them
    tell nothing for good (*posterior collapse*). So it begins at a small weight, and the decoder learns to listen
    first. In epoch e, counted from 0, every `GaussianLatent` of the model has

    .. math:: \beta_e = \beta_{start} + (\beta - \beta_{start}) \min(1, e / \text{epochs})

    Losses of different epochs are then not the same sum: to stop early, begin to watch after the warm-up
    (``EarlyStopping(start_from_epoch=...)``).

    Parameters
    ----------
    epochs : int, default 10
        Epochs until the full weight is reached, at least 1.
    beta : float, default 1.0
        The full weight, at least 0.
    start : float, default 0.0
        The first weight, at least 0.

    Raises
    ------
    ValueError
        If an argument is out of its range; when training begins, if the model has no `GaussianLatent`.

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
        if isinstance(epochs, bool) or not isinstance(epochs, (int, np.integer)) or epochs < 1:
            raise ValueError(f"KLWarmUp: epochs must be a whole number of at least 1; found {epochs!r}")
        for argument, value in (("beta", beta), ("start", start)):
            if not 0 <= value < np.inf:
                raise ValueError(f"KLWarmUp: {argument} must be at least 0 and finite; found {value!r}")
        self.epochs = int(epochs)
        self.beta = beta
        self.start = start

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Find the layers."""
        self._latents = _latents_in(self.model)
        if not self._latents:
            raise ValueError("KLWarmUp: the model has no GaussianLatent layer whose beta to change")

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Set beta."""
        for layer in self._latents:
            layer.beta = self.start + (self.beta - self.start) * min(1.0, epoch / self.epochs)


def _latents_in(layer: Any) -> list[GaussianLatent]:
    """Return every `GaussianLatent` of a model, those of models and wrappers within it included."""
    from nnlite.layers import GaussianLatent

    if isinstance(layer, GaussianLatent):
        return [layer]
    return [found for inner in getattr(layer, "layers", []) for found in _latents_in(inner)]
