"""Neural networks on NumPy, with every backward pass written by hand.

The names are those of Keras:

>>> import numpy as np
>>> from nnlite.layers import Dense, Input
>>> from nnlite.models import Model
>>> inputs = Input(shape=(10,))
>>> outputs = Dense(10)(Dense(5, activation="relu")(inputs))
>>> autoencoder = Model(inputs, outputs)
>>> autoencoder.count_params()
115
"""

from importlib import import_module
from typing import Any

from nnlite import (
    activations,
    callbacks,
    config,
    initializers,
    layers,
    likelihoods,
    losses,
    metrics,
    models,
    optimizers,
    random,
    regularizers,
    utils,
)
from nnlite.archive import FileFormatError
from nnlite.layers import Input, Layer
from nnlite.models import Model, Sequential, load_model

__version__ = "0.1.0"

# Modules that are imported on first access: programs for Keras use them, scoring does not.
_LATER = ("backend", "compat", "constraints", "ops", "preprocessing", "saving")

__all__ = [
    "FileFormatError",
    "Input",
    "Layer",
    "Model",
    "Sequential",
    "__version__",
    "activations",
    "backend",
    "callbacks",
    "compat",
    "config",
    "constraints",
    "initializers",
    "layers",
    "likelihoods",
    "load_model",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "preprocessing",
    "random",
    "regularizers",
    "saving",
    "utils",
]


def __getattr__(name: str) -> Any:
    if name == "Variable":
        return import_module("nnlite.variables").Variable
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"nnlite.{name}")
