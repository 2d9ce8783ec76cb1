"""What tests take from `keras.src.ops`: functions of nnlite.ops, and of NumPy where those have none."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.keras_suite.shim import backend
from nnlite import ops
from nnlite.eager import as_tensor
from nnlite.graph import is_symbolic


class Operations(ModuleType):
    """The module `ops`, and `ops.numpy` inside it."""

    def __getattr__(self, name: str) -> Any:
        if name == "numpy":
            return self
        if name in ("convert_to_tensor", "convert_to_numpy", "shape", "is_tensor"):
            return getattr(backend, name)
        if name == "array":
            return backend.convert_to_tensor
        if hasattr(ops, name):
            return _with_lists(getattr(ops, name))
        if hasattr(np, name):
            return _with_lists(getattr(np, name))
        raise AttributeError(f"module 'keras.src.ops' has no attribute {name!r}")


def _with_lists(function: Any) -> Any:
    """Return a function whose results are tensors."""

    def call(*arguments: Any, **settings: Any) -> Any:
        found = function(*arguments, **settings)
        return found if is_symbolic(found) or not isinstance(found, (np.ndarray, np.generic)) else as_tensor(found)

    return call
