"""Staleness: a snapshot that tells whether a compiled program still matches its model.

A program is lowered from a model in one state: numbers such as a momentum or a loss weight become constants of
instructions, and a frozen layer has no gradient. Callbacks may change any of it during a fit. So a session checks a
`ModelSnapshot` before it runs a program.

The snapshot is complete by construction. It follows every reference from the model, its objective and its optimizer
through attributes, lists, dictionaries and tuples, as long as the objects belong to nnlite: nested layers, their
weights, activations and regularizers, losses and metrics, and classes that users derive from these. All of it must be
unchanged: the same objects, and equal numbers and strings. No list says what matters, only what does not: a class names
in ``volatile`` those of its attributes that computing changes, or that compiled code reads again before each run.

A comparison takes some microseconds: the snapshot is one flat list of identities, and only where one differs are values
compared.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np

from nnlite.compiled import CompiledNetwork
from nnlite.graph import Node, SymbolicTensor
from nnlite.initializers import Initializer
from nnlite.types import Array
from nnlite.weights import WeightVector

_COLLECTIONS = (dict, list, tuple, set, frozenset)
_PLAIN = (type(None), bool, int, float, complex, str, bytes, slice, np.generic, np.dtype)
"""Immutable types: equal values are the same."""
_OPAQUE = (SymbolicTensor, Node, WeightVector, Initializer)
"""Types that are not followed: the edges between tensors never change, the vector itself knows where the weights are,
and an initializer has done its work."""
_LARGEST_COLLECTION = 10_000
"""Most entries of a collection that is followed; a larger one is a user's, stored on a model."""
_LARGEST_SETTING = 64
"""Most items of an array that may be a setting, changed in place."""
_leaf_types: set[type] = {*_PLAIN}
"""Types whose objects are never followed, as found so far."""
_followed_types: set[type] = set()
"""Types whose objects are followed, as found so far."""


class ModelSnapshot:
    """The state of a model when a program is lowered from it.

    Parameters
    ----------
    model : CompiledNetwork
        Compiled.
    vector : WeightVector
        Holds the weights of the program.
    training : bool
        Whether the program trains the model; else it only reads the weights.
    """

    def __init__(self, model: CompiledNetwork, vector: WeightVector, training: bool) -> None:
        self._vector, self._training = vector, training
        self._weights = model.stored_weights
        self._state = _ObjectGraph(self._roots(model))

    def is_current(self, model: CompiledNetwork) -> bool:
        """Tell whether the model is unchanged; copies of weights that are only read are updated."""
        roots = self._roots(model)
        if not self._state.is_identical(roots):
            state = _ObjectGraph(roots)
            if not state.equals(self._state):
                return False
            self._state = state
        if self._training:
            return self._vector.holds(self._weights)
        if not self._vector.keeps(self._weights):
            self._vector.copy_in()
        return True

    def _roots(self, model: CompiledNetwork) -> list[object]:
        return [model, model.objective, *([model.optimizer] if self._training else [])]


