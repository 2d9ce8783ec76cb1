"""Pooling: one value for each window and channel."""

from __future__ import annotations

import math
from typing import Any

from nnlite.engine.lowering.rules import lowers, record_shape
from nnlite.engine.lowering.windows import pair
from nnlite.engine.program import Location, Program, Tensor
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
from nnlite.layers.windows import all_padding_widths


def _windows(program: Program, layer: Any, x: Tensor) -> tuple[Tensor, tuple[int, ...]]:
    """Return the output, and the geometry that the kernels take."""
    y = program.tensor(record_shape(layer.build((None, *x.shape)), f"layer {layer.name!r}"), x.requires_gradient)
    ones = (1,) * layer.axes
    widths = all_padding_widths(x.shape[:-1], layer.pool_size, layer.strides, ones, layer.padding)
    padding = pair([before for before, _ in widths[1:-1]], alone=0)
    sizes = (*pair(x.shape[:-1]), *pair(y.shape[:-1]), *pair(layer.pool_size), *pair(layer.strides), *padding)
    return y, (*sizes, x.shape[-1] * program.ld)


@lowers(MaxPooling1D, MaxPooling2D)
def max_pooling(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Emit the maximum of each window and its index, at which the gradient is added."""
    (x,) = inputs
    y, geometry = _windows(program, layer, x)
    indices = program.reserve(y.size * program.ld)
    program.emit("pooling.max_forward", x.location, y.location, indices, *geometry)

    def emit_gradient(dy: Location, dx: Location) -> None:
        program.emit("data.clear", dx, x.size * program.ld)
        program.emit("pooling.max_backward", dx, dy, indices, *geometry)

    program.add_backward(y, x, emit_gradient)
    return y


@lowers(AveragePooling1D, AveragePooling2D)
def average_pooling(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Emit the mean of each window; its gradient is distributed equally."""
    (x,) = inputs
    y, geometry = _windows(program, layer, x)
    program.emit("pooling.mean_forward", x.location, y.location, *geometry)

    def emit_gradient(dy: Location, dx: Location) -> None:
        program.emit("data.clear", dx, x.size * program.ld)
        program.emit("pooling.mean_backward", dx, dy, *geometry)

    program.add_backward(y, x, emit_gradient)
    return y


@lowers(GlobalAveragePooling1D, GlobalAveragePooling2D)
def global_average_pooling(program: Program, layer: Any, inputs: list[Tensor], mask: Tensor | None = None) -> Tensor:
    """Emit the mean over all positions, or over the valid ones."""
    (x,) = inputs
    if mask is not None:
        return _masked_mean(program, layer, x, mask)
    y, positions, length = _one_position(program, layer, x)
    factor = 1.0 / positions
    program.emit("data.clear", y.location, length)
    program.emit("series.add_blocks", x.location, y.location, positions, length, length, 0, factor)

    def emit_gradient(dy: Location, dx: Location) -> None:
        program.emit("data.clear", dx, x.size * program.ld)
        program.emit("series.add_blocks", dy, dx, positions, length, 0, length, factor)

    program.add_backward(y, x, emit_gradient)
    return y


def _masked_mean(program: Program, layer: Any, x: Tensor, mask: Tensor) -> Tensor:
    y, positions, length = _one_position(program, layer, x)
    ld = program.ld
    weights, weighted = program.reserve(mask.size * ld), program.reserve(x.size * ld)
    sizes = (x.shape[-1], positions, ld)
    program.emit("masking.mean_weights", mask.location, weights, positions, ld, program.reserve(ld))
    program.emit("masking.scale_steps", x.location, weights, weighted, *sizes, length)
    program.emit("data.clear", y.location, length)
    program.emit("series.add_blocks", weighted, y.location, positions, length, length, 0, 1.0)
    program.add_backward(y, x, lambda dy, dx: program.emit("masking.scale_steps", dy, weights, dx, *sizes, 0))
    return y


@lowers(GlobalMaxPooling1D, GlobalMaxPooling2D)
def global_max_pooling(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Emit the maximum over all positions; ties share its gradient."""
    (x,) = inputs
    y, positions, length = _one_position(program, layer, x)
    ties = program.reserve(length)
    program.emit("pooling.global_max_forward", x.location, y.location, ties, positions, length)

    def emit_gradient(dy: Location, dx: Location) -> None:
        program.emit("pooling.global_max_backward", x.location, y.location, ties, dy, dx, positions, length)

    program.add_backward(y, x, emit_gradient)
    return y


def _one_position(program: Program, layer: Any, x: Tensor) -> tuple[Tensor, int, int]:
    y = program.tensor(record_shape(layer.build((None, *x.shape)), f"layer {layer.name!r}"), x.requires_gradient)
    return y, math.prod(x.shape[:-1]), x.shape[-1] * program.ld
