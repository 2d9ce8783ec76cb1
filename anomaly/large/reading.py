"""Digests of the parts of a table, which a reader reads."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeVar

from anomaly.errors import DataError, format_names
from anomaly.large.digest import Digest
from anomaly.large.file_parts import FilePart
from anomaly.large.joining import in_order
from anomaly.tables import Table, as_table
from anomaly.tables.arrow_files import is_arrow_file, iter_arrow_file
from anomaly.tables.csv_columns import AllExcept
from anomaly.tables.csv_files import iter_csv
from anomaly.tables.csv_form import CsvForm
from anomaly.tables.other_files import is_other_file, read_other_file
from nnlite.rowwise import CHUNK_ROWS

R = TypeVar("R", bound="PartReader")


class PartReader(Protocol):
    """Reads parts of a table.

    Attributes
    ----------
    reads_as_text : bool
        Whether columns can be read as text that are numbers in some parts alone.
    """

    reads_as_text: ClassVar[bool]

    def anew(self: R) -> R:
        """Return a reader that has read nothing."""

    def take(self: R, other: R) -> None:
        """Take note of what another reader has found."""

    def chunks(self, part: Any, text: Collection[str]) -> Iterator[Table]:
        """Yield the rows of a part, some thousands at a time, with the columns `text` as text."""


@dataclass(frozen=True)
class FileReader:
    """Reads parts of files.

    Attributes
    ----------
    form : CsvForm
        Form of CSV files.
    """

    form: CsvForm = field(default_factory=CsvForm)

    reads_as_text: ClassVar[bool] = True

    def anew(self) -> FileReader:
        """Return the reader itself, which takes no notes."""
        return self

    def take(self, other: FileReader) -> None:
        """Take no notes."""

    def chunks(self, part: FilePart, text: Collection[str]) -> Iterator[Table]:
        """Yield the rows of a part of a file."""
        if is_arrow_file(part.path):
            yield from iter_arrow_file(part.path, CHUNK_ROWS, part.group)
        elif is_other_file(part.path):
            yield from slices_of(read_other_file(part.path))
        else:
            yield from iter_csv(part.path, self.form, chunk_rows=CHUNK_ROWS, numbers=AllExcept(text))


@dataclass(frozen=True)
class FrameReader:
    """Reads parts that are data frames or arrays."""

    reads_as_text: ClassVar[bool] = False

    def anew(self) -> FrameReader:
        """Return the reader itself, which takes no notes."""
        return self

    def take(self, other: FrameReader) -> None:
        """Take no notes."""

    def chunks(self, part: Any, text: Collection[str]) -> Iterator[Table]:  # noqa: ARG002
        """Yield the rows of a data frame, or of an array.

        Raises
        ------
        DataError
            If the part is neither: what a function of the caller's, run by Dask on each part, did not return.
        """
        if not hasattr(part, "__len__") or isinstance(part, (str, bytes)):
            raise DataError(
                f"expected a data frame or an array as each part; found {type(part).__name__}. Does the function that "
                "makes the parts, such as that of map_partitions, return one?"
            )
        if len(part):
            yield from slices_of(as_table(part))


def slices_of(table: Table) -> Iterator[Table]:
    """Yield the rows of a table, some thousands at a time."""
    for start in range(0, len(table), CHUNK_ROWS):
        yield table.rows(slice(start, start + CHUNK_ROWS))


def add_part(
    digest: Digest, reader: PartReader, part: Any, number: int, label: str, text: Collection[str], first: Table | None
) -> Table | None:
    """Add the rows of a part to a digest.

    Parameters
    ----------
    digest : Digest
        Of the parts before it, or of none.
    reader : PartReader
        Reads the part.
    part : object
        The part.
    number : int
        Its number.
    label : str
        Its name, for errors.
    text : collection of str
        Columns to read as text.
    first : Table or None
        A table with the columns that it must have.

    Returns
    -------
    Table or None
        A table of no rows with the columns in their order; None if that is not known yet.

    Raises
    ------
    DataError
        If the part cannot be read, or has other columns.
    """
    n_rows = 0
    for found in reader.chunks(part, text):
        table = found if first is None else in_order(found, first, label)
        if first is None:
            first = table.rows(slice(0, 0))
        digest.add(table, number, n_rows)
        n_rows += len(table)
    return first


def digest_of(reader: PartReader, parts: Sequence[FilePart], empty: Digest, text: Collection[str]) -> Digest:
    """Read the parts of files one after another; once more where a column turns out to be text.

    Parameters
    ----------
    reader : PartReader
        Reads the parts, and takes note of what was found.
    parts : sequence of FilePart
        The parts.
    empty : Digest
        Says how large the samples are.
    text : collection of str
        Columns to read as text.

    Raises
    ------
    DataError
        If a part cannot be read, or has other columns than the first one.
    """
    read_as_text = set(text)
    while True:
        digest, own, first = empty.empty(), reader.anew(), None
        for part in parts:
            first = add_part(digest, own, part, part.number, part.path, read_as_text, first)
            if digest.mixed - read_as_text:
                break
        fresh = digest.mixed - read_as_text
        if not fresh:
            reader.take(own)
            return digest
        check_readable_as_text(reader, fresh)
        read_as_text |= fresh


def check_readable_as_text(reader: PartReader, mixed: Collection[str]) -> None:
    """Raise DataError if columns are numbers in some parts and text in others, and cannot be read otherwise."""
    if not reader.reads_as_text:
        raise DataError(
            f"some partitions have numbers, others have text or dates in {format_names(sorted(mixed))}: convert the "
            "column to one type first"
        )
