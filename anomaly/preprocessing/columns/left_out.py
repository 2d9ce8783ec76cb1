r"""Columns that say nothing about later records: those that number or name them, and those that only grow.

Each later value of such a column is new, so that all later records would be anomalous for this reason alone, or, as
categories, none. They are left out, with a warning, unless the user keeps them. Numbers that are likely times, under a
name that says nothing, are used as numbers, with a warning.

**Times of day in digits**, such as 818 or 81800 for 08:18: no number of another kind leaves out the last digits from 60
to 99 in thirty different values.

**Times since some day**, in seconds, minutes, hours or days: most of what people do has a rhythm of a day or of a week.
With :math:`\phi_i` the phases of n distinct numbers in a period that they span thirty times,

.. math:: n R^2, \qquad R = \left| \frac1n \sum_i e^{2 \pi i \phi_i} \right|

exceeds z with the probability :math:`e^{-z}` where there is no rhythm (Rayleigh's test). So the start of the clock does
not matter. Times that have no rhythm, of a logger that never rests, cannot be told from other numbers.

References
----------
Mardia & Jupp, *Directional Statistics* (2000), section 6.3.
"""

from __future__ import annotations

import numpy as np

from anomaly.preprocessing.columns.categories import CategoryColumn
from anomaly.preprocessing.columns.levels import are_levels
from anomaly.preprocessing.columns.number_times import find_number_times, grow_like_a_clock
from nnlite.types import Array

SERIAL = "it numbers the records"
GROWING = "it only grows or falls, as a counter or a clock does"
NAMING = "each value is met once, as those of names and identifiers"

# So many numbers drawn from a range no more than four times as wide would hardly all be different: the probability is
# about exp(-n / 8).
_FEWEST_SERIAL, _WIDEST_SERIAL = 100, 4
_FEWEST_GROWING, _LEAST_STEPS = 100, 0.5
_FEWEST_NAMES = 20
_FEWEST_LIKELY, _MOST_LIKELY = 30, 2000
_FEWEST_HOURS, _TENS = 4, 6
_DAYS_OF_YEAR, _MOST_YEARS = 1000, 10
_MOST_PERIODS, _FAR_YEARS, _FEWEST_PERIODS_OF_YEAR = 16, 30, 3
_FEWEST_PERIODS, _LEAST_RHYTHM = 30, 25.0
# Times since some day are far from 0, compared with what they span.
_LEAST_DISTANCE = 2.0
_PERIODS = {
    "milliseconds": 864e5, "seconds": 86400.0, "minutes": 1440.0, "hours": 24.0, "days": 7.0
}  # fmt: skip

FEWEST_NOTED = 20
"""Fewer rows tell nothing about a column."""


def are_serial_numbers(numbers: Array, n_rows: int | None = None) -> bool:
    """Return whether numbers are serial numbers of the records: at least 100 distinct integers that are dense.

    They are dense if their range is at most four times as wide as they are many. So are those of a random quarter of
    the records.

    Parameters
    ----------
    numbers : ndarray of float of shape (n_rows,)
        Training values; NaN is missing.
    n_rows : int, optional
        Number of rows that these are a random sample of; by default they are all.

    Examples
    --------
    >>> import numpy as np
    >>> are_serial_numbers(np.arange(500.0) + 10_000), are_serial_numbers(np.arange(500.0) % 250)
    (True, False)
    """
    n = len(numbers)
    if (
        n < _FEWEST_SERIAL
        or not np.isfinite(numbers).all()
        or numbers.max() / 2 - numbers.min() / 2 > _WIDEST_SERIAL / 2 * (n_rows or n)
    ):
        return False
    return bool((numbers == np.rint(numbers)).all()) and len(np.unique(numbers)) == n


def only_grow(numbers: Array) -> bool:
    """Return whether numbers never fall, or never rise, from row to row, and change in at least half of the rows.

    Parameters
    ----------
    numbers : ndarray of float of shape (n_rows,)
        Training values in the order of the rows; NaN is missing.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.arange(200.0)
    >>> only_grow(rows**2), only_grow(rows // 100), only_grow(np.sin(rows))
    (True, False, False)
    """
    present = numbers[np.isfinite(numbers)]
    if len(present) < _FEWEST_GROWING:
        return False
    steps = np.diff(present[:_FEWEST_GROWING])
    if (steps > 0).any() and (steps < 0).any():
        return False  # a few values are enough to reject most columns
    steps = np.diff(present)
    if np.count_nonzero(steps) < _LEAST_STEPS * len(steps):
        return False
    return bool((steps >= 0).all() or (steps <= 0).all())


def reason_of_numbers(numbers: Array, n_rows: int | None = None) -> str:
    """Return why a column of numbers is left out, or an empty text; of a sample, `n_rows` is the number of all rows."""
    if are_serial_numbers(numbers, n_rows):
        return SERIAL
    return GROWING if only_grow(numbers) or grow_like_a_clock(numbers) else ""


def rows_met_once(column: CategoryColumn) -> tuple[int, int]:
    """Return the number of training rows that hold a value met once, and of those with a value.

    A value met once is known of an open-ended column alone, see `CategoryColumn`: there no value is unusual.
    """
    return (column.n_once if column.open_ended else 0), column.n_present


def names_the_records(column: CategoryColumn) -> bool:
    """Return whether each value of a column of categories is met once: 20 or more of them."""
    once, present = rows_met_once(column)
    return once == present >= _FEWEST_NAMES


def is_blind(column: CategoryColumn) -> bool:
    """Return whether at least half of the rows hold a value met once, so that no later value is unusual."""
    once, present = rows_met_once(column)
    return FEWEST_NOTED <= present <= 2 * once


