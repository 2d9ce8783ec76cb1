"""Training one network of a detector, by the parameters that detectors have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from nnlite.callbacks import Callback
from nnlite.models import Model
from nnlite.types import Array


class Fitting(Protocol):
    """The parameters that say how long to train, and how."""

    epochs: int | str
    batch_size: int
    verbose: int


def fit_network(
    model: Model, x: Array, y: Array, how: Fitting, steps: int, callbacks: Sequence[Callback] = ()
) -> dict[str, list[float]]:
    """Train a network, and return its losses.

    Parameters
    ----------
    model : Model
        Compiled.
    x, y : ndarray
        What it is shown, and what it is to make of it.
    how : Fitting
        The detector.
    steps : int
        How many steps ``epochs="auto"`` stands for: as many epochs as make at least so many.
    callbacks : sequence of Callback, optional
        Called along the way.

    Returns
    -------
    dict of str to list of float
        Each figure's value after each epoch.
    """
    batches = -(-len(x) // how.batch_size)
    epochs = -(-steps // batches) if how.epochs == "auto" else int(how.epochs)
    history = model.fit(x, y, batch_size=int(how.batch_size), epochs=epochs, callbacks=callbacks, verbose=how.verbose)
    return {name: [float(v) for v in values] for name, values in history.history.items()}
