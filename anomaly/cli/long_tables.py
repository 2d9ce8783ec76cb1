"""Tables that are too long for memory: they are read in chunks, and a fit learns from a random sample of their rows."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar, NamedTuple

import numpy as np

from anomaly.cli.inputs import InputOptions
from anomaly.cli.labels import UNLABELLED, LabelColumn
from anomaly.cli.source import STANDARD, Source
from anomaly.errors import format_names
from anomaly.large.digest import SAMPLE_ROWS, Digest
from anomaly.large.drawn import DrawnRows
from anomaly.large.file_parts import FilePart, estimated_memory, parts_of
from anomaly.large.reading import digest_of
from anomaly.tables import Table
from anomaly.tables.read_ahead import read_ahead
from anomaly.tables.text_files import describe_path
from nnlite.suggestions import did_you_mean
from nnlite.types import Array

_UNITS = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_DEFAULT = "600MB"


def memory_size(text: str) -> int:
    """Parse an amount of memory, such as 500MB.

    Examples
    --------
    >>> memory_size("1.5 GB")
    1500000000
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]b)\s*", text.lower())
    if found is None:
        raise ArgumentTypeError(f"must be an amount of memory such as 500MB or 2GB; found {text!r}")
    return int(float(found[1]) * _UNITS[found[2]])


def add_memory(parser: ArgumentParser) -> None:
    """Add the amount of memory above which a table is not read as a whole."""
    parser.add_argument(
        "--memory",
        type=memory_size,
        default=memory_size(_DEFAULT),
        metavar="SIZE",
        help="tables only: files that would take more memory than this, such as 500MB, are read in chunks. Columns, "
        "categories and missing cells are then learned from all rows, all else from a random sample of "
        f"{SAMPLE_ROWS:,} (default: {_DEFAULT}, about 830,000 rows of 20 numbers)",
    )


def groups_of(table: Table, group: str) -> Array:
    """Return the column of groups; raise ValueError if there is none."""
    if group not in table.names:
        raise ValueError(
            f"--group names {group!r}, which the data do not have; found {format_names(table.names)}"
            f"{did_you_mean(group, table.names)}"
        )
    return table[group]


Keep = Callable[[Table, str], Array]
"""Returns whether each row of a table, from a file of some name, can be learned from."""


@dataclass
class RowReader:
    """Reads the rows that are learned from: all, or those with some labels.

    Attributes
    ----------
    source : Source
        The files.
    present : tuple of str
        Columns that they must have.
    labels : LabelColumn or None
        The column of labels.
    all_labels : bool
        Whether anomalies are learned from too, for a threshold that needs them.
    n_unlabelled : int
        Number of rows without a label, so far.
    found : set of str
        Labels, so far.
    keep : callable or None
        Which rows of a table, from a file of some name, can be learned from.
    """

    source: Source
    present: tuple[str, ...]
    labels: LabelColumn | None
    all_labels: bool = False
    n_unlabelled: int = 0
    found: set[str] = field(default_factory=set)
    keep: Keep | None = None

    reads_as_text: ClassVar[bool] = True

    def anew(self) -> RowReader:
        """Return a reader that has read nothing."""
        return replace(self, n_unlabelled=0, found=set())

    def take(self, other: RowReader) -> None:
        """Take note of what another reader has found."""
        self.n_unlabelled += other.n_unlabelled
        self.found |= other.found

    def chunks(self, part: FilePart, text: Collection[str]) -> Iterator[Table]:
        """Yield the rows of a part, some thousands at a time."""
        for index, table in enumerate(read_ahead(self.source.part_chunks(part, text))):
            if not index:
                self.source.check_present(table, self.present)
            rows = self._rows(table)
            yield rows if self.keep is None else rows.rows(self.keep(rows, describe_path(part.path)))

    def _rows(self, table: Table) -> Table:
        if self.labels is None:
            return table
        texts = self.labels.texts(table)
        labels = self.labels.binary(texts)
        self.n_unlabelled += int((labels == UNLABELLED).sum())
        self.found.update(np.unique(texts).tolist())
        return table.rows(labels >= 0 if self.all_labels else labels == 0)

    def check(self) -> None:
        """Raise DataError if no record is normal."""
        if self.labels is not None and self.labels.normal_text not in self.found:
            raise self.labels.no_normal_record(self.found)


