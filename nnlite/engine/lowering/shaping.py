"""Layers without arithmetic, or nearly so: reshaping, concatenation, sums."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from nnlite.engine.lowering.data_movement import broadcast_axes
from nnlite.engine.lowering.rules import Unsupported, lowers, record_shape
from nnlite.engine.program import Program, Tensor
from nnlite.layers import Add, Concatenate, Flatten, Reshape


@lowers(Flatten, Reshape)
def reshape(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Return the same values with another shape."""
    (x,) = inputs
    y = replace(x, shape=layer.build((None, *x.shape))[1:], gradient=None)
    program.add_backward_in_place(y, x)
    return y


@lowers(Add)
def add(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Emit the sum; its gradient is copied to every term."""
    shape = record_shape(layer.build([(None, *x.shape) for x in inputs]), f"layer {layer.name!r}")
    inputs = [broadcast_axes(program, x, shape) for x in inputs]
    y = program.tensor(inputs[0].shape, any(x.requires_gradient for x in inputs))
    length = y.size * program.ld
    if len(inputs) == 1:
        program.emit("data.copy", inputs[0].location, y.location, 1, length, 0, 0)
    else:
        program.emit("data.add", inputs[0].location, inputs[1].location, y.location, length)
    for x in inputs[2:]:
        program.emit("data.accumulate", x.location, y.location, length)

    for x in reversed(inputs):  # backward steps run in reverse order
        program.add_backward(y, x, lambda dy, dx: program.emit("data.copy", dy, dx, 1, length, 0, 0))
    return y


@lowers(Concatenate)
def concatenate(program: Program, layer: Concatenate, inputs: list[Tensor]) -> Tensor:
    """Emit copies of the inputs to their positions; the gradient is split."""
    shape = record_shape(layer.build([(None, *x.shape) for x in inputs]), f"layer {layer.name!r}")
    axis = layer.axis % (len(shape) + 1) - 1
    if axis < 0:
        raise Unsupported(f"layer {layer.name!r}: the concatenation of records has no compiled form")
    y = program.tensor(shape, any(x.requires_gradient for x in inputs))
    blocks = math.prod(shape[:axis])
    row_length = math.prod(shape[axis:]) * program.ld
    parts, start = [], 0
    for x in inputs:
        part = math.prod(x.shape[axis:]) * program.ld
        parts.append((start, part))
        program.emit("data.copy", x.location, y.location.offset_by(start), blocks, part, part, row_length)
        start += part

    def emit_step() -> None:
        if y.gradient is None:
            return
        for x, (offset, part) in zip(inputs, parts, strict=True):
            with program.contribution(x) as dx:
                if dx is not None:
                    program.emit("data.copy", y.gradient.offset_by(offset), dx, blocks, part, row_length, part)

    program.add_backward_step(emit_step)
    return y
