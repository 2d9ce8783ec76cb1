"""Reading and writing CSV: plain or gzipped, a chunk of rows at a time, with messages that name the line.

The format is that of RFC 4180, as Python's `csv` module reads it, with any of four delimiters.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain, islice
from types import TracebackType
from typing import IO, Any

import numpy as np

from anomaly.errors import DataError, format_names
from anomaly.tables.cells import text_array
from anomaly.tables.table import Table, concatenate
from nnlite.files import atomic_write
from nnlite.types import Array

DELIMITERS = ",;\t|"
_GZIP_MAGIC = b"\x1f\x8b"
_SAMPLE_LINES = 200
_BLOCK_ROWS = 2048


def read_csv(
    path: str | os.PathLike[str],
    *,
    delimiter: str | None = None,
    header: bool = True,
    encoding: str = "utf-8-sig",
) -> Table:
    r"""Read a CSV file whole.

    Parameters
    ----------
    path : str or path
        The file, which may be compressed by gzip whatever its name; ``"-"`` is standard input.
    delimiter : str, optional
        The character between fields; by default the one of comma, semicolon, tab and ``|`` that fits the file.
    header : bool, default True
        Whether the first line names the columns. If not, they are named ``"0"``, ``"1"``, ...
    encoding : str, default "utf-8-sig"
        UTF-8, with or without a byte-order mark.

    Returns
    -------
    Table
        Columns of text, as it stands in the file. Rows know their line.

    Raises
    ------
    DataError
        If there is no such file or it is a folder; it is empty or has no rows; a row has too many or too few
        fields; names are missing or repeated; or it is not text in that encoding.
    OSError
        If it cannot be read.

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
    """Read a CSV file of any length in a fixed amount of memory.

    Parameters
    ----------
    path, delimiter, header, encoding
        As for `read_csv`.
    chunk_rows : int, default 50_000
        Rows in each table but the last.

    Yields
    ------
    Table
        The next rows. Their numbers, and the names of columns, go through the whole file.

    Raises
    ------
    DataError, OSError
        As `read_csv` does, when the reading gets there.
    """
    if chunk_rows < 1:
        raise ValueError(f"chunk_rows must be at least 1; found {chunk_rows}")
    label = _label(path)
    with _open_text(path, encoding) as stream:
        lines = _checked_lines(stream, label)
        sample = list(islice(lines, _SAMPLE_LINES))
        mark = _sniff(sample) if delimiter is None else _checked_delimiter(delimiter)
        records = _records(chain(sample, lines), mark, label)
        yield from _tables(records, header, chunk_rows, label)


# -- reading -----------------------------------------------------------------------------------


def _label(path: str | os.PathLike[str]) -> str:
    return "standard input" if os.fspath(path) == "-" else repr(os.fspath(path))


@contextmanager
def _open_text(path: str | os.PathLike[str], encoding: str) -> Iterator[IO[str]]:
    with ExitStack() as stack:
        if os.fspath(path) == "-":
            binary: Any = sys.stdin.buffer
        else:
            binary = stack.enter_context(_open_binary(path))
        if binary.peek(2)[:2] == _GZIP_MAGIC:
            binary = stack.enter_context(gzip.GzipFile(fileobj=binary, mode="rb"))
        try:
            text = io.TextIOWrapper(binary, encoding=encoding, newline="")
        except LookupError as error:
            raise DataError(f"encoding {encoding!r} is not one that Python knows") from error
        try:
            yield text
        finally:
            # Whoever opened the bytes closes them; standard input stays open.
            text.detach()


def _open_binary(path: str | os.PathLike[str]) -> IO[bytes]:
    try:
        return open(path, "rb")
    except FileNotFoundError as error:
        raise DataError(f"cannot read {_label(path)}: there is no such file") from error
    except IsADirectoryError as error:
        raise DataError(f"cannot read {_label(path)}: it is a folder; name a file in it") from error


