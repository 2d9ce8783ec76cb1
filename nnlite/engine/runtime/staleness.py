"""Whether a compiled program still fits its model.

A program is written for a model as it is at one time: numbers such as a momentum or a loss's weight become constants
of instructions, a frozen layer has no gradient at all. Callbacks may change any of it in the middle of a fit. So
whoever is about to run a program asks a `ModelSnapshot` first.

The snapshot is complete by construction. It follows every reference from the model, its objective and its optimizer
through attributes, lists, dictionaries and tuples, wherever they lead within nnlite: layers in layers, their weights,
activations and regularizers, losses and metrics, what others will write some day. All of it must be as it was: the same
objects, and equal numbers and strings. There is no list of what counts, only one of what does not: a class names in
``volatile`` those of its attributes that computing changes, or that compiled code looks up anew at each run.

Comparing takes some microseconds: the snapshot is one flat list of identities, and only where one differs are values
looked at.
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
"""Types of values that cannot change: equal ones are the same."""
_OPAQUE = (SymbolicTensor, Node, WeightVector, Initializer)
"""What is not followed: how tensors hang together never changes, where weights live is asked of their vector, and what
an initializer had to do is done."""
_MANY = 10_000
"""Entries from which on a collection is none of nnlite's, but something that a user keeps on a model."""
_FEW = 64
"""Most items of an array that is somebody's setting, and may be changed in place."""
_ends: set[type] = {*_PLAIN}
_owners: set[type] = set()
"""Types of which no object leads on to anything, and those of which all do, as far as has been found out."""


class ModelSnapshot:
    """A model as it is when a program is written for it.

    Parameters
    ----------
    model : CompiledNetwork
        Compiled.
    vector : WeightVector
        Where the program finds the weights.
    training : bool
        Whether it is to be trained, or only read.
    """

    def __init__(self, model: CompiledNetwork, vector: WeightVector, training: bool) -> None:
        self._vector, self._training = vector, training
        self._weights = model.weights
        self._state = _State(self._roots(model))

    def is_current(self, model: CompiledNetwork) -> bool:
        """Tell whether all is as it was; weights that are only read are brought up to date."""
        roots = self._roots(model)
        if not self._state.is_untouched(roots):
            state = _State(roots)
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


class _State:
    """All that can be reached from some objects, as one flat list.

    Parameters
    ----------
    roots : list of object
        Where to begin.
    """

    def __init__(self, roots: list[object]) -> None:
        self._whole: list[Iterable[Any]] = [roots]
        self._partly: list[tuple[Callable[[Any], Iterable[Any]], dict[str, Any]]] = []
        self._kinds: list[tuple[Hashable, list[str]]] = []
        self._sized: list[Any] = []
        self._names: list[Any] = []
        self._arrays: list[tuple[Array, bytes]] = []
        self._roots = roots
        self._follow(roots)
        # The values are held: as long as that is so, nothing else has the identity of any of them.
        self._values = [*self._read()]
        self._identities = [*map(id, self._values)]
        self._sizes = [*map(len, self._sized)]
        self._part_sizes = [len(attributes) for _, attributes in self._partly]

    def _follow(self, roots: list[object]) -> None:
        waiting, seen = roots, set(map(id, roots))
        while waiting:
            found: list[Any] = []
            for owner in waiting:
                kind: Any = type(owner)
                entries = self._take_collection(owner) if kind in _COLLECTIONS else self._take_object(owner, kind)
                # Most values are plain, and are left behind here.
                for value in [value for value in entries if type(value) not in _ends]:
                    if id(value) not in seen and _leads_on(value):
                        seen.add(id(value))
                        found.append(value)
                    elif isinstance(value, np.ndarray) and kind not in _COLLECTIONS and value.size <= _FEW:
                        self._arrays.append((value, value.tobytes()))
            waiting = found

    def _take_collection(self, owner: Any) -> Iterable[Any]:
        """Note what a collection consists of, and return it."""
        keyed = type(owner) is dict
        entries: Iterable[Any] = owner.values() if keyed else owner
        self._sized.append(owner)
        self._names.append([*owner] if keyed else len(owner))
        self._whole.append(entries)
        return entries

    def _take_object(self, owner: object, kind: Hashable) -> Iterable[Any]:
        """Note what an object consists of, and return it."""
        attributes = vars(owner)
        names, get = _reader(kind, *attributes)
        self._names.append(names)
        if get is None:
            self._sized.append(attributes)
            self._whole.append(attributes.values())
            return attributes.values()
        self._partly.append((get, attributes))
        self._kinds.append((kind, names))
        return get(attributes)

    def _read(self) -> Iterator[Any]:
        partly = [get(attributes) for get, attributes in self._partly]
        return chain(chain.from_iterable(self._whole), chain.from_iterable(partly))

    def is_untouched(self, roots: list[object]) -> bool:
        """Tell whether everything is the same object as before. If not, it may be equal."""
        try:
            same = [*map(id, self._read())] == self._identities
        except (KeyError, RuntimeError):  # an attribute is gone; a collection changes at this instant
            return False
        return (
            same
            and [*map(id, roots)] == [*map(id, self._roots)]
            and [*map(len, self._sized)] == self._sizes
            and self._has_same_names()
            and all(array.tobytes() == content for array, content in self._arrays)
        )

    def _has_same_names(self) -> bool:
        """Tell whether objects have no other attributes than before, but for volatile ones."""
        sizes = [len(attributes) for _, attributes in self._partly]
        if sizes != self._part_sizes:
            for (kind, names), (_, attributes) in zip(self._kinds, self._partly, strict=True):
                if _reader(kind, *attributes)[0] != names:
                    return False
            self._part_sizes = sizes
        return True

    def equals(self, other: _State) -> bool:
        """Tell whether everything is the same object, or a value or a collection of the same contents."""
        return (
            self._names == other._names
            and len(self._values) == len(other._values)
            and all(map(_is_same, self._values, other._values))
            and [content for _, content in self._arrays] == [content for _, content in other._arrays]
        )


def _is_same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    kind = type(one)
    if kind is not type(other):
        return False
    if kind is tuple and not _leads_on(one):
        return bool(one == other)
    # Of other collections the contents are in the list as well.
    return kind in _COLLECTIONS or (isinstance(one, _PLAIN) and bool(one == other))


@cache
def _reader(kind: Hashable, *attributes: str) -> tuple[list[str], Callable[[Any], Iterable[Any]] | None]:
    """Return which attributes of a type's object count, and a function to their values where others do not."""
    assert isinstance(kind, type)
    volatile = {name for base in kind.__mro__ for name in vars(base).get("volatile", ())}
    names = [name for name in attributes if name not in volatile]
    if len(names) == len(attributes):
        return names, None
    return names, itemgetter(*names) if len(names) > 1 else lambda found: [found[name] for name in names]


def _leads_on(value: Any) -> bool:
    """Tell whether a value may hold something else that a program depends on."""
    kind = type(value)
    if kind is tuple:
        return not all(type(one) in _PLAIN for one in value)
    if kind in _COLLECTIONS:
        return len(value) <= _MANY
    if kind is np.ndarray:
        return False
    if kind not in _owners:
        of_nnlite = any(base.__module__.partition(".")[0] == "nnlite" for base in kind.__mro__)
        owns = of_nnlite and kind.__dictoffset__ != 0 and not issubclass(kind, _OPAQUE)
        (_owners if owns else _ends).add(kind)
    return kind in _owners
