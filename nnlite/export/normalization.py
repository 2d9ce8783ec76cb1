"""Normalization layers.

ONNX's BatchNormalization is not used: runtimes fold it into one product and one sum, x s + (b - m s), which cancels
where the mean is large beside the deviation. The difference x - m comes first here, as in `nnlite.layers`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.export.graph import OnnxGraph, Tensor, exports, refusal
from nnlite.layers import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    Normalization,
    PReLU,
    Rescaling,
    UnitNormalization,
)


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


@exports(UnitNormalization)
def _unit_normalization(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    """Return x divided by its norm."""
    x, rank = inputs[0].name, len(inputs[0].shape)
    axes = sorted(axis % rank for axis in np.atleast_1d(layer.axis).tolist())
    # ReduceSum takes its axes as an input from opset 13 on, ReduceMean as an attribute.
    size = float(np.prod([inputs[0].shape[axis] for axis in axes]))
    mean = graph.add("ReduceMean", graph.add("Mul", x, x), axes=axes, keepdims=1)
    squares = graph.add("Max", graph.add("Mul", mean, graph.floats(size)), graph.floats(1e-12))
    return graph.add("Div", x, graph.add("Sqrt", squares))


@exports(PReLU)
def _prelu(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    """Return x above 0, else alpha x."""
    return graph.add("PRelu", inputs[0].name, graph.floats(layer.alpha.value))


@exports(GroupNormalization)
def _group_normalization(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    """Return gamma x̂ + beta, with the mean and the variance of groups of channels."""
    rank = len(inputs[0].shape)
    axis = layer.axis % rank
    others = [one for one in range(1, rank) if one != axis]
    x = graph.add("Transpose", inputs[0].name, perm=[0, axis, *others])
    moved = [inputs[0].shape[one] for one in (axis, *others)]
    if None in moved:
        raise refusal(layer, f"needs known sizes; found input of shape {tuple(inputs[0].shape)}")
    channels = int(moved[0] or 0)
    groups = channels if layer.groups == -1 else layer.groups
    x = graph.add("Reshape", x, graph.ints([-1, groups, int(np.prod([one or 1 for one in moved])) // groups]))
    difference = graph.add("Sub", x, graph.add("ReduceMean", x, axes=[2], keepdims=1))
    variance = graph.add("ReduceMean", graph.add("Mul", difference, difference), axes=[2], keepdims=1)
    y = graph.add("Div", difference, graph.add("Sqrt", graph.add("Add", variance, graph.floats(layer.epsilon))))
    y = graph.add("Reshape", y, graph.ints([-1, *(int(one or 0) for one in moved)]))
    back = [0, *([0] * (rank - 1))]
    for place, one in enumerate((axis, *others), start=1):
        back[one] = place
    y = graph.add("Transpose", y, perm=back)
    shape = [channels if one == axis else 1 for one in range(rank)]
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
