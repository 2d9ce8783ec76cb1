"""Layers that resize or permute series and images: copies of blocks of rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.engine.lowering.data_movement import Blocks, copy_blocks, permute_axes
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
    """Emit the copies; their gradients are summed."""
    (x,) = inputs
    y = copy_blocks(program, x, (layer.n, *x.shape), [Blocks(0, 0, layer.n, x.size, 0, x.size)])
    y.repeat_of = x
    return y


@lowers(UpSampling1D, UpSampling2D)
def up_sampling(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Emit the copies of every position, or the linear interpolation between them; gradients are summed."""
    (x,) = inputs
    if getattr(layer, "interpolation", "nearest") == "bilinear":
        return _bilinear(program, layer, x)
    shape = _shape(layer, x)
    width, channels = x.shape[-2:]
    height_factor, width_factor = (1, *layer.size)[-2:]
    blocks: list[Blocks] = []
    for row in range(x.size // (width * channels)):
        for row_copy in range(height_factor):
            for column_copy in range(width_factor):
                start = ((row * height_factor + row_copy) * width * width_factor + column_copy) * channels
                blocks.append(Blocks(row * width * channels, start, width, channels, channels, width_factor * channels))
    return copy_blocks(program, x, shape, blocks)


def _bilinear(program: Program, layer: UpSampling2D, x: Tensor) -> Tensor:
    """Emit y = A x A': first along the height, then along the width."""
    (height, width, channels), height_factor, width_factor = x.shape, *layer.size
    row = width * channels
    rows = [
        Blocks(source, target, 1, row, 0, 0, weight)
        for target, source, weight in _interpolation_weights(height, height_factor, row, program.dtype)
    ]
    resized_rows = copy_blocks(program, x, (height * height_factor, width, channels), rows)
    columns = [
        Blocks(source, target, height * height_factor, channels, row, row * width_factor, weight)
        for target, source, weight in _interpolation_weights(width, width_factor, channels, program.dtype)
    ]
    return copy_blocks(program, resized_rows, (height * height_factor, width * width_factor, channels), columns)


def _interpolation_weights(length: int, factor: int, size: int, dtype: np.dtype[Any]) -> list[tuple[int, int, float]]:
    """Return the offset of each point of a line, the offset of a source of it, and that source's weight."""
    matrix = interpolation_matrix(length, factor, dtype)
    return [(i * size, k * size, float(matrix[i, k])) for i, k in np.argwhere(matrix).tolist()]


@lowers(ZeroPadding1D, ZeroPadding2D)
def zero_padding(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Emit the copy into a border of zeros; the gradient is cropped."""
    (x,) = inputs
    shape = _shape(layer, x)
    # No instruction writes to the border, which keeps the initial zeros of the workspace.
    start, count, length, inner, outer = _inner_block(x.shape, shape, layer.padding)
    return copy_blocks(program, x, shape, [Blocks(0, start, count, length, inner, outer)])


@lowers(Cropping1D, Cropping2D)
def cropping(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Emit the copy of the inner part; the gradient is padded with zeros."""
    (x,) = inputs
    shape = _shape(layer, x)
    start, count, length, inner, outer = _inner_block(shape, x.shape, layer.cropping)
    return copy_blocks(program, x, shape, [Blocks(start, 0, count, length, outer, inner)])


@lowers(Permute)
def permute(program: Program, layer: Permute, inputs: list[Tensor]) -> Tensor:
    """Emit the permutation of the axes."""
    (x,) = inputs
    return permute_axes(program, x, [axis - 1 for axis in layer.dims])


def _shape(layer: Any, x: Tensor) -> tuple[int, ...]:
    return record_shape(layer.build((None, *x.shape)), f"layer {layer.name!r}")


def _inner_block(inner: tuple[int, ...], outer: tuple[int, ...], sides: Any) -> tuple[int, int, int, int, int]:
    """Return the inner block's offset in the outer one, its number of rows, their length, and the strides in both."""
    before, channels = [start for start, _ in sides], inner[-1]
    length, step = inner[-2] * channels, outer[-2] * channels
    start = before[-1] * channels + (before[0] * step if len(before) > 1 else 0)
    return start, inner[0] if len(before) > 1 else 1, length, length, step
