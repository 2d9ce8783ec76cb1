"""Dropout and Gaussian noise."""

from __future__ import annotations

import math
from typing import Any

from nnlite.engine.lowering.data_movement import broadcast_axes
from nnlite.engine.lowering.rules import Unsupported, lowers
from nnlite.engine.program import Location, Program, Tensor
from nnlite.layers import Dropout, GaussianNoise, SpatialDropout1D


@lowers(GaussianNoise)
def gaussian_noise(program: Program, layer: GaussianNoise, inputs: list[Tensor]) -> Tensor:
    """Emit y = x + noise; dx = dy."""
    (x,) = inputs
    if not program.training or layer.stddev == 0:
        return x
    y = program.tensor(x.shape, x.requires_gradient)
    stream = program.random_stream(lambda: _draw_seed(layer))
    program.emit("noise.gaussian", x.location, y.location, x.size, program.ld, stream, float(layer.stddev))
    program.add_backward_in_place(y, x)
    return y


@lowers(Dropout)
def dropout(program: Program, layer: Dropout, inputs: list[Tensor]) -> Tensor:
    """Emit y = x m / (1 - p), and dx = dy m / (1 - p)."""
    (x,) = inputs
    if not program.training or layer.rate == 0:
        return x
    y, length = program.tensor(x.shape, x.requires_gradient), x.size * program.ld
    shape, is_shared = _noise_shape(layer, x)
    if shape == x.shape and not is_shared:
        mask = program.reserve(length)
        stream = program.random_stream(lambda: _draw_seed(layer))
        program.emit("noise.dropout", x.location, y.location, mask, x.size, program.ld, stream, float(layer.rate))
    else:
        features = math.prod(shape)
        reduced_mask = (
            _shared_mask(program, layer, features) if is_shared else dropout_mask(program, layer, features, layer.rate)
        )
        mask = broadcast_axes(program, Tensor(reduced_mask, shape, requires_gradient=False), x.shape).location
        program.emit("series.multiply", x.location, mask, y.location, length)
    program.add_backward_in_place(y, x, lambda dy: program.emit("noise.dropout_backward", mask, dy, length))
    return y


def _noise_shape(layer: Dropout, x: Tensor) -> tuple[tuple[int, ...], bool]:
    """Return the shape of a record's mask, and whether all records share one mask."""
    noise_shape = layer.noise_shape or (None,) * (len(x.shape) + 1)
    shape = tuple(
        size_of_axis if size is None else size for size_of_axis, size in zip(x.shape, noise_shape[1:], strict=False)
    )
    fits = len(noise_shape) == len(x.shape) + 1 and all(a in (1, b) for a, b in zip(shape, x.shape, strict=False))
    if not fits or noise_shape[0] not in (None, 1):
        raise Unsupported(
            f"layer {layer.name!r}: noise_shape={noise_shape} has no compiled form for records of {x.shape}"
        )
    return shape, noise_shape[0] == 1


def _shared_mask(program: Program, layer: Dropout, features: int) -> Location:
    """Emit one mask for all records of the batch, which must all be in one thread; return its location."""
    program.needs_whole_batch = True
    size, stream = -(-features // 4) * 4, program.random_stream(lambda: _draw_seed(layer))
    zeros, reduced_mask, mask = program.reserve(size), program.reserve(size), program.reserve(features * program.ld)
    program.emit("noise.dropout", zeros, zeros, reduced_mask, size, 1, stream, float(layer.rate))
    program.emit("convolution.fill", mask, reduced_mask, features, 1, program.ld)
    return mask


@lowers(SpatialDropout1D)
def spatial_dropout_layer(program: Program, layer: SpatialDropout1D, inputs: list[Tensor]) -> Tensor:
    """Emit the dropout of whole channels."""
    return spatial_dropout(program, layer, inputs[0], layer.rate)


def spatial_dropout(program: Program, layer: Any, x: Tensor, rate: float) -> Tensor:
    """Emit y = x m / (1 - p), with one mask for all steps of a series."""
    if not program.training or rate == 0:
        return x
    steps, channels = x.shape
    y, size = program.tensor(x.shape, x.requires_gradient), channels * program.ld
    mask = dropout_mask(program, layer, channels, rate)
    program.emit("series.multiply_blocks", x.location, mask, y.location, steps, size)
    program.add_backward_in_place(y, x, lambda dy: program.emit("series.multiply_blocks", dy, mask, dy, steps, size))
    return y


def dropout_mask(program: Program, layer: Any, features: int, rate: float) -> Location:
    """Emit a random mask m / (1 - p) for a batch; return its location."""
    size, stream = features * program.ld, program.random_stream(lambda: _draw_seed(layer))
    # Only the mask is used; the kernel applies it to zeros.
    zeros, mask = program.reserve(size), program.reserve(size)
    program.emit("noise.dropout", zeros, zeros, mask, features, program.ld, stream, float(rate))
    return mask


def _draw_seed(layer: Any) -> int:
    return int(layer.rng.integers(2**63))
