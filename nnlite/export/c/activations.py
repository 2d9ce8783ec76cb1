"""Activation functions, and the layers that apply one.

Comparisons are written so that NaN passes through, as in `nnlite.activations`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from nnlite import activations as functions
from nnlite.activations import ActivationFunction
from nnlite.export.c.loops import loop, whole
from nnlite.export.c.program import CProgram, Tensor, c_rule, literal, refusal, size_of
from nnlite.export.c.shrinking import BODIES
from nnlite.layers import ELU, Activation, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from nnlite.layers.base import Layer

_SOFTMAX = """static void @(int outer, int n, int inner, int logarithm, float *y) {
  for (int o = 0; o < outer; o++)
    for (int i = 0; i < inner; i++) {
      float *p = y + o * n * inner + i;
      float top = p[0], sum = 0.0f;
      for (int j = 1; j < n; j++) if (p[j * inner] > top || p[j * inner] != p[j * inner]) top = p[j * inner];
      for (int j = 0; j < n; j++) sum += expf(p[j * inner] - top);
      for (int j = 0; j < n; j++)
        p[j * inner] = logarithm ? p[j * inner] - top - logf(sum) : expf(p[j * inner] - top) / sum;
    }
}"""


def function_name(program: CProgram, layer: Layer, function: ActivationFunction) -> str:
    """Return the name of the function in C of one number, which is added to the program.

    Raises
    ------
    NotExportable
        If there is none: the function is one of Python, or one of several numbers.
    """
    rule = _FUNCTIONS.get(type(function))
    if rule is None:
        raise refusal(
            layer,
            f"has the activation {function.name!r}, which is not exported to C here; use another one that "
            "nnlite.activations names",
        )
    if "sigmoid(" in (body := rule(function)):
        program.function("sigmoid", _define(_SIGMOID))
    if "softplus(" in body:
        program.function("softplus", _define(_SOFTPLUS))
    return program.function(f"{function.name}_of" if function.name == "tanh" else function.name, _define(body))


def activate(program: CProgram, layer: Any, y: str, shape: tuple[Any, ...], function: ActivationFunction) -> None:
    """Apply an activation function to a buffer in place; `shape` begins with the rows."""
    if isinstance(function, functions.Linear):
        return
    sizes = [int(size) for size in shape[1:]]
    count = math.prod(sizes)
    if isinstance(function, (functions.Softmax, functions.LogSoftmax)):
        axis = function.axis % len(shape)
        if axis == 0:
            raise refusal(layer, "has a softmax over the rows, which depends on the whole batch; use another axis")
        inner = math.prod(sizes[axis:])
        outer = count // (inner * sizes[axis - 1])
        logarithm = int(isinstance(function, functions.LogSoftmax))
        program.call("softmax", _SOFTMAX, outer, sizes[axis - 1], inner, logarithm, y, operations=2 * count)
        return
    name = function_name(program, layer, function)
    loop(program, [count], whole(y, [count]), [whole(y, [count])], name + "({0})", 1)


def copy(program: CProgram, x: Tensor) -> str:
    """Return a copy of a tensor."""
    count = size_of(x)
    y = program.buffer(count)
    loop(program, [count], whole(y, [count]), [whole(x.name, [count])], "{0}")
    return y


def _define(body: str) -> str:
    return f"static float @(float v) {{ {body} }}"


def _relu(function: Any) -> str:
    if function.threshold == 0 and function.negative_slope == 0:
        below = "if (v < 0.0f) v = 0.0f;"
    else:
        t, slope = literal(function.threshold), literal(function.negative_slope)
        below = f"if (!(v > {t})) v = {slope} * (v - {t});"
    if function.max_value is not None:
        m = literal(function.max_value)
        below += f" if (v > {m}) v = {m};"
    return below + " return v;"


def _gelu(function: Any) -> str:
    if function.approximate:
        inner = f"tanhf({literal(math.sqrt(2 / math.pi))} * (v + 0.044715f * v * v * v))"
    else:
        inner = f"erff(v * {literal(math.sqrt(0.5))})"
    return f"return v * ((1.0f + {inner}) / 2.0f);"


_SIGMOID = "float e = expf(-fabsf(v)); return v >= 0.0f ? 1.0f / (1.0f + e) : e / (1.0f + e);"
_SOFTPLUS = "return (v < 0.0f ? 0.0f : v) + log1pf(expf(-fabsf(v)));"
_CLIPPED = "float s = v / 6.0f + 0.5f; if (s < 0.0f) s = 0.0f; if (s > 1.0f) s = 1.0f; return "

_FUNCTIONS: dict[type[ActivationFunction], Callable[[Any], str]] = {
    functions.Linear: lambda f: "return v;",  # noqa: ARG005
    functions.ReLU: _relu,
    functions.ReLU6: _relu,
    functions.LeakyReLU: _relu,
    functions.ELU: lambda f: f"return v > 0.0f ? v : {literal(f.alpha)} * expm1f(v);",
    functions.SELU: lambda f: f"return {literal(f.scale)} * (v > 0.0f ? v : {literal(f.alpha)} * expm1f(v));",
    functions.CELU: lambda f: f"return v > 0.0f ? v : {literal(f.alpha)} * expm1f(v / {literal(f.alpha)});",
    functions.GELU: _gelu,
    functions.Sigmoid: lambda f: _SIGMOID,  # noqa: ARG005
    functions.SiLU: lambda f: "return v * sigmoid(v);",  # noqa: ARG005
    functions.Mish: lambda f: "return v * tanhf(softplus(v));",  # noqa: ARG005
    functions.LogSigmoid: lambda f: "return -softplus(-v);",  # noqa: ARG005
    functions.HardSigmoid: lambda f: _CLIPPED + "s;",  # noqa: ARG005
    functions.HardSiLU: lambda f: _CLIPPED + "v * s + 0.0f;",  # noqa: ARG005
    functions.Softplus: lambda f: _SOFTPLUS,  # noqa: ARG005
    functions.Softsign: lambda f: "return v / (1.0f + fabsf(v));",  # noqa: ARG005
    functions.Tanh: lambda f: "return tanhf(v);",  # noqa: ARG005
    **BODIES,
    functions.Exponential: lambda f: "return expf(v);",  # noqa: ARG005
}


@c_rule(Activation, ReLU, LeakyReLU, ELU, Sigmoid, Tanh, Softmax)
def _activation_layer(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    y = copy(program, inputs[0])
    activate(program, layer, y, inputs[0].shape, layer.activation)
    return y
