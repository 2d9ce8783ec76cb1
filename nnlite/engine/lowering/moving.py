"""Values on the move: turned, repeated, cut out, drawn out.

All of it is linear, and made of the same pieces: blocks of rows are copied (or, times a number, added up), and on the
way back what comes to their copies is added up where they came from. So a layer that works along the last axes works
along any others too, between two turns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from nnlite.engine.lowering.rules import Unsupported
from nnlite.engine.program import Place, Program, Tensor


class Blocks(NamedTuple):
    """Blocks of neighbouring features, that go from one tensor to another.

    Attributes
    ----------
    start, target : int
        Where the first begins in the one and in the other.
    number, length : int
        How many there are, and how long each is.
    step, target_step : int
        From one to the next in the one and in the other.
    factor : float
        What they are multiplied with.
    """

    start: int
    target: int
    number: int
    length: int
    step: int
    target_step: int
    factor: float = 1.0


def move(program: Program, x: Tensor, shape: tuple[int, ...], blocks: Sequence[Blocks]) -> Tensor:
    """Emit blocks of features on their way to a new tensor, and on the way back their sums.

    Parameters
    ----------
    program : Program
        Where to.
    x : Tensor
        Where they come from.
    shape : tuple of int
        Shape of the new tensor's records; what no block reaches stays zero.
    blocks : sequence of Blocks
        Which overlap in the new tensor only where some have a factor: then they add up.
    """
    y, ld = program.tensor(shape, x.learns), program.ld
    adds = any(block.factor != 1.0 for block in blocks)
    # Where nothing is repeated or left out, every value comes back once, and nothing has to be added up.
    once = not adds and x.size == y.size

    def each(of: Place, to: Place, back: bool, add: bool) -> None:
        for start, target, count, length, step, target_step, factor in blocks:
            ends, steps = (of.after(start * ld), to.after(target * ld)), (step * ld, target_step * ld)
            if back:
                ends, steps = ends[::-1], steps[::-1]
            if add:
                program.emit("series.add_blocks", *ends, count, length * ld, *steps, factor)
            else:
                program.emit("data.copy", *ends, count, length * ld, *steps)

    if adds:
        program.emit("data.clear", y.place, y.size * ld)
    each(x.place, y.place, back=False, add=adds)

    def go_back() -> None:
        if y.derivative is None:
            return
        with program.contribution(x) as dx:
            if dx is not None:
                if not once:
                    program.emit("data.clear", dx, x.size * ld)
                each(dx, y.derivative, back=True, add=not once)

    program.on_the_way_back(go_back)
    return y


def permuted(program: Program, x: Tensor, axes: Sequence[int]) -> Tensor:
    """Emit the tensor with its axes in another order: `axes` are those of a record, counted from 0."""
    if list(axes) == sorted(axes):
        return x
    shape, steps = tuple(x.shape[axis] for axis in axes), _steps(x.shape)
    return move(program, x, shape, _nested(shape, [steps[axis] for axis in axes]))


def repeated(program: Program, x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Emit the tensor with its axes of size 1 repeated until it has a shape; both have as many axes."""
    if x.shape == shape:
        return x
    steps = [0 if size == 1 else step for size, step in zip(x.shape, _steps(x.shape), strict=True)]
    return move(program, x, shape, _nested(shape, steps))


def between_turns(program: Program, x: Tensor, axes: Sequence[int], rule: Callable[[Tensor], Tensor]) -> Tensor:
    """Emit what works along the last axes of a record along others: those turn there, and the result turns back."""
    order = [axis for axis in range(len(x.shape)) if axis not in axes] + list(axes)
    y = rule(permuted(program, x, order))
    return permuted(program, y, [order.index(axis) for axis in range(len(order))])


def record_axis(axis: int, x: Tensor, what: str) -> int:
    """Return an axis of an array as one of its records', counted from 0.

    Raises
    ------
    Unsupported
        If the records themselves lie along it, or there is none such.
    """
    dimensions = len(x.shape) + 1
    if not -dimensions <= axis < dimensions or axis % dimensions == 0:
        raise Unsupported(f"{what} along axis {axis} has no compiled form for records of shape {x.shape}")
    return axis % dimensions - 1


def of_samples(program: Program, weight: Tensor, samples: tuple[int, ...]) -> tuple[Place, int]:
    """Return where the weights of samples are, and how far it is from those of one position to those of the next.

    Parameters
    ----------
    program : Program
        Where to emit what repeats them.
    weight : Tensor
        One weight a record; or more, whose axes are the first of the samples', or have size 1.
    samples : tuple of int
        Shape of a record's samples.

    Raises
    ------
    Unsupported
        If there are more weights than samples, or they do not fit.
    """
    shape = weight.shape[:-1] if len(weight.shape) == len(samples) + 1 and weight.shape[-1] == 1 else weight.shape
    if len(shape) > len(samples) or any(
        found not in (1, size) for found, size in zip(shape, samples[: len(shape)], strict=True)
    ):
        raise Unsupported(f"sample weights of shape {weight.shape} have no compiled form for samples {samples}")
    if weight.size == 1:
        return weight.place, 0
    shape = (*shape, *(1,) * (len(samples) - len(shape)))
    return repeated(program, replace(weight, shape=shape), samples).place, program.ld


def _steps(shape: tuple[int, ...]) -> list[int]:
    """Return how far it is from one item to the next along each axis."""
    return [math.prod(shape[k + 1 :]) for k in range(len(shape))]


def _nested(shape: tuple[int, ...], of: Sequence[int]) -> list[Blocks]:
    """Return the blocks of an array of a shape, whose items lie `of` apart in what it is made of."""
    axes = [axis for axis in zip(shape, of, _steps(shape), strict=True) if axis[0] > 1]
    length = 1
    while axes and axes[-1][1] == axes[-1][2] == length:  # neighbours in both
        length *= axes.pop()[0]
    # The longest axis is the one along which a single instruction goes.
    along = max(axes, default=(1, 0, 0))
    blocks = [Blocks(0, 0, along[0], length, *along[1:])]
    axes = [axis for axis in axes if axis is not along]
    for size, step, target_step in axes:
        blocks = [
            block._replace(start=block.start + i * step, target=block.target + i * target_step)
            for block in blocks
            for i in range(size)
        ]
    return blocks
