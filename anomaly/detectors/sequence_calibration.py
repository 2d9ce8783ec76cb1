"""What a `SequenceDetector` measures on the steps that its networks have not been trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from anomaly.detectors.few_values import independent_values, small_sample_factor
from anomaly.detectors.residuals import ResidualScale, Smoother
from anomaly.detectors.sequence_stream import errors_of, pieces_of
from anomaly.tables import Table
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.detectors.sequence import SequenceDetector


def calibration_steps(held_out: Sequence[Array]) -> Array:
    """Tell of each training step, of one series after the other, whether it calibrates: all do where none is kept."""
    kept: Array = np.concatenate(held_out) > 0
    return kept if kept.any() else np.ones_like(kept)


def unseen_errors(detector: SequenceDetector, table: Table, rows: Array) -> list[Array]:
    """Return the errors of each stretch of a series, by the network that has not seen the step if there is one."""
    errors: list[Array] = []
    for number in range(1, detector.folds_ + 1):
        models = detector.models_[(number - 1) * detector.members : number * detector.members]
        runs: list[Array] = []
        for is_new, piece in errors_of(detector, pieces_of(table), models):
            runs = [*runs, piece] if is_new else [*runs[:-1], np.concatenate([runs[-1], piece])]
        if not errors:
            errors = runs
        ends = np.cumsum(list(map(len, runs)))[:-1]
        for mine, run, fold in zip(errors, runs, np.split(rows, ends), strict=True):
            mine[fold == number] = run[fold == number]
    return errors


def usual_errors(detector: SequenceDetector, errors: Sequence[Sequence[Array]], calibrating: Array) -> ResidualScale:
    """Learn what errors usually come to on the steps that calibrate.

    Parameters
    ----------
    detector : SequenceDetector
        What says whether errors are smoothed before they are measured.
    errors : sequence of sequence of ndarray of shape (n_steps, n_features)
        Of each stretch of each series, as `unseen_errors` returns them.
    calibrating : ndarray of bool of shape (n_steps of all series,)
        Which steps count.
    """
    runs = _measured(detector, [run for one in errors for run in one], calibrating)
    horizon = float(detector.drift) * len(calibrating) / len(errors)
    return ResidualScale().fit(runs, horizon=horizon)


def highest_usual(detector: SequenceDetector, errors: Sequence[Array], scores: Array, calibrating: Array) -> float:
    """Return how high usual steps score: the highest that calibrates, or what it would be had it not been learned from.

    Scales and correlations come from the same steps, and where they are few suit them better than any to come: see
    `anomaly.detectors.few_values.small_sample_factor`.

    Parameters
    ----------
    detector : SequenceDetector
        What says whether errors are smoothed before they are measured.
    errors : sequence of ndarray of shape (n_steps, n_features)
        Of each stretch of all series.
    scores : ndarray of shape (n_steps of all stretches,)
        Of the same steps.
    calibrating : ndarray of bool of shape (n_steps of all stretches,)
        Which steps count.
    """
    values = independent_values(_measured(detector, errors, calibrating))
    return float(scores[calibrating].max()) * small_sample_factor(values)


def _measured(detector: SequenceDetector, errors: Sequence[Array], calibrating: Array) -> list[Array]:
    """Return errors as they are measured, smoothed or not, in runs of steps that calibrate."""
    runs = list(errors)
    if detector.smooth == "errors":
        runs = [Smoother(detector.smoothing)(run) for run in runs]
    ends = np.cumsum(list(map(len, runs)))[:-1]
    chosen = [run[kept] for run, kept in zip(runs, np.split(calibrating, ends), strict=True)]
    return [run for run in chosen if len(run)]
