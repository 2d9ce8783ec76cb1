"""The column of reasons in words: what was found in the columns that contribute most to a score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from anomaly.cli.score_columns import columns_of
from anomaly.detectors.expected_rows import ExpectedRows
from anomaly.errors import printable
from anomaly.report.content import Reason
from anomaly.report.reasons import BESIDE_COLUMNS, BESIDE_STEPS, reasons_of
from anomaly.tables import Table
from nnlite.types import Array

# What adds less to a score than a tenth is no reason for it.
_LEAST_SHARE = 0.1


@dataclass(frozen=True)
class Reasons:
    """Reasons for scores, in words.

    Attributes
    ----------
    names : list of str
        Names of the columns that contribute.
    most : int
        How many of them to name at most: the first, and others with a tenth of the score or more.
    expected : callable or None
        Returns the expected values of records.
    rows : ExpectedRows or None
        The expected values of rows that have their scores later than they come, in place of `expected`.
    write : callable or None
        Returns an expected value as its column is written; see `anomaly.report.reasons.reasons_of`.

    Examples
    --------
    >>> from anomaly.tables import as_table
    >>> found = as_table({"vibration_mm_s": [9.1], "site": ["a"]})
    >>> why = Reasons(["vibration_mm_s", "site"], 3, lambda _: as_table({"vibration_mm_s": [2.2], "site": ["a"]}))
    >>> print(*why.texts(np.array([[5.0, 0.0]]), found))
    vibration_mm_s is 9.1, expected about 2.2
    """

    names: list[str]
    most: int
    expected: Callable[[Table], Table] | None = None
    write: Callable[[str, Any, Any], str | None] | None = None
    rows: ExpectedRows | None = None

    def push(self, records: Table) -> None:
        """Take the next rows, whose scores are to come."""
        if self.rows is not None:
            self.rows.push(records)

    def texts(self, contributions: Array, records: Table) -> Array:
        """Return the reasons of each record as one text, "" for a record without a score or any contribution.

        Parameters
        ----------
        contributions : ndarray of shape (n_records, n_columns)
            Contributions to the scores.
        records : Table of shape (n_records, n_columns)
            The records.
        """
        found = columns_of(records, self.names)
        expected = None if self.expected is None else columns_of(self.expected(records), self.names)
        if self.rows is not None:
            expected = self.rows.take(len(contributions))
        texts = np.full(len(contributions), "", dtype=object)
        for row, parts in enumerate(contributions):
            wanted = None if expected is None else [column[row] for column in expected]
            cells = [column[row] for column in found]
            if wanted is not None:
                cells = [_like(cell, other) for cell, other in zip(cells, wanted, strict=True)]
            reasons = _telling(reasons_of(self.names, parts, cells, wanted, self.most, self.write, self._beside))
            texts[row] = "; ".join(printable(one.text) for one in reasons)
        return texts

    @property
    def _beside(self) -> str:
        return BESIDE_COLUMNS if self.rows is None else BESIDE_STEPS


def _telling(reasons: Sequence[Reason]) -> Sequence[Reason]:
    """Return the first reason, and those others that are a good part of the score."""
    return [one for k, one in enumerate(reasons) if not k or one.share >= _LEAST_SHARE]


def _like(cell: Any, expected: Any) -> Any:
    """Return text as a number where a number is expected: both are then written alike."""
    if isinstance(cell, str) and isinstance(expected, float):
        try:
            return float(cell)
        except ValueError:
            return cell
    return cell
