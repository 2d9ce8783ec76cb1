"""Callbacks: actions during training, evaluation and prediction.

Each is imported on first access, so that a program starts in milliseconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnlite.callbacks.base import Callback, CallbackList, Logs

if TYPE_CHECKING:
    from nnlite.callbacks.backup import BackupAndRestore
    from nnlite.callbacks.elsewhere import ProgbarLogger, RemoteMonitor, TensorBoard
    from nnlite.callbacks.functions import LambdaCallback, TerminateOnNaN
    from nnlite.callbacks.live import LiveCurves
    from nnlite.callbacks.monitors import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau
    from nnlite.callbacks.records import CSVLogger, History, ProgressBar
    from nnlite.callbacks.schedules import KLWarmUp, LearningRateScheduler

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "KLWarmUp",
    "LambdaCallback",
    "LearningRateScheduler",
    "LiveCurves",
    "Logs",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ProgressBar",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "TensorBoard",
    "TerminateOnNaN",
]


_LATER = {
    name: module
    for module, names in (
        ("backup", "BackupAndRestore"),
        ("elsewhere", "ProgbarLogger RemoteMonitor TensorBoard"),
        ("functions", "LambdaCallback TerminateOnNaN"),
        ("live", "LiveCurves"),
        ("monitors", "EarlyStopping ModelCheckpoint ReduceLROnPlateau"),
        ("records", "CSVLogger History ProgressBar"),
        ("schedules", "KLWarmUp LearningRateScheduler"),
    )
    for name in names.split()
}


def __getattr__(name: str) -> Any:
    """Import a callback on first access."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return globals()[name]


def __dir__() -> list[str]:
    """Return all names, imported or not."""
    return sorted({*globals(), *__all__})
