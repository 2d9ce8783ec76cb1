"""The columns that ``anomaly score`` writes beside the keys of a record: its score, and the contributions to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from anomaly.calibration import anomaly_probability, p_values
from anomaly.errors import printable
from anomaly.tables import Table
from anomaly.tables.cells import text_array
from nnlite.types import Array

_DIGITS = 6
_DECIMAL = re.compile(r"-?\d+(?:\.\d+)?")

Write = Callable[[str, Any, Any], str | None]


@dataclass(frozen=True)
class ScoreColumns:
    """Columns to compute from the contributions to the scores.

    Attributes
    ----------
    threshold : float or None
        Records that score above it are anomalies; None for the detector's labels.
    names : list of str
        Names of the columns that contribute.
    top : int
        How many of them to name.
    p_values : bool
        Whether to add p-values.
    prior : float or None
        Fraction of anomalies, to add probabilities.
    calibration : ndarray of float64 or None
        Scores of normal records, for p-values and probabilities.
    expected : callable or None
        Returns the expected values of records, to add them and the found ones.
    rare_missing : callable or None
        Returns which cells of records are missing where that is rare, to add the names of their columns.
    write : callable or None
        Returns an expected value as its column is written; see `anomaly.report.reasons.reasons_of`.
    """

    threshold: float | None
    names: list[str]
    top: int = 0
    p_values: bool = False
    prior: float | None = None
    calibration: Array | None = None
    expected: Callable[[Table], Table] | None = None
    rare_missing: Callable[[Table], Array] | None = None
    write: Write | None = None

    @property
    def numbers(self) -> list[str]:
        """Names of the columns of numbers that may be among these."""
        return ["score", "p_value", "probability", *(f"{name}_share" for name in top_names(self.top, False)[::2])]

    def head(self, ids: Sequence[str]) -> list[str]:
        """Return the names of all columns, beginning with the keys."""
        chances = [*(["p_value"] if self.p_values else []), *(["probability"] if self.prior is not None else [])]
        missing = [] if self.rare_missing is None else ["rare_missing"]
        return score_names(ids, [*chances, *top_names(self.top, self.expected is not None), *missing])

    def flags(self, scores: Array, labels: Array) -> Array:
        """Return 1 for anomalies, else 0, from the scores and the detector's labels of records."""
        return labels if self.threshold is None else (scores > self.threshold).astype(np.int64)

    def compute(self, contributions: Array, flags: Array, records: Table | None = None) -> list[Array]:
        """Return the columns after the keys.

        Parameters
        ----------
        contributions : ndarray of shape (n_records, n_columns)
            Contributions, which add up to the scores.
        flags : ndarray of int of shape (n_records,)
            1 for anomalies, else 0.
        records : Table of shape (n_records, n_columns), optional
            The records, if their expected values or missing cells are to be added.
        """
        scores = contributions.sum(axis=1)
        columns = [numbers(scores, 9), flags]
        if self.calibration is not None:
            chances = p_values(self.calibration, scores)
            if self.p_values:
                columns.append(numbers(chances, 4))
            if self.prior is not None:
                columns.append(numbers(anomaly_probability(chances, self.prior, len(self.calibration)), 4))
        found, expected = None, None
        if self.expected is not None and records is not None:
            found, expected = records, self.expected(records)
        columns += top_columns(contributions, self.names, self.top, found, expected, self.write)
        if self.rare_missing is not None and records is not None:
            columns.append(listed(self.rare_missing(records), self.names))
        return columns


