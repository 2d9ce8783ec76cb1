"""Files of models and custom classes, under the names of `keras.saving`."""

from nnlite.models import load_model, save_model
from nnlite.registry import custom_object_scope, get_custom_objects, register_keras_serializable

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "get_custom_objects",
    "load_model",
    "register_keras_serializable",
    "save_model",
]

CustomObjectScope = custom_object_scope
