"""Training of window networks: folds of a series, windows without held-out steps, and one network a fold.

A *fold* is the steps that one network is not trained on. Folds are numbered from 1; 0 marks the steps that every
network may be trained on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from anomaly.detectors.network_training import FitSettings, History, fit_network
from anomaly.detectors.sequence.networks import NETWORKS, build_network
from anomaly.detectors.sequence.residual_streams import level_of
from anomaly.preprocessing.windows import cut_windows, window_starts
from nnlite.job import counted
from nnlite.models import Model
from nnlite.types import Array

MANY_FOLDS = 4
"""The number of folds for a series that is too short for a calibration segment."""

_STEPS = {"dense": 2000, "conv": 1000, "lstm": 600, "gru": 600}
_LEAST_SAMPLE = 50


@dataclass(frozen=True)
class WindowSettings:
    """Windows, architecture and training of a network.

    Attributes
    ----------
    window, stride : int
        Steps in a window, and from the start of one to the start of the next.
    network : {"dense", "conv", "lstm", "gru"}
        The architecture.
    method : {"reconstruction", "forecast"}
        The target.
    relative : bool
        Whether windows are given to the network as differences from their level.
    hidden : sequence of int, optional
        Sizes of the hidden layers; by default those of the architecture.
    noise : float
        Standard deviation of the Gaussian noise added to the inputs in training.
    learning_rate : float
        Learning rate of Adam.
    fit : FitSettings
        Epochs, batch size and progress output.
    """

    window: int
    stride: int
    network: str
    method: str
    relative: bool
    hidden: Sequence[int] | None
    noise: float
    learning_rate: float
    fit: FitSettings

    @property
    def forecasts(self) -> bool:
        """Whether the target is the step after the window."""
        return self.method == "forecast"


def check_windows(method: str, window: int, stride: int) -> None:
    """Raise a ValueError for windows of one step that are to be reconstructed, and for steps in no window."""
    if method == "reconstruction" and window < 2:
        raise ValueError(
            "window must be at least 2 to be reconstructed, as a single step has no shape; found 1. For single "
            "records use TableDetector (on the command line: no --window), or method='forecast'"
        )
    if stride > window:
        raise ValueError(
            f"stride must be at most window ({window}), or some steps would be in no window; found {stride}"
        )


# -- folds -------------------------------------------------------------------------------------


def candidate_folds(folds: int | str, calibration: float, smoothing: float, n_steps: int) -> list[int]:
    """Return the numbers of folds to try, best first.

    A calibration segment of n steps has an effective sample size of about n / smoothing. Fifty estimate a scale to a
    tenth and leave three quarters of the series for training; where there are fewer, four networks make every step a
    calibration step.

    Parameters
    ----------
    folds : int or "auto"
        The parameter of the detector.
    calibration : float
        Fraction of the calibration segment.
    smoothing : float
        Span of smoothing, in steps.
    n_steps : int
        Number of training steps of all series.

    Examples
    --------
    >>> candidate_folds("auto", 0.25, 20, 1000), candidate_folds("auto", 0.25, 20, 9000)
    ([4, 1], [1])
    """
    if folds != "auto":
        return [int(folds)]
    return [MANY_FOLDS, 1] if 0 < float(calibration) * n_steps < _LEAST_SAMPLE * float(smoothing) else [1]


def folds_of_networks(networks: Any, folds: int | str, members: int) -> int:
    """Return the number of folds of a file with a list of networks; raise ValueError if none has so many."""
    expected = [number * members for number in ((1, MANY_FOLDS) if folds == "auto" else (int(folds),))]
    if not isinstance(networks, list) or len(networks) not in expected:
        raise ValueError(f"it must hold {' or '.join(map(str, expected))} network(s)")
    return len(networks) // members


def fold_of_steps(n_steps: int, folds: int, calibration: float) -> Array:
    """Return the fold of each step of a series; 0 for steps that every network is trained on.

    Examples
    --------
    >>> fold_of_steps(8, folds=4, calibration=0.25).tolist(), fold_of_steps(8, folds=1, calibration=0.25).tolist()
    ([1, 1, 2, 2, 3, 3, 4, 4], [0, 0, 0, 0, 0, 0, 1, 1])
    """
    if folds > 1:
        return 1 + np.arange(n_steps) * folds // n_steps
    return (np.arange(n_steps) >= n_steps - round(float(calibration) * n_steps)).astype(np.int64)


def has_enough_windows(
    settings: WindowSettings, segments: Sequence[Sequence[Array]], folds_of: Sequence[Array], folds: int
) -> bool:
    """Return whether every network has windows to learn from: at least one for each step of a window."""
    return all(
        sum(len(starts) for _, starts in _training_segments(settings, fold, segments, folds_of)) * settings.stride
        >= settings.window
        for fold in range(1, folds + 1)
    )


# -- training ----------------------------------------------------------------------------------


def train_folds(
    settings: WindowSettings, segments: Sequence[Sequence[Array]], folds_of: Sequence[Array], folds: int, members: int
) -> tuple[list[Model], History]:
    """Train so many networks without each fold; return them, and the history of the first.

    Parameters are those of `train_without`.
    """
    trained = [
        train_without(settings, 1 + number // members, segments, folds_of) for number in counted(range(folds * members))
    ]
    return [network for network, _ in trained], trained[0][1]


def train_without(
    settings: WindowSettings, fold: int, segments: Sequence[Sequence[Array]], folds_of: Sequence[Array]
) -> tuple[Model, History]:
    """Train a network on the windows that hold no step of its fold.

    Parameters
    ----------
    settings : WindowSettings
        Windows, architecture and training.
    fold : int
        Number of the fold.
    segments : sequence of sequence of ndarray of shape (n_steps, n_features)
        The features of each segment without gaps, for each series.
    folds_of : sequence of ndarray of int of shape (n_steps,)
        The fold of each step, for each series.

    Returns
    -------
    network : Model
        The trained network.
    history : dict of str to list of float
        The loss after each epoch.

    Raises
    ------
    ValueError
        If no window fits into the remaining steps.
    """
    windows, targets = _examples(settings, fold, segments, folds_of)
    model = build_network(
        settings.network,
        settings.method,
        settings.window,
        windows.shape[2],
        NETWORKS[settings.network] if settings.hidden is None else settings.hidden,
        settings.noise,
        settings.learning_rate,
    )
    return model, fit_network(model, windows, targets, settings.fit, _STEPS[settings.network])


def _training_segments(
    settings: WindowSettings, fold: int, segments: Sequence[Sequence[Array]], folds_of: Sequence[Array]
) -> Iterator[tuple[Array, Array]]:
    """Yield each segment without steps of a fold, and the starts of its windows."""
    ahead = 1 if settings.forecasts else 0
    for parts, folds in zip(segments, folds_of, strict=True):
        folds_of_parts = np.split(folds, np.cumsum(list(map(len, parts)))[:-1])
        for part, folds_here in zip(parts, folds_of_parts, strict=True):
            is_training = folds_here != fold
            changes = np.flatnonzero(np.diff(is_training)) + 1
            for segment, rows in zip(np.split(part, changes), np.split(is_training, changes), strict=True):
                if rows[0]:
                    yield segment, window_starts(len(segment) - ahead, settings.window, settings.stride)


def _examples(
    settings: WindowSettings, fold: int, segments: Sequence[Sequence[Array]], folds_of: Sequence[Array]
) -> tuple[Array, Array]:
    """Return the windows to train on, and their targets."""
    ahead = 1 if settings.forecasts else 0
    windows, targets, longest = [], [], 0
    for segment, starts in _training_segments(settings, fold, segments, folds_of):
        longest = max(longest, len(segment))
        if len(starts):
            windows.append(cut_windows(segment, starts, settings.window))
            targets.append(segment[starts + settings.window] if ahead else windows[-1])
    if not windows:
        raise ValueError(
            f"fit needs a segment without gaps of at least {settings.window + ahead} steps (window={settings.window}) "
            f"to train on; the longest has {longest}, without those held out for calibration "
            f"(n_samples = {sum(map(len, folds_of))}). Give a longer series or a smaller window"
        )
    inputs = np.concatenate(windows)
    outputs = np.concatenate(targets) if ahead else inputs
    if not settings.relative:
        return inputs, outputs
    levels = level_of(inputs, settings.forecasts)
    return inputs - levels, outputs - (levels[:, 0] if ahead else levels)
