"""Backends: the layers themselves ("numpy") or the compiled engine ("numba").

The functions here open the engine for a model and its data if it supports them and is worth its start. The engine is
imported on first use, so that everything else needs only NumPy.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from nnlite.types import Array, RandomGenerator
from nnlite.validation import check_value, choice, integer

if TYPE_CHECKING:
    from nnlite.chain_layer import ChainLayer
    from nnlite.compiled import CompiledNetwork
    from nnlite.data import Data
    from nnlite.known_columns import KnownColumns

T = TypeVar("T")

_BACKENDS = ("auto", "numpy", "numba")
_NO_NUMBA = "backend='numba' needs the package numba, which cannot be imported: {}"
_WORTH_SECONDS = 0.02
"""Estimated seconds of the layers from which "auto" chooses the engine for training.

Loading the engine takes three times as long, but only once. Short fits are usually repeated, and five times as fast.
"""
_WORTH_SECONDS_TO_PREDICT = 0.01
"""The same for prediction, which is repeated even more often."""
_WORTH_COMPILING = 0.1
"""The same where machine code is still to be compiled. That takes seconds, but once on a machine, and those who search
once search again: with 10,000 records, the first fit already compiles it."""
_WORTH_WHEN_LOADED = 0.002
"""The same where it is compiled, and other kernels are loaded."""
_NATIVE = "nnlite.engine.codegen.native"
_WORTH_SECONDS_TO_READ = 0.2
"""The same for files, each of which is read once."""


class Session(Protocol):
    """Training or evaluation of a model on its data by the engine."""

    n_batches: int
    epochs_at_once: int

    def orders(self, generator: RandomGenerator | None, epochs: int) -> Array | None:
        """Draw the orders of the records in several epochs, as `Data.orders` does."""

    def noise_state(self) -> dict[str, Any]:
        """Return the state of the random numbers of dropout and noise, as JSON values."""

    def set_noise_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `noise_state` returned."""

    def run(self, first: int, last: int, order: Array | None) -> None:
        """Run the batches from `first` to `last` (excluded) with the records in `order`."""

    def run_epochs(self, orders: Array | None, epochs: int) -> None:
        """Run several epochs, each with one row of `orders`."""

    def report(self, epoch: int) -> None:
        """Set the averages of the model's objective to those of one epoch of `run_epochs`."""


class Prediction(Protocol):
    """Prediction for many records by the engine."""

    def __call__(self, inputs: Sequence[Array], threads: int | None) -> list[Array]:
        """Return one array per output."""


class NeighborSearch(Protocol):
    """Search for nearest neighbors by the engine."""

    def query(self, x: Array, k: int, threads: int | None = None) -> tuple[Array, Array]:
        """Return the distances and the indices of the k nearest records of each row of `x`."""


class ColumnSearch(Protocol):
    """Distances by single columns, by the engine."""

    def means(self, x: Array, k: int, bound: np.float32) -> Array:
        """Return the mean distance by each column from the k records nearest by the bounded distances of all."""

    def nearest(self, x: Array, wanted: Array, k: int, bound: np.float32) -> Array:
        """Return the k records nearest by all columns but one, for each wanted column of each row of `x`."""


class DenseChain(Protocol):
    """Dense layers for copies of records, by the engine."""

    def errors(self, x: Array) -> Array:
        """Return the squared differences of records and their copies' outputs, the means over the copies."""

    def outputs(self, x: Array) -> Array:
        """Return the outputs for all copies of each record, of shape (n, n_copies, n_outputs)."""


class TreeSums(Protocol):
    """Sums over trees, by the engine."""

    def sums(self, x: Array) -> Array:
        """Return each record's sum over the trees of the values of its ends."""


def check_backend(backend: str, threads: int | None = None) -> None:
    """Raise a ValueError unless `backend` is known and `threads` is None or at least 1."""
    check_value("backend", backend, choice(*_BACKENDS))
    check_value("threads", threads, choice(None) | integer(least=1))


