"""Layers that merge several tensors."""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import numpy as np

from nnlite.export.c.loops import View, broadcast, loop, strides_of, whole
from nnlite.export.c.program import CProgram, Tensor, c_rule, literal, refusal, sizes_of
from nnlite.layers import Add, Average, Concatenate, Divide, Maximum, Minimum, Multiply, Subtract

_BETWEEN: dict[type, str] = {Add: "+", Average: "+", Subtract: "-", Multiply: "*", Divide: "/"}
_MAXIMUM = "static float @(float a, float b) { return a > b || a != a ? a : b; }"
_MINIMUM = "static float @(float a, float b) { return a < b || a != a ? a : b; }"


@c_rule(Add, Average, Subtract, Multiply, Divide, Maximum, Minimum)
def _elementwise(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    """Combine the tensors in order, repeated along axes of size 1."""
    sizes = [sizes_of(one) for one in inputs]
    shape = list(np.broadcast_shapes(*sizes))
    y = program.buffer(math.prod(shape))
    places = [f"{{{i}}}" for i in range(len(inputs))]
    if type(layer) in _BETWEEN:
        expression = f" {_BETWEEN[type(layer)]} ".join(places)
    else:
        largest = isinstance(layer, Maximum)
        name = program.function(*(("larger", _MAXIMUM) if largest else ("smaller", _MINIMUM)))
        expression = reduce(lambda a, b: f"{name}({a}, {b})", places)
    if isinstance(layer, Average):
        expression = f"({expression}) / {literal(len(inputs))}"
    views = [broadcast(one.name, own, shape) for one, own in zip(inputs, sizes, strict=True)]
    loop(program, shape, whole(y, shape), views, expression, len(inputs))
    return y


@c_rule(Concatenate)
def _concatenate(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    axis = layer.axis % len(inputs[0].shape) - 1
    if axis < 0:
        raise refusal(layer, "joins rows, and a program in C has one record; use an axis of the record")
    return join(program, inputs, axis)


def join(program: CProgram, inputs: list[Tensor], axis: int) -> str:
    """Put tensors side by side along an axis of the record, counted from 0."""
    sizes = [sizes_of(one) for one in inputs]
    shape = [*sizes[0][:axis], sum(own[axis] for own in sizes), *sizes[0][axis + 1 :]]
    strides = strides_of(shape)
    y, position = program.buffer(math.prod(shape)), 0
    for one, own in zip(inputs, sizes, strict=True):
        loop(program, own, View(y, strides, position * strides[axis]), [whole(one.name, own)], "{0}")
        position += own[axis]
    return y
