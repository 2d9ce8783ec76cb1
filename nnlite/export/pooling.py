"""Pooling over windows, and over all positions."""

from __future__ import annotations

from typing import Any

from nnlite.export.convolution import channels_first, channels_last, pads
from nnlite.export.graph import OnnxGraph, Tensor, exports
from nnlite.layers import (
    AveragePooling1D,
    AveragePooling2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    MaxPooling1D,
    MaxPooling2D,
)


def _pool(graph: OnnxGraph, kind: str, layer: Any, x: Tensor, **settings: Any) -> str:
    y = graph.add(
        kind,
        channels_first(graph, x.name, layer.axes),
        kernel_shape=list(layer.pool_size),
        strides=list(layer.strides),
        pads=pads(layer, x.shape, layer.pool_size, (1,) * layer.axes),
        **settings,
    )
    return channels_last(graph, y, layer.axes)


@exports(MaxPooling1D, MaxPooling2D)
def _max_pooling(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    return _pool(graph, "MaxPool", layer, inputs[0])


@exports(AveragePooling1D, AveragePooling2D)
def _average_pooling(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    """Return the mean of each window without its padding."""
    return _pool(graph, "AveragePool", layer, inputs[0], count_include_pad=0)


@exports(GlobalAveragePooling1D, GlobalAveragePooling2D)
def _global_average(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    axes = list(range(1, 1 + layer.axes))
    return graph.add("ReduceMean", inputs[0].name, axes=axes, keepdims=int(layer.keepdims))


@exports(GlobalMaxPooling1D, GlobalMaxPooling2D)
def _global_maximum(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    axes = list(range(1, 1 + layer.axes))
    return graph.add("ReduceMax", inputs[0].name, axes=axes, keepdims=int(layer.keepdims))
