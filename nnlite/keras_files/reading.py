"""Reading files of Keras: what a model is made of, and the arrays for its weights and its optimizer."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from nnlite import optimizers
from nnlite.archive import FileFormatError, check_depth, read_members
from nnlite.compiled import CompiledNetwork
from nnlite.keras_files.formats import WEIGHTS, file_kind
from nnlite.keras_files.from_keras import built_for, model_config, plain
from nnlite.keras_files.hdf5 import Hdf5File
from nnlite.keras_files.layout import WeightGroup, children, weight_groups
from nnlite.keras_files.training_state import load_optimizer
from nnlite.objective import Objective
from nnlite.serialization import MISFITS
from nnlite.types import Array
from nnlite.weights import Weight

_MEMBERS = {"config.json", "metadata.json", WEIGHTS}


class KerasFile:
    """An open file of Keras with a whole model.

    Parameters
    ----------
    weights : Hdf5File
        Its arrays.
    config : dict
        Configuration of the model, of Keras.
    compiled : dict or None
        Arguments of `compile`, of Keras.
    is_legacy : bool
        Whether it is a ``.h5`` file with a whole model.
    """

    def __init__(
        self, weights: Hdf5File, config: Mapping[str, Any], compiled: Mapping[str, Any] | None, is_legacy: bool
    ) -> None:
        self._weights, self._compiled, self._is_legacy = weights, compiled, is_legacy
        try:
            self.model_config = model_config(config, weights.label)
            self.built_for = built_for(config)
        except FileFormatError:
            raise
        except MISFITS as error:
            raise FileFormatError(f"{weights.label} does not describe a model: {error}") from error

    def parts(self, model: CompiledNetwork, compile: bool) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the configuration and the arrays that `nnlite.serialization.restore_parts` takes.

        Parameters
        ----------
        model : CompiledNetwork
            Model with the configuration `model_config`; its weights need not exist yet.
        compile : bool
            Whether to return the state of training.

        Raises
        ------
        FileFormatError
            If the arrays are not those of the model.
        """
        read = read_legacy if self._is_legacy else read_groups
        arrays = {"weights": _flat(read(self._weights, model, by_name=True), model)}
        config: dict[str, Any] = {"model": self.model_config}
        if compile and self._compiled and model.outputs:
            config["compiled"], slots = self._training(model)
            arrays.update({f"optimizer/{name}": slot for name, slot in slots.items()})
        else:
            self._take_optimizer()
        left = [path for path in self._weights.not_taken() if "seed_generator" not in path]
        if left:
            raise FileFormatError(f"{self._weights.label} holds arrays that no layer of its model has: {left[:5]}")
        return config, arrays

    def _training(self, model: CompiledNetwork) -> tuple[dict[str, Any], dict[str, Array]]:
        given = {key: plain(value) for key, value in (self._compiled or {}).items()}
        optimizer = given.get("optimizer") or given.get("optimizer_config")
        if isinstance(optimizer, str):
            optimizer = {"class_name": optimizer, "config": {}}
        if not isinstance(optimizer, dict) or not isinstance(optimizer.get("config"), dict):
            raise FileFormatError(f"{self._weights.label}: its optimizer is not described; load it with compile=False")
        loss, loss_weights, metrics, weighted = (
            given.get(key) for key in ("loss", "loss_weights", "metrics", "weighted_metrics")
        )
        objective = Objective(loss, loss_weights, metrics, weighted, model.output_names)
        made = optimizers.get(optimizer)
        made.build(np.zeros(0, np.float32), [])
        iterations, slots = load_optimizer(
            self._weights,
            self._optimizer_paths(),
            optimizer,
            list(made.slots),
            model.trainable_weights,
            model.stored_trainable_weights,
        )
        return {"optimizer": optimizer, **objective.get_config(), "iterations": iterations}, slots

    def _optimizer_paths(self) -> list[str]:
        if self._is_legacy:
            return [f"optimizer_weights/{name}" for name in self._weights.texts("optimizer_weights", "weight_names")]
        count = sum(path.startswith("optimizer/vars/") for path in self._weights.paths)
        return [f"optimizer/vars/{number}" for number in range(count)]

    def _take_optimizer(self) -> None:
        for path in self._weights.paths:
            if path.startswith(("optimizer/", "optimizer_weights/")):
                self._weights.take(path)


@contextmanager
def read_model_file(path: str | os.PathLike[str]) -> Iterator[KerasFile]:
    """Open a ``.keras`` file, or a ``.h5`` file with a whole model.

    Raises
    ------
    FileFormatError
        If it is not such a file of Keras 3, whole and unaltered.
    ImportError
        If h5py is not installed.
    """
    label = repr(os.fspath(path))
    if file_kind(path) == "keras":
        with open(path, "rb") as file:
            members = read_members(file, label)
        left = sorted(set(members) - _MEMBERS)
        if left:
            raise FileFormatError(f"{label} holds {left[:5]}, which no layer of nnlite reads")
        config = _parsed(members.get("config.json"), label)
        weights = Hdf5File(io.BytesIO(members[WEIGHTS]), label)
        try:
            yield KerasFile(weights, config, config.get("compile_config"), is_legacy=False)
        finally:
            weights.close()
        return
    with open(path, "rb") as file:
        weights = Hdf5File(file, label)
        try:
            text = weights.text("", "model_config")
            if text is None:
                raise FileFormatError(f"{label} holds weights alone; build the model and call its load_weights")
            training = weights.text("", "training_config")
            compiled = None if training is None else _parsed(training.encode(), label)
            yield KerasFile(weights, _parsed(text.encode(), label), compiled, is_legacy=True)
        finally:
            weights.close()


