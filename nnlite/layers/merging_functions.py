"""Merging layers as functions: ``add([a, b])`` is ``Add()([a, b])``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnlite.layers.merging import Add, Concatenate
from nnlite.layers.products import Average, Dot, Maximum, Minimum, Multiply, Subtract


def add(inputs: Sequence[Any], **settings: Any) -> Any:
    """Return the sum of several tensors; see `Add`.

    Examples
    --------
    >>> from nnlite.layers import Input, add
    >>> add([Input((3,)), Input((3,))]).shape
    (None, 3)
    """
    return Add(**settings)(inputs)


def subtract(inputs: Sequence[Any], **settings: Any) -> Any:
    """Return the difference of two tensors; see `Subtract`."""
    return Subtract(**settings)(inputs)


def multiply(inputs: Sequence[Any], **settings: Any) -> Any:
    """Return the product of several tensors, number by number; see `Multiply`."""
    return Multiply(**settings)(inputs)


def average(inputs: Sequence[Any], **settings: Any) -> Any:
    """Return the mean of several tensors; see `Average`."""
    return Average(**settings)(inputs)


def maximum(inputs: Sequence[Any], **settings: Any) -> Any:
    """Return the largest of several tensors, number by number; see `Maximum`."""
    return Maximum(**settings)(inputs)


def minimum(inputs: Sequence[Any], **settings: Any) -> Any:
    """Return the smallest of several tensors, number by number; see `Minimum`."""
    return Minimum(**settings)(inputs)


def concatenate(inputs: Sequence[Any], axis: int = -1, **settings: Any) -> Any:
    """Return several tensors joined along an axis; see `Concatenate`.

    Examples
    --------
    >>> from nnlite.layers import Input, concatenate
    >>> concatenate([Input((3,)), Input((2,))]).shape
    (None, 5)
    """
    return Concatenate(axis, **settings)(inputs)


def dot(inputs: Sequence[Any], axes: int | tuple[int, int] = -1, **settings: Any) -> Any:
    """Return the dot products of two tensors; see `Dot`."""
    return Dot(axes, **settings)(inputs)
