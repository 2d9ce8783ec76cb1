"""Validation of the training records and labels of detectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from anomaly.errors import format_names
from anomaly.tables import Table
from nnlite.types import Array


def check_records(table: Table) -> None:
    """Raise a ValueError unless a training table has at least two records."""
    if len(table) < 2:
        raise ValueError(f"fit needs at least 2 records to learn from; found {len(table)} (n_samples = {len(table)})")


def check_used_columns(feature_names: Array, feature_columns: Array) -> None:
    """Raise a ValueError unless at least two columns of a training table have features.

    Parameters
    ----------
    feature_names : ndarray of str of shape (n_columns,)
        Names of the columns.
    feature_columns : ndarray of int of shape (n_features,)
        Column of each feature.
    """
    columns = feature_names.tolist()
    used = [columns[index] for index in np.unique(feature_columns)]
    if len(used) < 2:
        unused = [name for name in columns if name not in used]
        dates = (
            f" ({format_names(unused)} only tells when the record was made, which is not learned; dates='number', "
            "on the command line --dates number, learns it)"
        )
        raise ValueError(
            f"fit needs at least 2 columns to learn how they go together; found 1, {used[0]!r} (n_features = 1)"
            f"{dates if unused else ''}: for one value in the order of time use SequenceDetector (on the command "
            "line, --window)"
        )


def as_labels(y: Any, count: int, unit: str) -> Array | None:
    """Return labels as an array, or None without labels.

    Parameters
    ----------
    y : array_like of 0 and 1 of shape (count,), optional
        Labels.
    count : int
        Number of records, steps or images.
    unit : str
        Noun for one of them, for errors.

    Raises
    ------
    ValueError
        If there is not one label for each.
    """
    if y is None:
        return None
    labels = np.asarray(y)
    if labels.shape != (count,):
        raise ValueError(f"y must have one label per {unit} ({count}); found shape {labels.shape}")
    return labels
