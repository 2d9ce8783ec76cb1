"""Opening of text files: plain or gzipped, standard input and output, with errors that name the line."""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, Any, TypeVar

from anomaly.errors import DataError
from anomaly.tables.live_lines import LiveLines
from nnlite.files import atomic_write

_Text = TypeVar("_Text")

_GZIP_MAGIC = b"\x1f\x8b"


def describe_path(path: str | os.PathLike[str]) -> str:
    """Return the name of a file for error messages."""
    return "standard input" if os.fspath(path) == "-" else repr(os.fspath(path))


@contextmanager
def open_text(path: str | os.PathLike[str], encoding: str) -> Iterator[IO[str] | LiveLines]:
    """Open a text file for reading, plain or compressed by gzip; ``"-"`` is standard input.

    The lines of a pipe or a terminal are `LiveLines`, unless they are compressed.
    """
    with ExitStack() as stack:
        if os.fspath(path) == "-":
            binary: Any = sys.stdin.buffer
        else:
            binary = stack.enter_context(_open_binary(path))
        if binary.peek(2)[:2] == _GZIP_MAGIC:
            binary = stack.enter_context(gzip.GzipFile(fileobj=binary, mode="rb"))
        elif is_live(binary):
            yield _with_encoding(LiveLines, binary, encoding)
            return
        text = _with_encoding(io.TextIOWrapper, binary, encoding, newline="")
        try:
            yield text
        finally:
            # Standard input stays open, and the stack closes the other streams.
            text.detach()


def is_live(binary: Any) -> bool:
    """Return whether a stream is a pipe, a terminal or a socket, whose writer may be slower than its reader.

    Examples
    --------
    >>> is_live(io.BytesIO(b"text"))
    False
    """
    try:
        return not stat.S_ISREG(os.fstat(binary.fileno()).st_mode)
    except OSError:  # io.UnsupportedOperation: it is no file
        return False


def _with_encoding(make: Callable[..., _Text], binary: Any, encoding: str, **options: Any) -> _Text:
    """Return a stream of text in an encoding; raise DataError if there is no such encoding."""
    try:
        return make(binary, encoding=encoding, **options)
    except LookupError as error:
        raise DataError(f"encoding {encoding!r} is unknown to Python; give one such as 'utf-8' or 'latin-1'") from error


def _open_binary(path: str | os.PathLike[str]) -> IO[bytes]:
    try:
        return open(path, "rb")
    except FileNotFoundError as error:
        raise DataError(f"cannot read {describe_path(path)}: there is no such file") from error
    except IsADirectoryError as error:
        raise DataError(f"cannot read {describe_path(path)}: it is a folder; name a file in it") from error


def read_lines(stream: Iterable[str], label: str) -> Iterator[str]:
    """Yield the lines of a file; raise DataError with the number of the first line that is not text."""
    count = 0
    try:
        for count, line in enumerate(stream, start=1):
            if "\0" in line:
                raise DataError(
                    f"{label}, line {count}: found a NUL character; this is a binary file, or text in another encoding "
                    "(such as encoding='utf-16')"
                )
            yield line
    except UnicodeDecodeError as error:
        # The undecoded bytes begin within the line that follows the last one yielded.
        line_number = count + 1 + error.object[: error.start].count(b"\n")
        raise DataError(
            f"{label}, line {line_number}: found the byte 0x{error.object[error.start]:02x}, which is not text in "
            f"encoding {error.encoding!r}; save the file in this encoding, or in Python pass "
            "the encoding of the file (such as encoding='latin-1')"
        ) from error
    except UnicodeError as error:  # UTF-16 without a byte-order mark
        raise DataError(f"{label}, line {count + 1}: {error}; give the file's encoding") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{label}, after line {count}: the gzip data is truncated or damaged ({error})") from error


@contextmanager
def create_text(path: str | os.PathLike[str]) -> Iterator[IO[str]]:
    """Open a new text file for writing, which replaces an earlier one at the end; ``"-"`` is standard output."""
    if os.fspath(path) == "-":
        yield sys.stdout
        sys.stdout.flush()
        return
    with ExitStack() as stack:
        binary: Any = stack.enter_context(atomic_write(path))
        if os.fspath(path).endswith(".gz"):
            # Without file name and date, equal contents give equal bytes.
            binary = stack.enter_context(gzip.GzipFile(filename="", mode="wb", fileobj=binary, mtime=0))
        text = io.TextIOWrapper(binary, encoding="utf-8", newline="")
        yield text
        text.detach()  # flushes the buffer; the stack closes the file


def appears_at_once(path: str | os.PathLike[str]) -> bool:
    """Return whether what is written appears at once: on standard output, a device or a pipe, and in no file.

    Examples
    --------
    >>> appears_at_once("-"), appears_at_once("scores.csv")
    (True, False)
    """
    return os.fspath(path) == "-" or (os.path.exists(path) and not os.path.isfile(path))
