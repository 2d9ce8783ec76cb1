"""Time zones by name: local time from UTC, and back."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from anomaly.errors import DataError
from anomaly.tables.patterns import DelayedPattern
from nnlite.types import Array

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_START = datetime(1970, 1, 1)
# An offset, as Python and other libraries name it.
_FIXED = DelayedPattern(r"(?:UTC|GMT)?(?P<sign>[+-])(?P<hours>\d\d):(?P<minutes>\d\d)")
_QUARTERS = 96  # of an hour, in a day: clocks are changed at one


def zone(name: str) -> ZoneInfo:
    """Return a time zone; raise DataError if there is none of this name.

    Examples
    --------
    >>> zone("Europe/Berlin").key
    'Europe/Berlin'
    >>> zone("Europe/Atlantis")
    Traceback (most recent call last):
        ...
    anomaly.errors.DataError: there is no time zone 'Europe/Atlantis'; expected a name such as 'Europe/Berlin' ...
    """
    # Most tables have no zones.
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DataError(
            f"there is no time zone {name!r}; expected a name such as 'Europe/Berlin' or 'UTC' (where the system has "
            "no database of zones, the package tzdata has one)"
        ) from None


def offset_at_wall(name: str, wall: float) -> float | None:
    """Return by how many days a zone is ahead of UTC at a time of its wall clock; None if it is not known."""
    try:
        offset = (_START + timedelta(days=wall)).replace(tzinfo=zone(name)).utcoffset()
    except (DataError, OverflowError):
        return None
    return None if offset is None else offset / timedelta(days=1)


@lru_cache(maxsize=16384)
def _offset(name: str, quarter: int) -> float:
    fixed = _FIXED.fullmatch(name)
    if fixed is not None:
        minutes = 60 * int(fixed["hours"]) + int(fixed["minutes"])
        return (-minutes if fixed["sign"] == "-" else minutes) / 1440
    moment = _START.replace(tzinfo=timezone.utc) + timedelta(minutes=15 * quarter)
    offset = moment.astimezone(zone(name)).utcoffset()
    return 0.0 if offset is None else offset / timedelta(days=1)


def local_days(days: Array, name: str) -> Array:
    """Return times of the wall clock of a zone from times in UTC, both in days since 1970; NaN where these are.

    Examples
    --------
    >>> winter, summer = np.datetime64("2024-01-15T07:00"), np.datetime64("2024-07-15T06:00")
    >>> utc = (np.array([winter, summer]) - np.datetime64("1970-01-01")) / np.timedelta64(1, "D")
    >>> (24 * (local_days(utc, "Europe/Berlin") % 1)).round(6).tolist()
    [8.0, 8.0]
    """
    quarters, inverse = np.unique(
        np.floor(np.nan_to_num(days) * _QUARTERS + 1e-6).astype(np.int64), return_inverse=True
    )
    return np.asarray(days + np.array([_offset(name, quarter) for quarter in quarters.tolist()])[inverse])
