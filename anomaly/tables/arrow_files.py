"""Parquet and Arrow files: whole, or some rows at a time in an amount of memory that is bounded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from anomaly.errors import DataError
from anomaly.tables.arrow_tables import arrow_as_table
from anomaly.tables.libraries import library
from anomaly.tables.table import Table

ARROW_SUFFIXES = (".parquet", ".feather", ".arrow")


def is_arrow_file(path: str) -> bool:
    """Return whether a file's name ends as that of a Parquet or an Arrow file.

    Examples
    --------
    >>> is_arrow_file("a.parquet"), is_arrow_file("a.csv")
    (True, False)
    """
    return Path(path).suffix.lower() in ARROW_SUFFIXES


def read_arrow_file(path: str) -> Table:
    """Read a whole Parquet or Arrow file."""
    if _is_parquet(path):
        return _table(library("pyarrow.parquet", path).read_table(path), path)
    return _table(library("pyarrow.feather", path).read_table(path), path)


def group_sizes(path: str) -> list[int]:
    """Return the number of rows of each group of a file that can be read by itself: row groups, or record batches.

    Raises
    ------
    DataError
        If the file is damaged, or the library for it is not installed.
    """
    with closing(_open(path)) as file:
        return file.sizes


def column_count(path: str) -> int:
    """Return the number of columns of a Parquet or Arrow file."""
    with closing(_open(path)) as file:
        return len(file.names)


def iter_arrow_file(path: str, chunk_rows: int, group: int | None = None) -> Iterator[Table]:
    """Read a Parquet or Arrow file in chunks of rows.

    Parameters
    ----------
    path : str
        The file.
    chunk_rows : int
        Most rows of a table.
    group : int, optional
        One of its groups, see `group_sizes`; by default all.

    Yields
    ------
    Table
        The next rows, numbered from the beginning of the file. A column of booleans has them as numbers where a value
        is missing.

    Raises
    ------
    DataError
        If the file is damaged, or the library for it is not installed.
    """
    with closing(_open(path)) as file:
        chosen = range(len(file.sizes)) if group is None else [group]
        for index in chosen:
            first = 1 + sum(file.sizes[:index])
            for found in _read(file.batches(index, chunk_rows), path):
                if not len(found):
                    continue
                table = _table(found, path)
                yield Table(
                    table.names,
                    table.columns,
                    row_numbers=range(first, first + len(table)),
                    categorical=table.categorical,
                )
                first += len(table)


class _ParquetGroups:
    """Row groups of a Parquet file."""

    def __init__(self, path: str) -> None:
        self._arrow = library("pyarrow", path)
        self._file = library("pyarrow.parquet", path).ParquetFile(path, pre_buffer=False, buffer_size=1 << 20)
        found = self._file.metadata
        self.sizes = [found.row_group(index).num_rows for index in range(found.num_row_groups)]
        self.names = self._file.schema_arrow.names

    def batches(self, index: int, chunk_rows: int) -> Iterator[Any]:
        for batch in self._file.iter_batches(chunk_rows, row_groups=[index], use_threads=False):
            yield self._arrow.Table.from_batches([batch])

    def close(self) -> None:
        self._file.close()


class _ArrowBatches:
    """Record batches of an Arrow file."""

    def __init__(self, path: str) -> None:
        self._arrow = library("pyarrow", path)
        self._source = self._arrow.memory_map(path)
        self._file = self._arrow.ipc.open_file(self._source)
        self.names = self._file.schema.names

    @property
    def sizes(self) -> list[int]:
        return [self._file.get_batch(index).num_rows for index in range(self._file.num_record_batches)]

    def batches(self, index: int, chunk_rows: int) -> Iterator[Any]:
        batch = self._file.get_batch(index)
        for start in range(0, batch.num_rows, chunk_rows):
            yield self._arrow.Table.from_batches([batch.slice(start, chunk_rows)])

    def close(self) -> None:
        self._source.close()


def _is_parquet(path: str) -> bool:
    return Path(path).suffix.lower() == ".parquet"


def _read(batches: Iterator[Any], path: str) -> Iterator[Any]:
    """Yield batches; raise `DataError` for those that cannot be read."""
    try:
        yield from batches
    except (ValueError, OSError) as error:  # the errors of Arrow are among these
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: Exception) -> DataError:
    return DataError(f"cannot read {path!r}: {' '.join(str(error).split()) or type(error).__name__}")


def _open(path: str) -> _ParquetGroups | _ArrowBatches:
    if not Path(path).is_file():
        raise DataError(f"cannot read {path!r}: there is no such file")
    try:
        return _ParquetGroups(path) if _is_parquet(path) else _ArrowBatches(path)
    except (DataError, MemoryError):
        raise
    except Exception as error:  # the library has errors of its own
        raise _unreadable(path, error) from error


def _table(found: Any, path: str) -> Table:
    return arrow_as_table(found, repr(path), library("pyarrow", path))
