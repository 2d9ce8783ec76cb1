"""Imports of `keras` and `tensorflow` that give the modules of this package."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_ROOTS = {"keras": "nnlite.compat.keras", "tensorflow": "nnlite.compat.tensorflow"}


class _Alias(ModuleType):
    """A module whose names are those of another object: a module, or a namespace inside one."""

    def __init__(self, name: str, target: Any) -> None:
        super().__init__(name, getattr(target, "__doc__", None))
        self.__dict__["_target"] = target
        self.__path__: list[str] = []
        self.__all__ = [one for one in getattr(target, "__all__", dir(target)) if not one.startswith("_")]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_target"], name)


class _Finder(MetaPathFinder, Loader):
    """Finds the modules of Keras and of TensorFlow's stand-in."""

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        """Return where the module comes from, or None for modules of other packages."""
        del path, target
        return ModuleSpec(fullname, self) if fullname.partition(".")[0] in _ROOTS else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return a module with the names of the one that stands for it."""
        return _Alias(spec.name, find(spec.name))

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: the names are looked up when they are used."""


def find(name: str) -> Any:
    """Return what stands for a dotted name of Keras or TensorFlow.

    Raises
    ------
    ModuleNotFoundError
        If nothing does; the message says why where that is known.

    Examples
    --------
    >>> find("tensorflow.keras.layers").__name__
    'nnlite.layers'
    """
    first, *rest = name.split(".")
    if first == "tensorflow" and rest[:2] == ["python", "keras"]:
        rest = rest[1:]
    if first == "tensorflow" and rest[:1] == ["keras"]:
        first, rest = "keras", rest[1:]
    found: Any = importlib.import_module(_ROOTS[first])
    for part in rest:
        try:
            found = getattr(found, part)
        except AttributeError as error:
            inner = f"{getattr(found, '__name__', '')}.{part}"
            try:
                found = importlib.import_module(inner)
            except ImportError:
                raise ModuleNotFoundError(f"{name} is not supported by nnlite: {error}", name=name) from error
    return found


def supply_keras() -> None:
    """Let imports of `keras`, `tensorflow` and what is inside give this package, until the process ends.

    Examples
    --------
    >>> supply_keras()
    >>> from tensorflow.keras.layers import Dense
    >>> Dense.__module__
    'nnlite.layers.dense'
    """
    if not any(isinstance(one, _Finder) for one in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
