"""Calibration of a `SequenceDetector`: residuals of steps that a network was not trained on, their scale and limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anomaly.detectors.sequence.residual_streams import WindowModel
from anomaly.detectors.sequence.small_samples import effective_sample_size, small_sample_factor
from anomaly.detectors.sequence.whitening import ResidualScale
from anomaly.errors import DataError
from anomaly.preprocessing.series import Segment
from nnlite.types import Array

# An effective sample size of ten estimates a scale to a quarter.
_LEAST_SAMPLE = 10
_LEAST_PRESENT = 8


@dataclass(frozen=True)
class CalibrationSample:
    """Residuals that scales are estimated from, prepared by `ResidualScale.prepare`.

    Attributes
    ----------
    segments : list of ndarray of shape (n_steps, n_features)
        Residuals of segments without gaps.
    present : list of ndarray of bool of shape (n_steps, n_features)
        Masks of the residuals that belong to the sample.
    """

    segments: list[Array]
    present: list[Array]


@dataclass(frozen=True)
class Calibration:
    """Scale of the residuals, and the scores of the training steps.

    Attributes
    ----------
    scale : ResidualScale
        The scale, fitted.
    parts : ndarray of float64 of shape (n_steps of all segments, n_features)
        Contributions of the features to the scores of the training steps.
    steps : ndarray of bool of shape (n_steps of all segments,)
        Mask of the calibration steps.
    sample : CalibrationSample
        The residuals that the scale was estimated from.
    """

    scale: ResidualScale
    parts: Array
    steps: Array
    sample: CalibrationSample

    @property
    def scores(self) -> Array:
        """Return the scores of the training steps, of shape (n_steps of all segments,)."""
        total: Array = self.parts.sum(axis=1)
        return total

    def normal_limit(self) -> float:
        """Return the limit of normal scores: the highest of the calibration steps, corrected for a small sample.

        Scales and correlations are estimated from the same steps, and fit them better than later ones: see
        `anomaly.detectors.sequence.small_samples.small_sample_factor`.
        """
        fractions = np.concatenate(self.sample.present).mean(axis=0)
        sizes = np.maximum(1.0, effective_sample_size(self.sample.segments) * fractions)
        return float(self.scores[self.steps].max()) * small_sample_factor(sizes)


def calibration_steps(folds_of: Sequence[Array]) -> Array:
    """Return the mask of the calibration steps: those of any fold, or all steps if there are none.

    Examples
    --------
    >>> import numpy as np
    >>> calibration_steps([np.array([0, 0, 1]), np.array([0, 1])]).tolist()
    [False, False, True, False, True]
    >>> calibration_steps([np.zeros(2)]).tolist()
    [True, True]
    """
    held_out: Array = np.concatenate(folds_of) > 0
    return held_out if held_out.any() else np.ones_like(held_out)


def held_out_residuals(models: Sequence[WindowModel], segments: Sequence[Segment], folds: Array) -> list[Array]:
    """Return the residuals of each segment of a series, for steps of a fold by the model trained without it.

    Parameters
    ----------
    models : sequence of WindowModel
        The model of each fold; the first gives the residuals of steps without a fold.
    segments : sequence of Segment
        The segments of the series. The residual of a missing sample is 0.
    folds : ndarray of int of shape (n_steps,)
        The fold of each step, from 1; 0 for none.
    """
    found = []
    lengths = [segment.features for segment in segments]
    for segment, folds_here in zip(segments, _split_like(lengths, folds), strict=True):
        residuals = np.zeros(segment.features.shape)
        for fold, model in enumerate(models, start=1):
            chosen = (folds_here == fold) | ((folds_here == 0) & (fold == 1))
            if chosen.any():
                residuals[chosen] = model.residuals(segment.features, segment.missing)[chosen]
        found.append(np.where(segment.missing, 0.0, residuals))
    return found


def calibrate(
    scale: ResidualScale,
    models: Sequence[WindowModel],
    series: Sequence[Sequence[Segment]],
    folds_of: Sequence[Array],
    drift: float,
    sensors: Sequence[str],
) -> Calibration:
    """Fit a scale to the residuals of the calibration steps, and score all training steps.

    Parameters
    ----------
    scale : ResidualScale
        The scale to fit.
    models : sequence of WindowModel
        The model of each fold.
    series : sequence of sequence of Segment
        The segments of each training series.
    folds_of : sequence of ndarray of int of shape (n_steps,)
        The fold of each step, for each series.
    drift : float
        Horizon of the allowance for drift, in mean lengths of a series.
    sensors : sequence of str
        The sensor of each feature, for the error.

    Raises
    ------
    DataError
        If a sensor has too few samples in all steps.
    """
    residuals = [
        segment
        for segments, folds in zip(series, folds_of, strict=True)
        for segment in held_out_residuals(models, segments, folds)
    ]
    present = [~segment.missing for segments in series for segment in segments]
    steps = calibration_steps(folds_of)
    sample = calibration_sample(scale, residuals, present, steps, sensors)
    scale.fit(sample.segments, drift * len(steps) / len(series), sample.present)
    squares = np.concatenate([scale.contributions(segment, scale.smoother()) for segment in residuals])
    return Calibration(scale, squares / squares.shape[1], steps, sample)


def calibration_sample(
    scale: ResidualScale,
    residuals: Sequence[Array],
    present: Sequence[Array],
    steps: Array,
    sensors: Sequence[str],
) -> CalibrationSample:
    """Return the residuals to estimate scales from: those of calibration steps, prepared.

    A feature that is hardly present in the calibration steps is estimated from all steps: segments of all steps follow,
    in which the other features are masked.

    Parameters
    ----------
    scale : ResidualScale
        Prepares the residuals.
    residuals : sequence of ndarray of shape (n_steps, n_features)
        Residuals of each segment of all series, as `held_out_residuals` returns them.
    present : sequence of ndarray of bool of shape (n_steps, n_features)
        Masks of the samples that were measured, for each segment.
    steps : ndarray of bool of shape (n_steps of all segments,)
        Mask of the calibration steps.
    sensors : sequence of str
        The sensor of each feature, for the error.

    Raises
    ------
    DataError
        If a sensor has too few samples in all steps.
    """
    segments = [scale.prepare(segment, mask) for segment, mask in zip(residuals, present, strict=True)]
    chosen = [
        (segment[rows], mask[rows])
        for segment, mask, rows in zip(segments, present, _split_like(segments, steps), strict=True)
        if rows.any()
    ]
    scarce = _scarce_features(np.concatenate(present), steps, scale.smoothing, sensors)
    if scarce.any() and not steps.all():
        chosen = [(segment, mask & ~scarce) for segment, mask in chosen]
        chosen += [(segment, mask & scarce) for segment, mask in zip(segments, present, strict=True)]
    return CalibrationSample([segment for segment, _ in chosen], [mask for _, mask in chosen])


def _split_like(segments: Sequence[Array], values: Array) -> list[Array]:
    """Split values of all steps into those of each segment."""
    return np.split(values, np.cumsum(list(map(len, segments)))[:-1])


def _scarce_features(present: Array, calibrating: Array, smoothing: float, sensors: Sequence[str]) -> Array:
    """Return the mask of the features with too few samples in the calibration steps to estimate a scale from."""
    least = min(_LEAST_SAMPLE * smoothing, calibrating.sum() / 2)
    scarce = present[calibrating].sum(axis=0) < least
    absent = np.flatnonzero(scarce & (present.sum(axis=0) < min(_LEAST_PRESENT, len(present) / 2)))
    if len(absent):
        raise DataError(
            f"column {sensors[absent[0]]!r} has {present[:, absent[0]].sum()} value(s) in {len(present)} steps, too "
            "few to estimate the scale of its residuals; give a series in which it is present, or name it in ignore"
        )
    return np.asarray(scarce)
