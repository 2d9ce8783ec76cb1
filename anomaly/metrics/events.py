"""Metrics of the alarms on a series, event by event, against true labels.

The true label of an hour says that there was an anomaly within this hour, not that each of its rows is anomalous.
Metrics of single rows penalize an alarm that begins a minute early or ends a minute late, and give one long event more
weight than ten short ones. The metrics here count events, each with a stated tolerance of their borders.
"""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from anomaly.events import find_segments, join_segments
from anomaly.metrics.affiliation import affiliation_precision_recall
from anomaly.metrics.records import f1_score
from anomaly.metrics.validation import (
    check_both_classes,
    check_label_pair,
    check_labels_and_scores,
    check_steps,
    check_threshold,
)
from nnlite.types import Array

_BUFFERS = 11


class FlatteringMetricWarning(UserWarning):
    """Use of a metric that overstates the quality of a detector."""


def event_counts(y_true: ArrayLike, y_pred: ArrayLike, tolerance: int = 0) -> tuple[int, int, int, int]:
    """Count true events, detected events, alarms as events, and correct alarms.

    A true event is detected if any step of it is flagged; an alarm is correct if any step of it is anomalous.

    Parameters
    ----------
    y_true, y_pred : array_like of 0 and 1 of shape (n_steps,)
        True and predicted labels.
    tolerance : int, default 0
        Alarms with at most this number of normal steps between them are one alarm.

    Returns
    -------
    n_events, n_found, n_alarms, n_right : int
        Numbers of true events, detected events, alarms, and correct alarms.

    Raises
    ------
    ValueError
        If lengths differ, labels are not 0 and 1, or `tolerance` is not a whole number of at least 0.

    Examples
    --------
    >>> event_counts([0, 1, 1, 0, 0, 1, 0], [1, 0, 1, 1, 0, 0, 0])
    (2, 1, 2, 1)
    """
    check_steps(tolerance, "tolerance")
    truth, flags = check_label_pair(y_true, y_pred, "step")
    events, alarms = find_segments(truth), join_segments(find_segments(flags), tolerance)
    joined = np.zeros(len(truth), np.bool_)
    for start, end in alarms:
        joined[start:end] = True
    found = sum(bool(joined[a:b].any()) for a, b in events)
    right = sum(bool(truth[a:b].any()) for a, b in alarms)
    return len(events), found, len(alarms), right


def event_precision_recall_f1(y_true: ArrayLike, y_pred: ArrayLike, tolerance: int = 0) -> tuple[float, float, float]:
    """Return the fraction of correct alarms, the fraction of detected events, and their harmonic mean.

    Parameters
    ----------
    y_true, y_pred, tolerance
        As for `event_counts`.

    Returns
    -------
    precision, recall, f1 : float
        Precision is 0 without alarms, recall is 0 without events, and f1 is 0 if either is 0.

    Notes
    -----
    One alarm over the whole series is correct and detects every event. Read these metrics together with the false-alarm
    rate.

    Examples
    --------
    >>> event_precision_recall_f1([0, 1, 1, 0, 0, 1, 0], [1, 0, 1, 1, 0, 0, 0])
    (0.5, 0.5, 0.5)
    """
    n_events, found, n_alarms, right = event_counts(y_true, y_pred, tolerance)
    precision = right / n_alarms if n_alarms else 0.0
    recall = found / n_events if n_events else 0.0
    return precision, recall, 2 * precision * recall / (precision + recall) if right else 0.0


