"""Writing of rows with types: JSON Lines (https://jsonlines.org), and Parquet by PyArrow, which is installed beside."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Collection, Sequence
from contextlib import ExitStack, suppress
from importlib import import_module
from types import TracebackType
from typing import IO, Any

from anomaly.errors import DataError, format_value
from anomaly.tables.cells import plain_cells
from anomaly.tables.text_files import appears_at_once, create_text
from nnlite.files import atomic_write
from nnlite.types import Array

_ROWS_OF_A_GROUP = 65_536


class JsonLinesWriter:
    r"""Atomic writer of one JSON object a row, chunk by chunk, as a context manager.

    Parameters
    ----------
    path : str or path
        The file; compressed by gzip if the name ends in ``.gz``. ``"-"`` is standard output.
    numbers, whole : collection of str
        Columns of numbers and of whole numbers. Cells of others are text. Missing and empty cells of numbers, and
        missing ones of text, are null; a cell that is no number stays the text that it is.

    Raises
    ------
    OSError
        If the file cannot be written or the disk is full.

    Examples
    --------
    >>> import numpy as np
    >>> with JsonLinesWriter("-", numbers={"score"}, whole={"row"}) as writer:
    ...     writer.begin(["row", "score", "country"])
    ...     writer.write_columns([np.array([1, 2]), np.array(["0.5", ""]), np.array(["FR", None], dtype=object)])
    {"row": 1, "score": 0.5, "country": "FR"}
    {"row": 2, "score": null, "country": null}
    """

    def __init__(
        self, path: str | os.PathLike[str], *, numbers: Collection[str] = (), whole: Collection[str] = ()
    ) -> None:
        self._path, self._numbers, self._whole = path, numbers, whole
        self._appears_at_once = appears_at_once(path)
        self._head: Sequence[str] = ()

    def __enter__(self) -> JsonLinesWriter:
        with ExitStack() as stack:
            self._stream: IO[str] = stack.enter_context(create_text(self._path))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, traceback)

    def begin(self, head: Sequence[str]) -> None:
        """Set the names of the columns."""
        self._head = head

    def write_columns(self, columns: Sequence[Array]) -> None:
        """Write a chunk of rows as columns, each an ndarray of shape (n_rows,)."""
        cells = [
            _typed(plain_cells(column), name in self._numbers, name in self._whole)
            for name, column in zip(self._head, columns, strict=True)
        ]
        rows = (dict(zip(self._head, row, strict=True)) for row in zip(*cells, strict=True))
        self._stream.write("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows))

    def flush(self) -> None:
        """Pass on the rows written so far, if the output is standard output, a device or a pipe."""
        if self._appears_at_once:
            self._stream.flush()


class ParquetWriter:
    """Atomic writer of a Parquet file, chunk by chunk, as a context manager.

    Parameters
    ----------
    path : str or path
        The file.
    numbers, whole : collection of str
        Columns of float64 and of int64; others are text.

    Raises
    ------
    DataError
        If PyArrow is not installed, the path is standard output, or a cell of a column of numbers is none.
    OSError
        If the file cannot be written or the disk is full.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, numbers: Collection[str] = (), whole: Collection[str] = ()
    ) -> None:
        if os.fspath(path) == "-":
            raise DataError("Parquet cannot go to standard output: name a file to write it to")
        try:
            self._arrow, self._parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
        except ImportError as error:
            raise DataError(
                f"to write {os.fspath(path)!r} as Parquet, install pyarrow (pip install pyarrow), or write it as CSV"
            ) from error
        self._path, self._numbers, self._whole = path, numbers, whole
        self._waiting: list[list[Any]] = []

    def __enter__(self) -> ParquetWriter:
        with ExitStack() as stack:
            self._file = stack.enter_context(atomic_write(self._path))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            with self._stack:
                self._write_group()
                self._writer.close()
            return
        if self._waiting:
            # Left open, it would write to the closed file when it is collected.
            with suppress(Exception):
                self._writer.close()
        self._stack.__exit__(kind, error, traceback)

    def begin(self, head: Sequence[str]) -> None:
        """Set the names of the columns."""
        arrow = self._arrow
        types = [
            arrow.int64() if name in self._whole else arrow.float64() if name in self._numbers else arrow.string()
            for name in head
        ]
        self._schema = arrow.schema(list(zip(head, types, strict=True)))
        self._writer = self._parquet.ParquetWriter(self._file, self._schema)
        self._waiting = [[] for _ in head]

    def write_columns(self, columns: Sequence[Array]) -> None:
        """Write a chunk of rows as columns, each an ndarray of shape (n_rows,)."""
        for name, waiting, column in zip(self._schema.names, self._waiting, columns, strict=True):
            is_number, is_whole = name in self._numbers, name in self._whole
            cells = _typed(plain_cells(column), is_number, is_whole)
            wrong = next((cell for cell in cells if isinstance(cell, str)), None) if is_number or is_whole else None
            if wrong is not None:
                raise DataError(
                    f"column {name!r}: found {format_value(wrong)}, expected a number, as a column of a Parquet file "
                    "holds values of one kind: write CSV or JSON Lines instead"
                )
            waiting += cells
        if len(self._waiting[0]) >= _ROWS_OF_A_GROUP:
            self._write_group()

    def flush(self) -> None:
        """Do nothing: a file appears when it is complete."""

    def _write_group(self) -> None:
        table = self._arrow.table(self._waiting, schema=self._schema)
        self._waiting = [[] for _ in self._waiting]
        self._writer.write_table(table)


def _typed(cells: Sequence[Any], is_number: bool, is_whole: bool) -> list[Any]:
    """Return cells as numbers, whole numbers or text; None for missing ones."""
    if is_number or is_whole:
        return [_as_number(cell, is_whole) for cell in cells]
    return [cell if cell is None or isinstance(cell, str) else str(cell) for cell in cells]


def _as_number(cell: Any, is_whole: bool) -> Any:
    if cell is None or cell == "":
        return None
    try:
        value = int(cell) if is_whole else float(cell)
    except ValueError:
        return str(cell)
    return value if math.isfinite(value) else None if value != value else str(cell)
