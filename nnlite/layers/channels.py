"""Layers of images and series that take channels first as well: (rows, channels, positions)."""

from __future__ import annotations

import functools
from typing import Any, TypeVar

import numpy as np

from nnlite.layers.base import Layer
from nnlite.layers.windows import check_choice
from nnlite.types import Array, Shape

L = TypeVar("L", bound=type[Layer])


def set_data_format(layer: Layer, data_format: str | None) -> None:
    """Set the attribute `data_format` of a layer, or raise an error if there is no such order of axes."""
    check_choice(layer, "data_format", data_format, (None, "channels_last", "channels_first"))
    layer.data_format = data_format or "channels_last"  # type: ignore[attr-defined]


def either_format(cls: L) -> L:
    """Let a layer that computes with channels last take channels first: axes are moved before and after.

    Parameters
    ----------
    cls : type
        Class of the layer, whose constructor calls `set_data_format`.
    """
    build, forward, backward, get_config = cls.build, cls.forward, cls.backward, cls.get_config

    @functools.wraps(build)
    def build_either(self: Any, input_shape: Any) -> Any:
        return _first(build(self, _last(input_shape))) if _is_first(self) else build(self, input_shape)

    @functools.wraps(forward)
    def forward_either(self: Any, x: Any, *arguments: Any, **settings: Any) -> Any:
        if not _is_first(self):
            return forward(self, x, *arguments, **settings)
        y, cache = forward(self, np.moveaxis(x, 1, -1), *arguments, **settings)
        return _channels_first(y), cache

    @functools.wraps(backward)
    def backward_either(self: Any, dy: Any, cache: Any) -> Any:
        if not _is_first(self):
            return backward(self, dy, cache)
        return np.moveaxis(backward(self, np.moveaxis(dy, 1, -1) if dy.ndim > 2 else dy, cache), -1, 1)

    @functools.wraps(get_config)
    def get_config_of_either(self: Any) -> dict[str, Any]:
        return {**get_config(self), **({"data_format": "channels_first"} if _is_first(self) else {})}

    for name, method in (
        ("build", build_either),
        ("forward", forward_either),
        ("backward", backward_either),
        ("get_config", get_config_of_either),
    ):
        setattr(cls, name, method)
    return cls


def _is_first(layer: Any) -> bool:
    return bool(layer.data_format == "channels_first")


def _last(shape: Shape) -> Shape:
    return (shape[0], *shape[2:], shape[1]) if len(shape) > 2 else shape


def _first(shape: Shape) -> Shape:
    return (shape[0], shape[-1], *shape[1:-1]) if len(shape) > 2 else shape


def _channels_first(y: Array) -> Array:
    return np.ascontiguousarray(np.moveaxis(y, -1, 1)) if y.ndim > 2 else y
