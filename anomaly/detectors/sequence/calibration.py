"""What a `SequenceDetector` measures on the steps that its networks have not been trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from anomaly.detectors.sequence.scoring import errors_of, pieces_of
from anomaly.detectors.sequence.small_samples import independent_values, small_sample_factor
from anomaly.detectors.sequence.whitening import ResidualScale, Smoother
from anomaly.errors import DataError
from anomaly.tables import Table
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.detectors.sequence.detector import SequenceDetector

# So many spans of smoothing tell a scale to a quarter.
_FEWEST_SPANS = 10
_FEWEST_SAMPLES = 8


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


def present_samples(detector: SequenceDetector, table: Table) -> list[Array]:
    """Tell of each stretch of a series which samples of each feature were measured, and not made up."""
    return [~stretch.missing for stretch in detector.preprocessor_.reader().read(table)]


def usual_errors(
    detector: SequenceDetector,
    errors: Sequence[Sequence[Array]],
    calibrating: Array,
    present: Sequence[Array],
) -> ResidualScale:
    """Learn what errors usually come to on the steps that calibrate.

    Parameters
    ----------
    detector : SequenceDetector
        What says whether errors are smoothed before they are measured.
    errors : sequence of sequence of ndarray of shape (n_steps, n_features)
        Of each stretch of each series, as `unseen_errors` returns them.
    calibrating : ndarray of bool of shape (n_steps of all series,)
        Which steps count.
    present : sequence of ndarray of bool of shape (n_steps, n_features)
        Which samples of each stretch of all series do, as `present_samples` returns them.

    Raises
    ------
    DataError
        If a sensor has next to no sample in all steps.
    """
    runs, counts = _measured(detector, [run for one in errors for run in one], calibrating, present)
    horizon = float(detector.drift) * len(calibrating) / len(errors)
    return ResidualScale().fit(runs, horizon, counts)


def highest_usual(
    detector: SequenceDetector, errors: Sequence[Array], scores: Array, calibrating: Array, present: Sequence[Array]
) -> float:
    """Return how high usual steps score: the highest that calibrates, or what it would be had it not been learned from.

    Scales and correlations come from the same steps, and where they are few suit them better than any to come: see
    `anomaly.detectors.sequence.small_samples.small_sample_factor`.

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
    present : sequence of ndarray of bool of shape (n_steps, n_features)
        Which samples do.
    """
    runs, counts = _measured(detector, errors, calibrating, present)
    values = np.maximum(1.0, independent_values(runs) * np.concatenate(counts).mean(axis=0))
    return float(scores[calibrating].max()) * small_sample_factor(values)


def _measured(
    detector: SequenceDetector, errors: Sequence[Array], calibrating: Array, present: Sequence[Array]
) -> tuple[list[Array], list[Array]]:
    """Return errors as they are measured, smoothed or not, in runs of steps that calibrate, and which of them count.

    A sensor that is hardly present on those steps is measured on all: then runs of all steps follow, in which no other
    counts.
    """
    span = float(detector.smoothing) if detector.smooth == "errors" else 1.0
    runs = [_smoothed(run, mask, span) for run, mask in zip(errors, present, strict=True)]
    ends = np.cumsum(list(map(len, runs)))[:-1]
    chosen = [
        (run[kept], mask[kept])
        for run, mask, kept in zip(runs, present, np.split(calibrating, ends), strict=True)
        if kept.any()
    ]
    scarce = _scarce(detector, calibrating, present)
    if scarce.any() and not calibrating.all():
        chosen = [(run, mask & ~scarce) for run, mask in chosen]
        chosen += [(run, mask & scarce) for run, mask in zip(runs, present, strict=True)]
    return [run for run, _ in chosen], [mask for _, mask in chosen]


def _smoothed(errors: Array, present: Array, span: float) -> Array:
    """Smooth what was measured: a mean over zeros that stand for missing samples would be too small."""
    if present.all():
        return Smoother(span)(errors)
    smooth = np.zeros(errors.shape)
    for feature, here in enumerate(present.T):
        smooth[here, feature] = Smoother(span)(errors[here, feature : feature + 1])[:, 0]
    return smooth


def _scarce(detector: SequenceDetector, calibrating: Array, present: Sequence[Array]) -> Array:
    """Tell which features are missing too often in the steps that calibrate for their errors to be told from those."""
    samples = np.concatenate(present)
    wanted = min(_FEWEST_SPANS * float(detector.smoothing), calibrating.sum() / 2)
    scarce = samples[calibrating].sum(axis=0) < wanted
    unknown = np.flatnonzero(scarce & (samples.sum(axis=0) < min(_FEWEST_SAMPLES, len(samples) / 2)))
    if len(unknown):
        column = detector.preprocessor_.columns_.feature_columns_[unknown[0]]
        raise DataError(
            f"column {str(detector.feature_names_in_[column])!r} has {samples[:, unknown[0]].sum()} value(s) in "
            f"{len(samples)} steps, too few to tell how well it can be predicted; give a series in which it is "
            "present, or name it in ignore"
        )
    return np.asarray(scarce)
