"""Checkpoints: files from which a fit that was killed goes on to the same weights, bit by bit.

A checkpoint is an archive (see `nnlite.archive`) of kind "checkpoint". Besides the weights it holds what training
depends on: the optimizer, the random generators of the shuffling and of every layer, the history and the callbacks.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nnlite.archive import FileFormatError, arrays_with_prefix, read_archive, write_archive
from nnlite.callbacks.base import Callback
from nnlite.compiled import CompiledNetwork
from nnlite.registry import serialize
from nnlite.training_state import RunningFit, TrainingState
from nnlite.types import Array
from nnlite.validation import check_value, integer

FILE_NAME = "checkpoint.npz"
"""Name of the checkpoint in a folder."""

_ERRORS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)


def checkpoint_path(path: str | os.PathLike[str]) -> Path:
    """Return the path of the checkpoint in a folder, or of the checkpoint itself."""
    return Path(path) / FILE_NAME if Path(path).is_dir() else Path(path)


def save_checkpoint(path: str | os.PathLike[str], model: CompiledNetwork, fit: RunningFit, epochs: int) -> None:
    """Write the state of a running fit; an earlier checkpoint is replaced whole or not at all.

    Parameters
    ----------
    path : str or path
        The file, or an existing folder for it.
    model : CompiledNetwork
        The model in training.
    fit : RunningFit
        Its fit.
    epochs : int
        Number of the epochs that are complete, those before the fit included.
    """
    state = TrainingState.capture(model, fit)
    arrays = {"weights": state.weights, **{f"optimizer/{name}": slot for name, slot in state.slots.items()}}
    callbacks = []
    for number, callback in enumerate(_stateful(fit)):
        values, own = _split(callback.get_state())
        arrays |= {f"callback {number}/{name}": array for name, array in own.items()}
        callbacks.append({"class_name": type(callback).__name__, "state": values})
    config = {
        **_fingerprint(model, fit),
        "epochs": epochs,
        "stopped": bool(model.stop_training),
        "iterations": state.iterations,
        "learning_rate": state.learning_rate,
        "shuffle": state.shuffle,
        "generators": state.generators,
        "noise": state.noise,
        "callbacks": callbacks,
    }
    write_archive(checkpoint_path(path), "checkpoint", config, arrays)


def load_checkpoint(path: str | os.PathLike[str], model: CompiledNetwork, fit: RunningFit) -> None:
    """Set the state of a running fit that has begun to that of a checkpoint.

    Raises
    ------
    FileFormatError
        If the file is no checkpoint, or that of a fit with another model, data or arguments.
    OSError
        If it cannot be read.
    """
    file = checkpoint_path(path)
    config, arrays = read_archive(file, "checkpoint")
    for name, expected in _fingerprint(model, fit).items():
        if config.get(name) != expected:
            raise FileFormatError(
                f"{str(file)!r} is the checkpoint of another fit: its {name} is {config.get(name)!r}, and that of this "
                f"fit {expected!r}. Resume with the same model, data and arguments, or delete the file to begin anew"
            )
    try:
        check_value("epochs", config["epochs"], integer(least=0))
        _restore(config, arrays, model, fit)
    except _ERRORS as error:
        raise FileFormatError(f"{str(file)!r} does not describe the state of this fit: {error}") from error


def _restore(config: Mapping[str, Any], arrays: Mapping[str, Array], model: CompiledNetwork, fit: RunningFit) -> None:
    state = TrainingState(
        arrays["weights"],
        config["iterations"],
        config["learning_rate"],
        arrays_with_prefix(arrays, "optimizer/"),
        config["shuffle"],
        config["generators"],
        config["noise"],
    )
    state.restore(model, fit)
    for number, (callback, saved) in enumerate(zip(_stateful(fit), config["callbacks"], strict=True)):
        callback.set_state(_joined(saved["state"], arrays_with_prefix(arrays, f"callback {number}/")))
    fit.first_epoch, fit.stopped = config["epochs"], config["stopped"]


def _fingerprint(model: CompiledNetwork, fit: RunningFit) -> dict[str, Any]:
    """Return what has to be the same in the fit that continues, as JSON values."""
    return {
        # Not the names of layers, which depend on how many there were in the process before.
        "layers": [
            [type(layer).__name__, [list(w.shape) for w in layer.stored_weights]] for layer in model.graph_layers
        ],
        "optimizer": serialize(model.optimizer)["class_name"],
        "records": fit.data.n_rows,
        "checksum of the data": fit.checksum,
        "batch size": fit.batch_size,
        "backend": fit.backend,
        "shuffling": fit.shuffle is not None,
        "list of callbacks": [type(callback).__name__ for callback in _stateful(fit)],
    }


def _stateful(fit: RunningFit) -> list[Callback]:
    """Return the callbacks that keep a state; a progress bar may come and go."""
    return [callback for callback in fit.callbacks if callback.state_names]


def _split(state: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Array]]:
    """Split the state of a callback into JSON values and arrays; a list of arrays becomes several."""
    values: dict[str, Any] = {}
    arrays: dict[str, Array] = {}
    for name, value in state.items():
        if isinstance(value, list) and value and isinstance(value[0], np.ndarray):
            values[name] = {"arrays": len(value)}
            arrays |= {f"{name}/{i}": array for i, array in enumerate(value)}
        else:
            values[name] = value
    return values, arrays


def _joined(values: Mapping[str, Any], arrays: Mapping[str, Array]) -> dict[str, Any]:
    """Return the state that `_split` has split."""
    return {
        name: [arrays[f"{name}/{i}"] for i in range(value["arrays"])]
        if isinstance(value, dict) and set(value) == {"arrays"}
        else value
        for name, value in values.items()
    }
