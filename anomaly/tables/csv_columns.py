"""Columns of the fields of a CSV file: plain numbers as numbers, all else as text."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, field

import numpy as np

from anomaly.tables.cells import MISSING_TEXTS
from anomaly.tables.coded import CodedText, coded_text, with_decimal
from anomaly.tables.patterns import DelayedPattern
from nnlite.types import Array

BLANKS = " \t"
_NUMBER = r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_PLAIN = DelayedPattern(_NUMBER)
_NUMBER_BYTES = b"0123456789+-.eE \t\n"
_LEADING_ZERO = re.compile(rb"(?:^|[\n \t])[+-]?0[0-9]")


class AllExcept(Container[str]):
    """All names but some.

    Examples
    --------
    >>> "amount" in AllExcept(["id"]), "id" in AllExcept(["id"])
    (True, False)
    """

    def __init__(self, names: Container[str]) -> None:
        self._names = names

    def __contains__(self, name: object) -> bool:
        return name not in self._names


@dataclass(frozen=True)
class ColumnForm:
    """The form of the cells of a file.

    Parameters
    ----------
    decimal : str
        Decimal point, "." or ",".
    missing : sequence of str
        Texts of missing values besides the usual ones.
    """

    decimal: str = "."
    missing: Sequence[str] = ()
    _numbers: list[float] = field(init=False)
    _texts: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        texts = frozenset(text.strip() for text in self.missing)
        numbers = [value for text in texts if (value := self._plain_number(text)) is not None]
        # The dataclass is frozen: the constructor sets the derived fields by way of object.__setattr__.
        object.__setattr__(self, "_texts", texts)
        object.__setattr__(self, "_numbers", numbers)

    def number_of(self, text: str) -> float | None:
        """Return the number of a cell, NaN where it is missing; None if it is no plain number.

        A plain number has digits without leading zeros, the decimal point, a sign and an exponent or not. Other
        spellings that `float` knows, such as 007, inf and 1_000, are text: what they mean is for others to say.

        Examples
        --------
        >>> ColumnForm().number_of(" 2.50"), ColumnForm().number_of("007"), ColumnForm(",").number_of("2,5")
        (2.5, None, 2.5)
        """
        text = text.strip(BLANKS)
        if text in MISSING_TEXTS or text in self._texts:
            return np.nan
        return self._plain_number(text)

    def _plain_number(self, text: str) -> float | None:
        if self.decimal == ",":
            text = text.replace(".", "_").replace(",", ".")
        return float(text) if _PLAIN.fullmatch(text) else None

    def numbers(self, fields: Sequence[str]) -> Array | None:
        """Return the numbers of a column, NaN where missing; None if a cell is neither a plain number nor missing.

        The numbers are those of `number_of`, at less cost.
        """
        joined = "\n".join(fields)
        if joined.count("\n") != len(fields) - 1:
            return None
        found = self._all_plain(fields, joined)
        if found is None:
            values = list(map(self.number_of, fields))
            if None in values:
                return None
            found = np.array(values, np.float64)
        return self.without_marks(found)

    def without_marks(self, numbers: Array) -> Array:
        """Set the numbers that mark missing values to NaN."""
        for mark in self._numbers:
            numbers[numbers == mark] = np.nan
        return numbers

    def _all_plain(self, fields: Sequence[str], joined: str) -> Array | None:
        """Return the numbers of fields that are all plain or empty, in a few passes; None if they may not be."""
        allowed = _NUMBER_BYTES
        if self.decimal == ",":
            allowed = allowed.replace(b".", b",")
        data = joined.encode()
        if data.translate(None, allowed) or _LEADING_ZERO.search(data):
            return None
        if self.decimal == ",":
            fields = joined.replace(",", ".").split("\n")
        try:
            return np.array(fields, dtype=np.object_).astype(np.float64)
        except ValueError:
            try:
                return np.array([field if field.strip() else "nan" for field in fields], object).astype(np.float64)
            except ValueError:
                return None

    def text(self, fields: Sequence[str]) -> Array:
        """Return text as it is written, None where it marks a missing value."""
        sample = fields[:100]
        if self._texts or len(set(sample)) < len(sample) / 2:
            # Many values are repeated: equal fields share one object, since each text takes 50 bytes.
            distinct: dict[str, str | None] = {text: self.cell(text) for text in dict.fromkeys(fields)}
            fields = list(map(distinct.__getitem__, fields))  # type: ignore[arg-type]
        cells = np.fromiter(fields, dtype=np.object_, count=len(fields))
        return with_decimal(cells, self._said_decimal)

    @property
    def _said_decimal(self) -> str | None:
        """The decimal point, if it is not the usual one: what is usual was not said."""
        return None if self.decimal == "." else self.decimal

    def coded(self, texts: Sequence[str], codes: Array) -> CodedText:
        """Return the column of distinct texts and the codes of the rows, as `text` does."""
        places: dict[str | None, int] = {}
        merged = [places.setdefault(self.cell(text), len(places)) for text in texts]
        if len(places) < len(texts):
            codes = np.array(merged, np.int32)[codes]
        return coded_text(list(places), codes, self._said_decimal)

    def cell(self, text: str) -> str | None:
        """Return a text, or None where it marks a missing value."""
        return None if self._texts and text.strip() in self._texts else text
