"""The members of a detector of series, and their values of the steps of training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from anomaly.detectors.sequence.windows.covariance import WindowCovariance
from anomaly.detectors.sequence.windows.covering import CoveringMean, Typical
from anomaly.detectors.sequence.windows.measures import REPEATED, Activity, Novelty
from anomaly.detectors.sequence.windows.nearest import NearestWindows
from anomaly.detectors.sequence.windows.quiet import QuietWindows
from anomaly.detectors.sequence.windows.sampling import chunks, windows_of
from anomaly.detectors.sequence.windows.step_parts import StepParts
from anomaly.detectors.sequence.windows.stream import StepMember, WindowMember, WindowStream
from anomaly.detectors.sequence.windows.views import (
    FINEST,
    CoarseShapeView,
    CoarseView,
    RawView,
    ShapeView,
    StatisticsView,
)
from nnlite.types import Array

SHORTEST_WINDOW = 4
# Windows are at most this fraction of a segment, so that there are others to compare each with.
_FRACTION = 4
_MOST_VALUES = 400
_STEPS_A_VALUE = 8
_SHRINKAGE = 1e-2
_MOST_MISSING = 0.1
_LEAST_USABLE = 50
_SHRINKAGE_OF_LONG = 1e-3

_RAW_PERIODS = (0.5, 1.0, 2.0, 4.0)
_SHAPE_PERIODS = (0.5, 1.0, 2.0)
_STATISTICS_PERIODS = 0.25
# Shorter windows find short faults, and longer ones tell more; those of many sensors tell enough.
_ACTIVE_STEPS, _ACTIVE_STEPS_OF_MANY = 32, 16
# What is repeated is looked for so far back.
_NOVEL_PERIODS, _LEAST_NOVEL = 2, 160
# Two of them have the weight of one other member; the distances of what is quiet are large.
_SHARE = 0.5


def step_member(members: Sequence[WindowMember], period: int) -> StepMember:
    """Return the member that tells steps apart and what is expected: values in windows of one period, or covariance."""
    known = [member for member in members if isinstance(member, WindowCovariance)]
    raw = [
        m
        for m in members
        if isinstance(m, NearestWindows) and isinstance(m.view, RawView) and m.view.name == RawView.name
    ]
    return known[0] if known else min(raw, key=lambda member: abs(member.window - period))


class StepValues(NamedTuple):
    """A member's values of the steps of training, each by what was learned without it.

    Attributes
    ----------
    typical : Typical
        Typical distances of the windows.
    segments : list of ndarray of shape (n_steps, n_features)
        Parts of the features in the values of the steps of each segment.
    """

    typical: Typical
    segments: list[Array]


def members_for(period: int, n_features: int, longest: int) -> list[WindowMember]:
    """Return the members for series of so many features, not fitted.

    One sensor is compared by its values and its shape in windows of several lengths, and by statistics of short ones.
    Of many sensors, windows are compared by their covariance, that of four steps and that of up to two periods, and by
    their statistics. Members of their own find what is too quiet; of many sensors, one that repeats itself breaks the
    correlations with the others.

    Parameters
    ----------
    period : int
        The period, in steps.
    n_features : int
        Number of features.
    longest : int
        Number of steps of the longest segment of training.
    """

    def length(periods: float, most: int = longest) -> int:
        limit = max(SHORTEST_WINDOW, min(longest // _FRACTION, most))
        return int(min(max(round(period * periods), SHORTEST_WINDOW), limit))

    if n_features == 1:
        return [
            # Windows of one period tell their steps apart (see `step_member`), and longer ones need not.
            *(
                NearestWindows(CoarseView() if w > max(length(1), FINEST) else RawView(), w)
                for w in _distinct(length(p) for p in _RAW_PERIODS)
            ),
            *(
                NearestWindows(CoarseShapeView() if w > FINEST else ShapeView(), w)
                for w in _distinct(length(p) for p in _SHAPE_PERIODS)
            ),
            NearestWindows(StatisticsView(), length(_STATISTICS_PERIODS)),
            *_quiet_members(period, longest),
        ]
    # A covariance of more values takes more windows to estimate than there are.
    least = _FRACTION * _ACTIVE_STEPS_OF_MANY
    most = max(SHORTEST_WINDOW, min(_MOST_VALUES, longest // _STEPS_A_VALUE) // n_features)
    return [
        WindowCovariance(length(0), _SHRINKAGE),
        WindowCovariance(length(2 * length(1, most) / period), _SHRINKAGE_OF_LONG),
        NearestWindows(StatisticsView(), length(1)),
        *([QuietWindows(Activity(), _ACTIVE_STEPS_OF_MANY, _ACTIVE_STEPS_OF_MANY, _SHARE)] if longest >= least else []),
    ]


def _quiet_members(period: int, longest: int) -> list[WindowMember]:
    """Return the members that find a sensor too quiet, as far as the series is long enough."""
    before = min(max(_NOVEL_PERIODS * period, _LEAST_NOVEL), longest // _FRACTION - REPEATED)
    members: list[WindowMember] = []
    if longest >= _FRACTION * _ACTIVE_STEPS:
        members.append(QuietWindows(Activity(), _ACTIVE_STEPS, _ACTIVE_STEPS, _SHARE))
    if before > REPEATED:
        members.append(QuietWindows(Novelty(), before + REPEATED, REPEATED, _SHARE))
    return members


def fit_member(
    member: WindowMember, segments: Sequence[tuple[Array, Array]], causal: bool, rng: np.random.Generator
) -> StepValues:
    """Fit a member, and return its values of all steps.

    Parameters
    ----------
    member : WindowMember
        Member to fit.
    segments : sequence of tuple of ndarray of shape (n_steps, n_features)
        Features and the mask of the missing samples of each segment. One at least is as long as the windows.
    causal : bool
        As for `WindowStream`.
    rng : numpy.random.Generator
        Chooses the windows to learn from.
    """
    window = member.window
    long = [(steps, missing) for steps, missing in segments if len(steps) >= window]
    usable = _usable([missing for _, missing in long], window)
    found = member.fit([windows_of(steps, window) for steps, _ in long], rng, usable)
    typical = _typical(found, member.span)
    values, of_long = [], iter(found)
    for steps, missing in segments:
        if len(steps) >= window:
            values.append(_of_steps(next(of_long), member, typical, causal))
        else:
            stream = WindowStream(member, typical, causal)
            values.append(np.concatenate([stream.push(steps, missing), stream.finish()]))
    return StepValues(typical, values)


def _usable(missing: Sequence[Array], window: int) -> Array | None:
    """Return the windows to learn from: those with few missing samples, as filled ones stand still; None for all."""
    if not any(mask.any() for mask in missing):
        return None
    fractions = []
    for mask in missing:
        sums = np.concatenate([[0.0], np.cumsum(mask.mean(axis=1))])
        fractions.append((sums[window:] - sums[:-window]) / window)
    fraction = np.concatenate(fractions)
    usable = np.flatnonzero(fraction <= _MOST_MISSING)
    # Where no window is nearly whole, the filled ones are what there is.
    return usable if len(usable) >= min(_LEAST_USABLE, len(fraction)) else None


def step_parts(member: StepMember, segments: Sequence[tuple[Array, Array]]) -> Array:
    """Return the part of each step of training in the windows that cover it; see `StepParts`.

    Parameters
    ----------
    member : StepMember
        A fitted member.
    segments : sequence of tuple of ndarray
        The segments that it was fitted on.

    Returns
    -------
    ndarray of float64 of shape (n_steps of all segments,)
    """
    window, number, found = member.window, 0, []
    for steps, _ in segments:
        parts = StepParts(window, causal=False)
        if len(steps) >= window:
            windows = windows_of(steps, window)
            for part in chunks(*windows.shape):
                parts.add(member.step_parts(windows[part], None, number + np.arange(part.start, part.stop)))
            number += len(windows)
        found += [parts.take(), parts.finish(len(steps))]
    return np.concatenate(found)


def _typical(found: Sequence[Array], span: int) -> Typical:
    """Return typical distances of windows, from those of each segment."""
    means = []
    for distances in found:
        # The steps that as many windows cover as a window has steps.
        inside = CoveringMean(span, Typical(1.0)).push(distances)[span - 1 :]
        means.append(inside.sum(axis=1))
    totals, of_steps = np.concatenate(found).sum(axis=1), np.concatenate(means)
    return Typical.of(totals, of_steps if len(of_steps) else totals)


def _of_steps(distances: Array, member: WindowMember, typical: Typical, causal: bool) -> Array:
    """Return the values of the steps of a segment from the distances of its windows."""
    n_before = member.window - (1 if causal else member.span)
    before = np.full((n_before, distances.shape[1]), typical.distance / distances.shape[1])
    if causal:
        return np.concatenate([before, distances])
    covering = CoveringMean(member.span, typical)
    return np.concatenate([before, covering.push(distances), covering.finish()])


def _distinct(lengths: Iterable[int]) -> list[int]:
    return list(dict.fromkeys(lengths))
