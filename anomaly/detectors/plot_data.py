"""Values for plots: what `plot_data` of a detector returns, without any drawing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from anomaly.tables import Table
from nnlite.types import Array


@dataclass(frozen=True)
class RecordPlotData:
    """Scored records of a table.

    Attributes
    ----------
    records : Table of shape (n_records, n_columns)
        The records.
    names : list of str
        Names of the features' columns.
    contributions : ndarray of shape (n_records, len(names))
        Each column's contribution to each score.
    threshold : float
        Records that score above it are anomalies.
    history : dict of str to list of float
        Losses of the training.
    sample : ndarray of int of shape (n_sample,)
        Positions of the records in `codes`, evenly spaced.
    codes : ndarray of shape (n_sample, n_units)
        Outputs of the middle hidden layer.
    expected : callable or None
        Takes records, and returns a table of the values expected in them; None if the detector expects none.
    write : callable or None
        Returns an expected value as its column is written; see `anomaly.report.reasons.reasons_of`.
    """

    records: Table
    names: list[str]
    contributions: Array
    threshold: float
    history: dict[str, list[float]]
    sample: Array
    codes: Array
    expected: Callable[[Table], Table] | None = None
    write: Callable[[str, Any, Any], str | None] | None = None


@dataclass(frozen=True)
class SeriesPlotData:
    """Scored steps of a series.

    Attributes
    ----------
    names : list of str
        Names of the numeric sensors.
    values, expected : ndarray of shape (n_steps, len(names))
        Measured values, NaN where there was none, and values that the networks expect.
    contributions : ndarray of shape (n_steps, len(names))
        Each of these sensors' contribution to each score.
    scores : ndarray of shape (n_steps,)
        Scores, to which other columns may contribute as well.
    labels : ndarray of int of shape (n_steps,)
        1 in an alarm, else 0.
    threshold : float
        Threshold of the scores.
    time : ndarray of shape (n_steps,) or None
        Timestamps as datetime64, or as numbers where the column holds numbers.
    """

    names: list[str]
    values: Array
    expected: Array
    contributions: Array
    scores: Array
    labels: Array
    threshold: float
    time: Array | None