def score_names(ids: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return the header of scores: keys of a record, its score, and the other columns.

    Raises
    ------
    ValueError
        If a column of keys has the name of a column that is written beside it.
    """
    written = ["score", "is_anomaly", *others]
    clash = [name for name in ids if name in written]
    if clash:
        raise ValueError(f"--id is {clash[0]!r}, which a column of the scores is called too: rename it in the data")
    return [*(ids or ["row"]), *written]


def numbers(values: Array, digits: int) -> Array:
    """Format numbers with so many significant digits; NaN, of a row without a score, is empty."""
    form = f"%.{digits}g"
    texts = "\n".join([form] * len(values)) % tuple(values.tolist())
    return text_array(["" if text == "nan" else text for text in texts.split("\n")], len(values))


def ranked(contributions: Array, top: int) -> Array:
    """Return the columns with the largest contributions to each score, in descending order, of shape (n, top)."""
    order: Array = np.argsort(-contributions, axis=1, kind="stable")[:, :top]
    return order


def top_columns(
    contributions: Array,
    names: Sequence[str],
    top: int,
    found: Table | None = None,
    expected: Table | None = None,
    write: Write | None = None,
) -> list[Array]:
    """Return, for each rank, the column's name and fraction of the score; with two tables also its values.

    Parameters
    ----------
    contributions : ndarray of shape (n_records, n_columns)
        Contributions to the scores.
    names : sequence of str
        Names of the columns.
    top : int
        Number of ranks.
    found, expected : Table, optional
        The records, and their expected values.
    write : callable, optional
        Returns an expected value as its column is written, or None for the usual way: with six significant digits, and
        the decimals of the found cell.

    Returns
    -------
    list of ndarray of shape (n_records,)
        Two of text for each rank, or four. Those of a row without a score are empty.
    """
    order = ranked(contributions, top)
    totals = np.maximum(contributions.sum(axis=1), np.finfo(np.float64).tiny)
    labels = np.array([printable(name) for name in names], dtype=object)
    texts = [] if found is None else [_texts(columns_of(found, names))]
    wanted = None if found is None or expected is None else (columns_of(found, names), columns_of(expected, names))
    columns: list[Array] = []
    without = np.isnan(totals)
    for k in range(top):
        fractions = np.take_along_axis(contributions, order[:, k : k + 1], axis=1)[:, 0] / totals
        named = labels[order[:, k]]
        named[without] = None
        columns += [named, np.array(["" if fraction != fraction else f"{fraction:.4f}" for fraction in fractions])]
        columns += [np.take_along_axis(text, order[:, k : k + 1], axis=1)[:, 0] for text in texts]
        if wanted is not None:
            columns.append(_expected_texts(names, *wanted, order[:, k], write))
    return columns


def listed(chosen: Array, names: Sequence[str]) -> Array:
    """Return the names of each record's chosen columns as one text.

    Examples
    --------
    >>> import numpy as np
    >>> listed(np.array([[True, True], [False, False]]), ["amount", "country"]).tolist()
    ['amount; country', '']
    """
    texts = np.full(len(chosen), "", dtype=object)
    for row in np.flatnonzero(chosen.any(axis=1)):
        texts[row] = "; ".join(printable(name) for name, is_chosen in zip(names, chosen[row], strict=True) if is_chosen)
    return texts


def top_names(top: int, values: bool) -> list[str]:
    """Return the names of the columns of `top_columns`."""
    endings = ("", "_share", "_value", "_expected") if values else ("", "_share")
    return [f"top_{k}{ending}" for k in range(1, top + 1) for ending in endings]


def columns_of(table: Table, names: Sequence[str]) -> list[Array]:
    """Return columns by name; those of a table without these names go by their order."""
    return [table[name] for name in names] if set(names) <= set(table.names) else list(table.columns)


def _texts(columns: Sequence[Array]) -> Array:
    """Return cells as text, of shape (n_records, n_columns)."""
    return np.column_stack([np.array(_cells(column), dtype=object) for column in columns])


def _expected_texts(
    names: Sequence[str], found: Sequence[Array], expected: Sequence[Array], chosen: Array, write: Write | None
) -> Array:
    """Return the expected value of one chosen column of each record, in the form of the cell that was found."""
    texts = np.full(len(chosen), "", dtype=object)
    for j in np.unique(chosen).tolist():
        rows = np.flatnonzero(chosen == j)
        values = expected[j][rows]
        pairs = zip(values.tolist() if values.dtype.kind == "f" else values, found[j][rows].tolist(), strict=True)
        own = [None if write is None else write(names[j], value, cell) for value, cell in pairs]
        usual = [_with_decimals_of(*pair) for pair in zip(_cells(values), found[j][rows].tolist(), strict=True)]
        texts[rows] = [other if one is None else one for one, other in zip(own, usual, strict=True)]
    return texts


def _with_decimals_of(text: str, found: Any) -> str:
    """Return a number with the zeros at its end that a found text has, within six significant digits.

    Examples
    --------
    >>> _with_decimals_of("50", "38.7"), _with_decimals_of("50", "51"), _with_decimals_of("0.25", "1.0")
    ('50.0', '50', '0.25')
    """
    decimals = len(found.partition(".")[2]) if isinstance(found, str) and _DECIMAL.fullmatch(found) else 0
    if not decimals or not _DECIMAL.fullmatch(text):
        return text
    fraction = f"{float(text):#.{_DIGITS}g}".partition(".")[2]
    whole, _, own = text.partition(".")
    return f"{whole}.{own}{fraction[len(own) : decimals]}"


def _cells(column: Array) -> list[str]:
    """Format cells with six significant digits; missing ones are empty."""
    if column.dtype.kind == "M":
        return ["" if text == "NaT" else text for text in np.datetime_as_string(column, unit="s").tolist()]
    if column.dtype.kind == "f":
        return ["" if value != value else f"{value:.{_DIGITS}g}" for value in column.tolist()]
    return ["" if value is None else str(value) for value in column.tolist()]
