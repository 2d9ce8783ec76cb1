"""Whether a compiled program still fits its model.

A program is written for a model as it is at one time: numbers such as a momentum or a loss's weight become constants of
instructions, a frozen layer has no gradient at all. Callbacks may change any of it in the middle of a fit. So whoever is
about to run a program asks a `ModelSnapshot` first.

The snapshot is complete by construction. It follows every reference from the model, its objective and its optimizer
through attributes, lists, dictionaries and tuples, wherever they lead within nnlite: layers in layers, their weights,
activations and regularizers, losses and metrics, what others will write some day. All of it must be as it was: the same
objects, and equal numbers and strings. There is no list of what counts, only one of what does not: a class names in
``volatile`` those of its attributes that computing changes, or that compiled code looks up anew at each run.

Comparing takes some microseconds: the snapshot is one flat list of identities, and only where one differs are values
looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np

from nnlite.graph import Node, SymbolicTensor
from nnlite.training import Trainer
from nnlite.types import Array
from nnlite.weights import WeightVector

_COLLECTIONS = (dict, list, tuple, set, frozenset)
_PLAIN = (type(None), bool, int, float, complex, str, bytes, np.generic, np.dtype)
"""Types of values that cannot change: equal ones are the same."""
_OPAQUE = (SymbolicTensor, Node, WeightVector)
"""What is not followed: how a graph hangs together never changes, and where weights live is asked of the vector."""
_MANY = 10_000
"""Entries from which on a collection is none of nnlite's, but something that a user keeps on a model."""
_FEW = 64
"""Most items of an array that is somebody's setting, and may be changed in place."""


class ModelSnapshot:
    """A model as it is when a program is written for it.

    Parameters
    ----------
    model : Trainer
        Compiled.
    vector : WeightVector
        Where the program finds the weights.
    training : bool
        Whether it is to be trained, or only read.
    """

    def __init__(self, model: Trainer, vector: WeightVector, training: bool) -> None:
        self._vector, self._training = vector, training
        self._weights = model.weights
        self._state = _State(self._roots(model))

    def is_current(self, model: Trainer) -> bool:
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

    def _roots(self, model: Trainer) -> list[object]:
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
        self._sized: list[Any] = []
        self._names: list[Any] = []
        self._arrays: list[tuple[Array, bytes]] = []
        self._roots = roots
        self._follow(roots)
        # The values are held: as long as that is so, nothing else has the identity of any of them.
        self._values = [*self._read()]
        self._identities = [*map(id, self._values)]
        self._sizes = [*map(len, self._sized)]

    def _follow(self, roots: list[object]) -> None:
        waiting, seen = [*reversed(roots)], set(map(id, roots))
        while waiting:
            for value in self._take(waiting.pop()):
                if _leads_on(type(value)) and id(value) not in seen:
                    seen.add(id(value))
                    if not isinstance(value, _COLLECTIONS) or len(value) <= _MANY:
                        waiting.append(value)

    def _take(self, owner: Any) -> Iterable[Any]:
        """Note what a collection or an object consists of, and return it."""
        kind = type(owner)
        if kind in _COLLECTIONS:
            self._sized.append(owner)
            values: Iterable[Any] = owner.values() if kind is dict else owner
            self._whole.append(values)
            self._names.append([*owner] if kind is dict else len(owner))
            return values
        attributes, volatile = vars(owner), _volatile(kind)
        self._sized.append(attributes)
        names = [name for name in attributes if name not in volatile] if volatile else [*attributes]
        self._names.append(names)
        if volatile:
            get = _getter(names)
            self._partly.append((get, attributes))
            values = get(attributes)
        else:
            values = attributes.values()
            self._whole.append(values)
        for value in values:
            if isinstance(value, np.ndarray) and value.size <= _FEW:
                self._arrays.append((value, value.tobytes()))
        return values

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
            and all(array.tobytes() == content for array, content in self._arrays)
        )

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
    # Of collections the contents are in the list as well.
    return kind is type(other) and (kind in _COLLECTIONS or (isinstance(one, _PLAIN) and bool(one == other)))


def _getter(names: list[str]) -> Callable[[Any], Iterable[Any]]:
    """Return a function from a dictionary to the values of some keys."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda attributes: [attributes[name] for name in names]


@cache
def _leads_on(kind: type) -> bool:
    """Tell whether objects of a type may hold what a program depends on."""
    if issubclass(kind, (*_PLAIN, *_OPAQUE)):
        return False
    of_nnlite = any(base.__module__.partition(".")[0] == "nnlite" for base in kind.__mro__)
    return kind in _COLLECTIONS or (of_nnlite and kind.__dictoffset__ != 0)


@cache
def _volatile(kind: type) -> frozenset[str]:
    """Return the attributes of a type's objects that may change without a program being out of date."""
    return frozenset().union(*(vars(base).get("volatile", ()) for base in kind.__mro__))