def open_session(
    model: CompiledNetwork,
    data: Data,
    batch_size: int,
    training: bool,
    backend: str,
    passes: int = 1,
    threads: int | None = None,
) -> Session | None:
    """Open the engine for training or evaluation; return None if the layers are to compute.

    Parameters
    ----------
    model : CompiledNetwork
        Compiled model.
    data : Data
        Data for training or evaluation.
    batch_size : int
        Number of records per batch.
    training : bool
        Whether to train or only to evaluate.
    backend : {"auto", "numpy", "numba"}
        Backend of the computation.
    passes : int, default 1
        Number of passes over the data.
    threads : int, optional
        Largest number of threads; by default as many as are faster.

    Raises
    ------
    ValueError
        If `backend` is "numba" and the engine does not support the model.
    """
    from nnlite.cost import numpy_seconds

    if not _is_worth_it(backend, numpy_seconds(model, data.n_rows, batch_size, passes) * (3 if training else 1)):
        return None

    def open_engine() -> Session:
        from nnlite.engine.runtime.session import Session as CompiledSession

        return CompiledSession(model, data, batch_size, training, threads)

    return _attempt(open_engine, backend)


def open_prediction(model: CompiledNetwork, rows: int, batch_size: int, backend: str) -> Prediction | None:
    """Open the engine for prediction; return None if the layers are to compute.

    Parameters
    ----------
    model : CompiledNetwork
        The model.
    rows, batch_size : int
        Number of records, and number of records per batch of the layers.
    backend : {"auto", "numpy", "numba"}
        Backend of the computation.

    Raises
    ------
    ValueError
        If `backend` is "numba" and the engine does not support the model.
    """
    from nnlite.cost import numpy_seconds

    if not rows or not _is_worth_it(backend, numpy_seconds(model, rows, batch_size, 1), _WORTH_SECONDS_TO_PREDICT):
        return None

    def open_engine() -> Prediction:
        from nnlite.engine.runtime.inference import Prediction as CompiledPrediction

        return CompiledPrediction(model)

    return _attempt(open_engine, backend)


def open_neighbor_search(records: Array, seconds: float, backend: str) -> NeighborSearch | None:
    """Open the engine for a search for nearest neighbors; return None if NumPy is to compute.

    Parameters
    ----------
    records : ndarray of float32 of shape (n, d)
        Records, C-contiguous and finite.
    seconds : float
        Estimated seconds of NumPy for the queries so far.
    backend : {"auto", "numpy", "numba"}
        Backend of the computation.

    Raises
    ------
    ValueError
        If `backend` is "numba" and there is no Numba.
    """

    def open_engine() -> NeighborSearch:
        from nnlite.engine.runtime.neighbors import CompiledNeighbors

        return CompiledNeighbors(records)

    return _open_kernel(open_engine, "neighbors.search", seconds, backend)


def open_column_distances(known: Callable[[], KnownColumns], seconds: float, backend: str) -> ColumnSearch | None:
    """Open the engine for distances by single columns; return None if NumPy is to compute.

    Parameters
    ----------
    known : callable
        Returns the records that are compared with.
    seconds : float
        Estimated seconds of NumPy for the queries so far.
    backend : {"auto", "numpy", "numba"}
        Backend of the computation.

    Raises
    ------
    ValueError
        If `backend` is "numba" and there is no Numba.
    """

    def open_engine() -> ColumnSearch:
        from nnlite.engine.runtime.columns import CompiledColumns

        return CompiledColumns(known())

    return _open_kernel(open_engine, "columns.near", seconds, backend)


def _open_kernel(
    open_engine: Callable[[], T], kernel: str, seconds: float, backend: str, compiling: float = _WORTH_COMPILING
) -> T | None:
    """Open what needs a single kernel if it is worth it: less so in a process that has loaded other kernels."""
    if not _is_worth_it(backend, seconds, _WORTH_WHEN_LOADED if _NATIVE in sys.modules else _WORTH_SECONDS):
        return None

    def open_if_worth() -> T | None:
        _check_compiler_is_on()
        _check_compiler_exists()
        from nnlite.engine.codegen.native import is_compiled

        if not (_is_worth_it(backend, seconds, compiling) or is_compiled(kernel, np.dtype(np.float32))):
            return None
        return open_engine()

    return _unless_missing(open_if_worth, backend)


def open_engine_part(open_engine: Callable[[], T], seconds: float, backend: str) -> T | None:
    """Open a part of the engine that other modules describe; return None if NumPy is to compute.

    Parameters
    ----------
    open_engine : callable
        Imports and opens the part.
    seconds : float
        Estimated seconds without it.
    backend : {"auto", "numpy", "numba"}
        Backend of the computation.

    Raises
    ------
    ValueError
        If `backend` is "numba" and there is no Numba, or there is no such backend.
    """
    check_backend(backend)
    return _attempt(open_engine, backend) if _is_worth_it(backend, seconds, _WORTH_SECONDS_TO_READ) else None