def _checked_lines(stream: IO[str], label: str) -> Iterator[str]:
    """Yield the lines of a file; say on which of them it turns out not to be text."""
    count = 0
    try:
        for count, line in enumerate(stream, start=1):
            if "\0" in line:
                raise DataError(
                    f"{label}, line {count}: found a NUL character; this is a binary file, or text in another encoding "
                    "(such as encoding='utf-16')"
                )
            yield line
    except UnicodeDecodeError as error:
        # The bytes in hand begin within the line after the last one that was handed out.
        line_number = count + 1 + error.object[: error.start].count(b"\n")
        raise DataError(
            f"{label}, line {line_number}: found the byte 0x{error.object[error.start]:02x}, which is not text in "
            f"encoding {error.encoding!r}; save the file in it, or in Python give the one "
            "it was written in (such as encoding='latin-1')"
        ) from error
    except UnicodeError as error:  # UTF-16 without a byte-order mark
        raise DataError(f"{label}, line {count + 1}: {error}; give the file's encoding") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{label}, after line {count}: the gzip data is truncated or damaged ({error})") from error


def _sniff(sample: Sequence[str]) -> str:
    """Choose the delimiter that cuts the first lines most evenly into as many fields as the header.

    A comma may stand in every number of a file that is cut at semicolons, so counting characters does not do.
    """
    best, best_fit = DELIMITERS[0], (0.0, 0)
    for mark in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(sample, delimiter=mark) if row]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        fit = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
        if fit > best_fit:
            best, best_fit = mark, fit
    return best


def _checked_delimiter(delimiter: str) -> str:
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise ValueError(f"delimiter must be one character such as ',' or ';'; found {delimiter!r}")
    return delimiter


def _records(lines: Iterable[str], delimiter: str, label: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that is no blank line: the number of the line it starts on, and its fields."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    start = 1
    try:
        for row in reader:
            if row:
                yield start, row
            start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{label}: the record that starts on line {start} cannot be read: {error}") from error


def _tables(records: Iterator[tuple[int, list[str]]], header: bool, chunk_rows: int, label: str) -> Iterator[Table]:
    first = next(records, None)
    if first is None:
        raise DataError(f"{label} is empty")
    names = _header(*first, label) if header else tuple(map(str, range(len(first[1]))))
    if not header:
        records = chain([first], records)
    if len(names) > 1:
        records = (r for r in records if len(r[1]) > 1 or r[1][0].strip())
    count = 0
    while blocks := list(_blocks(records, names, chunk_rows, label)):
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
    records: Iterator[tuple[int, list[str]]], names: Sequence[str], count: int, label: str
) -> Iterator[tuple[Array, list[Array]]]:
    """Yield up to `count` rows as line numbers and columns, so few at a time that they stay in the cache."""
    while count and (block := list(islice(records, min(count, _BLOCK_ROWS)))):
        lines, rows = zip(*block, strict=True)
        _check_widths(lines, rows, names, label)
        columns = [_text_column(fields) for fields in zip(*rows, strict=True)]
        yield np.array(lines, dtype=np.int64), columns
        count -= len(rows)


def _header(line: int, fields: Sequence[str], label: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in fields)
    where = f"{label}, line {line}"
    if "" in names:
        raise DataError(
            f"{where}: column {names.index('') + 1} has no name{_cause_of_no_name(names)}; name every column, or read "
            "the file as one without a header (on the command line: --no-header)"
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            f"{where}: column names must be distinct; found more than once: {format_names(twice)}. If the "
            "file has no header, read it as one without (on the command line: --no-header)"
        )
    return names


def _cause_of_no_name(names: Sequence[str]) -> str:
    """Say where a single name that is missing usually comes from, and what to do about that."""
    if names.count("") == 1 and len(names) > 1:
        if not names[0]:
            return " (as the index that pandas writes: leave it out with to_csv(index=False), or name it)"
        if not names[-1]:
            return " (as after a delimiter at the end of the line: take that out of every line)"
    return ""


def _check_widths(lines: Sequence[int], rows: Sequence[Sequence[str]], names: Sequence[str], label: str) -> None:
    if set(map(len, rows)) == {len(names)}:
        return
    line, row = next((n, row) for n, row in zip(lines, rows, strict=True) if len(row) != len(names))
    raise DataError(f"{label}, line {line}: found {len(row)} fields, expected {len(names)}")


