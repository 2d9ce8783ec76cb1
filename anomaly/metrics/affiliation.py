"""Affiliation metrics: the distance in time between alarms and events, relative to that of random alarms.

Huet, Navarro & Rossi, "Local evaluation of time series anomaly detection algorithms", KDD 2022. The span of a series
is split into the *zones* of its events: each point in time belongs to the nearest event. In each zone, precision is the
probability that a random point of the zone is farther from the event than the alarms are, and recall the probability
that it is farther from the points of the event than the alarms are. Neither has a parameter, and neither depends on the
length of the events.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from anomaly.events import find_segments
from anomaly.metrics.validation import check_label_pair
from nnlite.types import Array

Interval = tuple[float, float]


@dataclass(frozen=True)
class Affiliation:
    """Affiliation precision and recall, averaged and zone by zone.

    Attributes
    ----------
    precision : float
        Mean of `zone_precision` over the zones with alarms; 0 without alarms (undefined in the paper).
    recall : float
        Mean of `zone_recall`.
    zone_precision : ndarray of float of shape (n_events,)
        Precision in each zone; NaN in a zone without alarms.
    zone_recall : ndarray of float of shape (n_events,)
        Recall in each zone; 0 in a zone without alarms.
    """

    precision: float
    recall: float
    zone_precision: Array
    zone_recall: Array


def affiliation_precision_recall(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[float, float]:
    """Return the affiliation precision and recall of predicted labels.

    Step t is the interval from t to t + 1, as in the authors' program.

    Parameters
    ----------
    y_true, y_pred : array_like of 0 and 1 of shape (n_steps,)
        True and predicted labels.

    Returns
    -------
    precision, recall : float
        From 0 to 1. If events are short, the precision of random alarms is about 0.5, and so is the recall of a single
        random alarm; many alarms increase the recall alone. Without alarms precision is 0.

    Raises
    ------
    ValueError
        If lengths differ, labels are not 0 and 1, or there is no event.

    Notes
    -----
    Flagging every step has a recall of 1 and, if events are short, a precision of about 0.5: an F1 of two thirds. Read
    these metrics beside the fraction of normal steps that are flagged, `anomaly.metrics.false_alarm_rate`.

    References
    ----------
    Huet, Navarro & Rossi, "Local evaluation of time series anomaly detection algorithms", KDD 2022.

    Examples
    --------
    >>> precision, recall = affiliation_precision_recall([0, 0, 0, 1, 0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 1, 0, 0, 0, 1, 0])
    >>> round(precision, 2), round(recall, 2)
    (0.82, 0.84)
    """
    truth, flags = check_label_pair(y_true, y_pred, "step")
    affiliation = interval_affiliation(find_segments(truth), find_segments(flags), (0, len(truth)))
    return affiliation.precision, affiliation.recall


def interval_affiliation(events: Sequence[Interval], alarms: Sequence[Interval], span: Interval) -> Affiliation:
    r"""Return the affiliation precision and recall of alarms and events that are intervals of time.

    In the zone Z of an event E with the alarms A, for X uniform on Z,

    .. math::

        P = \frac{1}{|A|} \int_A \Pr[d(X, E) \ge d(x, E)] \, dx, \qquad
        R = \frac{1}{|E|} \int_E \Pr[|X - y| \ge d(y, A)] \, dy.

    Both integrands are piecewise linear, and the integrals are exact.

    Parameters
    ----------
    events, alarms : sequence of (float, float)
        Starts and ends, in any unit of time; sorted, disjoint and of positive length.
    span : (float, float)
        Start and end of the series, which contains all intervals.

    Returns
    -------
    Affiliation
        Precision and recall, averaged and zone by zone.

    Raises
    ------
    ValueError
        If there is no event, the span is not finite, or intervals are empty, overlap, are not sorted or lie outside the
        span.

    References
    ----------
    Huet, Navarro & Rossi, KDD 2022, sections 4 and 5.

    Examples
    --------
    The event lies in the middle of its zone, and the alarm begins where it ends. A random point is farther from the
    event than the start of the alarm with probability 0.8, and farther than its end with probability 0.4.

    >>> affiliation = interval_affiliation([(4.0, 6.0)], [(6.0, 8.0)], (0.0, 10.0))
    >>> affiliation.precision, affiliation.recall
    (0.6, 0.8)
    """
    if not len(events):
        raise ValueError("affiliation needs events; found none: labels contain normal steps alone")
    if not (math.isfinite(span[0]) and math.isfinite(span[1])):
        raise ValueError(f"span must begin and end at finite times; found {span}")
    _check(events, "events", span)
    _check(alarms, "alarms", span)
    middles = [(before[1] + after[0]) / 2 for before, after in pairwise(events)]
    borders = [float(span[0]), *middles, float(span[1])]
    ends = [end for _, end in alarms]
    precision, recall = np.full(len(events), np.nan), np.zeros(len(events))
    for number, event in enumerate(events):
        zone = borders[number], borders[number + 1]
        own = _within(alarms, ends, zone)
        if own:
            precision[number] = _precision(event, own, zone)
            recall[number] = _recall(event, own, zone)
    alarmed = precision[~np.isnan(precision)]
    return Affiliation(float(alarmed.mean()) if len(alarmed) else 0.0, float(recall.mean()), precision, recall)


def _check(intervals: Sequence[Interval], name: str, span: Interval) -> None:
    last = span[0]
    for start, end in intervals:
        if not (last <= start < end <= span[1]):
            raise ValueError(
                f"{name} must be intervals (start, end) of positive length, sorted, disjoint and within {span}; "
                f"found ({start}, {end}) after {last}"
            )
        last = end


def _within(alarms: Sequence[Interval], ends: Sequence[float], zone: Interval) -> list[Interval]:
    """Return the intersections of the alarms with a zone."""
    parts = []
    for number in range(bisect_left(ends, zone[0]), len(alarms)):
        start, end = max(alarms[number][0], zone[0]), min(alarms[number][1], zone[1])
        if alarms[number][0] >= zone[1]:
            break
        if start < end:
            parts.append((start, end))
    return parts


def _precision(event: Interval, alarms: Sequence[Interval], zone: Interval) -> float:
    (start, end), total = event, 0.0
    before, after = start - zone[0], zone[1] - end

    def farther(nearest: float, farthest: float) -> float:
        """Integrate, over distances d, the length of the part of the zone that is farther from the event than d."""
        return _ramp(before, nearest, farthest) + _ramp(after, nearest, farthest)

    for first, last in alarms:
        # Inside the event the distance is 0, and the whole zone is at least as far away.
        total += max(min(last, end) - max(first, start), 0.0) * (zone[1] - zone[0])
        if first < start:
            total += farther(start - min(last, start), start - first)
        if last > end:
            total += farther(max(first, end) - end, last - end)
    return total / (zone[1] - zone[0]) / sum(last - first for first, last in alarms)


def _recall(event: Interval, alarms: Sequence[Interval], zone: Interval) -> float:
    """Integrate over the parts of the event inside alarms and over the parts with the same nearest alarm boundary."""
    (start, end), total = event, 0.0
    for first, last in alarms:
        total += max(min(last, end) - max(first, start), 0.0) * (zone[1] - zone[0])
    # Before the first alarm and after the last one, the nearest alarm lies on one side only.
    gaps = [(-np.inf, alarms[0][0]), *((a[1], b[0]) for a, b in pairwise(alarms))]
    for before, after in [*gaps, (alarms[-1][1], np.inf)]:
        middle = (before + after) / 2
        total += _ahead(max(start, middle), min(end, after), after, zone)
        # Points whose nearest alarm lies behind them are the mirror image.
        total += _ahead(max(-end, -middle), min(-start, -before), -before, (-zone[1], -zone[0]))
    return total / (zone[1] - zone[0]) / (end - start)


def _ahead(first: float, last: float, alarm: float, zone: Interval) -> float:
    """Integrate, over points y before an alarm, the length of the part of the zone farther from y than the alarm.

    That part is the zone after the alarm, and the zone before 2 y - alarm.
    """
    if first >= last:
        return 0.0
    # The second part decreases with slope 1 in the distance 2 y - alarm, hence with slope 2 in y.
    nearest, farthest = alarm - last, alarm - first
    return (zone[1] - alarm) * (last - first) + _ramp(alarm - zone[0], 2 * nearest, 2 * farthest) / 2


def _ramp(width: float, first: float, last: float) -> float:
    """Integrate max(width - d, 0) over d from `first` to `last`."""
    return (max(width - first, 0.0) ** 2 - max(width - last, 0.0) ** 2) / 2
