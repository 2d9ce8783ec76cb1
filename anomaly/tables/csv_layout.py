"""The layout of the records of a CSV file: its columns, and whether fields are a record, a blank one, or wrong."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from anomaly.errors import DataError, format_names
from anomaly.tables.csv_columns import BLANKS, ColumnForm

LONGEST_FIELD = 131_072
"""Most bytes of a field: a quote that is never closed takes no memory without limit."""


@dataclass(frozen=True)
class Layout:
    """Columns of a file.

    Attributes
    ----------
    label : str
        Name of the file, for messages.
    delimiter : str
        Character between fields.
    names : tuple of str
        Names of the columns.
    n_empty : int
        Fields after those of the columns, which must be blank.
    cells : ColumnForm
        Form of the cells.
    numbers : container of str
        Columns whose cells become numbers, where all of them are plain numbers.
    n_before : int
        Fields before those of the columns, which are left out.
    """

    label: str
    delimiter: str
    names: tuple[str, ...]
    n_empty: int
    cells: ColumnForm
    numbers: Container[str]
    n_before: int = 0

    @property
    def n_fields(self) -> int:
        """Fields of a record."""
        return self.n_before + len(self.names) + self.n_empty

    def is_blank(self, fields: Sequence[str]) -> bool:
        """Return whether fields, from `records`, are no record: none, or of several columns a blank one."""
        return not fields or (self.n_fields > 1 and len(fields) == 1 and not fields[0].strip(BLANKS))

    def fault(self, fields: Sequence[str]) -> str | None:
        """Return what is wrong with the fields of a record, or None."""
        width = self.n_before + len(self.names)
        if not width <= len(fields) <= self.n_fields:
            return f"found {len(fields)} fields, expected {width}"
        if any(field.strip(BLANKS) for field in fields[width:]):
            at = next(j for j in range(width, len(fields)) if fields[j].strip(BLANKS))
            return f"found {fields[at]!r} in column {at + 1}, which has no name; name the column in the first line"
        for name, field in zip(self.names, fields[self.n_before :], strict=False):
            if len(field) * 4 > LONGEST_FIELD and len(field.encode()) > LONGEST_FIELD:
                return f"column {name!r}: field larger than field limit ({LONGEST_FIELD})"
        return None


def header_names(line: int, fields: Sequence[str], label: str) -> tuple[str, ...]:
    """Return the names of the columns from the first record of a file; raise DataError if one is missing or doubled."""
    names = tuple(name.strip() for name in fields)
    where = f"{label}, line {line}"
    if "" in names:
        raise DataError(
            f"{where}: column {names.index('') + 1} has no name; name every column, or "
            "read the file as one without a header (on the command line: --no-header)"
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            f"{where}: column names must be distinct; found more than once: {format_names(twice)}. If the "
            "file has no header, read it as one without (on the command line: --no-header)"
        )
    return names
