"""Layers that move, repeat, cut or pad values."""

from __future__ import annotations

import math
from typing import Any

from nnlite.export.c.loops import View, loop, strides_of, whole
from nnlite.export.c.program import CProgram, Tensor, c_rule, refusal, sizes_of
from nnlite.layers import (
    Cropping1D,
    Cropping2D,
    Flatten,
    GaussianLatent,
    Permute,
    RepeatVector,
    Reshape,
    UpSampling1D,
    UpSampling2D,
    ZeroPadding1D,
    ZeroPadding2D,
)


def moved(program: CProgram, shape: list[int], source: View) -> str:
    """Return the values at all indices of a view, in order."""
    y = program.buffer(math.prod(shape))
    loop(program, shape, whole(y, shape), [source], "{0}")
    return y


@c_rule(Reshape, Flatten)
def _reshape(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:  # noqa: ARG001
    return inputs[0].name


@c_rule(Permute)
def _permute(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    shape = sizes_of(inputs[0])
    strides = strides_of(shape)
    order = [axis - 1 for axis in layer.dims]
    return moved(program, [shape[i] for i in order], View(inputs[0].name, tuple(strides[i] for i in order)))


@c_rule(RepeatVector)
def _repeat(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    return moved(program, [layer.n, *sizes_of(inputs[0])], View(inputs[0].name, (0, 1)))


@c_rule(UpSampling1D, UpSampling2D)
def _up_sampling(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    if getattr(layer, "interpolation", "nearest") != "nearest":
        raise refusal(layer, f"interpolates, {layer.interpolation!r}; C has interpolation='nearest' only")
    shape, strides = sizes_of(inputs[0]), strides_of(sizes_of(inputs[0]))
    sizes: list[int] = []
    steps: list[int] = []
    for length, stride, times in zip(shape[:-1], strides[:-1], layer.size, strict=True):
        sizes += [length, times]
        steps += [stride, 0]
    return moved(program, [*sizes, shape[-1]], View(inputs[0].name, (*steps, 1)))


@c_rule(ZeroPadding1D, ZeroPadding2D)
def _zero_padding(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    shape = sizes_of(inputs[0])
    padded = [n + sum(pair) for n, pair in zip(shape, (*layer.padding, (0, 0)), strict=True)]
    strides, count = strides_of(padded), math.prod(padded)
    offset = sum(before * stride for (before, _), stride in zip(layer.padding, strides, strict=False))
    y = program.buffer(count)
    loop(program, [count], whole(y, [count]), [], "0.0f")
    loop(program, shape, View(y, strides, offset), [whole(inputs[0].name, shape)], "{0}")
    return y


@c_rule(Cropping1D, Cropping2D)
def _cropping(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    shape, strides = sizes_of(inputs[0]), strides_of(sizes_of(inputs[0]))
    kept = [n - sum(pair) for n, pair in zip(shape, (*layer.cropping, (0, 0)), strict=True)]
    offset = sum(before * stride for (before, _), stride in zip(layer.cropping, strides, strict=False))
    return moved(program, kept, View(inputs[0].name, strides, offset))


@c_rule(GaussianLatent)
def _gaussian_latent(program: CProgram, layer: Any, inputs: list[Tensor]) -> str:
    """Return the means, the first half of the features: the code at inference."""
    if layer.sample_at_inference:
        raise refusal(layer, "draws random codes at inference; export a model with sample_at_inference=False")
    shape = sizes_of(inputs[0])
    return moved(program, [*shape[:-1], shape[-1] // 2], View(inputs[0].name, strides_of(shape)))
