"""Categories as vectors, and numbers as intervals."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.export.graph import OnnxGraph, Tensor, exports, refusal
from nnlite.layers import CategoryEncoding, Discretization


@exports(CategoryEncoding)
def _categories(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    numbers = graph.add("Cast", inputs[0].name, to="INT64")
    return _encoded(graph, numbers, inputs[0].shape, layer.num_tokens, layer.output_mode)


@exports(Discretization)
def _intervals(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    """Count the boundaries that are not above a number; one that is NaN is above all, as in `numpy.searchsorted`."""
    if layer.bin_boundaries is None:
        raise refusal(layer, "has no boundaries yet; call adapt(data) first")
    column = graph.add("Unsqueeze", inputs[0].name, graph.ints([-1]))
    below = graph.add("Not", graph.add("Less", column, graph.floats(layer.bin_boundaries)))
    counts = graph.add("ReduceSum", graph.add("Cast", below, to="FLOAT"), graph.ints([-1]), keepdims=0)
    if layer.output_mode == "int":
        return counts
    numbers = graph.add("Cast", counts, to="INT64")
    return _encoded(graph, numbers, inputs[0].shape, len(layer.bin_boundaries) + 1, layer.output_mode)


def _encoded(graph: OnnxGraph, numbers: str, shape: Any, size: int, mode: str) -> str:
    """Return the vectors of categories, or their sum over the last axis."""
    vectors = graph.add("Gather", graph.floats(np.eye(size)), numbers, axis=0)
    if len(shape) == 1:
        return vectors
    if mode == "one_hot":
        return graph.add("Squeeze", vectors, graph.ints([-2])) if shape[-1] == 1 else vectors
    summed = graph.add("ReduceSum", vectors, graph.ints([-2]), keepdims=0)
    return graph.add("Min", summed, graph.floats(1.0)) if mode == "multi_hot" else summed
