"""Standard streams: closed ones, text for a terminal, and an end that leaves nothing behind."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from anomaly.errors import printable

TERMINATED = 143
"""The exit code after SIGTERM, as shells report it."""


def say(text: object) -> None:
    """Print text that may contain names from data or a model on standard output."""
    print(printable(str(text)))


def say_aside(text: object) -> None:
    """Print text that may contain names from data or a model on standard error, if that can be written to.

    Where it cannot, as to a full disk, the results and the exit code are what counts.
    """
    try:
        print(printable(str(text)), file=sys.stderr, flush=True)
    except (OSError, ValueError):
        _discard(sys.stderr)


class _ClosedStream(io.TextIOBase):
    """Stands for a standard stream that the caller has closed: any use is an error, as in other programs."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def buffer(self) -> Any:
        self._refuse()

    def write(self, _: str) -> int:
        self._refuse()

    def read(self, _: int | None = -1) -> str:
        self._refuse()

    def fileno(self) -> int:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise OSError(errno.EBADF, f"{self._name} is closed")


def open_missing_streams() -> None:
    """Replace standard streams that were closed before the start.

    Their numbers are taken by the null device, so that no file is opened under the number of standard output.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdin is None:
        sys.stdin = _ClosedStream("standard input")
    if sys.stdout is None:
        sys.stdout = _ClosedStream("standard output")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.encoding.lower() != "utf-8":
        # Names that a terminal or a locale has no letters for are shown as escapes. Data has a rule of its own.
        sys.stdout.reconfigure(errors="backslashreplace")


def discard_output() -> None:
    """Send what is left of standard output nowhere: Python would fail to write it at the end of the process."""
    _discard(sys.stdout)


def _discard(stream: Any) -> None:
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def discard_unwritten_output() -> None:
    """Write what is buffered for standard output, or, where that fails, discard it."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        discard_output()


@contextmanager
def ending_cleanly() -> Iterator[None]:
    """Let SIGTERM end a block as an exception does, so that it removes its temporary files."""

    def end(*_: object) -> NoReturn:
        raise SystemExit(TERMINATED)

    is_default = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is (
        signal.SIG_DFL
    )
    if not is_default:
        yield
        return
    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
