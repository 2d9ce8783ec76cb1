"""Layers that compute nothing, or next to nothing: shapes, joins, sums."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from nnlite.engine.lowering.moving import repeated
from nnlite.engine.lowering.rules import Unsupported, lowers, record_shape
from nnlite.engine.program import Program, Tensor
from nnlite.layers import Add, Concatenate, Flatten, Reshape


@lowers(Flatten, Reshape)
def reshape(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Look at the same values in another shape."""
    (x,) = inputs
    y = replace(x, shape=layer.build((None, *x.shape))[1:], derivative=None)

    def back() -> None:
        if y.derivative is not None:
            program.hand_on(y.derivative, x)

    program.on_the_way_back(back)
    return y


@lowers(Add)
def add(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Emit the sum; what comes back goes to every term."""
    shape = record_shape(layer.build([(None, *x.shape) for x in inputs]), f"layer {layer.name!r}")
    inputs = [repeated(program, x, shape) for x in inputs]
    y = program.tensor(inputs[0].shape, any(x.learns for x in inputs))
    length = y.size * program.ld
    if len(inputs) == 1:
        program.emit("data.copy", inputs[0].place, y.place, 1, length, 0, 0)
    else:
        program.emit("data.add", inputs[0].place, inputs[1].place, y.place, length)
    for x in inputs[2:]:
        program.emit("data.accumulate", x.place, y.place, length)

    def back() -> None:
        if y.derivative is not None:
            for x in inputs:
                with program.contribution(x) as dx:
                    if dx is not None:
                        program.emit("data.copy", y.derivative, dx, 1, length, 0, 0)

    program.on_the_way_back(back)
    return y


@lowers(Concatenate)
def concatenate(program: Program, layer: Concatenate, inputs: list[Tensor]) -> Tensor:
    """Emit copies of each part to its place; what comes back is cut up again."""
    shape = record_shape(layer.build([(None, *x.shape) for x in inputs]), f"layer {layer.name!r}")
    axis = layer.axis % (len(shape) + 1) - 1
    if axis < 0:
        raise Unsupported(f"layer {layer.name!r}: joining records has no compiled form")
    y = program.tensor(shape, any(x.learns for x in inputs))
    blocks = math.prod(shape[:axis])
    whole = math.prod(shape[axis:]) * program.ld
    starts, start = [], 0
    for x in inputs:
        part = math.prod(x.shape[axis:]) * program.ld
        starts.append((start, part))
        program.emit("data.copy", x.place, y.place.after(start), blocks, part, part, whole)
        start += part

    def back() -> None:
        if y.derivative is None:
            return
        for x, (begin, part) in zip(inputs, starts, strict=True):
            with program.contribution(x) as dx:
                if dx is not None:
                    program.emit("data.copy", y.derivative.after(begin), dx, blocks, part, whole, part)

    program.on_the_way_back(back)
    return y
