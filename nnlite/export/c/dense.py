"""Dense layers, alone or at every step, and layers that do nothing at inference."""

from __future__ import annotations

from typing import Any

from nnlite.export.c.activations import activate
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

DENSE = """static void @(int rows, int n, int m, const float *x, const float *w, const float *b, float *y) {
  for (int r = 0; r < rows; r++, x += n, y += m) {
    for (int j = 0; j < m; j++) y[j] = b ? b[j] : 0.0f;
    for (int i = 0; i < n; i++)
      for (int j = 0; j < m; j++) y[j] += x[i] * w[i * m + j];
  }
}"""


@c_rule(Dense)
def _dense(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    """Compute f(x W + b) along the last axis."""
    n, m = layer.kernel.shape
    rows = size_of(inputs[0]) // n
    y = program.buffer(rows * m)
    bias = program.floats(layer.bias.value) if layer.use_bias else "0"
    weights = program.floats(layer.kernel.value)
    program.call("dense", DENSE, rows, n, m, inputs[0].name, weights, bias, y, operations=rows * n * m)
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
