"""Records of delimited text (RFC 4180): one pass over bytes finds fields, parses numbers, gives texts their codes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from nnlite.engine.codegen.pointers import as_pointer, shift
from nnlite.engine.kernels.decimals import parse_plain
from nnlite.engine.record_kinds import EMPTY, FULL, MORE, NUMBER, ODD_FULL, TEXT, TEXTS_FULL, WRONG

_RECORD, _BLANK = 5, 6
_QUOTE, _NEWLINE, _RETURN, _SPACE, _TAB = 34, 10, 13, 32, 9
_OFFSET, _PRIME = np.uint64(14695981039346656037), np.uint64(1099511628211)


class _Source(NamedTuple):
    """Bytes, and the form of their records."""

    data: Any
    end: Any
    is_final: Any
    mark: Any
    point: Any
    width: Any
    longest: Any


class _Target(NamedTuple):
    """Columns to fill."""

    kinds: Any
    slots: Any
    numbers: Any
    codes: Any
    stride: Any
    seen: Any
    size: Any
    spans: Any
    most: Any
    counts: Any
    odd: Any
    most_odd: Any
    powers: Any
    tens: Any


@njit(error_model="numpy")
def _ends_field(c: Any, mark: Any) -> Any:
    return (c == mark) | (c == _NEWLINE) | (c == _RETURN)


@njit(error_model="numpy")
def _quoted(source: Any, i: Any) -> Any:
    """Find the quoted field whose quote is at i; see `_field`."""
    data, end = source.data, source.end
    start, newlines, escaped = i + 1, 0, 0
    i = start
    while i < end:
        c = data[i]
        if c == _QUOTE:
            if i + 1 >= end and not source.is_final:
                return start, i, i, 0, 0, MORE
            if i + 1 >= end or data[i + 1] != _QUOTE:
                return start, i, i + 1, escaped, newlines, FULL
            escaped = 1
            i += 1
        elif c == _NEWLINE or (c == _RETURN and not (i + 1 < end and data[i + 1] == _NEWLINE)):
            newlines += 1
        i += 1
        if i - start > source.longest:
            return start, i, i, 0, 0, WRONG
    return start, i, i, 0, 0, WRONG if source.is_final else MORE


@njit(error_model="numpy")
def _field(source: Any, i: Any) -> Any:
    """Find the field at i: return its start and end, the position after it, escapes, line ends within it, a reason."""
    data, end, mark = source.data, source.end, source.mark
    if i < end and data[i] == _QUOTE:
        return _quoted(source, i)
    start = i
    while i < end:
        if _ends_field(data[i], mark):
            break
        i += 1
    if i - start > source.longest:
        return start, i, i, 0, 0, WRONG
    return start, i, i, 0, 0, MORE if i >= end and not source.is_final else FULL


@njit(error_model="numpy")
def _trim(data: Any, start: Any, end: Any) -> Any:
    """Return a field's start and end without blanks around it."""
    while start < end and (data[start] == _SPACE or data[start] == _TAB):
        start += 1
    while start < end and (data[end - 1] == _SPACE or data[end - 1] == _TAB):
        end -= 1
    return start, end


@njit(error_model="numpy")
def _code(data: Any, target: Any, slot: Any, start: Any, end: Any, escaped: Any) -> Any:
    """Return the code of a text, a new one if it has none yet; -1 if there is no room for it."""
    h = _OFFSET
    for j in range(start, end):
        h = (h ^ np.uint64(data[j])) * _PRIME
    seen, spans = shift(target.seen, slot * target.size), shift(target.spans, 2 * slot * target.most)
    place = np.int64((h ^ (h >> np.uint64(29))) & np.uint64(target.size - 1))
    length = end - start
    while True:
        code = np.int64(seen[place]) - 1
        if code < 0:
            code = target.counts[slot]
            if code == target.most:
                return np.int64(-1)
            seen[place] = np.int32(code + 1)
            spans[2 * code], spans[2 * code + 1] = start, 2 * length + escaped
            target.counts[slot] = code + 1
            return code
        if spans[2 * code + 1] == 2 * length + escaped:
            known, j = spans[2 * code], 0
            while j < length and data[known + j] == data[start + j]:
                j += 1
            if j == length:
                return code
        place = (place + 1) & (target.size - 1)


@njit(error_model="numpy")
def _number(source: Any, target: Any, start: Any, end: Any, row: Any, column: Any, n_odd: Any) -> Any:
    """Set a number with blanks or quotes around it, or NaN, and list it if Python is to parse it; return their count.

    The count is -1 if the list is full.
    """
    a, b = _trim(source.data, start, end)
    numbers, place = target.numbers, target.slots[column] * target.stride + row
    numbers[place] = np.nan
    if a == b:
        return n_odd
    is_plain, value, after = parse_plain(source.data, a, b, source.point, target.powers, target.tens)
    if is_plain and after == b:
        numbers[place] = value
        return n_odd
    if n_odd == target.most_odd:
        return np.int64(-1)
    odd = shift(target.odd, 4 * n_odd)
    odd[0], odd[1], odd[2], odd[3] = row, column, start, end
    return n_odd + 1


@njit(error_model="numpy")
def _line_end(source: Any, i: Any) -> Any:
    """Return the position after the line end at i, or -1 if that takes more bytes."""
    if i >= source.end:
        return i
    if source.data[i] == _NEWLINE:
        return i + 1
    if i + 1 < source.end:
        return i + 1 + np.int64(source.data[i + 1] == _NEWLINE)
    return i + 1 if source.is_final else np.int64(-1)


