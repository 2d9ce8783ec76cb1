"""Who computes: the layers themselves ("numpy"), or the compiled engine ("numba").

Training asks here whether the engine can take a job. The engine is imported when it is first needed, so that NumPy
alone is enough for everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from nnlite.compiled import CompiledNetwork
from nnlite.cost import numpy_seconds
from nnlite.data import Data
from nnlite.types import Array, RandomGenerator

T = TypeVar("T")

_BACKENDS = ("auto", "numpy", "numba")
_WORTH_SECONDS = 0.02
"""How long the layers must take, about, for the engine to be asked.

Loading it takes three times as long, but once; fits that short seldom come alone, and it makes them in a fifth.
"""
_WORTH_SECONDS_TO_PREDICT = 0.01
"""The same for predictions, of which there are more still."""


class Session(Protocol):
    """What the engine gives to train or to judge a model on its data."""

    n_batches: int
    epochs_at_once: int

    def orders(self, generator: RandomGenerator | None, epochs: int) -> Array | None:
        """Draw the orders in which so many epochs take the records, as `Data.orders` would."""

    def run(self, first: int, last: int, order: Array | None) -> None:
        """Run the batches from `first` up to `last`, the records taken in `order`."""

    def run_epochs(self, orders: Array | None, epochs: int) -> None:
        """Run whole epochs, each with its row of `orders`."""

    def report(self, epoch: int) -> None:
        """Tell the model's objective the figures of one of the epochs that `run_epochs` ran."""


class Prediction(Protocol):
    """What the engine gives to apply a model to many records."""

    def __call__(self, inputs: Sequence[Array], threads: int | None) -> list[Array]:
        """Return one array per output."""


def check_backend(backend: str, threads: int | None = None) -> None:
    """Raise a ValueError unless `backend` is known, and the number of threads one."""
    if backend not in _BACKENDS:
        raise ValueError(f"backend must be 'auto', 'numpy' or 'numba'; found {backend!r}")
    if threads is not None and (isinstance(threads, bool) or not isinstance(threads, int) or threads < 1):
        raise ValueError(f"threads must be a whole number of at least 1; found {threads!r}")


def open_session(
    model: CompiledNetwork,
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
    model : CompiledNetwork
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
    if not _wanted(backend, numpy_seconds(model, data.n_rows, batch_size, passes) * (3 if training else 1)):
        return None

    def open_it() -> Session:
        from nnlite.engine.runtime.session import Session as CompiledSession

        return CompiledSession(model, data, batch_size, training, threads)

    return _attempt(open_it, backend)


def open_prediction(model: CompiledNetwork, rows: int, batch_size: int, backend: str) -> Prediction | None:
    """Return the compiled predictions of a model; None where the layers are to do it.

    Parameters
    ----------
    model : CompiledNetwork
        The model.
    rows, batch_size : int
        How many records there are, and how many the layers would take at a time.
    backend : {"auto", "numpy", "numba"}
        Who is to compute.

    Raises
    ------
    ValueError
        If `backend` is "numba" and the engine cannot do the job.
    """
    if not rows or not _wanted(backend, numpy_seconds(model, rows, batch_size, 1), _WORTH_SECONDS_TO_PREDICT):
        return None

    def open_it() -> Prediction:
        from nnlite.engine.runtime.inference import Prediction as CompiledPrediction

        return CompiledPrediction(model)

    return _attempt(open_it, backend)


def one_record_function(model: CompiledNetwork) -> Callable[[Any], Array] | None:
    """Return a compiled function from one record to its output; None where that cannot be had."""

    def open_it() -> Callable[[Any], Array]:
        from nnlite.engine.runtime.inference import OneRecord

        return OneRecord(model)

    return _attempt(open_it, "auto")


def _wanted(backend: str, seconds: float, worth: float = _WORTH_SECONDS) -> bool:
    """Tell whether the engine should be asked for a job that takes the layers so long."""
    return backend == "numba" or (backend == "auto" and seconds >= worth)


def _attempt(open_it: Callable[[], T], backend: str) -> T | None:
    """Return what the engine opens; None where it cannot, unless it has to."""
    try:
        from nnlite.engine.lowering import Unsupported

        try:
            return open_it()
        except Unsupported as reason:
            if backend == "numba":
                raise ValueError(
                    f"backend='numba' cannot do this: {reason}; backend='auto' uses the layers"
                ) from reason
            return None
    except ImportError as error:
        if backend == "numba":
            raise ValueError(f"backend='numba' needs the package numba, which cannot be imported: {error}") from error
        return None
