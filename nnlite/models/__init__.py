"""Models: networks with training, configuration and files."""

from nnlite.layers.base import registry
from nnlite.models.functional import Model, model_from_parts, parse_model
from nnlite.models.loading import clone_model, load_model, model_from_json, save_model
from nnlite.models.sequential import Sequential

__all__ = [
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_json",
    "model_from_parts",
    "parse_model",
    "save_model",
]

registry.register(Model, "Model", "Functional")
registry.register(Sequential, "Sequential")
