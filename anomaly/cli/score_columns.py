"""The columns that ``anomaly score`` writes beside what names a record: its score, and the reasons for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from anomaly.tables import Table
from nnlite.types import Array

_DIGITS = 6


def score_names(ids: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return the header of scores: what names a record, its score, and the others.

    Raises
    ------
    ValueError
        If a column that names records is called like one that is written beside it.
    """
    written = ["score", "is_anomaly", *others]
    clash = [name for name in ids if name in written]
    if clash:
        raise ValueError(f"--id is {clash[0]!r}, which a column of the scores is called too: rename it in the data")
    return [*(ids or ["row"]), *written]


def score_columns(scores: Array, threshold: float) -> list[Array]:
    """Return scores as text, and 1 where they are above the threshold."""
    return [numbers(scores, 9), (scores > threshold).astype(np.int64)]


def numbers(values: Array, digits: int) -> Array:
    """Return numbers as text of so many significant digits."""
    return np.array([f"{value:.{digits}g}" for value in values])


def ranked(parts: Array, top: int) -> Array:
    """Return the columns with the largest parts of each record's score, the largest first, of shape (n, top)."""
    order: Array = np.argsort(-parts, axis=1, kind="stable")[:, :top]
    return order


def top_columns(
    parts: Array, names: Sequence[str], top: int, found: Table | None = None, expected: Table | None = None
) -> list[Array]:
    """Return, for each rank, the column's name and share of the score; with two tables also what it holds.

    Parameters
    ----------
    parts : ndarray of shape (n_records, n_columns)
        Of scores.
    names : sequence of str
        Of the columns.
    top : int
        How many ranks.
    found, expected : Table, optional
        The records, and what they would be expected to look like.

    Returns
    -------
    list of ndarray of shape (n_records,)
        Two of text for each rank, or four.
    """
    order = ranked(parts, top)
    totals = np.maximum(parts.sum(axis=1), np.finfo(np.float64).tiny)
    labels = np.array(names, dtype=object)
    texts = [_texts(table, names) for table in (found, expected) if table is not None]
    columns: list[Array] = []
    for k in range(top):
        shares = np.take_along_axis(parts, order[:, k : k + 1], axis=1)[:, 0] / totals
        columns += [labels[order[:, k]], np.array([f"{share:.4f}" for share in shares])]
        columns += [np.take_along_axis(text, order[:, k : k + 1], axis=1)[:, 0] for text in texts]
    return columns


def top_names(top: int, values: bool) -> list[str]:
    """Return what the columns of `top_columns` are called."""
    parts = ("", "_share", "_value", "_expected") if values else ("", "_share")
    return [f"top_{k}{part}" for k in range(1, top + 1) for part in parts]


def _texts(table: Table, names: Sequence[str]) -> Array:
    """Return cells as text, of shape (n_records, n_columns); columns of a table without names go by their order."""
    columns = [table[name] for name in names] if set(names) <= set(table.names) else table.columns
    return np.column_stack([np.array(_cells(column), dtype=object) for column in columns])


def _cells(column: Array) -> list[str]:
    """Write cells as a reader would: no more digits than say something, nothing where nothing is."""
    if column.dtype.kind == "M":
        return ["" if text == "NaT" else text for text in np.datetime_as_string(column, unit="s").tolist()]
    if column.dtype.kind == "f":
        return ["" if value != value else f"{value:.{_DIGITS}g}" for value in column.tolist()]
    return ["" if value is None else str(value) for value in column.tolist()]
