"""Opening of text files: plain or gzipped, standard input and output."""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, Any, NamedTuple, TextIO, cast

from anomaly.errors import DataError, printable
from anomaly.tables.signatures import LONGEST, check_signature
from nnlite.files import atomic_write

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_FACTOR = 5
_SAMPLE_BYTES = 1 << 20


def describe_path(path: str | os.PathLike[str]) -> str:
    """Return the name of a file for error messages."""
    return "standard input" if os.fspath(path) == "-" else repr(os.fspath(path))


class OpenBytes(NamedTuple):
    """An open file of text.

    Attributes
    ----------
    stream : buffered binary stream
        Its bytes, decompressed.
    is_live : bool
        Whether it is a pipe, a terminal or a socket, whose bytes are read as they arrive.
    start : int
        Position of the first byte in a stream that can be read again.
    n_bytes : int
        About how many bytes it has; 0 if that is not known.
    """

    stream: Any
    is_live: bool
    start: int
    n_bytes: int


@contextmanager
def open_bytes(path: str | os.PathLike[str], rewind: bool = False) -> Iterator[OpenBytes]:
    """Open a file of text for reading, plain or compressed by gzip; ``"-"`` is standard input.

    With `rewind` its stream can be read again from `OpenBytes.start`: what arrives through a pipe is kept in memory.
    """
    with ExitStack() as stack:
        binary: Any = sys.stdin.buffer if os.fspath(path) == "-" else stack.enter_context(_open_binary(path))
        is_pipe = is_live(binary)
        if is_pipe and rewind:
            binary, is_pipe = io.BufferedReader(io.BytesIO(binary.read())), False
        size = 0 if is_pipe else _size(binary)
        if binary.peek(2)[:2] == _GZIP_MAGIC:
            if not is_pipe:
                _check_packed(binary, path)
            # A stream of its own, which begins where it is, and not where the file does.
            packed = stack.enter_context(gzip.GzipFile(fileobj=binary, mode="rb"))
            yield OpenBytes(packed, False, 0, _GZIP_FACTOR * size)
        else:
            # Of a pipe, these are the bytes that have arrived.
            check_signature(bytes(binary.peek(LONGEST)[:LONGEST]), describe_path(path))
            yield OpenBytes(binary, is_pipe, 0 if is_pipe else binary.tell(), size)


def _check_packed(binary: Any, path: str | os.PathLike[str]) -> None:
    """Raise DataError if what is compressed is no text; damage is found where the first line is read."""
    begin = binary.tell()
    with suppress(EOFError, OSError, zlib.error), gzip.GzipFile(fileobj=binary, mode="rb") as packed:
        check_signature(packed.peek(LONGEST)[:LONGEST], describe_path(path))
    binary.seek(begin)


def estimated_rows(path: str | os.PathLike[str]) -> float:
    r"""Estimate how many lines a file has, from those at its beginning; 0 if it cannot be read, or read again.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = path.write_text("a,b\n" + 999 * "1,2\n")
    >>> estimated_rows(path)
    1000.0
    """
    if os.fspath(path) == "-" or not os.path.isfile(path):
        return 0.0
    try:
        with open_bytes(path) as opened:
            sample = opened.stream.read(_SAMPLE_BYTES)
            return max(sample.count(b"\n"), 1) * max(opened.n_bytes / max(len(sample), 1), 1.0)
    except OSError:
        return 0.0


def _size(binary: Any) -> int:
    """Return how many bytes a stream has from its position on, which it keeps."""
    start = binary.tell()
    size: int = binary.seek(0, os.SEEK_END) - start
    binary.seek(start)
    return size


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


def _open_binary(path: str | os.PathLike[str]) -> IO[bytes]:
    try:
        return open(path, "rb")
    except FileNotFoundError as error:
        raise DataError(f"cannot read {describe_path(path)}: there is no such file") from error
    except IsADirectoryError as error:
        raise DataError(f"cannot read {describe_path(path)}: it is a folder; name a file in it") from error


class _Terminal:
    """Writes text to a terminal with control characters as escapes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(printable(text))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()


@contextmanager
def create_text(path: str | os.PathLike[str]) -> Iterator[IO[str]]:
    """Open a new text file for writing, which replaces an earlier one at the end; ``"-"`` is standard output.

    Where that is a terminal, control characters are written as escapes: cells of data cannot steer it.
    """
    if os.fspath(path) == "-":
        if sys.stdout.isatty():
            yield cast("IO[str]", _Terminal(sys.stdout))
        else:
            _write_all_letters(sys.stdout)
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


def _write_all_letters(stream: TextIO) -> None:
    """Let a stream write data as files have it, in UTF-8, unless the user has chosen the encoding."""
    if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() != "utf-8":
        chosen = os.environ.get("PYTHONIOENCODING", "").partition(":")[0]
        stream.reconfigure(encoding=None if chosen else "utf-8", errors="strict")


def appears_at_once(path: str | os.PathLike[str]) -> bool:
    """Return whether what is written appears at once: on standard output, a device or a pipe, and in no file.

    Examples
    --------
    >>> appears_at_once("-"), appears_at_once("scores.csv")
    (True, False)
    """
    return os.fspath(path) == "-" or (os.path.exists(path) and not os.path.isfile(path))
