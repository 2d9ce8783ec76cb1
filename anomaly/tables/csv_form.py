"""The form of a CSV file: its delimiter, header, encoding, decimal point and marks of missing values."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass

DELIMITERS = ",;\t|"
_DECIMALS = ".,"


@dataclass(frozen=True)
class CsvForm:
    r"""The form of a CSV file.

    Parameters
    ----------
    delimiter : str, optional
        Character between fields; by default inferred from the first lines.
    header : bool, default True
        Whether the first record contains the names of the columns.
    encoding : str, default "utf-8-sig"
        Encoding of the text.
    decimal : {".", ","}, default "."
        Decimal point of numbers.
    missing : tuple of str, default ()
        Texts of missing values besides the usual ones. Of a number, equal numbers are meant, too.

    Raises
    ------
    ValueError
        If the delimiter or the decimal point is no such character.
    """

    delimiter: str | None = None
    header: bool = True
    encoding: str = "utf-8-sig"
    decimal: str = "."
    missing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.delimiter is not None:
            check_delimiter(self.delimiter)
        if self.decimal not in _DECIMALS or len(self.decimal) != 1:
            raise ValueError(f"decimal must be '.' or ','; found {self.decimal!r}")
        if self.decimal == self.delimiter:
            raise ValueError(f"decimal and delimiter are both {self.decimal!r}; they must differ")


def check_delimiter(delimiter: str) -> str:
    """Return a delimiter; raise ValueError if it is none."""
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise ValueError(f"delimiter must be one character such as ',' or ';'; found {delimiter!r}")
    return delimiter


def infer_delimiter(sample: Sequence[str]) -> str:
    """Return the delimiter that splits the largest fraction of the first lines into as many fields as the header.

    The most frequent character is no criterion: decimal commas may outnumber the semicolons between fields.
    """
    best, best_fit = DELIMITERS[0], (0.0, 0)
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(sample, delimiter=delimiter) if row]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        fit = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
        if fit > best_fit:
            best, best_fit = delimiter, fit
    return best