def _text_column(fields: Sequence[str]) -> Array:
    few = fields[:100]
    if len(set(few)) < len(few) / 2:
        # The column repeats itself: one object for all equal fields, as text takes 50 bytes a cell.
        known: dict[str, str] = {}
        return text_array(map(known.setdefault, fields, fields), len(fields))
    return text_array(fields, len(fields))


# -- writing -----------------------------------------------------------------------------------


class CsvWriter:
    """Write a CSV file row by row or chunk by chunk; it appears whole or not at all.

    Used in a ``with`` block. At its end the new file takes the place of an earlier one, which stays as it
    was if the block ends in an error.

    Parameters
    ----------
    path : str or path
        Where to; compressed by gzip if the name ends in ``.gz``. ``"-"`` is standard output.
    delimiter : str, default ","
        The character between fields.
    head : sequence of str, optional
        The first row. It is written with the first that follows it, or at the end: an error before that leaves nothing
        on standard output.

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
        self, path: str | os.PathLike[str], *, delimiter: str = ",", head: Sequence[str] | None = None
    ) -> None:
        self._path = path
        self._delimiter = _checked_delimiter(delimiter)
        self._head = head
        self._stack = ExitStack()

    def __enter__(self) -> CsvWriter:
        with ExitStack() as stack:
            stream = stack.enter_context(_created_text(self._path))
            self._writer = csv.writer(stream, delimiter=self._delimiter, lineterminator="\n")
            self._quoter = csv.writer(stream, delimiter=self._delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
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
        """Write a chunk of rows, given as columns.

        Parameters
        ----------
        columns : sequence of ndarray of shape (n_rows,)
            Numbers are written with as many digits as give the same number when read; missing values as
            nothing.
        """
        self._write_head()
        cells = [_written(column) for column in columns]
        # Numbers need no looking at, and most columns are numbers.
        texts = [text for text, column in zip(cells, columns, strict=True) if column.dtype.kind in "OU"]
        if any(map(_breaks_lines, texts)):
            self._write_rows(zip(*cells, strict=True))
        else:
            self._writer.writerows(zip(*cells, strict=True))

    def _write_rows(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write rows one by one, those with a carriage return in quotes: before Python 3.13 `csv` leaves it bare."""
        for row in rows:
            (self._quoter if _breaks_lines(row) else self._writer).writerow(row)


def write_csv(path: str | os.PathLike[str], tables: Table | Iterable[Table], *, delimiter: str = ",") -> None:
    """Write a table, or tables of the same columns one after the other, with a header.

    Parameters
    ----------
    path : str or path
        Where to, as for `CsvWriter`.
    tables : Table or iterable of Table
        At least one; of an iterator, only one at a time is kept.
    delimiter : str, default ","
        The character between fields.

    Raises
    ------
    DataError
        If the columns of two tables differ, or there is no table.
    OSError
        If the file cannot be written or the disk is full. An earlier file stays as it was.
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


@contextmanager
def _created_text(path: str | os.PathLike[str]) -> Iterator[IO[str]]:
    if os.fspath(path) == "-":
        yield sys.stdout
        sys.stdout.flush()
        return
    with ExitStack() as stack:
        binary: Any = stack.enter_context(atomic_write(path))
        if os.fspath(path).endswith(".gz"):
            # No name and no date within: the file depends on what is written, not on when.
            binary = stack.enter_context(gzip.GzipFile(filename="", mode="wb", fileobj=binary, mtime=0))
        text = io.TextIOWrapper(binary, encoding="utf-8", newline="")
        yield text
        text.detach()  # writes what is left, and leaves closing to those who opened


def _breaks_lines(cells: Sequence[Any]) -> bool:
    return any("\r" in cell for cell in cells if isinstance(cell, str))


def _written(column: Array) -> list[Any]:
    kind = column.dtype.kind
    if kind == "M":
        return ["" if text == "NaT" else text for text in np.datetime_as_string(column).tolist()]
    if kind == "f":
        # NumPy's text of a float32 is the shortest that gives it back; as a Python float it would have 17 digits.
        values = column.tolist() if column.dtype == np.float64 else column.astype(np.str_).tolist()
        return ["" if value != value or value == "nan" else value for value in values]
    return list(column.tolist())
