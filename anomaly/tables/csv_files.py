"""Reading and writing of CSV files, a chunk of rows at a time, with errors that name the line.

The format is RFC 4180, as implemented by Python's `csv` module, with any of four delimiters.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from types import TracebackType
from typing import Any, TypeVar

import numpy as np

from anomaly.errors import DataError, format_names
from anomaly.tables.live_lines import LiveLines
from anomaly.tables.spreadsheets import without_formulas
from anomaly.tables.table import Table, concatenate
from anomaly.tables.text_files import appears_at_once, create_text, describe_path, open_text, read_lines
from nnlite.types import Array

_Value = TypeVar("_Value")

DELIMITERS = ",;\t|"
_SAMPLE_LINES = 200
_BLOCK_ROWS = 2048


def read_csv(
    path: str | os.PathLike[str],
    *,
    delimiter: str | None = None,
    header: bool = True,
    encoding: str = "utf-8-sig",
) -> Table:
    r"""Read a CSV file into one table.

    Parameters
    ----------
    path : str or path
        The file, plain or compressed by gzip, whatever its name; ``"-"`` is standard input.
    delimiter : str, optional
        Character between fields; by default comma, semicolon, tab or ``|``, inferred from the first lines.
    header : bool, default True
        Whether the first line contains the names of the columns. If not, these are ``"0"``, ``"1"``, ...
    encoding : str, default "utf-8-sig"
        UTF-8, with or without a byte-order mark.

    Returns
    -------
    Table
        Columns of text, as in the file. Rows keep the number of their line.

    Raises
    ------
    DataError
        If there is no such file or it is a folder; it is empty or has no rows; a row has too many or too few
        fields; names are missing or repeated; or the file is not text in this encoding.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "payments.csv"
    >>> _ = path.write_text("amount;country\n3,50;FR\n7,00;DE\n")
    >>> table = read_csv(path)
    >>> table.names, table["country"].tolist(), table.position(1)
    (('amount', 'country'), ['FR', 'DE'], 'line 3 (row 2)')
    """
    chunks = iter_csv(path, delimiter=delimiter, header=header, encoding=encoding)
    return concatenate(list(chunks))


def iter_csv(
    path: str | os.PathLike[str],
    *,
    delimiter: str | None = None,
    header: bool = True,
    encoding: str = "utf-8-sig",
    chunk_rows: int = 50_000,
) -> Iterator[Table]:
    """Read a CSV file in chunks of rows, in an amount of memory that does not depend on its length.

    Rows of a pipe or a terminal are not waited for: a table ends where the next row has not arrived.

    Parameters
    ----------
    path, delimiter, header, encoding
        As for `read_csv`. Of a pipe, the delimiter is inferred from the lines that have arrived, two at least.
    chunk_rows : int, default 50_000
        Rows of each table; the last one may have fewer, and of a pipe every one.

    Yields
    ------
    Table
        The next rows, numbered from the start of the file.

    Raises
    ------
    DataError, OSError
        As `read_csv`, at the invalid row.
    """
    if chunk_rows < 1:
        raise ValueError(f"chunk_rows must be at least 1; found {chunk_rows}")
    label = describe_path(path)
    with open_text(path, encoding) as stream:
        lines = read_lines(stream, label)
        has_next = stream.has_next if isinstance(stream, LiveLines) else _always
        # A header alone may hold several delimiters; the row after it is waited for in any case.
        sample = list(_available(lines, _SAMPLE_LINES, has_next, least=2 if header else 1))
        delimiter = _infer_delimiter(sample) if delimiter is None else _check_delimiter(delimiter)
        records = _records(chain(sample, lines), delimiter, label)
        yield from _tables(records, header, chunk_rows, label, has_next)


# -- reading -----------------------------------------------------------------------------------


def _infer_delimiter(sample: Sequence[str]) -> str:
    """Return the delimiter that splits the largest fraction of the first lines into as many fields as the header.

    The most frequent character is no criterion: decimal commas may outnumber the semicolons between fields.
    """
    best, best_fit = DELIMITERS[0], (0.0, 0)
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(sample, delimiter=delimiter) if row]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        fit = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
        if fit > best_fit:
            best, best_fit = delimiter, fit
    return best


def _check_delimiter(delimiter: str) -> str:
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise ValueError(f"delimiter must be one character such as ',' or ';'; found {delimiter!r}")
    return delimiter


def _always() -> bool:
    return True


def _available(values: Iterator[_Value], most: int, has_next: Callable[[], bool], least: int = 1) -> Iterator[_Value]:
    """Yield the next values, at most so many, and after the first ones only those that need not be waited for."""
    for count, value in enumerate(values, start=1):
        yield value
        if count == most or (count >= least and not has_next()):
            return


def _records(lines: Iterable[str], delimiter: str, label: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the first line and the fields of each record; a blank line has none."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    start = 1
    try:
        for row in reader:
            yield start, row
            start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{label}: the record that starts on line {start} cannot be read: {error}") from error


def _tables(
    records: Iterator[tuple[int, list[str]]], header: bool, chunk_rows: int, label: str, has_next: Callable[[], bool]
) -> Iterator[Table]:
    first = next((record for record in records if record[1]), None)
    if first is None:
        raise DataError(f"{label} is empty")
    names = _header(*first, label) if header else tuple(map(str, range(len(first[1]))))
    if not header:
        records = chain([first], records)
    count = 0
    while blocks := list(_blocks(records, names, chunk_rows, label, has_next)):
        lines, columns = zip(*blocks, strict=True)
        numbers = np.concatenate(lines)
        yield Table(
            names,
            tuple(map(np.concatenate, zip(*columns, strict=True))),
            row_numbers=range(count + 1, count + len(numbers) + 1),
            line_numbers=numbers,
        )
        count += len(numbers)
    if not count:
        raise DataError(f"{label} has a header and no rows")


def _blocks(
    records: Iterator[tuple[int, list[str]]],
    names: Sequence[str],
    count: int,
    label: str,
    has_next: Callable[[], bool],
) -> Iterator[tuple[Array, list[Array]]]:
    """Yield up to `count` rows as line numbers and columns, in blocks that fit into the cache."""
    least_fields = min(len(names), 2)
    found = False
    while count:
        size = min(count, _BLOCK_ROWS)
        read = list(_available(records, size, has_next))
        # Blank lines are no rows, and of several columns those of blanks neither.
        block = [r for r in read if len(r[1]) >= least_fields or (r[1] and r[1][0].strip())]
        if block:
            found = True
            lines, rows = zip(*block, strict=True)
            _check_widths(lines, rows, names, label)
            columns = [_text_column(fields) for fields in zip(*rows, strict=True)]
            yield np.array(lines, dtype=np.int64), columns
            count -= len(rows)
        if not read or (found and len(read) < size):
            return


def _header(line: int, fields: Sequence[str], label: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in fields)
    where = f"{label}, line {line}"
    if "" in names:
        raise DataError(
            f"{where}: column {names.index('') + 1} has no name{_explain_empty_name(names)}; name every column, or "
            "read the file as one without a header (on the command line: --no-header)"
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            f"{where}: column names must be distinct; found more than once: {format_names(twice)}. If the "
            "file has no header, read it as one without (on the command line: --no-header)"
        )
    return names


def _explain_empty_name(names: Sequence[str]) -> str:
    """Return the likely cause of a single empty name, with its remedy, for an error message."""
    if names.count("") == 1 and len(names) > 1:
        if not names[0]:
            return " (as for the index that pandas writes: omit it with to_csv(index=False), or name it)"
        if not names[-1]:
            return " (as after a delimiter at the end of the line: remove that from every line)"
    return ""


def _check_widths(lines: Sequence[int], rows: Sequence[Sequence[str]], names: Sequence[str], label: str) -> None:
    if set(map(len, rows)) == {len(names)}:
        return
    line, row = next((n, row) for n, row in zip(lines, rows, strict=True) if len(row) != len(names))
    raise DataError(f"{label}, line {line}: found {len(row)} fields, expected {len(names)}")


def _text_column(fields: Sequence[str]) -> Array:
    sample = fields[:100]
    if len(set(sample)) < len(sample) / 2:
        # Many values are repeated: equal fields share one object, since each text takes 50 bytes.
        distinct: dict[str, str] = {}
        fields = list(map(distinct.setdefault, fields, fields))
    return np.fromiter(fields, dtype=np.object_, count=len(fields))


# -- writing -----------------------------------------------------------------------------------


class CsvWriter:
    """Atomic writer of a CSV file, row by row or chunk by chunk, as a context manager.

    At the end of the ``with`` block the new file replaces an earlier one. After an error the earlier file is unchanged.

    Parameters
    ----------
    path : str or path
        The file; compressed by gzip if the name ends in ``.gz``. ``"-"`` is standard output.
    delimiter : str, default ","
        Character between fields.
    head : sequence of str, optional
        The first row. It is written together with the second, or at the end, so that nothing appears on standard
        output if an error comes first.
    spreadsheet : bool, default False
        Whether to put an apostrophe before text that a spreadsheet would take for a formula.

    Raises
    ------
    OSError
        If the file cannot be written or the disk is full.

    Examples
    --------
    >>> import numpy as np
    >>> with CsvWriter("-", head=["score", "country"]) as writer:
    ...     writer.write_columns([np.array([0.5, np.nan]), np.array(["FR", None], dtype=object)])
    score,country
    0.5,FR
    ,
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        delimiter: str = ",",
        head: Sequence[str] | None = None,
        spreadsheet: bool = False,
    ) -> None:
        self._spreadsheet = spreadsheet
        self._path = path
        self._delimiter = _check_delimiter(delimiter)
        self._head = head
        self._appears_at_once = appears_at_once(path)
        self._stack = ExitStack()

    def __enter__(self) -> CsvWriter:
        with ExitStack() as stack:
            stream = stack.enter_context(create_text(self._path))
            self._writer = csv.writer(stream, delimiter=self._delimiter, lineterminator="\n")
            self._quoter = csv.writer(stream, delimiter=self._delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
            self._stream = stream
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            with self._stack:
                self._write_head()
        else:
            self._stack.__exit__(kind, error, traceback)

    def flush(self) -> None:
        """Pass on the rows written so far, if the output is standard output, a device or a pipe.

        A file appears when it is complete.
        """
        if self._appears_at_once:
            self._stream.flush()

    def write_row(self, fields: Sequence[Any]) -> None:
        """Write one row, such as the header.

        Parameters
        ----------
        fields : sequence
            Text or numbers.
        """
        self._write_head()
        self._write_rows([fields])

    def _write_head(self) -> None:
        if self._head is not None:
            head, self._head = self._head, None
            self._write_rows([head])

    def write_columns(self, columns: Sequence[Array]) -> None:
        """Write a chunk of rows as columns.

        Parameters
        ----------
        columns : sequence of ndarray of shape (n_rows,)
            Numbers are written with the fewest digits that give back the same number; missing values as empty fields.
        """
        self._write_head()
        cells = [_as_fields(column) for column in columns]
        if self._spreadsheet:
            cells = [without_formulas(column) for column in cells]
        # Only text can contain a carriage return.
        texts = [text for text, column in zip(cells, columns, strict=True) if column.dtype.kind in "OU"]
        if any(map(_breaks_lines, texts)):
            self._write_rows(zip(*cells, strict=True))
        else:
            self._writer.writerows(zip(*cells, strict=True))

    def _write_rows(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write rows one by one, those with a carriage return quoted: before Python 3.13 `csv` does not quote it."""
        for row in rows:
            row = without_formulas(row) if self._spreadsheet else row
            (self._quoter if _breaks_lines(row) else self._writer).writerow(row)


def write_csv(path: str | os.PathLike[str], tables: Table | Iterable[Table], *, delimiter: str = ",") -> None:
    """Write a table, or the rows of several tables with the same columns, to a CSV file with a header.

    Parameters
    ----------
    path : str or path
        The file, as for `CsvWriter`.
    tables : Table or iterable of Table
        At least one table; of an iterator, one at a time is kept in memory.
    delimiter : str, default ","
        Character between fields.

    Raises
    ------
    DataError
        If the columns of two tables differ, or there is no table.
    OSError
        If the file cannot be written or the disk is full. An earlier file is unchanged.
    """
    names: tuple[str, ...] | None = None
    with CsvWriter(path, delimiter=delimiter) as writer:
        for table in [tables] if isinstance(tables, Table) else tables:
            if names is None:
                names = table.names
                writer.write_row(names)
            elif table.names != names:
                raise DataError(
                    f"all tables in a file must have the same columns; found {format_names(names)} and "
                    f"{format_names(table.names)}"
                )
            writer.write_columns(table.columns)
        if names is None:
            raise DataError("there is no table to write")


def _breaks_lines(cells: Sequence[Any]) -> bool:
    return any("\r" in cell for cell in cells if isinstance(cell, str))


def _as_fields(column: Array) -> list[Any]:
    kind = column.dtype.kind
    if kind == "M":
        return ["" if text == "NaT" else text for text in np.datetime_as_string(column).tolist()]
    if kind == "f":
        # NumPy writes a float32 with the fewest digits; converted to a Python float it would have 17.
        values = column.tolist() if column.dtype == np.float64 else column.astype(np.str_).tolist()
        return ["" if value != value or value == "nan" else value for value in values]
    return list(column.tolist())
