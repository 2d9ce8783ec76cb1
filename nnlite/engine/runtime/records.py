"""Records of delimited text in compiled code: its tables of powers, and its working memory."""

from __future__ import annotations

from functools import cache

import numpy as np

from nnlite.engine.codegen.native import call, native_function
from nnlite.engine.record_kinds import MORE, NUMBER, ODD_FULL, TEXT, TEXTS_FULL, Records
from nnlite.engine.runtime.addresses import Addresses
from nnlite.types import Array

_FIRST_TEXTS, _FIRST_ODD = 1024, 1024
_LEAST_POWER, _MOST_POWER = -300, 280
_BITS = 128
# Columns a power of two apart would compete for a few places of the cache.
_PADDING = 24
_BEGIN, _ROW, _LINE, _ODD, _REASON = range(22, 27)


class CompiledRecords:
    """A reader of chunks of records.

    Parameters
    ----------
    delimiter, point : int
        Bytes of the delimiter and of the decimal point.
    most_rows : int
        Rows of a chunk.
    longest_field : int
        Most bytes of a field.
    """

    def __init__(self, delimiter: int, point: int, most_rows: int, longest_field: int) -> None:
        self._form = delimiter, point, longest_field
        self.most_rows = most_rows
        self._stride = most_rows + _PADDING
        self._most_texts, self._most_odd = _FIRST_TEXTS, _FIRST_ODD
        self._function = native_function("records.read", np.dtype(np.float64))
        self._powers, self._tens = _powers()
        self._kinds: list[int] = []

    def start(self, kinds: list[int], begin: int, line: int) -> None:
        """Begin a chunk: its columns' kinds, the position of its first record, and that record's line."""
        if kinds != self._kinds:
            self._kinds = list(kinds)
            self._allocate()
        self._begin, self._line = begin, line
        self._restart()

    def read(self, data: bytes, is_final: bool) -> int:
        """Read records until the chunk is full, or there are no more; return why reading stopped.

        Parameters
        ----------
        data : bytes
            Valid UTF-8 from the chunk's beginning: those of the call before, and more.
        is_final : bool
            Whether no bytes follow.
        """
        while True:
            reason = self._run(data, is_final)
            if reason == TEXTS_FULL:
                self._most_texts *= 4
                self._allocate()
                self._restart()
            elif reason == ODD_FULL:
                self._most_odd *= 4
                self._allocate()
                self._restart()
            else:
                return reason

    @property
    def position(self) -> int:
        """Where in the bytes the next record begins."""
        return int(self._state[0])

    @property
    def n_rows(self) -> int:
        """Rows read so far."""
        return int(self._state[1])

    @property
    def line(self) -> int:
        """The line of the next record."""
        return int(self._state[2])

    def records(self) -> Records:
        """Return the rows read so far."""
        rows, texts = self.n_rows, self._kinds.count(TEXT)
        return Records(
            self._numbers[: self._kinds.count(NUMBER), :rows],
            self._codes[:texts, :rows],
            [spans[:count] for spans, count in zip(self._spans[:texts], self._counts.tolist(), strict=False)],
            self._odd[: self._state[3]],
            self._lines[:rows],
        )

    def _allocate(self) -> None:
        numbers, texts = (max(1, self._kinds.count(kind)) for kind in (NUMBER, TEXT))
        self._kind_array = np.array(self._kinds, np.int64)
        self._slots = np.zeros(len(self._kinds), np.int64)
        for kind in (NUMBER, TEXT):
            self._slots[self._kind_array == kind] = np.arange(self._kinds.count(kind))
        self._numbers = np.empty((numbers, self._stride))
        self._codes = np.empty((texts, self._stride), np.int32)
        self._seen = np.zeros((texts, 2 * self._most_texts), np.int32)
        self._spans = np.empty((texts, self._most_texts, 2), np.int64)
        self._counts = np.zeros(texts, np.int64)
        self._odd = np.empty((self._most_odd, 4), np.int64)
        self._lines = np.empty(self._stride, np.int64)

    def _restart(self) -> None:
        self._seen[:] = 0
        self._counts[:] = 0
        self._state = [self._begin, 0, self._line, 0, MORE]

    def _run(self, data: bytes, is_final: bool) -> int:
        addresses = Addresses()
        of, i8 = addresses.of, np.int64
        delimiter, point, longest = self._form
        fields = np.array([
            of("data", np.frombuffer(data or b"\0", np.uint8), np.uint8), len(data), int(is_final), delimiter, point,
            len(self._kinds), longest, of("kinds", self._kind_array, i8), of("slots", self._slots, i8),
            of("numbers", self._numbers, np.float64), of("codes", self._codes, np.int32), self._stride,
            of("seen", self._seen, np.int32), self._seen.shape[1], of("spans", self._spans, i8), self._most_texts,
            of("counts", self._counts, i8), of("odd", self._odd, i8), self._most_odd,
            of("powers", self._powers, np.uint64), of("tens", self._tens, np.float64), of("lines", self._lines, i8),
            *self._state, self.most_rows,
        ], i8)  # fmt: skip
        call(self._function, of("fields", fields, i8), 0)
        self._state = fields[_BEGIN : _REASON + 1].tolist()
        return int(fields[_REASON])


@cache
def _powers() -> tuple[Array, Array]:
    """Return the powers of five, as 128 bits in two halves, and those of ten that are exact."""
    table = np.zeros((_MOST_POWER - _LEAST_POWER + 1, 2), np.uint64)
    for q in range(_LEAST_POWER, _MOST_POWER + 1):
        if q >= 0:
            power = 5**q
            surplus = power.bit_length() - _BITS
            power = power >> surplus if surplus > 0 else power << -surplus
        else:
            bits = (5**-q).bit_length() + _BITS
            power = (1 << bits) // 5**-q + 1
            while power.bit_length() > _BITS:
                bits -= 1
                power = (1 << bits) // 5**-q + 1
        table[q - _LEAST_POWER] = power >> 64, power & (2**64 - 1)
    return table, 10.0 ** np.arange(23)
