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
    regularizers,
    utils,
)
from nnlite.archive import FileFormatError
from nnlite.layers import Input, Layer
from nnlite.models import Model, Sequential, load_model

__version__ = "0.1.0"

__all__ = [
    "FileFormatError",
    "Input",
    "Layer",
    "Model",
    "Sequential",
    "__version__",
    "activations",
    "callbacks",
    "config",
    "initializers",
    "layers",
    "likelihoods",
    "load_model",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "regularizers",
    "utils",
]
