"""Imports of `keras` that give nnlite, and of Keras's tests that give the files of its package."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.keras_suite.shim import backend, nested, policies, testing
from benchmarks.keras_suite.shim.elsewhere import FRAMEWORKS, Framework, TestSettings
from benchmarks.keras_suite.shim.names import lookup
from benchmarks.keras_suite.shim.operations import Operations

# Modules inside the module of the tests' tools.
testing.test_case = testing.test_utils = testing  # type: ignore[attr-defined]

_OWN: dict[str, Any] = {
    "backend": backend,
    "backend.config": backend.config,
    "ops": Operations("keras.src.ops"),
    "dtype_policies": policies,
    "dtype_policies.dtype_policy": policies.dtype_policy,
    "tree": nested,
    "testing": testing,
    "testing.test_case": testing,
    "testing.test_utils": testing,
}


class _Names(ModuleType):
    """A module inside Keras, with the names of nnlite."""

    def __init__(self, name: str, root: Path) -> None:
        super().__init__(name)
        self.__path__: list[str] = []
        self._root = root
        self._inside = name.removeprefix("keras").removeprefix(".src").removeprefix(".")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        inner = f"{self._inside}.{name}".lstrip(".")
        if inner in _OWN:
            return _OWN[inner]
        if self._inside.startswith(("backend", "testing", "tree")) and hasattr(_OWN[self._inside.split(".")[0]], name):
            return getattr(_OWN[self._inside.split(".")[0]], name)
        if _exists(self._root, inner):
            return importlib.import_module(f"keras.src.{inner}")
        return lookup(self._root, self._inside, name)


class _Finder(MetaPathFinder, Loader):
    """Finds modules of Keras."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        """Return where a module comes from: a test from its file, every other one from nnlite."""
        del path, target
        if fullname.partition(".")[0] in (*FRAMEWORKS, "conftest"):
            return ModuleSpec(fullname, self, is_package=True)
        if fullname != "keras" and not fullname.startswith("keras."):
            return None
        inside = fullname.removeprefix("keras").removeprefix(".src").removeprefix(".")
        if inside.endswith("_test"):
            file = self._root / "src" / (inside.replace(".", "/") + ".py")
            return importlib.util.spec_from_file_location(fullname, file)
        return ModuleSpec(fullname, self, is_package=True) if not inside or _exists(self._root, inside) else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module of names."""
        if spec.name == "conftest":
            return TestSettings(spec.name)
        if spec.name.partition(".")[0] in FRAMEWORKS:
            return Framework(spec.name)
        return _Names(spec.name, self._root)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: names are looked up when they are used."""


def _exists(root: Path, inside: str) -> bool:
    place = root / "src" / inside.replace(".", "/")
    return bool(inside) and (place.is_dir() or place.with_suffix(".py").is_file())


def supply(root: Path) -> None:
    """Let imports of `keras` give nnlite, until the process ends.

    Parameters
    ----------
    root : Path
        Folder of Keras's package, which is never imported.
    """
    sys.meta_path.insert(0, _Finder(root))
    for name, module in _OWN.items():
        if isinstance(module, ModuleType):
            module.__dict__.setdefault("__path__", [])
            sys.modules[f"keras.src.{name}"] = module
