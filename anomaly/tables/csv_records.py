"""Records of CSV by Python's `csv` module, and the tables of their columns: the path that needs NumPy alone."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from anomaly.errors import DataError
from anomaly.tables.bad_rows import BadRows
from anomaly.tables.coded import decimal_of, with_decimal
from anomaly.tables.csv_columns import BLANKS
from anomaly.tables.csv_layout import LONGEST_FIELD, Layout
from anomaly.tables.table import Table
from nnlite.types import Array

_Value = TypeVar("_Value")
Record = tuple[int, list[str]]
"""Line of a record, and its fields."""

_BLOCK_ROWS = 2048


class Begun(NamedTuple):
    """What is read of a file already: rows, and the columns of text that were to be numbers."""

    n_rows: int = 0
    as_text: frozenset[str] = frozenset()


def records(
    lines: Iterable[str], delimiter: str, label: str, first: int = 1, bad: BadRows | None = None
) -> Iterator[Record]:
    """Yield the number of the first line and the fields of each record; none of a line of blanks and delimiters.

    Parameters
    ----------
    lines : iterable of str
        Lines with their ends.
    delimiter : str
        Character between fields.
    label : str
        Name of the file, for messages.
    first : int, default 1
        Number of the first of the lines.
    bad : BadRows, optional
        Where records go that cannot be read; without it they are errors.
    """
    kept = _LastLine(lines)
    reader = csv.reader(kept, delimiter=delimiter, strict=True)
    start = first
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if bad is None:
                raise DataError(f"{label}: the record that starts on line {start} cannot be read: {error}") from error
            bad.add(label, start, f"cannot be read: {error}")
        else:
            # An empty text in quotes is written on purpose.
            is_blank = len(row) > 1 and not any(map(_strip_blanks, row)) and '"' not in kept.line
            yield start, [] if is_blank else row
        start = reader.line_num + first


class _LastLine(Iterator[str]):
    """Lines, of which the last one is kept."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.line = ""

    def __next__(self) -> str:
        self.line = next(self._lines)
        return self.line


def _strip_blanks(field: str) -> str:
    return field.strip(BLANKS)


def available(values: Iterator[_Value], most: int, has_next: Callable[[], bool], least: int = 1) -> Iterator[_Value]:
    """Yield the next values, at most so many, and after the first ones only those that need not be waited for."""
    for count, value in enumerate(values, start=1):
        yield value
        if count == most or (count >= least and not has_next()):
            return


def plain_tables(
    found: Iterator[Record],
    layout: Layout,
    chunk_rows: int,
    has_next: Callable[[], bool],
    bad: BadRows | None = None,
    begun: Begun | None = None,
) -> Iterator[Table]:
    """Yield tables of the next rows.

    Parameters
    ----------
    found : iterator
        Records, from `records`.
    layout : Layout
        Their columns.
    chunk_rows : int
        Most rows of a table.
    has_next : callable
        Returns whether the next line can be had without waiting.
    bad : BadRows, optional
        Where records with a fault go; without it they are errors.
    begun : Begun, optional
        What is read already.
    """
    count, as_text = (0, set()) if begun is None else (begun.n_rows, set(begun.as_text))
    while blocks := list(_blocks(found, layout, chunk_rows, has_next, bad)):
        lines, texts = zip(*blocks, strict=True)
        columns = []
        for name, parts in zip(layout.names, zip(*texts, strict=True), strict=True):
            column = _numbers(parts, layout) if name in layout.numbers and name not in as_text else None
            if column is None:
                as_text.add(name)
                cells = [layout.cells.text(part) for part in parts]
                column = with_decimal(np.concatenate(cells), decimal_of(cells[0]))
            columns.append(column)
        numbers = np.concatenate(lines)
        rows = range(count + 1, count + len(numbers) + 1)
        yield Table(layout.names, tuple(columns), row_numbers=rows, line_numbers=numbers)
        count += len(numbers)


def _blocks(
    found: Iterator[Record], layout: Layout, count: int, has_next: Callable[[], bool], bad: BadRows | None
) -> Iterator[tuple[Array, list[Sequence[str]]]]:
    """Yield up to `count` rows as line numbers and columns of fields, in blocks that fit into the cache."""
    is_begun = False
    while count:
        size = min(count, _BLOCK_ROWS)
        read, error = _read(available(found, size, has_next))
        block = [record for record in read if not layout.is_blank(record[1])]
        if bad is not None:
            block = _without_faults(block, layout, bad)
        if block:
            is_begun = True
            lines, rows = zip(*block, strict=True)
            columns: list[Sequence[str]] = list(zip(*rows, strict=False))
            if not _fits(rows, columns, layout):
                _check(lines, rows, layout)
            first = layout.n_before
            yield np.array(lines, dtype=np.int64), columns[first : first + len(layout.names)]
            count -= len(rows)
        if error is not None:
            raise error
        if not read or (is_begun and len(read) < size):
            return


def _read(found: Iterator[Record]) -> tuple[list[Record], DataError | None]:
    """Return records, and the error after them."""
    read: list[Record] = []
    try:
        for record in found:
            read.append(record)
    except DataError as error:
        return read, error
    return read, None


def _without_faults(block: Sequence[Record], layout: Layout, bad: BadRows) -> list[Record]:
    """Return the records without a fault, and add the others to the bad ones."""
    good = []
    for line, fields in block:
        fault = layout.fault(fields)
        if fault is None:
            good.append((line, fields))
        else:
            bad.add(layout.label, line, fault)
    return good


def _fits(rows: Sequence[Sequence[str]], columns: Sequence[Sequence[str]], layout: Layout) -> bool:
    """Return whether no record has a fault, which is quick to see of most."""
    is_short = all(4 * max(map(len, column)) <= LONGEST_FIELD for column in columns)
    return is_short and set(map(len, rows)) == {layout.n_before + len(layout.names)}


def _check(lines: Sequence[int], rows: Sequence[Sequence[str]], layout: Layout) -> None:
    """Raise DataError at the first record with a fault."""
    for line, row in zip(lines, rows, strict=True):
        fault = layout.fault(row)
        if fault is not None:
            raise DataError(f"{layout.label}, line {line}: {fault}")


def _numbers(parts: Sequence[Sequence[str]], layout: Layout) -> Array | None:
    """Return a column of numbers in blocks; None if a cell is none."""
    numbers = []
    for part in parts:
        found = layout.cells.numbers(part)
        if found is None:
            return None
        numbers.append(found)
    return np.concatenate(numbers)
