"""Parts of files that can be read by themselves, and about how much memory the whole would take."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import cast

from anomaly.errors import DataError
from anomaly.tables import Table
from anomaly.tables.arrow_files import column_count, group_sizes, is_arrow_file
from anomaly.tables.csv_files import iter_csv
from anomaly.tables.csv_form import CsvForm
from anomaly.tables.other_files import is_other_file
from anomaly.tables.text_files import open_bytes

_BYTES_PER_CELL = 24
_BYTES_ALWAYS = 200_000_000
_HEAD = 1 << 18
_FEWEST_ROWS = 2_000


@dataclass(frozen=True)
class MemoryNeed:
    """About how much memory a fit to a table takes, as measured on tables of numbers.

    Attributes
    ----------
    n_cells : int
        Number of cells of the table.
    n_columns : int
        Number of its columns.

    Examples
    --------
    >>> MemoryNeed(20_000_000, 20).n_bytes, MemoryNeed(10**10, 1000).most_rows(500_000_000)
    (680000000, 12500)
    """

    n_cells: int
    n_columns: int

    @property
    def n_bytes(self) -> int:
        """Bytes that a fit to all rows takes: 200 MB for programs and networks, and 24 a cell."""
        return _BYTES_ALWAYS + _BYTES_PER_CELL * self.n_cells

    def fits(self, memory: int) -> bool:
        """Return whether so many bytes are enough for all rows; for a few they are in any case."""
        return self.n_bytes <= memory or self.n_cells <= _FEWEST_ROWS * self.n_columns

    def most_rows(self, memory: int) -> int:
        """Return the number of rows that so many bytes are enough for, at least 2,000."""
        return max(_FEWEST_ROWS, (memory - _BYTES_ALWAYS) // (_BYTES_PER_CELL * self.n_columns))


@dataclass(frozen=True)
class FilePart:
    """Some rows of a file: a row group of a Parquet file, a record batch of an Arrow file, or any other file.

    Attributes
    ----------
    number : int
        Number of the part among all.
    path : str
        The file.
    group : int or None
        The row group or the record batch; None for the whole file.
    """

    number: int
    path: str
    group: int | None = None

    @property
    def absolute(self) -> FilePart:
        """The same part with an absolute path, for processes that work in another folder."""
        return replace(self, path=os.path.abspath(self.path))


def parts_of(paths: Sequence[str]) -> Iterator[FilePart]:
    """Yield the parts of files, in their order.

    Parameters
    ----------
    paths : sequence of str
        Files.

    Raises
    ------
    DataError
        If a file of row groups cannot be read.
    """
    number = 0
    for path in paths:
        for group in range(len(group_sizes(path))) if is_arrow_file(path) else [None]:
            yield FilePart(number, path, group)
            number += 1


def estimated_memory(paths: Sequence[str], form: CsvForm) -> MemoryNeed:
    """Return about how much memory a fit takes that reads files as a whole.

    The number of cells is exact for Parquet and Arrow files. That of CSV files follows from their size and the length
    of their first lines, and compressed ones are taken to be five times as long. ARFF, MATLAB and Excel files, which
    can only be read as a whole, count nothing, and neither do CSV files below 256 kB and standard input.

    Parameters
    ----------
    paths : sequence of str
        Files.
    form : CsvForm
        Form of the CSV files.
    """
    sizes = [_size(path, form) for path in paths]
    n_columns = max((columns for _, columns in sizes), default=0)
    return MemoryNeed(sum(rows * columns for rows, columns in sizes), n_columns)


def _size(path: str, form: CsvForm) -> tuple[int, int]:
    """Return the numbers of rows and of columns of a file, as far as they count."""
    if is_arrow_file(path):
        try:
            return sum(group_sizes(path)), column_count(path)
        except DataError:  # which is for the reading to tell
            return 0, 0
    if path == "-" or is_other_file(path):
        return 0, 0
    with open_bytes(path) as opened:
        if opened.is_live or opened.n_bytes < _HEAD:
            return 0, 0
        head = opened.stream.read(_HEAD)
    with closing(cast("Generator[Table]", iter_csv(path, form, chunk_rows=10))) as tables:
        n_columns = len(next(tables).names)
    return opened.n_bytes * max(1, head.count(b"\n")) // len(head), n_columns
