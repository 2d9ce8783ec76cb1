"""Models from files, from configurations and from other models."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from nnlite.archive import FileFormatError, check_numbers, read_archive
from nnlite.keras_files.formats import file_kind
from nnlite.layers.base import Layer, registry
from nnlite.layers.input import InputLayer
from nnlite.models.functional import Model, model_from_parts
from nnlite.models.sequential import Sequential
from nnlite.registry import custom_object_scope, serialize
from nnlite.serialization import MISFITS, restore_parts


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,  # noqa: ARG001
) -> Model:
    """Load a model from a file of `Model.save`, or from one of Keras 3.

    Parameters
    ----------
    filepath : str or path
        Name of the file. Its contents tell the format: nnlite's own, or ``.keras`` or ``.h5`` of Keras 3, which need
        h5py (the extra ``keras-files``).
    custom_objects : mapping of str to class, optional
        Custom layers, losses and other classes by their names in the file. Nothing else that a file contains is ever
        imported or executed.
    compile : bool, default True
        Whether to restore the optimizer, the losses and the metrics.
    safe_mode : bool, default True
        Accepted for compatibility with Keras, without effect: no file is ever able to run code.

    Returns
    -------
    Model
        The model; if it was compiled when it was saved, with the state of its optimizer, so that training can be
        continued.

    Raises
    ------
    FileFormatError
        If the file is not a model file, truncated, altered or of a later version, a number in it is NaN or infinite, or
        its layers compute more for one record than `nnlite.limits` allows. If a file of Keras has layers that nnlite
        does not have, or Python code.
    ImportError
        If it is a file of Keras and h5py is not installed.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from nnlite.layers import Dense, Input
    >>> from nnlite.models import Sequential, load_model
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.npz"
    >>> Sequential([Input((3,)), Dense(2)]).save(path)
    >>> load_model(path).output_shape
    (None, 2)
    """
    if file_kind(filepath) is not None:
        return _load_keras_model(filepath, custom_objects, compile)
    config, arrays = read_archive(filepath, "model")
    check_numbers(config, arrays, repr(os.fspath(filepath)))
    if not compile:
        config = {"model": config["model"]} if "model" in config else {}
    with custom_object_scope(custom_objects or {}):
        return model_from_parts(config, arrays, repr(os.fspath(filepath)))


def _load_keras_model(
    filepath: str | os.PathLike[str], custom_objects: Mapping[str, Any] | None, compile: bool
) -> Model:
    """Load a model from a file of Keras."""
    from nnlite.keras_files.reading import read_model_file

    label = repr(os.fspath(filepath))
    with custom_object_scope(custom_objects or {}), read_model_file(filepath) as file:
        try:
            model: Model = registry.get(file.model_config)  # type: ignore[assignment]
            if file.built_for is not None and not model.built:
                model.build(file.built_for)
            restore_parts(model, *file.parts(model, compile), label)
        except FileFormatError:
            raise
        except MISFITS as error:
            raise FileFormatError(f"{label} does not describe a model that can be built: {error}") from error
    return model


def save_model(model: Model, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Save a model to a file; see `Model.save`.

    Parameters
    ----------
    model : Model
        The model.
    filepath : str or path
        Name of the file.
    overwrite : bool, default True
        Whether to replace an existing file.
    """
    model.save(filepath, overwrite)


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Callable[[Layer], Layer] | None = None,
    recursive: bool = False,
) -> Model:
    """Return a model with the same layers and with new weights.

    Parameters
    ----------
    model : Model
        Model with the layers to copy.
    input_tensors : None
        Accepted for compatibility with Keras; only None is supported.
    clone_function : callable, optional
        Function of a layer that returns the layer of the new model in its place; by default one with the same
        configuration.
    recursive : bool, default False
        Whether the function is applied to the layers of a model inside, in place of that model.

    Raises
    ------
    ValueError
        If `input_tensors` is not None.

    Returns
    -------
    Model
        Model that shares nothing with `model` and is not compiled.
    """
    if input_tensors is not None:
        raise ValueError("clone_model: input_tensors must be None; call the new model on the tensors instead")
    config = model.stored_config()
    if clone_function is not None:
        config["layers"] = [_cloned(layer, clone_function, recursive) for layer in model.layers_of_config()]
    kind = Sequential if model.class_name == "Sequential" else Model
    return kind.from_config(config)


def _cloned(layer: Layer, clone_function: Callable[[Layer], Layer], recursive: bool) -> dict[str, Any] | Layer:
    """Return a layer of the new model; inputs are copied by their configuration."""
    if isinstance(layer, InputLayer):
        return serialize(layer)
    inside = recursive and isinstance(layer, Model)
    copy = clone_model(layer, None, clone_function, True) if inside else clone_function(layer)  # type: ignore[arg-type]
    copy.name = layer.name
    return copy


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Model:
    """Return a model with the layers that `Model.to_json` described, and with new weights.

    Parameters
    ----------
    json_string : str
        Result of `Model.to_json`.
    custom_objects : mapping of str to class, optional
        As for `load_model`.

    Raises
    ------
    ValueError
        If the text does not describe a model.

    Examples
    --------
    >>> from nnlite.layers import Dense, Input
    >>> from nnlite.models import Sequential, model_from_json
    >>> model_from_json(Sequential([Input((3,)), Dense(2)]).to_json()).output_shape
    (None, 2)
    """
    try:
        config = json.loads(json_string)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"model_from_json takes the result of Model.to_json; found text that is no JSON: {error}"
        ) from error
    if not isinstance(config, dict) or "class_name" not in config:
        raise ValueError(f"model_from_json takes the result of Model.to_json; found {type(config).__name__}")
    with custom_object_scope(custom_objects or {}):
        try:
            return registry.get(config)  # type: ignore[return-value]
        except (KeyError, RecursionError) as error:
            raise ValueError(f"the text does not describe a model: {error!r}") from error
