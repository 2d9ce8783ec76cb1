"""Arithmetic of symbolic tensors."""

from __future__ import annotations

from typing import Any

from nnlite.export.activations import expm1_below
from nnlite.export.graph import OnnxGraph, Tensor, exports
from nnlite.layers.arithmetic import Affine, Function, Power, Reduce

_PLAIN = {"exp": "Exp", "log": "Log", "sqrt": "Sqrt", "abs": "Abs", "sin": "Sin", "cos": "Cos"}


@exports(Affine)
def _affine(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    y = graph.add("Mul", inputs[0].name, graph.floats(layer.scale))
    return graph.add("Add", y, graph.floats(layer.offset))


@exports(Power)
def _power(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    return graph.add("Pow", inputs[0].name, graph.floats(layer.exponent))


@exports(Function)
def _function(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    x = inputs[0].name
    if layer.function == "square":
        return graph.add("Mul", x, x)
    if layer.function == "expm1":
        return _expm1(graph, x)
    if layer.function == "log1p":
        return _log1p(graph, x)
    return graph.add(_PLAIN[layer.function], x)


@exports(Reduce)
def _reduce(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> str:
    axes = [axis % len(inputs[0].shape) for axis in layer.axis]
    keepdims = int(layer.keepdims)
    if layer.mean:
        return graph.add("ReduceMean", inputs[0].name, axes=axes, keepdims=keepdims)
    return graph.add("ReduceSum", inputs[0].name, graph.ints(axes), keepdims=keepdims)


def _expm1(graph: OnnxGraph, x: str) -> str:
    """Return exp(x) - 1: for x above 0 as -exp(x) (exp(-x) - 1), which does not cancel, and for large x as it is."""
    negative = graph.add("Neg", graph.add("Mul", graph.add("Exp", x), expm1_below(graph, graph.add("Neg", x))))
    return graph.add("Where", graph.add("Greater", x, graph.floats(0.0)), negative, expm1_below(graph, x))


def _log1p(graph: OnnxGraph, x: str) -> str:
    """Return ln(1 + x), near 0 as 2 artanh(x / (2 + x)), which does not cancel."""
    two = graph.floats(2.0)
    near = graph.add("Mul", two, graph.add("Atanh", graph.add("Div", x, graph.add("Add", two, x))))
    far = graph.add("Log", graph.add("Add", x, graph.floats(1.0)))
    return graph.add("Where", graph.add("Less", graph.add("Abs", x), graph.floats(0.5)), near, far)
