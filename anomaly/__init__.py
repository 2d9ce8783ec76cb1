"""Find the unusual records in a table with encoder/decoder networks.

>>> import anomaly
>>> data = anomaly.datasets.make_transactions(n_records=300, random_state=0)
>>> detector = anomaly.TableDetector(epochs=5, random_state=0).fit(data.columns)
>>> detector.predict(data.columns).shape
(300,)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from anomaly.detectors import BaseDetector, NotFittedError, load_detector

if TYPE_CHECKING:
    from anomaly.detectors import ImageDetector, SequenceDetector, TableDetector, VariationalDetector

__version__ = "0.1.0"

__all__ = [
    "BaseDetector",
    "ImageDetector",
    "NotFittedError",
    "SequenceDetector",
    "TableDetector",
    "VariationalDetector",
    "__version__",
    "load_detector",
]

_DETECTORS = ("TableDetector", "ImageDetector", "SequenceDetector", "VariationalDetector")
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
    # Detectors and modules are imported when they are first asked for.
    if name in _MODULES:
        return import_module(f"anomaly.{name}")
    if name in _DETECTORS:
        return getattr(import_module("anomaly.detectors"), name)
    raise AttributeError(f"module 'anomaly' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])
