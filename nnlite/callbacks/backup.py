"""Backups of a training that may be killed."""

from __future__ import annotations

import os
from pathlib import Path

from nnlite.callbacks.base import Callback, Logs
from nnlite.validation import check_argument, integer

_FILE = "checkpoint.npz"


class BackupAndRestore(Callback):
    """Save the state of training after each epoch, and go on from it when the same script is run again.

    Training that is killed at any moment and continued, in the same or another process, ends with the weights of
    training that was never interrupted, bit by bit: the checkpoint holds the weights, the optimizer, the random
    generators of the shuffling and of every layer, the history and the state of the callbacks. It replaces the one
    before whole or not at all. The model, the data and the arguments of `fit` must be the same, and so must the
    machine and its number of threads.

    Parameters
    ----------
    backup_dir : str or path
        Folder of the checkpoint, which is created.
    save_freq : int or "epoch", default "epoch"
        "epoch": save after each epoch; a number: after that many epochs. Keras counts batches.
    delete_checkpoint : bool, default True
        Whether to delete the checkpoint once training has ended.

    See Also
    --------
    nnlite.models.Model.fit : Its argument `resume` goes on from a checkpoint that must exist.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from nnlite import Sequential
    >>> from nnlite.layers import Dense, Input
    >>> model = Sequential([Input((3,)), Dense(3)])
    >>> model.compile("adam", "mse")
    >>> x = np.ones((10, 3))
    >>> backup = BackupAndRestore(tempfile.mkdtemp(), delete_checkpoint=False)
    >>> _ = model.fit(x, x, epochs=2, verbose=0, callbacks=[backup])
    >>> backup.path.name
    'checkpoint.npz'
    """

    def __init__(
        self, backup_dir: str | os.PathLike[str], save_freq: str | int = "epoch", delete_checkpoint: bool = True
    ) -> None:
        super().__init__()
        if not backup_dir:
            raise ValueError(f"BackupAndRestore: backup_dir must be the name of a folder; found {backup_dir!r}")
        self.backup_dir = Path(backup_dir)
        if save_freq != "epoch":
            check_argument(self, "save_freq", save_freq, integer(least=1))
        self.save_freq = save_freq
        self.delete_checkpoint = delete_checkpoint

    @property
    def path(self) -> Path:
        """The checkpoint."""
        return self.backup_dir / _FILE

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Create the folder; ask `fit` to go on from the checkpoint, if there is one."""
        self.backup_dir.mkdir(parents=True, exist_ok=True)
        if self.path.exists():
            self.model.running_fit.resume = self.path

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Ask `fit` to save a checkpoint when all callbacks have seen the epoch."""
        every = 1 if self.save_freq == "epoch" else int(self.save_freq)
        if (epoch + 1) % every == 0:
            self.model.running_fit.checkpoint = self.path

    def on_train_end(self, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Delete the checkpoint."""
        if self.delete_checkpoint:
            self.path.unlink(missing_ok=True)
