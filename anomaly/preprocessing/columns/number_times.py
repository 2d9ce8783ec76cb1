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
_SPREADSHEET = 25569.0  # the day of a spreadsheet that is the first of 1970
_DIGITS = {"%Y%m": 100, "%Y%m%d": 1, "%Y%m%d%H": 1, "%Y%m%d%H%M": 1, "%Y%m%d%H%M%S": 1}
_LENGTHS = {6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
# Days since 1970 that such numbers may be: from 1990 to 2050.
_FIRST, _LAST = 7305.0, 29220.0
_FEWEST, _FEWEST_MONTHS = 5, 3
_NAMED = DelayedPattern(
    r"time|date|datum|stamp|epoch|zeit|heure|fecha|hora|^ts$|_ts$|_at$|^t$|created|updated", re.IGNORECASE
)


@dataclass(frozen=True)
class NumberTimeForm:
    """The form of times that are written as numbers.

    Attributes
    ----------
    unit : str
        "s", "ms", "us" or "ns" since 1970 in UTC; "spreadsheet", days as a spreadsheet counts them; or the format of
        digits, such as ``%Y%m%d``.
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
        return "days of a spreadsheet" if self.unit == "spreadsheet" else f"dates written {self.unit}"

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
        if unit not in (*_PER_DAY, *_DIGITS, "spreadsheet"):
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
    if unit == "spreadsheet":
        return np.asarray(numbers - _SPREADSHEET)
    return _days_of_digits(numbers, unit)


def _days_of_digits(numbers: Array, unit: str) -> Array:
    known = np.isfinite(numbers) & (numbers >= 0) & (numbers < 1e14) & (numbers == np.floor(numbers))
    rest = np.where(known, numbers, 0.0).astype(np.int64)
    parts = {}
    for letter in reversed(re.findall(r"%(\w)", unit)):
        rest, parts[letter] = np.divmod(rest, 10000 if letter == "Y" else 100)
    month, day = parts["m"], parts.get("d", np.ones_like(rest))
    known &= (parts["Y"] >= 1900) & (parts["Y"] < 2100) & (month >= 1) & (month <= 12)
    months = (parts["Y"] - 1970) * 12 + np.clip(month, 1, 12) - 1
    dates = months.astype("M8[M]").astype("M8[D]") + (day - 1)
    known &= (day >= 1) & (dates.astype("M8[M]").astype(np.int64) == months)
    zero = np.zeros_like(rest)
    hour, minute, second = (parts.get(letter, zero) for letter in "HMS")
    known &= (hour < 24) & (minute < 60) & (second < 60)
    days = dates.astype(np.int64) + (3600 * hour + 60 * minute + second) / 86400
    return np.where(known, days, np.nan)


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
    if (present == np.floor(present)).all():
        lengths = {len(f"{bound:.0f}") for bound in (present.min(), present.max())}
        unit = _LENGTHS.get(lengths.pop()) if len(lengths) == 1 else None
        days = _days_of_digits(present, unit) if unit else np.array([np.nan])
        is_likely = unit not in ("%Y%m", "%Y%m%d%H") or len(np.unique(present)) >= _FEWEST_MONTHS
        if is_likely and not np.isnan(days).any() and days.min() >= _FIRST and days.max() <= _LAST:
            return unit
    for unit, per_day in _PER_DAY.items():
        days = present / per_day
        if days.min() >= _FIRST and days.max() <= _LAST and (_NAMED.search(name) or _are_near(days)):
            return unit
    return "spreadsheet" if _are_of_spreadsheet(name, present) else None


def _are_near(days: Array) -> bool:
    """Return whether times lie within ten years, as those of one file do and numbers of another kind hardly."""
    return bool(np.ptp(days) <= 3653)


def _are_of_spreadsheet(name: str, numbers: Array) -> bool:
    days = numbers - _SPREADSHEET
    if days.min() < _FIRST or days.max() > _LAST or not _are_near(days):
        return False
    if _NAMED.search(name):
        return True
    seconds = numbers * 86400
    has_times = np.abs(seconds - np.rint(seconds)).max() < 0.02 and not (numbers == np.floor(numbers)).all()
    return bool(has_times and (np.abs(numbers * 100 - np.rint(numbers * 100)) > 1e-6).any())
