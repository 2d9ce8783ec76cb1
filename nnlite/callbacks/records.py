"""Callbacks that record or display the loss and the metrics."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar

from nnlite.callbacks.base import Callback, Logs
from nnlite.progress import Progress

if TYPE_CHECKING:
    from nnlite.notebook import EpochOutput


class History(Callback):
    """The loss and the metrics of every epoch; the return value of `fit`.

    Attributes
    ----------
    history : dict of str to list of float
        Values of the loss and of each metric, one per epoch.
    epoch : list of int
        Numbers of the epochs.
    backend : {"numpy", "numba"}
        Backend of the computation.
    """

    state_names: ClassVar[tuple[str, ...]] = ("history", "epoch")

    def __init__(self) -> None:
        super().__init__()
        self.backend = "numpy"
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Restore the history; raise ValueError if it is none."""
        super().set_state(state)
        for values in (self.epoch, *self.history.values()):
            if type(values) is not list or not all(type(value) in (int, float) for value in values):
                raise ValueError(f"expected a list of numbers for each metric; found {str(values)[:40]!r}")

    def interest(self, phase: str) -> str:  # noqa: ARG002
        """Return "none": only the logs are used."""
        return "none"

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Append the loss and the metrics."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class ProgressBar(Callback):
    """Progress bar of `fit`: of each epoch, or in a notebook one for all of them, which is replaced.

    Parameters
    ----------
    verbose : {1, 2}, default 1
        1: a bar; 2: a line per epoch.
    """

    def __init__(self, verbose: int = 1) -> None:
        super().__init__()
        self.verbose = verbose
        self._output: EpochOutput | None = None
        self._epoch, self._logs = -1, Logs()

    def interest(self, phase: str) -> str:
        """Return "some" for batches of training: a bar may skip batches."""
        return {"train": "some", "test": "none", "epoch": "every"}[phase]

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Find out whether a notebook shows it."""
        # Imported here, since a program that scores shows no bar.
        from nnlite.notebook import EpochOutput, in_notebook

        is_replaced = self.verbose == 1 and in_notebook()
        self._output = EpochOutput(self.params["epochs"], self.params["steps"]) if is_replaced else None

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Start the bar of an epoch."""
        self._epoch = epoch
        if self._output is not None:
            return
        print(f"Epoch {epoch + 1}/{self.params['epochs']}")
        self._progress = Progress(self.params["steps"], bar=self.verbose == 1)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Update the bar."""
        if self._output is not None:
            self._output.update(self._epoch, batch + 1, logs or {})
            return
        self._progress.update(batch + 1, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Finish the bar."""
        if self._output is None:
            self._progress.finish(logs or {})
        else:
            self._logs = logs or {}
            self._output.update(epoch + 1, 0, self._logs)

    def on_train_end(self, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Show the last epoch in a notebook, which may have been too short to be shown."""
        if self._output is not None and self._epoch >= 0:
            self._output.update(self._epoch + 1, 0, self._logs, last=True)


class CSVLogger(Callback):
    """Write the loss and the metrics of every epoch to a CSV file.

    The file is written line by line, so that it is up to date if training is interrupted. The columns are the epoch,
    and the loss and the metrics in alphabetical order. Missing values, such as those of validation in an epoch without
    validation, are "NA".

    Parameters
    ----------
    filename : str or path
        Name of the file.
    separator : str, default ","
        Separator of the columns.
    append : bool, default False
        Whether to append to an existing file.
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
                # The first validation may follow in a later epoch, when a column can no longer be added.
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
