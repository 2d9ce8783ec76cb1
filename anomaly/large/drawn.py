"""What a fit uses of a table that is too long for memory."""

from __future__ import annotations

from dataclasses import dataclass

from anomaly.preprocessing.columns.population import Population
from anomaly.tables import Table

BLOCK_ROWS = 128
"""Rows of a block of consecutive ones, which show whether rows follow each other in time."""


@dataclass(frozen=True)
class DrawnRows:
    """A random sample of the rows of a table, and what is known of all of them.

    Attributes
    ----------
    sample : Table
        A uniform random sample of the rows, in their order.
    witnesses : Table
        The sample with further rows that show what it may lack, such as the extremes of each column, in their order.
    blocks : Table
        Random blocks of `BLOCK_ROWS` consecutive rows, in their order.
    population : Population
        Facts about all rows.
    """

    sample: Table
    witnesses: Table
    blocks: Table
    population: Population

    @property
    def is_complete(self) -> bool:
        """Whether the sample is all rows."""
        return len(self.sample) == self.population.n_rows
