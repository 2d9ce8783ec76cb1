"""Fit of a detector of series: preprocessing, period, members and networks, and the scores of training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from anomaly.detectors.network_training import History
from anomaly.detectors.sequence.alarms import AlarmRule
from anomaly.detectors.sequence.calibration import Calibration, calibration_steps
from anomaly.detectors.sequence.ensemble import SeriesEnsemble
from anomaly.detectors.sequence.fitted import FittedSeries, limits_of
from anomaly.detectors.sequence.network_member import NetworkMember, NetworkSettings
from anomaly.detectors.sequence.settings import SequenceSettings
from anomaly.detectors.sequence.training import candidate_folds, fold_of_steps, has_enough_windows
from anomaly.detectors.sequence.windows.period import find_period
from anomaly.preprocessing.series import Segment, SeriesPreprocessor
from anomaly.tables import Table
from nnlite.job import Plan
from nnlite.types import Array

_LEAST_STEPS = 8


@dataclass(frozen=True)
class SeriesFit:
    """A fit, and the scores of training.

    Attributes
    ----------
    fitted : FittedSeries
        What was learned.
    scores : list of ndarray of float64 of shape (n_steps,)
        Scores of each segment of training.
    step_parts : ndarray of float64 of shape (n_steps of all segments,)
        How odd each step is itself; see `ScoredSteps`.
    calibration : Calibration or None
        The calibration of the networks.
    """

    fitted: FittedSeries
    scores: list[Array]
    step_parts: Array
    calibration: Calibration | None

    @property
    def calibration_segments(self) -> list[Array]:
        """Return the scores of the calibration steps of each segment that has any."""
        masks = np.split(self.fitted.steps, self._ends)
        return [scores[mask] for scores, mask in zip(self.scores, masks, strict=True) if mask.any()]

    def labels(self, rule: AlarmRule) -> Array:
        """Return the labels of the steps of training by a limit, of shape (n_steps of all segments,)."""
        parts = np.split(self.step_parts, self._ends)
        found = [rule.training_labels(scores, own) for scores, own in zip(self.scores, parts, strict=True)]
        return np.concatenate(found)

    @property
    def _ends(self) -> Array:
        return np.cumsum([len(scores) for scores in self.scores])[:-1]


def fit_series(
    settings: SequenceSettings,
    series: Sequence[Table],
    rng: np.random.Generator,
) -> SeriesFit:
    """Fit members to training series, and score their steps by what was learned without them.

    Parameters
    ----------
    settings : SequenceSettings
        Settings.
    series : sequence of Table
        Training series.
    rng : numpy.random.Generator
        Chooses the windows to learn from.

    Raises
    ------
    ValueError
        If the series are too short.
    """
    # Networks take longest by far where there are any.
    plan = Plan(preprocessing=1, networks=60 if settings.network is not None else 0, windows=15)
    with plan("preprocessing"):
        data = _prepared(settings, series)
    segments = [segment for parts in data.segments for segment in parts]
    longest = max(len(segment.features) for segment in segments)
    _check_length(settings, longest, sum(map(len, series)))
    network: NetworkMember | None = None
    calibration: Calibration | None = None
    history: History = {}
    if data.network is not None:
        features = data.preprocessor.columns_
        sensors = features.feature_names_in_[features.feature_columns_].tolist()
        with plan("networks"):
            network, calibration, history = NetworkMember.fit(
                data.network, data.segments, data.folds_of, data.folds, sensors
            )
    steps = calibration_steps(data.folds_of)
    lengths = np.cumsum([len(segment.features) for segment in segments])[:-1]
    if settings.network_share == 1 and calibration is not None:
        ensemble, scores, step_parts = None, calibration.scores, np.ones(len(steps))
    else:
        ensemble = SeriesEnsemble(settings.causal)
        with plan("windows"):
            parts = ensemble.fit(segments, data.period, rng)
        ensemble.network_ = network
        parts = parts if calibration is None else [*parts, calibration.parts]
        ensemble.calibrate(parts, steps, settings.network_share)
        scores = ensemble.contributions(parts).sum(axis=1)
        ensemble.remember(scores)
        step_parts = ensemble.training_.step_parts
    fitted = FittedSeries(
        data.preprocessor, ensemble, network, data.folds, data.period, history, steps, limits_of(segments)
    )
    return SeriesFit(fitted, np.split(scores, lengths), step_parts, calibration)


@dataclass(frozen=True)
class _Prepared:
    """Series converted to features, with the folds and the settings of networks for them."""

    preprocessor: SeriesPreprocessor
    segments: list[list[Segment]]
    folds_of: list[Array]
    folds: int
    period: int
    network: NetworkSettings | None


def _prepared(settings: SequenceSettings, series: Sequence[Table]) -> _Prepared:
    """Convert series to features, with the first number of folds that leaves windows to train networks on."""
    lengths = list(map(len, series))
    if settings.network is None:
        folds_of = [np.zeros(n_steps, np.int64) for n_steps in lengths]
        preprocessor, segments = _converted(settings, series, folds_of, 1)
        period = settings.window or _period(segments)
        return _Prepared(preprocessor, segments, folds_of, 1, period, None)
    for folds in candidate_folds(settings.folds, settings.calibration, settings.network.smoothing, sum(lengths)):
        folds_of = [fold_of_steps(n_steps, folds, settings.calibration) for n_steps in lengths]
        preprocessor, segments = _converted(settings, series, folds_of, folds)
        period = settings.window or _period(segments)
        network = replace(settings.network, windows=replace(settings.network.windows, window=period))
        features = [[segment.features for segment in parts] for parts in segments]
        if has_enough_windows(network.windows, features, folds_of, folds):
            break
    return _Prepared(preprocessor, segments, folds_of, folds, period, network)


def _converted(
    settings: SequenceSettings, series: Sequence[Table], folds_of: Sequence[Array], folds: int
) -> tuple[SeriesPreprocessor, list[list[Segment]]]:
    """Fit a preprocessor on the steps that a network is trained on; return the segments of each series."""
    # With several folds every step is a training step of some network.
    held_out = 1 if folds == 1 else 0
    training = [table.rows(here != held_out) for table, here in zip(series, folds_of, strict=True)]
    preprocessor = SeriesPreprocessor(settings.time, settings.gap, settings.scaling, settings.categorical)
    preprocessor.fit(training)
    return preprocessor, [preprocessor.reader().read(table) for table in series]


def _period(segments: Sequence[Sequence[Segment]]) -> int:
    return find_period([segment.features for parts in segments for segment in parts])


def _check_length(settings: SequenceSettings, longest: int, n_steps: int) -> None:
    """Raise ValueError if no segment is long enough for windows; networks have checks of their own."""
    if settings.network_share == 1 and settings.network is not None:
        return
    needed = max(_LEAST_STEPS, settings.window or 0)
    if longest < needed:
        raise ValueError(
            f"fit needs a segment without gaps of at least {needed} steps"
            f"{f' (window={settings.window})' if settings.window else ''}; the longest has {longest} "
            f"(n_samples = {n_steps}). Give a longer series{' or a smaller window' if settings.window else ''}"
        )
