"""Detectors: estimators that score how unusual a record, a step of a series or an image is."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from anomaly.detectors.base import BaseDetector, NotFittedError, load_detector
from anomaly.detectors.table.detector import AutoencoderDetector

if TYPE_CHECKING:
    from anomaly.detectors.image import ImageDetector
    from anomaly.detectors.sequence.detector import SequenceDetector
    from anomaly.detectors.variational import VariationalDetector

__all__ = [
    "AutoencoderDetector",
    "BaseDetector",
    "ImageDetector",
    "NotFittedError",
    "SequenceDetector",
    "VariationalDetector",
    "load_detector",
]

# Detectors that scoring a table does not need are imported when they are first asked for.
_MODULES = {"ImageDetector": "image", "SequenceDetector": "sequence.detector", "VariationalDetector": "variational"}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"anomaly.detectors.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'anomaly.detectors' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
