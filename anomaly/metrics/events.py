"""Metrics of the alarms on a series, event by event, against true labels.

The true label of an hour says that there was an anomaly within this hour, not that each of its rows is anomalous.
Metrics of single rows penalize an alarm that begins a minute early or ends a minute late, and give one long event more
weight than ten short ones. The metrics here count events, each with a stated tolerance of their borders.

Counting has a price: an alarm that never ends is one correct alarm that detects every event. So metrics of events are
to be read beside the fraction of normal steps that are flagged, or beside one that knows the length of alarms: the
composite F1 score, and range-based precision (`anomaly.metrics.ranges`).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from anomaly.errors import FlatteringMetricWarning
from anomaly.events import find_segments, join_segments
from anomaly.metrics.affiliation import affiliation_precision_recall
from anomaly.metrics.ranges import range_precision_recall_f1
from anomaly.metrics.records import f1_score, false_alarm_rate, precision_score
from anomaly.metrics.surface import LARGEST_BUFFER, vus_pr, vus_roc
from anomaly.metrics.validation import (
    check_both_classes,
    check_label_pair,
    check_labels_and_scores,
    check_steps,
    check_threshold,
)
from nnlite.types import Array

_MUCH_NORMAL_TIME = 0.1
"""Fraction of the normal steps within correct alarms from which metrics of events are said to flatter."""


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
    n_events, found, alarms, right = _events_and_alarms(y_true, y_pred, tolerance)
    return n_events, found, len(alarms), len(right)


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

    Warns
    -----
    FlatteringMetricWarning
        If correct alarms cover at least a tenth of the normal steps. One alarm over the whole series is correct and
        detects every event; `composite_f1` and `anomaly.metrics.range_precision_recall_f1` are not misled by it.

    Examples
    --------
    >>> event_precision_recall_f1([0, 1, 1, 0, 0, 1, 0], [1, 0, 1, 0, 0, 0, 0])
    (0.5, 0.5, 0.5)
    """
    n_events, found, alarms, right = _events_and_alarms(y_true, y_pred, tolerance)
    covered = _normal_time(y_true, right)
    if covered >= _MUCH_NORMAL_TIME:
        warnings.warn(_flattering_alarms(covered), FlatteringMetricWarning, stacklevel=2)
    return _precision_recall_f1(n_events, found, len(alarms), len(right))


