"""How near alarms and events are to each other in time, compared with alarms thrown at random.

Huet, Navarro & Rossi, "Local evaluation of time series anomaly detection algorithms", KDD 2022. The span of a series
is split into the *zones* of its events: every moment belongs to the event that is nearest. In each zone two questions
are asked, of which the answers are probabilities: would a moment taken at random from the zone be farther from the
event than the alarms are (precision)? And would one be farther from the moments of the event than the alarms are
(recall)? Neither has a parameter, and neither cares how long an event is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from anomaly.events import stretches
from anomaly.metrics.validation import check_labels
from nnlite.types import Array

Interval = tuple[float, float]


@dataclass(frozen=True)
class Affiliation:
    """What `interval_affiliation` found.

    Attributes
    ----------
    precision : float
        Mean of `zone_precision` over the zones that have alarms; 0 if none has (the paper leaves it undefined).
    recall : float
        Mean of `zone_recall`.
    zone_precision : ndarray of float of shape (n_events,)
        One a zone; NaN where there is no alarm in it.
    zone_recall : ndarray of float of shape (n_events,)
        One a zone; 0 where there is no alarm in it.
    """

    precision: float
    recall: float
    zone_precision: Array
    zone_recall: Array


def affiliation_precision_recall(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[float, float]:
    """Return the affiliation precision and recall of flags.

    A step lasts from its number to the next one, as in the authors' own program.

    Parameters
    ----------
    y_true, y_pred : array_like of 0 and 1 of shape (n_steps,)
        True and predicted labels.

    Returns
    -------
    precision, recall : float
        From 0 to 1. Alarms at random have a precision near 0.5 where events are short, and so has the recall of a
        single one; many alarms anywhere raise the recall alone. Precision is 0 where nothing is flagged.

    Raises
    ------
    ValueError
        If lengths differ, labels are not 0 and 1, or there is no event.

    References
    ----------
    Huet, Navarro & Rossi, "Local evaluation of time series anomaly detection algorithms", KDD 2022.

    Examples
    --------
    >>> precision, recall = affiliation_precision_recall([0, 0, 0, 1, 0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 1, 0, 0, 0, 1, 0])
    >>> round(precision, 2), round(recall, 2)
    (0.82, 0.84)
    """
    truth, flags = check_labels(y_true, "y_true"), check_labels(y_pred, "y_pred", like=y_true)
    found = interval_affiliation(stretches(truth), stretches(flags), (0, len(truth)))
    return found.precision, found.recall


def interval_affiliation(events: Sequence[Interval], alarms: Sequence[Interval], span: Interval) -> Affiliation:
    r"""Return the affiliation precision and recall of alarms, events and alarms being intervals of time.

    In the zone Z of an event E that has the alarms A, X being drawn uniformly from Z,

    .. math::

        P = \frac{1}{|A|} \int_A \Pr[d(X, E) \ge d(x, E)] \, dx, \qquad
        R = \frac{1}{|E|} \int_E \Pr[|X - y| \ge d(y, A)] \, dy.

    Both integrands are made of straight lines, so that the integrals are exact.

    Parameters
    ----------
    events, alarms : sequence of (float, float)
        Starts and ends, in any unit of time; in order, of some length each, and apart from each other.
    span : (float, float)
        Start and end of the series, which hold all of them.

    Returns
    -------
    Affiliation
        Both figures, as a whole and zone by zone.

    Raises
    ------
    ValueError
        If there is no event, or intervals are empty, overlap, are out of order or out of the span.

    References
    ----------
    Huet, Navarro & Rossi, KDD 2022, sections 4 and 5.

    Examples
    --------
    The event lies in the middle of its zone, and the alarm begins where it ends. A moment at random is farther from
    the event than the alarm's first moment unless it is in it, and farther than its last with probability 0.4.

    >>> found = interval_affiliation([(4.0, 6.0)], [(6.0, 8.0)], (0.0, 10.0))
    >>> found.precision, found.recall
    (0.6, 0.8)
    """
    if not len(events):
        raise ValueError("affiliation needs events; found none: there is nothing that alarms could be near to")
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
                f"{name} must be intervals (start, end) of some length, in order, apart from each other and within "
                f"{span}; found ({start}, {end}) after {last}"
            )
        last = end


def _within(alarms: Sequence[Interval], ends: Sequence[float], zone: Interval) -> list[Interval]:
    """Return the parts of alarms that lie in a zone."""
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
        """Integrate, over distances d, the length of the zone that is farther from the event than d."""
        return _ramp(before, nearest, farthest) + _ramp(after, nearest, farthest)

    for first, last in alarms:
        # What lies in the event is as near as can be: no moment is nearer.
        total += max(min(last, end) - max(first, start), 0.0) * (zone[1] - zone[0])
        if first < start:
            total += farther(start - min(last, start), start - first)
        if last > end:
            total += farther(max(first, end) - end, last - end)
    return total / (zone[1] - zone[0]) / sum(last - first for first, last in alarms)


def _recall(event: Interval, alarms: Sequence[Interval], zone: Interval) -> float:
    """Go through the event: its parts in alarms, and its parts whose nearest moment of alarm is the same."""
    (start, end), total = event, 0.0
    for first, last in alarms:
        total += max(min(last, end) - max(first, start), 0.0) * (zone[1] - zone[0])
    # Before the first alarm and after the last one there is a nearest moment on one side only.
    quiet = [(-np.inf, alarms[0][0]), *((a[1], b[0]) for a, b in pairwise(alarms))]
    for before, after in [*quiet, (alarms[-1][1], np.inf)]:
        middle = (before + after) / 2
        total += _ahead(max(start, middle), min(end, after), after, zone)
        # Those whose alarm lies behind them are the same, seen in a mirror.
        total += _ahead(max(-end, -middle), min(-start, -before), -before, (-zone[1], -zone[0]))
    return total / (zone[1] - zone[0]) / (end - start)


def _ahead(first: float, last: float, alarm: float, zone: Interval) -> float:
    """Integrate, over moments y before an alarm, the length of the zone that is farther from y than the alarm is.

    That is what comes after the alarm, and what comes before 2y less the alarm.
    """
    if first >= last:
        return 0.0
    # The ramp of width c falls with the distance; over y, it falls twice as fast.
    nearest, farthest = alarm - last, alarm - first
    return (zone[1] - alarm) * (last - first) + _ramp(alarm - zone[0], 2 * nearest, 2 * farthest) / 2


def _ramp(width: float, first: float, last: float) -> float:
    """Integrate max(width - d, 0) over d from `first` to `last`."""
    return (max(width - first, 0.0) ** 2 - max(width - last, 0.0) ** 2) / 2
