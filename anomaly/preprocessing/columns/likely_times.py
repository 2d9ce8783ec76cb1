r"""Numbers that are likely times, under a name that says nothing: they are used as numbers, with a warning.

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

from nnlite.types import Array

_FEWEST, _MOST = 30, 2000
_FEWEST_HOURS, _TENS = 4, 6
_FEWEST_PERIODS, _LEAST_RHYTHM = 30, 25.0
# Times since some day are far from 0, compared with what they span.
_LEAST_DISTANCE = 2.0
_PERIODS = {
    "milliseconds": 864e5, "seconds": 86400.0, "minutes": 1440.0, "hours": 24.0, "days": 7.0
}  # fmt: skip


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
    if len(present) < _FEWEST or (present[:_FEWEST] < 0).any():
        return ""
    values = np.unique(present[np.unique(np.linspace(0, len(present) - 1, min(len(present), _MOST)).astype(np.int64))])
    if len(values) < _FEWEST or values[0] < 0:
        return ""
    whole = bool((values == np.floor(values)).all())
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
    if (minutes >= 60).any() or len(np.unique(digits)) < _FEWEST:
        return False
    return len(np.unique(hours)) >= _FEWEST_HOURS and len(np.unique(minutes // 10)) == _TENS


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
