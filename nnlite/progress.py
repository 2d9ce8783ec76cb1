"""Progress bar of training."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TextIO

_WIDTH = 20
_SECONDS_BETWEEN_DRAWINGS = 0.1


class Progress:
    """Progress of an epoch: a bar that is updated in a terminal, else one line.

    Parameters
    ----------
    steps : int
        Number of batches in the epoch; 0 if it is unknown.
    bar : bool, default True
        Whether to draw a bar, or only the loss and the metrics.
    stream : text file, optional
        Output file; by default standard output.
    """

    def __init__(self, steps: int, bar: bool = True, stream: TextIO | None = None) -> None:
        self.steps = steps
        self.bar = bar
        self.stream = stream or sys.stdout
        self.redraws = bar and self.stream.isatty()
        self._full, self._empty = self._characters()
        self._start = self._drawn = time.perf_counter()
        self._length = self._seen = 0

    def _characters(self) -> tuple[str, str]:
        try:
            "━".encode(self.stream.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            return "=", "."
        return "━", " "

    def update(self, step: int, logs: Mapping[str, float]) -> None:
        """Redraw the bar after `step` batches, at most ten times per second."""
        self._seen = step
        now = time.perf_counter()
        if self.redraws and now - self._drawn >= _SECONDS_BETWEEN_DRAWINGS:
            self._drawn = now
            self._write("\r" + self._padded(self._line(step, logs, now - self._start)))

    def finish(self, logs: Mapping[str, float]) -> None:
        """Write the last line of the epoch."""
        line = self._line(self.steps or self._seen, logs, time.perf_counter() - self._start)
        self._write(("\r" if self.redraws else "") + self._padded(line) + "\n")

    def _padded(self, line: str) -> str:
        """Return the line with spaces that overwrite the rest of the previous one."""
        padded = line.ljust(self._length) if self.redraws else line
        self._length = len(line)
        return padded

    def _line(self, step: int, logs: Mapping[str, float], seconds: float) -> str:
        steps = self.steps or step
        width = len(str(steps))
        count = f"{step:>{width}}/{steps if self.steps or not self.redraws else '?'}"
        if self.bar:
            full = _WIDTH * step // max(steps, 1)
            count += f" {self._full * full}{self._empty * (_WIDTH - full)} "
        else:
            count += " - "
        separator = " " if self.bar else " - "
        times = f"{seconds:.0f}s{separator}{_per_step(seconds / max(step, 1))}"
        return count + " - ".join([times, *(f"{name}: {_format(value)}" for name, value in logs.items())])

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()


def _per_step(seconds: float) -> str:
    for limit, factor, unit in ((1e-3, 1e6, "us"), (1.0, 1e3, "ms")):
        if seconds < limit:
            return f"{seconds * factor:.0f}{unit}/step"
    return f"{seconds:.0f}s/step"


def _format(value: float) -> str:
    return f"{value:.4f}" if abs(value) > 1e-3 or value == 0 else f"{value:.4e}"
