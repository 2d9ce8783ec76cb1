"""Fit of a detector of series: preprocessing, period, members and networks, and the scores of training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from anomaly.detectors.network_training import History
from anomaly.detectors.sequence.calibration import Calibration, calibration_steps
from anomaly.detectors.sequence.ensemble import SeriesEnsemble
from anomaly.detectors.sequence.network_member import NetworkMember, NetworkSettings
from anomaly.detectors.sequence.training import candidate_folds, fold_of_steps, has_enough_windows
from anomaly.detectors.sequence.windows.period import find_period
from anomaly.preprocessing.series import Segment, SeriesPreprocessor
from anomaly.tables import Table
from nnlite.types import Array

_LEAST_STEPS = 8


@dataclass(frozen=True)
class SequenceSettings:
    """Settings of a fit.

    Attributes
    ----------
    window : int or None
        Length that the windows are multiples of; None for the period of the series.
    causal : bool
        Whether a score must not depend on later steps.
    network : NetworkSettings or None
        The networks, if there are to be any; those with the window of the series have 0 for it.
    network_share : float
        Weight of the networks; with 1 there are no other members.
    folds : int or "auto"
        Number of folds of the networks.
    calibration : float
        Fraction of each series that is held out from their training.
    """

    window: int | None
    causal: bool
    network: NetworkSettings | None
    network_share: float
    folds: int | str
    calibration: float


@dataclass(frozen=True)
class SeriesFit:
    """A fit, and the scores of training.

    Attributes
    ----------
    preprocessor : SeriesPreprocessor
        Conversion of series to features.
    ensemble : SeriesEnsemble or None
        The members that compare windows, with networks beside them or not.
    network : NetworkMember or None
        The networks.
    scores : list of ndarray of float64 of shape (n_steps,)
        Scores of each segment of training.
    step_parts : ndarray of float64 of shape (n_steps of all segments,)
        How odd each step is itself; see `ScoredSteps`.
    steps : ndarray of bool of shape (n_steps of all segments,)
        Mask of the calibration steps.
    calibration : Calibration or None
        The calibration of the networks.
    folds : int
        Number of folds of the networks.
    period : int
        Length that the windows are multiples of.
    history : dict of str to list of float
        Loss of the first network after each epoch.
    """

    preprocessor: SeriesPreprocessor
    ensemble: SeriesEnsemble | None
    network: NetworkMember | None
    scores: list[Array]
    step_parts: Array
    steps: Array
    calibration: Calibration | None
    folds: int
    period: int
    history: History


def fit_series(
    settings: SequenceSettings,
    series: Sequence[Table],
    new_preprocessor: Callable[[], SeriesPreprocessor],
    rng: np.random.Generator,
) -> SeriesFit:
    """Fit members to training series, and score their steps by what was learned without them.

    Parameters
    ----------
    settings : SequenceSettings
        Settings.
    series : sequence of Table
        Training series.
    new_preprocessor : callable
        Returns a preprocessor to fit.
    rng : numpy.random.Generator
        Chooses the windows to learn from.

    Raises
    ------
    ValueError
        If the series are too short.
    """
    data = _prepared(settings, series, new_preprocessor)
    segments = [segment for parts in data.segments for segment in parts]
    longest = max(len(segment.features) for segment in segments)
    _check_length(settings, longest, sum(map(len, series)))
    network, calibration, history = None, None, {}
    if data.network is not None:
        features = data.preprocessor.columns_
        sensors = features.feature_names_in_[features.feature_columns_].tolist()
        network, calibration, history = NetworkMember.fit(
            data.network, data.segments, data.folds_of, data.folds, sensors
        )
    steps = calibration_steps(data.folds_of)
    lengths = np.cumsum([len(segment.features) for segment in segments])[:-1]
    if settings.network_share == 1 and calibration is not None:
        ensemble, scores, step_parts = None, calibration.scores, np.ones(len(steps))
    else:
        ensemble = SeriesEnsemble(settings.causal)
        parts = ensemble.fit(segments, data.period, rng)
        ensemble.network_ = network
        parts = parts if calibration is None else [*parts, calibration.parts]
        ensemble.calibrate(parts, steps, settings.network_share)
        scores = ensemble.contributions(parts).sum(axis=1)
        ensemble.remember(scores)
        step_parts = ensemble.training_.step_parts
    return SeriesFit(
        data.preprocessor,
        ensemble,
        network,
        np.split(scores, lengths),
        step_parts,
        steps,
        calibration,
        data.folds,
        data.period,
        history,
    )


@dataclass(frozen=True)
class _Prepared:
    """Series converted to features, with the folds and the settings of networks for them."""

    preprocessor: SeriesPreprocessor
    segments: list[list[Segment]]
    folds_of: list[Array]
    folds: int
    period: int
    network: NetworkSettings | None


def _prepared(
    settings: SequenceSettings, series: Sequence[Table], new_preprocessor: Callable[[], SeriesPreprocessor]
) -> _Prepared:
    """Convert series to features, with the first number of folds that leaves windows to train networks on."""
    lengths = list(map(len, series))
    if settings.network is None:
        folds_of = [np.zeros(n_steps, np.int64) for n_steps in lengths]
        preprocessor, segments = _converted(series, folds_of, 1, new_preprocessor())
        period = settings.window or _period(segments)
        return _Prepared(preprocessor, segments, folds_of, 1, period, None)
    for folds in candidate_folds(settings.folds, settings.calibration, settings.network.smoothing, sum(lengths)):
        folds_of = [fold_of_steps(n_steps, folds, settings.calibration) for n_steps in lengths]
        preprocessor, segments = _converted(series, folds_of, folds, new_preprocessor())
        period = settings.window or _period(segments)
        network = replace(settings.network, windows=replace(settings.network.windows, window=period))
        features = [[segment.features for segment in parts] for parts in segments]
        if has_enough_windows(network.windows, features, folds_of, folds):
            break
    return _Prepared(preprocessor, segments, folds_of, folds, period, network)


def _converted(
    series: Sequence[Table], folds_of: Sequence[Array], folds: int, preprocessor: SeriesPreprocessor
) -> tuple[SeriesPreprocessor, list[list[Segment]]]:
    """Fit a preprocessor on the steps that a network is trained on; return the segments of each series."""
    # With several folds every step is a training step of some network.
    held_out = 1 if folds == 1 else 0
    training = [table.rows(here != held_out) for table, here in zip(series, folds_of, strict=True)]
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
