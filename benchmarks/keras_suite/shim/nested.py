"""What tests take from `keras.src.tree`: functions of nested lists and dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def flatten(structure: Any) -> list[Any]:
    """Return the leaves."""
    if isinstance(structure, Mapping):
        return [leaf for key in sorted(structure) for leaf in flatten(structure[key])]
    if isinstance(structure, (list, tuple)):
        return [leaf for one in structure for leaf in flatten(one)]
    return [structure]


def map_structure(function: Callable[..., Any], *structures: Any) -> Any:
    """Return the structure of the results for all leaves."""
    first = structures[0]
    if isinstance(first, Mapping):
        return {key: map_structure(function, *(one[key] for one in structures)) for key in first}
    if isinstance(first, (list, tuple)):
        return type(first)(map_structure(function, *parts) for parts in zip(*structures, strict=True))
    return function(*structures)


def map_shape_structure(function: Callable[[Any], Any], structure: Any) -> Any:
    """Return the structure of the results for all shapes."""
    if is_shape(structure):
        return function(structure)
    if isinstance(structure, Mapping):
        return {key: map_shape_structure(function, one) for key, one in structure.items()}
    return [map_shape_structure(function, one) for one in structure]


def is_shape(value: Any) -> bool:
    """Return whether a value is the shape of one tensor."""
    return isinstance(value, (tuple, list)) and all(one is None or isinstance(one, int) for one in value)


def assert_same_structure(first: Any, second: Any, **_: Any) -> None:
    """Raise unless both are nested alike."""
    if isinstance(first, Mapping) or isinstance(second, Mapping):
        if not (isinstance(first, Mapping) and isinstance(second, Mapping) and set(first) == set(second)):
            raise ValueError(f"structures differ: {first!r} and {second!r}")
        for key in first:
            assert_same_structure(first[key], second[key])
    elif isinstance(first, (list, tuple)) or isinstance(second, (list, tuple)):
        if type(first) is not type(second) or len(first) != len(second):
            raise ValueError(f"structures differ: {first!r} and {second!r}")
        for one, other in zip(first, second, strict=True):
            assert_same_structure(one, other)
