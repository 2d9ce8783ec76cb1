"""The bytes of a text file as UTF-8, whatever its encoding, checked piece by piece, with errors that name the line."""

from __future__ import annotations

import codecs
import gzip
import zlib
from typing import Any

from anomaly.errors import DataError
from anomaly.tables.encodings import guess, how_it_reads

_UTF8 = ("utf-8", "utf_8", "utf8", "utf-8-sig", "utf_8_sig")
_DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error)
_MARK = b"\xef\xbb\xbf"


class ByteSource:
    r"""Reader of the bytes of a text, in UTF-8 and without a byte-order mark.

    Bytes come in whole characters. What comes before an error is given first: an error is raised by the read after it.

    Parameters
    ----------
    binary : buffered binary stream
        The stream.
    encoding : str or None
        Encoding of the text; None for UTF-8, or what a byte-order mark says.
    label : str
        Name of the file, for messages.
    is_live : bool, default False
        Whether the stream is a pipe, a terminal or a socket.

    Raises
    ------
    DataError
        If there is no such encoding.

    Examples
    --------
    >>> import io
    >>> source = ByteSource(io.BufferedReader(io.BytesIO("é".encode("latin-1"))), "latin-1", "file")
    >>> source.read(100), source.read(100)
    (b'\xc3\xa9', b'')
    """

    def __init__(self, binary: Any, encoding: str | None, label: str, is_live: bool = False) -> None:
        self._damage: Exception | None = None
        if encoding is None:
            encoding = "utf-8-sig"
            try:
                encoding = encoding_of(binary)
            except _DAMAGE as error:
                self._damage = error
        try:
            self._decoder = codecs.getincrementaldecoder(encoding)()
        except LookupError as error:
            raise DataError(
                f"encoding {encoding!r} is unknown to Python; give one such as 'utf-8' or 'latin-1'"
            ) from error
        self._binary, self._label, self.is_live = binary, label, is_live
        self._is_utf8 = encoding.lower() in _UTF8
        self._is_first = True
        self._at_end = False
        self._lines = 0
        self._ends_with_return = False
        self._error: DataError | None = None

    def has_bytes(self) -> bool:
        """Return whether bytes, an error or the end can be had without waiting."""
        if not self.is_live or self._error is not None:
            return True
        try:
            import select  # a library of its own, which few processes need

            return bool(select.select([self._binary], [], [], 0)[0])
        except (OSError, ValueError):
            # Windows can ask this of sockets alone, and others of the first descriptors; without an answer each read
            # counts as all there is.
            return False

    def read(self, size: int) -> bytes:
        """Return the next bytes: about `size`, or those of a live stream that are there; none at the end.

        Raises
        ------
        DataError
            If the bytes are not text in the encoding, or the data is not what gzip wrote; the message names the line.
        """
        while True:
            if self._error is not None:
                raise self._error
            if self._at_end:
                return b""
            piece = self._next(size)
            if piece:
                self._lines += self._count(piece)
                return piece

    def _next(self, size: int) -> bytes:
        """Return the next bytes in UTF-8, which may be none; note an error that follows them."""
        if self._damage is not None:
            self._error = DataError(
                f"{self._label}, after line {self._lines}: the gzip data is truncated or damaged ({self._damage})"
            )
            return b""
        data = self._read_binary(size)
        self._at_end = not data and self._damage is None
        if self._is_utf8 and not self._is_first and data.isascii() and self._decoder.getstate()[0] == b"":
            piece = data
        else:
            try:
                piece = self._decoder.decode(data, final=self._at_end).encode()
            except UnicodeDecodeError as error:
                piece = self._before(error)
            except UnicodeError as error:  # UTF-16 without a byte-order mark, or half of a pair
                self._error = DataError(f"{self._label}, line {self._lines + 1}: {error}; give the file's encoding")
                return b""
        if self._is_first and piece:
            piece = piece.removeprefix(_MARK) if self._is_utf8 else piece
            self._is_first = False
        at = piece.find(b"\0")
        if at >= 0:
            piece = _whole_lines(piece[:at])
            self._error = DataError(
                f"{self._label}, line {self._line_after(piece)}: found a NUL character; this is a binary file, or text "
                f"in another encoding, perhaps {guess(data)!r}: give it as encoding= (on the command line: --encoding)"
            )
        return piece

    def _read_binary(self, size: int) -> bytes:
        """Return the next bytes of the stream, those before damage, too."""
        parts: list[bytes] = []
        left = size
        try:
            while left > 0:
                part: bytes = self._binary.read1(left)
                parts.append(part)
                left -= len(part)
                if self.is_live or not part:
                    break
        except _DAMAGE as error:
            self._damage = error
        return b"".join(parts)

    def _before(self, error: UnicodeDecodeError) -> bytes:
        """Return the whole lines before undecodable bytes, and note the error."""
        start = error.object[: error.start]
        try:
            # Bytes without a meaning so far are in the error's object, too.
            piece = _whole_lines(start.decode(error.encoding).encode())
        except UnicodeError:
            piece = b""
        line = self._line_after(piece) if piece or not start else self._lines + 1 + start.count(b"\n")
        reading = how_it_reads(error.object, error.start)
        self._error = DataError(
            f"{self._label}, line {line}: found the byte 0x{error.object[error.start]:02x}, which is not text in "
            f"encoding {error.encoding!r}; give that of the file, perhaps {guess(error.object)!r}, as encoding= (on "
            f"the command line: --encoding){'; ' if reading else ''}{reading}"
        )
        return piece

    def _line_after(self, piece: bytes) -> int:
        before = self._ends_with_return
        count = self._lines + 1 + self._count(piece)
        self._ends_with_return = before
        return count

    def _count(self, piece: bytes) -> int:
        r"""Return how many lines end in the next bytes, with \n, \r\n or \r."""
        returns = piece.count(b"\r")
        count = piece.count(b"\n") + (returns - piece.count(b"\r\n") if returns else 0)
        if self._ends_with_return and piece.startswith(b"\n"):
            count -= 1
        self._ends_with_return = piece.endswith(b"\r")
        return count


def encoding_of(binary: Any) -> str:
    """Return the encoding that a byte-order mark at the beginning of a stream says, or UTF-8 without one."""
    start = bytes(binary.peek(4)[:4])
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    return "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"


def _whole_lines(piece: bytes) -> bytes:
    r"""Return the bytes up to the last end of a line."""
    return piece[: max(piece.rfind(b"\n"), piece.rfind(b"\r")) + 1]
