"""Pooling: windows of which one number is kept for each channel."""

from __future__ import annotations

import math
from typing import Any

from nnlite.engine.lowering.rules import lowers, record_shape
from nnlite.engine.lowering.windows import pair
from nnlite.engine.program import Program, Tensor
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
from nnlite.layers.windows import all_padding_widths


def _windows(program: Program, layer: Any, x: Tensor) -> tuple[Tensor, tuple[int, ...]]:
    """Return the output, and the sizes that the kernels take."""
    y = program.tensor(record_shape(layer.build((None, *x.shape)), f"layer {layer.name!r}"), x.learns)
    ones = (1,) * layer.axes
    widths = all_padding_widths(x.shape[:-1], layer.pool_size, layer.strides, ones, layer.padding)
    before = pair([own for own, _ in widths[1:-1]], alone=0)
    sizes = (*pair(x.shape[:-1]), *pair(y.shape[:-1]), *pair(layer.pool_size), *pair(layer.strides), *before)
    return y, (*sizes, x.shape[-1] * program.ld)


@lowers(MaxPooling1D, MaxPooling2D)
def max_pooling(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Emit the largest of each window, and which one it was: there goes what comes back."""
    (x,) = inputs
    y, sizes = _windows(program, layer, x)
    chosen = program.reserve(y.size * program.ld)
    program.emit("pooling.max_forward", x.place, y.place, chosen, *sizes)

    def back() -> None:
        if y.derivative is None:
            return
        with program.contribution(x) as dx:
            if dx is not None:
                program.emit("data.clear", dx, x.size * program.ld)
                program.emit("pooling.max_backward", dx, y.derivative, chosen, *sizes)

    program.on_the_way_back(back)
    return y


@lowers(AveragePooling1D, AveragePooling2D)
def average_pooling(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Emit the mean of each window; every value gets its share of what comes back."""
    (x,) = inputs
    y, sizes = _windows(program, layer, x)
    program.emit("pooling.mean_forward", x.place, y.place, *sizes)

    def back() -> None:
        if y.derivative is None:
            return
        with program.contribution(x) as dx:
            if dx is not None:
                program.emit("data.clear", dx, x.size * program.ld)
                program.emit("pooling.mean_backward", dx, y.derivative, *sizes)

    program.on_the_way_back(back)
    return y


@lowers(GlobalAveragePooling1D, GlobalAveragePooling2D)
def global_average_pooling(program: Program, layer: Any, inputs: list[Tensor], mask: Tensor | None = None) -> Tensor:
    """Emit the mean over all positions, or over those that the mask leaves."""
    (x,) = inputs
    if mask is not None:
        return _mean_of_what_counts(program, layer, x, mask)
    y, positions, length = _one_position(program, layer, x)
    share = 1.0 / positions
    program.emit("data.clear", y.place, length)
    program.emit("series.add_blocks", x.place, y.place, positions, length, length, 0, share)

    def back() -> None:
        if y.derivative is None:
            return
        with program.contribution(x) as dx:
            if dx is not None:
                program.emit("data.clear", dx, x.size * program.ld)
                program.emit("series.add_blocks", y.derivative, dx, positions, length, 0, length, share)

    program.on_the_way_back(back)
    return y


def _mean_of_what_counts(program: Program, layer: Any, x: Tensor, mask: Tensor) -> Tensor:
    y, positions, length = _one_position(program, layer, x)
    ld = program.ld
    shares, weighed = program.reserve(mask.size * ld), program.reserve(x.size * ld)
    sizes = (x.shape[-1], positions, ld)
    program.emit("masking.shares", mask.place, shares, positions, ld, program.reserve(ld))
    program.emit("masking.weigh", x.place, shares, weighed, *sizes, length)
    program.emit("data.clear", y.place, length)
    program.emit("series.add_blocks", weighed, y.place, positions, length, length, 0, 1.0)

    def back() -> None:
        if y.derivative is None:
            return
        with program.contribution(x) as dx:
            if dx is not None:
                program.emit("masking.weigh", y.derivative, shares, dx, *sizes, 0)

    program.on_the_way_back(back)
    return y


@lowers(GlobalMaxPooling1D, GlobalMaxPooling2D)
def global_max_pooling(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Emit the largest over all positions; where it was several times, these share what comes back."""
    (x,) = inputs
    y, positions, length = _one_position(program, layer, x)
    times = program.reserve(length)
    program.emit("pooling.largest", x.place, y.place, times, positions, length)

    def back() -> None:
        if y.derivative is None:
            return
        with program.contribution(x) as dx:
            if dx is not None:
                program.emit("pooling.largest_backward", x.place, y.place, times, y.derivative, dx, positions, length)

    program.on_the_way_back(back)
    return y


def _one_position(program: Program, layer: Any, x: Tensor) -> tuple[Tensor, int, int]:
    y = program.tensor(record_shape(layer.build((None, *x.shape)), f"layer {layer.name!r}"), x.learns)
    return y, math.prod(x.shape[:-1]), x.shape[-1] * program.ld
