"""The labels that the commands of ``anomaly`` read: which records are normal, which are not, and which have none."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable

import numpy as np

from anomaly.errors import DataError
from anomaly.preprocessing.columns.parsing import MISSING_TEXTS
from anomaly.tables import Table
from nnlite.types import Array

UNLABELLED = -1
"""Of a record that nobody has judged: neither normal nor an anomaly."""

_MOST_NAMED = 10


def kinds_of(table: Table, options: Namespace) -> Array:
    """Return the labels of records as text; a missing one, and what says so, such as NA, is empty."""
    kinds = np.array([str(value or "").strip() for value in table[options.label]])
    kinds[np.isin(kinds, list(MISSING_TEXTS - {options.normal.strip()}))] = ""
    return kinds


def judged(kinds: Array, options: Namespace) -> Array:
    """Return 0 for records with the normal label, 1 for others, and `UNLABELLED` for those without a label.

    Where the normal label is the empty one (``--normal ''``), every record has a label.
    """
    normal = options.normal.strip()
    labels = (kinds != normal).astype(np.int64)
    labels[(kinds == "") & (kinds != normal)] = UNLABELLED
    return labels


def labels_of(table: Table, options: Namespace) -> Array:
    """Return the labels of a table as `judged` does; raise DataError if no record is normal."""
    kinds = kinds_of(table, options)
    labels = judged(kinds, options)
    if not (labels == 0).any():
        raise none_is_normal(kinds, options)
    return labels


def none_is_normal(kinds: Iterable[str], options: Namespace) -> DataError:
    """Return the error of a column without the normal label."""
    return DataError(
        f"no record has label {options.normal.strip()!r} in column {options.label!r}; found {_found(kinds)}"
    )


def check_both(kinds: Array, options: Namespace) -> None:
    """Refuse labels of one kind only."""
    labels = judged(kinds, options)
    labels = labels[labels != UNLABELLED]
    if not len(labels):
        raise none_is_normal(kinds, options)
    if labels.min() == labels.max():
        kind = f"anomalies, none is {options.normal!r}" if labels.all() else f"normal ({options.normal!r})"
        raise DataError(
            f"column {options.label!r}: all {len(labels)} labelled records are {kind}; "
            f"an evaluation needs normal records and anomalies; found {_found(kinds)}"
        )


def check_anomalies(labels: Array, options: Namespace) -> None:
    """Refuse to learn from labels without an anomaly among them."""
    if not (labels == 1).any():
        raise DataError(
            f"column {options.label!r}: all {(labels == 0).sum()} labelled records are normal ({options.normal!r}); "
            "learn-labels needs at least one anomaly, a record with another label"
        )


def left_out(unlabelled: int) -> str:
    """Say how many records have no label."""
    return f"left out {unlabelled:,} record{'' if unlabelled == 1 else 's'} without a label"


def _found(kinds: Iterable[str]) -> str:
    """List the labels of a column."""
    names = sorted(set(kinds) - {""})
    if not names:
        return "no label at all"
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
