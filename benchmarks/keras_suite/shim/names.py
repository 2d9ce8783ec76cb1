"""Names inside Keras, found in nnlite."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.keras_suite.shim.absent import Absent

# Where nnlite keeps what Keras keeps in a folder; the first that has a name gives it.
_PLACES: dict[str, tuple[str, ...]] = {
    "activations": ("nnlite.activations",),
    "callbacks": ("nnlite.callbacks",),
    "constraints": ("nnlite.constraints",),
    "initializers": ("nnlite.initializers",),
    "layers": ("nnlite.layers", "nnlite.models"),
    "losses": ("nnlite.losses",),
    "metrics": ("nnlite.metrics",),
    "models": ("nnlite.models", "nnlite.layers"),
    "optimizers": ("nnlite.optimizers", "nnlite.optimizers.schedules"),
    "random": ("nnlite.random", "nnlite.utils"),
    "regularizers": ("nnlite.regularizers",),
    "saving": ("nnlite.saving", "nnlite.models"),
    "trainers": ("nnlite.utils",),
    "utils": ("nnlite.utils", "nnlite.preprocessing"),
    "": ("nnlite", "nnlite.compat.keras"),
}


# Classes that are one here.
_SAME = {"Functional": "Model"}


def lookup(root: Path, module: str, name: str) -> Any:
    """Return what nnlite has under a name of a module inside Keras, or a stand-in that raises when it is used.

    Parameters
    ----------
    root : Path
        Folder of Keras's package.
    module : str
        Module inside `keras.src`, such as "layers.core.dense".
    name : str
        Name in it.
    """
    name = _SAME.get(name, name)
    for place in _PLACES.get(module.partition(".")[0], ()):
        try:
            return getattr(import_module(place), name)
        except (ImportError, AttributeError):
            continue
    return Absent(f"{module}.{name}".lstrip("."), name in public_names(root))


@cache
def public_names(root: Path) -> frozenset[str]:
    """Return the names that Keras offers to programs, in any module."""
    return frozenset(_names(root))


def _names(root: Path) -> Iterator[str]:
    """Yield the public names, read from the text of the modules that import them."""
    folders = [one for one in root.iterdir() if one.is_dir() and one.name not in ("src", "_tf_keras", "ops")]
    for file in [root / "__init__.py", *(path for one in folders for path in one.rglob("__init__.py"))]:
        yield from re.findall(r"\bas (\w+)", file.read_text(encoding="utf-8"))
