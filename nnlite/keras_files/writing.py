"""Writing files of Keras: ``.keras`` and ``.weights.h5``."""

from __future__ import annotations

import io
import json
import os
import zipfile
from typing import Any

from nnlite.compiled import CompiledNetwork
from nnlite.files import atomic_write
from nnlite.keras_files.formats import WEIGHTS
from nnlite.keras_files.hdf5 import dump_hdf5
from nnlite.keras_files.layout import weight_groups
from nnlite.keras_files.to_keras import compile_entry, layer_entry
from nnlite.keras_files.training_state import dump_optimizer
from nnlite.registry import registered_name, serialize
from nnlite.types import Array

_VERSION = "3.15.1"
_DATE = (1980, 1, 1, 0, 0, 0)


def write_model(model: CompiledNetwork, path: str | os.PathLike[str]) -> None:
    """Write a whole model to a ``.keras`` file: layers, weights and the state of training.

    Parameters
    ----------
    model : CompiledNetwork
        The model.
    path : str or path
        Name of the file.

    Raises
    ------
    ValueError
        If Keras has no such layer, activation function, loss or metric. Then an existing file is unchanged.
    ImportError
        If h5py is not installed.
    """
    is_own = _is_own_class(model)
    config = _class_entry(model) if is_own else layer_entry(serialize(model))
    arrays, names = _weights(model, as_graph=not is_own)
    if model.compiled:
        compiled = {"optimizer": serialize(model.optimizer), **model.objective.get_config()}
        config["compile_config"] = compile_entry(compiled)
        stored = model.stored_trainable_weights
        state = dump_optimizer(model.optimizer, model.trainable_weights if is_own else stored, stored)
        arrays.update({f"optimizer/vars/{number}": array for number, array in enumerate(state)})
        names["optimizer/vars"] = model.optimizer.name
    members: dict[str, str | bytes] = {
        "metadata.json": json.dumps({"keras_version": _VERSION, "date_saved": "1980-01-01@00:00:00"}),
        "config.json": json.dumps(config, default=_plain),
        WEIGHTS: dump_hdf5(arrays, names),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            # A fixed date, so that equal models give equal files.
            archive.writestr(zipfile.ZipInfo(name, _DATE), content)
    with atomic_write(path) as file:
        file.write(buffer.getvalue())


def _is_own_class(model: Any) -> bool:
    """Return whether a model is written as its class with ``call``, which then has to be there to load the file."""
    has_config = type(model).get_config.__module__.partition(".")[0] != "nnlite"
    return bool(model.composes and (has_config or registered_name(type(model))))


def _class_entry(model: Any) -> dict[str, Any]:
    """Return the configuration of a class with ``call``: its name, and the arguments that make it again."""
    shapes = model.input_shape
    return {
        "module": type(model).__module__,
        "class_name": type(model).__name__,
        "config": model.get_config(),
        "registered_name": registered_name(type(model)) or type(model).__name__,
        "build_config": {"input_shape": shapes},
    }


def write_weights(model: CompiledNetwork, path: str | os.PathLike[str]) -> None:
    """Write the weights of a model to a ``.weights.h5`` file.

    Parameters
    ----------
    model : CompiledNetwork
        The model.
    path : str or path
        Name of the file.

    Raises
    ------
    ValueError
        If a layer consists of others in a way that Keras does not know.
    ImportError
        If h5py is not installed.
    """
    content = dump_hdf5(*_weights(model))
    with atomic_write(path) as file:
        file.write(content)


def _weights(model: CompiledNetwork, as_graph: bool = False) -> tuple[dict[str, Array], dict[str, str]]:
    """Return the arrays of all weights by their names in the file, and the names of their layers by group."""
    arrays: dict[str, Array] = {}
    names: dict[str, str] = {}
    for group in weight_groups(model, as_graph):
        prefix = f"{group.path}/vars" if group.path else "vars"
        names[prefix] = group.name
        arrays.update({f"{prefix}/{number}": weight.value for number, weight in enumerate(group.weights)})
    return arrays, names


def _plain(value: Any) -> Any:
    """Return a number or array of NumPy as values of Python, which JSON knows."""
    return value.tolist()
