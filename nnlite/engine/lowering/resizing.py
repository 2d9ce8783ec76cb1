"""Layers that make series and images longer or shorter, or turn them: copies of blocks of rows."""

from __future__ import annotations

import math
from typing import Any

from nnlite.engine.lowering.rules import Unsupported, lowers, record_shape
from nnlite.engine.program import Place, Program, Tensor
from nnlite.layers import (
    Cropping1D,
    Cropping2D,
    Permute,
    RepeatVector,
    UpSampling1D,
    UpSampling2D,
    ZeroPadding1D,
    ZeroPadding2D,
)

Blocks = tuple[int, int, int, int, int, int]
"""Where blocks begin in the input and in the output, how many, how long, and from one to the next in each."""


@lowers(RepeatVector)
def repeat_vector(program: Program, layer: RepeatVector, inputs: list[Tensor]) -> Tensor:
    """Emit the copies; what comes back is added up."""
    (x,) = inputs
    y = _blocks(program, x, (layer.n, *x.shape), [(0, 0, layer.n, x.size, 0, x.size)])
    y.repeated = x
    return y


@lowers(UpSampling1D, UpSampling2D)
def up_sampling(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Emit the copies of every position; what comes back is added up."""
    (x,) = inputs
    if getattr(layer, "interpolation", "nearest") != "nearest":
        raise Unsupported(f"layer {layer.name!r}: interpolation={layer.interpolation!r} has no compiled form")
    shape = _shape(layer, x)
    width, channels = x.shape[-2:]
    high, wide = (1, *layer.size)[-2:]
    blocks: list[Blocks] = []
    for row in range(x.size // (width * channels)):
        for copy in range(high):
            for place in range(wide):
                start = ((row * high + copy) * width * wide + place) * channels
                blocks.append((row * width * channels, start, width, channels, channels, wide * channels))
    return _blocks(program, x, shape, blocks)


@lowers(ZeroPadding1D, ZeroPadding2D)
def zero_padding(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Emit the copy into a frame of zeros; what comes back loses its frame."""
    (x,) = inputs
    shape = _shape(layer, x)
    # The frame is never written to: it stays what all memory is at first, zero.
    start, count, length, small, large = _inside(x.shape, shape, layer.padding)
    return _blocks(program, x, shape, [(0, start, count, length, small, large)])


@lowers(Cropping1D, Cropping2D)
def cropping(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Emit the copy of what is left; what comes back gets a frame of zeros."""
    (x,) = inputs
    shape = _shape(layer, x)
    start, count, length, small, large = _inside(shape, x.shape, layer.cropping)
    return _blocks(program, x, shape, [(start, 0, count, length, large, small)])


@lowers(Permute)
def permute(program: Program, layer: Permute, inputs: list[Tensor]) -> Tensor:
    """Emit copies of every feature to its new place."""
    (x,) = inputs
    shape = _shape(layer, x)
    axes = [axis - 1 for axis in layer.dims]
    old = [math.prod(x.shape[axis + 1 :]) for axis in axes]
    new = [math.prod(shape[k + 1 :]) for k in range(len(shape))]
    # The longest axis is the one along which a single instruction goes.
    along = shape.index(max(shape))
    blocks: list[Blocks] = [(0, 0, shape[along], 1, old[along], new[along])]
    for k, size in enumerate(shape):
        if k != along:
            blocks = [(of + i * old[k], to + i * new[k], *rest) for of, to, *rest in blocks for i in range(size)]  # type: ignore[misc]
    return _blocks(program, x, shape, blocks)


def _shape(layer: Any, x: Tensor) -> tuple[int, ...]:
    return record_shape(layer.build((None, *x.shape)), f"layer {layer.name!r}")


def _inside(small: tuple[int, ...], large: tuple[int, ...], sides: Any) -> tuple[int, int, int, int, int]:
    """Return where a series or an image within a larger one begins, its rows, their length, and the steps in both."""
    before, channels = [one[0] for one in sides], small[-1]
    length, step = small[-2] * channels, large[-2] * channels
    start = before[-1] * channels + (before[0] * step if len(before) > 1 else 0)
    return start, small[0] if len(before) > 1 else 1, length, length, step


def _blocks(program: Program, x: Tensor, shape: tuple[int, ...], blocks: list[Blocks]) -> Tensor:
    """Emit copies of blocks, counted in features, and on the way back their sums."""
    y, ld = program.tensor(shape, x.learns), program.ld

    def each(of: Place, to: Place, back: bool) -> None:
        for start, target, count, length, step, target_step in blocks:
            ends = (of.after(start * ld), to.after(target * ld))
            if back:
                ends, (step, target_step) = ends[::-1], (target_step, step)
                program.emit("series.add_blocks", *ends, count, length * ld, step * ld, target_step * ld, 1.0)
            else:
                program.emit("data.copy", *ends, count, length * ld, step * ld, target_step * ld)

    each(x.place, y.place, back=False)

    def go_back() -> None:
        if y.derivative is None:
            return
        with program.contribution(x) as dx:
            if dx is not None:
                program.emit("data.clear", dx, x.size * ld)
                each(dx, y.derivative, back=True)

    program.on_the_way_back(go_back)
    return y
