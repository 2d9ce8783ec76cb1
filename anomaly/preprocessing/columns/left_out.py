"""Columns that say nothing about later records: those that number or name them, and those that only grow.

Each later value of such a column is new, so that all later records would be anomalous for this reason alone, or, as
categories, none. They are left out, with a warning, unless the user keeps them.
"""

from __future__ import annotations

import numpy as np

from anomaly.preprocessing.columns.categories import CategoryColumn
from anomaly.preprocessing.columns.number_times import grow_like_a_clock
from nnlite.types import Array

SERIAL = "it numbers the records"
GROWING = "it only grows or falls, as a counter or a clock does"
NAMING = "each value is met once, as those of names and identifiers"

# So many numbers drawn from a range no more than four times as wide would hardly all be different: the probability is
# about exp(-n / 8).
_FEWEST_SERIAL, _WIDEST_SERIAL = 100, 4
_FEWEST_GROWING, _LEAST_STEPS = 100, 0.5
_FEWEST_NAMES = 20

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