def composite_f1(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return the harmonic mean of the precision of steps and the recall of events: the composite F1 score.

    An event is detected by one flagged step, but each flagged normal step costs precision: an alarm that never ends
    has a precision of the fraction of anomalous steps.

    Parameters
    ----------
    y_true, y_pred : array_like of 0 and 1 of shape (n_steps,)
        True and predicted labels.

    Returns
    -------
    float
        From 0 to 1; TSB-AD calls it Event-based-F1.

    References
    ----------
    Garg, Zhang, Samaran, Savitha & Foo, "An evaluation of anomaly detection and diagnosis in multivariate time series",
    IEEE Transactions on Neural Networks and Learning Systems 33 (2022).

    Examples
    --------
    >>> composite_f1([0, 1, 1, 0, 0, 1, 0], [1, 0, 1, 0, 0, 0, 0])
    0.5
    >>> composite_f1([0] * 99 + [1], [1] * 100)
    0.02
    """
    n_events, found, _, _ = event_counts(y_true, y_pred)
    return _harmonic_mean(precision_score(y_true, y_pred), found / n_events if n_events else 0.0)


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
        "are long. Compare detectors by composite_f1 and volume_under_surface",
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
    false_alarm_rate : float
        Fraction of normal steps that are flagged. Event and affiliation metrics are to be read beside it.
    false_events_per_1000_steps : float
        Number of alarms that are not correct, per 1,000 steps of the series.
    event_precision, event_recall, event_f1 : float
        Fractions of events and alarms, whatever their length; see `event_precision_recall_f1`.
    normal_time_in_right_alarms : float
        Fraction of the normal steps that lie within correct alarms: 1 for an alarm that never ends, whose event
        precision, recall and F1 are 1.
    composite_f1 : float
        Of the precision of steps and the recall of events; see `composite_f1`.
    range_precision, range_recall, range_f1 : float
        Overlap of alarms and events; see `range_precision_recall_f1`.
    affiliation_precision, affiliation_recall, affiliation_f1 : float
        Distances in time between flagged steps and events, independent of the tolerance; see
        `anomaly.metrics.affiliation`. About 0.5 for random flags.
    affiliation_f1_of_all_flagged : float
        The affiliation F1 of flagging every step of this series, for comparison.
    median_delay, longest_delay : float or None
        Delays of the detected events, in steps; None without detected events.
    vus_pr, vus_roc : float
        Metrics of the scores, independent of the threshold, as TSB-AD defines them; see `anomaly.metrics.surface`.
    largest_buffer : int
        Their largest buffer, in steps.
    point_adjusted_f1 : float
        Overstates the quality of a detector; see `point_adjusted_f1`.
    """

    n_events: int
    n_found: int
    n_alarms: int
    n_right_alarms: int
    false_alarm_rate: float
    false_events_per_1000_steps: float
    event_precision: float
    event_recall: float
    event_f1: float
    normal_time_in_right_alarms: float
    composite_f1: float
    range_precision: float
    range_recall: float
    range_f1: float
    affiliation_precision: float
    affiliation_recall: float
    affiliation_f1: float
    affiliation_f1_of_all_flagged: float
    median_delay: float | None
    longest_delay: float | None
    vus_pr: float
    vus_roc: float
    largest_buffer: int
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
        return "\n".join([*lines, *self._notes()])

    def _notes(self) -> list[str]:
        notes = [
            f"(affiliation and event metrics flatter: they hardly count the time in alarm. Normal steps flagged: "
            f"{self.false_alarm_rate:.1%}; false events per 1,000 steps: {self.false_events_per_1000_steps:.2f}; "
            f"affiliation F1 of flagging every step: {self.affiliation_f1_of_all_flagged:.3f})",
            "(the last one flatters most: one flagged step counts as the whole event)",
        ]
        if self.normal_time_in_right_alarms >= _MUCH_NORMAL_TIME:
            notes.append(f"({_flattering_alarms(self.normal_time_in_right_alarms)})")
        return notes


def evaluate_events(
    y_true: ArrayLike,
    y_score: ArrayLike,
    threshold: float | None = None,
    tolerance: int = 0,
    largest_buffer: int = LARGEST_BUFFER,
    y_pred: ArrayLike | None = None,
) -> EventEvaluation:
    """Compute all metrics of one labelled series.

    Parameters
    ----------
    y_true : array_like of 0 and 1 of shape (n_steps,)
        True labels.
    y_score : array_like of shape (n_steps,)
        Anomaly scores.
    threshold : float, optional
        Steps that score above it are flagged.
    tolerance : int, default 0
        The largest number of consecutive normal steps within an alarm.
    largest_buffer : int, default 100
        As for `anomaly.metrics.volume_under_surface`.
    y_pred : array_like of 0 and 1 of shape (n_steps,), optional
        Predicted labels, in place of a threshold: those of a detector whose limit follows the scores.

    Returns
    -------
    EventEvaluation
        The metrics; its text is a table.

    Raises
    ------
    ValueError
        If neither or both of `threshold` and `y_pred` are given, lengths differ, scores are not finite, the threshold
        is NaN, or the labels contain only one class.

    Examples
    --------
    >>> evaluate_events([0, 1, 1, 0, 1], [0.1, 0.2, 0.9, 0.1, 0.3], threshold=0.5).event_recall
    0.5
    """
    truth, scores = check_labels_and_scores(y_true, y_score, "step")
    check_both_classes(truth, "event metrics", "step")
    if (threshold is None) == (y_pred is None):
        raise ValueError("evaluate_events needs either threshold or y_pred; give one of them")
    if threshold is not None:
        check_threshold(threshold)
    flags = (scores > threshold).astype(np.int64) if y_pred is None else check_label_pair(truth, y_pred, "step")[1]
    n_events, found, alarms, right = _events_and_alarms(truth, flags, tolerance)
    delays = detection_delays(truth, flags)
    delays = delays[~np.isnan(delays)]
    affiliation = affiliation_precision_recall(truth, flags)
    return EventEvaluation(
        n_events,
        found,
        len(alarms),
        len(right),
        false_alarm_rate(truth, flags),
        1000 * (len(alarms) - len(right)) / len(truth),
        *_precision_recall_f1(n_events, found, len(alarms), len(right)),
        _normal_time(truth, right),
        composite_f1(truth, flags),
        *range_precision_recall_f1(truth, flags),
        *affiliation,
        _harmonic_mean(*affiliation),
        _harmonic_mean(*affiliation_precision_recall(truth, np.ones_like(truth))),
        float(np.median(delays)) if len(delays) else None,
        float(delays.max()) if len(delays) else None,
        vus_pr(truth, scores, largest_buffer),
        vus_roc(truth, scores, largest_buffer),
        largest_buffer,
        f1_score(truth, point_adjust(truth, flags)),
    )


# -- counts ------------------------------------------------------------------------------------


def _events_and_alarms(
    y_true: ArrayLike, y_pred: ArrayLike, tolerance: int
) -> tuple[int, int, list[tuple[int, int]], list[tuple[int, int]]]:
    """Return the numbers of events and of detected ones, the alarms, and the correct alarms."""
    check_steps(tolerance, "tolerance")
    truth, flags = check_label_pair(y_true, y_pred, "step")
    events, alarms = find_segments(truth), join_segments(find_segments(flags), tolerance)
    joined = np.zeros(len(truth), np.bool_)
    for start, end in alarms:
        joined[start:end] = True
    found = sum(bool(joined[a:b].any()) for a, b in events)
    return len(events), found, alarms, [(a, b) for a, b in alarms if truth[a:b].any()]


def _precision_recall_f1(n_events: int, found: int, n_alarms: int, right: int) -> tuple[float, float, float]:
    precision = right / n_alarms if n_alarms else 0.0
    recall = found / n_events if n_events else 0.0
    return precision, recall, _harmonic_mean(precision, recall)


def _harmonic_mean(first: float, second: float) -> float:
    return 2 * first * second / (first + second) if first and second else 0.0


def _normal_time(y_true: ArrayLike, alarms: Sequence[tuple[int, int]]) -> float:
    """Return the fraction of the normal steps that lie within alarms."""
    normal = np.asarray(y_true) == 0
    return float(sum(normal[a:b].sum() for a, b in alarms) / max(1, normal.sum()))


def _flattering_alarms(covered: float) -> str:
    return (
        f"event precision flatters: it counts alarms, not their length, and correct alarms cover {covered:.0%} of the "
        "normal steps. Compare detectors by composite_f1 and range_precision"
    )
