"""What the parts of the benchmark have in common: cases to run detectors on, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from nnlite.types import Array

Figures = dict[str, Any]
"""Metrics of one detector on one case: plain values."""


class Segment(NamedTuple):
    """A series to score by itself.

    Attributes
    ----------
    series : ndarray of shape (n_steps, n_columns)
        Without missing values.
    labels : ndarray of int of shape (n_steps,)
        1 at anomalous steps.
    name : str
        What happens in it.
    """

    series: Array
    labels: Array
    name: str = ""


class Case(NamedTuple):
    """One fit of each detector.

    Attributes
    ----------
    name, group : str
        Name of the case, and of its family or kind.
    train : ndarray of shape (n_steps, n_columns)
        Training series, which is the series of the only segment where none is given.
    segments : list of Segment
        What to score.
    causal : bool
        Whether our detector must not look ahead.
    """

    name: str
    group: str
    train: Array
    segments: list[Segment]
    causal: bool = False


class Outcome(NamedTuple):
    """Scores and flags of the segments of a case, and the seconds of the fit and of the scores."""

    scores: list[Array]
    flags: list[Array]
    fit_seconds: float
    score_seconds: float


class Part(Protocol):
    """A part of the benchmark, a module.

    Attributes
    ----------
    DESCRIPTION : str
        What it measures, in a few words.
    """

    DESCRIPTION: str

    def cases(self, folder: Path, seed: int, quick: bool) -> Iterator[Case]:
        """Yield the cases; raise FileNotFoundError if the data they need are not in the folder."""

    def figures(self, case: Case, outcome: Outcome) -> Figures:
        """Return the metrics of a detector on a case."""

    def refused(self, case: Case) -> Figures:
        """Return the metrics of a detector that fails on a case."""

    def report(self, results: dict[str, list[dict[str, Any]]]) -> tuple[str, dict[str, Any]]:
        """Return tables as text and their figures, from the results of each detector on the same cases."""


def without_gaps(series: Array) -> Array:
    """Return a series in which missing values are those before them, or 0 at the start."""
    series = np.array(series, np.float64)
    for column in series.T:
        known = np.where(np.isnan(column), 0, np.arange(len(column)))
        column[:] = np.nan_to_num(column[np.maximum.accumulate(known)])
    return series


def mean_of(results: list[dict[str, Any]], name: str) -> float:
    """Return the mean of a metric over results; NaN without any."""
    values = [result[name] for result in results]
    return float(np.mean(values)) if values else float("nan")
