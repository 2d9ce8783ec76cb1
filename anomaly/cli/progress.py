"""Progress of a command on a terminal: one line on standard error that is drawn anew, and is gone at the end.

The line has no colors and no control sequences but the carriage return, so that every terminal and console shows it.
What else is printed meanwhile goes above it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from nnlite.job import Job
from nnlite.job_line import Clock, format_line, repeated

_SECONDS_BEFORE = 0.7
_SECONDS_BETWEEN_LINES = 10.0
_COLUMNS = 80


def add_progress(parser: ArgumentParser) -> None:
    """Add the options that say whether to show progress."""
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument(
        "--quiet",
        "-q",
        action="store_true",
        help="show no progress, and no summary of what was written to a file; warnings and errors remain",
    )
    shown.add_argument(
        "--progress",
        action="store_true",
        help="show progress on standard error, a line every ten seconds where that is no terminal (default: on a "
        "terminal)",
    )


class ProgressLine:
    """The line of a job on a stream.

    Parameters
    ----------
    command : str
        Name of the command.
    job : Job
        The job.
    stream : text file
        Where to draw it: on a terminal anew in place, else line after line, every ten seconds.
    now : float
        The start, in seconds.
    """

    def __init__(self, command: str, job: Job, stream: TextIO, now: float) -> None:
        self._command, self._job, self._stream = command, job, stream
        self._clock, self._start = Clock(now), now
        self._redraws = stream.isatty()
        self._characters = "━ " if _can_write("━", stream) else "#."
        self._shown = 0
        self._drawn = now
        self._at_line_start = True
        self._lock = threading.RLock()

    def draw(self, now: float) -> None:
        """Draw it, unless too little time has passed."""
        self._clock.update(self._job.fraction, self._job.tally, now)
        wait = _SECONDS_BEFORE if self._redraws else _SECONDS_BETWEEN_LINES
        if now - self._start < wait or (not self._redraws and now - self._drawn < wait):
            return
        if self._redraws and not (self._at_line_start and _is_in_foreground(self._stream)):
            return
        # The last column stays free: some terminals go to the next line after it.
        width = _columns(self._stream) - 1 if self._redraws else 100
        line = format_line(self._command, self._job, self._clock, now, width, self._characters)
        with self._lock, suppress(OSError, ValueError):
            self._drawn = now
            if self._redraws:
                self._stream.write("\r" + line.ljust(min(self._shown, width)))
                self._shown = len(line)
            elif line:
                self._stream.write(f"{line}\n")
            self._stream.flush()

    def erase(self) -> None:
        """Leave nothing of it."""
        with self._lock, suppress(OSError, ValueError):
            if self._shown:
                width = min(self._shown, _columns(self._stream) - 1)
                self._stream.write("\r" + " " * width + "\r")
                self._stream.flush()
                self._shown = 0

    def write_above(self, stream: TextIO, text: str) -> int:
        """Write other text to a stream on the same terminal."""
        with self._lock:
            if text:
                self.erase()
                # It must not be drawn over an unfinished line.
                self._at_line_start = text.endswith("\n")
            return stream.write(text)


class _Above:
    """A stream whose text goes above the line."""

    def __init__(self, stream: TextIO, line: ProgressLine) -> None:
        self._stream, self._line = stream, line

    def write(self, text: str) -> int:
        """Write text."""
        return self._line.write_above(self._stream, text)

    def writelines(self, lines: Any) -> None:
        """Write lines."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _columns(stream: TextIO) -> int:
    """Return how wide a terminal is, which may change; standard output may be another one, or a file."""
    chosen = os.environ.get("COLUMNS", "")
    if chosen.isdecimal() and int(chosen):
        return int(chosen)
    try:
        return os.get_terminal_size(stream.fileno()).columns or _COLUMNS
    except (AttributeError, OSError, ValueError):
        return _COLUMNS


def _can_write(text: str, stream: TextIO) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _is_in_foreground(stream: TextIO) -> bool:
    """Return whether the process may write to its terminal, and not another one that the shell runs meanwhile."""
    try:
        # A terminal of another session, or of another container, has none that is known here.
        return os.tcgetpgrp(stream.fileno()) in (0, os.getpgrp())
    except (AttributeError, OSError, ValueError):
        # Windows has no such groups, and some streams no number.
        return True


def is_wanted(quiet: bool, progress: bool, writes_rows: bool, verbose: bool) -> bool:
    """Return whether to show progress.

    Parameters
    ----------
    quiet, progress : bool
        The options of these names.
    writes_rows : bool
        Whether rows of results appear on standard output meanwhile: on the same terminal they are progress enough.
    verbose : bool
        Whether training shows its own progress.
    """
    if quiet or verbose:
        return False
    if progress:
        return True
    is_dumb = os.environ.get("TERM") == "dumb"
    return sys.stderr.isatty() and not is_dumb and not (writes_rows and sys.stdout.isatty())


@contextmanager
def progress_shown(command: str) -> Iterator[Job]:
    """Show the progress of what runs in a block, on standard error."""
    stdout, stderr = sys.stdout, sys.stderr
    with Job() as job:
        line = ProgressLine(command, job, stderr, time.monotonic())
        above: list[Any] = [_Above(one, line) if one.isatty() else one for one in (stdout, stderr)]
        sys.stdout, sys.stderr = above
        try:
            with repeated(lambda: line.draw(time.monotonic())):
                yield job
        finally:
            line.erase()
            sys.stdout, sys.stderr = stdout, stderr
