"""Utilities: seeds, one-hot labels, names of layers, pictures of models, and data in batches."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnlite.graph import SymbolicTensor
from nnlite.registry import custom_object_scope, get_custom_objects, register_keras_serializable
from nnlite.registry import custom_object_scope as CustomObjectScope
from nnlite.utils.basic import clear_session, normalize, set_random_seed, to_categorical

if TYPE_CHECKING:
    from nnlite.preprocessing import (
        PyDataset,
        image_dataset_from_directory,
        pad_sequences,
        timeseries_dataset_from_array,
    )
    from nnlite.preprocessing import PyDataset as Sequence
    from nnlite.preprocessing.image import array_to_img, img_to_array, load_img, save_img
    from nnlite.utils.downloads import get_file
    from nnlite.utils.pictures import model_to_dot, plot_model
    from nnlite.utils.splitting import split_dataset

__all__ = [
    "CustomObjectScope",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "clear_session",
    "custom_object_scope",
    "get_custom_objects",
    "get_file",
    "image_dataset_from_directory",
    "img_to_array",
    "is_keras_tensor",
    "load_img",
    "model_to_dot",
    "normalize",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "save_img",
    "set_random_seed",
    "split_dataset",
    "timeseries_dataset_from_array",
    "to_categorical",
]

# Modules of what is imported on first access.
_LATER = {
    **dict.fromkeys(
        ("PyDataset", "image_dataset_from_directory", "pad_sequences", "timeseries_dataset_from_array"),
        "nnlite.preprocessing",
    ),
    **dict.fromkeys(("array_to_img", "img_to_array", "load_img", "save_img"), "nnlite.preprocessing.image"),
    **dict.fromkeys(("model_to_dot", "plot_model"), "nnlite.utils.pictures"),
    "get_file": "nnlite.utils.downloads",
    "split_dataset": "nnlite.utils.splitting",
}


def is_keras_tensor(x: Any) -> bool:
    """Return whether an object is a symbolic tensor."""
    return isinstance(x, SymbolicTensor)


def __getattr__(name: str) -> Any:
    original = "PyDataset" if name == "Sequence" else name
    if original not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[original]), original)


def __dir__() -> list[str]:
    return sorted(__all__)
