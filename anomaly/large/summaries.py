"""Facts about all cells of a column that is seen in parts: how many are missing, and how often each category occurs."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from anomaly.large.joining import kind_of
from anomaly.preprocessing.columns.categories import count_categories
from anomaly.preprocessing.columns.parsing import distinct_cells, missing_cells
from anomaly.preprocessing.columns.totals import ColumnEnd, moments
from nnlite.types import Array

MOST_COUNTED = 20_000
"""Largest number of distinct texts of a column that are counted.

More than 50 of them have no feature of their own, and with more than 10,000 others a column is open-ended, so that the
counts of further ones would change nothing.
"""


@dataclass
class ColumnSummary:
    """Counts of the cells of one column.

    Attributes
    ----------
    n_missing : int
        Number of missing cells.
    kinds : set of str
        Kinds of its dtypes, see `anomaly.large.joining.kind_of`.
    counts : Counter
        Number of cells of each category of text.
    is_counted : bool
        Whether the counts are complete: whether there are few enough texts.
    place : tuple of int
        Part and row of the last of the cells.
    last : float
        The last of the cells, if it is a number; NaN otherwise.
    sums : tuple of float
        Of all finite numbers, as `anomaly.preprocessing.columns.totals.moments` returns them.

    Examples
    --------
    >>> import numpy as np
    >>> one, other = ColumnSummary(), ColumnSummary()
    >>> one.add(np.array(["FR", None, "DE"], object))
    >>> other.add(np.array(["FR", "FR"], object))
    >>> one.merge(other)
    >>> one.n_missing, one.counts["FR"], one.is_counted
    (1, 3, True)
    """

    n_missing: int = 0
    kinds: set[str] = field(default_factory=set)
    counts: Counter[str | None] = field(default_factory=Counter)
    is_counted: bool = True
    place: tuple[int, int] = (-1, -1)
    last: float = math.nan
    sums: tuple[int, float, float, float, float] = (0, 0.0, 0.0, 0.0, 0.0)

    def add(self, cells: Array, is_category: bool = False, place: tuple[int, int] = (0, 0)) -> None:
        """Add cells, whose values are counted if they are text, or numbers of a column declared to be categories.

        `place` is that of the last of them.
        """
        kind = kind_of(cells)
        self.kinds.add(kind)
        is_number = cells.dtype.kind == "f"
        self._add_sums(place, float(cells[-1]) if is_number else math.nan, moments(cells) if is_number else None)
        if not self.is_counted or not (kind == "O" or is_category):
            self.n_missing += int(np.count_nonzero(missing_cells(cells)))
            return
        counts = count_categories(*distinct_cells(cells))
        self.n_missing += counts.pop(None, 0)
        self._add_counts(counts)

    def merge(self, other: ColumnSummary) -> None:
        """Add the counts of other cells."""
        self.n_missing += other.n_missing
        self.kinds |= other.kinds
        self.is_counted = self.is_counted and other.is_counted
        self._add_sums(other.place, other.last, other.sums)
        self._add_counts(other.counts)

    @property
    def end(self) -> ColumnEnd:
        """The last cell, and the sums of those above it; the largest of these may be the last one itself."""
        n, total, size, largest, squares = self.sums
        if math.isfinite(self.last):
            # A product beyond the largest float is infinite; a power is an error.
            square = self.last * self.last
            n, total, size, squares = n - 1, total - self.last, size - abs(self.last), squares - square
            # A sum is larger than each of its terms, so that it says nothing of the largest of them.
            largest = largest if largest > abs(self.last) else 0.0
        return ColumnEnd(self.last, n, total, size, largest, squares)

    def _add_sums(
        self, place: tuple[int, int], last: float, sums: tuple[int, float, float, float, float] | None
    ) -> None:
        if place >= self.place:
            self.place, self.last = place, last
        if sums is not None:
            n, total, size, largest, squares = sums
            a = self.sums
            self.sums = a[0] + n, a[1] + total, a[2] + size, max(a[3], largest), a[4] + squares

    def _add_counts(self, counts: Counter[str | None]) -> None:
        if self.is_counted:
            self.counts.update(counts)
            self.is_counted = len(self.counts) <= MOST_COUNTED
        if not self.is_counted:
            self.counts = Counter()
