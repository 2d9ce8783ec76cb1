"""Guesses at the encoding of text that is not UTF-8, with how a cell of it would read."""

from __future__ import annotations

import codecs
import re

from anomaly.errors import format_value

# Of one byte a letter, then of two; what reads as another one does is left out.
_SINGLE = ("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "latin-1")
_DOUBLE = ("gb18030", "big5", "shift_jis", "euc_kr")
_MOST_SHOWN = 6
_LONGEST = 24
_CELL = re.compile(rb"[^,;\t\r\n\"]*")
_RUNS = re.compile(rb"[\x80-\xff]+")


def guess(data: bytes) -> str:
    r"""Return the likeliest encoding of bytes that are no UTF-8.

    Single letters beyond ASCII among others are those of a European language; where they come in pairs, they may be
    characters of two bytes.

    Examples
    --------
    >>> guess("Gr\u00f6\u00dfe,1\n".encode("cp1252")), guess("a,1\n".encode("utf-16-le"))
    ('cp1252', 'utf-16-le')
    >>> guess("\u6e29\u5ea6,1\n".encode("gb18030")), guess("\u0434\u0435\u043d\u044c".encode("cp1251"))
    ('gb18030', 'cp1251')
    """
    if b"\0" in data:
        return "utf-16-le" if data[1::2].count(0) >= data[::2].count(0) else "utf-16-be"
    return _likely(data)[0]


def how_it_reads(data: bytes, at: int) -> str:
    r"""Return how the cell around a byte that is no UTF-8 reads in the encodings it may be in, for messages.

    Examples
    --------
    >>> data = "name,Gr\u00f6\u00dfe\n".encode("cp1252")
    >>> print(ascii(how_it_reads(data, data.index(0xF6))[:37]))
    "the cell would read 'Gr\xf6\xdfe' in cp1252"
    """
    start = max(data.rfind(mark, 0, at) for mark in (b",", b";", b"\t", b"\n", b"\r", b'"')) + 1
    found = _CELL.match(data, start)
    cell = found[0] if found else b""
    read: dict[str, str] = {}
    for name in _likely(data):
        text = cell.decode(name, errors="replace")[:_LONGEST].strip()
        if "\ufffd" not in text and text.isprintable():
            read.setdefault(text, name)
    shown = [f"{format_value(text)} in {name}" for text, name in list(read.items())[:_MOST_SHOWN]]
    return f"the cell would read {', '.join(shown)}" if shown else ""


def _likely(data: bytes) -> list[str]:
    """Return the encodings in which bytes are text, the likeliest first."""
    runs = _RUNS.findall(data)
    are_pairs = sum(map(len, runs)) > 2 * len(runs) and all(len(run) % 2 == 0 for run in runs)
    is_long = sum(map(len, runs)) > 3 * len(runs)
    single = ("cp1251", *_SINGLE) if is_long else _SINGLE
    order = (*_DOUBLE, *single) if are_pairs and _is_ideographic(data) else (*single, *_DOUBLE)
    return [name for name in dict.fromkeys(order) if _decodes(data, name)] or ["latin-1"]


def _decodes(data: bytes, name: str) -> bool:
    try:
        codecs.getincrementaldecoder(name)().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _is_ideographic(data: bytes) -> bool:
    """Return whether most characters beyond ASCII are of the common part of the Chinese set of two bytes.

    Its first rows hold the characters in daily use; letters of other alphabets, read in pairs, are anywhere.
    """
    pairs = [run[i : i + 2] for run in _RUNS.findall(data) for i in range(0, len(run) - 1, 2)]
    common = sum(0xA1 <= pair[0] <= 0xD7 and pair[1] >= 0xA1 for pair in pairs)
    return bool(pairs) and common >= 0.9 * len(pairs)
