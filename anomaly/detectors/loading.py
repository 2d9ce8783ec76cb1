"""Detectors by name: the modules that define them, and the files they are read from."""

from __future__ import annotations

import os
from importlib import import_module

from anomaly.detectors.base import BaseDetector
from nnlite.archive import FileFormatError, read_archive

MODULES = {
    "TableDetector": "anomaly.detectors.table.detector",
    "ImageDetector": "anomaly.detectors.image",
    "SequenceDetector": "anomaly.detectors.sequence.detector",
    "VariationalDetector": "anomaly.detectors.variational",
}
"""The module of each detector, imported when the detector is first asked for."""


# The blend was called so before networks and their errors alone had that name.
_FORMER_NAMES = {"AutoencoderDetector": "TableDetector"}


def detector_class(name: str) -> type[BaseDetector]:
    """Return a detector's class by its name.

    Raises
    ------
    KeyError
        If there is no detector of that name.
    """
    found: type[BaseDetector] = getattr(import_module(MODULES[name]), name)
    return found


def load_detector(path: str | os.PathLike[str]) -> BaseDetector:
    """Read a detector that `save` wrote.

    Only NumPy is needed, and nothing in the file is run.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    BaseDetector
        Fitted: it gives the same scores as the one that was saved.

    Raises
    ------
    nnlite.archive.FileFormatError
        If the file is foreign, truncated or altered, or from a later version.
    OSError
        If it cannot be read.
    """
    config, arrays = read_archive(path, "detector")
    label = repr(os.fspath(path))
    try:
        return detector_class(_FORMER_NAMES.get(config["detector"], config["detector"])).from_state(
            config, arrays, label
        )
    except FileFormatError:
        raise
    # What a description that does not fit the classes can raise.
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise FileFormatError(f"{label} does not describe a detector: {error!r}") from error
