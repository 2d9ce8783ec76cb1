"""Convolutions and their transposes."""

from __future__ import annotations

import math
from typing import Any

from nnlite.engine.lowering.activation import activate
from nnlite.engine.lowering.rules import lowers, record_shape
from nnlite.engine.lowering.windows import Frame, WindowProducts, fill, pair
from nnlite.engine.program import Program, Tensor
from nnlite.layers import Conv1D, Conv1DTranspose, Conv2D, Conv2DTranspose
from nnlite.layers.windows import all_padding_widths


@lowers(Conv1D, Conv2D)
def convolution(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Emit z = x * K + b and what comes back through it, then the activation."""
    (x,) = inputs
    z = _output(program, layer, x)
    widths = all_padding_widths(x.shape[:-1], layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding)
    frame = Frame(
        lengths=pair(x.shape[:-1]),
        channels=x.shape[-1],
        windows=pair(z.shape[:-1]),
        filters=layer.filters,
        size=pair(layer.kernel_size),
        strides=pair(layer.strides),
        dilation=pair(layer.dilation_rate),
        before=pair([before for before, _ in widths[1:-1]], alone=0),
        groups=layer.groups,
    )
    products = WindowProducts(program, frame)
    kernel = program.weight(layer.kernel)
    products.look(kernel, x.place, z.place, program.weight(layer.bias) if layer.use_bias else None)

    def back() -> None:
        if z.derivative is None:
            return
        with program.weight_contribution(layer.kernel) as dkernel:
            if dkernel is not None:
                products.compare(x.place, z.derivative, dkernel)
        _bias_gradient(program, layer, z)
        with program.contribution(x) as dx:
            if dx is not None:
                program.emit("data.clear", dx, x.size * program.ld)
                products.give(kernel, z.derivative, dx)

    program.on_the_way_back(back)
    return activate(program, layer.activation, z)


@lowers(Conv1DTranspose, Conv2DTranspose)
def transposed_convolution(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Emit what a convolution does to its gradient, and on the way back what it does to its input."""
    (x,) = inputs
    z = _output(program, layer, x)
    _, cut, _ = layer.output_frame((1, *x.shape))
    frame = Frame(
        lengths=pair(z.shape[:-1]),
        channels=layer.filters,
        windows=pair(x.shape[:-1]),
        filters=x.shape[-1],
        size=pair(layer.kernel_size),
        strides=pair(layer.strides),
        dilation=pair(layer.dilation_rate),
        before=pair([before for before, _ in cut[1:-1]], alone=0),
    )
    products = WindowProducts(program, frame)
    kernel = program.weight(layer.kernel)
    bias = program.weight(layer.bias) if layer.use_bias else None
    fill(program, z.place, bias, layer.filters, math.prod(z.shape[:-1]))
    products.give(kernel, x.place, z.place)

    def back() -> None:
        if z.derivative is None:
            return
        with program.weight_contribution(layer.kernel) as dkernel:
            if dkernel is not None:
                products.compare(z.derivative, x.place, dkernel)
        _bias_gradient(program, layer, z)
        with program.contribution(x) as dx:
            if dx is not None:
                products.look(kernel, z.derivative, dx, None)

    program.on_the_way_back(back)
    return activate(program, layer.activation, z)


def _output(program: Program, layer: Any, x: Tensor) -> Tensor:
    shape = record_shape(layer.build((None, *x.shape)), f"layer {layer.name!r}")
    return program.tensor(shape, x.learns or any(weight.trainable for weight in layer.weights))


def _bias_gradient(program: Program, layer: Any, z: Tensor) -> None:
    with program.weight_contribution(layer.bias if layer.use_bias else None) as dbias:
        if dbias is not None:
            positions = math.prod(z.shape[:-1])
            program.emit("dense.bias_gradient", z.derivative, dbias, layer.filters, positions, program.ld)
