"""Alarm budgets: of the records above a threshold, those with the highest scores, up to a number for each period.

A threshold limits the fraction of false alarms, a budget the work that alarms make. The budget is an upper limit: where
fewer records score above the threshold, there are fewer alarms, and what is left of a period is not carried over to the
next. A period without records has no alarms. Of equal scores the earlier record is the alarm.

Whether a record is an alarm depends on all records of its period, so it is known when the period is over: a budget is
for batches and reports. A detector that has to raise an alarm at once needs a threshold.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from datetime import timezone, tzinfo

import numpy as np
from numpy.typing import ArrayLike

from anomaly.errors import MissingTimeWarning
from nnlite.types import Array
from nnlite.validation import as_finite, check_value, choice, integer

PERIODS = ("hour", "day", "week", "month")
"""Periods of a budget; a week begins on Monday."""

_TEXT = re.compile(r"\s*(\d+)\s*(?:/\s*(\w+)\s*)?")
# 1 January 1970 was a Thursday.
_DAYS_FROM_MONDAY = 3


@dataclass(frozen=True)
class AlarmBudget:
    """The most alarms, of all records or in each period.

    Parameters
    ----------
    alarms : int
        Number of alarms, at least 1.
    period : {"hour", "day", "week", "month"}, optional
        Calendar period, begun at full hours, midnight, Mondays or firsts of months; by default all records are one.
    time_zone : str, default "UTC"
        Time zone of the calendar, by its IANA name, such as "Europe/Berlin". Times are in UTC.

    Raises
    ------
    ValueError
        If an argument is none of these.

    Examples
    --------
    >>> AlarmBudget.parse("50/day")
    AlarmBudget(alarms=50, period='day', time_zone='UTC')
    """

    alarms: int
    period: str | None = None
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        check_value("alarms", self.alarms, integer(least=1))
        check_value("period", self.period, choice(None, *PERIODS))
        _zone(self.time_zone)

    @classmethod
    def parse(cls, text: str, time_zone: str = "UTC") -> AlarmBudget:
        """Return the budget of a text: a number of alarms, or with a period, such as "50" and "50/day".

        Raises
        ------
        ValueError
            If it is none of these.
        """
        match = _TEXT.fullmatch(text)
        if match is None or int(match[1]) < 1 or match[2] not in (None, *PERIODS):
            raise ValueError(
                f"a budget must be a number of alarms of at least 1, or such a number for each "
                f"{', '.join(PERIODS[:-1])} or {PERIODS[-1]}, such as 50/day; found {text!r}"
            )
        return cls(int(match[1]), match[2], time_zone)

    def __str__(self) -> str:
        return f"{self.alarms:,}" if self.period is None else f"{self.alarms:,}/{self.period}"

    def periods_of(self, times: Array) -> Array:
        """Return the number of each time's period, counted from 1970; times that are missing are a period too.

        Parameters
        ----------
        times : ndarray of datetime64 of shape (n,)
            In UTC; NaT where missing.

        Returns
        -------
        ndarray of int64 of shape (n,)
            Increasing with time.
        """
        local = times if self.time_zone == "UTC" else _local(times, _zone(self.time_zone))
        if self.period == "week":
            numbers = (local.astype("M8[D]").astype(np.int64) + _DAYS_FROM_MONDAY) // 7
        else:
            numbers = local.astype({"hour": "M8[h]", "day": "M8[D]", "month": "M8[M]"}[str(self.period)])
        numbers = numbers.astype(np.int64)
        numbers[np.isnat(times)] = np.iinfo(np.int64).min
        return np.asarray(numbers)


class BudgetedAlarms:
    """Alarms within a budget, among records that arrive in chunks. Memory grows with the alarms, not with the records.

    Parameters
    ----------
    budget : AlarmBudget
        The budget.
    threshold : float, default -inf
        Records with lower or equal scores are no alarms.

    Attributes
    ----------
    n_records, n_above, n_without_time : int
        Number of records so far, of those above the threshold, and of those whose time is missing.

    Examples
    --------
    >>> alarms = BudgetedAlarms(AlarmBudget(2), threshold=1.0)
    >>> alarms.push([3.0, 0.5, 2.0])
    >>> alarms.push([2.5, 9.0])
    >>> alarms.rows().tolist(), alarms.n_above
    ([0, 4], 4)
    """

    def __init__(self, budget: AlarmBudget, threshold: float = -np.inf) -> None:
        self._budget = budget
        self._threshold = threshold
        # Scores and rows of the alarms of each period.
        self._found: dict[int, tuple[Array, Array]] = {}
        self.n_records = self.n_above = self.n_without_time = 0

    def push(self, scores: ArrayLike, times: ArrayLike | None = None) -> None:
        """Add the next records.

        Parameters
        ----------
        scores : array_like of shape (n,)
            Anomaly scores.
        times : array_like of datetime64 or text of shape (n,), optional
            Times of the records in UTC, in any order, for a budget with a period. Records without a time (NaT) share a
            period of their own.

        Raises
        ------
        ValueError
            If scores are not finite, there is not one time for each, or the budget has a period and there are no times.
        """
        values = as_finite("scores", scores) if np.size(scores) else np.zeros(0)
        periods = self._periods(times, len(values))
        above = np.flatnonzero(values > self._threshold)
        rows = self.n_records + above
        for period in np.unique(periods[above]).tolist():
            own = periods[above] == period
            before = self._found.get(period, (np.zeros(0), np.zeros(0, np.int64)))
            known, places = (np.concatenate(pair) for pair in zip(before, (values[above[own]], rows[own]), strict=True))
            # Stable, so that of equal scores the earlier record comes first.
            best = np.argsort(-known, kind="stable")[: self._budget.alarms]
            self._found[period] = known[best], places[best]
        self.n_records += len(values)
        self.n_above += len(above)

    def _periods(self, times: ArrayLike | None, count: int) -> Array:
        if self._budget.period is None:
            return np.zeros(count, np.int64)
        if times is None:
            raise ValueError(f"a budget of {self._budget} needs the times of the records; found none")
        known = np.asarray(times, "M8[us]")
        if known.shape != (count,):
            raise ValueError(f"times must have one time for each of {count} scores; found shape {known.shape}")
        self.n_without_time += int(np.isnat(known).sum())
        return self._budget.periods_of(known)

    def rows(self) -> Array:
        """Return the alarms so far: the numbers of their records from 0, as int64 in rising order.

        Warns
        -----
        MissingTimeWarning
            If times are missing.
        """
        if self.n_without_time:
            warnings.warn(
                f"{self.n_without_time:,} of {self.n_records:,} records have no time: they count as one more period of "
                f"the budget of {self._budget}",
                MissingTimeWarning,
                stacklevel=2,
            )
        return np.sort(np.concatenate([np.zeros(0, np.int64), *(rows for _, rows in self._found.values())]))


def alarms_within_budget(
    scores: ArrayLike, budget: AlarmBudget | str | int, threshold: float = -np.inf, times: ArrayLike | None = None
) -> Array:
    """Return which records are alarms: the highest scores above a threshold, up to a number for each period.

    Parameters
    ----------
    scores : array_like of shape (n,)
        Anomaly scores.
    budget : AlarmBudget, str or int
        The most alarms: 50 of all records, or "50/day"; see `AlarmBudget`.
    threshold : float, default -inf
        Records with lower or equal scores are no alarms, such as a detector's ``threshold_``. By default each period
        has as many alarms as the budget allows.
    times : array_like of datetime64 or text of shape (n,), optional
        Times of the records in UTC, in any order, for a budget with a period.

    Returns
    -------
    ndarray of bool of shape (n,)
        Of equal scores the earlier record is the alarm.

    Raises
    ------
    ValueError
        As of `AlarmBudget` and `BudgetedAlarms.push`.

    Warns
    -----
    MissingTimeWarning
        If times are missing (NaT): these records share a period of their own.

    Examples
    --------
    >>> times = ["2024-03-01T08:00", "2024-03-01T09:00", "2024-03-01T10:00", "2024-03-02T08:00"]
    >>> alarms_within_budget([3.0, 5.0, 4.0, 2.0], "2/day", threshold=1.5, times=times).tolist()
    [False, True, True, True]
    """
    if isinstance(budget, str):
        budget = AlarmBudget.parse(budget)
    elif not isinstance(budget, AlarmBudget):
        budget = AlarmBudget(budget)
    alarms = BudgetedAlarms(budget, threshold)
    alarms.push(scores, times)
    flags = np.zeros(alarms.n_records, np.bool_)
    flags[alarms.rows()] = True
    return flags


def _zone(name: str) -> tzinfo:
    """Return a time zone by its name; ValueError if there is none."""
    if name == "UTC":
        return timezone.utc
    # Loaded when it is needed: scoring does not need it.
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    # OSError for the name of a folder of zones.
    except (ZoneInfoNotFoundError, ValueError, TypeError, AttributeError, OSError) as error:
        raise ValueError(
            f"time_zone must be the IANA name of a time zone, such as 'Europe/Berlin'; found {name!r} (on systems "
            "without a database of time zones, install the package tzdata)"
        ) from error


def _local(times: Array, zone: tzinfo) -> Array:
    """Return times of a time zone for times of UTC; NaT stays."""
    minutes, places = np.unique(times.astype("M8[m]"), return_inverse=True)
    offsets = [
        np.timedelta64("NaT", "us")
        if np.isnat(minute)
        else np.timedelta64(minute.item().replace(tzinfo=timezone.utc).astimezone(zone).utcoffset(), "us")
        for minute in minutes
    ]
    return np.asarray(times.astype("M8[us]") + np.array(offsets, "m8[us]")[places])
