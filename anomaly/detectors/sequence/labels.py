"""Labels of the steps of several series."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from anomaly.detectors.base import as_labels
from nnlite.types import Array


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
    alone = y[0] if isinstance(y, (list, tuple)) and len(y) == 1 else y
    if len(lengths) == 1 and np.asarray(alone).shape[:1] in ((), (lengths[0],)):
        # One series; what its labels are is checked as those of a table.
        return as_labels(alone, lengths[0], "step")
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
