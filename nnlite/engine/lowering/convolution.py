"""Convolutions and transposed convolutions."""

from __future__ import annotations

import math
from typing import Any

from nnlite.engine.lowering.activation import activate
from nnlite.engine.lowering.rules import lowers, record_shape
from nnlite.engine.lowering.windows import WindowGeometry, WindowProducts, fill, pair
from nnlite.engine.program import Program, Tensor
from nnlite.layers import Conv1D, Conv1DTranspose, Conv2D, Conv2DTranspose
from nnlite.layers.windows import all_padding_widths


@lowers(Conv1D, Conv2D)
def convolution(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Emit z = x * K + b, the activation, and their gradients."""
    (x,) = inputs
    z = _output(program, layer, x)
    widths = all_padding_widths(x.shape[:-1], layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding)
    geometry = WindowGeometry(
        input_size=pair(x.shape[:-1]),
        channels=x.shape[-1],
        windows=pair(z.shape[:-1]),
        filters=layer.filters,
        kernel_size=pair(layer.kernel_size),
        strides=pair(layer.strides),
        dilation=pair(layer.dilation_rate),
        padding=pair([before for before, _ in widths[1:-1]], alone=0),
        groups=layer.groups,
    )
    products = WindowProducts(program, geometry)
    kernel = program.weight(layer.kernel)
    products.convolve(kernel, x.location, z.location, program.weight(layer.bias) if layer.use_bias else None)

    def emit_step() -> None:
        if z.gradient is None:
            return
        with program.weight_contribution(layer.kernel) as dkernel:
            if dkernel is not None:
                products.kernel_gradient(x.location, z.gradient, dkernel)
        _bias_gradient(program, layer, z)
        with program.contribution(x) as dx:
            if dx is not None:
                program.emit("data.clear", dx, x.size * program.ld)
                products.convolve_transposed(kernel, z.gradient, dx)

    program.add_backward_step(emit_step)
    return activate(program, layer.activation, z)


@lowers(Conv1DTranspose, Conv2DTranspose)
def transposed_convolution(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Emit the transpose of a convolution, the activation, and their gradients."""
    (x,) = inputs
    z = _output(program, layer, x)
    _, cropping, _ = layer.output_frame((1, *x.shape))
    geometry = WindowGeometry(
        input_size=pair(z.shape[:-1]),
        channels=layer.filters,
        windows=pair(x.shape[:-1]),
        filters=x.shape[-1],
        kernel_size=pair(layer.kernel_size),
        strides=pair(layer.strides),
        dilation=pair(layer.dilation_rate),
        padding=pair([before for before, _ in cropping[1:-1]], alone=0),
    )
    products = WindowProducts(program, geometry)
    kernel = program.weight(layer.kernel)
    bias = program.weight(layer.bias) if layer.use_bias else None
    fill(program, z.location, bias, layer.filters, math.prod(z.shape[:-1]))
    products.convolve_transposed(kernel, x.location, z.location)

    def emit_step() -> None:
        if z.gradient is None:
            return
        with program.weight_contribution(layer.kernel) as dkernel:
            if dkernel is not None:
                products.kernel_gradient(z.gradient, x.location, dkernel)
        _bias_gradient(program, layer, z)
        with program.contribution(x) as dx:
            if dx is not None:
                products.convolve(kernel, z.gradient, dx, None)

    program.add_backward_step(emit_step)
    return activate(program, layer.activation, z)


def _output(program: Program, layer: Any, x: Tensor) -> Tensor:
    shape = record_shape(layer.build((None, *x.shape)), f"layer {layer.name!r}")
    return program.tensor(shape, x.requires_gradient or any(weight.trainable for weight in layer.weights))


def _bias_gradient(program: Program, layer: Any, z: Tensor) -> None:
    with program.weight_contribution(layer.bias if layer.use_bias else None) as dbias:
        if dbias is not None:
            positions = math.prod(z.shape[:-1])
            program.emit("dense.bias_gradient", z.gradient, dbias, layer.filters, positions, program.ld)
