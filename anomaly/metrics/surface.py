r"""Areas and volumes under curves of soft labels: R-AUC and VUS, as TSB-AD and as aeon define them.

A detector that is a few steps early is mostly right. So the label decreases over half a buffer l on either side of an
event, at distance k from it to

.. math:: \ell_k = \sqrt{1 - k / l}, \qquad 1 \le k \le l / 2,

and labels of several events add up to at most 1. With the binary labels y, the soft labels :math:`\ell` and the flags f
of a threshold, precision, recall and false positive rate are

.. math::

    TP = \sum_t \ell_t f_t, \quad \text{precision} = \frac{TP}{\sum_t f_t}, \quad
    \text{recall} = \min\Bigl(1, \frac{TP}{P}\Bigr) \cdot \frac{\text{events with a flag}}{\text{events}}, \quad
    FPR = \frac{\sum_t f_t - TP}{n - P}.

An event begins and ends with its buffers here, and events whose buffers meet are one. R-AUC is the area under the curve
of a buffer, VUS its mean over all buffers from 0 to the largest. Two programs are in use, and do not agree:

=======================  ============================================  ===========================================
definition               "tsb-ad"                                      "aeon"
=======================  ============================================  ===========================================
positives P              :math:`\sum_t (y_t + (y_t + \ell_t f_t(1 -    :math:`\sum_t (y_t + \ell_t) / 2`
                         y_t))) / 2`: of the buffers, what is flagged
area of precision        steps: each precision times the gain in       trapezoids, from precision 1 at recall 0
by recall                recall
buffer after an event    as long as that before it                     one step shorter
=======================  ============================================  ===========================================

The first is that of the tables of TSB-AD, the second that of the program of the paper.

References
----------
Paparrizos, Boniol, Palpanas, Tsay, Elmore & Franklin, "Volume under the surface: a new accuracy evaluation measure for
time-series anomaly detection", PVLDB 15 (2022); Liu & Paparrizos, "The elephant in the room: towards a reliable
time-series anomaly detection benchmark", NeurIPS 2024 (TSB-AD).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from anomaly.events import find_segments
from anomaly.metrics.validation import check_both_classes, check_labels_and_scores, check_steps
from nnlite.types import Array
from nnlite.validation import check_value, choice, integer

LARGEST_BUFFER = 100
"""The largest buffer by default, in steps: that of TSB-AD's `get_metrics`."""

N_THRESHOLDS = 250
"""The number of thresholds by default: that of both programs."""

_TSB_AD, _AEON = "tsb-ad", "aeon"
_CURVES, _DEFINITIONS = choice("pr", "roc"), choice(_TSB_AD, _AEON)
_FAR = np.iinfo(np.int64).max // 4


def vus_pr(
    y_true: ArrayLike,
    y_score: ArrayLike,
    largest_buffer: int = LARGEST_BUFFER,
    *,
    definition: str = _TSB_AD,
    n_thresholds: int | None = N_THRESHOLDS,
) -> float:
    """Return VUS-PR, the volume under the surface of precision and recall, by which TSB-AD ranks detectors.

    Parameters
    ----------
    y_true, y_score, largest_buffer, definition, n_thresholds
        As for `volume_under_surface`. In the tables of TSB-AD the largest buffer is the period of each series.

    Returns
    -------
    float
        From 0 to 1.

    Examples
    --------
    >>> vus_pr([0, 0, 0, 1, 1, 0, 0, 0], [0, 0, 1, 3, 2, 0, 0, 0], largest_buffer=2)
    1.0
    """
    return volume_under_surface(
        y_true, y_score, largest_buffer, curve="pr", definition=definition, n_thresholds=n_thresholds
    )


def vus_roc(
    y_true: ArrayLike,
    y_score: ArrayLike,
    largest_buffer: int = LARGEST_BUFFER,
    *,
    definition: str = _TSB_AD,
    n_thresholds: int | None = N_THRESHOLDS,
) -> float:
    """Return VUS-ROC, the volume under the ROC surface.

    Parameters
    ----------
    y_true, y_score, largest_buffer, definition, n_thresholds
        As for `volume_under_surface`.

    Returns
    -------
    float
        From 0 to 1. Where anomalies are rare it is near 1 for detectors that nobody could use: see `vus_pr`.

    Examples
    --------
    >>> vus_roc([0, 0, 0, 1, 1, 0, 0, 0], [0, 0, 1, 3, 2, 0, 0, 0], largest_buffer=2) > 0.9
    True
    """
    return volume_under_surface(
        y_true, y_score, largest_buffer, curve="roc", definition=definition, n_thresholds=n_thresholds
    )