def open_dense_chain(layers: Sequence[ChainLayer], offsets: Array | None, backend: str) -> DenseChain | None:
    """Open the engine for a chain of dense layers; return None if NumPy is to compute.

    It does not depend on the number of records: the engine and NumPy round differently, and a record has the same
    outputs in every batch.

    Parameters
    ----------
    layers : sequence of ChainLayer
        The layers.
    offsets : ndarray of float32 of shape (n_copies, n_inputs), optional
        What the copies of a record are moved by.
    backend : {"auto", "numpy", "numba"}
        Backend of the computation.

    Raises
    ------
    ValueError
        If `backend` is "numba" and there is no Numba.
    """
    if backend == "numpy":
        return None

    def open_engine() -> DenseChain:
        _check_compiler_exists()
        from nnlite.engine.runtime.dense_chain import CompiledChain

        return CompiledChain(layers, offsets)

    return _unless_missing(open_engine, backend)


def open_tree_sums(features: Array, thresholds: Array, values: Array, seconds: float, backend: str) -> TreeSums | None:
    """Open the engine for complete trees; return None if NumPy is to compute.

    Parameters
    ----------
    features, thresholds, values : ndarray
        The trees, as `nnlite.trees.CompleteTrees` has them.
    seconds : float
        Estimated seconds of NumPy for the records so far.
    backend : {"auto", "numpy", "numba"}
        Backend of the computation.

    Raises
    ------
    ValueError
        If `backend` is "numba" and there is no Numba.
    """

    def open_engine() -> TreeSums:
        from nnlite.engine.runtime.trees import CompiledTrees

        return CompiledTrees(features, thresholds, values)

    # Compiled sooner than others: its machine code is made in a fraction of a second.
    return _open_kernel(open_engine, "trees.sums", seconds, backend, _WORTH_SECONDS)


def available_threads() -> int:
    """Return how many threads may share a job of compiled code; in other threads than the main one, 1."""
    from nnlite.engine.runtime import threads

    return threads.available_threads()


def one_record_function(model: CompiledNetwork) -> Callable[[Any], Array] | None:
    """Return a compiled function from one record to its output; None if the engine does not support the model."""

    def open_engine() -> Callable[[Any], Array]:
        from nnlite.engine.runtime.inference import SingleRecordPrediction

        return SingleRecordPrediction(model)

    return _attempt(open_engine, "auto")


def _is_worth_it(backend: str, seconds: float, least: float = _WORTH_SECONDS) -> bool:
    """Return whether to use the engine for a computation that takes the layers this many seconds."""
    return backend == "numba" or (backend == "auto" and seconds >= least)


def _check_compiler_is_on() -> None:
    """Raise ImportError if Numba is told not to compile: there is then no engine, as without Numba."""
    if os.environ.get("NUMBA_DISABLE_JIT", "0").strip() not in ("", "0"):
        raise ImportError("NUMBA_DISABLE_JIT is set in the environment", name="numba")


def _check_compiler_exists() -> None:
    """Raise ImportError without Numba, before modules of the engine are imported for nothing, each time anew."""
    if find_spec("numba") is None:
        raise ImportError("No module named 'numba'", name="numba")


def _attempt(open_engine: Callable[[], T], backend: str) -> T | None:
    """Return the result of the engine; None if it does not support the model, unless it is required."""

    def open_if_supported() -> T | None:
        _check_compiler_is_on()
        from nnlite.engine.lowering import Unsupported

        try:
            return open_engine()
        except Unsupported as reason:
            if backend == "numba":
                raise ValueError(
                    f"backend='numba' does not support this model: {reason}; backend='auto' uses the layers"
                ) from reason
            return None

    return _unless_missing(open_if_supported, backend)


def _unless_missing(open_engine: Callable[[], T | None], backend: str) -> T | None:
    """Return the result of the engine; None without Numba, or if it cannot be imported, unless it is required.

    A Numba that is older than NumPy says so only when it is imported, which is when machine code is to be compiled.
    """
    try:
        return open_engine()
    except ImportError as error:
        if backend == "numba":
            raise ValueError(_NO_NUMBA.format(error)) from error
        return None
