"""Columns of times that know their time zone: the values are in UTC, and the zone says what its clocks show."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.types import Array


class ZonedTimes(np.ndarray):
    """Datetimes in UTC with the name of a time zone, which selections of rows keep."""

    zone: str | None

    def __array_finalize__(self, source: Any) -> None:
        self.zone = getattr(source, "zone", None)


def with_zone(cells: Array, zone: str | None) -> Array:
    """Return a column of datetimes that says its zone; with None, or UTC, as it is.

    Examples
    --------
    >>> times = with_zone(np.array(["2024-01-15T07:00"], "M8[m]"), "Europe/Berlin")
    >>> zone_of(times[:1]), zone_of(np.asarray(times).view(np.ndarray))
    ('Europe/Berlin', None)
    """
    if zone is None or zone.upper() in ("UTC", "ETC/UTC", "Z") or cells.dtype.kind != "M":
        return cells
    said = cells.view(ZonedTimes)
    said.zone = zone
    return said


def zone_of(cells: Array) -> str | None:
    """Return the zone that a column of datetimes says, or None."""
    return cells.zone if isinstance(cells, ZonedTimes) else None


def zone_of_dtype(dtype: Any) -> str | None:
    """Return the time zone of the dtype of a column of pandas or polars, or None."""
    for part in (dtype, getattr(dtype, "pyarrow_dtype", None)):
        zone = getattr(part, "tz", None) or getattr(part, "time_zone", None)
        if zone is not None:
            return str(zone)
    return None
