"""Anomaly detection in tables, series and images with encoder/decoder networks.

>>> import anomaly
>>> data = anomaly.datasets.make_transactions(n_records=300, random_state=0)
>>> detector = anomaly.TableDetector(epochs=5, random_state=0).fit(data.columns)
>>> detector.predict(data.columns).shape
(300,)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from anomaly.detectors import BaseDetector, NotFittedError, load_detector
from anomaly.detectors.loading import MODULES as _DETECTORS
from anomaly.detectors.loading import detector_class as _detector_class

if TYPE_CHECKING:
    from anomaly.detectors import (
        AutoencoderDetector,
        GroupedDetector,
        ImageDetector,
        SequenceDetector,
        TableDetector,
        VariationalDetector,
    )

__version__ = "0.1.0"

__all__ = [
    "AutoencoderDetector",
    "BaseDetector",
    "GroupedDetector",
    "ImageDetector",
    "NotFittedError",
    "SequenceDetector",
    "TableDetector",
    "VariationalDetector",
    "__version__",
    "load_detector",
]

_MODULES = (
    "calibration",
    "datasets",
    "drift",
    "events",
    "metrics",
    "plots",
    "preprocessing",
    "tables",
    "thresholds",
)


def __getattr__(name: str) -> Any:
    # Detectors and modules are imported on first use.
    if name in _MODULES:
        return import_module(f"anomaly.{name}")
    if name in _DETECTORS:
        return _detector_class(name)
    raise AttributeError(f"module 'anomaly' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])
