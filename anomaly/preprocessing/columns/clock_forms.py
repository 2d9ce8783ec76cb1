"""Durations and times of day: text such as 00:20:22, 1h 20m, PT20M, 18.00.00 and 6:30 PM.

A column is one of times of day, and then a cycle, if they have an AM or PM, or if none reaches 24 hours and they span
six hours or begin after four. Otherwise it is one of durations, in seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from anomaly.errors import DataError
from anomaly.preprocessing.columns.numerals import normalized
from anomaly.tables.patterns import DelayedPattern
from anomaly.tables.saved_state import field

_DAY = 86400.0
_HALF_DAY, _QUARTER_DAY, _EARLY = 43200.0, 21600.0, 14400.0
_CLOCK = DelayedPattern(
    r"(?P<sign>-)?(?:(?P<d>\d+)(?:\s*(?:days?|d|tage?)[, ]*\s*|[. ]))?"
    r"T?(?P<a>\d{1,4})(?P<mark>[:h])(?P<b>[0-5]\d)(?:[:m](?P<c>[0-5]\d)(?:[.,:](?P<f>\d+))?s?|[.,](?P<g>\d+))?"
    r"(?:\s?(?:Uhr|Z|UTC|GMT|[+-]\d\d:?\d\d))?",
    re.IGNORECASE,
)
_HALVES = DelayedPattern(
    r"(?P<a>0?[1-9]|1[0-2])(?:[:.](?P<b>[0-5]\d)(?:[:.](?P<c>[0-5]\d))?)?\s?(?P<p>[ap])\.?m\.?", re.IGNORECASE
)
_POINTS = DelayedPattern(r"(?P<a>[01]?\d|2[0-4])\.(?P<b>[0-5]\d)\.(?P<c>[0-5]\d)(?:,(?P<f>\d+))?")
_ISO = DelayedPattern(
    r"(?P<sign>-)?P(?:(?P<y>[\d.]+)Y)?(?:(?P<o>[\d.]+)M)?(?:(?P<w>\d+)W)?(?:(?P<d>[\d.]+)D)?"
    r"(?:T(?:(?P<a>[\d.]+)H)?(?:(?P<b>[\d.]+)M)?(?:(?P<c>[\d.]+)S)?)?"
)
_WORDS = DelayedPattern(
    r"(?P<sign>-)?(?:(?P<y>[\d.]+)\s*(?:y|yrs?|years?|ans?|jahre?)[, ]*(?P<o>[\d.]+)\s*"
    r"(?:m|mos?|mths?|months?|mois|monate?)[., ]*)?"
    r"(?:(?P<w>[\d.]+)\s*(?:w|weeks?)\b[, ]*)?(?:(?P<d>[\d.]+)\s*(?:d|days?|tage?)[, ]*)?"
    r"(?:(?P<a>[\d.]+)\s*(?:h|hrs?|hours?|std|stunden?|heures?|horas?|ore|uur)\.?[, ]*)?"
    r"(?:(?P<b>[\d.]+)\s*(?:m|mins?|minut(?:e[ns]?|os?|i)?|')(?!s)\.?[, ]*)?"
    r"(?:(?P<c>[\d.]+)\s*(?:s|secs?|second(?:e?s|i)?|segundos?|sek(?:unden?)?|\")\.?)?",
    re.IGNORECASE,
)
_UNIT = DelayedPattern(r"-?[\d.]+\s*[A-Z]")  # siemens, henries and watts, and no seconds, hours and weeks
_DIGITS = DelayedPattern(r"0\d\d+\s*[a-z]+", re.IGNORECASE)  # hours and minutes, such as 0818 hrs
_FEET = DelayedPattern(r"\d+'\s*(?P<inches>\d+)(?:\"|'')")
_FEWEST_FEET, _MOST_FEET = 12, 1000
_UNITS = {"y": 365.25 * _DAY, "o": 365.25 / 12 * _DAY, "w": 7 * _DAY, "d": _DAY, "a": 3600.0, "b": 60.0, "c": 1.0}


def _sum(parts: Mapping[str, str | None], units: Mapping[str, float] = _UNITS) -> float | None:
    """Return seconds from the parts of a match; None if there are none."""
    found = {name: parts[name] for name in units if parts.get(name)}
    if not found:
        return None
    try:
        seconds = sum(float(text or 0) * units[name] for name, text in found.items())
    except ValueError:
        return None
    seconds += float(f"0.{parts['f']}") if parts.get("f") else 0.0
    return -seconds if parts.get("sign") else seconds


def _clock(text: str) -> float | None:
    found = _CLOCK.fullmatch(text)
    return None if found is None or found["g"] else _sum(found.groupdict())


def _minutes(text: str) -> float | None:
    """Read two parts as minutes and seconds, three as hours, minutes and seconds."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    parts = found.groupdict()
    return _sum(parts) if found["c"] else _sum({**parts, "f": parts["g"]}, {"a": 60.0, "b": 1.0})


