"""Models to files and back: one ``.npz`` of arrays and a JSON description; never pickle."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nnlite import losses, metrics, optimizers
from nnlite.archive import FileFormatError, dump_archive, read_archive, write_archive
from nnlite.compiled import CompiledNetwork
from nnlite.registry import serialize
from nnlite.types import Array
from nnlite.weights import flatten

PathLike = str | os.PathLike[str]

MISFITS = (
    KeyError,
    TypeError,
    ValueError,
    IndexError,
    AttributeError,
    RuntimeError,
    ArithmeticError,
    RecursionError,
)
"""The errors that building something from a description that does not fit it can raise."""


def save_model(model: CompiledNetwork, path: PathLike, overwrite: bool = True) -> None:
    """Write a model to a file; see `Model.save`."""
    _check_overwrite(path, overwrite)
    config, arrays = model_to_parts(model)
    write_archive(path, "model", config, arrays)


def dump_model(model: CompiledNetwork) -> bytes:
    """Return what `save_model` writes."""
    return dump_archive("model", *model_to_parts(model))


def save_weights(model: CompiledNetwork, path: PathLike, overwrite: bool = True) -> None:
    """Write a model's weights to a file; see `Model.save_weights`."""
    _check_overwrite(path, overwrite)
    write_archive(path, "model", {"model": serialize(model)}, {"weights": flatten(model.weights)})


def load_weights(model: CompiledNetwork, path: PathLike) -> None:
    """Copy the weights in a file into a model; see `Model.load_weights`.

    Raises
    ------
    FileFormatError
        If the file does not hold as many weights as the model has; no weight is changed then.
    """
    _, arrays = read_archive(path, "model")
    values = _checked(arrays, "weights", (model.count_params(),), repr(os.fspath(path)))
    starts = np.cumsum([0] + [weight.size for weight in model.weights])
    for weight, start in zip(model.weights, starts, strict=False):
        weight.value[...] = values[start : start + weight.size].reshape(weight.shape)


def model_to_parts(model: CompiledNetwork) -> tuple[dict[str, Any], dict[str, Array]]:
    """Describe a model as JSON values and arrays, to be put into any archive.

    Returns
    -------
    config : dict
        ``model``: class and configuration; ``compiled``: the arguments of `compile`, where it was called.
    arrays : dict of str to ndarray
        ``weights``, in the order of ``model.weights``, and the optimizer's slots.
    """
    config: dict[str, Any] = {"model": serialize(model)}
    arrays = {"weights": flatten(model.weights)}
    if model.compiled and model.layers:
        # Before the first data there are no outputs yet, and nothing that the optimizer could know of the weights.
        iterations, slots = model.optimizer.get_state() if model.outputs else (0, {})
        config["compiled"] = {
            "optimizer": serialize(model.optimizer),
            **model.objective.get_config(),
            "iterations": iterations,
        }
        arrays.update({f"optimizer/{name}": slot for name, slot in slots.items()})
    return config, arrays


def restore_parts(model: CompiledNetwork, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> None:
    """Give a model that was made from its configuration the weights and the state of training of its parts.

    Raises
    ------
    FileFormatError
        If the arrays are not those of the model's weights.
    """
    values = _checked(arrays, "weights", (sum(weight.size for weight in model.weights),), label)
    model.adopt_weights(values)
    if model.outputs:
        _try_on_no_rows(model)
    if "compiled" in config:
        _restore_training(model, config["compiled"], arrays)


def _try_on_no_rows(model: CompiledNetwork) -> None:
    shapes = [[size for size in tensor.shape[1:] if size is not None] for tensor in model.inputs]
    if any(len(shape) != len(tensor.shape) - 1 for shape, tensor in zip(shapes, model.inputs, strict=True)):
        # How long a series has to be is not known here; making the graph has followed what is.
        return
    empty = [np.zeros((0, *shape), model.dtype) for shape in shapes]
    model.forward(empty if len(empty) > 1 else empty[0])


def _restore_training(model: CompiledNetwork, compiled: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    optimizer = optimizers.get(compiled["optimizer"])
    # Made here, where custom objects are known: a model without an input makes them only when data come.
    model.compile(
        optimizer,
        [None if one is None else losses.get(one) for one in compiled["loss"]],
        compiled["loss_weights"],
        [[metrics.get(one) for one in own] for own in compiled["metrics"]],
        [[metrics.get(one) for one in own] for own in compiled.get("weighted_metrics", [])],
    )
    prefix = "optimizer/"
    slots = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
    if slots or compiled["iterations"]:
        vector = model.weight_vector
        optimizer.build(vector.values[: vector.n_trainable], vector.layout)
        if _is_of_other_layers(slots, vector.n_trainable, vector.values.size):
            slots = optimizer.slots
        optimizer.set_state(compiled["iterations"], slots)


def _is_of_other_layers(slots: Mapping[str, Array], n_trainable: int, n_weights: int) -> bool:
    """Tell whether layers were frozen or thawed after the last step: the next one begins with a new state then."""
    shapes = {slot.shape for slot in slots.values()}
    return len(shapes) == 1 and all(len(shape) == 1 and n_trainable != shape[0] <= n_weights for shape in shapes)


def _checked(arrays: Mapping[str, Array], name: str, shape: tuple[int, ...], label: str) -> Array:
    array = arrays.get(name)
    if array is None or array.shape != shape or array.dtype.kind != "f":
        found = "none" if array is None else f"an array of shape {array.shape} and {array.dtype.name}"
        raise FileFormatError(f"{label}: {name} must be {shape[0]:,} numbers for this model; found {found}")
    return array


def _check_overwrite(path: PathLike, overwrite: bool) -> None:
    if not overwrite and Path(path).exists():
        raise FileExistsError(f"{os.fspath(path)!r} exists; pass overwrite=True to replace it")
