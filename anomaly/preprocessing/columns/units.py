"""Units: what stands before and after the digits of a number, and units of one scale.

The numbers of a column have one unit, or several of one scale, such as mV and V: then they are multiples of the first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from anomaly.tables.patterns import DelayedPattern

_SI = {
    "p": 1e-12, "n": 1e-9, "u": 1e-6, "\u00b5": 1e-6, "m": 1e-3, "c": 1e-2, "d": 1e-1, "": 1.0, "da": 1e1, "h": 1e2,
    "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40,
}  # fmt: skip
_FAMILIES: tuple[dict[str, float], ...] = (
    {"": 1, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "B": 1e9, "T": 1e12},
    {"": 1, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12},
    {"": 1, "Tsd.": 1e3, "Tsd": 1e3, "thousand": 1e3, "mn": 1e6, "mln": 1e6, "million": 1e6, "Mio.": 1e6, "Mio": 1e6,
     "bn": 1e9, "billion": 1e9, "Mrd.": 1e9, "Mrd": 1e9, "tn": 1e12, "trillion": 1e12},
    {"ns": 1e-9, "us": 1e-6, "\u00b5s": 1e-6, "ms": 1e-3, "msec": 1e-3, "s": 1, "sec": 1, "secs": 1, "second": 1,
     "seconds": 1, "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60, "h": 3600, "hr": 3600, "hrs": 3600,
     "hour": 3600, "hours": 3600, "d": 86400, "day": 86400, "days": 86400, "w": 604800, "week": 604800,
     "weeks": 604800},
    {"ppt": 1e-6, "ppb": 1e-3, "ppm": 1}, {"%": 1, "\u2030": 0.1}, {"%": 1, "\u2030": 0.1, "ppm": 1e-4},
    {"\u00b5g": 1e-6, "ug": 1e-6, "mg": 1e-3, "g": 1, "kg": 1e3, "t": 1e6}, {"oz": 1, "lb": 16, "lbs": 16},
    {"in": 1, "inch": 1, "inches": 1, "ft": 12, "feet": 12, "yd": 36}, {"lakh": 1, "crore": 100},
    {"lakhs": 1, "crores": 100}, {"": 1, "CR": -1}, {"": 1, "Cr": -1}, {"": 1, "cr": -1},
    {"st": 1, "nd": 1, "rd": 1, "th": 1},
    {"N": 1, "S": -1}, {"E": 1, "W": -1}, {"\u00b0N": 1, "\u00b0S": -1}, {"\u00b0E": 1, "\u00b0W": -1},
    {"\u00b0 N": 1, "\u00b0 S": -1}, {"\u00b0 E": 1, "\u00b0 W": -1},
    {"DR": 1, "CR": -1}, {"Dr": 1, "Cr": -1}, {"D": 1, "C": -1}, {"S": 1, "H": -1},
)  # fmt: skip
_CODES = """
AED ARS AUD BDT BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JPY KES KRW KWD MAD MXN MYR NGN
NOK NZD PEN PHP PKR PLN QAR RMB RON RSD RUB SAR SEK SGD THB TRY TWD UAH USD VND ZAR kr Kr Rs Fr SFr R Rp RM Kc
"""
_CURRENCIES = frozenset(_CODES.split())
_AROUND = DelayedPattern(
    r"(?:about|approx|approximately|around|ca|c|circa|max|min|up to|over|under|less than|more than)\.?", re.I
)
_COMPARED = DelayedPattern(r"[<>\u2264\u2265=~\u2248\u00b1+]+")
_FOOTNOTE = DelayedPattern(
    r"(?<!/)\s*(?:[*\u2020\u2021\u00a7\u00b6#!?+~^]+|\A\^[0-9]{1,2}|\[\w{1,4}\]|\(\w[\w., ;-]{0,23}\)"
    r"|(?:\u00b1|\+/-|\+-)\s*[\d.,]+\s*%?)$"
)
_TOLERANCE = DelayedPattern(r"(?P<unit>[^\d]*?)\s*(?P<mark>(?:\u00b1|\+/-|\+-)\s*[\d.,]+)\s*(?P<own>[^\d\s%.,].*)")
_UNIT = DelayedPattern(r"[^\s\d\-+.,:;/_'(\[]\S*(?: [^\s\d]\S*){0,3}")
_LONGEST = 24


def split_qualifier(prefix: str) -> tuple[str, str]:
    """Return the qualifier of a number and the remainder of what stands before it.

    Examples
    --------
    >>> split_qualifier(">"), split_qualifier("ca. EUR"), split_qualifier("$")
    (('>', ''), ('ca.', 'EUR'), ('', '$'))
    """
    for pattern in (_COMPARED, _AROUND):
        found = pattern.match(prefix)
        rest = prefix[found.end() :] if found else ""
        if found and (not rest or rest[0].isspace() or pattern is _COMPARED):
            return found.group(), rest.strip()
    return "", prefix


def split_footnote(suffix: str) -> tuple[str, str]:
    r"""Return the footnote mark, or the tolerance, of a number and the remainder of what stands after it.

    Examples
    --------
    >>> split_footnote("C*"), split_footnote("[1]"), split_footnote("+/- 0.2"), split_footnote("m/s")
    (('*', 'C'), ('[1]', ''), ('+/- 0.2', ''), ('', 'm/s'))
    """
    inner = _TOLERANCE.fullmatch(suffix)
    if inner is not None and inner["unit"] in ("", inner["own"]):
        return inner["mark"], inner["own"]
    found = _FOOTNOTE.search(suffix)
    return (found.group().strip(), suffix[: found.start()].strip()) if found else ("", suffix)


def is_prefix(text: str) -> bool:
    """Return whether text before digits is a currency, a sign or a name, and not the letters of a code such as A12.

    Examples
    --------
    >>> [is_prefix(text) for text in ("", "$", "US$", "EUR", "T =", "A", "item")]
    [True, True, True, True, True, False, False]
    """
    if not text or text in _CURRENCIES or text.rstrip(".") in _CURRENCIES or text.upper() in _CURRENCIES:
        return True
    if len(text) > _LONGEST:
        return False
    return text[-1] in ":=" or unicodedata.category(text[-1]) in ("Sc", "Sm", "So", "Po")


def is_suffix(text: str) -> bool:
    r"""Return whether text after digits may be a unit.

    Examples
    --------
    >>> [is_suffix(text) for text in ("", "C", "%", "m/s", "\u00b5g/m3", "per day", "-12", "/80", ".1.1")]
    [True, True, True, True, True, True, False, False, False]
    """
    return not text or (len(text) <= _LONGEST and _UNIT.fullmatch(text) is not None)


def scale_of(units: Collection[str]) -> dict[str, float] | None:
    """Return the factor of each unit of one scale, or None if the units are not of one.

    Parameters
    ----------
    units : collection of str
        Distinct units; an empty one is no unit.

    Examples
    --------
    >>> scale_of({"mV", "V"}), scale_of({"C", "F"}), scale_of({"", "k", "M"})["k"]
    ({'V': 1.0, 'mV': 0.001}, None, 1000.0)
    """
    if len(units) == 1:
        return dict.fromkeys(units, 1.0)
    for family in _FAMILIES:
        if all(unit in family for unit in units):
            return {unit: float(family[unit]) for unit in sorted(units)}
    if "" in units:
        return None
    singular = min(units, key=len)
    if len(units) == 2 and set(units) in ({singular, f"{singular}s"}, {singular, f"{singular}es"}):
        return dict.fromkeys(sorted(units), 1.0)
    for base in sorted({unit[i:] for unit in units for i in range(3)} - {""}, key=len, reverse=True):
        factors = {unit: _SI.get(unit.removesuffix(base)) for unit in sorted(units) if unit.endswith(base)}
        if len(factors) == len(units) and None not in factors.values():
            return {unit: factor for unit, factor in factors.items() if factor is not None}
    return None
