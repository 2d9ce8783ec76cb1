"""Layers that merge several tensors."""

from __future__ import annotations

from functools import reduce
from typing import Any

from nnlite.export.graph import OnnxGraph, Tensor, exports
from nnlite.layers import Add, Average, Concatenate, Divide, Dot, Maximum, Minimum, Multiply, Subtract

_OPERATIONS = {
    Add: "Add",
    Subtract: "Sub",
    Multiply: "Mul",
    Divide: "Div",
    Average: "Add",
    Maximum: "Max",
    Minimum: "Min",
}


@exports(*_OPERATIONS)
def _elementwise(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    """Combine the tensors two by two, in the order of `nnlite.layers`."""
    kind = _OPERATIONS[type(layer)]
    y = reduce(lambda a, b: graph.add(kind, a, b), (one.name for one in inputs))
    return graph.add("Div", y, graph.floats(float(len(inputs)))) if isinstance(layer, Average) else y


@exports(Concatenate)
def _concatenate(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    return graph.add("Concat", *(one.name for one in inputs), axis=layer.axis)


@exports(Dot)
def _dot(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    """Return the products as a sum over one letter: rows are n, the axis of the sum is z."""
    ranks = [len(one.shape) for one in inputs]
    axes = (layer.axes, layer.axes) if isinstance(layer.axes, int) else layer.axes
    axes = tuple(axis % rank for axis, rank in zip(axes, ranks, strict=True))
    first = _letters("abcdefg", ranks[0], axes[0])
    second = _letters("hijklm", ranks[1], axes[1])
    names = [one.name for one in inputs]
    if layer.normalize:
        names = [_unit(graph, name, axis) for name, axis in zip(names, axes, strict=True)]
    others = "".join(letter for letter in first[1:] + second[1:] if letter != "z")
    y = graph.add("Einsum", *names, equation=f"{first},{second}->n{others}")
    return y if others else graph.add("Unsqueeze", y, graph.ints([1]))


def _letters(free: str, rank: int, summed: int) -> str:
    return "n" + "".join("z" if axis == summed else free[axis] for axis in range(1, rank))


def _unit(graph: OnnxGraph, x: str, axis: int) -> str:
    """Divide by the lengths along an axis, at least 1e-6."""
    squares = graph.add("ReduceSum", graph.add("Mul", x, x), graph.ints([axis]), keepdims=1)
    return graph.add("Div", x, graph.add("Sqrt", graph.add("Max", squares, graph.floats(1e-12))))
