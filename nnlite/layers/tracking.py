"""Layers and weights that become attributes of a class with ``call``, in the order in which they do.

That order is the order of its weights in Keras. It differs from the order of computation, and from that of the
attributes: a list that is filled later has its layers where they were appended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, SupportsIndex

from nnlite.weights import Weight

OWN_LISTS = frozenset(
    {
        "_all_layers",
        "_input_names",
        "_output_names",
        "_stack",
        "_tensors",
        "_tracked",
        "_weights",
        "_whole_layers",
        "constraints",
        "inputs",
        "layers",
        "nodes",
        "outputs",
        "steps",
    }
)
"""Lists and dictionaries that are attributes of every layer or model, which no class with ``call`` sets."""


def is_layer(value: Any) -> bool:
    """Return whether a value is a layer, or a model."""
    return hasattr(value, "add_weight") and hasattr(value, "sublayers")


class TrackedList(list[Any]):
    """A list whose layers belong to an object from the moment they are in it."""

    def __init__(self, values: Iterable[Any], owner: Any) -> None:
        super().__init__(tracked(owner, value) for value in values)
        self._owner = owner

    def append(self, value: Any) -> None:
        """Append a value."""
        super().append(tracked(self._owner, value))

    def insert(self, index: SupportsIndex, value: Any) -> None:
        """Insert a value."""
        super().insert(index, tracked(self._owner, value))

    def extend(self, values: Iterable[Any]) -> None:
        """Append several values."""
        super().extend([tracked(self._owner, value) for value in values])

    def __iadd__(self, values: Iterable[Any]) -> TrackedList:  # type: ignore[misc]
        self.extend(values)
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        several = isinstance(index, slice)
        super().__setitem__(
            index, [tracked(self._owner, one) for one in value] if several else tracked(self._owner, value)
        )

    def __reduce__(self) -> Any:
        # Copies are plain lists: what is in them already belongs to the copy of the owner.
        return list, (list(self),)


class TrackedDict(dict[Any, Any]):
    """A dictionary whose layers belong to an object from the moment they are in it."""

    def __init__(self, values: Any, owner: Any) -> None:
        super().__init__({key: tracked(owner, value) for key, value in values.items()})
        self._owner = owner

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, tracked(self._owner, value))

    def update(self, *values: Any, **named: Any) -> None:
        """Set the values of other dictionaries, or of pairs."""
        for key, value in dict(*values, **named).items():
            self[key] = value

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """Return the value of a key, which is set to the default if there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


def tracked(owner: Any, value: Any) -> Any:
    """Note the layers and weights in a value as those of `owner`; return it, a list or dictionary as one that notes.

    Parameters
    ----------
    owner : Layer
        Layer or model with a method ``call``.
    value : object
        What becomes an attribute of the owner, or a part of one.
    """
    if is_layer(value) or isinstance(value, Weight):
        note(owner, value)
    elif type(value) is list:
        return TrackedList(value, owner)
    elif type(value) is dict:
        return TrackedDict(value, owner)
    elif type(value) is tuple:
        return tuple(tracked(owner, one) for one in value)
    return value


def tracked_attribute(owner: Any, name: str, value: Any) -> Any:
    """Return the value for an attribute of a class with ``call``; see `tracked`."""
    return value if name in OWN_LISTS and not is_layer(value) else tracked(owner, value)


def note(owner: Any, part: Any) -> None:
    """Note a layer or a weight as one of the owner's, at its first time."""
    parts = owner.__dict__.setdefault("_tracked", [])
    if part is not owner and not any(part is one for one in parts):
        parts.append(part)


def tracked_layers(owner: Any) -> list[Any]:
    """Return the layers of an object in the order in which they became its attributes."""
    return [one for one in owner.__dict__.get("_tracked", []) if is_layer(one)]


def tracked_weights(owner: Any) -> list[Weight]:
    """Return the weights of an object itself in that order."""
    return [one for one in owner.__dict__.get("_tracked", []) if isinstance(one, Weight)]


def each_once(weights: Iterable[Weight]) -> list[Weight]:
    """Return weights without repetitions, each at its first place."""
    return list({id(weight): weight for weight in weights}.values())


def in_keras_order(own: Iterable[Weight], layers: Iterable[Any]) -> list[Weight]:
    """Return the weights of a layer: its own, those that train first, then those of each layer inside."""
    inside: Iterator[Weight] = (weight for layer in layers for weight in layer.weights)
    return each_once([*sorted(own, key=lambda weight: not weight.learned), *inside])