class Drawn(NamedTuple):
    """The arguments of `TableDetector.fit_sample`, the number of rows without a label, and what to say of it."""

    rows: DrawnRows
    y: Array | None
    groups: Array | None
    n_unlabelled: int
    description: str


@dataclass(frozen=True)
class Drawing:
    """What is drawn from a table that is too long for memory.

    Attributes
    ----------
    given : InputOptions
        Files, and roles of columns.
    text : tuple of str
        Columns that are read as text.
    seed : int
        Of the sample.
    most_rows : int
        Its size.
    needed : int
        Bytes of memory that a fit to all rows would take.
    memory : int or None
        Bytes that it may; None where the rows are read on workers, however few they are.
    keep : callable or None
        Which rows can be learned from.
    """

    given: InputOptions
    text: tuple[str, ...]
    seed: int
    most_rows: int
    needed: int
    memory: int | None
    keep: Keep | None = None

    def draw(self, needs_labels: bool, group: str | None, scheduler: str | None = None) -> Drawn:
        """Read the files, perhaps on the workers of a scheduler, and return what is learned from."""
        source = self.given.source
        reader = RowReader(source, tuple(self.given.columns.ignored), self.given.labels, needs_labels, keep=self.keep)
        parts, empty = list(parts_of(source.paths)), Digest(self.seed, self.most_rows, self.text)
        if scheduler is None:
            digest = digest_of(reader, parts, empty, self.text)
        else:
            from anomaly.distributed.fitting import digest_on

            digest = digest_on(scheduler, reader, parts, empty, self.text)
        reader.check()
        return drawn_from(digest, reader, group, self)

    def description(self, drawn: DrawnRows) -> str:
        """Say what is learned from which rows."""
        rows = drawn.population.n_rows
        if drawn.is_complete:
            return f"all {rows:,} rows were read by the workers"
        if self.memory is None:
            return (
                f"{rows:,} rows were read by the workers: columns, categories and missing cells are learned from all "
                f"of them, all else from a random sample of {len(drawn.sample):,}"
            )
        return (
            f"{rows:,} rows would take about {self.needed / 1e9:.1f} GB (--memory is {self.memory / 1e9:g} "
            "GB), so they were read in chunks: columns, categories and missing cells are learned from all of them, all "
            f"else from a random sample of {len(drawn.sample):,}"
        )


def plan_drawing(
    given: InputOptions,
    text: Collection[str],
    memory: int,
    seed: int,
    scheduler: str | None = None,
    keep: Keep | None = None,
) -> Drawing | None:
    """Return what to draw from files that take more memory than they may; None for those that are read whole.

    With a scheduler, files are read by its workers, however short they are.
    """
    needed = estimated_memory(given.source.paths, given.source.form)
    most_rows = min(SAMPLE_ROWS, needed.most_rows(memory)) if needed.n_columns else SAMPLE_ROWS
    if scheduler is not None:
        check_for_workers(given.source)
        return Drawing(given, tuple(text), seed, most_rows, needed.n_bytes, None)
    return None if needed.fits(memory) else Drawing(given, tuple(text), seed, most_rows, needed.n_bytes, memory, keep)


def check_for_workers(source: Source) -> None:
    """Raise ValueError if workers cannot read an input."""
    if STANDARD in source.paths:
        raise ValueError("--scheduler reads files on the workers, which have no standard input of this command")
    if source.bad is not None:
        raise ValueError(
            "--scheduler goes with --on-bad-row stop alone: workers do not list the rows that they leave out"
        )


def drawn_from(digest: Digest, reader: RowReader, group: str | None, drawing: Drawing) -> Drawn:
    """Return the sample of a digest with the labels and groups of its rows, where these are needed."""
    rows = digest.finish()
    reader.source.warn_of(rows.sample)
    y = None
    if reader.all_labels and reader.labels is not None:
        y = reader.labels.binary(reader.labels.texts(rows.sample))
    groups = None if group is None else groups_of(rows.sample, group)
    return Drawn(rows, y, groups, reader.n_unlabelled, drawing.description(rows))
