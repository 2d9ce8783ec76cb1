"""Writing of CSV files (RFC 4180), a chunk of rows at a time."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any

import numpy as np

from anomaly.errors import DataError, format_names
from anomaly.tables.csv_columns import BLANKS
from anomaly.tables.csv_form import check_delimiter
from anomaly.tables.spreadsheets import without_formulas
from anomaly.tables.table import Table
from anomaly.tables.text_files import appears_at_once, create_text
from nnlite.types import Array


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
    "",""
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
        self._delimiter = check_delimiter(delimiter)
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

    def begin(self, head: Sequence[str]) -> None:
        """Set the first row, where it was not known at first."""
        self._head = head

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
            Numbers are written with the fewest digits that give back the same number; missing values as empty fields,
            in quotes if a row has no others, since a row of delimiters alone is none.
        """
        self._write_head()
        cells = [_as_fields(column) for column in columns]
        if self._spreadsheet:
            cells = [without_formulas(column) for column in cells]
        # Only text has to be quoted.
        texts = [text for text, column in zip(cells, columns, strict=True) if column.dtype.kind in "OU"]
        if len(cells) > 1 and not any(map(self._is_special, texts)) and not _has_blank(cells[0], columns[0]):
            rows = zip(*(map(str, column) for column in cells), strict=True)
            lines = "\n".join(map(self._delimiter.join, rows))
            if lines:
                self._stream.write(f"{lines}\n")
        else:
            self._write_rows(zip(*cells, strict=True))

    def _is_special(self, cells: Sequence[Any]) -> bool:
        """Return whether cells have a character because of which they are quoted."""
        text = "".join(map(str, cells))
        return any(mark in text for mark in (self._delimiter, '"', "\r", "\n"))

    def _write_rows(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write rows one by one, and quote those that would not be read as they are.

        These are rows with a carriage return, which `csv` does not quote before Python 3.13, and rows of blanks alone.
        """
        for row in rows:
            row = without_formulas(row) if self._spreadsheet else row
            (self._quoter if _breaks_lines(row) or all(map(_is_blank, row)) else self._writer).writerow(row)


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


def _has_blank(cells: Sequence[Any], column: Array) -> bool:
    return column.dtype.kind not in "iub" and not all(str(cell).strip(BLANKS) for cell in cells)


def _is_blank(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip(BLANKS))


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
    cells = column.tolist()
    return ["" if cell is None else cell for cell in cells] if kind == "O" else list(cells)
