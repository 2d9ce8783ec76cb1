r"""The score of the Numenta Anomaly Benchmark (NAB): it rewards the first alarm in a window, the more the earlier.

With the scaled sigmoid of the relative position y,

.. math:: S(y) = \frac{2}{1 + e^{5 y}} - 1,

a window of W rows gets :math:`S(y) / S(-1)` of its earliest flagged row, where y is -1 at the first row and -1/W at the
last, or costs the weight of a missed window. Each flagged row outside of windows costs its weight times
:math:`-S(y)`, where y is the number of rows since the last row of the preceding window, divided by W - 1; the full
weight before the first window and from y = 3 on. The first 15 % of rows, up to 750, do not count. The score is 0 for a
detector that flags nothing, and 100 for one that flags the first row of each window alone.

References
----------
Lavin & Ahmad, "Evaluating real-time anomaly detection algorithms: the Numenta Anomaly Benchmark", ICMLA 2015, and its
program, release 1.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from anomaly.events import find_segments
from anomaly.metrics.validation import check_labels_and_scores, check_threshold
from nnlite.types import Array
from nnlite.validation import check_value, choice

_PROBATION, _LONGEST_PROBATION = 0.15, 750.0
_FAR_BEHIND = 3.0


@dataclass(frozen=True)
class NabProfile:
    """Weights of true alarms, of false alarms and of missed windows."""

    true_positive: float
    false_positive: float
    false_negative: float


NAB_PROFILES: Mapping[str, NabProfile] = MappingProxyType(
    {
        "standard": NabProfile(1.0, 0.11, 1.0),
        "reward_low_FP_rate": NabProfile(1.0, 0.22, 1.0),
        "reward_low_FN_rate": NabProfile(1.0, 0.11, 2.0),
    }
)
"""Profiles by the names that NAB gives them."""


@dataclass(frozen=True)
class NabScore:
    """NAB's score of a detector on one series or on several.

    Attributes
    ----------
    score : float
        At the given threshold, or else at the best one: 100 for a perfect detector, 0 for one that flags nothing;
        negative where false alarms cost more than true alarms gain.
    threshold : float
        Rows that score above it are flagged.
    best_score, best_threshold : float
        The highest score of all thresholds, chosen by the labels as NAB chooses it, and its threshold.
    n_windows : int
        Number of anomalous windows that count.
    profile : str
        Name of the profile.
    """

    score: float
    threshold: float
    best_score: float
    best_threshold: float
    n_windows: int
    profile: str

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes by name."""
        return asdict(self)


def nab_score(
    y_true: ArrayLike, y_score: ArrayLike, threshold: float | None = None, profile: str = "standard"
) -> NabScore:
    """Return NAB's score of one series.

    Parameters
    ----------
    y_true : array_like of 0 and 1 of shape (n_steps,)
        1 within anomalous windows; consecutive ones are one window.
    y_score : array_like of shape (n_steps,)
        Anomaly scores.
    threshold : float, optional
        Rows that score above it are flagged; by default the best threshold for these labels.
    profile : {"standard", "reward_low_FP_rate", "reward_low_FN_rate"}, default "standard"
        Weights, see `NAB_PROFILES`.

    Returns
    -------
    NabScore
        The score at the threshold, and beside it that of the best threshold.

    Raises
    ------
    ValueError
        If lengths differ, labels are not 0 and 1, scores are not finite, the threshold is NaN, the profile is unknown,
        or no window has a row after the probation.

    Notes
    -----
    NAB's own figures are of 58 files with one threshold for all: see `nab_corpus_score`.

    Examples
    --------
    The window has four rows, and the second of them is flagged.

    >>> scores = [0, 0, 0, 0, 0, 0, 1, 0, 0, 0]
    >>> result = nab_score([0, 0, 0, 0, 0, 1, 1, 1, 1, 0], scores, threshold=0.5)
    >>> round(result.score, 1)
    98.2
    """
    return nab_corpus_score([(y_true, y_score)], threshold, profile)


