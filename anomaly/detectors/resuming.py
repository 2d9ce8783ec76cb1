"""Fits that may be killed at any moment, and go on to the same detector, bit by bit."""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from anomaly.detectors.network_training import backups
from nnlite.callbacks import BackupAndRestore
from nnlite.callbacks.base import Logs
from nnlite.models import Model
from nnlite.random import global_generator
from nnlite.registry import serialize
from nnlite.types import Array

_PREFIX = "training-"
_SECONDS = 1.0


class Journal:
    """Folder with a checkpoint of each training of a fit.

    A checkpoint is named by a hash of all that its training depends on: the network and its first weights, the
    examples, the settings and the random generator. Everything else of a fit is computed anew, and comes out the same.

    Parameters
    ----------
    folder : path
        The folder, which exists.
    seconds : float
        Least time between two checkpoints of a training.
    """

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder = folder
        self.seconds = seconds
        self._before = set(self._checkpoints())
        self._used: set[Path] = set()

    def callback(self, model: Model, x: Array, y: Array, settings: object) -> BackupAndRestore:
        """Return the callback that backs up a training which is about to begin, or restores it.

        Parameters
        ----------
        model : Model
            The network, compiled, with its first weights.
        x, y : ndarray
            Inputs and targets.
        settings : object
            Settings of the training, with a `repr` that tells them apart.
        """
        path = self.folder / f"{_PREFIX}{_key(model, x, y, settings)}.npz"
        self._used.add(path)
        return _TimedBackup(path, self.seconds)

    def finish(self) -> None:
        """Delete the checkpoints of this fit, and the folder if it is empty; warn of checkpoints of others."""
        for path in self._used:
            path.unlink(missing_ok=True)
            # Of a process that was killed between the two names that a complete file has, one after the other.
            for unnamed in self.folder.glob(f".{path.name}.*"):
                unnamed.unlink(missing_ok=True)
        others = len(self._before - self._used)
        if others:
            warnings.warn(
                f"{str(self.folder)!r} holds {others} checkpoint(s) of another fit: with other data, other parameters "
                "or another random_state. They were not used, and are still there",
                stacklevel=4,
            )
        elif not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _checkpoints(self) -> list[Path]:
        return list(self.folder.glob(f"{_PREFIX}*.npz"))


class _TimedBackup(BackupAndRestore):
    """Saves at the end of epochs, but not more often than once in so many seconds; the last one is kept."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__(path.parent, delete_checkpoint=False)
        self._path = path
        self._seconds = seconds
        self._next = time.monotonic() + seconds

    @property
    def path(self) -> Path:
        """The checkpoint."""
        return self._path

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Ask for a checkpoint, if the last one is old enough."""
        if time.monotonic() >= self._next or epoch + 1 == self.params.get("epochs"):
            super().on_epoch_end(epoch, logs)
            self._next = time.monotonic() + self._seconds


def _key(model: Model, x: Array, y: Array, settings: object) -> str:
    import hashlib

    found = hashlib.sha256(repr(settings).encode())
    for layer in model.layers:
        found.update(repr((type(layer).__name__, [weight.shape for weight in layer.weights])).encode())
    found.update(json.dumps(serialize(model.optimizer), default=repr, sort_keys=True).encode())
    found.update(json.dumps(global_generator().bit_generator.state, default=repr, sort_keys=True).encode())
    for array in (model.parameters, x, y):
        found.update(repr((array.shape, array.dtype.str)).encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()[:32]


@contextmanager
def resumable(folder: str | os.PathLike[str], seconds: float | None = None) -> Iterator[None]:
    """Keep the state of every training in the block in a folder, and go on from what is already there.

    A script that is killed at any moment, by SIGKILL or a power failure, and run again, ends with the same detector,
    bit by bit. What is done once and not in steps, such as preprocessing and the remembered records, is done again.
    When the block has ended without an error, the checkpoints are deleted.

    Parameters
    ----------
    folder : str or path
        Folder of the checkpoints, which is created. They hold networks, but no records.
    seconds : float, optional
        Least time between two checkpoints of a training; by default one second.

    Warns
    -----
    UserWarning
        If the folder holds checkpoints that this fit could not use: the data, the parameters, the random state or the
        version of the package is another. A detector with ``random_state=None`` never finds its checkpoints again.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from anomaly import TableDetector, resumable
    >>> folder = Path(tempfile.mkdtemp())
    >>> x = np.random.default_rng(0).normal(size=(100, 3))
    >>> with resumable(folder / "backup"):
    ...     detector = TableDetector(epochs=3, random_state=0).fit(x)
    ...     detector.save(folder / "detector.npz")
    >>> sorted(path.name for path in folder.iterdir())
    ['detector.npz']
    """
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    journal = Journal(path, _SECONDS if seconds is None else seconds)
    token = backups.set(journal.callback)
    try:
        yield
    finally:
        backups.reset(token)
    journal.finish()