def find_likely_times(numbers: Array) -> str:
    """Return what numbers are likely to be, if they are times; else an empty text.

    Parameters
    ----------
    numbers : ndarray of float64 of shape (n_rows,)
        Training values; NaN is missing.

    Examples
    --------
    >>> minutes = np.random.default_rng(0).integers(7 * 60, 18 * 60, 200)
    >>> find_likely_times(minutes // 60 * 100.0 + minutes % 60), find_likely_times(minutes * 1.0)
    ('times of day (HHMM)', '')
    >>> find_likely_times(28_400_000.0 + 1440 * (np.arange(200) * 7 % 100) + minutes)
    'times in minutes since some day'
    """
    present = numbers[np.isfinite(numbers)]
    if len(present) < _FEWEST_LIKELY or (present[:_FEWEST_LIKELY] < 0).any():
        return ""
    chosen = np.linspace(0, len(present) - 1, min(len(present), _MOST_LIKELY)).astype(np.int64)
    values = np.unique(present[chosen])
    if len(values) and _are_months_and_years(values):
        return "months (month.year)"
    if len(values) < _FEWEST_LIKELY or values[0] < 0:
        return ""
    whole = bool((values == np.floor(values)).all())
    if whole and (digits := _likely_digits(values)):
        return f"times ({digits})"
    if whole or _are_clock_digits(values * 100):
        for text, scale in (("HHMM", 1), ("HHMMSS", 100)) if whole else (("HH.MM", 0.01),):
            if _are_clock_digits(np.rint(values / scale) if scale < 1 else values // scale) and (
                scale < 100 or (values % 100 < 60).all()
            ):
                return f"times of day ({text})"
    if values[-1] < 1:
        return "times of day (fractions of a day)" if _are_fractions_of_days(values) else ""
    if values[0] < _LEAST_DISTANCE * (values[-1] - values[0]):
        return ""
    found = [unit for unit, period in _PERIODS.items() if _have_rhythm(values, period, whole, unit)]
    return f"times in {found[0]} since some day" if found else ""


def _are_clock_digits(values: Array) -> bool:
    """Return whether numbers are hours and minutes in digits, of several hours and of minutes from 0 to 59."""
    digits = np.rint(values)
    if np.abs(values - digits).max() > 1e-6 or digits[-1] >= 2400:
        return False
    hours, minutes = np.divmod(digits, 100)
    if (minutes >= 60).any() or len(np.unique(digits)) < _FEWEST_LIKELY:
        return False
    return len(np.unique(hours)) >= _FEWEST_HOURS and len(np.unique(minutes // 10)) == _TENS


def _likely_digits(values: Array) -> str:
    """Return the format of distinct whole numbers whose last digits leave out what no day or week of a year has."""
    for text, size, least, most in (("year and week", 100, 1, 53), ("1, year and day", 1000, 1, 366)):
        years, rest = np.divmod(values - (100_000 if size == _DAYS_OF_YEAR else 0), size)
        in_year = (rest >= least).all() and (rest <= most).all()
        if in_year and years[0] >= 0 and years[-1] < 100 and 2 <= len(np.unique(years)) <= _MOST_YEARS:  # noqa: SIM102
            if values[0] >= 10 * size and (np.ptp(rest) > most / 2):
                return text
    days, clock = np.divmod(values, 10_000)
    is_day = days[0] >= 1 and days[-1] <= 31 and len(np.unique(days)) >= _FEWEST_HOURS
    return "day, hours and minutes" if is_day and _are_clock_digits(np.unique(clock)) else ""


def _are_months_and_years(values: Array) -> bool:
    """Return whether distinct numbers are months, or periods, before the point and years after it, as in 3.2024."""
    months, years = np.floor(values), np.rint(values % 1 * 10_000)
    is_exact = (np.abs(values - months - years / 10_000) < 1e-9).all()
    in_range = (months >= 1).all() and (months <= _MOST_PERIODS).all() and (np.abs(years - 2010) <= _FAR_YEARS).all()
    return bool(is_exact and in_range) and len(np.unique(months)) >= _FEWEST_PERIODS_OF_YEAR


def _are_fractions_of_days(values: Array) -> bool:
    """Return whether numbers below 1 are whole minutes or seconds, as exactly as they are written."""
    decimals = next((n for n in range(1, 12) if np.abs(np.round(values, n) - values).max() < 1e-13), 12)
    for step in (1440, 86400):
        error = step * (0.5001 * 10.0**-decimals + 1e-12)
        steps = values * step
        # Each of thirty or more values would be so near to a step by chance with a probability of twice the error.
        if error < 0.25 and np.abs(steps - np.rint(steps)).max() <= error:
            return True
    return False


def _have_rhythm(values: Array, period: float, whole: bool, unit: str) -> bool:
    if values[-1] - values[0] < _FEWEST_PERIODS * period or (unit == "days" and not whole):
        return False
    phases = np.exp(2j * np.pi * (values % period) / period)
    return bool(np.abs(phases.mean()) ** 2 * len(values) > _LEAST_RHYTHM)


def has_plain_features(name: str, numbers: Array) -> bool:
    """Return whether a column of numbers is used as it is: no levels, times, constants or numbers of the records."""
    present = numbers[~np.isnan(numbers)]
    if not len(present) or are_levels(numbers) or (present == present[0]).all():
        return False
    is_time = find_number_times(name, numbers) is not None or bool(find_likely_times(numbers))
    return not reason_of_numbers(numbers) and not is_time
