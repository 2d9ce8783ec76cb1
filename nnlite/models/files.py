"""The format of a file: nnlite's own, or that of Keras where the name or the contents say so."""

from __future__ import annotations

import os
import warnings

from nnlite import serialization
from nnlite.compiled import CompiledNetwork
from nnlite.keras_files.formats import file_kind, named_for_keras
from nnlite.serialization import PathLike


def save_model(model: CompiledNetwork, path: PathLike, overwrite: bool = True) -> None:
    """Write a model to a file; see `Model.save`."""
    serialization.check_overwrite(path, overwrite)
    if named_for_keras(path, ".keras"):
        from nnlite.keras_files.to_keras import NotInKeras
        from nnlite.keras_files.writing import write_model

        try:
            write_model(model, path)
        except NotInKeras as reason:
            # Programs save under such names what only they will load.
            warnings.warn(
                f"{os.fspath(path)!r} is written in nnlite's own format, which Keras cannot read: {reason}",
                stacklevel=3,
            )
            serialization.save_model(model, path)
    else:
        serialization.save_model(model, path)


def save_weights(model: CompiledNetwork, path: PathLike, overwrite: bool = True) -> None:
    """Write a model's weights to a file; see `Model.save_weights`."""
    serialization.check_overwrite(path, overwrite)
    if named_for_keras(path, ".weights.h5"):
        from nnlite.keras_files.writing import write_weights

        write_weights(model, path)
    else:
        serialization.save_weights(model, path)


def load_weights(model: CompiledNetwork, path: PathLike) -> None:
    """Load weights from a file into a model; see `Model.load_weights`.

    Raises
    ------
    FileFormatError
        If the weights in the file are not those of the model. Then no weight is changed.
    """
    if file_kind(path) is None:
        serialization.load_weights(model, path)
        return
    from nnlite.keras_files.reading import read_weights_file

    serialization.assign_weights(model, read_weights_file(model, path))