class _ObjectGraph:
    """All objects and values reachable from some objects, as one flat list.

    Parameters
    ----------
    roots : list of object
        The objects to start from.
    """

    def __init__(self, roots: list[object]) -> None:
        self._collections: list[Iterable[Any]] = [roots]
        self._filtered: list[tuple[Callable[[Any], Iterable[Any]], dict[str, Any]]] = []
        self._filtered_types: list[tuple[Hashable, list[str]]] = []
        self._sized: list[Any] = []
        self._names: list[Any] = []
        self._arrays: list[tuple[Array, bytes]] = []
        self._roots = roots
        self._follow(roots)
        # Holding the values keeps their identities unique.
        self._values = [*self._read_values()]
        self._identities = [*map(id, self._values)]
        self._sizes = [*map(len, self._sized)]
        self._filtered_sizes = [len(attributes) for _, attributes in self._filtered]

    def _follow(self, roots: list[object]) -> None:
        frontier, seen = roots, set(map(id, roots))
        while frontier:
            next_frontier: list[Any] = []
            for owner in frontier:
                type_: Any = type(owner)
                entries = self._add_collection(owner) if type_ in _COLLECTIONS else self._add_object(owner, type_)
                # Most values are plain, and are skipped here.
                for value in [value for value in entries if type(value) not in _leaf_types]:
                    if id(value) not in seen and _is_followed(value):
                        seen.add(id(value))
                        next_frontier.append(value)
                    elif isinstance(value, np.ndarray) and type_ not in _COLLECTIONS and value.size <= _LARGEST_SETTING:
                        self._arrays.append((value, value.tobytes()))
            frontier = next_frontier

    def _add_collection(self, owner: Any) -> Iterable[Any]:
        """Record the contents of a collection, and return them."""
        keyed = type(owner) is dict
        entries: Iterable[Any] = owner.values() if keyed else owner
        self._sized.append(owner)
        self._names.append([*owner] if keyed else len(owner))
        self._collections.append(entries)
        return entries

    def _add_object(self, owner: object, type_: Hashable) -> Iterable[Any]:
        """Record the attributes of an object, and return their values."""
        attributes = vars(owner)
        names, get = _reader(type_, *attributes)
        self._names.append(names)
        if get is None:
            self._sized.append(attributes)
            self._collections.append(attributes.values())
            return attributes.values()
        self._filtered.append((get, attributes))
        self._filtered_types.append((type_, names))
        return get(attributes)

    def _read_values(self) -> Iterator[Any]:
        partly = [get(attributes) for get, attributes in self._filtered]
        return chain(chain.from_iterable(self._collections), chain.from_iterable(partly))

    def is_identical(self, roots: list[object]) -> bool:
        """Tell whether every value is the same object as before. Equal values are left to `equals`."""
        try:
            same = [*map(id, self._read_values())] == self._identities
        except (KeyError, RuntimeError):  # an attribute was deleted, or another thread changes a collection
            return False
        return (
            same
            and [*map(id, roots)] == [*map(id, self._roots)]
            and [*map(len, self._sized)] == self._sizes
            and self._has_same_names()
            and all(array.tobytes() == content for array, content in self._arrays)
        )

    def _has_same_names(self) -> bool:
        """Tell whether objects have the same attributes as before, apart from volatile ones."""
        sizes = [len(attributes) for _, attributes in self._filtered]
        if sizes != self._filtered_sizes:
            for (type_, names), (_, attributes) in zip(self._filtered_types, self._filtered, strict=True):
                if _reader(type_, *attributes)[0] != names:
                    return False
            self._filtered_sizes = sizes
        return True

    def equals(self, other: _ObjectGraph) -> bool:
        """Tell whether every value is the same object, an equal value, or a collection with the same contents."""
        return (
            self._names == other._names
            and len(self._values) == len(other._values)
            and all(map(_is_equal, self._values, other._values))
            and [content for _, content in self._arrays] == [content for _, content in other._arrays]
        )


def _is_equal(first: Any, second: Any) -> bool:
    if first is second:
        return True
    type_ = type(first)
    if type_ is not type(second):
        return False
    if type_ is tuple and not _is_followed(first):
        return bool(first == second)
    # The contents of other collections are in the list as well.
    return type_ in _COLLECTIONS or (isinstance(first, _PLAIN) and bool(first == second))


@cache
def _reader(type_: Hashable, *attributes: str) -> tuple[list[str], Callable[[Any], Iterable[Any]] | None]:
    """Return the names of a type's attributes without the volatile ones, and a function to their values if some are."""
    assert isinstance(type_, type)
    volatile = {name for base in type_.__mro__ for name in vars(base).get("volatile", ())}
    names = [name for name in attributes if name not in volatile]
    if len(names) == len(attributes):
        return names, None
    return names, itemgetter(*names) if len(names) > 1 else lambda attributes: [attributes[name] for name in names]


def _is_followed(value: Any) -> bool:
    """Tell whether a value may hold something else that a program depends on."""
    type_ = type(value)
    if type_ is tuple:
        return not all(type(item) in _PLAIN for item in value)
    if type_ in _COLLECTIONS:
        return len(value) <= _LARGEST_COLLECTION
    if type_ is np.ndarray:
        return False
    if type_ not in _followed_types:
        of_nnlite = any(base.__module__.partition(".")[0] == "nnlite" for base in type_.__mro__)
        followed = of_nnlite and type_.__dictoffset__ != 0 and not issubclass(type_, _OPAQUE)
        (_followed_types if followed else _leaf_types).add(type_)
    return type_ in _followed_types
