"""Limits on what a file of a few bytes can ask for at the first prediction.

Weights need bytes in the file. Other numbers need none: how often `UpSampling1D` repeats a step, how far a dilated
convolution reaches, how many steps `RepeatVector` makes. Before a loaded model is used, the values that it would
compute for one record are counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from nnlite.archive import FileFormatError
from nnlite.validation import check_value, integer

if TYPE_CHECKING:
    from nnlite.graph import SymbolicTensor
    from nnlite.layers.base import Layer
    from nnlite.network import Network

LARGEST_RECORD = 2**22
"""Most values that the layers of a loaded model may compute for one record: 16 MB of float32."""

_limit: ContextVar[int] = ContextVar("nnlite_largest_record", default=LARGEST_RECORD)

# Settings of layers that make inputs longer, or reach beyond their ends.
_FACTORS = ("kernel_size", "dilation_rate", "pool_size", "strides", "size", "padding", "output_padding", "n")


@contextmanager
def largest_record(values: int) -> Iterator[None]:
    """Load models whose layers compute up to so many values for one record, in a block.

    Parameters
    ----------
    values : int
        The limit, instead of 4,194,304.

    Examples
    --------
    >>> from nnlite.limits import largest_record
    >>> with largest_record(10**8):
    ...     pass  # load_model("of_large_images.npz")
    """
    check_value("values", values, integer(least=1))
    token = _limit.set(int(values))
    try:
        yield
    finally:
        _limit.reset(token)


def limit_of_values() -> int:
    """Return how many values the layers of a loaded model may compute for one record here."""
    return _limit.get()


def check_sizes(network: Network, label: str) -> None:
    """Raise FileFormatError if a network computes more for one record than the limit allows.

    Parameters
    ----------
    network : Network
        The network, whose weights need not exist yet.
    label : str
        Name of its file, for the error.
    """
    limit, total = _limit.get(), 0
    for layer, inputs, outputs in _uses(network):
        total += sum(map(_size, outputs)) + _reach(layer) * max(map(_channels, inputs), default=1)
        if total > limit:
            raise FileFormatError(
                f"{label}: up to layer {layer.name!r} its network computes {total:,} values for one record; the limit "
                f"is {limit:,}. If you trust the file, load it within nnlite.limits.largest_record(...)"
            )


def _uses(network: Network) -> Iterator[tuple[Layer, list[SymbolicTensor], list[SymbolicTensor]]]:
    """Yield each use of a layer, those inside networks included, with its inputs and its outputs."""
    # Who reads a network without building it has no use for graphs.
    from nnlite.graph import topological_order
    from nnlite.network import Network
    from nnlite.steps import layer_of

    for node in topological_order(network.outputs):
        layer = layer_of(node)
        if isinstance(layer, Network):
            yield from _uses(layer)
        for inner in layer.sublayers():
            yield inner, list(node.inputs), []
        yield layer, list(node.inputs), list(node.outputs)


def _size(tensor: SymbolicTensor) -> int:
    """Return the number of values for one record; lengths that depend on the data count as 1."""
    return math.prod(size for size in tensor.shape[1:] if size is not None)


def _channels(tensor: SymbolicTensor) -> int:
    return (tensor.shape[-1] if len(tensor.shape) > 1 else 1) or 1


def _reach(layer: Layer) -> int:
    """Return the product of the factors by which a layer reaches beyond its input: those along all axes."""
    return math.prod(max(number, 1) for name in _FACTORS for number in _integers(getattr(layer, name, 1)))


def _integers(value: Any) -> list[int]:
    if isinstance(value, (list, tuple)):
        return [number for one in value for number in _integers(one)]
    return [value] if isinstance(value, int) else [1]
