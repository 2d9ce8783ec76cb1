"""Traces: one run of a method ``call`` on symbolic tensors, which gives a graph.

While a trace is open, weights that ``call`` computes with, random numbers that it draws and losses that it adds become
layers; `nnlite.layers.tracing` has these.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from nnlite.graph import SymbolicTensor
from nnlite.services import service


class Trace:
    """One run of a method ``call`` on symbolic tensors.

    Attributes
    ----------
    anchor : SymbolicTensor
        An input: the number of its rows is that of every tensor of the graph.
    losses : list of SymbolicTensor
        Arguments of ``add_loss`` so far.
    """

    def __init__(self, anchor: SymbolicTensor) -> None:
        self.anchor = anchor
        self.losses: list[SymbolicTensor] = []


_open: ContextVar[Trace | None] = ContextVar("nnlite_trace", default=None)


def open_trace() -> Trace | None:
    """Return the trace that is open, or None."""
    return _open.get()


@contextmanager
def tracing(anchor: SymbolicTensor) -> Iterator[Trace]:
    """Open a trace for the duration of a block."""
    token = _open.set(Trace(anchor))
    try:
        trace = _open.get()
        assert trace is not None
        yield trace
    finally:
        _open.reset(token)


def as_operand(value: Any) -> Any:
    """Return a weight as a tensor of the graph while a trace is open; other values as they are."""
    trace = _open.get()
    if trace is None or not hasattr(value, "as_layer"):
        return value
    if value.as_layer is None:
        value.as_layer = service("parameter_layer")(weight=value, dtype=value.dtype.name)
    tensor = value.as_layer(trace.anchor)
    tensor.row_free = True
    return tensor


def as_constant(array: Any, dtype: str) -> Any:
    """Return an array as a tensor of the graph, while a trace is open."""
    trace = _open.get()
    assert trace is not None
    tensor = service("constant_layer")(array, dtype=dtype)(trace.anchor)
    tensor.row_free = True
    return tensor


_training: ContextVar[bool] = ContextVar("nnlite_training", default=False)


def is_training() -> bool:
    """Return whether the method ``call`` that runs was called with ``training=True``, so that its layers are too."""
    return _training.get()


@contextmanager
def training_scope(training: bool) -> Iterator[None]:
    """Let layers that are called without `training` have this value for the duration of a block."""
    token = _training.set(training)
    try:
        yield
    finally:
        _training.reset(token)


def random_tensor(kind: str, shape: Any, low: float, high: float, seed: Any) -> Any:
    """Return a tensor of random numbers if a size is that of the rows of a symbolic tensor, else None."""
    sizes = list(shape) if isinstance(shape, (list, tuple)) else [shape]
    if not sizes or not (isinstance(sizes[0], Rows) or sizes[0] is None):
        return None
    trace = _open.get()
    anchor = sizes[0].tensor if isinstance(sizes[0], Rows) else None if trace is None else trace.anchor
    if anchor is None:
        return None
    own_seed = seed if isinstance(seed, int) else None
    return service("random_layer")(sizes[1:], kind, low, high, own_seed)(anchor)


class Rows:
    """The number of rows of a symbolic tensor, which is known only when the model computes.

    It equals None, as that size in ``tensor.shape`` does.
    """

    def __init__(self, tensor: SymbolicTensor) -> None:
        self.tensor = tensor

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, Rows)

    def __hash__(self) -> int:
        return hash(None)

    def __repr__(self) -> str:
        return "None"
