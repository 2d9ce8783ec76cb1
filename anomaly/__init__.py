"""Anomaly detection in tables, series and images with encoder/decoder networks.

>>> import anomaly
>>> data = anomaly.datasets.make_transactions(n_records=300, random_state=0)
>>> detector = anomaly.TableDetector(epochs=5, random_state=0).fit(data.columns)
>>> detector.predict(data.columns).shape
(300,)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anomaly.detectors import (
        AutoencoderDetector,
        BaseDetector,
        GroupedDetector,
        ImageDetector,
        NotFittedError,
        SequenceDetector,
        TableDetector,
        VariationalDetector,
        load_detector,
    )
    from anomaly.detectors.resuming import resumable

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
    "resumable",
]

_MODULES = (
    "calibration",
    "datasets",
    "detectors",
    "drift",
    "errors",
    "estimator",
    "events",
    "metrics",
    "plots",
    "preprocessing",
    "tables",
    "thresholds",
)


def __getattr__(name: str) -> Any:
    # Everything is imported on first use, so that a command can be interrupted from its first milliseconds on.
    if name in _MODULES:
        return import_module(f"anomaly.{name}")
    if name == "resumable":
        return import_module("anomaly.detectors.resuming").resumable
    if name in __all__:
        return getattr(import_module("anomaly.detectors"), name)
    raise AttributeError(f"module 'anomaly' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])
