"""Reading of CSV files, whole or a chunk of rows at a time, with errors that name the line.

The format is RFC 4180, with any delimiter. Compiled code reads where there is Numba and much to read, Python's `csv`
module otherwise; values and errors are the same.
"""

from __future__ import annotations

import os
import warnings
from collections import deque
from collections.abc import Container, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np

from anomaly.errors import DataError, FileFormWarning, format_value
from anomaly.tables.bad_rows import BadRows
from anomaly.tables.byte_source import ByteSource
from anomaly.tables.csv_blocks import Start, compiled_tables
from anomaly.tables.csv_columns import ColumnForm
from anomaly.tables.csv_form import BLANKS_DELIMITER, CsvForm
from anomaly.tables.csv_inference import Inferred, check_one_column, infer_form, with_tabs, without_comments
from anomaly.tables.csv_layout import LONGEST_FIELD, Layout, header_names
from anomaly.tables.csv_records import Record, available, plain_tables, records
from anomaly.tables.row_kinds import repeated_headers
from anomaly.tables.table import Table, join_columns
from anomaly.tables.text_files import OpenBytes, describe_path, open_bytes
from anomaly.tables.text_lines import TextLines
from nnlite.delimited import open_record_reader
from nnlite.job import is_running, report

_SAMPLE_LINES = 200
_CHUNK_ROWS = 50_000
# Of a table that is joined from them: the memory of so many rows is near the processor, and soon used again.
_ROWS_AT_ONCE = 16_384


def read_csv(
    path: str | os.PathLike[str],
    form: CsvForm | None = None,
    *,
    numbers: Container[str] = (),
    backend: str = "auto",
    bad: BadRows | None = None,
    **options: Any,
) -> Table:
    r"""Read a CSV file into one table.

    Parameters
    ----------
    path : str or path
        The file, plain or compressed by gzip, whatever its name; ``"-"`` is standard input.
    form : CsvForm, optional
        The form of the file.
    numbers : container of str, default ()
        Columns that become numbers if all their cells are plain numbers, or missing; such as ``AllExcept(["id"])``. By
        default all are text.
    backend : {"auto", "numpy", "numba"}, default "auto"
        What reads: Python's `csv` module, or compiled code, with the same result. "auto" is compiled code where there
        is Numba and enough to read.
    bad : BadRows, optional
        Where rows go that cannot be read; without it they are errors.
    **options
        Parameters of `CsvForm`, such as ``delimiter=";"``.

    Returns
    -------
    Table
        Columns of text, as in the file, or of numbers. Rows keep the number of their line.

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
    >>> read_csv(path, decimal=",", numbers=["amount"])["amount"].tolist()
    [3.5, 7.0]
    """
    form = _form(form, options)
    with open_bytes(path, rewind=True) as opened:
        while True:
            tables = list(_told(_tables(opened, path, form, _ROWS_AT_ONCE, numbers, backend, bad), opened))
            mixed = _mixed_columns(tables)
            if not mixed:
                return _joined(tables)
            # Numbers in some chunks and text in others: once more, all as text.
            numbers = _Without(numbers, mixed)
            tables.clear()
            if bad is not None:
                bad.clear(describe_path(path))
            opened.stream.seek(opened.start)


