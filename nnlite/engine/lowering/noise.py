"""Dropout and Gaussian noise."""

from __future__ import annotations

import math
from typing import Any

from nnlite.engine.lowering.moving import repeated
from nnlite.engine.lowering.rules import Unsupported, lowers
from nnlite.engine.program import Place, Program, Tensor
from nnlite.layers import Dropout, GaussianNoise, SpatialDropout1D


@lowers(GaussianNoise)
def gaussian_noise(program: Program, layer: GaussianNoise, inputs: list[Tensor]) -> Tensor:
    """Emit y = x + noise; on the way back nothing changes."""
    (x,) = inputs
    if not program.training or layer.stddev == 0:
        return x
    y = program.tensor(x.shape, x.learns)
    seed = program.seed(lambda: _draw(layer))
    program.emit("noise.gaussian", x.place, y.place, x.size, program.ld, seed, float(layer.stddev))

    def back() -> None:
        if y.derivative is not None:
            program.hand_on(y.derivative, x)

    program.on_the_way_back(back)
    return y


@lowers(Dropout)
def dropout(program: Program, layer: Dropout, inputs: list[Tensor]) -> Tensor:
    """Emit y = x m / (1 - p), and dx = dy m / (1 - p)."""
    (x,) = inputs
    if not program.training or layer.rate == 0:
        return x
    y, length = program.tensor(x.shape, x.learns), x.size * program.ld
    shape, shared = _noise_shape(layer, x)
    if shape == x.shape and not shared:
        mask = program.reserve(length)
        seed = program.seed(lambda: _draw(layer))
        program.emit("noise.dropout", x.place, y.place, mask, x.size, program.ld, seed, float(layer.rate))
    else:
        features = math.prod(shape)
        drawn = _mask_of_all(program, layer, features) if shared else dropout_mask(program, layer, features, layer.rate)
        mask = repeated(program, Tensor(drawn, shape, learns=False), x.shape).place
        program.emit("series.multiply", x.place, mask, y.place, length)

    def back() -> None:
        if y.derivative is not None:
            program.emit("noise.dropout_backward", mask, y.derivative, length)
            program.hand_on(y.derivative, x)

    program.on_the_way_back(back)
    return y


def _noise_shape(layer: Dropout, x: Tensor) -> tuple[tuple[int, ...], bool]:
    """Return the shape of a record's mask, and whether all records share one."""
    given = layer.noise_shape or (None,) * (len(x.shape) + 1)
    shape = tuple(own if size is None else size for own, size in zip(x.shape, given[1:], strict=False))
    fits = len(given) == len(x.shape) + 1 and all(a in (1, b) for a, b in zip(shape, x.shape, strict=False))
    if not fits or given[0] not in (None, 1):
        raise Unsupported(f"layer {layer.name!r}: noise_shape={given} has no compiled form for records of {x.shape}")
    return shape, given[0] == 1


def _mask_of_all(program: Program, layer: Dropout, features: int) -> Place:
    """Emit one mask for all records of the batch, none of which may be with another thread; return where it is."""
    program.needs_whole_batch = True
    size, seed = -(-features // 4) * 4, program.seed(lambda: _draw(layer))
    zeros, drawn, mask = program.reserve(size), program.reserve(size), program.reserve(features * program.ld)
    program.emit("noise.dropout", zeros, zeros, drawn, size, 1, seed, float(layer.rate))
    program.emit("convolution.fill", mask, drawn, features, 1, program.ld)
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
    y, size = program.tensor(x.shape, x.learns), channels * program.ld
    mask = dropout_mask(program, layer, channels, rate)
    program.emit("series.multiply_blocks", x.place, mask, y.place, steps, size)

    def back() -> None:
        if y.derivative is not None:
            program.emit("series.multiply_blocks", y.derivative, mask, y.derivative, steps, size)
            program.hand_on(y.derivative, x)

    program.on_the_way_back(back)
    return y


def dropout_mask(program: Program, layer: Any, features: int, rate: float) -> Place:
    """Emit the draw of m / (1 - p) for a batch; return where it is."""
    size, seed = features * program.ld, program.seed(lambda: _draw(layer))
    # The mask is all that is wanted of the kernel: what it is applied to here are zeros.
    zeros, mask = program.reserve(size), program.reserve(size)
    program.emit("noise.dropout", zeros, zeros, mask, features, program.ld, seed, float(rate))
    return mask


def _draw(layer: Any) -> int:
    return int(layer.rng.integers(2**63))
