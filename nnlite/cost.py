"""Estimated cost of a forward pass: number of multiplications, and seconds with the NumPy backend."""

from __future__ import annotations

import math

from nnlite.layers.base import Layer
from nnlite.network import Network

_SECONDS_PER_LAYER = 1.5e-5
_SECONDS_PER_PRODUCT = 1e-10


def numpy_seconds(model: Network, rows: int, batch_size: int, passes: int) -> float:
    """Return the estimated seconds of the layers for `passes` forward passes over the data."""
    batches = -(-rows // batch_size) * passes
    per_batch = _SECONDS_PER_LAYER * (len(model.graph_layers) + 2)
    return batches * per_batch + products_per_record(model) * rows * passes * _SECONDS_PER_PRODUCT


def products_per_record(model: Network) -> int:
    """Return the estimated number of multiplications in the forward pass for one record."""
    return sum(map(_products, model.graph_layers))


def _products(layer: Layer) -> int:
    """Return the number of multiplications of a layer: one per weight and position."""
    shapes = [tensor.shape for node in layer.nodes for tensor in (*node.inputs, *node.outputs)]
    positions = max((math.prod(size or 1 for size in shape[1:-1]) for shape in shapes), default=1)
    return layer.count_params() * positions
