"""Lines of a text as they arrive: a reader knows whether it would have to wait for the next one."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator

from anomaly.errors import DataError
from anomaly.tables.byte_source import ByteSource

_PIECE = 1 << 16
LONGEST_LINE = 1 << 22
"""Most bytes of a line, so that a file without line ends takes no memory without limit."""


class TextLines(Iterator[str]):
    r"""Iterator over the lines of a source, which tells whether the next one can be had without waiting.

    Lines end with ``\n``, ``\r`` or ``\r\n``, which they keep, as with ``open(..., newline="")``.

    Parameters
    ----------
    source : ByteSource
        The bytes.
    label : str
        Name of the file, for messages.
    head : bytes, default b""
        Bytes before those of the source.

    Examples
    --------
    >>> import os
    >>> read_end, write_end = os.pipe()
    >>> reader = open(read_end, "rb")
    >>> lines = TextLines(ByteSource(reader, "utf-8", "pipe", is_live=True), "pipe")
    >>> _ = os.write(write_end, b"first\nsecond\nthi")
    >>> next(lines), lines.has_next(), next(lines), lines.has_next()
    ('first\n', True, 'second\n', False)
    >>> os.close(write_end)
    >>> list(lines)
    ['thi']
    >>> reader.close()
    """

    def __init__(self, source: ByteSource, label: str, head: bytes = b"") -> None:
        self._source, self._label = source, label
        self._lines: deque[str] = deque()
        self._count = 0
        self._partial = ""
        self._at_end = False
        self._error: DataError | None = None
        if head:
            self._split(head.decode())

    def __next__(self) -> str:
        while not self._lines:
            if self._error is not None:
                raise self._error
            if self._at_end:
                raise StopIteration
            self._fill()
        self._count += 1
        return self._lines.popleft()

    def has_next(self) -> bool:
        """Return whether the next line, an error or the end of the stream can be had without waiting."""
        while not (self._lines or self._at_end or self._error is not None):
            if not self._source.has_bytes():
                return False
            self._fill()
        return True

    def rest(self) -> bytes:
        """Return the bytes that were read from the source and are in no line so far; they are in none later."""
        text = "".join(self._lines) + self._partial
        self._lines.clear()
        self._partial = ""
        return text.encode()

    def _fill(self) -> None:
        """Read the bytes that are there, or wait for some."""
        try:
            piece = self._source.read(_PIECE)
        except DataError as error:
            self._error = error
            return
        self._at_end = not piece
        self._split(piece.decode())
        if len(self._partial) > LONGEST_LINE:
            self._error = DataError(
                f"{self._label}, line {self._count + len(self._lines) + 1}: the line has more than {LONGEST_LINE:,} "
                "characters; expected one record a line"
            )

    def _split(self, piece: str) -> None:
        lines = list(io.StringIO(self._partial + piece, newline=""))
        # Of a last line without an end, or with half of "\r\n", the rest is still to come.
        is_partial = bool(lines) and not self._at_end and not lines[-1].endswith("\n")
        self._partial = lines.pop() if is_partial else ""
        self._lines.extend(lines)
