"""Detector classes by name, and the files of detectors."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from anomaly.detectors.base import BaseDetector
from nnlite.archive import FileFormatError, check_numbers, read_archive
from nnlite.types import Array

MODULES = {
    "AutoencoderDetector": "anomaly.detectors.autoencoder",
    "GroupedDetector": "anomaly.detectors.grouped",
    "ImageDetector": "anomaly.detectors.image",
    "SequenceDetector": "anomaly.detectors.sequence.detector",
    "TableDetector": "anomaly.detectors.table.detector",
    "VariationalDetector": "anomaly.detectors.variational",
}
"""Module of each detector, imported on first use."""


# Blocks of steps of which nothing is known, and leaves of isolation trees, whose limit no value is above.
_NOT_FINITE = {"reference/means": "nan", "reference/variances": "nan", "/thresholds": "inf"}


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
    """Read a detector from the file that its `save` wrote.

    It needs NumPy alone, and runs no code from the file.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    BaseDetector
        Fitted detector with the same scores as the saved one.

    Raises
    ------
    nnlite.archive.FileFormatError
        If the file is foreign, truncated or altered, or from a later version, if a number in it is NaN or infinite, or
        its networks compute more for one record than `nnlite.limits` allows.
    OSError
        If it cannot be read.
    """
    return _restored(path, repr(os.fspath(path)))


def detector_from_bytes(content: bytes, label: str) -> BaseDetector:
    """Return the detector of the contents of a file; see `load_detector`. The label names the file in errors."""
    return _restored(content, label)


def _restored(source: str | os.PathLike[str] | bytes, label: str) -> BaseDetector:
    config, arrays = read_archive(source, "detector")
    _check_numbers(config, arrays, label)
    try:
        return detector_class(_class_name(config, arrays)).from_state(config, arrays, label)
    except FileFormatError:
        raise
    # The errors of inconsistent contents.
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError, MemoryError) as error:
        raise FileFormatError(f"{label} does not describe a detector: {error!r}") from error


def _check_numbers(config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> None:
    """Raise FileFormatError if a number of the file is not finite where it has to be."""
    is_grouped = config.get("detector") == "GroupedDetector"
    own = {name: array for name, array in arrays.items() if is_grouped and name == "decision_scores"}
    check_numbers(config, {name: array for name, array in arrays.items() if name not in own}, label, _NOT_FINITE)
    # Rows of machines without a detector have no score; the scores of each machine's own detector are finite.
    check_numbers({}, own, label, {"decision_scores": "nan"})


def _class_name(config: Mapping[str, Any], arrays: Mapping[str, Array]) -> str:
    """Return the class of a file's detector: `TableDetector` for files of when it was called `AutoencoderDetector`."""
    name: str = config["detector"]
    # The first files held one network and its noise samples, later ones a list of members.
    is_blend = "members" in config or "disturbances" in arrays
    return "TableDetector" if name == "AutoencoderDetector" and is_blend else name
