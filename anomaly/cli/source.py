"""The input files of a command: their form, what is read of them, and what is noticed about them."""

from __future__ import annotations

import glob
import itertools
import math
import os
import sys
import warnings
from collections.abc import Collection, Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.errors import DataError, FileFormWarning, format_names
from anomaly.large.joining import in_order
from anomaly.tables import Table, concatenate
from anomaly.tables.arrow_files import is_arrow_file, iter_arrow_file
from anomaly.tables.bad_rows import BadRows
from anomaly.tables.csv_columns import AllExcept
from anomaly.tables.csv_files import iter_csv, read_csv
from anomaly.tables.csv_form import CsvForm
from anomaly.tables.folders import files_of
from anomaly.tables.missing_marks import suspected_marks
from anomaly.tables.other_files import is_other_file, read_other_file
from anomaly.tables.read_ahead import read_ahead
from anomaly.tables.text_files import describe_path, estimated_rows, is_live
from nnlite.job import counted, is_running
from nnlite.rowwise import CHUNK_ROWS
from nnlite.suggestions import names_meant

if TYPE_CHECKING:
    from anomaly.large.file_parts import FilePart

STANDARD = "-"
"""The name of standard input, and of standard output."""

_MOST_MARKS = 3
_COMMENT_MARKS = ("//", "#", "%", ";", "!")


@dataclass(frozen=True)
class Source:
    """CSV files of the same columns, or standard input.

    Attributes
    ----------
    path : str
        Path of the file; "-" is standard input. Several files, if it is a folder, or a pattern such as ``logs/*.csv``.
    options : mapping of str to object
        Parameters of `CsvForm` that are given.
    more : tuple of str
        Paths of more files, whose rows follow.
    remembered : CsvForm
        The form of the files that a model was fitted on, where no other is given.
    bad : BadRows or None
        Where rows go that cannot be read; None if they are errors.
    """

    path: str
    options: Mapping[str, Any] = field(default_factory=dict)
    more: tuple[str, ...] = ()
    remembered: CsvForm = CsvForm()  # noqa: RUF009 - it is immutable
    bad: BadRows | None = None

    def __str__(self) -> str:
        if self.more:
            return f"the files {self.path!r} and {len(self.more)} more"
        return "standard input" if self.path == STANDARD else repr(self.path)

    @property
    def label(self) -> str:
        """The name of the first file, for messages."""
        return describe_path(self.path)

    @property
    def form(self) -> CsvForm:
        """The form of the files."""
        return self.remembered.replaced(**self.options)

    @property
    def is_live(self) -> bool:
        """Whether rows may arrive while a command runs: through a pipe, or from a terminal."""
        if self.path == STANDARD:
            return is_live(sys.stdin.buffer)
        return os.path.exists(self.path) and not os.path.isfile(self.path)

    @property
    def paths(self) -> list[str]:
        """Paths of the files, in place of patterns those that match them."""
        found = [path for one in (self.path, *self.more) for path in _matching(one)]
        twice = sorted({path for path in found if found.count(path) > 1})
        if twice:
            raise DataError(f"the same file is to be read twice: {format_names(twice)}")
        return found

    def check_single(self, is_series: bool) -> None:
        """Raise ValueError if several files are to be one series: a gap between them would be no gap."""
        if is_series and len(self.paths) > 1:
            raise ValueError(
                f"a series is read from one file, found {len(self.paths)}: join them, or give one after another with "
                "their own models"
            )

    def read(self, text: Collection[str] = ()) -> Table:
        """Read the whole files: numbers where all cells of a column are, but those of the columns to keep as text."""
        chosen = set(text)
        while True:
            if self.bad is not None:
                for path in self.paths:
                    self.bad.clear(describe_path(path))
            tables = [self._read_one(path, chosen) for path in counted(self.paths)]
            tables = [
                self._named(in_order(table, tables[0], path), path)
                for table, path in zip(tables, self.paths, strict=True)
            ]
            mixed = {
                name
                for name in tables[0].names
                if len({table[name].dtype.kind for table in tables}) > 1 and name not in chosen
            }
            if not mixed:
                break
            chosen |= mixed
        table = concatenate(tables)
        self.warn_of(table)
        return table

    def part_chunks(
        self, part: FilePart, text: Collection[str] = (), numbers: Container[str] | None = None
    ) -> Iterator[Table]:
        """Read a part of the files in chunks.

        Columns of `numbers` are such as long as all their cells are; by default all columns but those of `text` may be.
        """
        if self.bad is not None:
            self.bad.clear(describe_path(part.path))
        return self._chunks_of(part.path, AllExcept(text) if numbers is None else numbers, part.group)

    def chunks(self, known: Collection[str] = (), numbers: Container[str] = ()) -> Iterator[Table]:
        """Read the files in chunks; names that are `known` are no sign of a missing header.

        Columns of `numbers` are such as long as all their cells are, the others text.
        """
        # Of live input nobody knows how much there will be.
        total = None if self.is_live or not is_running() else float(sum(map(estimated_rows, self.paths)))
        yield from counted(self._all_chunks(known, numbers), "rows", total or math.inf, len)

    def _all_chunks(self, known: Collection[str], numbers: Container[str]) -> Iterator[Table]:
        first: Table | None = None
        for path in self.paths:
            tables = self._chunks_of(path, numbers)
            for found in tables if self.is_live else read_ahead(tables):
                table = found if first is None else in_order(found, first, path)
                if first is None:
                    first = table
                    self.notice_header(table.names, known)
                if self.bad is not None:
                    self.bad.file = describe_path(path)
                yield self._named(table, path)

    def _named(self, table: Table, path: str) -> Table:
        """Return a table whose rows know their file, where there are several."""
        if len(self.paths) == 1:
            return table
        return table.replaced(files=np.full(len(table), describe_path(path), object))

    def _read_one(self, path: str, text: Container[str]) -> Table:
        if is_other_file(path):
            return read_other_file(path)
        return read_csv(path, self.form, numbers=AllExcept(text), bad=self.bad)

    def _chunks_of(self, path: str, numbers: Container[str], group: int | None = None) -> Iterator[Table]:
        if not is_other_file(path):
            return iter_csv(path, self.form, chunk_rows=CHUNK_ROWS, numbers=numbers, bad=self.bad)
        if is_arrow_file(path):
            return iter_arrow_file(path, CHUNK_ROWS, group)
        table = read_other_file(path)
        return (table.rows(slice(start, start + CHUNK_ROWS)) for start in range(0, len(table), CHUNK_ROWS))

    def check_present(self, table: Table, names: Collection[str]) -> None:
        """Raise DataError if the table lacks columns."""
        missing = [name for name in names if name not in table.names]
        if missing:
            split = next((n for n in table.names if "," in n and missing[0] in map(str.strip, n.split(","))), None)
            hint = "" if split is None else f"; a name with a comma is written in double quotes, as '\"{split}\"'"
            meant = "" if hint else names_meant(missing, table.names)
            raise DataError(
                f"{self} has no column {', '.join(map(repr, missing))}; its columns are "
                f"{', '.join(map(repr, table.names[:50]))}{hint}{meant}"
            )

    def notice_header(self, names: Collection[str], known: Collection[str] = ()) -> None:
        """Print a warning if most names of columns look like numbers; those that are `known` are no sign of it."""
        self._warn_of_missing_header([name for name in names if name not in known], len(names))

    def warn_of(self, table: Table) -> None:
        """Warn of what names of columns and numbers of rows show: no header, marks of missing values."""
        self._warn_of_missing_header(table.names)
        _warn_of_comment(table.names)
        _warn_of_marks(table)

    def _warn_of_missing_header(self, names: Collection[str], n_columns: int | None = None) -> None:
        """Print a warning if most names of columns look like numbers."""
        if not self.form.header:
            return
        numbers = [name for name in names if _is_number(name)]
        if 2 * len(numbers) > (n_columns or len(names)) and not _count_up(numbers):
            warnings.warn(
                f"{self}: the first line looks like a record: it has {format_names(numbers, 3)} as names of columns; "
                "if the file has no header, use --no-header",
                FileFormWarning,
                stacklevel=2,
            )


