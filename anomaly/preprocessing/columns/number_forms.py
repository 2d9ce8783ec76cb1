"""Numbers in other spellings than those of programs: with a unit, a currency, marks of thousands or a decimal comma.

A column has one form, found from the distinct texts of its training values. Every later cell must have it too: what
does not fit is an error that names the row, as text among plain numbers is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from anomaly.errors import DataError
from anomaly.preprocessing.columns.numerals import STYLES, Style, normalized, read_numeral, styles_of
from anomaly.preprocessing.columns.units import is_prefix, is_suffix, split_footnote, split_qualifier
from anomaly.tables.patterns import DelayedPattern
from anomaly.tables.saved_state import field

_SHAPE = DelayedPattern(
    r"(?P<open>\()?\s*"
    r"(?P<before>[^\W\d_]+\.(?=\s*\d)|[^\d()+\-.,]*?)\s*"
    r"(?P<sign>[+-])?\s*(?P<middle>[^\d()+\-.,]*?)\s*"
    r"(?P<numeral>\d(?:[\d.,'_ ]*\d)?[.,]?|[.,]\d+)"
    r"(?:\s?(?:[eEdDqQ]|(?:[x\u00d7*\u00b7]\s?10\s?(?:\^|\*\*)?))\s?(?P<exponent>[+-]?\d+))?"
    r"(?P<trailing>-(?=\s*(?:[^\W\d]|$)))?"
    r"\s*(?P<after>[^\d\s)].*?)?\s*(?(open)\))"
)
_HEXADECIMAL = DelayedPattern(r"[+-]?(?:0[xX]|&[hH]|#)[0-9a-fA-F]+|[+-]?[0-9][0-9a-fA-F]*[hH]")
_BINARY = DelayedPattern(r"0[bB][01]+|0[oO][0-7]+")
_WHOLE = DelayedPattern(r"(?P<digits>.*\d)\s?[.,/](?:-{1,2}|=)(?P<rest>(?:[^\d].*)?)")  # 5.- and 5,-- are whole amounts
_PARENTHESES = DelayedPattern(r"(?P<before>[^\d()]{1,5})\((?P<rest>[\d.,' ]+)\)")
_GLYPHS = {chr(code): f" {over}/{under}" for code, over, under in (
    (0xBC, 1, 4), (0xBD, 1, 2), (0xBE, 3, 4), (0x2153, 1, 3), (0x2154, 2, 3), (0x215B, 1, 8), (0x215C, 3, 8),
    (0x215D, 5, 8), (0x215E, 7, 8),
)}  # fmt: skip
_FRACTION = DelayedPattern(r"(?P<sign>-)?(?:(?P<whole>\d+)[ -] *)?(?P<over>\d+)\s?/\s?(?P<under>\d+)|(?P<plain>\d+)")
# Fractions of rulers and odds, and none such as a blood pressure of 120/80.
_DENOMINATORS = frozenset((2, 3, 4, 5, 6, 8, 10, 12, 16, 32, 64))


class Shape(NamedTuple):
    """The parts of a number's text.

    Attributes
    ----------
    numeral : str
        Digits and the marks between them.
    factor : float
        -1 or 1, times a power of ten.
    prefix, unit : str
        What stands before and after.
    marks : tuple of str
        A qualifier such as ``>`` and a footnote mark such as ``*``, of those that there are.
    """

    numeral: str
    factor: float
    prefix: str
    unit: str
    marks: tuple[str, ...]


def shape_of(text: str) -> Shape | None:
    """Return the parts of the text of a number, or None if it is none in any spelling.

    Examples
    --------
    >>> shape_of("-$1,200.50"), shape_of("(3.5) kg"), shape_of("A12"), shape_of("192.168.1.1")
    (Shape(numeral='1,200.50', factor=-1.0, prefix='$', unit='', marks=()), None, None, None)
    >>> shape_of(">20.3 C*")
    Shape(numeral='20.3', factor=1.0, prefix='', unit='C', marks=('>', '*'))
    """
    found = _SHAPE.fullmatch(_without_dashes(normalized(text)))
    if found is None:
        return None
    before, middle = found["before"].strip(), found["middle"].strip()
    if before and middle:
        return None
    qualifier, prefix = split_qualifier(before or middle)
    footnote, unit = split_footnote((found["after"] or "").strip())
    is_after = len(unit) > 1 and unit.endswith("-")  # 20 EUR-
    unit = unit[:-1].strip() if is_after else unit
    if not (is_prefix(prefix) and is_suffix(unit) and styles_of([found["numeral"]])):
        return None
    negatives = (found["sign"] == "-") + (found["open"] is not None) + (found["trailing"] is not None) + is_after
    exponent = int(found["exponent"] or 0)
    if negatives > 1 or abs(exponent) > 308:
        return None
    marks = tuple(mark for mark in (qualifier, footnote) if mark)
    return Shape(found["numeral"], (-1.0 if negatives else 1.0) * 10.0**exponent, prefix, unit, marks)


def _without_dashes(text: str) -> str:
    """Return text without the dash in place of cents, and with a currency inside of the parentheses of a negative."""
    for pattern in (_WHOLE, _PARENTHESES):
        found = pattern.fullmatch(text)
        if found is not None and pattern is _WHOLE:
            return found["digits"] + found["rest"]
        if found is not None:
            return f"({found['before']}{found['rest']})"
    return text


@dataclass(frozen=True)
class NumberForm:
    """The form of the numbers of a column.

    Attributes
    ----------
    style : Style
        Decimal mark and mark of thousands.
    prefix : str
        What stands before each number.
    units : dict of str to float
        Factor of each unit; an empty unit is none.
    marked : bool
        Whether qualifiers such as ``>`` and footnote marks such as ``*`` may stand around a number; they are not read.
    example : str
        A training value, for messages.

    Examples
    --------
    >>> form = NumberForm(Style(",", "."), "", {"kWh": 1.0}, False, "20,3 kWh")
    >>> form.parse("1.234,5 kWh"), form.parse("20,3"), form.parse("oops")
    (1234.5, None, None)
    """

    style: Style
    prefix: str
    units: Mapping[str, float]
    marked: bool
    example: str

    @property
    def expected(self) -> str:
        """What a cell must be, for errors."""
        return f"a number in the form of {self.example!r}"

    @property
    def summary(self) -> str:
        """Describe the form."""
        units = [repr(unit) if unit else "none" for unit in self.units]
        parts = [f"{self.prefix!r} before"] if self.prefix else []
        parts += [f"unit {' or '.join(units)}"] if any(self.units) else []
        parts += [self.style.summary] if self.style.summary else []
        return ", ".join([*parts, *(["marks left out"] if self.marked else [])])

    @property
    def takes_plain(self) -> bool:
        """Whether a number without a unit is of the form."""
        return not self.prefix and "" in self.units

    def parse(self, text: str) -> float | None:
        """Return the number of a text, in the smallest unit that has the factor 1; None if it is of another form."""
        shape = shape_of(text)
        if shape is None or shape.prefix != self.prefix or (shape.marks and not self.marked):
            return None
        factor, number = self.units.get(shape.unit), read_numeral(shape.numeral, self.style)
        return None if factor is None or number is None else _product(number, shape.factor, factor)

    def takes(self, number: float) -> bool:
        """Return whether a number that is no text is of the form: without a unit, and whole if decimals have commas."""
        return self.takes_plain and (self.style.decimal == "." or number.is_integer())

    def get_config(self) -> dict[str, Any]:
        """Return the attributes as JSON values."""
        return {
            "type": "spelling",
            "decimal": self.style.decimal,
            "group": self.style.group,
            "prefix": self.prefix,
            "units": dict(self.units),
            "marked": self.marked,
            "example": self.example,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> NumberForm:
        """Restore a form from the values of `get_config`; raise `DataError` for an invalid field."""
        style = Style(field(config, "decimal", str), field(config, "group", str))
        units = {unit: field(field(config, "units", dict), unit, float) for unit in field(config, "units", dict)}
        if style not in STYLES or not units or not all(f and math.isfinite(f) for f in units.values()):
            raise DataError(f"preprocessing: numbers have no style {tuple(style)} with the units {units}")
        return cls(
            style, field(config, "prefix", str), units, field(config, "marked", bool), field(config, "example", str)
        )


@dataclass(frozen=True)
class SpecialForm:
    """A form of numbers that are not decimal: hexadecimal numbers, or fractions such as 1 1/2.

    Attributes
    ----------
    name : {"hexadecimal", "fractions"}
        Which one.
    example : str
        A training value, for messages.

    Examples
    --------
    >>> SpecialForm("hexadecimal", "0x1F").parse("0xff"), SpecialForm("fractions", "1/2").parse("1 3/4")
    (255.0, 1.75)
    """

    name: str
    example: str

    takes_plain = False

    @property
    def expected(self) -> str:
        """What a cell must be, for errors."""
        return f"a number in the form of {self.example!r}"

    @property
    def summary(self) -> str:
        """Describe the form."""
        return self.name

    def parse(self, text: str) -> float | None:
        """Return the number of a text, or None if it is of another form."""
        return _SPECIAL[self.name](normalized(text))

    def takes(self, number: float) -> bool:  # noqa: ARG002
        """Return False: a number that is no text is of another form."""
        return False

    def get_config(self) -> dict[str, Any]:
        """Return the attributes as JSON values."""
        return {"type": self.name, "example": self.example}


def _product(number: float, *factors: float) -> float:
    for factor in factors:
        # By division for small factors, so that 20.3e-1 is 2.03 to the last digit.
        number = number * factor if abs(factor) >= 1 else number / round(1 / factor, 0)
    return number


def _hexadecimal(text: str) -> float | None:
    if _BINARY.fullmatch(text):
        return float(int(text, 0))
    if not _HEXADECIMAL.fullmatch(text):
        return None
    return float(int(text.upper().replace("0X", "").replace("&H", "").replace("#", "").rstrip("H"), 16))


def _fraction(text: str) -> float | None:
    for glyph, spelled in _GLYPHS.items():
        text = text.replace(glyph, spelled)
    found = _FRACTION.fullmatch(text.strip())
    if found is None:
        return None
    if found["plain"]:
        return float(found["plain"])
    over, under = int(found["over"]), int(found["under"])
    if under not in _DENOMINATORS or over >= under:
        return None
    return (-1.0 if found["sign"] else 1.0) * (int(found["whole"] or 0) + over / under)


_SPECIAL = {"hexadecimal": _hexadecimal, "fractions": _fraction}
SPECIAL_FORMS = tuple(_SPECIAL)
"""Names of special forms."""