def volume_under_surface(
    y_true: ArrayLike,
    y_score: ArrayLike,
    largest_buffer: int = LARGEST_BUFFER,
    *,
    curve: str = "roc",
    definition: str = _TSB_AD,
    n_thresholds: int | None = N_THRESHOLDS,
) -> float:
    """Return the volume under the surface: the mean of `range_auc` over all buffers from 0 to the largest.

    The volume depends neither on a threshold nor on one choice of the tolerance at the borders of events. Figures are
    comparable only if definition and largest buffer are the same.

    Parameters
    ----------
    y_true : array_like of 0 and 1 of shape (n_steps,)
        True labels of both classes.
    y_score : array_like of shape (n_steps,)
        Anomaly scores.
    largest_buffer : int, default 100
        In steps.
    curve : {"roc", "pr"}, default "roc"
        Curve of true and false positive rate, or of recall and precision.
    definition : {"tsb-ad", "aeon"}, default "tsb-ad"
        The program whose result is returned, see `anomaly.metrics.surface`.
    n_thresholds : int or None, default 250
        Number of thresholds: scores at equally spaced ranks. None stands for all distinct scores.

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
    Paparrizos et al., PVLDB 15 (2022): VUS-ROC and VUS-PR.

    Examples
    --------
    >>> volume_under_surface([0, 0, 0, 1, 1, 0, 0, 0], [0, 0, 0, 2, 2, 0, 0, 0], 4) > 0.9
    True
    """
    check_steps(largest_buffer, "largest_buffer")
    surface = _surface(y_true, y_score, curve, definition, n_thresholds)
    return float(np.mean([surface.area(buffer, curve) for buffer in range(largest_buffer + 1)]))


def range_auc(
    y_true: ArrayLike,
    y_score: ArrayLike,
    buffer: int,
    *,
    curve: str = "roc",
    definition: str = _TSB_AD,
    n_thresholds: int | None = N_THRESHOLDS,
) -> float:
    """Return the area under the curve for labels with soft borders: one slice of `volume_under_surface`.

    Parameters
    ----------
    y_true : array_like of 0 and 1 of shape (n_steps,)
        True labels of both classes.
    y_score : array_like of shape (n_steps,)
        Anomaly scores.
    buffer : int
        In steps; with 0 or 1 the labels are binary.
    curve, definition, n_thresholds
        As for `volume_under_surface`.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ValueError
        If lengths differ, labels are all alike or not 0 and 1, scores are not finite, or a parameter is out of range.

    Notes
    -----
    With "aeon" the area is 0 if all scores are equal, as in that program.

    References
    ----------
    Paparrizos et al., PVLDB 15 (2022): R-AUC-ROC and R-AUC-PR.

    Examples
    --------
    >>> range_auc([0, 0, 1, 0], [0.1, 0.2, 0.9, 0.3], buffer=0)
    1.0
    """
    check_steps(buffer, "buffer")
    return _surface(y_true, y_score, curve, definition, n_thresholds).area(buffer, curve)


def _surface(y_true: ArrayLike, y_score: ArrayLike, curve: str, definition: str, n_thresholds: int | None) -> _Surface:
    truth, scores = check_labels_and_scores(y_true, y_score, "step")
    check_both_classes(truth, "event metrics", "step")
    check_value("curve", curve, _CURVES)
    check_value("definition", definition, _DEFINITIONS)
    check_value("n_thresholds", n_thresholds, integer(least=2) | choice(None))
    return _Surface(truth, scores, definition, n_thresholds)


