"""Programs written for Keras: run unchanged, or checked for what is missing here.

``python -m nnlite.compat SCRIPT.py`` runs a program for which this package supplies the names `keras`,
`tensorflow.keras` and `tensorflow`; ``--check`` lists the lines that need something else. In a program,
``from nnlite.compat import tensorflow as tf`` gives the names that such programs use beside Keras.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["keras", "tensorflow"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"nnlite.compat.{name}")