def _halves(text: str) -> float | None:
    found = _HALVES.fullmatch(text)
    if found is None:
        return None
    seconds = (_sum({**found.groupdict(), "a": str(int(found["a"]) % 12)})) or 0.0
    return seconds + (_HALF_DAY if found["p"].lower() == "p" else 0.0)


def _points(text: str) -> float | None:
    found = _POINTS.fullmatch(text)
    return None if found is None else _sum(found.groupdict())


def _iso(text: str) -> float | None:
    found = _ISO.fullmatch(text)
    return None if found is None else _sum(found.groupdict())


def _words(text: str) -> float | None:
    found = _WORDS.fullmatch(text)
    if found is None or not text or text[-1].isdigit() or _UNIT.fullmatch(text) or _DIGITS.fullmatch(text):
        return None
    return _sum(found.groupdict())


_LAYOUTS: dict[str, Callable[[str], float | None]] = {
    "clock": _clock,
    "minutes": _minutes,
    "halves": _halves,
    "points": _points,
    "iso": _iso,
    "words": _words,
}
_NAMES = {"minutes": "minutes and seconds", "iso": "ISO 8601"}


@dataclass(frozen=True)
class ClockForm:
    """The form of durations or times of day.

    Attributes
    ----------
    layout : {"clock", "minutes", "halves", "points", "iso", "words"}
        How they are written: 0:20:22; the same with two parts as minutes and seconds; 6:30 PM; 18.00.00; PT20M; 1h 20m.
    is_time : bool
        Whether they are times of day, fractions of a day; otherwise durations, in seconds.
    example : str
        A training value, for messages.

    Examples
    --------
    >>> ClockForm("clock", False, "0:20:22").parse("1:00:05"), ClockForm("halves", True, "6 pm").parse("6:00 PM")
    (3605.0, 0.75)
    """

    layout: str
    is_time: bool
    example: str

    @property
    def expected(self) -> str:
        """What a cell must be, for errors."""
        return f"a {'time of day' if self.is_time else 'duration'} in the form of {self.example!r}"

    @property
    def summary(self) -> str:
        """Describe the form."""
        if self.is_time:
            return f"times of day such as {self.example!r}"
        kind = _NAMES.get(self.layout)
        return f"durations such as {self.example!r}{f' ({kind})' if kind else ''}, in seconds"

    def parse(self, text: str) -> float | None:
        """Return seconds, or the fraction of a day; None if the text is of another form."""
        seconds = _LAYOUTS[self.layout](normalized(text))
        if seconds is None or not self.is_time:
            return seconds
        return seconds / _DAY if 0 <= seconds <= _DAY else None

    def takes(self, number: float) -> bool:  # noqa: ARG002
        """Return False: a number that is no text is of another form."""
        return False

    def get_config(self) -> dict[str, Any]:
        """Return the attributes as JSON values."""
        return {"type": "clock", "layout": self.layout, "time": self.is_time, "example": self.example}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> ClockForm:
        """Restore a form from the values of `get_config`; raise `DataError` for an invalid field."""
        layout = field(config, "layout", str)
        if layout not in _LAYOUTS:
            raise DataError(f"preprocessing: there is no layout of durations {layout!r}")
        return cls(layout, field(config, "time", bool), field(config, "example", str))


def _are_times(first: float, last: float) -> bool:
    """Return whether seconds are times of day: within a day, and late in it or far apart."""
    return first >= 0 and last <= _DAY and (last - first >= _QUARTER_DAY or first >= _EARLY)


def _are_feet(texts: list[str]) -> bool:
    """Return whether texts are feet and inches: none has twelve inches or more, as minutes and seconds would."""
    found = [_FEET.fullmatch(normalized(text)) for text in texts[:_MOST_FEET]]
    return len(found) >= _FEWEST_FEET and all(one is not None and int(one["inches"]) < 12 for one in found)


def find_clock_form(texts: Iterable[str]) -> ClockForm | None:
    """Return the form that all texts have, or None.

    Examples
    --------
    >>> find_clock_form(["00:20:22", "01:02:03"]).summary, find_clock_form(["00:20", "23:59"]).is_time
    ("durations such as '00:20:22', in seconds", True)
    >>> find_clock_form(["12", "red"])
    """
    texts = list(texts)
    for layout, read in _LAYOUTS.items():
        if layout == "words" and _are_feet(texts):
            continue
        seconds = [read(normalized(text)) for text in texts]
        present = [second for second in seconds if second is not None]
        if not texts or len(present) < len(seconds):
            continue
        is_time = layout == "halves" or _are_times(min(present), max(present))
        if layout == "clock" and not is_time and len({text.count(":") for text in texts}) > 1:
            continue  # two parts beside three are minutes and seconds
        return ClockForm(layout, is_time, texts[0])
    return None
