"""Activation functions that shrink inputs or consist of lines, in ONNX."""

from __future__ import annotations

from typing import Any

from nnlite import activations as functions
from nnlite.export.graph import OnnxGraph


def threshold(graph: OnnxGraph, function: Any, x: str) -> str:
    """Return x above the threshold, else the other value."""
    above = graph.add("Greater", x, graph.floats(function.threshold))
    return graph.add("Where", above, x, graph.floats(function.default_value))


def hard_shrink(graph: OnnxGraph, function: Any, x: str) -> str:
    """Return x where its size is above the threshold, else 0."""
    large = graph.add("Greater", graph.add("Abs", x), graph.floats(function.threshold))
    return graph.add("Where", large, x, graph.floats(0.0))


def soft_shrink(graph: OnnxGraph, function: Any, x: str) -> str:
    """Return x minus itself within the threshold."""
    return graph.add("Sub", x, within(graph, x, -function.threshold, function.threshold))


def tanh_shrink(graph: OnnxGraph, function: Any, x: str) -> str:  # noqa: ARG001
    """Return x - tanh x."""
    return graph.add("Sub", x, graph.add("Tanh", x))


def hard_tanh(graph: OnnxGraph, function: Any, x: str) -> str:  # noqa: ARG001
    """Return x within [-1, 1]."""
    return within(graph, x, -1.0, 1.0)


def squareplus(graph: OnnxGraph, function: Any, x: str) -> str:
    """Return (x + sqrt(x² + b)) / 2."""
    root = graph.add("Sqrt", graph.add("Add", graph.add("Mul", x, x), graph.floats(function.b)))
    return graph.add("Div", graph.add("Add", x, root), graph.floats(2.0))


def sparse_sigmoid(graph: OnnxGraph, function: Any, x: str) -> str:  # noqa: ARG001
    """Return (x + 1) / 2 within [0, 1]."""
    line = graph.add("Div", graph.add("Add", x, graph.floats(1.0)), graph.floats(2.0))
    return within(graph, line, 0.0, 1.0)


def sparse_plus(graph: OnnxGraph, function: Any, x: str) -> str:  # noqa: ARG001
    """Return x from 1 on, below (max(x, -1) + 1)² / 4."""
    shifted = graph.add("Add", graph.add("Max", x, graph.floats(-1.0)), graph.floats(1.0))
    curve = graph.add("Div", graph.add("Mul", shifted, shifted), graph.floats(4.0))
    return graph.add("Where", graph.add("Less", x, graph.floats(1.0)), curve, x)


def within(graph: OnnxGraph, x: str, least: float, most: float) -> str:
    """Return x limited to an interval."""
    return graph.add("Min", graph.add("Max", x, graph.floats(least)), graph.floats(most))


RULES: dict[Any, Any] = {
    functions.Threshold: threshold,
    functions.HardShrink: hard_shrink,
    functions.SoftShrink: soft_shrink,
    functions.TanhShrink: tanh_shrink,
    functions.HardTanh: hard_tanh,
    functions.SquarePlus: squareplus,
    functions.SparseSigmoid: sparse_sigmoid,
    functions.SparsePlus: sparse_plus,
}
