"""Tables in the sheets of Excel, by openpyxl."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from zipfile import ZipFile

from anomaly.errors import DataError, FileFormWarning, format_names, format_value
from anomaly.tables.cells import objects_as_column
from anomaly.tables.libraries import library
from anomaly.tables.row_kinds import count_unit_rows
from anomaly.tables.table import Table, table_of_columns

_ROWS_LOOKED_AT = 60
# A sheet has no more in Excel.
_MOST_ROWS = 2**20
# Real workbooks become some ten times as large when they are unpacked, and a cell takes a byte or so in the file.
_MOST_UNPACKED, _MOST_TIMES = 2**26, 100
_MOST_CELLS = 2**22

Cells = Sequence[Any]


def read_xlsx(path: str) -> Table:
    """Read the first sheet of a workbook.

    Rows above the header that hold a title, and rows below it that name units, are left out with a warning; so is a
    column of row names without a name of its own, as pandas writes one. A formula whose value was never computed is
    missing, with a warning: openpyxl and other libraries write formulas, and compute none.

    Raises
    ------
    DataError
        If there are no records, or a column has no name of its own.
    """
    sheet, values = _first_sheet(path, computed=True)
    width = max(map(len, values), default=0)
    filled = [i for i, row in enumerate(values) if any(cell is not None for cell in row)]
    rows = [[*values[i], *[None] * (width - len(values[i]))] for i in filled]
    start = _header_row(rows)
    if start:
        _tell(path, f"left out {start} row{'s' * (start > 1)} above the header, such as {_shown(rows[0])}")
    header, records = rows[start] if rows else [], rows[start + 1 :]
    texts = [[_text(cell) for cell in row] for row in rows[start : start + _ROWS_LOOKED_AT]]
    n_units = count_unit_rows(texts)
    for row in records[:n_units]:
        _tell(path, f"left out as units, types or a rule below the header: {_shown(row)}")
    records = records[n_units:]
    first = start + 1 + n_units
    if not records:
        raise DataError(f"{path!r}: the sheet {sheet!r} has no rows below the names of its columns")
    named = _named_columns(header, records, path)
    columns = {name: objects_as_column([row[j] for row in records], name) for name, j in named.items()}
    if len(values) > len(rows) or any(row[j] is None for row in records for j in named.values()):
        _tell_uncomputed(path, named, values, filled[first])
    table = table_of_columns(columns, repr(path))
    return table.replaced(line_numbers=[i + 1 for i in filled[first:]])


def _first_sheet(path: str, computed: bool) -> tuple[str, list[tuple[Any, ...]]]:
    """Return the name of the first sheet and its rows: the values, or the formulas behind them."""
    library("openpyxl", path)
    _check_unpacked(path)
    book = library("openpyxl", path).load_workbook(path, read_only=True, data_only=computed)
    try:
        names = book.sheetnames
        if len(names) > 1 and computed:
            _tell(path, f"read the first of {len(names)} sheets, {names[0]!r}")
        sheet = book[names[0]]
        # The size that a program wrote into the file may be wrong.
        sheet.reset_dimensions()
        return names[0], _rows(sheet.iter_rows(values_only=True), path)
    finally:
        book.close()


def _check_unpacked(path: str) -> None:
    """Raise DataError for a part of a workbook that becomes far larger than it is when it is unpacked."""
    with ZipFile(path) as file:
        for part in file.infolist():
            if part.file_size > max(_MOST_UNPACKED, _MOST_TIMES * part.compress_size):
                raise DataError(
                    f"{path!r}: {part.filename[:60]!r} becomes {part.file_size:,} bytes when it is unpacked, more than "
                    f"{_MOST_TIMES} times as many as it has; if it is a table of yours, save it as CSV"
                )


def _rows(rows: Iterable[tuple[Any, ...]], path: str) -> list[tuple[Any, ...]]:
    """Return the rows of a sheet; a cell that claims to be far down or to the right has all those before it."""
    found: list[tuple[Any, ...]] = []
    n_cells, most = 0, _MOST_CELLS + _MOST_TIMES * os.path.getsize(path)
    for row in rows:
        n_cells += len(row)
        if len(found) == _MOST_ROWS or n_cells > most:
            raise DataError(
                f"{path!r}: row {len(found) + 1:,}: a sheet has at most {_MOST_ROWS:,} rows, and one of a file of this "
                f"size at most {most:,} cells, empty ones included; delete what is far below or beside the table"
            )
        found.append(row)
    return found


def _header_row(rows: Sequence[Cells]) -> int:
    """Return the number of rows above the header: those of which at most half of the usual cells are filled."""
    filled = [sum(cell is not None for cell in row) for row in rows[:_ROWS_LOOKED_AT]]
    usual = Counter(filled).most_common(1)[0][0] if filled else 0
    start = 0
    while usual > 2 and start < len(filled) and 2 * filled[start] <= usual:
        start += 1
    return start if start < len(filled) else 0


def _named_columns(header: Cells, records: Sequence[Cells], path: str) -> dict[str, int]:
    """Return the position of each column by its name."""
    at = [j for j in range(len(header)) if header[j] is not None or any(row[j] is not None for row in records)]
    names = [_text(header[j]) for j in at]
    if names and names[0] == "" and all(names[1:]) and len(names) > 1:
        _tell(
            path,
            "the first column has no name, and is left out as the number or the name of each row; name it in the file "
            "to use it",
        )
        at, names = at[1:], names[1:]
    if "" in names or len(set(names)) < len(names):
        raise DataError(f"{path!r}: the first row must name each column, all differently; found {format_names(names)}")
    return dict(zip(names, at, strict=True))


def _tell_uncomputed(path: str, named: dict[str, int], values: Sequence[Cells], first: int) -> None:
    """Warn of columns with formulas that have no value, from the first record on."""
    _, formulas = _first_sheet(path, computed=False)
    rows = list(zip(values, formulas, strict=False))[first:]
    for name, j in named.items():
        count = sum(
            j < len(behind) and str(behind[j]).startswith("=") and (j >= len(row) or row[j] is None)
            for row, behind in rows
        )
        if count:
            _tell(
                path,
                f"column {name!r}: {count:,} of {len(rows):,} cells are formulas without a computed value, taken as "
                "missing; open the file in a spreadsheet program and save it there, to compute them",
            )


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _shown(row: Cells) -> str:
    return format_value(", ".join(_text(cell) for cell in row if cell is not None))


def _tell(path: str, what: str) -> None:
    warnings.warn(f"{path!r}: {what}", FileFormWarning, stacklevel=4)
