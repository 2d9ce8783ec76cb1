"""Convolutions and transposed convolutions, channels last; a series is an image of one line."""

from __future__ import annotations

import math
from typing import Any

from nnlite.export.c.activations import activate
from nnlite.export.c.dense import add_dense
from nnlite.export.c.program import CProgram, Tensor, c_rule, sizes_of
from nnlite.layers import (
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)
from nnlite.layers.windows import padding_widths, span
from nnlite.types import Array

_CONVOLUTION = """static void @(int h, int w, int c, int kh, int kw, int sh, int sw, int dh, int dw, int ph, int pw,
    int oh, int ow, int f, int groups, const float *x, const float *k, const float *b, float *y) {
  const int cg = c / groups, fg = f / groups;
  for (int p = 0; p < oh; p++)
    for (int q = 0; q < ow; q++, y += f) {
      for (int j = 0; j < f; j++) y[j] = b ? b[j] : 0.0f;
      for (int u = 0; u < kh; u++) {
        const int r = p * sh + u * dh - ph;
        if (r < 0 || r >= h) continue;
        for (int v = 0; v < kw; v++) {
          const int s = q * sw + v * dw - pw;
          if (s < 0 || s >= w) continue;
          for (int i = 0; i < c; i++) {
            const float a = x[(r * w + s) * c + i];
            const int g = i / cg * fg;
            const float *row = k + ((u * kw + v) * cg + i % cg) * f;
            for (int j = g; j < g + fg; j++) y[j] += a * row[j];
          }
        }
      }
    }
}"""

_TRANSPOSED = """static void @(int h, int w, int c, int kh, int kw, int sh, int sw, int dh, int dw, int ph, int pw,
    int oh, int ow, int f, const float *x, const float *k, const float *b, float *y) {
  for (int p = 0; p < oh * ow; p++)
    for (int j = 0; j < f; j++) y[p * f + j] = b ? b[j] : 0.0f;
  for (int r = 0; r < h; r++)
    for (int s = 0; s < w; s++)
      for (int u = 0; u < kh; u++) {
        const int p = r * sh + u * dh - ph;
        if (p < 0 || p >= oh) continue;
        for (int v = 0; v < kw; v++) {
          const int q = s * sw + v * dw - pw;
          if (q < 0 || q >= ow) continue;
          for (int j = 0; j < f; j++) {
            float sum = 0.0f;
            for (int i = 0; i < c; i++) sum += x[(r * w + s) * c + i] * k[((u * kw + v) * f + j) * c + i];
            y[(p * ow + q) * f + j] += sum;
          }
        }
      }
}"""


def plane(sizes: Any, one: int = 1) -> list[int]:
    """Return two sizes for the lengths of a series or an image."""
    return [one] * (2 - len(sizes)) + [int(size) for size in sizes]


def _convolve(program: CProgram, layer: Any, x: Tensor, kernel: Array, bias: str, groups: int) -> tuple[str, list[int]]:
    """Add a convolution by a kernel of shape (*size, channels / groups, filters); return the result and its lengths."""
    *lengths, channels = sizes_of(x)
    size, strides, dilation, filters = layer.kernel_size, layer.strides, layer.dilation_rate, kernel.shape[-1]
    before, after = [], []
    for length, n, stride, step in zip(lengths, size, strides, dilation, strict=True):
        widths = padding_widths(length, n, stride, step, layer.padding)
        before.append(widths[0])
        after.append((length + sum(widths) - span(n, step)) // stride + 1)
    y = program.buffer(math.prod(after) * filters)
    numbers = [*plane(lengths), channels, *plane(size), *plane(strides), *plane(dilation), *plane(before, 0)]
    numbers += [*plane(after), filters, groups]
    weights = program.floats(kernel)
    work = math.prod(after) * kernel.size
    program.call("convolve", _CONVOLUTION, *numbers, x.name, weights, bias, y, operations=work)
    return y, after


@c_rule(Conv1D, Conv2D)
def _convolution(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    bias = program.floats(layer.bias.value) if layer.use_bias else "0"
    y, lengths = _convolve(program, layer, inputs[0], layer.kernel.value, bias, layer.groups)
    activate(program, layer, y, (None, *lengths, layer.filters), layer.activation)
    return y


def _by_channel(kernel: Array) -> Array:
    """Return the kernel of a convolution with as many groups as channels."""
    return kernel.reshape(*kernel.shape[:-2], 1, -1)


@c_rule(DepthwiseConv1D, DepthwiseConv2D)
def _depthwise_convolution(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    kernel = _by_channel(layer.kernel.value)
    bias = program.floats(layer.bias.value) if layer.use_bias else "0"
    y, lengths = _convolve(program, layer, inputs[0], kernel, bias, sizes_of(inputs[0])[-1])
    activate(program, layer, y, (None, *lengths, kernel.shape[-1]), layer.activation)
    return y


@c_rule(SeparableConv1D, SeparableConv2D)
def _separable_convolution(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    """Filter channel by channel, then combine the channels at every position."""
    kernel = _by_channel(layer.depthwise_kernel.value)
    between, lengths = _convolve(program, layer, inputs[0], kernel, "0", sizes_of(inputs[0])[-1])
    rows, n, m = math.prod(lengths), kernel.shape[-1], layer.filters
    y = program.buffer(rows * m)
    bias = program.floats(layer.bias.value) if layer.use_bias else "0"
    weights = program.floats(layer.pointwise_kernel.value)
    add_dense(program, rows, n, m, between, weights, bias, y)
    activate(program, layer, y, (None, *lengths, m), layer.activation)
    return y


@c_rule(Conv1DTranspose, Conv2DTranspose)
def _transposed_convolution(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    shape = inputs[0].shape
    _, cropping, _ = layer.output_frame((1, *shape[1:]))
    before = [first for first, _ in cropping[1:-1]]
    output = layer.build(shape)
    lengths = plane(output[1:-1])
    y = program.buffer(lengths[0] * lengths[1] * layer.filters)
    numbers = [*plane(shape[1:-1]), sizes_of(inputs[0])[-1], *plane(layer.kernel_size), *plane(layer.strides)]
    numbers += [*plane(layer.dilation_rate), *plane(before, 0), *lengths, layer.filters]
    bias = program.floats(layer.bias.value) if layer.use_bias else "0"
    weights = program.floats(layer.kernel.value)
    positions = plane(shape[1:-1])
    work = positions[0] * positions[1] * layer.kernel.value.size
    program.call("convolve_back", _TRANSPOSED, *numbers, inputs[0].name, weights, bias, y, operations=work)
    activate(program, layer, y, output, layer.activation)
    return y