@njit(error_model="numpy")
def _rest(source: Any, target: Any, column: Any, is_filled: Any) -> Any:
    """Return what a record is whose line ends after a column: all of one, a blank one, or wrong."""
    for j in range(column + 1, source.width):
        if target.kinds[j] != EMPTY:
            return WRONG if is_filled else _BLANK
    return _RECORD if is_filled or source.width == 1 else _BLANK


@njit(error_model="numpy")
def _surplus(source: Any, i: Any, is_filled: Any) -> Any:
    """Return what a record with too many fields is, blank or wrong, from the delimiter at i; and its end."""
    data, end = source.data, source.end
    while i < end and data[i] != _NEWLINE and data[i] != _RETURN:
        is_blank = data[i] == source.mark or data[i] == _SPACE or data[i] == _TAB
        if is_filled or not is_blank:
            return WRONG, i
        i += 1
    return (MORE if i >= end and not source.is_final else _BLANK), i


@njit(error_model="numpy")
def _record(source: Any, target: Any, i: Any, row: Any, n_odd: Any) -> Any:
    """Read the record at i: return what it is, the position after it, its lines, and the number of odd cells."""
    data, end, mark, width = source.data, source.end, source.mark, source.width
    if i >= end:
        return MORE, i, 0, n_odd
    if data[i] == _NEWLINE or data[i] == _RETURN:
        after = _line_end(source, i)
        return (_BLANK if after >= 0 else MORE), after, 1, n_odd
    is_filled, newlines = False, 1
    for column in range(width):
        kind = target.kinds[column]
        is_read = False
        if kind == NUMBER:
            is_plain, value, after = parse_plain(data, i, end, source.point, target.powers, target.tens)
            if is_plain and after < end:
                is_read = _ends_field(data[after], mark)
                if is_read:
                    target.numbers[target.slots[column] * target.stride + row] = value
                    is_filled = True
                    i = after
        if not is_read:
            start, stop, after, escaped, more_lines, reason = _field(source, i)
            if reason != FULL:
                return reason, i, 0, n_odd
            newlines += more_lines
            if not is_filled or kind == EMPTY:
                a, b = _trim(data, start, stop)
                # An empty text in quotes is written on purpose, unless it is alone.
                is_alone = column == 0 and not (after < end and data[after] == mark)
                is_filled = is_filled or a < b or (start > i and not is_alone)
                if kind == EMPTY and a < b:
                    return WRONG, i, 0, n_odd
            if kind == NUMBER:
                n_odd = _number(source, target, start, stop, row, column, n_odd)
                if n_odd < 0:
                    return ODD_FULL, i, 0, n_odd
            elif kind == TEXT:
                code = _code(data, target, target.slots[column], start, stop, escaped)
                if code < 0:
                    return TEXTS_FULL, i, 0, n_odd
                target.codes[target.slots[column] * target.stride + row] = np.int32(code)
            i = after
        if i < end and data[i] == mark:
            i += 1
            if column == width - 1:
                what, i = _surplus(source, i - 1, is_filled)
                if what != _BLANK:
                    return what, i, 0, n_odd
                after = _line_end(source, i)
                return (_BLANK if after >= 0 else MORE), after, newlines, n_odd
        elif i >= end or data[i] == _NEWLINE or data[i] == _RETURN:
            what = _rest(source, target, column, is_filled)
            after = _line_end(source, i)
            return (what if after >= 0 else MORE), after, newlines, n_odd
        else:
            return WRONG, i, 0, n_odd
    return WRONG, i, 0, n_odd


def read(op: Any, state: Any, zero: Any) -> None:  # noqa: ARG001
    """Read records until there are enough rows, or no more whole records.

    op: data (uint8), its end, whether no bytes follow, delimiter, decimal point, columns, most bytes of a field; kinds
    and slots (int64); numbers (float64) and codes (int32), each slot after another; rows of a slot; hash tables (int32)
    of codes + 1, and their size, a power of two; spans (int64: start, twice the length, + 1 with doubled quotes) and
    their most for a slot; counts of texts (int64); odd cells (int64: row, column, start, end) and their most; powers
    (uint64), tens; lines (int64); what is continued: position, row, line, odd cells; reason of the end; most rows.
    """
    b, n, d, i4, u = np.uint8(0), np.int64(0), 0.0, np.int32(0), np.uint64(0)
    source = _Source(as_pointer(op[0], b), op[1], op[2], op[3], op[4], op[5], op[6])
    target = _Target(
        as_pointer(op[7], n), as_pointer(op[8], n), as_pointer(op[9], d), as_pointer(op[10], i4), op[11],
        as_pointer(op[12], i4), op[13], as_pointer(op[14], n), op[15], as_pointer(op[16], n), as_pointer(op[17], n),
        op[18], as_pointer(op[19], u), as_pointer(op[20], d),
    )  # fmt: skip
    lines = as_pointer(op[21], n)
    i, row, line, n_odd, reason = op[22], op[23], op[24], op[25], np.int64(FULL)
    while row < op[27]:
        what, after, newlines, found = _record(source, target, i, row, n_odd)
        if what == _RECORD:
            lines[row] = line
            row += 1
            n_odd = found
        elif what != _BLANK:
            reason = np.int64(what)
            break
        i = after
        line += newlines
    op[22], op[23], op[24], op[25], op[26] = i, row, line, n_odd, reason
