"""Nested loops over strided tensors: element by element, broadcast, moved, repeated, cut or put side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nnlite.export.c.program import CProgram


@dataclass(frozen=True)
class View:
    """A run of numbers in C with a stride for each axis, in values, and the place of the first one."""

    name: str
    strides: tuple[int, ...]
    offset: int = 0


def strides_of(shape: Sequence[int]) -> tuple[int, ...]:
    """Return the strides of a tensor whose last axis is contiguous.

    Examples
    --------
    >>> strides_of((2, 3, 4))
    (12, 4, 1)
    """
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def whole(name: str, shape: Sequence[int]) -> View:
    """Return all of a tensor."""
    return View(name, strides_of(shape))


def broadcast(name: str, shape: Sequence[int], target: Sequence[int]) -> View:
    """Return a tensor repeated along the axes where it has size 1, or none."""
    shape = (1,) * (len(target) - len(shape)) + tuple(shape)
    strides = (0 if n == 1 else stride for n, stride in zip(shape, strides_of(shape), strict=True))
    return View(name, tuple(strides))


def loop(
    program: CProgram, shape: Sequence[int], target: View, operands: Sequence[View], expression: str, weight: int = 0
) -> None:
    """Add loops that store an expression of operands, {0}, {1} and so on, for every index of a shape.

    `weight` is the number of operations for each value.
    """
    sizes, views = _merged(tuple(shape), [target, *operands])
    places = [_place(view, sizes) for view in views]
    text = f"{places[0]} = {expression.format(*places[1:])};"
    for axis in reversed(range(len(sizes))):
        if sizes[axis] > 1:
            text = f"for (int i{axis} = 0; i{axis} < {sizes[axis]}; i{axis}++) {text}"
    program.add(text, weight * math.prod(shape))


def _place(view: View, sizes: Sequence[int]) -> str:
    parts = []
    for axis, (stride, size) in enumerate(zip(view.strides, sizes, strict=True)):
        if size > 1 and stride:
            parts.append(f"i{axis}" if stride == 1 else f"{stride} * i{axis}")
    if view.offset or not parts:
        parts.append(str(view.offset))
    return f"{view.name}[{' + '.join(parts)}]"


def _merged(shape: tuple[int, ...], views: list[View]) -> tuple[list[int], list[View]]:
    """Join neighboring axes that all views walk through in one stride."""
    sizes: list[int] = []
    strides: list[list[int]] = [[] for _ in views]
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        now = [view.strides[axis] for view in views]
        if sizes and all(before[-1] == stride * size for before, stride in zip(strides, now, strict=True)):
            sizes[-1] *= size
            for before, stride in zip(strides, now, strict=True):
                before[-1] = stride
        else:
            sizes.append(size)
            for before, stride in zip(strides, now, strict=True):
                before.append(stride)
    return sizes, [View(view.name, tuple(own), view.offset) for view, own in zip(views, strides, strict=True)]