def nab_corpus_score(
    series: Iterable[tuple[ArrayLike, ArrayLike]], threshold: float | None = None, profile: str = "standard"
) -> NabScore:
    """Return NAB's score of several series at one threshold for all of them.

    Parameters
    ----------
    series : iterable of (array_like, array_like)
        Labels and anomaly scores of each series, as for `nab_score`. Series without windows count, by their false
        alarms.
    threshold, profile
        As for `nab_score`.

    Returns
    -------
    NabScore
        The score of all series together.

    Raises
    ------
    ValueError
        As for `nab_score`.

    Examples
    --------
    >>> quiet, faulty = ([0] * 10, [0.1] * 10), ([0, 0, 0, 0, 0, 1, 1, 1, 0, 0], [0, 0, 0, 0, 0, 9, 0, 0, 0, 0])
    >>> nab_corpus_score([quiet, faulty], threshold=1.0).score
    100.0
    """
    check_value("profile", profile, choice(*NAB_PROFILES))
    if threshold is not None:
        check_threshold(threshold)
    weights = NAB_PROFILES[profile]
    parts = [_changes(*check_labels_and_scores(*one, "step"), weights) for one in series]
    n_windows = sum(count for _, _, count in parts)
    if not n_windows:
        raise ValueError("NAB's score needs an anomalous window with rows after the first 15 % of rows; found none")
    scores, gains = (np.concatenate([part[which] for part in parts]) for which in (0, 1))
    order = np.argsort(-scores, kind="stable")
    scores, totals = scores[order], np.append(0.0, np.cumsum(gains[order]))
    # No threshold separates equal scores.
    ends = np.concatenate([[0], np.flatnonzero(np.diff(scores)) + 1, [len(scores)]])
    perfect = n_windows * (weights.true_positive + weights.false_negative)
    best = int(ends[np.argmax(totals[ends])])
    highest = float(scores[0]) if best == 0 else float(np.nextafter(scores[best - 1], -np.inf))
    flagged = best if threshold is None else int(np.searchsorted(-scores, -threshold, side="left"))
    return NabScore(
        float(100 * totals[flagged] / perfect),
        highest if threshold is None else float(threshold),
        float(100 * totals[best] / perfect),
        highest,
        n_windows,
        profile,
    )


def _changes(truth: Array, scores: Array, weights: NabProfile) -> tuple[Array, Array, int]:
    """Return the scores of the rows that count, what each gains when flagged, and the number of windows.

    Rows gain in the order of decreasing scores: a row of a window gains what it adds to the rows of the window that
    score at least as high.
    """
    gains = _false_alarms(truth) * weights.false_positive
    probation = min(np.floor(_PROBATION * len(truth)), _LONGEST_PROBATION)
    counts = np.arange(len(truth)) >= probation
    n_windows = 0
    for start, end in find_segments(truth):
        rows = np.flatnonzero(counts[start:end]) + start
        if not len(rows):
            continue
        n_windows += 1
        order = rows[np.argsort(-scores[rows], kind="stable")]
        rewards = weights.true_positive * _sigmoid((order - end) / (end - start)) / _sigmoid(-1.0)
        # A missed window costs its weight, which the first flagged row saves.
        gains[order] = np.diff(np.maximum.accumulate(rewards), prepend=-weights.false_negative)
    return scores[counts], gains[counts], n_windows


def _false_alarms(truth: Array) -> Array:
    """Return the cost of each row as a false alarm, from -1 to 0; of rows within windows, too, where it is not used."""
    costs = np.full(len(truth), -1.0)
    windows = find_segments(truth)
    for number, (start, end) in enumerate(windows):
        until = windows[number + 1][0] if number + 1 < len(windows) else len(truth)
        behind = np.arange(1, until - end + 1)
        # NAB divides by 0 after a window of one row; there, every false alarm is far behind.
        position = behind / max(end - start - 1, 1 / (_FAR_BEHIND + 1))
        costs[end:until] = np.where(position >= _FAR_BEHIND, -1.0, _sigmoid(position))
    return costs


def _sigmoid(position: Any) -> Any:
    return 2.0 / (1.0 + np.exp(np.minimum(5.0 * position, 50.0))) - 1.0
