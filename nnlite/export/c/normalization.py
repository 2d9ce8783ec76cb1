"""Normalization layers: the difference from the mean comes first, so that large means do not cancel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnlite.export.c.loops import View, broadcast, loop, strides_of, whole
from nnlite.export.c.program import CProgram, Tensor, c_rule, literal, sizes_of
from nnlite.layers import BatchNormalization, LayerNormalization, Normalization, PReLU, Rescaling
from nnlite.layers.arithmetic import Affine

_STANDARDIZE = """static void @(int rows, int n, float epsilon, float *y) {
  for (int r = 0; r < rows; r++, y += n) {
    float mean = 0.0f, variance = 0.0f;
    for (int j = 0; j < n; j++) mean += y[j];
    mean /= (float)n;
    for (int j = 0; j < n; j++) y[j] -= mean;
    for (int j = 0; j < n; j++) variance += y[j] * y[j];
    variance = sqrtf(variance / (float)n + epsilon);
    for (int j = 0; j < n; j++) y[j] /= variance;
  }
}"""


def _combine(program: CProgram, x: Tensor, expression: str, *constants: Any) -> str:
    """Return the result of an expression of a tensor, {0}, and of constants that are broadcast."""
    shape = sizes_of(x)
    y = program.buffer(math.prod(shape))
    views = [whole(x.name, shape)]
    for one in constants:
        array = np.asarray(one, np.float32)
        # The axis of the rows is not in a program.
        sizes = array.shape[1:] if array.ndim == len(shape) + 1 else array.shape
        views.append(broadcast(program.floats(array), sizes, shape))
    loop(program, shape, whole(y, shape), views, expression, 1 + len(constants))
    return y


@c_rule(BatchNormalization)
def _batch_normalization(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    """Compute gamma (x - m) / deviation + beta, with the moving averages."""
    shape = [1] * len(inputs[0].shape)
    shape[layer.axis] = -1
    deviation = np.sqrt(layer.moving_variance.value.astype(np.float64) + layer.epsilon)
    scale = (layer.gamma.value if layer.scale else 1.0) / deviation
    constants = [layer.moving_mean.value.reshape(shape), scale.reshape(shape)]
    if layer.center:
        return _combine(program, inputs[0], "({0} - {1}) * {2} + {3}", *constants, layer.beta.value.reshape(shape))
    return _combine(program, inputs[0], "({0} - {1}) * {2}", *constants)


@c_rule(LayerNormalization)
def _layer_normalization(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    """Compute gamma x̂ + beta: move the axes to the end, standardize, and move them back."""
    shape = sizes_of(inputs[0])
    given = [layer.axis] if isinstance(layer.axis, int) else layer.axis
    axes = sorted(axis % (len(shape) + 1) - 1 for axis in given)
    order = [axis for axis in range(len(shape)) if axis not in axes] + axes
    moved = [shape[axis] for axis in order]
    strides = strides_of(shape)
    source = View(inputs[0].name, tuple(strides[axis] for axis in order))
    n = math.prod(shape[axis] for axis in axes)
    count = math.prod(shape)
    work, y = program.buffer(count), program.buffer(count)
    loop(program, moved, whole(work, moved), [source], "{0}")
    program.call("standardize", _STANDARDIZE, count // n, n, literal(layer.epsilon), work, operations=4 * count)
    own = [shape[axis] if axis in axes else 1 for axis in order]
    views, expression = [whole(work, moved)], "{0}"
    for wanted, weight, sign in ((layer.scale, "gamma", "*"), (layer.center, "beta", "+")):
        if wanted:
            expression += f" {sign} {{{len(views)}}}"
            views.append(broadcast(program.floats(getattr(layer, weight).value), own, moved))
    loop(program, moved, View(y, source.strides), views, expression, len(views) - 1)
    return y


@c_rule(Normalization)
def _normalization(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    """Compute (x - m) / deviation, or its inverse."""
    sizes = (1, *sizes_of(inputs[0]))
    mean, deviation = layer.constants(np.zeros(sizes, np.float32))
    expression = "{0} * {2} + {1}" if layer.invert else "({0} - {1}) / {2}"
    return _combine(program, inputs[0], expression, mean, deviation)


@c_rule(Rescaling, Affine)
def _rescaling(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    """Compute a x + b."""
    if np.ndim(layer.scale) == np.ndim(layer.offset) == 0:
        scale, offset = (literal(float(one)) for one in (layer.scale, layer.offset))
        return _combine(program, inputs[0], f"{{0}} * {scale} + {offset}")
    return _combine(program, inputs[0], "{0} * {1} + {2}", layer.scale, layer.offset)


@c_rule(PReLU)
def _prelu(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    """Compute x above 0, else alpha x."""
    return _combine(program, inputs[0], "{0} > 0.0f ? {0} : {1} * {0}", layer.alpha.value)