def iter_csv(
    path: str | os.PathLike[str],
    form: CsvForm | None = None,
    *,
    chunk_rows: int = _CHUNK_ROWS,
    numbers: Container[str] = (),
    backend: str = "auto",
    bad: BadRows | None = None,
    **options: Any,
) -> Iterator[Table]:
    """Read a CSV file in chunks of rows, in an amount of memory that does not depend on its length.

    Rows of a pipe or a terminal are not waited for: a table ends where the next row has not arrived.

    Parameters
    ----------
    path, form, backend, bad, **options
        As for `read_csv`. Of a pipe, the delimiter is inferred from the lines that have arrived, two at least.
    chunk_rows : int, default 50_000
        Rows of each table; the last one may have fewer, and of a pipe every one.
    numbers : container of str, default ()
        Columns that become numbers in each table in which all their cells are, and in no table after one in which they
        are not.

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
    form = _form(form, options)
    with open_bytes(path) as opened:
        yield from _tables(opened, path, form, chunk_rows, numbers, backend, bad)


def _form(form: CsvForm | None, options: dict[str, Any]) -> CsvForm:
    return CsvForm(**options) if form is None else form.replaced(**options)


def _tables(
    opened: OpenBytes,
    path: str | os.PathLike[str],
    form: CsvForm,
    chunk_rows: int,
    numbers: Container[str],
    backend: str,
    bad: BadRows | None,
) -> Iterator[Table]:
    """Yield the tables of a file from its beginning."""
    label = describe_path(path)
    source = ByteSource(opened.stream, form.encoding, label, opened.is_live)
    lines = TextLines(source, label)
    # A header alone may hold several delimiters; the row after it is waited for in any case.
    least = form.skip_lines + (2 if form.header else 1)
    sample = list(available(lines, _SAMPLE_LINES + form.skip_lines, lines.has_next, least=least))
    inferred = infer_form(list(without_comments(sample, form.comment)), form)
    check_one_column(sample, form, inferred, label)
    if inferred.titles:
        _warn_of_titles(inferred, label)
    beginning = _Beginning(chain(sample[inferred.n_above :], lines))
    is_plain = form.comment is None and inferred.delimiter != BLANKS_DELIMITER
    cleaned: Iterator[str] = beginning if is_plain else without_comments(beginning, form.comment)
    delimiter = inferred.delimiter
    if delimiter == BLANKS_DELIMITER:
        cleaned, delimiter = with_tabs(cleaned), "\t"
    found = records(cleaned, delimiter, label, inferred.n_above + 1, bad)
    first = next((record for record in found if record[1]), None)
    if first is None:
        raise DataError(f"{label} is empty")
    _leave_out_units([next(record for record in found if record[1]) for _ in range(inferred.n_units)], label)
    read = beginning.end()
    layout = _layout(first, inferred, form, label, numbers)
    reader = None
    if is_plain and not opened.is_live:
        reader = open_record_reader(delimiter, form.decimal, chunk_rows, LONGEST_FIELD, opened.n_bytes, backend)
    if reader is None:
        rows = found if form.header else chain([first], found)
        tables = plain_tables(rows, layout, chunk_rows, lines.has_next, bad)
    else:
        begun = inferred.n_above + len(read)
        head = [*([] if form.header else read), *sample[begun:]]
        line = begun + 1 if form.header else inferred.n_above + 1
        tables = compiled_tables(source, Start("".join(head).encode() + lines.rest(), line), layout, reader, bad)
    is_empty, is_told = True, False
    for table in tables:
        is_empty = False
        again = repeated_headers(table) if form.header else np.empty(0, np.intp)
        if len(again) == len(table):
            continue
        if len(again):
            is_told = is_told or _tell_headers(table.position(int(again[0])), label)
            table = table.rows(np.setdiff1d(np.arange(len(table)), again))
        yield table
    if is_empty:
        raise DataError(f"{label} has a header and no rows")


def _told(tables: Iterator[Table], opened: OpenBytes) -> Iterator[Table]:
    """Yield tables, and tell the running job how far the file is read, by its bytes."""
    n_rows = 0
    for table in tables:
        yield table
        if is_running():
            n_rows += len(table)
            read = max(opened.stream.tell() - opened.start, 1)
            report(n_rows, n_rows * max(opened.n_bytes / read, 1.0), "rows")


def _layout(first: Record, inferred: Inferred, form: CsvForm, label: str, numbers: Container[str]) -> Layout:
    """Return the columns of a file from its first record."""
    line, fields = first
    delimiter = "\t" if inferred.delimiter == BLANKS_DELIMITER else inferred.delimiter
    cells = ColumnForm(form.decimal, form.missing)
    if not form.header:
        return Layout(label, delimiter, tuple(map(str, range(len(fields)))), 0, cells, numbers)
    names = [name.strip() for name in fields]
    while len(names) > 1 and not names[-1] and inferred.n_empty:
        names.pop()
    if inferred.has_index:
        names = names if names[0] else names[1:]
        warnings.warn(
            f"{label}, line {line}: the first column has no name, and is left out as the number or the name of each "
            "row; name it in the file to use it",
            FileFormWarning,
            stacklevel=2,
        )
    return Layout(
        label, delimiter, header_names(line, names, label), inferred.n_empty, cells, numbers, int(inferred.has_index)
    )


def _warn_of_titles(inferred: Inferred, label: str) -> None:
    count = len(inferred.titles)
    warnings.warn(
        f"{label}: left out {count} line{'' if count == 1 else 's'} above the header, such as "
        f"{format_value(inferred.titles[0])}; if they are records, say how many lines to leave out (on the command "
        "line: --skip-lines)",
        FileFormWarning,
        stacklevel=2,
    )


def _leave_out_units(found: Sequence[Record], label: str) -> None:
    """Warn of records below the header that are none."""
    for line, fields in found:
        warnings.warn(
            f"{label}, line {line}: left out as units, types or a rule below the header: "
            f"{format_value(', '.join(filter(None, fields)))}; say otherwise with --skip-lines or --no-header",
            FileFormWarning,
            stacklevel=2,
        )


def _tell_headers(place: str, label: str) -> bool:
    """Warn of a header among the records; return True."""
    warnings.warn(
        f"{label}, {place}: left out the header, which is repeated among the records", FileFormWarning, stacklevel=2
    )
    return True


class _Beginning(Iterator[str]):
    """Lines, of which the first ones are kept."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._kept: list[str] | None = []

    def __next__(self) -> str:
        line = next(self._lines)
        if self._kept is not None:
            self._kept.append(line)
        return line

    def end(self) -> list[str]:
        """Return the lines so far, and keep no more."""
        kept, self._kept = self._kept or [], None
        return kept


def _mixed_columns(tables: Sequence[Table]) -> set[str]:
    """Return the columns that are numbers in some tables and text in others."""
    first = tables[0]
    kinds = zip(first.names, *([column.dtype.kind for column in table.columns] for table in tables), strict=True)
    return {name for name, *found in kinds if len(set(found)) > 1}


def _joined(tables: list[Table]) -> Table:
    """Return the rows of tables as one, and let go of each column of theirs once it is copied."""
    if len(tables) == 1:
        return tables[0]
    names, lines = tables[0].names, np.concatenate([np.asarray(table.line_numbers) for table in tables])
    parts = [deque(table.columns) for table in tables]
    tables.clear()
    columns = [join_columns([part.popleft() for part in parts]) for _ in names]
    return Table(names, tuple(columns), line_numbers=lines)


class _Without(Container[str]):
    """Names but for some."""

    def __init__(self, names: Container[str], others: Container[str]) -> None:
        self._names, self._others = names, others

    def __contains__(self, name: object) -> bool:
        return name in self._names and name not in self._others