def detection_delays(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Return the number of steps from the start of each event to its first alarm.

    Parameters
    ----------
    y_true, y_pred : array_like of 0 and 1 of shape (n_steps,)
        True and predicted labels.

    Returns
    -------
    ndarray of float of shape (n_events,)
        0 if the first step is flagged; NaN if no step of the event is.

    Examples
    --------
    >>> detection_delays([0, 1, 1, 1, 0, 1], [1, 0, 0, 1, 0, 0]).tolist()
    [2.0, nan]
    """
    truth, flags = check_label_pair(y_true, y_pred, "step")
    delays = []
    for start, end in find_segments(truth):
        flagged = np.flatnonzero(flags[start:end])
        delays.append(float(flagged[0]) if len(flagged) else np.nan)
    return np.array(delays)


def range_auc(y_true: ArrayLike, y_score: ArrayLike, buffer: int) -> float:
    r"""Return the area under the ROC curve for labels with soft borders.

    Around each event the label decreases over half a buffer l on either side, at distance k from the event to

    .. math:: \ell_k = \sqrt{1 - k / l}, \qquad 1 \le k \le l / 2,

    so that an alarm a few steps early is mostly correct. With the binary labels y, the soft labels :math:`\ell` and the
    flags f of a threshold,

    .. math::

        P = \tfrac12 \sum_t (y_t + \ell_t), \quad
        TPR = \min\Bigl(1, \frac{\sum_t \ell_t f_t}{P}\Bigr) \cdot \frac{\text{events with an alarm}}{\text{events}},
        \quad FPR = \frac{\sum_t (1 - \ell_t) f_t}{n - P}.

    The curve has a point for each threshold, from (0, 0) to (1, 1).

    Parameters
    ----------
    y_true : array_like of 0 and 1 of shape (n_steps,)
        True labels of both classes.
    y_score : array_like of shape (n_steps,)
        Anomaly scores.
    buffer : int
        l, in steps; with 0 the labels are binary.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ValueError
        If lengths differ, labels are all alike or not 0 and 1, scores are not finite, or `buffer` is not a whole number
        of at least 0.

    References
    ----------
    Paparrizos, Boniol, Palpanas, Tsay, Elmore & Franklin, "Volume under the surface: a new accuracy evaluation measure
    for time-series anomaly detection", PVLDB 15 (2022).

    Examples
    --------
    >>> range_auc([0, 0, 1, 0], [0.1, 0.2, 0.9, 0.3], buffer=0)
    1.0
    """
    truth, scores = _check_series(y_true, y_score)
    check_steps(buffer, "buffer")
    order = np.argsort(-scores, kind="stable")
    return _range_auc(truth, scores, order, int(buffer))


def volume_under_surface(y_true: ArrayLike, y_score: ArrayLike, largest_buffer: int | None = None) -> float:
    """Return the volume under the ROC surface: the mean of `range_auc` over buffers from 0 to the largest.

    The volume depends neither on a threshold nor on one choice of the tolerance at the borders of events.

    Parameters
    ----------
    y_true : array_like of 0 and 1 of shape (n_steps,)
        True labels of both classes.
    y_score : array_like of shape (n_steps,)
        Anomaly scores.
    largest_buffer : int, optional
        In steps; by default the median length of the events. The mean is over eleven buffers.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ValueError
        As for `range_auc`.

    References
    ----------
    Paparrizos et al., PVLDB 15 (2022): VUS-ROC.

    Examples
    --------
    >>> volume_under_surface([0, 0, 0, 1, 1, 0, 0, 0], [0, 0, 0, 2, 2, 0, 0, 0]) > 0.9
    True
    """
    truth, scores = _check_series(y_true, y_score)
    if largest_buffer is None:
        largest_buffer = int(np.median([end - start for start, end in find_segments(truth)]))
    check_steps(largest_buffer, "largest_buffer")
    order = np.argsort(-scores, kind="stable")
    buffers = np.unique(np.linspace(0, largest_buffer, _BUFFERS).round().astype(np.int64))
    areas = [_range_auc(truth, scores, order, int(buffer)) for buffer in buffers]
    return float(np.mean(areas))


def point_adjust(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Return predicted labels in which an event with any flagged step is flagged as a whole.

    Examples
    --------
    >>> point_adjust([0, 1, 1, 1, 0], [1, 0, 1, 0, 0]).tolist()
    [1, 1, 1, 1, 0]
    """
    truth, flags = check_label_pair(y_true, y_pred, "step")
    adjusted = flags.copy()
    for start, end in find_segments(truth):
        if flags[start:end].any():
            adjusted[start:end] = 1
    return adjusted


def point_adjusted_f1(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return the F1 score after `point_adjust`, with a warning: for comparison with papers that report it.

    One correct flag in an event of a thousand steps adds a thousand true positives, and one wrong flag adds one false
    positive. If events are long, the score of random flags is higher than that of useful detectors (Kim et al.).

    Parameters
    ----------
    y_true, y_pred : array_like of 0 and 1 of shape (n_steps,)
        True and predicted labels.

    Returns
    -------
    float
        From 0 to 1.

    Warns
    -----
    FlatteringMetricWarning
        Always.

    References
    ----------
    Xu et al., WWW 2018 (its origin); Kim, Choi, Choi, Lee & Yoon, "Towards a rigorous evaluation of time-series
    anomaly detection", AAAI 2022 (its flaw).
    """
    warnings.warn(
        "point-adjusted F1 flatters: one flagged step counts as the whole event, and random flags score high if events "
        "are long. Compare detectors by event_precision_recall_f1 and volume_under_surface",
        FlatteringMetricWarning,
        stacklevel=2,
    )
    return f1_score(y_true, point_adjust(y_true, y_pred))


# -- all metrics -------------------------------------------------------------------------------


@dataclass(frozen=True)
class EventEvaluation:
    """All metrics of one labelled series, event by event.

    Attributes
    ----------
    n_events, n_found, n_alarms, n_right_alarms : int
        Numbers of true events, detected events, alarms, and correct alarms; see `event_counts`.
    event_precision, event_recall, event_f1 : float
        Fractions of these; see `event_precision_recall_f1`.
    affiliation_precision, affiliation_recall : float
        Distances in time between flagged steps and events, independent of the tolerance; see
        `anomaly.metrics.affiliation`. About 0.5 for random flags.
    median_delay, longest_delay : float or None
        Delays of the detected events, in steps; None without detected events.
    volume_under_surface : float
        Metric of the scores, independent of the threshold.
    point_adjusted_f1 : float
        Overstates the quality of a detector; see `point_adjusted_f1`.
    """

    n_events: int
    n_found: int
    n_alarms: int
    n_right_alarms: int
    event_precision: float
    event_recall: float
    event_f1: float
    affiliation_precision: float
    affiliation_recall: float
    median_delay: float | None
    longest_delay: float | None
    volume_under_surface: float
    point_adjusted_f1: float

    def to_dict(self) -> dict[str, Any]:
        """Return the metrics by name."""
        return asdict(self)

    def __str__(self) -> str:
        def as_text(value: float | None) -> str:
            if value is None:
                return "-"
            return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"

        width = max(map(len, self.to_dict())) + 2
        lines = [f"{name.replace('_', ' '):<{width}}{as_text(value):>12}" for name, value in self.to_dict().items()]
        note = "(the last one flatters: one flagged step counts as the whole event)"
        return "\n".join([*lines, note])


def evaluate_events(
    y_true: ArrayLike,
    y_score: ArrayLike,
    threshold: float,
    tolerance: int = 0,
    largest_buffer: int | None = None,
) -> EventEvaluation:
    """Compute all metrics of one labelled series.

    Parameters
    ----------
    y_true : array_like of 0 and 1 of shape (n_steps,)
        True labels.
    y_score : array_like of shape (n_steps,)
        Anomaly scores.
    threshold : float
        Steps that score above it are flagged.
    tolerance : int, default 0
        The largest number of consecutive normal steps within an alarm.
    largest_buffer : int, optional
        As for `volume_under_surface`.

    Returns
    -------
    EventEvaluation
        The metrics; its text is a table.

    Raises
    ------
    ValueError
        If lengths differ, scores are not finite, the threshold is NaN, or the labels contain only one class.

    Examples
    --------
    >>> evaluate_events([0, 1, 1, 0, 1], [0.1, 0.2, 0.9, 0.1, 0.3], threshold=0.5).event_recall
    0.5
    """
    truth, scores = _check_series(y_true, y_score)
    check_threshold(threshold)
    flags = (scores > threshold).astype(np.int64)
    n_events, found, n_alarms, right = event_counts(truth, flags, tolerance)
    precision, recall, f1 = event_precision_recall_f1(truth, flags, tolerance)
    delays = detection_delays(truth, flags)
    delays = delays[~np.isnan(delays)]
    return EventEvaluation(
        n_events,
        found,
        n_alarms,
        right,
        precision,
        recall,
        f1,
        *affiliation_precision_recall(truth, flags),
        float(np.median(delays)) if len(delays) else None,
        float(delays.max()) if len(delays) else None,
        volume_under_surface(truth, scores, largest_buffer),
        f1_score(truth, point_adjust(truth, flags)),
    )


# -- soft labels -------------------------------------------------------------------------------


def _check_series(y_true: ArrayLike, y_score: ArrayLike) -> tuple[Array, Array]:
    truth, scores = check_labels_and_scores(y_true, y_score, "step")
    check_both_classes(truth, "event metrics", "step")
    return truth, scores


def _range_auc(truth: Array, scores: Array, order: Array, buffer: int) -> float:
    soft = soften(truth, buffer)
    events = find_segments(soft > 0)
    positives = (truth.sum() + soft.sum()) / 2
    ranked = scores[order]
    # No threshold separates equal scores: only the last step of each is a point of the curve.
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    hits = np.cumsum(soft[order])[ends]
    false = ends + 1 - hits
    peaks = np.sort([scores[a:b].max() for a, b in events])[::-1]
    existing = np.searchsorted(-peaks, -ranked[ends], side="right") / len(events)
    rates = np.minimum(hits / positives, 1.0) * existing
    x = np.concatenate([[0.0], false / (len(truth) - positives), [1.0]])
    y = np.concatenate([[0.0], rates, [1.0]])
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))


def soften(truth: Array, buffer: int) -> Array:
    """Return soft labels that decrease around each event, as in `range_auc`.

    Examples
    --------
    >>> import numpy as np
    >>> soften(np.array([0, 0, 0, 1, 0, 0, 0]), 4).round(3).tolist()
    [0.0, 0.707, 0.866, 1.0, 0.866, 0.707, 0.0]
    """
    soft = truth.astype(np.float64)
    n = len(soft)
    for start, end in find_segments(truth):
        for k in range(1, buffer // 2 + 1):
            height = np.sqrt(1 - k / buffer)
            if start - k >= 0:
                soft[start - k] = max(soft[start - k], height)
            if end - 1 + k < n:
                soft[end - 1 + k] = max(soft[end - 1 + k], height)
    return soft
