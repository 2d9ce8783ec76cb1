"""Layers as configurations, and back, under the names of Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnlite.layers.base import Layer, registry
from nnlite.registry import custom_object_scope
from nnlite.registry import serialize as serialize_object


def serialize(layer: Layer) -> dict[str, Any]:
    """Return the configuration of a layer.

    Examples
    --------
    >>> from nnlite.layers import Dense
    >>> deserialize(serialize(Dense(3))).units
    3
    """
    return serialize_object(layer)


def deserialize(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Layer:
    """Return a new layer from the configuration that `serialize` returned."""
    with custom_object_scope(custom_objects or {}):
        return registry.get(config)
