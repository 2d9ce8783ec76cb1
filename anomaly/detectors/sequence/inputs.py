"""Conversion of the series and labels that a `SequenceDetector` takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from anomaly.detectors.validation import as_labels
from anomaly.preprocessing.series import as_series, is_collection
from anomaly.tables import Table
from nnlite.types import Array


def as_tables(X: Any, ignored: Sequence[str] | None) -> list[Table]:
    """Return one series or several as tables without the ignored columns.

    Examples
    --------
    >>> import numpy as np
    >>> as_tables({"a": [1.0, 2.0], "label": [0, 1]}, ["label"])
    [Table(2 rows x 1 columns: 'a')]
    >>> [len(table) for table in as_tables([np.zeros(3), np.zeros(5)], None)]
    [3, 5]
    """
    return [as_one_table(one, ignored) for one in (X if is_collection(X) else [X])]


def as_one_table(X: Any, ignored: Sequence[str] | None) -> Table:
    """Return one series as a table without the ignored columns."""
    if is_collection(X):
        raise ValueError(
            f"expected one series; found a list of {len(X)}: pass them one by one. If they are the steps of one "
            "series, give them as a 2-D array or a list of lists"
        )
    table = as_series(X)
    left_out = [name for name in table.names if name in (ignored or ())]
    return table.drop(left_out) if left_out else table


def labels_of_series(y: Any, lengths: Sequence[int]) -> Array | None:
    """Return the labels of all steps of several series, one series after the other.

    Parameters
    ----------
    y : sequence of array_like, or array_like
        Labels of each series, or of all series in one sequence.
    lengths : sequence of int
        Number of steps of each series.

    Returns
    -------
    ndarray of shape (n_steps,)
        Labels.

    Raises
    ------
    ValueError
        If a series has more or fewer labels than steps.

    Examples
    --------
    >>> labels_of_series([[0, 1], [0]], [2, 1]).tolist(), labels_of_series([0, 1, 0], [2, 1]).tolist()
    ([0, 1, 0], [0, 1, 0])
    """
    parts = [np.asarray(one) for one in y] if isinstance(y, Iterable) else []
    if all(part.ndim == 0 for part in parts):
        return as_labels(y, sum(lengths), "step")
    parts = [part.reshape(-1) for part in parts]
    if len(parts) != len(lengths):
        raise ValueError(f"y must have labels for each of the {len(lengths)} series; found {len(parts)} sequence(s)")
    if len(parts) == 1:
        return as_labels(parts[0], lengths[0], "step")
    for number, (part, length) in enumerate(zip(parts, lengths, strict=True), start=1):
        if len(part) != length:
            raise ValueError(
                f"y must have one label per step of each series: series {number} of {len(lengths)} has "
                f"{length} steps; found {len(part)} labels for it"
            )
    return np.concatenate(parts)