def read_weights_file(model: CompiledNetwork, path: str | os.PathLike[str]) -> Array:
    """Return the weights of a model from a ``.weights.h5``, ``.keras`` or ``.h5`` file, as one vector.

    Raises
    ------
    FileFormatError
        If the file holds those of other layers.
    ImportError
        If h5py is not installed.
    """
    label = repr(os.fspath(path))
    content = Path(path).read_bytes()
    if file_kind(path) == "keras":
        content = read_members(io.BytesIO(content), label)[WEIGHTS]
    weights = Hdf5File(io.BytesIO(content), label)
    try:
        is_legacy = bool(weights.texts("model_weights", "layer_names") or weights.texts("", "layer_names"))
        values = _flat((read_legacy if is_legacy else read_groups)(weights, model, by_name=False), model)
        left = [one for one in weights.not_taken() if not one.startswith("optimizer") and "seed_generator" not in one]
    finally:
        weights.close()
    if left:
        raise FileFormatError(f"{label} holds arrays that no layer of this model has: {left[:5]}")
    return values


def read_groups(file: Hdf5File, model: CompiledNetwork, by_name: bool) -> dict[int, Array]:
    """Return the arrays of all weights by the `id` of the weight, from groups numbered by class.

    Parameters
    ----------
    file : Hdf5File
        The file.
    model : CompiledNetwork
        The model.
    by_name : bool
        Whether the names of the layers have to be those in the file.

    Raises
    ------
    FileFormatError
        If an array is missing or has another shape, or a group belongs to another layer.
    """
    found: dict[int, Array] = {}
    for group in weight_groups(model):
        prefix = f"{group.path}/vars" if group.path else "vars"
        if by_name and group.weights and not group.is_attribute:
            _check_name(file, prefix, group)
        for number, weight in enumerate(group.weights):
            found[id(weight)] = file.take(f"{prefix}/{number}", weight.shape)
    return found


def _check_name(file: Hdf5File, prefix: str, group: WeightGroup) -> None:
    name = file.text(prefix, "name")
    if name is not None and name != group.name and not prefix.endswith("cell/vars"):
        raise FileFormatError(
            f"{file.label}: group {prefix!r} belongs to layer {name!r}; by the order of its layers it is that of "
            f"{group.name!r}"
        )


def read_legacy(file: Hdf5File, model: Any, by_name: bool) -> dict[int, Array]:
    """Return the arrays of all weights by the `id` of the weight, from a ``.h5`` file with names of layers.

    Parameters are those of `read_groups`.

    Raises
    ------
    FileFormatError
        If the layers of the file are others.
    """
    root = "model_weights" if file.texts("model_weights", "layer_names") else ""
    listed = {name: file.texts(_join(root, name), "weight_names") for name in file.texts(root, "layer_names")}
    filled = [name for name, weights in listed.items() if weights]
    layers = [layer for layer in children(model) if layer.weights]
    if len(filled) != len(layers):
        raise FileFormatError(
            f"{file.label} holds weights of {len(filled)} layers, {filled[:8]}; this model has "
            f"{len(layers)} with weights"
        )
    found: dict[int, Array] = {}
    for layer, name in zip(layers, filled, strict=True):
        if by_name and layer.name != name:
            raise FileFormatError(f"{file.label}: found the weights of layer {name!r} in the place of {layer.name!r}")
        weights = _in_legacy_order(layer)
        if len(weights) != len(listed[name]):
            raise FileFormatError(
                f"{file.label}: layer {name!r} has {len(listed[name])} arrays; {layer.name!r} has "
                f"{len(weights)} weights"
            )
        for weight, own in zip(weights, listed[name], strict=True):
            found[id(weight)] = file.take(_join(root, name, own), weight.shape)
    return found


def _in_legacy_order(layer: Any) -> list[Weight]:
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _flat(found: Mapping[int, Array], model: CompiledNetwork) -> Array:
    """Return the arrays as one vector in the order of the model's weights."""
    parts = [np.asarray(found[id(weight)], weight.dtype).ravel() for weight in model.stored_weights]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _parsed(content: bytes | None, label: str) -> dict[str, Any]:
    try:
        config = json.loads((content or b"").decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{label}: its configuration cannot be read: {error}") from error
    check_depth(config, label)
    if not isinstance(config, dict):
        raise FileFormatError(f"{label}: its configuration is a {type(config).__name__}; expected a model")
    return config


def _join(*parts: str) -> str:
    return "/".join(part for part in parts if part)
