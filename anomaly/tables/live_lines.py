"""Lines of a pipe or a terminal as they arrive: a reader knows whether it would have to wait for the next one."""

from __future__ import annotations

import codecs
import io
import select
from collections import deque
from collections.abc import Iterator
from typing import Any

_MOST_BYTES = 1 << 16


class LiveLines(Iterator[str]):
    r"""Iterator over the lines of a stream, which tells whether the next one can be had without waiting.

    Lines end with ``\n``, ``\r`` or ``\r\n``, which they keep, as with ``open(..., newline="")``.

    Parameters
    ----------
    binary : buffered binary stream
        The stream, with a file descriptor.
    encoding : str
        Encoding of the text.

    Raises
    ------
    LookupError
        If the encoding is unknown.

    Examples
    --------
    >>> import os
    >>> read_end, write_end = os.pipe()
    >>> reader = open(read_end, "rb")
    >>> lines = LiveLines(reader, "utf-8")
    >>> _ = os.write(write_end, b"first\nsecond\nthi")
    >>> next(lines), lines.has_next(), next(lines), lines.has_next()
    ('first\n', True, 'second\n', False)
    >>> os.close(write_end)
    >>> list(lines)
    ['thi']
    >>> reader.close()
    """

    def __init__(self, binary: Any, encoding: str) -> None:
        self._binary = binary
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._lines: deque[str] = deque()
        self._partial = ""
        self._at_end = False
        self._error: UnicodeError | None = None

    def __next__(self) -> str:
        while not self._lines:
            if self._error is not None:
                raise self._error
            if self._at_end:
                raise StopIteration
            self._fill()
        return self._lines.popleft()

    def has_next(self) -> bool:
        """Return whether the next line, an error or the end of the stream can be had without waiting."""
        while not (self._lines or self._at_end or self._error is not None):
            if not self._has_bytes():
                return False
            self._fill()
        return True

    def _has_bytes(self) -> bool:
        try:
            return bool(select.select([self._binary], [], [], 0)[0])
        except (OSError, ValueError):
            # Windows can ask this of sockets alone, and others of the first descriptors; without an answer each read
            # counts as all there is.
            return False

    def _fill(self) -> None:
        """Read the bytes that are there, or wait for some."""
        data = self._binary.read1(_MOST_BYTES)
        self._at_end = not data
        try:
            text = self._partial + self._decoder.decode(data, final=self._at_end)
        except UnicodeError as error:
            self._error = error
            return
        lines = list(io.StringIO(text, newline=""))
        # Of a last line without an end, or with half of "\r\n", the rest is still to come.
        is_partial = bool(lines) and not self._at_end and not lines[-1].endswith("\n")
        self._partial = lines.pop() if is_partial else ""
        self._lines.extend(lines)
