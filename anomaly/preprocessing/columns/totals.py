"""Last rows that hold the sums or the means of the rows above them, as spreadsheets have them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nnlite.types import Array

_FEWEST_ROWS, _ROUNDING = 10, 1e-5
# By chance, the last numbers of all columns would be as near to their means with this probability.
_LEAST_CHANCE = 1e-4
_TOTALS = {"sums": "the sums", "means": "the means"}


@dataclass(frozen=True)
class ColumnEnd:
    """The last number of a column, and what is known of those above it.

    Attributes
    ----------
    last : float
        The last number; NaN if it is missing.
    n, total, size, largest, squares : float
        Of the finite numbers above it: how many, their sum, that of their absolute values, the largest of these, and
        the sum of the squares.
    """

    last: float
    n: int
    total: float
    size: float
    largest: float
    squares: float

    @classmethod
    def of(cls, numbers: Array) -> ColumnEnd:
        """Return the end of a column of float64; NaN is missing."""
        if not len(numbers):
            return cls(math.nan, 0, 0.0, 0.0, 0.0, 0.0)
        return cls(float(numbers[-1]), *moments(numbers[:-1]))

    @property
    def is_sum(self) -> bool:
        """Whether the last number is the sum of the others, as exactly as sums of rounded numbers are."""
        near = abs(self.last - self.total) <= _ROUNDING * self.size < math.inf
        return self.n >= _FEWEST_ROWS and near and abs(self.total) > self.largest

    @property
    def chance_of_mean(self) -> float:
        """Probability by which a further number would be as near to the mean of the others; 1 if it is not near."""
        if self.n < _FEWEST_ROWS or not math.isfinite(self.last) or not math.isfinite(self.squares):
            return 1.0
        mean = self.total / self.n
        spread = math.sqrt(max(self.squares / self.n - mean**2, 0.0))
        decimals = len(f"{self.last!r}".partition("e")[0].partition(".")[2].rstrip("0"))
        off = 0.5001 * 10.0**-decimals + 1e-9 * self.size / self.n
        if abs(self.last - mean) > off or not spread:
            return 1.0
        return min(off / spread, 1.0)


def moments(numbers: Array) -> tuple[int, float, float, float, float]:
    """Return `n`, `total`, `size`, `largest` and `squares` of numbers; see `ColumnEnd`."""
    finite = numbers[np.isfinite(numbers)].astype(np.float64, copy=False)
    sizes = np.abs(finite)
    with np.errstate(over="ignore"):
        squares = float(np.square(finite).sum())
        return len(finite), float(finite.sum()), float(sizes.sum()), float(sizes.max(initial=0.0)), squares


def kind_of_last_row(ends: Iterable[ColumnEnd]) -> str:
    """Return "the sums" or "the means" if the last row holds those of all columns where it has a number, else "".

    Parameters
    ----------
    ends : iterable of ColumnEnd
        The columns of numbers, of which no more are asked for than are needed.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.random.default_rng(0).normal(20.0, 2.0, 50).round(3)
    >>> rows = [np.append(values, last) for last in (values.sum(), values.mean(), 20.0)]
    >>> [kind_of_last_row([ColumnEnd.of(row)]) for row in rows]
    ['the sums', 'the means', '']
    """
    are_sums, chance, found = True, 1.0, False
    for end in ends:
        if math.isnan(end.last):
            continue
        found, are_sums, own = True, are_sums and end.is_sum, end.chance_of_mean
        # One column that is off suffices.
        chance = math.inf if own == 1.0 else chance * own
        if not are_sums and math.isinf(chance):
            return ""
    if not found:
        return ""
    return _TOTALS["sums"] if are_sums else _TOTALS["means"] if chance <= _LEAST_CHANCE else ""


def ends_with_totals(columns: Iterable[Array]) -> bool:
    """Return whether the last row of columns of float64 holds the sums or the means of the rows above it."""
    return bool(kind_of_last_row(map(ColumnEnd.of, columns)))
