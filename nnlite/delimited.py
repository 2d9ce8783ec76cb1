"""Records of delimited text (RFC 4180), read by compiled code in one pass over their bytes.

There is no other implementation here: where there is no Numba, or little to read, `open_record_reader` returns None,
and the caller reads by Python's `csv` module.
"""

from __future__ import annotations

from typing import Protocol

from nnlite.backends import open_engine_part
from nnlite.engine.record_kinds import EMPTY, FULL, MORE, NUMBER, SKIPPED, TEXT, WRONG, Records

__all__ = [
    "EMPTY",
    "FULL",
    "MORE",
    "NUMBER",
    "SKIPPED",
    "TEXT",
    "WRONG",
    "RecordReader",
    "Records",
    "open_record_reader",
]

_SECONDS_PER_BYTE = 7e-8


class RecordReader(Protocol):
    """A reader of chunks of records."""

    def start(self, kinds: list[int], begin: int, line: int) -> None:
        """Begin a chunk: its columns' kinds, the position of its first record, and that record's line."""

    def read(self, data: bytes, is_final: bool) -> int:
        """Read records until the chunk is full, or there are no more; return why reading stopped.

        Parameters
        ----------
        data : bytes
            Valid UTF-8 from the chunk's beginning: those of the call before, and more.
        is_final : bool
            Whether no bytes follow.
        """

    @property
    def most_rows(self) -> int:
        """Rows of a chunk."""

    @property
    def position(self) -> int:
        """Where in the bytes the next record begins."""

    @property
    def n_rows(self) -> int:
        """Rows read so far."""

    @property
    def line(self) -> int:
        """The line of the next record."""

    def records(self) -> Records:
        """Return the rows read so far."""


def open_record_reader(
    delimiter: str, point: str, most_rows: int, longest_field: int, n_bytes: int, backend: str = "auto"
) -> RecordReader | None:
    """Open a compiled reader; return None where there is none, or it is not worth its start.

    Parameters
    ----------
    delimiter, point : str
        Delimiter between fields, and decimal point of numbers: characters of one byte.
    most_rows : int
        Rows of a chunk.
    longest_field : int
        Most bytes of a field.
    n_bytes : int
        About how much is to be read.
    backend : {"auto", "numpy", "numba"}, default "auto"
        "numpy" opens none, "numba" one in any case.

    Raises
    ------
    ValueError
        If `backend` is "numba" and there is no Numba, or there is no such backend.
    """
    if not (delimiter.isascii() and point.isascii()):
        return None

    def open_engine() -> RecordReader:
        from nnlite.engine.runtime.records import CompiledRecords

        return CompiledRecords(ord(delimiter), ord(point), most_rows, longest_field)

    return open_engine_part(open_engine, n_bytes * _SECONDS_PER_BYTE, backend)
