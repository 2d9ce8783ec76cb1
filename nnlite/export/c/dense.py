"""Dense layers, alone or at every step, and layers that do nothing at inference."""

from __future__ import annotations

from typing import Any

from nnlite.export.c.activations import activate
from nnlite.export.c.int8 import DENSE_INT8, quantized
from nnlite.export.c.program import CProgram, Tensor, c_rule, refusal, size_of
from nnlite.layers import (
    ActivityRegularization,
    AlphaDropout,
    Dense,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    Identity,
    SpatialDropout1D,
    SpatialDropout2D,
    TimeDistributed,
)

_AT_ONCE = 8
"""Sums at a time; layers of fewer outputs have a loop of their own."""


def _wide() -> str:
    """Return y = x W + b for `_AT_ONCE` outputs or more.

    So many sums at a time are in registers also where a compiler unrolls and vectorizes no loops: -Os and -O2. The last
    outputs of a row may overlap with those before.
    """
    numbers = range(_AT_ONCE)
    starts = [f"s{k} = b ? b[j + {k}] : 0.0f" for k in numbers]
    adds = "\n        ".join(f"s{k} += x[i] * v[{k}];" for k in numbers)
    stores = "\n      ".join(f"y[j + {k}] = s{k};" for k in numbers)
    return f"""static void @(int rows, int n, int m, const float *x, const float *w, const float *b, float *y) {{
  for (int r = 0; r < rows; r++, x += n, y += m)
    for (int first = 0; first < m; first += {_AT_ONCE}) {{
      const int j = first + {_AT_ONCE} > m ? m - {_AT_ONCE} : first;
      const float *v = w + j;
      float {", ".join(starts[: _AT_ONCE // 2])};
      float {", ".join(starts[_AT_ONCE // 2 :])};
      for (int i = 0; i < n; i++, v += m) {{
        {adds}
      }}
      {stores}
    }}
}}"""


_WIDE = _wide()
_NARROW = """static void @(int rows, int n, int m, const float *x, const float *w, const float *b, float *y) {
  for (int r = 0; r < rows; r++, x += n)
    for (int j = 0; j < m; j++) {
      const float *v = w + j;
      float sum = b ? b[j] : 0.0f;
      for (int i = 0; i < n; i++, v += m) sum += x[i] * *v;
      *y++ = sum;
    }
}"""


def dense_function(program: CProgram, m: int) -> str:
    """Add the function y = x W + b for m outputs, and return its name.

    Its arguments are the numbers of rows, inputs and outputs, and x, W, b or 0, and y.
    """
    return program.function("dense", _WIDE) if m >= _AT_ONCE else program.function("dense_narrow", _NARROW)


def add_dense(program: CProgram, rows: int, n: int, m: int, x: str, weights: str, bias: str, y: str) -> None:
    """Add a call of `dense_function` to the steps."""
    program.add(f"{dense_function(program, m)}({rows}, {n}, {m}, {x}, {weights}, {bias}, {y});", rows * n * m)


@c_rule(Dense)
def _dense(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    """Compute f(x W + b) along the last axis."""
    n, m = layer.kernel.shape
    rows = size_of(inputs[0]) // n
    y = program.buffer(rows * m)
    bias = program.floats(layer.bias.value) if layer.use_bias else "0"
    x = inputs[0].name
    if program.int8:
        whole, scales = quantized(layer.kernel.value)
        weights = [program.whole_numbers(whole.T), program.floats(scales)]
        program.call("dense_int8", DENSE_INT8, rows, n, m, x, *weights, bias, y, operations=rows * (n + 1) * m)
    else:
        add_dense(program, rows, n, m, x, program.floats(layer.kernel.value), bias, y)
    activate(program, layer, y, (*inputs[0].shape[:-1], m), layer.activation)
    return y


@c_rule(TimeDistributed)
def _time_distributed(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    """Dense layers work along the last axis anyway."""
    if type(layer.layer) is not Dense:
        raise refusal(
            layer,
            f"applies a layer of class {type(layer.layer).__name__} to every step; C has Dense there only: apply the "
            "layer to one step at a time, or export the model as ONNX",
        )
    return _dense(program, layer.layer, inputs)


@c_rule(
    Dropout,
    AlphaDropout,
    GaussianDropout,
    SpatialDropout1D,
    SpatialDropout2D,
    GaussianNoise,
    ActivityRegularization,
    Identity,
)
def _nothing_at_inference(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:  # noqa: ARG001
    return inputs[0].name
