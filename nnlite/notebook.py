"""One output of a notebook's cell that is replaced, in place of a line for each epoch."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

from nnlite.job import Job, is_running
from nnlite.job_line import Clock, format_line, repeated

_SECONDS_BETWEEN = 0.2
_MOST_COLUMNS = 100
_NUMBERS = count(1)


def in_notebook() -> bool:
    """Return whether the code runs in a notebook, whose outputs can be replaced.

    Examples
    --------
    >>> in_notebook()
    False
    """
    # Where it is not imported, no notebook runs, and it need not be installed.
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return hasattr(shell, "kernel")


class CellOutput:
    """An output of the running cell.

    Each `show` replaces what it showed before. It needs a notebook (see `in_notebook`).
    """

    def __init__(self) -> None:
        self._name = f"nnlite-{id(self)}-{next(_NUMBERS)}"
        self._is_shown = False

    def show(self, text: str, markup: str) -> None:
        """Show HTML, and text where there is none."""
        display: Any = sys.modules["IPython"].display.display
        data = {"text/plain": text, "text/html": markup}
        display(data, raw=True, display_id=self._name, update=self._is_shown)
        self._is_shown = True


class EpochOutput:
    """The progress of a training in a notebook: one bar for all epochs.

    Parameters
    ----------
    epochs : int
        Number of the last epoch.
    steps : int
        Batches of an epoch; 0 if nobody knows.
    """

    def __init__(self, epochs: int, steps: int) -> None:
        self._epochs, self._steps = epochs, steps
        self._output = CellOutput()
        self._first: int | None = None
        self._start = time.monotonic()
        self._shown = 0.0

    def update(self, epoch: int, batch: int, logs: Mapping[str, float], last: bool = False) -> None:
        """Show how far it is, unless too little time has passed.

        Parameters
        ----------
        epoch, batch : int
            Number of the epoch, from 0, and of its batches that are done.
        logs : mapping of str to float
            The loss and the metrics.
        last : bool, default False
            Whether there will be no more.
        """
        now = time.monotonic()
        first = self._first = epoch if self._first is None else self._first
        if not last and now - self._shown < _SECONDS_BETWEEN:
            return
        self._shown = now
        done = epoch + min(batch / max(self._steps, 1), 1.0)
        passed, ahead = max(done - first, 1e-9), max(self._epochs - done, 0.0)
        seconds = now - self._start
        times = f"{seconds:.0f}s" if last else f"{seconds * ahead / passed:.0f}s left"
        values = " - ".join(f"{name}: {value:.4g}" for name, value in logs.items())
        text = f"Epoch {min(epoch + 1, self._epochs)}/{self._epochs} - {times} - {values}"
        self._output.show(text, _markup((done - first) / max(self._epochs - first, 1), text))


@contextmanager
def job_shown(name: str) -> Iterator[None]:
    """Show the progress of what runs in a block as one bar, in a notebook; elsewhere, and in a running job, nothing."""
    if is_running() or not in_notebook():
        yield
        return
    output, clock = CellOutput(), Clock(time.monotonic())
    with Job() as job:

        def draw() -> None:
            now = time.monotonic()
            clock.update(job.fraction, job.tally, now)
            text = format_line(name, job, clock, now, _MOST_COLUMNS, bar=False)
            output.show(text, _markup(job.fraction, text))

        with repeated(draw):
            yield
        seconds = f"{name}  100 %  {clock.elapsed(time.monotonic()):.0f} s"
        output.show(seconds, _markup(1.0, seconds))


def _markup(fraction: float, text: str) -> str:
    # Only a notebook needs it.
    import html

    bar = f'<progress value="{fraction:.3f}" max="1" style="width:16em"></progress>'
    return f"<div>{bar} <code>{html.escape(text)}</code></div>"
