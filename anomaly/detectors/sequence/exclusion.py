"""Training series without intervals to exclude, such as maintenance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from anomaly.detectors.sequence.labels import labels_of_series
from anomaly.errors import DataError
from anomaly.events import find_segments
from anomaly.preprocessing.intervals import mask_of_series
from anomaly.tables import Table
from nnlite.types import Array


def without_intervals(
    series: Sequence[Table], y: Any, exclude: Any, time: str | None
) -> tuple[list[Table], list[Array] | None]:
    """Return the segments of training series outside of intervals, each as a series, and their labels.

    Parameters
    ----------
    series : sequence of Table
        The series.
    y : sequence of array_like or None
        Labels of each series.
    exclude : intervals
        As for `anomaly.preprocessing.intervals.as_intervals`.
    time : str or None
        The column of timestamps.

    Raises
    ------
    DataError
        If no step is left.

    Warns
    -----
    IntervalWarning
        If intervals match no step.

    Examples
    --------
    >>> from anomaly.tables.series import as_series
    >>> segments, _ = without_intervals([as_series([1.0, 2.0, 99.0, 3.0])], None, [(3, 3)], None)
    >>> [segment["x0"].tolist() for segment in segments]
    [[1.0, 2.0], [3.0]]
    """
    mask = mask_of_series(exclude, series, time)
    lengths = list(map(len, series))
    found = None if y is None else labels_of_series(y, lengths)
    labels = None if found is None else np.split(found, np.cumsum(lengths)[:-1])
    segments: list[Table] = []
    kept: list[Array] = []
    for i, table in enumerate(series):
        for start, end in find_segments(~mask.rows(table)):
            segments.append(table.rows(slice(start, end)))
            kept += [] if labels is None else [labels[i][start:end]]
    mask.warn_of_unmatched()
    if not segments:
        raise DataError("the intervals to exclude leave no step to train on")
    return segments, None if labels is None else kept
