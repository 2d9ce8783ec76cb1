"""How the networks of a `SequenceDetector` are trained: which steps each may see, and the windows cut from those.

The functions read the detector's parameters and change nothing of it: what they make is returned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from anomaly.detectors.network_training import FitSettings, fit_network
from anomaly.detectors.sequence.networks import NETWORKS, build_network
from anomaly.detectors.sequence.residual_streams import level_of
from anomaly.events import stretches as runs_of
from anomaly.preprocessing.windows import cut_windows, window_starts
from nnlite.models import Model
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.detectors.sequence.detector import SequenceDetector

_STEPS = {"dense": 2000, "conv": 1000, "lstm": 600, "gru": 600}
MANY_FOLDS = 4
"""How many folds there are where no part of a series can be spared."""

_FEWEST_SPANS = 50


def choices_of_folds(detector: SequenceDetector, lengths: Sequence[int]) -> list[int]:
    """Return how many folds to try, best first, for series of so many steps.

    A stretch of n steps holds about n / smoothing independent values. Fifty tell a scale to a tenth, and leave a
    network that knows the other three quarters; where there are fewer, four networks make all steps tell it.
    """
    if detector.folds != "auto":
        return [int(detector.folds)]
    held_out = float(detector.calibration) * sum(lengths)
    return [MANY_FOLDS, 1] if 0 < held_out < _FEWEST_SPANS * float(detector.smoothing) else [1]


def enough_windows(detector: SequenceDetector, stretches: Sequence[Sequence[Array]], held_out: Sequence[Array]) -> bool:
    """Tell whether every fold leaves windows to learn from: at least one for each step of a window."""
    return all(
        sum(len(starts) for _, starts in _runs(detector, fold, stretches, held_out)) * detector.stride
        >= detector.window
        for fold in range(1, detector.folds_ + 1)
    )


def held_out_rows(detector: SequenceDetector, n_steps: int) -> Array:
    """Return, for each step, the number of the network that does not see it; 0 where all do."""
    if detector.folds_ > 1:
        return 1 + np.arange(n_steps) * detector.folds_ // n_steps
    return (np.arange(n_steps) >= n_steps - round(float(detector.calibration) * n_steps)).astype(np.int64)


def train_without(
    detector: SequenceDetector, fold: int, stretches: Sequence[Sequence[Array]], held_out: Sequence[Array]
) -> tuple[Model, dict[str, list[float]]]:
    """Train a network on the windows that hold no step of its fold; return it and its losses.

    Parameters
    ----------
    detector : SequenceDetector
        What says how.
    fold : int
        The steps with this number are kept from the network.
    stretches : sequence of sequence of ndarray of shape (n_steps, n_features)
        The features of each unbroken stretch of each series.
    held_out : sequence of ndarray of int of shape (n_steps,)
        For each series, what `held_out_rows` returns.

    Raises
    ------
    ValueError
        If no window fits into what is left.
    """
    windows, targets = _examples(detector, fold, stretches, held_out)
    model = build_network(
        detector.network,
        detector.method,
        int(detector.window),
        windows.shape[2],
        NETWORKS[detector.network] if detector.hidden is None else detector.hidden,
        float(detector.noise),
        float(detector.learning_rate),
    )
    settings = FitSettings(detector.epochs, int(detector.batch_size), verbose=detector.verbose)
    return model, fit_network(model, windows, targets, settings, _STEPS[detector.network])


def _runs(
    detector: SequenceDetector, fold: int, stretches: Sequence[Sequence[Array]], held_out: Sequence[Array]
) -> Iterator[tuple[Array, Array]]:
    """Yield each unbroken run of steps that a network may see, and where windows start in it."""
    ahead = 1 if detector.method == "forecast" else 0
    for parts, rows in zip(stretches, held_out, strict=True):
        first = 0
        for part in parts:
            may_see = rows[first : first + len(part)] != fold
            first += len(part)
            for start, end in runs_of(may_see):
                yield part[start:end], window_starts(end - start - ahead, detector.window, detector.stride)


def _examples(
    detector: SequenceDetector, fold: int, stretches: Sequence[Sequence[Array]], held_out: Sequence[Array]
) -> tuple[Array, Array]:
    """Cut the windows to learn from, and what the network is to make of them."""
    ahead = 1 if detector.method == "forecast" else 0
    windows, targets, longest = [], [], 0
    for run, starts in _runs(detector, fold, stretches, held_out):
        longest = max(longest, len(run))
        if len(starts):
            windows.append(cut_windows(run, starts, detector.window))
            targets.append(run[starts + detector.window] if ahead else windows[-1])
    if not windows:
        raise ValueError(
            f"fit needs an unbroken stretch of at least {detector.window + ahead} steps (window={detector.window}) to "
            f"learn from; the longest has {longest}, without what is kept for calibration "
            f"(n_samples = {sum(map(len, held_out))}). Give a longer series or a smaller window"
        )
    inputs = np.concatenate(windows)
    outputs = np.concatenate(targets) if ahead else inputs
    if not detector.relative:
        return inputs, outputs
    levels = level_of(inputs, bool(ahead))
    return inputs - levels, outputs - (levels[:, 0] if ahead else levels)
