"""Pooling over windows, and over all positions."""

from __future__ import annotations

import math
from typing import Any

from nnlite.export.c.convolution import plane
from nnlite.export.c.program import CProgram, Tensor, c_rule, sizes_of
from nnlite.layers import (
    AveragePooling1D,
    AveragePooling2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    MaxPooling1D,
    MaxPooling2D,
)
from nnlite.layers.windows import padding_widths

_POOL = """static void @(int h, int w, int c, int kh, int kw, int sh, int sw, int ph, int pw, int oh, int ow, int mean,
    const float *x, float *y) {
  for (int p = 0; p < oh; p++)
    for (int q = 0; q < ow; q++)
      for (int i = 0; i < c; i++, y++) {
        float sum = mean ? 0.0f : -INFINITY;
        int count = 0;
        for (int u = 0; u < kh; u++)
          for (int v = 0; v < kw; v++) {
            const int r = p * sh + u - ph, s = q * sw + v - pw;
            if (r < 0 || r >= h || s < 0 || s >= w) continue;
            const float a = x[(r * w + s) * c + i];
            count++;
            if (mean) sum += a;
            else if (a > sum || a != a) sum = a;
          }
        *y = mean ? sum / (float)count : sum;
      }
}"""


def _pool(program: CProgram, x: Tensor, size: Any, strides: Any, before: Any, lengths: Any, mean: bool) -> str:
    channels = sizes_of(x)[-1]
    places = plane(lengths)
    y = program.buffer(places[0] * places[1] * channels)
    numbers = [*plane(x.shape[1:-1]), channels, *plane(size), *plane(strides), *plane(before, 0), *places, int(mean)]
    work = places[0] * places[1] * channels * math.prod(size)
    program.call("pool", _POOL, *numbers, x.name, y, operations=work)
    return y


@c_rule(MaxPooling1D, MaxPooling2D, AveragePooling1D, AveragePooling2D)
def _windows(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    shape = inputs[0].shape
    before = [
        padding_widths(length, n, stride, 1, layer.padding)[0]
        for length, n, stride in zip(sizes_of(inputs[0])[:-1], layer.pool_size, layer.strides, strict=True)
    ]
    mean = isinstance(layer, (AveragePooling1D, AveragePooling2D))
    return _pool(program, inputs[0], layer.pool_size, layer.strides, before, layer.build(shape)[1:-1], mean)


@c_rule(GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalMaxPooling1D, GlobalMaxPooling2D)
def _all_positions(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    lengths = inputs[0].shape[1:-1]
    ones = [1] * len(lengths)
    mean = isinstance(layer, (GlobalAveragePooling1D, GlobalAveragePooling2D))
    return _pool(program, inputs[0], lengths, ones, [0] * len(lengths), ones, mean)
