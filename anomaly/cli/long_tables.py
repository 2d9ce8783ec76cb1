"""Tables that are too long for memory: they are read in chunks, and a fit learns from a random sample of their rows."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from anomaly.cli.inputs import InputOptions
from anomaly.cli.labels import UNLABELLED, LabelColumn
from anomaly.cli.source import in_order
from anomaly.errors import did_you_mean, format_names
from anomaly.large.digest import SAMPLE_ROWS, Digest
from anomaly.large.drawn import DrawnRows
from anomaly.large.file_parts import FilePart, estimated_memory, parts_of
from anomaly.tables import Table
from anomaly.tables.read_ahead import read_ahead
from nnlite.types import Array

_UNITS = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_DEFAULT = "1GB"


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
        f"{SAMPLE_ROWS:,} (default: {_DEFAULT}, about 1.6 million rows of 20 numbers)",
    )


def groups_of(table: Table, group: str) -> Array:
    """Return the column of groups; raise ValueError if there is none."""
    if group not in table.names:
        raise ValueError(
            f"--group names {group!r}, which the data do not have; found {format_names(table.names)}"
            f"{did_you_mean(group, table.names)}"
        )
    return table[group]


@dataclass
class Chosen:
    """The rows of a table that are learned from: all, or those with some labels.

    Attributes
    ----------
    labels : LabelColumn or None
        The column of labels.
    all_labels : bool
        Whether anomalies are learned from too, for a threshold that needs them.
    n_unlabelled : int
        Number of rows without a label, so far.
    found : set of str
        Labels, so far.
    """

    labels: LabelColumn | None
    all_labels: bool = False
    n_unlabelled: int = 0

    def __post_init__(self) -> None:
        self.found: set[str] = set()

    def rows(self, table: Table) -> Table:
        """Return the rows that are learned from."""
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
    memory : int
        Bytes that it may.
    """

    given: InputOptions
    text: tuple[str, ...]
    seed: int
    most_rows: int
    needed: int
    memory: int

    def draw(self, needs_labels: bool, group: str | None) -> Drawn:
        """Read the files, and return what is learned from."""
        chosen = Chosen(self.given.labels, needs_labels)
        digest = digest_of(self.given, self.text, chosen, Digest(self.seed, self.most_rows, self.text))
        return drawn_from(digest, self.given, chosen, group, self)

    def description(self, drawn: DrawnRows) -> str:
        """Say what is learned from which rows."""
        rows = drawn.population.n_rows
        return (
            f"{rows:,} rows would take about {self.needed / 1e9:.1f} GB (--memory is {self.memory / 1e9:g} "
            "GB), so they were read in chunks: columns, categories and missing cells are learned from all of them, all "
            f"else from a random sample of {len(drawn.sample):,}"
        )


def plan_drawing(given: InputOptions, text: Collection[str], memory: int, seed: int) -> Drawing | None:
    """Return what to draw from files that take more memory than they may; None for those that are read whole."""
    needed = estimated_memory(given.source.paths, given.source.form)
    if needed.fits(memory):
        return None
    return Drawing(given, tuple(text), seed, min(SAMPLE_ROWS, needed.most_rows(memory)), needed.n_bytes, memory)


def digest_of(given: InputOptions, text: Collection[str], chosen: Chosen, empty: Digest) -> Digest:
    """Read files in chunks, and return their digest; once more where a column turns out to be text."""
    read_as_text = set(text)
    parts = list(parts_of(given.source.paths))
    while True:
        digest = Digest(empty.seed, empty.most_rows, empty.categorical)
        chosen.n_unlabelled = 0
        first: Table | None = None
        for part in parts:
            first = add_part(digest, given, part, read_as_text, chosen, first)
            if digest.mixed - read_as_text:
                break
        if not digest.mixed - read_as_text:
            return digest
        read_as_text |= digest.mixed


def add_part(
    digest: Digest, given: InputOptions, part: FilePart, text: Collection[str], chosen: Chosen, first: Table | None
) -> Table | None:
    """Add the rows of a part to a digest, and return a table with the columns in their order.

    Raises
    ------
    DataError
        If the part cannot be read, or has other columns than the table `first`.
    """
    n_rows = 0
    for found in read_ahead(given.source.part_chunks(part, text)):
        if first is None:
            given.source.check_present(found, given.columns.ignored)
        table = chosen.rows(found if first is None else in_order(found, first, part.path))
        first = first or table.rows(slice(0, 0))
        digest.add(table, part.number, n_rows)
        n_rows += len(table)
    return first


def drawn_from(digest: Digest, given: InputOptions, chosen: Chosen, group: str | None, drawing: Drawing) -> Drawn:
    """Return the sample of a digest with the labels and groups of its rows, where these are needed."""
    chosen.check()
    rows = digest.finish()
    given.source.warn_of(rows.sample)
    y = None
    if chosen.all_labels and given.labels is not None:
        y = given.labels.binary(given.labels.texts(rows.sample))
    groups = None if group is None else groups_of(rows.sample, group)
    return Drawn(rows, y, groups, chosen.n_unlabelled, drawing.description(rows))
