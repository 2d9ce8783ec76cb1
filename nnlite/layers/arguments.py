"""Checks of the arguments of layers and of their weights, their constraints, and the note that a layer is built."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from nnlite.types import Shape
from nnlite.validation import check_argument, integer, is_integer


def noting(build: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return a method `build` that sets `built` when it has run."""

    @functools.wraps(build)
    def noting(self: Any, input_shape: Any) -> Any:
        shape = build(self, input_shape)
        self._built = True
        return shape

    return noting


def as_declared(layer: Any, name: Any, shape: Any, initializer: Any) -> tuple[str, tuple[int, ...], Any]:
    """Return the name, the shape and the initializer of a weight from the first arguments of `Layer.add_weight`."""
    if name is not None and not isinstance(name, str):
        # As in Keras: the shape comes first, and then the initializer.
        name, shape, initializer = None, name, initializer if shape is None else shape
    if name is None:
        numbers = len([one for one in layer.own_weights if one.partition("_")[0] == "variable"])
        name = f"variable_{numbers}" if numbers else "variable"
    sizes = () if shape is None else (shape,) if is_integer(shape) else shape
    return name, tuple(int(size) for size in sizes), "glorot_uniform" if initializer is None else initializer


def as_constraint(given: Any) -> Any:
    """Return the constraint that an argument stands for, or None."""
    if given is None:
        return None
    # Few layers have one: imported here, a program that has none starts sooner.
    from nnlite import constraints

    return constraints.get(given)


def set_constraints(layer: Any, **given: Any) -> None:
    """Set the constraints of weights that are still to be declared: ``kernel_constraint`` that of ``kernel``."""
    for argument, constraint in given.items():
        setattr(layer, argument, as_constraint(constraint))
        if constraint is not None:
            layer.constraints[argument] = getattr(layer, argument)


def check_size(layer: Any, argument: str, value: Any, least: int = 1) -> int:
    """Return `value` as an int of at least `least`, or raise an error that names the argument."""
    check_argument(layer, argument, value, integer(least))
    return int(value)


def as_axes(layer: Any, axis: Any) -> int | list[int]:
    """Return an axis or a list of axes.

    Raises
    ------
    TypeError
        If it is neither.
    """
    if is_integer(axis):
        return int(axis)
    if not isinstance(axis, (list, tuple)) or not all(is_integer(one) for one in axis):
        raise TypeError(f"{type(layer).__name__}: axis must be a whole number, or a list of them; found {axis!r}")
    return [int(one) for one in axis]


def known_size(layer: Any, shape: Shape, axis: int = -1) -> int:
    """Return the size of `shape` along `axis`, or raise if it is unknown."""
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"layer {layer.name!r} computes along axis {axis}; found input of shape {shape}")
    size = shape[axis]
    if size is None:
        raise ValueError(f"layer {layer.name!r} needs to know the size of its input's axis {axis}; found shape {shape}")
    return size
