"""The format of a column of dates, found from its training values.

All values have one format. Whether the day or the month comes first is decided by the values: by one above 12, or by
their order, where they follow each other in time one way and not the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from anomaly.preprocessing.columns.date_formats import Instant, check_format, directives_of, read_date
from anomaly.preprocessing.columns.parsing import MICROSECONDS_PER_DAY, UnreadableError, parse_each, parse_moment
from anomaly.preprocessing.columns.zones import local_days
from anomaly.tables.saved_state import field
from anomaly.tables.zoned import zone_of
from nnlite.types import Array

ISO = "ISO 8601"
"""The format that is tried first: 2024-12-31, 2024-12-31 23:59:59, 2024-12-31T23:59Z."""

_ORDERS = ("%d{0}%m{0}%Y", "%m{0}%d{0}%Y", "%Y{0}%m{0}%d", "%d{0}%m{0}%y", "%m{0}%d{0}%y", "%y{0}%m{0}%d")
_NAMED_ORDERS = ("%d{0}%b{0}%Y", "%d{0}%b{0}%y", "%b{0}%d{0}%Y", "%Y{0}%b{0}%d")
_FORMATS = (
    *(order.format(mark) for mark in ("-", "/", ".", ":", "_", " ") for order in _ORDERS),
    *(order.format(mark) for mark in (" ", "-", "/", ".", "") for order in _NAMED_ORDERS),
    "%Y%m%d", "%d%m%Y", "%m%d%Y", "%y%m%d", "%d of %b %Y", "%d de %b %Y", "%d. %b %Y", "%Y. %b %d", "%Y. %m. %d.",
    "%d %b %Y \u0433.", "%Y\ub144 %m\uc6d4 %d\uc77c", "%b %d, %Y", "%b %d %Y", "%d %b, %Y", "%d de %b de %Y",
    "%Y\u5e74%m\u6708%d\u65e5", "%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S %z %Y", "%b %d %H:%M:%S %Y",
    "%a %b %d %H:%M:%S.%f %Y", "*%b %d %H:%M:%S.%f", "%m-%d %H:%M:%S.%f", "%m-%d %H:%M:%S", "%m-%d %H:%M",
    "%d/%m %H:%M", "%m/%d %H:%M", "%d/%m %H:%M:%S", "%m/%d %H:%M:%S", "%d.%m. %H:%M", "%d.%m. %H:%M:%S",
    "%d.%m %H:%M", "%Y-%m", "%Y/%m", "%Y.%m", "%m/%Y", "%m-%Y", "%m.%Y", "%b %Y", "%b-%Y", "%b-%y", "%Y-%b",
    "%Y %b", "%YM%m", "%Y-Q%q", "%YQ%q", "%Y Q%q", "Q%q %Y", "Q%q/%Y", "Q%q-%Y", "%qQ%y", "%qQ%Y", "Q%q %y",
    "Q%q/%y", "FY%y-M%m", "KW %V/%G", "KW%V/%G", "KW %V %G", "%G-KW%V", "%G KW%V", "W%V %G", "W%V-%G", "W%V/%G",
    "CW%V %G", "CW%V/%G", "CW%V-%G", "%G-CW%V", "%G CW%V", "Week %V, %G", "Week %V %G", "%G week %V", "%G-W%V-%u",
    "%G-W%V", "%GW%V%u", "%GW%V", "%G W%V", "%Y-%j", "%b %d", "%YH%h", "%Y-H%h", "%Y H%h", "%Y/H%h", "H%h %Y",
    "H%h/%Y", "H%h-%Y", "%hH%Y", "%hH%y", "%hH %Y", "H%h %y", "%YS%h", "%Y-S%h", "%Y S%h", "S%h %Y", "S%h/%Y",
    "%YT%t", "%Y-T%t", "%Y T%t", "T%t %Y", "FY%Y", "FY %Y", "FY%y", "FY %y", "%Y/%x", "%Y-%x", "FY%Y/%x", "FY%Y-%x",
    "FY%YQ%q", "FY%Y Q%q", "FY%Y-Q%q", "FY%yQ%q", "FY%y Q%q", "FY%y-Q%q",
)  # fmt: skip
_SAMPLE, _MOST_MIXED = 20, 4
_LONGEST, _FEWEST_DIGITS = 60, 2
# So many dates in the order of time by one reading alone are in that order by no accident.
_FEWEST_ORDERED = 8
# A reading by which dates span so many times as much as by another one takes days for years.
_WIDEST = 5


@dataclass(frozen=True)
class DateForm:
    """The form of dates as text.

    Attributes
    ----------
    format : str
        `ISO`, or directives as of `strptime`; see `anomaly.preprocessing.columns.date_formats`.
    local : bool
        Whether times are those of the wall clock, which tell the hour of the day; otherwise they are in UTC.
    zone : str or None
        The time zone that times of a known offset, and datetimes that are no text, are converted to; None for as
        they are written.
    example : str
        A training value, for messages.

    Examples
    --------
    >>> [DateForm(ISO, local, None, "").parse("1970-01-02T12:00+06:00") for local in (True, False)]
    [1.5, 1.25]
    >>> DateForm("%d.%m.%Y", True, "Europe/Berlin", "").parse("02.01.1970 12:00Z")
    1.5416666666666667
    """

    format: str
    local: bool
    zone: str | None
    example: str

    @property
    def expected(self) -> str:
        """What a cell must be, for errors."""
        if self.format == ISO:
            return "a date such as 2024-12-31 or 2024-12-31 23:59:59"
        return f"a date in the form of {self.example!r} ({self.format})"

    @property
    def summary(self) -> str:
        """Describe the form."""
        return ", ".join(
            [*([] if self.format == ISO else [self.format]), *([f"hours of {self.zone}"] if self.zone else [])]
        )

    @property
    def has_weekday(self) -> bool:
        """Whether a date has a year, so that its day of the week is known."""
        return self.format == ISO or bool(directives_of(self.format) & set("YyGFD"))

    def parse(self, text: str) -> float | None:
        """Return days since the start of 1970, the time of day as a fraction; None if the text is of another form."""
        moment = moment_of(text, self.format)
        if moment is None:
            return None
        wall, offset = moment
        if not self.local:
            return wall - (offset or 0.0)
        if self.zone is None or offset is None:
            return wall
        return float(local_days(np.array([wall - offset]), self.zone)[0])

    def read(self, cells: Array) -> Array:
        """Return the days of each cell, NaN if missing; raise `UnreadableError` for a cell of another form."""
        if cells.dtype.kind == "O":
            return parse_each(cells, self.parse)
        if cells.dtype.kind != "M":
            present = np.flatnonzero(cells == cells)
            if len(present):
                raise UnreadableError(int(present[0]))
            return np.full(len(cells), np.nan)
        datetimes = cells.astype("M8[us]")
        days = np.where(np.isnat(datetimes), np.nan, datetimes.astype(np.int64) / MICROSECONDS_PER_DAY)
        zone = self.zone or zone_of(cells)
        return local_days(days, zone) if self.local and zone else days

    def get_config(self) -> dict[str, Any]:
        """Return the attributes as JSON values."""
        return {"type": "date", "format": self.format, "local": self.local, "zone": self.zone, "example": self.example}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> DateForm:
        """Restore a form from the values of `get_config`; raise `DataError` for an invalid field."""
        form = field(config, "format", str)
        if form != ISO:
            check_format(form)
        zone = None if config.get("zone") is None else field(config, "zone", str)
        return cls(form, field(config, "local", bool), zone, field(config, "example", str))


def moment_of(text: str, form: str) -> Instant | None:
    """Return the moment that a text in a format is, or None if it is none."""
    if form != ISO:
        return read_date(text, form)
    moment = parse_moment(text)
    if moment is None:
        return None
    wall, offset = moment
    return Instant(wall / MICROSECONDS_PER_DAY, None if offset is None else offset / MICROSECONDS_PER_DAY)


class FoundFormats(NamedTuple):
    """Formats of the dates of a column.

    Attributes
    ----------
    formats : tuple of str
        The formats that fit most values; more than one if the values do not decide.
    fits_all : bool
        Whether they fit all values.
    """

    formats: tuple[str, ...]
    fits_all: bool


def find_formats(counts: Mapping[str, int], known: Sequence[str] = (), only_known: bool = False) -> FoundFormats | None:
    """Return the formats of dates that fit more than half of the values of a column, or None.

    Parameters
    ----------
    counts : mapping of str to int
        Number of cells of each text, in the order of the rows.
    known : sequence of str, default ()
        Formats that the user has named, which are tried first.
    only_known : bool, default False
        Whether no others are tried.

    Examples
    --------
    >>> find_formats({"13/01/2024": 1, "01/02/2024": 1}).formats
    ('%d/%m/%Y',)
    >>> find_formats({"03/01/2024": 1, "01/02/2024": 1}).formats
    ('%d/%m/%Y', '%m/%d/%Y')
    >>> find_formats({"30.01.2024": 1, "soon": 1, "31.01.2024": 1})
    FoundFormats(formats=('%d.%m.%Y',), fits_all=False)
    """
    texts = list(counts)
    sample = texts[:: max(1, len(texts) // _SAMPLE)]
    total = sum(counts.values())
    is_likely = not only_known and 2 * sum(map(_may_be_date, sample)) >= len(sample)
    for forms in (known, _FORMATS if is_likely else ()):
        likely = [form for form in forms if 2 * sum(_fits(text, form) for text in sample) >= len(sample)]
        rows = {form: sum(count for text, count in counts.items() if _fits(text, form)) for form in likely}
        best = max(rows.values(), default=0)
        if 2 * best > total:
            fitting = [form for form, count in rows.items() if count == best]
            return FoundFormats(tuple(fitting[:1]) if forms is known else _decided(fitting, texts), best == total)
    return None


def mixed_formats(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Return two or more formats that together fit all values of a column, the most frequent first; or none.

    Examples
    --------
    >>> mixed_formats({"30/01/2024": 3, "31-01-2024": 2}), mixed_formats({"30/01/2024": 3, "red": 2})
    (('%d/%m/%Y', '%d-%m-%Y'), ())
    """
    left = dict(counts)
    found: list[str] = []
    if not all(map(_may_be_date, list(left)[:_SAMPLE])):
        return ()
    while left and len(found) < _MOST_MIXED:
        first = next(iter(left))
        fitting = [form for form in (ISO, *_FORMATS) if moment_of(first, form) is not None]
        if not fitting:
            return ()
        form = max(fitting, key=lambda form: sum(moment_of(text, form) is not None for text in left))
        found.append(form)
        left = {text: count for text, count in left.items() if moment_of(text, form) is None}
    return tuple(found) if not left and len(found) > 1 else ()


