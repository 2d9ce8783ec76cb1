"""Data movement: permuting, broadcasting, padding and cropping of values, and linear interpolation.

All of these are linear, and consist of the same operation: blocks of rows are copied (or scaled and summed), and in the
backward pass the gradients of the copies are summed at their source. So a layer that works along the last axes works
along any others between two permutations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from nnlite.engine.lowering.rules import Unsupported
from nnlite.engine.program import Location, Program, Tensor


class Blocks(NamedTuple):
    """Blocks of consecutive features, copied from one tensor to another.

    Attributes
    ----------
    start, target : int
        Offset of the first block in the source and in the target.
    n_blocks, length : int
        Number of blocks, and length of each.
    stride, target_stride : int
        Distance of consecutive blocks in the source and in the target.
    factor : float
        Factor of the copies.
    """

    start: int
    target: int
    n_blocks: int
    length: int
    stride: int
    target_stride: int
    factor: float = 1.0


def copy_blocks(program: Program, x: Tensor, shape: tuple[int, ...], blocks: Sequence[Blocks]) -> Tensor:
    """Emit copies of blocks of features to a new tensor, and the sums of their gradients.

    Parameters
    ----------
    program : Program
        The program.
    x : Tensor
        The source.
    shape : tuple of int
        Shape of the new tensor's records; features outside of all blocks stay zero.
    blocks : sequence of Blocks
        They may overlap in the new tensor only if some have a factor; then they are summed.
    """
    y, ld = program.tensor(shape, x.requires_gradient), program.ld
    accumulates = any(block.factor != 1.0 for block in blocks)
    # A permutation: every gradient has one source, so that copies will do.
    one_to_one = not accumulates and x.size == y.size

    def emit_copies(source: Location, target: Location, backward: bool, add: bool) -> None:
        for block in blocks:
            locations = (source.offset_by(block.start * ld), target.offset_by(block.target * ld))
            strides = (block.stride * ld, block.target_stride * ld)
            if backward:
                locations, strides = locations[::-1], strides[::-1]
            if add:
                program.emit("series.add_blocks", *locations, block.n_blocks, block.length * ld, *strides, block.factor)
            else:
                program.emit("data.copy", *locations, block.n_blocks, block.length * ld, *strides)

    if accumulates:
        program.emit("data.clear", y.location, y.size * ld)
    emit_copies(x.location, y.location, backward=False, add=accumulates)

    def emit_gradient(dy: Location, dx: Location) -> None:
        if not one_to_one:
            program.emit("data.clear", dx, x.size * ld)
        emit_copies(dx, dy, backward=True, add=not one_to_one)

    program.add_backward(y, x, emit_gradient)
    return y


def permute_axes(program: Program, x: Tensor, axes: Sequence[int]) -> Tensor:
    """Emit the tensor with its axes in another order: `axes` are those of a record, counted from 0."""
    if list(axes) == sorted(axes):
        return x
    shape, strides = tuple(x.shape[axis] for axis in axes), _strides(x.shape)
    return copy_blocks(program, x, shape, _nested(shape, [strides[axis] for axis in axes]))


def broadcast_axes(program: Program, x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Emit the tensor broadcast to a shape with as many axes: axes of size 1 are repeated."""
    if x.shape == shape:
        return x
    strides = [0 if size == 1 else stride for size, stride in zip(x.shape, _strides(x.shape), strict=True)]
    return copy_blocks(program, x, shape, _nested(shape, strides))


def with_axes_last(program: Program, x: Tensor, axes: Sequence[int], rule: Callable[[Tensor], Tensor]) -> Tensor:
    """Emit a rule for the last axes of a record along other axes, between two permutations."""
    order = [axis for axis in range(len(x.shape)) if axis not in axes] + list(axes)
    y = rule(permute_axes(program, x, order))
    return permute_axes(program, y, [order.index(axis) for axis in range(len(order))])


def record_axis(axis: int, x: Tensor, name: str) -> int:
    """Return an axis of an array as an axis of its records, counted from 0.

    Raises
    ------
    Unsupported
        If it is the axis of the records, or does not exist.
    """
    dimensions = len(x.shape) + 1
    if not -dimensions <= axis < dimensions or axis % dimensions == 0:
        raise Unsupported(f"{name} along axis {axis} has no compiled form for records of shape {x.shape}")
    return axis % dimensions - 1


def broadcast_to_samples(program: Program, weight: Tensor, samples: tuple[int, ...]) -> tuple[Location, int]:
    """Return the location of the weights of samples, and their stride between positions.

    Parameters
    ----------
    program : Program
        The program.
    weight : Tensor
        One weight for each record; or more, whose axes are the first of the samples', or have size 1.
    samples : tuple of int
        Shape of a record's samples.

    Raises
    ------
    Unsupported
        If there are more weights than samples, or the shapes do not match.
    """
    shape = weight.shape[:-1] if len(weight.shape) == len(samples) + 1 and weight.shape[-1] == 1 else weight.shape
    if len(shape) > len(samples) or any(
        found not in (1, size) for found, size in zip(shape, samples[: len(shape)], strict=True)
    ):
        raise Unsupported(f"sample weights of shape {weight.shape} have no compiled form for samples {samples}")
    if weight.size == 1:
        return weight.location, 0
    shape = (*shape, *(1,) * (len(samples) - len(shape)))
    return broadcast_axes(program, replace(weight, shape=shape), samples).location, program.ld


def _strides(shape: tuple[int, ...]) -> list[int]:
    """Return the distance of consecutive items along each axis."""
    return [math.prod(shape[k + 1 :]) for k in range(len(shape))]


def _nested(shape: tuple[int, ...], source: Sequence[int]) -> list[Blocks]:
    """Return the blocks of an array of a shape, whose items have the strides `source` in the source."""
    axes = [axis for axis in zip(shape, source, _strides(shape), strict=True) if axis[0] > 1]
    length = 1
    while axes and axes[-1][1] == axes[-1][2] == length:  # contiguous in both
        length *= axes.pop()[0]
    # One instruction covers the longest axis.
    longest = max(axes, default=(1, 0, 0))
    blocks = [Blocks(0, 0, longest[0], length, *longest[1:])]
    axes = [axis for axis in axes if axis is not longest]
    for size, stride, target_stride in axes:
        blocks = [
            block._replace(start=block.start + i * stride, target=block.target + i * target_stride)
            for block in blocks
            for i in range(size)
        ]
    return blocks