class _Surface:
    """Curves of one series for any buffer.

    Thresholds are numbered from the highest. Each step has the number of the first threshold that flags it, and counts
    at a threshold are sums over the steps with its number or a lower one: a buffer costs the steps of the buffers
    alone.
    """

    def __init__(self, truth: Array, scores: Array, definition: str, n_thresholds: int | None) -> None:
        self._aeon = definition == _AEON
        thresholds = _thresholds(scores, n_thresholds)
        self._n_thresholds = len(thresholds)
        self._first = np.searchsorted(-thresholds, -scores)
        self._constant = bool(scores.min() == scores.max())
        self._n_steps, self._n_positives = len(truth), int(truth.sum())
        self._flagged = self._cumulated(self._first)
        self._hits = self._cumulated(self._first[truth == 1])
        events = np.array(find_segments(truth))
        self._starts, self._lasts = events[:, 0], events[:, 1] - 1
        steps = np.flatnonzero(truth == 0)
        reach, distance, second = _neighbors(steps, self._starts, self._lasts, int(self._aeon))
        order = np.argsort(reach, kind="stable")
        self._reach, self._distance, self._second = reach[order], distance[order], second[order]
        self._normal = self._first[steps[order]]

    def area(self, buffer: int, curve: str) -> float:
        """Return the area under the curve of a buffer."""
        if self._aeon and self._constant:
            return 0.0
        half = buffer // 2
        n = int(np.searchsorted(self._reach, half, side="right"))
        # A label is at least the square root of 1/2: those of two events add up to more than 1.
        alone = np.sqrt(1.0 - self._distance[:n] / max(buffer, 1))
        soft = np.where(self._second[:n] <= half, 1.0, alone)
        flagged_soft = self._cumulated(self._normal[:n], soft)
        positives = self._n_positives + (soft.sum() if self._aeon else flagged_soft) / 2
        hits = self._hits + flagged_soft
        recall = np.minimum(hits / positives, 1.0) * self._detected(half)
        if curve == "pr":
            precision = np.append(1.0, hits / self._flagged)
            heights = (precision[1:] + precision[:-1]) / 2 if self._aeon else precision[1:]
            return float(np.diff(recall, prepend=0.0) @ heights)
        false = np.minimum((self._flagged - hits) / (self._n_steps - positives), 1.0)
        x, y = np.concatenate([[0.0], false, [1.0]]), np.concatenate([[0.0], recall, [1.0]])
        return float(np.diff(x) @ (y[1:] + y[:-1]) / 2)

    def _detected(self, half: int) -> Array:
        """Return the fraction of events, with their buffers, that have a flag at each threshold."""
        after = half - 1 if self._aeon and half else half
        borders = np.column_stack([self._starts - half, self._lasts + after + 1])
        joined = borders[1:, 0] <= borders[:-1, 1] - 1
        # "aeon" joins buffers that touch, and its later buffer is shorter by the step by which they then overlap.
        if self._aeon:
            joined = borders[1:, 0] <= borders[:-1, 1]
        starts = borders[np.append(True, ~joined), 0].clip(0)
        ends = borders[np.append(~joined, True), 1].clip(None, self._n_steps)
        # Pairs of a start and an end: every second result is that between two events.
        highest = np.minimum.reduceat(np.append(self._first, self._n_thresholds), np.stack([starts, ends]).T.ravel())
        return self._cumulated(highest[::2]) / len(starts)

    def _cumulated(self, first: Array, weights: Array | None = None) -> Array:
        return np.cumsum(np.bincount(first, weights, self._n_thresholds))


def _thresholds(scores: Array, number: int | None) -> Array:
    if number is None:
        return np.unique(scores)[::-1]
    return np.sort(scores)[::-1][np.linspace(0, len(scores) - 1, number).astype(np.int64)]


def _neighbors(steps: Array, starts: Array, lasts: Array, shorter: int) -> tuple[Array, Array, Array]:
    """Return the half buffer that reaches each normal step, the distance of its event, and the next half buffer.

    The next one is that from which the step is in the buffers of two events. Buffers after an event are `shorter` by
    so many steps.
    """
    after = np.searchsorted(starts, steps)
    candidates = []
    for number, is_before in ((after - 2, True), (after - 1, True), (after, False), (after + 1, False)):
        inside = (number >= 0) & (number < len(starts))
        known = number.clip(0, len(starts) - 1)
        distance = np.where(inside, steps - lasts[known] if is_before else starts[known] - steps, _FAR)
        candidates.append((distance + shorter * is_before, distance))
    reaches, distances = np.stack([reach for reach, _ in candidates]), np.stack([one for _, one in candidates])
    order = np.argsort(reaches, axis=0, kind="stable")[:2]
    nearest, second = np.take_along_axis(reaches, order, axis=0)
    return nearest, np.take_along_axis(distances, order[:1], axis=0)[0], second
