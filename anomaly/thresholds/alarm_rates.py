"""Rates of alarms, as a text such as "1/week" and as a number of alarms for each step of a series."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from anomaly.tables.patterns import DelayedPattern
from nnlite.validation import check_value, choice, number

# A month is the twelfth part of 365.2425 days.
_SECONDS = {"minute": 60.0, "hour": 3600.0, "day": 86_400.0, "week": 604_800.0, "month": 2_629_746.0}
PERIODS = (*_SECONDS, "steps")
"""Periods of a rate."""

_TEXT = DelayedPattern(
    r"\s*(?P<alarms>\d+(?:\.\d+)?)\s*/\s*(?P<length>\d[\d,_]*)?\s*(?P<period>[a-z]+)?\s*", re.IGNORECASE
)


@dataclass(frozen=True)
class AlarmRate:
    """A number of alarms for each period of time, or for a number of steps.

    Parameters
    ----------
    alarms : float
        Number of alarms, above 0.
    period : {"minute", "hour", "day", "week", "month", "steps"}
        Unit of the time between two rates.
    length : float, default 1
        Number of these units, above 0.

    Raises
    ------
    ValueError
        If an argument is none of these.

    Examples
    --------
    >>> import numpy as np
    >>> AlarmRate.parse("1/week").per_step(np.timedelta64(5, "m"))
    0.000496031746031746
    >>> AlarmRate.parse("2/10,000 steps").per_step()
    0.0002
    """

    alarms: float
    period: str
    length: float = 1.0

    def __post_init__(self) -> None:
        check_value("alarms", self.alarms, number(above=0))
        check_value("period", self.period, choice(*PERIODS))
        check_value("length", self.length, number(above=0))

    @classmethod
    def parse(cls, text: str) -> AlarmRate:
        """Return the rate of a text such as "1/week", "0.5/day", "3/12 hours" or "1/2000 steps".

        Parameters
        ----------
        text : str
            Number of alarms, a slash, optionally a number of periods, and the period, singular or plural; a number
            without a period means steps.

        Raises
        ------
        ValueError
            If it is none of these.
        """
        match = _TEXT.fullmatch(text)
        period = _period_of(match["period"] or ("steps" if match["length"] else "")) if match else None
        if match is None or period is None or not float(match["alarms"]):
            raise ValueError(
                "a rate of false alarms must be a number of alarms for each period, such as 1/week, 0.5/day or "
                f"1/2000 steps (periods: {', '.join(_SECONDS)}, steps); found {text!r}"
            )
        length = float(re.sub("[,_]", "", match["length"] or "1"))
        if not length:
            raise ValueError(f"a rate of false alarms needs a period of at least one unit; found {text!r}")
        return cls(float(match["alarms"]), period, length)

    def __str__(self) -> str:
        if self.period == "steps":
            return f"{self.alarms:g}/{self.length:g} steps"
        return (
            f"{self.alarms:g}/{self.period}" if self.length == 1 else f"{self.alarms:g}/{self.length:g} {self.period}s"
        )

    def per_step(self, step: np.timedelta64 | None = None) -> float:
        """Return the number of alarms for each step.

        Parameters
        ----------
        step : timedelta64, optional
            Time from one step to the next; not needed for a rate by steps.

        Raises
        ------
        ValueError
            If the step is needed and missing or not positive, or there would be an alarm at each step or more.
        """
        if self.period == "steps":
            rate = self.alarms / self.length
        else:
            rate = self.alarms * _seconds(step, self) / (self.length * _SECONDS[self.period])
        if rate >= 1:
            raise ValueError(
                f"false alarms at a rate of {self} are {rate:.3g} for each step, which must be less than 1: give a "
                "smaller number or a longer period"
            )
        return rate


def _period_of(word: str) -> str | None:
    """Return the period of a word, singular or plural; None if there is none."""
    name = word.lower()
    if name in ("step", "steps"):
        return "steps"
    singular = name.removesuffix("s")
    return singular if singular in _SECONDS else None


def _seconds(step: np.timedelta64 | None, rate: AlarmRate) -> float:
    if step is None or np.isnat(step):
        raise ValueError(
            f"false alarms at a rate of {rate} need the time between two steps: give the column of timestamps, or a "
            "rate by steps, such as 1/2000 steps"
        )
    seconds = float(step / np.timedelta64(1, "us")) / 1e6
    if seconds <= 0:
        raise ValueError(f"the time between two steps must be above 0; found {step}")
    return seconds
