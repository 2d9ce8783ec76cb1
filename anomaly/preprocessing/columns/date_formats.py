"""Formats of dates: directives as of `strptime`, and the texts that have them.

A format is that of the day alone, such as ``%d.%m.%Y``; a time of day and a zone may follow it, or the time stand
before it, in the ways that people write them. A format with a directive of hours is taken to the letter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from anomaly.errors import DataError
from anomaly.preprocessing.columns.date_names import MONTHS, WEEKDAYS, ZONES
from anomaly.preprocessing.columns.numerals import normalized
from anomaly.preprocessing.columns.zones import offset_at_wall
from anomaly.tables.patterns import DelayedPattern

_EPOCH = date(1970, 1, 1).toordinal()
_PIVOT = 69  # two digits of a year from here on are of the last century, as in POSIX
_LEAP_YEAR = 1972  # of dates without a year
_DIRECTIVES = {
    "Y": r"(?P<Y>1[4-9]\d\d|2[0-3]\d\d)",
    "y": r"(?P<y>\d\d)",
    "m": r"(?P<m>0?[1-9]|1[0-2])",
    "b": r"(?P<b>[^\W\d_]{3,12})\.?",
    "d": r"(?P<d>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?\.?",
    "j": r"(?P<j>[0-3]\d\d)",
    "q": r"(?P<q>[1-4])",
    # Of this house: a half and a third of a year, and the two digits of the year after %Y.
    "h": r"(?P<h>[12])",
    "t": r"(?P<t>[1-3])",
    "x": r"(?P<x>\d\d)",
    "G": r"(?P<G>1[4-9]\d\d|2[0-3]\d\d)",
    "V": r"(?P<V>[0-4]?\d|5[0-3])",
    "u": r"(?P<u>[1-7])",
    "a": r"(?P<a>[^\W\d_]{2,10})\.?",
    "H": r"(?P<H>[01]?\d|2[0-4])",
    "I": r"(?P<H>0?\d|1[0-2])",
    "M": r"(?P<M>[0-5]?\d)",
    "S": r"(?P<S>[0-5]?\d|60)",
    "f": r"(?P<f>\d{1,9})",
    "p": r"(?P<p>[ap])\.?\s?m\.?",
    "z": r"(?P<z>Z|[+-]\d\d:?(?:\d\d)?|[A-Z]{1,5}|[A-Z][a-z]+(?:/\w+)+)",
    "%": "%",
}
_DIRECTIVES.update(B=_DIRECTIVES["b"], A=_DIRECTIVES["a"], e=_DIRECTIVES["d"], Z=_DIRECTIVES["z"])
_SHORTHANDS = {"T": "%H:%M:%S", "R": "%H:%M", "F": "%Y-%m-%d", "D": "%m/%d/%y"}
_DATE_PARTS = frozenset("YymbBdejqhtGVu")
_TIME = (
    r"(?:(?:(?P<half>\u4e0a\u5348|\u4e0b\u5348|\u5348\u524d|\u5348\u5f8c|\uc624\uc804|\uc624\ud6c4)\s?)?"
    r"(?P<H>[01]?\d|2[0-4])(?:(?P<mark>[:.h]|[\u65f6\u6642]|\uc2dc\s?)(?P<M>[0-5]\d)"
    r"(?:(?:[:.m]|\u5206|\ubd84\s?)(?P<S>[0-5]\d|60)(?:[.,:](?P<f>\d{1,9}))?)?)?"
    r"(?:s|[\u5206\ubd84\u79d2\ucd08\u65f6\u6642\uc2dc])?"
    r"(?:\s?(?P<p>[ap])\.?\s?m\b\.?)?(?:\s?(?:uhr|h))?)"
)
_COMPACT_TIME = r"(?:(?P<H2>[01]\d|2[0-4])(?P<M2>[0-5]\d)(?:(?P<S2>[0-5]\d|60)(?:[.,](?P<f2>\d{1,9}))?)?)"
_ZONE = (
    r"\s?(?P<z>Z|\(?(?:UTC|GMT)?\s?[+-]\d{1,2}(?::?\d\d)?\)?|\(?(?:UTC|GMT)\)?|[A-Z]{2,5}|[A-Z][a-z]+(?:/\w+)+)"
    r"(?:\s?[\[(][\w/ ]+[\])]|\s[A-Z]{3,5})?(?:\sm=[+-][\d.]+)?"
)
# An interval is the time of its start.
_INTERVAL = DelayedPattern(
    r"(?P<start>.*\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?)"
    r"\s?[/-]\s?(?:\S+[T ])?\d\d?:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?"
)
_JOINT = (
    r"(?:\s?T\s?|\s*[,;]\s*|\s+|_|:|\s?[-@/]\s?"
    r"|[,.]?\s(?:at|um|le|a las|\u00e0s?|kl\.?|klo|o|o godz\.?|\u0433\.,?|\u0432)\s)"
)


_COMPACT = DelayedPattern("(?:%[Yymd]){3}")
_MORNINGS = ("\u4e0a\u5348", "\u5348\u524d", "\uc624\uc804")


class Instant(NamedTuple):
    """A moment as it is written.

    Attributes
    ----------
    wall : float
        Days since the start of 1970 on the wall clock of the writer.
    offset : float or None
        Days by which this clock is ahead of UTC; None if not written.
    """

    wall: float
    offset: float | None


def directives_of(form: str) -> set[str]:
    """Return the letters of the directives of a format.

    Examples
    --------
    >>> sorted(directives_of("%d.%m.%Y"))
    ['Y', 'd', 'm']
    """
    return set(re.findall(r"%(\w)", form))


def is_to_the_letter(form: str) -> bool:
    """Return whether a format has a time of its own, so that no other may follow it."""
    return bool(directives_of(form) & set("HIMSTR"))


def check_format(form: str) -> None:
    """Raise ValueError if a format has directives that are not known, or none of a date.

    Examples
    --------
    >>> check_format("%d.%m.%Y %H:%M")
    >>> check_format("%k")
    Traceback (most recent call last):
        ...
    anomaly.errors.DataError: date_format '%k' has an unknown directive '%k'; known are %A %B %D ...
    """
    for letter in sorted(directives_of(form)):
        if letter not in _DIRECTIVES and letter not in _SHORTHANDS:
            known = " ".join(f"%{name}" for name in sorted([*_DIRECTIVES, *_SHORTHANDS]) if name != "%")
            raise DataError(f"date_format {form!r} has an unknown directive '%{letter}'; known are {known}")
    if not directives_of(form) & (_DATE_PARTS | {"F", "D"}):
        raise DataError(f"date_format {form!r} has no directive of a date, such as %d, %m and %Y")


def _as_pattern(form: str) -> str:
    for letter, long in _SHORTHANDS.items():
        form = form.replace(f"%{letter}", long)
    parts = re.split(r"%(.)", form)
    text = [
        re.sub(r"(?:\\ )+", r"\\s+", re.escape(part)) if i % 2 == 0 else _DIRECTIVES[part]
        for i, part in enumerate(parts)
    ]
    return "".join(text)


@lru_cache(maxsize=256)
def _marks(form: str) -> tuple[str, ...]:
    return tuple(set(re.sub(r"%.", "", form)) - {" "})


def _has_marks(form: str, text: str) -> bool:
    """Return whether a text has the characters between the directives: a quick test before the pattern is compiled."""
    if _COMPACT.fullmatch(form):
        width = 2 * len(directives_of(form)) + 2 * ("%Y" in form)
        return text[:width].isdigit() and not text[width : width + 1].isdigit()
    return all(mark in text for mark in _marks(form)) and ("%b" not in form or any(map(str.isalpha, text)))


@lru_cache(maxsize=256)
def _patterns(form: str) -> tuple[re.Pattern[str], ...]:
    """Return the patterns of a format: with a time and a zone after the date, or before it."""
    day = _as_pattern(form)
    if is_to_the_letter(form):
        return (re.compile(day, re.IGNORECASE),)
    day = rf"(?:(?P<a>[^\W\d_]{{2,10}})[,.]{{0,2}}\s+)?{day}"
    after = rf"{day}(?:{_JOINT}(?:{_TIME}|{_COMPACT_TIME})(?:{_ZONE})?)?"
    before = rf"{_TIME}(?:{_ZONE})?(?:\s*[,;]\s*|\s+|\s?[-@]\s?){day}"
    return re.compile(after, re.IGNORECASE), re.compile(before, re.IGNORECASE)


def read_date(text: str, form: str) -> Instant | None:
    """Return the moment that a text in a format is, or None if it is none.

    Examples
    --------
    >>> read_date("02.01.1970 18:00", "%d.%m.%Y"), read_date("Fri, 02 Jan 1970 06:00:00 +0100", "%d %b %Y").wall
    (Instant(wall=1.75, offset=None), 1.25)
    """
    text = normalized(text)
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    if (interval := _INTERVAL.fullmatch(text)) is not None:
        text = interval["start"]
    if not _has_marks(form, text):
        return None
    for pattern in _patterns(form):
        found = pattern.fullmatch(text)
        if found is not None:
            parts = {name: part for name, part in found.groupdict().items() if part is not None}
            return None if _is_revision(parts, text) else _instant(parts)
    return None


def _is_revision(parts: Mapping[str, str], text: str) -> bool:
    """Return whether what follows a day is one digit behind a hyphen or a slash: a revision, and no hour."""
    hour = parts.get("H", "")
    return len(hour) == 1 and "M" not in parts and text.endswith((f"-{hour}", f"/{hour}"))


def _instant(parts: Mapping[str, str]) -> Instant | None:
    if parts.get("a", "mon").lower() not in WEEKDAYS or parts.get("b", "jan").lower() not in MONTHS:
        return None
    try:
        day = _day(parts)
    except ValueError:
        return None
    time, offset = _time_of_day(parts), None
    if time is None:
        return None
    if "z" in parts:
        offset = offset_of(parts["z"], day + time)
        if offset is None:
            return None
    return Instant(day + time, offset)


def _day(parts: Mapping[str, str]) -> int:
    """Return days since 1970; raise ValueError if there is no such day."""
    if "G" in parts:
        return date.fromisocalendar(int(parts["G"]), int(parts["V"]), int(parts.get("u", 1))).toordinal() - _EPOCH
    year = int(parts.get("Y", _LEAP_YEAR))
    if "y" in parts:
        year = int(parts["y"]) + (1900 if int(parts["y"]) >= _PIVOT else 2000)
    if "j" in parts:
        found = date(year, 1, 1) + timedelta(days=int(parts["j"]) - 1)
        if found.year != year:
            raise ValueError(parts["j"])
        return found.toordinal() - _EPOCH
    month = int(parts["m"]) if "m" in parts else MONTHS[parts["b"].lower()] if "b" in parts else 1
    for letter, length in (("q", 3), ("h", 6), ("t", 4)):
        month = length * (int(parts[letter]) - 1) + 1 if letter in parts else month
    if "x" in parts and int(parts["x"]) != (year + 1) % 100:
        raise ValueError(parts["x"])
    return date(year, month, int(parts.get("d", 1))).toordinal() - _EPOCH


def _time_of_day(parts: Mapping[str, str]) -> float | None:
    """Return the time of day as a fraction of a day, or None if there is no such time."""
    hour = int(parts.get("H", parts.get("H2", 0)))
    minute, second = int(parts.get("M", parts.get("M2", 0))), int(parts.get("S", parts.get("S2", 0)))
    if "half" in parts:
        parts = {**parts, "p": "a" if parts["half"] in _MORNINGS else "p"}
    if "p" in parts:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if parts["p"].lower() == "p" else 0)
    if hour == 24 and (minute or second):
        return None
    fraction = float(f"0.{parts.get('f', parts.get('f2', '0'))}")
    return (3600 * hour + 60 * minute + second + fraction) / 86400


def offset_of(zone: str, wall: float) -> float | None:
    """Return by how many days a zone is ahead of UTC at a time of its wall clock, or None if it is not known.

    Examples
    --------
    >>> 24 * offset_of("+05:30", 0.0), 24 * offset_of("EST", 0.0), 24 * offset_of("UTC+2", 0.0), offset_of("XYZ", 0.0)
    (5.5, -5.0, 2.0, None)
    """
    name = zone.strip("() ")
    if "/" in name:
        return offset_at_wall(name, wall)
    if name.upper() in ZONES:
        return ZONES[name.upper()]
    found = re.fullmatch(r"(?:UTC|GMT)?\s?([+-])(\d{1,2})(?::?(\d\d))?", name, re.IGNORECASE)
    if found is None:
        return None
    minutes = 60 * int(found[2]) + int(found[3] or 0)
    return (-minutes if found[1] == "-" else minutes) / 1440 if minutes <= 15 * 60 else None
