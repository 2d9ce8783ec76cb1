"""Callbacks: actions during training, evaluation and prediction."""

from nnlite.callbacks.backup import BackupAndRestore
from nnlite.callbacks.base import Callback, CallbackList, Logs
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
