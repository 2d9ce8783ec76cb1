"""Convolutions and transposed convolutions: channels-last here, channels-first in ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite.export.activations import activate
from nnlite.export.graph import OnnxGraph, Tensor, exports, refusal
from nnlite.layers import (
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)
from nnlite.layers.windows import padding_widths


def channels_first(graph: OnnxGraph, x: str, axes: int) -> str:
    """Move the channels from the end to the place after the rows."""
    return graph.add("Transpose", x, perm=[0, axes + 1, *range(1, axes + 1)])


def channels_last(graph: OnnxGraph, x: str, axes: int) -> str:
    """Move the channels from the place after the rows to the end."""
    return graph.add("Transpose", x, perm=[0, *range(2, axes + 2), 1])


def pads(layer: Any, shape: Sequence[int | None], size: Sequence[int], dilation: Sequence[int]) -> list[int]:
    """Return the numbers of zeros before all axes, then those after them, as ONNX has them."""
    widths = []
    for length, width, stride, step in zip(shape[1:-1], size, layer.strides, dilation, strict=True):
        if length is None and layer.padding == "same" and stride > 1:
            raise refusal(
                layer,
                f"pads by the length of its input, which is unknown in shape {tuple(shape)}; make the model with the "
                "lengths in Input(shape=...), or use padding='valid' or strides=1",
            )
        # With stride 1 the widths do not depend on the length.
        widths.append(padding_widths(1 if length is None else length, width, stride, step, layer.padding))
    return [before for before, _ in widths] + [after for _, after in widths]


@exports(Conv1D, Conv2D)
def _convolution(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    """Return f(x * K + b), with K of shape (filters, channels / groups, *size)."""
    axes = layer.axes
    kernel = np.moveaxis(layer.kernel.value, (-1, -2), (0, 1))
    bias = [graph.floats(layer.bias.value)] if layer.use_bias else []
    z = graph.add(
        "Conv",
        channels_first(graph, inputs[0].name, axes),
        graph.floats(kernel),
        *bias,
        kernel_shape=list(layer.kernel_size),
        strides=list(layer.strides),
        dilations=list(layer.dilation_rate),
        pads=pads(layer, inputs[0].shape, layer.kernel_size, layer.dilation_rate),
        group=layer.groups,
    )
    return activate(graph, layer, channels_last(graph, z, axes))


def _filters_of_channels(graph: OnnxGraph, layer: Any, x: Tensor, kernel: Any) -> str:
    """Return each channel of x with its filters applied, channels first."""
    channels = kernel.shape[-2]
    filters = np.moveaxis(kernel.reshape(*kernel.shape[:-2], 1, -1), (-1, -2), (0, 1))
    return graph.add(
        "Conv",
        channels_first(graph, x.name, layer.axes),
        graph.floats(filters),
        kernel_shape=list(layer.kernel_size),
        strides=list(layer.strides),
        dilations=list(layer.dilation_rate),
        pads=pads(layer, x.shape, layer.kernel_size, layer.dilation_rate),
        group=channels,
    )


def _with_bias(graph: OnnxGraph, layer: Any, z: str) -> str:
    return activate(graph, layer, graph.add("Add", z, graph.floats(layer.bias.value)) if layer.use_bias else z)


@exports(DepthwiseConv1D, DepthwiseConv2D)
def _depthwise_convolution(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    """Return f(x * K + b), channel by channel."""
    z = _filters_of_channels(graph, layer, inputs[0], layer.kernel.value)
    return _with_bias(graph, layer, channels_last(graph, z, layer.axes))


@exports(SeparableConv1D, SeparableConv2D)
def _separable_convolution(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    """Return f((x * K) P + b)."""
    filtered = _filters_of_channels(graph, layer, inputs[0], layer.depthwise_kernel.value)
    matrix = graph.floats(layer.pointwise_kernel.value.reshape(-1, layer.filters))
    return _with_bias(graph, layer, graph.add("MatMul", channels_last(graph, filtered, layer.axes), matrix))


@exports(Conv1DTranspose, Conv2DTranspose)
def _transposed_convolution(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    """Return f(z + b), with K of shape (channels, filters, *size); the cropped ends are ONNX's pads."""
    axes = layer.axes
    kernel = np.moveaxis(layer.kernel.value, (-1, -2), (0, 1))
    bias = [graph.floats(layer.bias.value)] if layer.use_bias else []
    # What is cropped and padded does not depend on the length.
    lengths = [1 if size is None else size for size in inputs[0].shape[1:-1]]
    _, cropping, padding = layer.output_frame((1, *lengths, 1))
    z = graph.add(
        "ConvTranspose",
        channels_first(graph, inputs[0].name, axes),
        graph.floats(kernel),
        *bias,
        kernel_shape=list(layer.kernel_size),
        strides=list(layer.strides),
        dilations=list(layer.dilation_rate),
        pads=[before for before, _ in cropping[1:-1]] + [after for _, after in cropping[1:-1]],
        output_padding=[after for _, after in padding[1:-1]],
    )
    return activate(graph, layer, channels_last(graph, z, axes))
