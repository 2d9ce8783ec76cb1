"""Numbers that are times: seconds since 1970, the digits of a date, and the days of a spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from anomaly.errors import DataError
from anomaly.preprocessing.columns.parsing import UnreadableError, parse_numbers
from anomaly.preprocessing.columns.zones import local_days
from anomaly.tables.patterns import DelayedPattern
from anomaly.tables.saved_state import field
from nnlite.types import Array

_PER_DAY = {"s": 86400.0, "ms": 86400e3, "us": 86400e6, "ns": 86400e9}
_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
# Of other clocks: units in a day, and days from their start to that of 1970.
_CLOCKS = {
    "spreadsheet": (1.0, 25569.0), "filetime": (864e9, 134774.0), "ticks": (864e9, 719162.0), "matlab": (1.0, 719529.0),
    "julian": (1.0, 2440587.5), "modified julian": (1.0, 40587.0), "minutes": (1440.0, 0.0), "hours": (24.0, 0.0),
    "days": (1.0, 0.0), "years": (1 / 365.2425, 719527.725),
}  # fmt: skip
_CLOCK_NAMES = {
    "spreadsheet": "days of a spreadsheet",
    "filetime": "tenths of microseconds since 1601",
    "ticks": "tenths of microseconds since the year 1",
    "matlab": "days since the year 0, as in MATLAB",
    "julian": "Julian days",
    "modified julian": "modified Julian days",
    "years": "years, with decimals",
}
_DAY_CLOCKS, _TICKS, _NAMED_CLOCKS = (
    ("spreadsheet", "julian", "modified julian", "matlab"),
    ("ticks", "filetime"),
    ("minutes", "hours", "days"),
)
_WIDTHS = {"Y": 4, "j": 3}
_SECONDS = "%Y%m%d%H%M%S"
_FRACTION = f"{_SECONDS}%f"
_LENGTHS = {
    4: ("%Y",), 5: ("%y%j",), **dict.fromkeys((*range(15, 21), 23), (_FRACTION,)),
    6: ("%Y%m", "%y%m%d"), 7: ("%Y%j", "%d%m%Y", "%m%d%Y"), 8: ("%Y%m%d", "%d%m%Y", "%m%d%Y"),
    10: ("%Y%m%d%H", "%y%m%d%H%M"), 12: ("%Y%m%d%H%M", "%y%m%d%H%M%S"), 14: ("%Y%m%d%H%M%S",),
}  # fmt: skip
_DIGITS = frozenset(unit for units in _LENGTHS.values() for unit in units)
# By chance, numbers of another kind are dates in such an order so rarely that these many are none.
_FEWEST_OF_OTHER_ORDERS = 10
_USUAL = frozenset(("%Y%m%d", "%Y%m%d%H%M", "%Y%m%d%H%M%S"))
# Days since 1970 that such numbers may be: from 1990 to 2050.
_FIRST, _LAST = 7305.0, 29220.0
_FEWEST, _FEWEST_MONTHS, _PIVOT = 5, 3, 69
_NAMED_YEAR = DelayedPattern(
    r"(?:calendar|fiscal|financial)?[ _]?(?:year|yr|jahr|ann\u00e9e|annee|a\u00f1o|anno)", re.IGNORECASE
)
# So many distinct numbers that never fall are no settings.
_FEWEST_GROWING, _FEWEST_ROWS, _FIRST_STEPS = 5, 20, 100
_NAMED = DelayedPattern(
    r"time|date|datum|stamp|epoch|zeit|heure|fecha|hora|^ts$|_ts$|_at$|^t$|created|updated", re.IGNORECASE
)


@dataclass(frozen=True)
class NumberTimeForm:
    """The form of times that are written as numbers.

    Attributes
    ----------
    unit : str
        "s", "ms", "us" or "ns" since 1970 in UTC; another clock, such as "spreadsheet", days as a spreadsheet counts
        them; or the format of digits, such as ``%Y%m%d``.
    zone : str or None
        The time zone that times since 1970 are converted to; None for UTC.

    Examples
    --------
    >>> NumberTimeForm("s", None).read(np.array([43200.0])).tolist()
    [0.5]
    >>> NumberTimeForm("%Y%m%d%H", None).read(np.array(["1970010218"], dtype=object)).tolist()
    [1.75]
    """

    unit: str
    zone: str | None

    @property
    def expected(self) -> str:
        """What a cell must be, for errors."""
        return f"a time: {self.summary}"

    @property
    def summary(self) -> str:
        """Describe the form."""
        if self.unit in _PER_DAY:
            return f"{_NAMES[self.unit]} since 1970" + (f", hours of {self.zone}" if self.zone else "")
        if self.unit in _CLOCKS:
            return _CLOCK_NAMES.get(self.unit, f"{self.unit} since 1970")
        return f"dates written {self.unit}"

    def read(self, cells: Array) -> Array:
        """Return days since 1970 on the wall clock; NaN where missing; raise `UnreadableError` for other cells."""
        numbers = cells.astype(np.float64) if cells.dtype.kind in "fb" else parse_numbers(cells)
        days = days_of(numbers, self.unit)
        wrong = np.flatnonzero(np.isnan(days) & ~np.isnan(numbers))
        if len(wrong):
            raise UnreadableError(int(wrong[0]))
        return local_days(days, self.zone) if self.zone and self.unit in _PER_DAY else days

    def get_config(self) -> dict[str, Any]:
        """Return the attributes as JSON values."""
        return {"type": "number", "unit": self.unit, "zone": self.zone}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> NumberTimeForm:
        """Restore a form from the values of `get_config`; raise `DataError` for an invalid field."""
        unit = field(config, "unit", str)
        if unit not in (*_PER_DAY, *_DIGITS, *_CLOCKS):
            raise DataError(f"preprocessing: there is no unit of times {unit!r}")
        return cls(unit, None if config.get("zone") is None else field(config, "zone", str))


def days_of(numbers: Array, unit: str) -> Array:
    """Return days since 1970 from numbers; NaN where a number is no time.

    Examples
    --------
    >>> days_of(np.array([19700102.0, 19701301.0]), "%Y%m%d").tolist()
    [1.0, nan]
    >>> days_of(np.array([25570.25]), "spreadsheet").tolist()
    [1.25]
    """
    if unit in _PER_DAY:
        return np.asarray(numbers / _PER_DAY[unit])
    if unit == "years":
        # The decimals of a year, as they are written, seldom tell the hour.
        per_day, start = _CLOCKS[unit]
        with np.errstate(over="ignore"):
            return np.asarray(np.floor(numbers / per_day - start))
    if unit in _CLOCKS:
        per_day, start = _CLOCKS[unit]
        return np.asarray(numbers / per_day - start)
    return _days_of_digits(numbers, unit)


def _days_of_digits(numbers: Array, unit: str) -> Array:
    if unit == _FRACTION:
        return _days_of_fractions(numbers)
    if unit == _SECONDS:
        numbers = np.floor(numbers)  # decimals of a second do not matter to the hour
    known = np.isfinite(numbers) & (numbers >= 0) & (numbers < 1e14) & (numbers == np.floor(numbers))
    rest = np.where(known, numbers, 0.0).astype(np.int64)
    one, zero, parts = np.ones_like(rest), np.zeros_like(rest), {}
    for letter in reversed(re.findall(r"%(\w)", unit)):
        rest, parts[letter] = np.divmod(rest, 10 ** _WIDTHS.get(letter, 2))
    known &= rest == 0
    year = parts["Y"] if "Y" in parts else parts["y"] + np.where(parts["y"] < _PIVOT, 2000, 1900)
    month, day = parts.get("m", one), parts.get("d", parts.get("j", one))
    known &= (year >= 1900) & (year < 2100) & (month >= 1) & (month <= 12)
    months = (year - 1970) * 12 + np.clip(month, 1, 12) - 1
    dates = months.astype("M8[M]").astype("M8[D]") + (day - 1)
    span = "M8[Y]" if "j" in parts else "M8[M]"  # a day beyond the end of its month, or year, is none
    known &= (day >= 1) & (dates.astype(span) == months.astype("M8[M]").astype(span))
    hour, minute, second = (parts.get(letter, zero) for letter in "HMS")
    known &= (hour < 24) & (minute < 60) & (second < 60)
    days = dates.astype(np.int64) + (3600 * hour + 60 * minute + second) / 86400
    return np.where(known, days, np.nan)


def _days_of_fractions(numbers: Array) -> Array:
    """Return days of the digits of a time with those of fractions of a second, which do not matter to the hour."""
    with np.errstate(invalid="ignore", divide="ignore"):
        digits = np.floor(np.log10(numbers)) + 1
        whole = np.floor(numbers / 10.0 ** (digits - 14))
    return np.where(digits > 14, _days_of_digits(whole, _SECONDS), np.nan)


def find_number_times(name: str, numbers: Array) -> str | None:
    """Return the unit of numbers that are times by their size, or None.

    Parameters
    ----------
    name : str
        Name of the column.
    numbers : ndarray of float64 of shape (n_rows,)
        Training values; NaN is missing.

    Examples
    --------
    >>> find_number_times("x", 1.7e9 + 3600 * np.arange(100.0)), find_number_times("x", np.arange(100.0))
    ('s', None)
    >>> find_number_times("day", 20240101 + np.arange(20.0)), find_number_times("x", 20240101 + 20 * np.arange(20.0))
    ('%Y%m%d', None)
    """
    present = numbers[~np.isnan(numbers)]
    if len(present) < _FEWEST or not np.isfinite(present).all() or present.min() == present.max():
        return None
    is_named = bool(_NAMED.search(name))
    if (present == np.floor(present)).all() and (digits := _find_digits(present, name, is_named)):
        return digits
    if present.min() >= 1e13 and _find_digits(np.floor(present), name, is_named) == _SECONDS:
        return _SECONDS  # with decimals of a second
    if _are_years(present) and (is_named or _NAMED_YEAR.fullmatch(name)):
        return "years"
    recent = {
        unit: days for unit in (*_TICKS, *_PER_DAY, *_NAMED_CLOCKS) if _are_recent(days := days_of(present, unit))
    }
    near = [unit for unit in _DAY_CLOCKS if _are_recent(days := days_of(present, unit)) and _are_near(days)]
    if not recent and not near:
        return None
    for unit, days in recent.items():
        if (_are_near(days) or (is_named and unit in _PER_DAY)) and (is_named or unit not in _NAMED_CLOCKS):
            return unit
    return near[0] if near and (is_named or _have_times_of_day(present)) else None


def grow_like_a_clock(numbers: Array) -> bool:
    """Return whether numbers never fall from row to row, and may be a clock that no name says: minutes, days or years.

    A clock stands still where several rows have one time, so that few of its values need to differ.

    Examples
    --------
    >>> grow_like_a_clock(19_700.0 + np.arange(100) // 10), grow_like_a_clock(np.arange(100.0) // 10)
    (True, False)
    """
    present = numbers[np.isfinite(numbers)]
    if len(present) < _FEWEST_ROWS or (np.diff(present[:_FIRST_STEPS]) < 0).any():
        return False  # a few values are enough to reject most columns
    steps = np.diff(present)
    if np.count_nonzero(steps) < _FEWEST_GROWING - 1 or (steps < 0).any():
        return False
    times = [days_of(present, unit) for unit in (*_NAMED_CLOCKS, "years")]
    if (present == np.floor(present)).all() and present[0] >= 1e4:
        times.append(_days_of_digits(present, "%y%j"))
    return any(_are_recent(days) and _are_near(days) for days in times)


def _are_years(numbers: Array) -> bool:
    """Return whether numbers are years with decimals, in which more than a few times differ."""
    if not _are_recent(days_of(numbers, "years")) or (numbers == np.floor(numbers)).all():
        return False
    return len(np.unique(numbers)) >= _FEWEST_GROWING and bool(np.ptp(numbers) <= 10)


def _find_digits(numbers: Array, name: str, is_likely: bool) -> str | None:
    """Return the format of digits by which all numbers are dates, or None; `is_likely` where the name says so."""
    lengths = {len(f"{bound:.0f}") for bound in (numbers.min(), numbers.max())}
    if lengths == {7, 8}:
        lengths = {8}  # days and months below 10, whose zero is lost
    if len(lengths) > 1:
        return None
    distinct = len(np.unique(numbers))
    for unit in _LENGTHS.get(lengths.pop(), ()):
        days = _days_of_digits(numbers, unit)
        fewest = 1 if unit in _USUAL else _FEWEST_MONTHS if unit.startswith("%Y%m") else _FEWEST_OF_OTHER_ORDERS
        if unit == "%Y":
            fewest = 2 if _NAMED_YEAR.fullmatch(name) else len(numbers) + 1
        if distinct < fewest or np.isnan(days).any() or not _are_recent(days):
            continue
        if (
            unit == _FRACTION
            or (unit == "%Y" and _are_near(days))
            or (unit == "%y%j" and (is_likely or _span_years(days)))
        ):
            return unit
        if unit == "%y%j":
            continue
        if unit in _USUAL or unit.startswith("%Y%m") or (_are_near(days) and _span_months(days)):
            return unit
    return None


def _span_months(days: Array) -> bool:
    """Return whether dates are of two months or more: numbers of another kind may count on within one."""
    return len(np.unique(days.astype("M8[D]").astype("M8[M]"))) > 1


def _span_years(days: Array) -> bool:
    """Return whether dates near each other are of two years or more: few numbers have no gap but that between years."""
    return _are_near(days) and len(np.unique(days.astype("M8[D]").astype("M8[Y]"))) > 1


def _are_recent(days: Array) -> bool:
    return bool(days.min() >= _FIRST and days.max() <= _LAST)


def _are_near(days: Array) -> bool:
    """Return whether times lie within ten years, as those of one file do and numbers of another kind hardly."""
    return bool(np.ptp(days) <= 3653)


def _have_times_of_day(days: Array) -> bool:
    """Return whether fractions of days are whole seconds, or minutes, as exactly as they are written."""
    if (days == np.floor(days)).all() or (np.abs(days * 100 - np.rint(days * 100)) < 1e-6).all():
        return False
    decimals = next((n for n in range(3, 10) if np.abs(np.round(days, n) - days).max() < 1e-10 * days.max()), 10)
    error = 86400 * (0.5 * 10.0**-decimals + 1e-11)
    step = 1 if error < 0.02 else 60
    seconds = days * 86400
    return bool(np.abs(seconds - step * np.rint(seconds / step)).max() <= error + 0.001)
