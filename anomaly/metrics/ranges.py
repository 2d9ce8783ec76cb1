r"""Range-based precision and recall: how much of each alarm and of each event overlaps, not only whether.

For alarms P and events R as ranges of steps, with the overlap :math:`\omega` as a fraction of the first range and
:math:`\gamma = 1 / m` for a range that overlaps m of the others,

.. math::

    \text{recall} = \frac{1}{|R|} \sum_{r \in R} \bigl( \alpha [r \cap P \ne \emptyset]
    + (1 - \alpha)\, \gamma(r)\, \omega(r, P) \bigr), \qquad
    \text{precision} = \frac{1}{|P|} \sum_{p \in P} \gamma(p)\, \omega(p, R).

The bias is flat: each step of a range has the same weight. An alarm that never ends has a precision of at most the
fraction of anomalous steps.

References
----------
Tatbul, Lee, Zdonik, Alam & Gottschlich, "Precision and recall for time series", NeurIPS 2018.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from anomaly.events import find_segments
from anomaly.metrics.validation import check_label_pair
from nnlite.types import Array
from nnlite.validation import check_value, number

EXISTENCE_WEIGHT = 0.2
"""The weight of a detected event beside its overlap by default: that of TSB-AD's R-based-F1."""


def range_precision_recall_f1(
    y_true: ArrayLike, y_pred: ArrayLike, existence_weight: float = EXISTENCE_WEIGHT
) -> tuple[float, float, float]:
    r"""Return range-based precision and recall, and their harmonic mean.

    Parameters
    ----------
    y_true, y_pred : array_like of 0 and 1 of shape (n_steps,)
        True and predicted labels.
    existence_weight : float, default 0.2
        :math:`\alpha`, from 0 to 1: the weight of detecting an event at all in the recall.

    Returns
    -------
    precision, recall, f1 : float
        From 0 to 1; precision is 0 without alarms, recall is 0 without events, and f1 is 0 if both are.

    Raises
    ------
    ValueError
        If lengths differ, labels are not 0 and 1, or the weight is not from 0 to 1.

    References
    ----------
    Tatbul et al., NeurIPS 2018, with flat bias and reciprocal cardinality.

    Examples
    --------
    One alarm of four steps overlaps one of two events, in half of its steps and half of the event's.

    >>> precision, recall, f1 = range_precision_recall_f1([0, 0, 1, 1, 1, 1, 0, 1], [1, 1, 1, 1, 0, 0, 0, 0])
    >>> precision, recall
    (0.5, 0.3)
    """
    check_value("existence_weight", existence_weight, number(least=0, most=1))
    truth, flags = check_label_pair(y_true, y_pred, "step")
    _, precision = _overlaps(flags, truth)
    existence, overlap = _overlaps(truth, flags)
    recall = existence_weight * existence + (1 - existence_weight) * overlap
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _overlaps(ranges: Array, others: Array) -> tuple[float, float]:
    """Return the fraction of ranges that overlap others, and the mean of overlap over number of overlapping others."""
    segments = find_segments(ranges)
    if not segments:
        return 0.0, 0.0
    existence, overlap = 0, 0.0
    for start, end in segments:
        inside = others[start:end]
        m = len(find_segments(inside))
        existence += m > 0
        overlap += float(np.mean(inside)) / m if m else 0.0
    return existence / len(segments), overlap / len(segments)
