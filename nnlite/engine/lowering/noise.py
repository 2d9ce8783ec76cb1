"""Dropout and Gaussian noise."""

from __future__ import annotations

from typing import Any

from nnlite.engine.lowering.rules import Unsupported, lowers
from nnlite.engine.program import Program, Tensor
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
    if layer.noise_shape is not None and layer.noise_shape[1:] != x.shape:
        raise Unsupported(f"layer {layer.name!r}: a noise_shape has no compiled form")
    y, mask = program.tensor(x.shape, x.learns), program.reserve(x.size * program.ld)
    seed = program.seed(lambda: _draw(layer))
    program.emit("noise.dropout", x.place, y.place, mask, x.size, program.ld, seed, float(layer.rate))

    def back() -> None:
        if y.derivative is not None:
            program.emit("noise.dropout_backward", mask, y.derivative, x.size * program.ld)
            program.hand_on(y.derivative, x)

    program.on_the_way_back(back)
    return y


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
    # The mask is all that is wanted of it: what it is applied to here are zeros.
    zeros, mask = program.reserve(size), program.reserve(size)
    program.emit(
        "noise.dropout", zeros, zeros, mask, channels, program.ld, program.seed(lambda: _draw(layer)), float(rate)
    )
    program.emit("series.multiply_blocks", x.place, mask, y.place, steps, size)

    def back() -> None:
        if y.derivative is not None:
            program.emit("series.multiply_blocks", y.derivative, mask, y.derivative, steps, size)
            program.hand_on(y.derivative, x)

    program.on_the_way_back(back)
    return y


def _draw(layer: Any) -> int:
    return int(layer.rng.integers(2**63))
