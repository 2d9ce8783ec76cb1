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
from typing import TYPE_CHECKING, Any

from nnlite.services import provide

if TYPE_CHECKING:
    from nnlite import (
        activations,
        backend,
        callbacks,
        compat,
        config,
        constraints,
        initializers,
        layers,
        likelihoods,
        losses,
        metrics,
        models,
        ops,
        optimizers,
        preprocessing,
        random,
        regularizers,
        saving,
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


provide(
    activation_layer="nnlite.layers.activation:Activation",
    loss_of_tensors="nnlite.ops.losses:of_tensors",
    operator="nnlite.layers.operators:apply",
    constant_layer="nnlite.layers.tracing:Constant",
    parameter_layer="nnlite.layers.tracing:Parameter",
    random_layer="nnlite.layers.tracing:RandomValues",
    traced_loss="nnlite.derivatives:TracedLoss",
    traced_penalty="nnlite.derivatives:TracedPenalty",
    with_added_losses="nnlite.layers.tracing:with_losses",
)

# Where names come from that are no modules of their own.
_MODULES = {
    "FileFormatError": "archive",
    "Input": "layers",
    "Layer": "layers",
    "Model": "models",
    "Sequential": "models",
    "Variable": "variables",
    "load_model": "models",
}


def __getattr__(name: str) -> Any:
    # Everything is imported on first access: a program waits only for what it uses.
    if name in _MODULES:
        found = getattr(import_module(f"nnlite.{_MODULES[name]}"), name)
    elif name in __all__:
        found = import_module(f"nnlite.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
