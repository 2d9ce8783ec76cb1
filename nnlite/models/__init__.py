"""Models: networks with training, configuration and files."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnlite.layers.base import registry
from nnlite.models.functional import Model, model_from_parts, parse_model
from nnlite.models.sequential import Sequential

if TYPE_CHECKING:
    from nnlite.models.loading import clone_model, load_model, model_from_json, save_model

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

# Functions that are imported on first access: what reads detectors has its own way to files.
_LOADING = ("clone_model", "load_model", "model_from_json", "save_model")


def __getattr__(name: str) -> Any:
    if name not in _LOADING:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = getattr(import_module("nnlite.models.loading"), name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
