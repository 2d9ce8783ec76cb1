"""Who computes: the layers themselves ("numpy"), or the compiled engine ("numba").

Training asks here whether the engine can take a job. The engine is imported when it is first needed, so that NumPy
alone is enough for everything else.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

from nnlite.data import Data
from nnlite.types import Array

if TYPE_CHECKING:
    from nnlite.layers.base import Layer
    from nnlite.training import Trainer

_BACKENDS = ("auto", "numpy", "numba")
_WORTH_SECONDS = 0.05
"""How long the layers must take, about, for the engine to be asked: loading it takes about as long."""
_SECONDS_PER_LAYER = 1.5e-5
_SECONDS_PER_PRODUCT = 1e-10


class Session(Protocol):
    """What the engine gives to train or to judge a model on its data."""

    n_batches: int
    epochs_at_once: int

    def begin(self) -> None:
        """Begin a pass through the data."""

    def run(self, first: int, last: int, order: Array | None) -> None:
        """Run the batches from `first` up to `last`, the records taken in `order`."""

    def run_epochs(self, orders: Array | None, epochs: int) -> None:
        """Run whole epochs, each with its row of `orders`."""

    def report(self, epoch: int) -> None:
        """Tell the model's objective the figures of one of the epochs that `run_epochs` ran."""


def check_backend(backend: str, threads: int | None = None) -> None:
    """Raise a ValueError unless `backend` is known, and the number of threads one."""
    if backend not in _BACKENDS:
        raise ValueError(f"backend must be 'auto', 'numpy' or 'numba'; found {backend!r}")
    if threads is not None and (isinstance(threads, bool) or not isinstance(threads, int) or threads < 1):
        raise ValueError(f"threads must be a whole number of at least 1; found {threads!r}")


def open_session(
    model: Trainer,
    data: Data,
    batch_size: int,
    training: bool,
    backend: str,
    passes: int = 1,
    threads: int | None = None,
) -> Session | None:
    """Return what the engine makes of a job; None where the layers are to do it.

    Parameters
    ----------
    model : Trainer
        Compiled.
    data : Data
        What to run on.
    batch_size : int
        Records in a batch.
    training : bool
        Whether to train, or only to judge.
    backend : {"auto", "numpy", "numba"}
        Who is to compute.
    passes : int, default 1
        How often the data will be gone through.
    threads : int, optional
        How many threads may work on a batch; by default as many as pay.

    Raises
    ------
    ValueError
        If `backend` is "numba" and the engine cannot do the job.
    """
    if backend == "numpy" or (
        backend == "auto" and _seconds(model, data, batch_size, training, passes) < _WORTH_SECONDS
    ):
        return None
    try:
        from nnlite.engine.lowering import Unsupported
        from nnlite.engine.session import Session as CompiledSession
    except ImportError as error:
        if backend == "numba":
            raise ValueError(f"backend='numba' needs the package numba: {error}") from error
        return None
    try:
        return CompiledSession(model, data, batch_size, training, threads)
    except Unsupported as reason:
        if backend == "numba":
            raise ValueError(
                f"backend='numba' cannot do this: {reason}; backend='auto' uses the layers then"
            ) from reason
        return None


def _seconds(model: Trainer, data: Data, batch_size: int, training: bool, passes: int) -> float:
    """Return about how long the layers take for the job."""
    batches = -(-data.n_rows // batch_size) * passes
    per_batch = _SECONDS_PER_LAYER * (len(model.layers) + 2)
    products = sum(map(_products, model.layers)) * data.n_rows * passes
    return (3 if training else 1) * (batches * per_batch + products * _SECONDS_PER_PRODUCT)


def _products(layer: Layer) -> int:
    """Return about how many multiplications a layer makes of a record: one for each weight at every position."""
    shapes = [tensor.shape for node in layer.nodes for tensor in (*node.inputs, *node.outputs)]
    positions = max((math.prod(size or 1 for size in shape[1:-1]) for shape in shapes), default=1)
    return layer.count_params() * positions
