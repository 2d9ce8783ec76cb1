"""Detectors: estimators that score how unusual a record, a step of a series or an image is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anomaly.detectors.base import BaseDetector, NotFittedError
from anomaly.detectors.loading import MODULES, detector_class, load_detector

if TYPE_CHECKING:
    from anomaly.detectors.image import ImageDetector
    from anomaly.detectors.sequence.detector import SequenceDetector
    from anomaly.detectors.table.detector import TableDetector
    from anomaly.detectors.variational import VariationalDetector

__all__ = [
    "BaseDetector",
    "ImageDetector",
    "NotFittedError",
    "SequenceDetector",
    "TableDetector",
    "VariationalDetector",
    "load_detector",
]


def __getattr__(name: str) -> Any:
    # A detector is imported when it is first asked for: scoring a table does not need those of series and images.
    if name in MODULES:
        return detector_class(name)
    raise AttributeError(f"module 'anomaly.detectors' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