def _matching(path: str) -> list[str]:
    """Return the files that match a pattern, or are in a folder, by name; a path that is none, or exists, itself."""
    if os.path.isdir(path):
        return files_of(path)
    if path == STANDARD or os.path.exists(path) or not glob.has_magic(path):
        return [path]
    found = sorted(glob.glob(path))
    if not found:
        raise DataError(f"cannot read {path!r}: no file matches this pattern")
    return found


def _warn_of_comment(names: Collection[str]) -> None:
    """Warn of a first name that begins as a comment does, as NumPy writes the names of columns."""
    first = next(iter(names), "")
    mark = next((mark for mark in _COMMENT_MARKS if first.startswith(mark) and first[len(mark) :].strip()), "")
    if mark and first[len(mark) :].strip()[0].isalpha():
        warnings.warn(
            f"the name of the first column is {first!r}, with {mark!r} before it. If the line is a comment, give "
            f"--comment {mark!r}, with --no-header if no other line holds the names",
            FileFormWarning,
            stacklevel=2,
        )


def _warn_of_marks(table: Table) -> None:
    """Warn of numbers that may mark missing values."""
    marks = suspected_marks(table)
    rest = len(marks) - _MOST_MARKS
    for index, mark in enumerate(marks[:_MOST_MARKS], start=1):
        more = f". {rest} more columns have such a value" if index == _MOST_MARKS and rest > 0 else ""
        warnings.warn(
            f"column {mark.column!r} has {mark.value:g} in {mark.n_rows:,} of {len(table):,} rows, far from all others "
            f"({mark.low:g} to {mark.high:g}): if it marks missing values, give --missing={mark.value:g}{more}",
            FileFormWarning,
            stacklevel=2,
        )


def _count_up(names: list[str]) -> bool:
    """Return whether names are increasing integers: years, wavelengths, or the default column names of pandas."""
    numbers = [int(name) for name in names if name.isdecimal()]
    grow = len(numbers) == len(names) and all(a < b for a, b in itertools.pairwise(numbers))
    return grow and (len(names) > 2 or numbers == list(range(len(names))))


def _is_number(text: str) -> bool:
    try:
        float(text.rpartition("=")[2])  # logs write key=value
    except ValueError:
        return False
    return True
