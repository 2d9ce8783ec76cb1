"""What is known of all training rows where a preprocessor is fitted to a sample of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from anomaly.preprocessing.columns.totals import ColumnEnd
from nnlite.types import Array


@dataclass(frozen=True)
class Population:
    """Facts about all training rows, of which a sample is at hand.

    Attributes
    ----------
    n_rows : int
        Number of rows.
    n_missing : mapping of str to int
        Number of missing cells of each column.
    counts : mapping of str to Counter
        Number of cells of each category, of the columns of text with few enough distinct values to be counted.
    ends : mapping of str to ColumnEnd
        The last cell of each column of numbers, and the sums of those above it.

    Examples
    --------
    >>> rows = Population(1_000_000, {"load": 20_000}, {})
    >>> rows.missing_fraction("load")
    0.02
    """

    n_rows: int
    n_missing: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, Counter[str | None]] = field(default_factory=dict)
    # Sums of parts depend in their last digits on the order in which the parts were added.
    ends: Mapping[str, ColumnEnd] = field(default_factory=dict, compare=False)

    def missing_fraction(self, name: str) -> float:
        """Return the fraction of missing cells of a column."""
        return self.n_missing[name] / self.n_rows

    def missing_fractions(self, names: tuple[str, ...]) -> Array:
        """Return the fraction of missing cells of each column, as float64 of shape (n_columns,)."""
        return np.array([self.missing_fraction(name) for name in names])

    def categories(self, name: str) -> tuple[Counter[str | None], float] | None:
        """Return the number of cells of each category, and the fraction of missing ones; None if not counted."""
        return (Counter(self.counts[name]), self.missing_fraction(name)) if name in self.counts else None

    @property
    def last_row(self) -> str:
        """Where the last row is, for messages."""
        return f"row {self.n_rows:,}"

    def ends_of(self, names: Iterable[str]) -> list[tuple[str, ColumnEnd]]:
        """Return the ends of those of some columns that are numbers in all rows."""
        return [(name, self.ends[name]) for name in names if name in self.ends]
