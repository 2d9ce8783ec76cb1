"""What a `SequenceDetector` measures on the steps that its networks have not been trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

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
    for number in range(1, detector.folds + 1):
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
    runs = [run for one in errors for run in one]
    if detector.smooth == "errors":
        runs = [Smoother(detector.smoothing)(run) for run in runs]
    ends = np.cumsum(list(map(len, runs)))[:-1]
    chosen = [run[kept] for run, kept in zip(runs, np.split(calibrating, ends), strict=True)]
    horizon = float(detector.drift) * len(calibrating) / len(errors)
    return ResidualScale().fit([run for run in chosen if len(run)], horizon=horizon)
