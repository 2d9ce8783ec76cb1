"""Estimates of what a forward pass through a network costs: products, and seconds on the NumPy path."""

from __future__ import annotations

import math

from nnlite.layers.base import Layer
from nnlite.network import Network

_SECONDS_PER_LAYER = 1.5e-5
_SECONDS_PER_PRODUCT = 1e-10


def numpy_seconds(model: Network, rows: int, batch_size: int, passes: int) -> float:
    """Return about how many seconds the layers take for `passes` forward passes over the data."""
    batches = -(-rows // batch_size) * passes
    per_batch = _SECONDS_PER_LAYER * (len(model.layers) + 2)
    return batches * per_batch + products_per_record(model) * rows * passes * _SECONDS_PER_PRODUCT


def products_per_record(model: Network) -> int:
    """Return about how many multiplications a forward pass makes for one record."""
    return sum(map(_products, model.layers))


def _products(layer: Layer) -> int:
    """Return the multiplications of a layer: one for each weight at every position."""
    shapes = [tensor.shape for node in layer.nodes for tensor in (*node.inputs, *node.outputs)]
    positions = max((math.prod(size or 1 for size in shape[1:-1]) for shape in shapes), default=1)
    return layer.count_params() * positions
