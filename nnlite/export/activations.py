r"""Activation functions, and the layers that apply one.

Where a runtime's own operation is less accurate than the function, the function is written out:

- ONNX Runtime's Sigmoid on CPUs is 0 from -18 down, several times too large at -17.9 and off by more than 1e-5 from
  -4.8 down (1.32.0). :math:`1 / (1 + e^{-x})` is accurate to float32: where the exponential overflows, the quotient is
  0, which is right.
- Elu subtracts 1 from an exponential near 1, and loses all digits for small x.
  :math:`e^x - 1 = 2 t / (1 - t)` with :math:`t = \tanh(x/2)` loses none for :math:`x \le 0`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnlite import activations as functions
from nnlite.activations import ActivationFunction
from nnlite.export import shrinking
from nnlite.export.graph import OnnxGraph, Tensor, exports, refusal
from nnlite.layers import ELU, Activation, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from nnlite.layers.base import Layer

FunctionRule = Callable[[OnnxGraph, Any, str], str]


def activate(graph: OnnxGraph, layer: Layer, x: str, activation: ActivationFunction | None = None) -> str:
    """Add the activation function of a layer, or another one; return the name of its output."""
    function = activation if activation is not None else layer.activation  # type: ignore[attr-defined]
    rule = _FUNCTIONS.get(type(function))
    if rule is None:
        raise refusal(
            layer,
            f"has the activation {function.name!r}, which ONNX does not have; use one that nnlite.activations names",
        )
    return rule(graph, function, x)


def _plain(kind: str) -> FunctionRule:
    return lambda graph, function, x: graph.add(kind, x)  # noqa: ARG005


def _relu(graph: OnnxGraph, function: Any, x: str) -> str:
    """Return min(x, m) above the threshold, s (x - threshold) up to it."""
    if function.threshold == 0 and function.negative_slope == 0:
        y = graph.add("Relu", x)
    else:
        threshold = graph.floats(function.threshold)
        below = graph.add("Mul", graph.add("Sub", x, threshold), graph.floats(function.negative_slope))
        y = graph.add("Where", graph.add("Greater", x, threshold), x, below)
    return y if function.max_value is None else graph.add("Min", y, graph.floats(function.max_value))


def sigmoid(graph: OnnxGraph, x: str) -> str:
    """Return 1 / (1 + exp(-x))."""
    one = graph.floats(1.0)
    return graph.add("Div", one, graph.add("Add", graph.add("Exp", graph.add("Neg", x)), one))


def expm1_below(graph: OnnxGraph, x: str) -> str:
    """Return exp(min(x, 0)) - 1 without cancellation."""
    t = graph.add("Tanh", graph.add("Mul", graph.add("Min", x, graph.floats(0.0)), graph.floats(0.5)))
    return graph.add("Div", graph.add("Mul", t, graph.floats(2.0)), graph.add("Sub", graph.floats(1.0), t))


def _elu(graph: OnnxGraph, function: Any, x: str) -> str:
    below = graph.add("Mul", expm1_below(graph, x), graph.floats(function.alpha))
    return graph.add("Where", graph.add("Greater", x, graph.floats(0.0)), x, below)


def _selu(graph: OnnxGraph, function: Any, x: str) -> str:
    return graph.add("Mul", _elu(graph, function, x), graph.floats(function.scale))


def _celu(graph: OnnxGraph, function: Any, x: str) -> str:
    alpha = graph.floats(function.alpha)
    below = graph.add("Mul", expm1_below(graph, graph.add("Div", x, alpha)), alpha)
    return graph.add("Add", graph.add("Relu", x), below)


def _gelu(graph: OnnxGraph, function: Any, x: str) -> str:
    if function.approximate:
        cube = graph.add("Mul", graph.add("Mul", x, x), x)
        inner = graph.add("Add", x, graph.add("Mul", cube, graph.floats(0.044715)))
        signed = graph.add("Tanh", graph.add("Mul", inner, graph.floats(0.7978845608028654)))
    else:
        signed = graph.add("Erf", graph.add("Mul", x, graph.floats(0.7071067811865476)))
    # The order of `nnlite.activations.GELU`, so that rounding is alike.
    cdf = graph.add("Div", graph.add("Add", signed, graph.floats(1.0)), graph.floats(2.0))
    return graph.add("Mul", x, cdf)


def _hard_sigmoid(graph: OnnxGraph, function: Any, x: str) -> str:  # noqa: ARG001
    line = graph.add("Add", graph.add("Div", x, graph.floats(6.0)), graph.floats(0.5))
    return graph.add("Min", graph.add("Max", line, graph.floats(0.0)), graph.floats(1.0))


_FUNCTIONS: dict[type[ActivationFunction], FunctionRule] = {
    **shrinking.RULES,
    functions.Linear: lambda graph, function, x: x,  # noqa: ARG005
    functions.ReLU: _relu,
    functions.ReLU6: _relu,
    functions.LeakyReLU: _relu,
    functions.ELU: _elu,
    functions.SELU: _selu,
    functions.CELU: _celu,
    functions.GELU: _gelu,
    functions.Sigmoid: lambda graph, function, x: sigmoid(graph, x),  # noqa: ARG005
    functions.SiLU: lambda graph, function, x: graph.add("Mul", x, sigmoid(graph, x)),  # noqa: ARG005
    functions.Mish: lambda graph, function, x: graph.add(  # noqa: ARG005
        "Mul", x, graph.add("Tanh", graph.add("Softplus", x))
    ),
    functions.LogSigmoid: lambda graph, function, x: graph.add(  # noqa: ARG005
        "Neg", graph.add("Softplus", graph.add("Neg", x))
    ),
    functions.HardSigmoid: _hard_sigmoid,
    functions.HardSiLU: lambda graph, function, x: graph.add("Mul", x, _hard_sigmoid(graph, function, x)),
    functions.Softplus: _plain("Softplus"),
    functions.Softsign: _plain("Softsign"),
    functions.Tanh: _plain("Tanh"),
    functions.Exponential: _plain("Exp"),
    functions.Softmax: lambda graph, function, x: graph.add("Softmax", x, axis=function.axis),
    functions.LogSoftmax: lambda graph, function, x: graph.add("LogSoftmax", x, axis=function.axis),
}


@exports(Activation, ReLU, LeakyReLU, ELU, Sigmoid, Tanh, Softmax)
def _activation_layer(graph: OnnxGraph, layer: Layer, inputs: list[Tensor]) -> str:
    return activate(graph, layer, inputs[0].name)
