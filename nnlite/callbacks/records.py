"""Callbacks that keep or show what happened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

from nnlite.callbacks.base import Callback, Logs
from nnlite.progress import Progress


class History(Callback):
    """The figures of every epoch; `fit` returns one.

    Attributes
    ----------
    history : dict of str to list of float
        Each figure's values, one per epoch.
    epoch : list of int
        The epochs' numbers.
    backend : {"numpy", "numba"}
        What computed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.backend = "numpy"
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def interest(self, phase: str) -> str:  # noqa: ARG002
        """Tell that it looks at figures alone."""
        return "none"

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Append the figures."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class ProgressBar(Callback):
    """The progress bar that `fit` shows.

    Parameters
    ----------
    verbose : {1, 2}, default 1
        A bar, or a line per epoch.
    """

    def __init__(self, verbose: int = 1) -> None:
        super().__init__()
        self.verbose = verbose

    def interest(self, phase: str) -> str:
        """Tell that a bar may skip batches."""
        return {"train": "some", "test": "none", "epoch": "every"}[phase]

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Begin a bar."""
        print(f"Epoch {epoch + 1}/{self.params['epochs']}")
        self._progress = Progress(self.params["steps"], bar=self.verbose == 1)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Lengthen the bar."""
        self._progress.update(batch + 1, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: ARG002
        """End the bar."""
        self._progress.finish(logs or {})


class CSVLogger(Callback):
    """Write every epoch's figures to a CSV file.

    The file is written line by line, so that what has been learned so far is there if training breaks off. Its columns
    are the epoch and the figures in the order of their names; what an epoch lacks, such as the figures of validation
    where there was none, is "NA".

    Parameters
    ----------
    filename : str or path
        Where to.
    separator : str, default ","
        Between the figures.
    append : bool, default False
        Whether to go on with an existing file.
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = Path(filename)
        self.separator = separator
        self.append = append
        self._file: IO[str] | None = None
        self._names: list[str] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Open the file."""
        import csv

        self._names = []
        if self.append and self.filename.exists() and self.filename.stat().st_size:
            with open(self.filename, newline="") as file:
                self._names = next(csv.reader(file, delimiter=self.separator))
        self._file = open(self.filename, "a" if self.append else "w", newline="")  # noqa: SIM115

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a line."""
        import csv

        logs = logs or {}
        assert self._file is not None
        writer = csv.writer(self._file, delimiter=self.separator, lineterminator="\n")
        if not self._names:
            names = sorted(logs)
            if not any(name.startswith("val_") for name in names):
                # Validation may come in a later epoch, and a column cannot be added then.
                names += [f"val_{name}" for name in names]
            self._names = ["epoch", *names]
            writer.writerow(self._names)
        writer.writerow([epoch, *(logs.get(name, "NA") for name in self._names[1:])])
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
