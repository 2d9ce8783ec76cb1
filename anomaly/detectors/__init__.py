"""Detectors: estimators of anomaly scores for records, steps of a series and images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anomaly.detectors.base import BaseDetector
from anomaly.detectors.loading import MODULES, detector_class, load_detector
from anomaly.errors import NotFittedError
from nnlite.services import provide

if TYPE_CHECKING:
    from anomaly.detectors.autoencoder import AutoencoderDetector
    from anomaly.detectors.grouped import GroupedDetector
    from anomaly.detectors.image import ImageDetector
    from anomaly.detectors.sequence.detector import SequenceDetector
    from anomaly.detectors.table.detector import TableDetector
    from anomaly.detectors.variational import VariationalDetector

__all__ = [
    "AutoencoderDetector",
    "BaseDetector",
    "GroupedDetector",
    "ImageDetector",
    "NotFittedError",
    "SequenceDetector",
    "TableDetector",
    "VariationalDetector",
    "load_detector",
]

provide(export_onnx="anomaly.export:export_onnx")


def __getattr__(name: str) -> Any:
    # Lazily imported: scoring a table does not need the detectors of series and images.
    if name in MODULES:
        return detector_class(name)
    raise AttributeError(f"module 'anomaly.detectors' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
