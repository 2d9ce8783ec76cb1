"""Normalization layers.

ONNX's BatchNormalization is not used: runtimes fold it into one product and one sum, x s + (b - m s), which cancels
where the mean is large beside the deviation. The difference x - m comes first here, as in `nnlite.layers`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.export.graph import OnnxGraph, Tensor, exports
from nnlite.layers import BatchNormalization, LayerNormalization, Normalization, Rescaling


@exports(BatchNormalization)
def _batch_normalization(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    """Return gamma (x - m) / deviation + beta, with the moving averages."""
    rank = len(inputs[0].shape)
    shape = [1] * rank
    shape[layer.axis] = -1
    deviation = np.sqrt(layer.moving_variance.value.astype(np.float64) + layer.epsilon)
    scale = (layer.gamma.value if layer.scale else 1.0) / deviation
    y = graph.add("Sub", inputs[0].name, graph.floats(layer.moving_mean.value.reshape(shape)))
    y = graph.add("Mul", y, graph.floats(scale.reshape(shape)))
    return graph.add("Add", y, graph.floats(layer.beta.value.reshape(shape))) if layer.center else y


@exports(LayerNormalization)
def _layer_normalization(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    """Return gamma x̂ + beta, with the mean and the variance of each record."""
    x, rank = inputs[0].name, len(inputs[0].shape)
    given = [layer.axis] if isinstance(layer.axis, int) else layer.axis
    axes = sorted(axis % rank for axis in given)
    shape = [size if axis in axes else 1 for axis, size in enumerate(inputs[0].shape)]
    difference = graph.add("Sub", x, graph.add("ReduceMean", x, axes=axes, keepdims=1))
    variance = graph.add("ReduceMean", graph.add("Mul", difference, difference), axes=axes, keepdims=1)
    deviation = graph.add("Sqrt", graph.add("Add", variance, graph.floats(layer.epsilon)))
    y = graph.add("Div", difference, deviation)
    if layer.scale:
        y = graph.add("Mul", y, graph.floats(layer.gamma.value.reshape(shape)))
    return graph.add("Add", y, graph.floats(layer.beta.value.reshape(shape))) if layer.center else y


@exports(Normalization)
def _normalization(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    """Return (x - m) / deviation, or its inverse."""
    sizes = [1 if size is None else size for size in inputs[0].shape]
    mean, deviation = (graph.floats(one) for one in layer.constants(np.zeros(sizes, np.float32)))
    if layer.invert:
        return graph.add("Add", graph.add("Mul", inputs[0].name, deviation), mean)
    return graph.add("Div", graph.add("Sub", inputs[0].name, mean), deviation)


@exports(Rescaling)
def _rescaling(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    y = graph.add("Mul", inputs[0].name, graph.floats(layer.scale))
    return graph.add("Add", y, graph.floats(layer.offset))
