"""Numerals: the marks between the digits of numbers, as people of many countries write them.

A *style* is a decimal mark and a mark between groups of three digits. Text is normalized first: blanks of every width,
minus signs and apostrophes have several characters that look alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from anomaly.tables.patterns import DelayedPattern

_ALIKE = {
    " ": "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2212\u207b\ufe63\uff0d",
    "+": "\uff0b\u207a",
    "'": "\u2018\u2019\u02bc\u2032\u00b4`",
    '"': "\u2033\u201c\u201d\u201e",
    ":": "\uff1a",
    "/": "\uff0f\u2044",
    ".": "\u066b\uff0e",
    ",": "\u066c\uff0c",
    "%": "\uff05\u066a",
    "\u00b5": "\u03bc",  # the micro sign, and the Greek letter
    "\u00b0": "\u00ba\u02da",  # degrees: the ordinal indicator, and the ring above
    # Nothing is seen of them: nulls, soft hyphens, joiners, and what turns the direction of writing.
    "": "\u0000\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff",
}
_RAISED = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
_SUPERSCRIPTS = dict(zip(map(ord, _RAISED), "0123456789", strict=True))
_NORMAL = {ord(character): plain for plain, characters in _ALIKE.items() for character in characters} | _SUPERSCRIPTS
# A raised digit behind others is a power of them or a footnote, and no further digit.
_POWER = DelayedPattern(rf"(?<=[0-9])(?=[{_RAISED}])")
_QUOTED = re.compile(r"=?([\"'])(.*)\1")


class Style(NamedTuple):
    """Decimal mark, and the mark between groups of digits; empty without one."""

    decimal: str
    group: str

    @property
    def summary(self) -> str:
        """Describe what is unusual about the style."""
        names = {" ": "a blank", ",": "a comma", ".": "a point", "'": "an apostrophe", "_": "an underscore"}
        parts = [f"decimals after {names[self.decimal]}"] if self.decimal != "." else []
        parts += [f"thousands marked by {names[self.group]}"] if self.group else []
        return ", ".join(parts)


_MARKS = (".", ""), (",", ""), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "'"), (".", "_")
STYLES = tuple(Style(*marks) for marks in _MARKS)
"""Styles in the order in which they are tried: what fits two of them is taken as the first."""


def normalized(text: str) -> str:
    r"""Return text without quotes and outer blanks, and with one character for all that look alike.

    Examples
    --------
    >>> normalized("\u22121\u202f234,5"), normalized('="007"')
    ('-1 234,5', '007')
    >>> normalized("20.3\u00b2"), normalized("5 m\u00b2")
    ('20.3^2', '5 m2')
    """
    if not text.isascii():
        text = _POWER.sub("^", text)
    text = text.translate(_NORMAL).strip()
    quoted = _QUOTED.fullmatch(text)
    return quoted.group(2).strip() if quoted else text


@lru_cache(maxsize=len(STYLES))
def _pattern(style: Style) -> re.Pattern[str]:
    whole = r"\d+"
    if style.group:
        mark = re.escape(style.group)
        # The Indian way has groups of two digits before the last three.
        whole = rf"(?:\d{{1,3}}(?:{mark}\d{{3}})+|\d{{1,2}}(?:{mark}\d\d)+{mark}\d{{3}}|\d+)"
    decimal = re.escape(style.decimal)
    return re.compile(rf"{whole}(?:{decimal}\d*)?|{decimal}\d+")


def read_numeral(numeral: str, style: Style) -> float | None:
    """Return the number of digits and marks in a style, or None if they are not in it.

    Examples
    --------
    >>> read_numeral("1.234,5", Style(",", ".")), read_numeral("1.2.3", Style(",", "."))
    (1234.5, None)
    """
    if not _pattern(style).fullmatch(numeral):
        return None
    if style.group:
        numeral = numeral.replace(style.group, "")
    return float(numeral if style.decimal == "." else numeral.replace(style.decimal, "."))


def styles_of(numerals: Iterable[str]) -> list[Style]:
    """Return the styles that fit all numerals, in the order of `STYLES`.

    Examples
    --------
    >>> [style.summary for style in styles_of(["1,5", "20,25"])]
    ['decimals after a comma']
    >>> len(styles_of(["1,234", "20,250"])), styles_of(["1,5", "1.5"])
    (2, [])
    """
    numerals = list(numerals)
    return [style for style in STYLES if all(map(_pattern(style).fullmatch, numerals)) and _is_used(style, numerals)]


def _is_used(style: Style, numerals: list[str]) -> bool:
    """Return whether the marks of a style occur: one that does not is another style."""
    if style.group:
        return any(style.group in numeral for numeral in numerals)
    return style.decimal == "." or any(style.decimal in numeral for numeral in numerals)


def are_ambiguous(numerals: Iterable[str]) -> bool:
    """Return whether commas may be decimal or between thousands: each has one, before exactly three digits.

    Examples
    --------
    >>> are_ambiguous(["1,234", "20,250"]), are_ambiguous(["1,234", "950"]), are_ambiguous(["0,234", "20,250"])
    (True, False, False)
    """
    return all(re.fullmatch(r"[1-9]\d{0,2},\d{3}", numeral) for numeral in numerals)
