"""The names of the package `keras`: those of nnlite, and a few that programs read or call by the way."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import nnlite
from nnlite import *  # noqa: F403 - all public names
from nnlite import backend, compat, ops, preprocessing, random, saving, utils  # noqa: F401
from nnlite.layers.activation import Activation  # noqa: F401
from nnlite.models import clone_model, load_model, model_from_json, save_model  # noqa: F401

__version__ = "3.15.1"
"""The version of Keras whose names and defaults are meant."""

_ABSENT = {
    "applications": "trained networks are not part of this package",
    "distribution": "training runs on one machine",
    "quantizers": "weights are float32 or float64",
    "tree": "nested structures are lists and dictionaries",
}


def __getattr__(name: str) -> Any:
    if name == "__path__":
        raise AttributeError(name)
    if name == "datasets":
        return import_module("nnlite.compat.datasets")
    if name in _ABSENT:
        raise AttributeError(f"keras.{name} has no counterpart: {_ABSENT[name]}")
    return getattr(nnlite, name)
