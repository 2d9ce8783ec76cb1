"""Training of one network, with the settings that all detectors share.

Detectors count training in steps, that is in mini-batches, and not in epochs: a small and a large table then get the
same number of updates. ``epochs="auto"`` is the smallest number of epochs with at least so many steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nnlite.job import is_running
from nnlite.types import Array
from nnlite.validation import Constraint, choice, integer, is_integer, number

if TYPE_CHECKING:
    from nnlite.callbacks.base import Callback
    from nnlite.models import Model

TRAINING_CONSTRAINTS: Mapping[str, Constraint] = {
    "epochs": integer(least=1) | choice("auto"),
    "batch_size": integer(least=1),
    "learning_rate": number(above=0),
}
"""Constraints on the parameters of training that the detectors of records, series and images share."""

History = dict[str, list[float]]
"""The losses of each epoch, by name."""

backups: ContextVar[Callable[[Model, Array, Array, object], Callback] | None] = ContextVar("backups", default=None)
"""What makes a callback for each training that begins, of its network, inputs, targets and settings, to back it up."""

_VALIDATION_SPLIT = 0.1
_BATCH = 128
# Small tables train better in small batches: on samples of 60 to 240 records of 14 tables, 32 and 128 were level.
_SMALL_BATCH = 32
_SMALL_TABLE = 500


class FitSettings(NamedTuple):
    """Number of epochs, size of batches, early stopping and progress output of one training.

    Attributes
    ----------
    epochs : int or "auto"
        Passes over the training examples; "auto" derives them from a number of steps.
    batch_size : int or "auto"
        Examples a step; "auto" is 32 for fewer than 500 examples, else 128.
    patience : int, optional
        Epochs without a lower validation loss after which training stops; a tenth of the examples is the validation
        set. By default training does not stop early and every example is learned from.
    verbose : int, default 0
        Progress output, as in `nnlite.models.Model.fit`.
    """

    epochs: int | str
    batch_size: int | str
    patience: int | None = None
    verbose: int = 0

    def batch_for(self, n_examples: int) -> int:
        """Return the number of examples a step, of so many."""
        if self.batch_size != "auto":
            return int(self.batch_size)
        return _SMALL_BATCH if n_examples < _SMALL_TABLE else _BATCH


def fit_network(
    model: Model,
    x: Array,
    y: Array,
    settings: FitSettings,
    steps: int,
    *,
    least_steps: int = 1,
    most_steps: int | None = None,
    callbacks: Sequence[Callback] = (),
) -> History:
    """Train a compiled network and return its losses.

    Parameters
    ----------
    model : Model
        The network, compiled; its weights are changed in place.
    x, y : ndarray of shape (n_examples, ...)
        Inputs and targets.
    settings : FitSettings
        Epochs, batch size, early stopping and progress output.
    steps : int
        Number of steps for ``epochs="auto"``, rounded up to whole epochs.
    least_steps : int, default 1
        Lower bound of `steps`.
    most_steps : int, optional
        Upper bound of `steps`; by default there is none.
    callbacks : sequence of Callback, optional
        Further callbacks.

    Returns
    -------
    dict of str to list of float
        The value of each loss after each epoch.

    Raises
    ------
    nnlite.divergence.DivergenceError
        If training diverges; it names the epoch, the batch and the layer.

    Examples
    --------
    A hundred examples in batches of 32 are four steps an epoch, so ten steps take three epochs:

    >>> import numpy as np
    >>> from nnlite.layers import Dense, Input
    >>> from nnlite.models import Model
    >>> inputs = Input((2,))
    >>> model = Model(inputs, Dense(2)(inputs))
    >>> model.compile(optimizer="adam", loss="mse")
    >>> x = np.zeros((100, 2), np.float32)
    >>> len(fit_network(model, x, x, FitSettings(epochs="auto", batch_size=32), steps=10)["loss"])
    3
    """
    validation_split, stopping = 0.0, []
    if settings.patience is not None:
        validation_split = _VALIDATION_SPLIT
        from nnlite.callbacks.monitors import EarlyStopping

        stopping = [EarlyStopping("val_loss", patience=settings.patience, restore_best_weights=True)]
    # Only examples outside the validation set make steps.
    n_learned = int(len(x) * (1 - validation_split))
    batch_size = settings.batch_for(n_learned)
    epochs = _epochs(settings, -(-n_learned // batch_size), _clamp(steps, least_steps, most_steps))
    make = backups.get()
    others = [] if make is None else [make(model, x, y, (settings._replace(verbose=0), epochs))]
    if is_running():
        from anomaly.detectors.counted_steps import CountedSteps

        others.append(CountedSteps())
    history = model.fit(
        x,
        y,
        batch_size=batch_size,
        epochs=epochs,
        validation_split=validation_split,
        callbacks=[*stopping, *callbacks, *others],
        # A job is shown as a whole.
        verbose=0 if is_running() else settings.verbose,
        check_finite=True,
    )
    return {name: [float(value) for value in values] for name, values in history.history.items()}


def _clamp(steps: int, least: int, most: int | None) -> int:
    return max(steps, least) if most is None else min(max(steps, least), most)


def _epochs(settings: FitSettings, steps_per_epoch: int, steps: int) -> int:
    return -(-steps // steps_per_epoch) if settings.epochs == "auto" else int(settings.epochs)


def as_seed(random_state: Any) -> int | None:
    """Return the seed for a random state of scikit-learn or NumPy.

    Parameters
    ----------
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        A seed, a generator that a seed is drawn from, or None for a seed from the global generator.

    Returns
    -------
    int or None
        The argument of `nnlite.random.seeded`.

    Raises
    ------
    ValueError
        If it is none of these.
    """
    if random_state is None:
        return None
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    if is_integer(random_state) and random_state >= 0:
        return int(random_state)
    raise ValueError(
        f"random_state must be None, a whole number of at least 0 or a NumPy generator; found {random_state!r}"
    )
