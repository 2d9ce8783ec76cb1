"""Tables of CSV by compiled code: one pass over bytes. Values and errors are those of `anomaly.tables.csv_records`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from anomaly.errors import DataError
from anomaly.tables.bad_rows import BadRows
from anomaly.tables.byte_source import ByteSource
from anomaly.tables.csv_layout import Layout
from anomaly.tables.csv_records import Begun, plain_tables, records
from anomaly.tables.table import Table
from anomaly.tables.text_lines import TextLines
from nnlite.delimited import EMPTY, MORE, NUMBER, SKIPPED, TEXT, WRONG, RecordReader
from nnlite.types import Array

_PIECE, _LARGEST_PIECE = 1 << 18, 1 << 24


class Start(NamedTuple):
    """Where the records begin.

    Attributes
    ----------
    head : bytes
        Bytes that are read already.
    line : int
        Line of the first of them.
    """

    head: bytes
    line: int


def compiled_tables(
    source: ByteSource, start: Start, layout: Layout, reader: RecordReader, bad: BadRows | None = None
) -> Iterator[Table]:
    """Yield tables of the next rows, as many as the reader's chunks have.

    Parameters
    ----------
    source : ByteSource
        The bytes after those of `start`.
    start : Start
        Where to begin.
    layout : Layout
        The columns.
    reader : RecordReader
        The compiled reader.
    bad : BadRows, optional
        Where records with a fault go; without it they are errors. From the first one on, `csv` reads.
    """
    named = [NUMBER if name in layout.numbers else TEXT for name in layout.names]
    kinds = [SKIPPED] * layout.n_before + named + [EMPTY] * layout.n_empty
    most_rows = reader.most_rows
    buffer, line, count, is_final = start.head, start.line, 0, False
    while True:
        reader.start(kinds, 0, line)
        size = _PIECE
        while (reason := reader.read(buffer, is_final)) == MORE and not is_final:
            piece = source.read(size)
            is_final = not piece
            buffer += piece
            size = min(2 * size, _LARGEST_PIECE)
        if reason == WRONG and bad is None:
            raise _fault(buffer[reader.position :], reader.line, source, layout)
        n_rows, position, after = reader.n_rows, reader.position, reader.line
        if n_rows:
            lines = reader.records().lines.copy()
            columns = _columns(reader, buffer, kinds, layout)
            late = {j for j, column in columns.items() if column is None}
            if late:
                # Not all cells of these are numbers: once more as text, as which they are read from now on.
                kinds = [TEXT if j in late else kind for j, kind in enumerate(kinds)]
                again = [kind if j in late or kind == EMPTY else SKIPPED for j, kind in enumerate(kinds)]
                reader.start(again, 0, line)
                reader.read(buffer, is_final)
                columns |= _columns(reader, buffer, again, layout)
            cells = tuple(column for _, column in sorted(columns.items()) if column is not None)
            rows = range(count + 1, count + n_rows + 1)
            yield Table(layout.names, cells, row_numbers=rows, line_numbers=lines)
            count += n_rows
        buffer, line = buffer[position:], after
        if reason == WRONG:
            break
        if reason == MORE:
            return
    as_text = frozenset(
        name for name, kind in zip(layout.names, kinds[layout.n_before :], strict=False) if kind == TEXT
    )
    lines_left = TextLines(source, layout.label, buffer)
    found = records(lines_left, layout.delimiter, layout.label, line, bad)
    yield from plain_tables(found, layout, most_rows, lines_left.has_next, bad, Begun(count, as_text))


def _columns(reader: RecordReader, buffer: bytes, kinds: list[int], layout: Layout) -> dict[int, Array | None]:
    """Return the columns that were read, by position; None for one of numbers with a cell that is none."""
    found = reader.records()
    columns: dict[int, Array | None] = {}
    numbers, texts = iter(found.numbers), iter(zip(found.spans, found.codes, strict=True))
    for j, kind in enumerate(kinds):
        if kind == NUMBER:
            columns[j] = layout.cells.without_marks(next(numbers).copy())
        elif kind == TEXT:
            spans, codes = next(texts)
            columns[j] = layout.cells.coded(_texts(buffer, spans), codes.copy())
    for row, j, start, end in found.odd.tolist():
        column = columns[j]
        if column is not None:
            number = layout.cells.number_of(buffer[start:end].decode())
            if number is None:
                columns[j] = None
            else:
                column[row] = number
    return columns


def _texts(buffer: bytes, spans: Array) -> list[str]:
    """Return the texts of spans; a doubled quote is one."""
    texts = []
    for start, size in spans.tolist():
        text = buffer[start : start + size // 2].decode()
        texts.append(text.replace('""', '"') if size % 2 else text)
    return texts


def _fault(rest: bytes, line: int, source: ByteSource, layout: Layout) -> DataError:
    """Return what is wrong with the record that begins with bytes."""
    lines = TextLines(source, layout.label, rest)
    try:
        first, fields = next(records(lines, layout.delimiter, layout.label, line))
    except DataError as error:
        return error
    return DataError(f"{layout.label}, line {first}: {layout.fault(fields)}")
