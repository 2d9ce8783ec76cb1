"""Serialization of models: one ``.npz`` file of arrays and a JSON configuration, without pickle."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nnlite import losses, metrics, optimizers
from nnlite.archive import FileFormatError, arrays_with_prefix, check_numbers, dump_archive, read_archive, write_archive
from nnlite.compiled import CompiledNetwork
from nnlite.limits import check_sizes
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
"""Exceptions from creating a model with an invalid configuration."""


def save_model(model: CompiledNetwork, path: PathLike, overwrite: bool = True) -> None:
    """Write a model to a file; see `Model.save`."""
    check_overwrite(path, overwrite)
    config, arrays = model_to_parts(model)
    write_archive(path, "model", config, arrays)


def dump_model(model: CompiledNetwork) -> bytes:
    """Return the contents of the file that `save_model` writes."""
    return dump_archive("model", *model_to_parts(model))


def save_weights(model: CompiledNetwork, path: PathLike, overwrite: bool = True) -> None:
    """Write a model's weights to a file; see `Model.save_weights`."""
    check_overwrite(path, overwrite)
    write_archive(path, "model", {"model": serialize(model)}, {"weights": flatten(model.stored_weights)})


def load_weights(model: CompiledNetwork, path: PathLike) -> None:
    """Load weights from a file into a model; see `Model.load_weights`.

    Raises
    ------
    FileFormatError
        If the numbers of weights in the file and in the model differ. Then no weight is changed.
    """
    _, arrays = read_archive(path, "model")
    check_numbers({}, arrays, repr(os.fspath(path)))
    values = _checked(arrays, "weights", (sum(weight.size for weight in model.stored_weights),), repr(os.fspath(path)))
    assign_weights(model, values)


def assign_weights(model: CompiledNetwork, values: Array) -> None:
    """Copy a vector of all weights, in the order of ``model.stored_weights``, into the weights."""
    starts = np.cumsum([0] + [weight.size for weight in model.stored_weights])
    for weight, start in zip(model.stored_weights, starts, strict=False):
        weight.value[...] = values[start : start + weight.size].reshape(weight.shape)


def model_to_parts(model: CompiledNetwork) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return a model as JSON values and arrays, for any archive.

    Returns
    -------
    config : dict
        ``model``: class and configuration; ``compiled``: the arguments of `compile`, if the model is compiled.
    arrays : dict of str to ndarray
        ``weights``, in the order of ``model.stored_weights``, and the optimizer's slots.
    """
    config: dict[str, Any] = {"model": serialize(model)}
    arrays = {"weights": flatten(model.stored_weights)}
    if model.compiled and model.graph_layers:
        # Without an input shape there are no weights yet, and so the optimizer has no state.
        iterations, slots = model.optimizer.get_state() if model.outputs else (0, {})
        config["compiled"] = {
            "optimizer": serialize(model.optimizer),
            **model.objective.get_config(),
            "iterations": iterations,
        }
        arrays.update({f"optimizer/{name}": slot for name, slot in slots.items()})
    return config, arrays


def restore_parts(model: CompiledNetwork, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> None:
    """Restore the weights and the state of training of a model that was created from its configuration.

    Raises
    ------
    FileFormatError
        If the arrays do not fit the model's weights.
    """
    check_sizes(model, label)
    values = _checked(arrays, "weights", (sum(weight.size for weight in model.stored_weights),), label)
    model.adopt_weights(values)
    if model.outputs:
        _check_on_empty_batch(model)
    if "compiled" in config:
        _restore_training(model, config["compiled"], arrays)


def _check_on_empty_batch(model: CompiledNetwork) -> None:
    """Run the model on an empty batch, which raises if its layers do not fit together."""
    shapes = [[size for size in tensor.shape[1:] if size is not None] for tensor in model.inputs]
    if any(len(shape) != len(tensor.shape) - 1 for shape, tensor in zip(shapes, model.inputs, strict=True)):
        # The length of a series is unknown here; the known sizes were checked when the graph was created.
        return
    empty = [np.zeros((0, *shape), model.dtype) for shape in shapes]
    model.forward(empty if len(empty) > 1 else empty[0])


def _restore_training(model: CompiledNetwork, compiled: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    optimizer = optimizers.get(compiled["optimizer"])
    # Created here, where custom objects are known: a model without an input shape would create them later.
    model.compile(
        optimizer,
        [None if one is None else losses.get(one) for one in compiled["loss"]],
        compiled["loss_weights"],
        [[metrics.get(one) for one in own] for own in compiled["metrics"]],
        [[metrics.get(one) for one in own] for own in compiled.get("weighted_metrics", [])],
    )
    slots = arrays_with_prefix(arrays, "optimizer/")
    if slots or compiled["iterations"]:
        vector = model.weight_vector
        optimizer.build(vector.values[: vector.n_trainable], vector.layout)
        if _has_other_trainable_layers(slots, vector.n_trainable, vector.values.size):
            slots = optimizer.slots
        optimizer.set_state(compiled["iterations"], slots)


def _has_other_trainable_layers(slots: Mapping[str, Array], n_trainable: int, n_weights: int) -> bool:
    """Return whether layers were frozen or unfrozen after the last update, so that the state has to be reset."""
    shapes = {slot.shape for slot in slots.values()}
    return len(shapes) == 1 and all(len(shape) == 1 and n_trainable != shape[0] <= n_weights for shape in shapes)


def _checked(arrays: Mapping[str, Array], name: str, shape: tuple[int, ...], label: str) -> Array:
    array = arrays.get(name)
    if array is None or array.shape != shape or array.dtype.kind != "f":
        found = "none" if array is None else f"an array of shape {array.shape} and {array.dtype.name}"
        raise FileFormatError(f"{label}: {name} must be {shape[0]:,} numbers for this model; found {found}")
    return array


def check_overwrite(path: PathLike, overwrite: bool) -> None:
    """Raise FileExistsError if the file exists and must not be replaced."""
    if not overwrite and Path(path).exists():
        raise FileExistsError(f"{os.fspath(path)!r} exists; pass overwrite=True to replace it")
