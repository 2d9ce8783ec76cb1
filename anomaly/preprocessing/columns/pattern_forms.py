"""Numbers within text of one pattern: 20.3/100, [20.3], 121/81, 20-25, 52 deg 31' 12" N and 5 ft 11 in.

All texts of a column have the same text around and between their numbers. What does not differ belongs to this text. Of
one number that differs, it is the value; of two, their middle, which is far where either is; and of several parts of
one quantity, such as degrees, minutes and seconds, their sum.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from anomaly.errors import DataError
from anomaly.preprocessing.columns.numerals import normalized
from anomaly.preprocessing.columns.units import is_prefix
from anomaly.tables.patterns import DelayedPattern
from anomaly.tables.saved_state import field

_NUMERAL = DelayedPattern(r"(?<![\w.)\]])[+-]?(?:\d+(?:[.,]\d+)?|\.\d+)|\d+(?:[.,]\d+)?")
# Addresses, versions and codes are made of numbers, too.
_CHAIN = DelayedPattern(r"\d+([.:])\d+\1\d|[0-9a-fA-F]{2}([:-])[0-9a-fA-F]{2}\2|(?<![\d.,])0\d")
_HEMISPHERE = DelayedPattern(r"(?P<rest>.*[\d\"'\u00b0].*?)\s*(?P<side>[NSEWO])", re.DOTALL)
_COMPOUNDS: tuple[dict[str, float], ...] = (
    {"\u00b0": 1.0, "deg": 1.0, "d": 1.0, "'": 1 / 60, "m": 1 / 60, "min": 1 / 60, '"': 1 / 3600, "''": 1 / 3600,
     "s": 1 / 3600, "sec": 1 / 3600},
    {"'": 12.0, "ft": 12.0, "feet": 12.0, "foot": 12.0, "in": 1.0, "inch": 1.0, "inches": 1.0, '"': 1.0, "''": 1.0},
    {"st": 224.0, "lb": 16.0, "lbs": 16.0, "oz": 1.0},
)  # fmt: skip
_NAMES = ("degrees", "inches", "ounces")
_MOST_NUMBERS, _MOST_VARYING = 6, 2
_MOST_INCHES = 12
_SAMPLE = 20


class _Parts(NamedTuple):
    """Text before, between and after numbers, the numbers as written, and 1 or -1 for the hemisphere."""

    around: tuple[str, ...]
    numerals: tuple[str, ...]
    sign: float


def _split(text: str) -> _Parts | None:
    text = normalized(text)
    sign = 1.0
    side = _HEMISPHERE.fullmatch(text)
    if side is not None and "\u00b0" in text:
        text, sign = side["rest"].strip(), -1.0 if side["side"] in "SW" else 1.0
    numerals, around, start = [], [], 0
    for found in _NUMERAL.finditer(text):
        numerals.append(found.group())
        around.append(_plain(text[start : found.start()]))
        start = found.end()
    if not 1 <= len(numerals) <= _MOST_NUMBERS:
        return None
    return _Parts((*around, _plain(text[start:])), tuple(numerals), sign)


def _plain(text: str) -> str:
    return " ".join(text.split())


def _number(numeral: str) -> float:
    return float(numeral.replace(",", "."))


@dataclass(frozen=True)
class PatternForm:
    """The form of numbers within text of one pattern.

    Attributes
    ----------
    around : tuple of str
        Text before, between and after the numbers that are read; a number that never differs belongs to it.
    weights : tuple of float
        What each number is multiplied with before they are added up.
    kept : tuple of int
        Which numbers of a text, counted from 0, are read.
    unit : str
        Unit of a sum of parts; empty for others.
    example : str
        A training value, for messages.

    Examples
    --------
    >>> form = find_pattern({f"{i}.5/100": 1 for i in range(30)}).form
    >>> form.summary, form.parse("12/100"), form.parse("12/80"), form.parse("oops")
    ("the number in '0.5/100'", 12.0, None, None)
    >>> find_pattern({f"{i // 60} ft {i % 12} in": 1 for i in range(90)}).form.parse("1 ft 11 in")
    23.0
    """

    around: tuple[str, ...]
    weights: tuple[float, ...]
    kept: tuple[int, ...]
    unit: str
    example: str

    @property
    def expected(self) -> str:
        """What a cell must be, for errors."""
        return f"a number in the form of {self.example!r}"

    @property
    def summary(self) -> str:
        """Describe the form."""
        if self.unit:
            return f"{self.unit}, from text such as {self.example!r}"
        return f"the {'number' if len(self.kept) == 1 else 'middle of the numbers'} in {self.example!r}"

    def parse(self, text: str) -> float | None:
        """Return the number of a text, or None if it is of another pattern."""
        parts = _split(text)
        if parts is None or _around(parts, self.kept) != self.around:
            return None
        numbers = (_number(parts.numerals[index]) for index in self.kept)
        return parts.sign * sum(weight * number for weight, number in zip(self.weights, numbers, strict=True))

    def takes(self, number: float) -> bool:  # noqa: ARG002
        """Return False: a number that is no text is of another form."""
        return False

    def get_config(self) -> dict[str, Any]:
        """Return the attributes as JSON values."""
        return {
            "type": "pattern",
            "around": list(self.around),
            "weights": list(self.weights),
            "kept": list(self.kept),
            "unit": self.unit,
            "example": self.example,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> PatternForm:
        """Restore a form from the values of `get_config`; raise `DataError` for an invalid field."""
        around, kept = field(config, "around", list), field(config, "kept", list)
        weights = field(config, "weights", list)
        valid = all(type(text) is str for text in around)
        valid &= all(type(index) is int and index >= 0 for index in kept) and kept == sorted(set(kept))
        valid &= all(type(weight) is float for weight in weights)
        if not valid or not len(kept) == len(weights) == len(around) - 1 > 0:
            raise DataError(f"preprocessing: a pattern of numbers is not valid: {dict(config)!r:.200}")
        return cls(
            tuple(around), tuple(weights), tuple(kept), field(config, "unit", str), field(config, "example", str)
        )


class FoundPattern(NamedTuple):
    """A form, and how the numbers were understood."""

    form: PatternForm
    note: str


def _around(parts: _Parts, kept: Sequence[int]) -> tuple[str, ...]:
    """Return the text around those numbers of a text that are read."""
    around = [parts.around[0]]
    for index, numeral in enumerate(parts.numerals):
        if index in kept:
            around.append(parts.around[index + 1])
        else:
            around[-1] += f"{numeral}{parts.around[index + 1]}"
    return tuple(around)


def find_pattern(counts: Mapping[str, int]) -> FoundPattern | None:
    """Return the pattern that all texts of a column have, or None.

    Parameters
    ----------
    counts : mapping of str to int
        Number of cells of each text, in the order of the rows.

    Examples
    --------
    >>> find_pattern({f"({i}.5, {i + 1}.5)": 1 for i in range(30)}).note
    "the middle of the numbers in '(0.5, 1.5)' is used; write each of them in a column of its own to use them all"
    >>> find_pattern({f"10.0.0.{i}": 1 for i in range(30)}) is find_pattern({f"item{i}": 1 for i in range(30)}) is None
    True
    """
    written = list(counts)
    for some in (written[:_SAMPLE], written):  # a few texts are enough to reject most columns
        known = [parts for text in some if (parts := _split(text)) is not None]
        if len(known) < len(some) or len({parts.around for parts in known}) != 1:
            return None
    first = known[0]
    columns = list(zip(*(parts.numerals for parts in known), strict=True))
    unit, weights = _compound(first.around, columns)
    kept = [index for index, column in enumerate(columns) if unit or len(set(column)) > 1]
    if not kept or not (
        unit or _are_numbers(counts, [columns[index] for index in kept], first.around[0] if kept[0] == 0 else None)
    ):
        return None
    form = PatternForm(
        _around(first, kept), tuple(weights or [1 / len(kept)] * len(kept)), tuple(kept), unit, written[0]
    )
    if unit:
        return FoundPattern(form, f"{written[0]!r} is read as {form.parse(written[0]):.10g} {unit}")
    own = "; write each of them in a column of its own to use them all" if len(kept) > 1 else ""
    return FoundPattern(form, f"{form.summary} is used{own}")


def _compound(around: Sequence[str], columns: Sequence[Sequence[str]]) -> tuple[str, list[float]]:
    """Return the unit of the sum of parts of one quantity and the weight of each; an empty one if they are none."""
    units = [text.strip(" ,").lower() for text in around[1:]]
    if len(columns) < 2 or around[0]:
        return "", []
    for name, family in zip(_NAMES, _COMPOUNDS, strict=True):
        weights = [family.get(unit) for unit in units]
        factors = [weight for weight in weights if weight is not None]
        if len(factors) < len(weights) or sorted(set(factors), reverse=True) != factors:
            continue
        if units[0] == "'" and max(map(_number, columns[1])) >= _MOST_INCHES:
            continue  # minutes and seconds
        return name, factors
    return "", []


def _are_numbers(counts: Mapping[str, int], columns: Sequence[Sequence[str]], before: str | None) -> bool:
    """Return whether the numbers of texts are measured or counted, and do not name something."""
    if len(columns) > _MOST_VARYING:
        return False
    marks = {mark for column in columns for numeral in column for mark in ".," if mark in numeral}
    if len(marks) > 1 or any(_CHAIN.search(normalized(text)) for text in counts):
        return False
    if any("." in numeral or "," in numeral for numeral in columns[0]):
        return True
    if before is None or "/" in before or (any(map(str.isalpha, before)) and not is_prefix(before)):
        return False  # a number before it that never differs is part of a name, too
    return len(columns) == 1 or sum(counts.values()) > len(counts)
