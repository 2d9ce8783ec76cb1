"""Layers that make series and images longer or shorter, or turn them: copies of blocks of rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.engine.lowering.moving import Blocks, move, permuted
from nnlite.engine.lowering.rules import lowers, record_shape
from nnlite.engine.program import Program, Tensor
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
from nnlite.layers.resizing import interpolation_matrix


@lowers(RepeatVector)
def repeat_vector(program: Program, layer: RepeatVector, inputs: list[Tensor]) -> Tensor:
    """Emit the copies; what comes back is added up."""
    (x,) = inputs
    y = move(program, x, (layer.n, *x.shape), [Blocks(0, 0, layer.n, x.size, 0, x.size)])
    y.repeated = x
    return y


@lowers(UpSampling1D, UpSampling2D)
def up_sampling(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Emit the copies of every position, or the straight lines between them; what comes back is added up."""
    (x,) = inputs
    if getattr(layer, "interpolation", "nearest") == "bilinear":
        return _bilinear(program, layer, x)
    shape = _shape(layer, x)
    width, channels = x.shape[-2:]
    high, wide = (1, *layer.size)[-2:]
    blocks: list[Blocks] = []
    for row in range(x.size // (width * channels)):
        for copy in range(high):
            for place in range(wide):
                start = ((row * high + copy) * width * wide + place) * channels
                blocks.append(Blocks(row * width * channels, start, width, channels, channels, wide * channels))
    return move(program, x, shape, blocks)


def _bilinear(program: Program, layer: UpSampling2D, x: Tensor) -> Tensor:
    """Emit y = A x A': first along the height, then along the width."""
    (height, width, channels), high, wide = x.shape, *layer.size
    row = width * channels
    rows = [Blocks(at, to, 1, row, 0, 0, share) for to, at, share in _shares(height, high, row, program.dtype)]
    tall = move(program, x, (height * high, width, channels), rows)
    columns = [
        Blocks(at, to, height * high, channels, row, row * wide, share)
        for to, at, share in _shares(width, wide, channels, program.dtype)
    ]
    return move(program, tall, (height * high, width * wide, channels), columns)


def _shares(length: int, times: int, size: int, dtype: np.dtype[Any]) -> list[tuple[int, int, float]]:
    """Return where each point of a line begins, where one that it is made of does, and that one's share in it."""
    matrix = interpolation_matrix(length, times, dtype)
    return [(i * size, k * size, float(matrix[i, k])) for i, k in np.argwhere(matrix).tolist()]


@lowers(ZeroPadding1D, ZeroPadding2D)
def zero_padding(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Emit the copy into a frame of zeros; what comes back loses its frame."""
    (x,) = inputs
    shape = _shape(layer, x)
    # The frame is never written to: it stays what all memory is at first, zero.
    start, count, length, small, large = _inside(x.shape, shape, layer.padding)
    return move(program, x, shape, [Blocks(0, start, count, length, small, large)])


@lowers(Cropping1D, Cropping2D)
def cropping(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Emit the copy of what is left; what comes back gets a frame of zeros."""
    (x,) = inputs
    shape = _shape(layer, x)
    start, count, length, small, large = _inside(shape, x.shape, layer.cropping)
    return move(program, x, shape, [Blocks(start, 0, count, length, large, small)])


@lowers(Permute)
def permute(program: Program, layer: Permute, inputs: list[Tensor]) -> Tensor:
    """Emit copies of every feature to its new place."""
    (x,) = inputs
    return permuted(program, x, [axis - 1 for axis in layer.dims])


def _shape(layer: Any, x: Tensor) -> tuple[int, ...]:
    return record_shape(layer.build((None, *x.shape)), f"layer {layer.name!r}")


def _inside(small: tuple[int, ...], large: tuple[int, ...], sides: Any) -> tuple[int, int, int, int, int]:
    """Return where a series or an image within a larger one begins, its rows, their length, and the steps in both."""
    before, channels = [one[0] for one in sides], small[-1]
    length, step = small[-2] * channels, large[-2] * channels
    start = before[-1] * channels + (before[0] * step if len(before) > 1 else 0)
    return start, small[0] if len(before) > 1 else 1, length, length, step