def _may_be_date(text: str) -> bool:
    """Return whether a text has as many digits as a date, and is as short."""
    return len(text) <= _LONGEST and sum(map(str.isdigit, text)) >= _FEWEST_DIGITS


def _fits(text: str, form: str) -> bool:
    return read_date(text, form) is not None


def _decided(formats: list[str], texts: list[str]) -> tuple[str, ...]:
    """Return the formats that may be meant, of those that fit: the one by which texts follow each other in time.

    A reading with other parts, such as a day for an hour, is not meant; nor is a month before the day and a point.
    """
    formats = [form for form in formats if directives_of(form) == directives_of(formats[0])]
    formats = [form for form in formats if not (form.startswith("%m.%d") and form.replace("%m.%d", "%d.%m") in formats)]
    walls = {form: [moment.wall if (moment := read_date(text, form)) else np.nan for text in texts] for form in formats}
    first = walls[formats[0]]
    if all(other == first for other in walls.values()):
        return tuple(formats[:1])
    spans = {form: float(np.nanmax(walls[form]) - np.nanmin(walls[form])) for form in formats}
    formats = [form for form in formats if spans[form] <= _WIDEST * min(spans.values())]
    if len(texts) < _FEWEST_ORDERED or len(formats) == 1:
        return tuple(formats)
    ordered = [form for form in formats if all(a <= b for a, b in pairwise(walls[form]))]
    return tuple(ordered if len(ordered) == 1 else formats)
