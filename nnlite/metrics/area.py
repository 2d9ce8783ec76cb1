"""The area under a curve: of the true against the false positive rate, or of precision against recall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite.activations import sigmoid
from nnlite.eager import Scalar
from nnlite.metrics.confusion import CountingMetric, Counts, as_weights, count_outcomes
from nnlite.types import Array
from nnlite.validation import check_argument, choice, integer

_EPSILON = 1e-7


class AUC(CountingMetric):
    r"""Area under a curve, approximated from the counts at fixed thresholds between 0 and 1.

    With the true positive rate (recall) y and the false positive rate x at each threshold, the area under the ROC curve
    is a sum of rectangles, :math:`\sum_k (x_k - x_{k+1})\, h_k`, where the height :math:`h_k` is the mean, the smaller
    or the larger of :math:`y_k` and :math:`y_{k+1}`. Between two points of the precision-recall curve, true and
    predicted positives are interpolated linearly instead of precisions, which would be too optimistic.

    Parameters
    ----------
    num_thresholds : int, default 200
        Number of thresholds, at least 2.
    curve : {"ROC", "PR"}, default "ROC"
        Curve.
    summation_method : {"interpolation", "minoring", "majoring"}, default "interpolation"
        Heights.
    name : str, default "auc"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    thresholds : sequence of float, optional
        The thresholds, to which one below 0 and one above 1 are added.
    multi_label : bool, default False
        Whether to average the areas of the columns instead of counting all labels together.
    num_labels : int, optional
        Accepted for compatibility with Keras; the number of columns is read from the data.
    label_weights : sequence of float, optional
        Weight of each column.
    from_logits : bool, default False
        Whether predictions are logits.

    References
    ----------
    Davis & Goadrich, "The relationship between precision-recall and ROC curves", ICML 2006.

    Examples
    --------
    >>> AUC()([0.0, 0.0, 1.0, 1.0], [0.1, 0.6, 0.5, 0.9]).__round__(3)
    0.75
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = "auc",
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        check_argument(self, "num_thresholds", num_thresholds, integer(least=2))
        check_argument(self, "curve", curve, choice("ROC", "PR"))
        check_argument(self, "summation_method", summation_method, choice("interpolation", "minoring", "majoring"))
        inner = [k / (num_thresholds - 1) for k in range(1, num_thresholds - 1)] if thresholds is None else thresholds
        self.thresholds = np.array([-_EPSILON, *sorted(inner), 1 + _EPSILON])
        self.num_thresholds, self.curve, self.summation_method = len(self.thresholds), curve, summation_method
        self.multi_label, self.num_labels, self.label_weights = multi_label, num_labels, label_weights
        self.from_logits = from_logits
        super().__init__(name, dtype)
        self.reset_state()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count the outcomes of a batch."""
        p: Any = np.asarray(y_pred, np.float32)
        p = p.reshape(len(p), -1) if p.ndim < 2 else p
        if self.from_logits:
            p = sigmoid(p)
        y = np.asarray(y_true).reshape(p.shape)
        weights = as_weights(sample_weight, p.shape)
        if self.label_weights is not None and not self.multi_label:
            weights = weights * np.asarray(self.label_weights)
        shape = p.shape if self.multi_label else (-1, 1)
        y, p, weights = (part.reshape(shape) for part in (y, p, weights))
        counts = count_outcomes(y, p, self.thresholds.astype(np.float32), weights)
        self._counts = counts if self._counts is None else self._counts + counts

    def result(self) -> float:
        """Return the area."""
        if self._counts is None:
            return Scalar(0.0)
        interpolated = self.curve == "PR" and self.summation_method == "interpolation"
        areas = _interpolated(self._counts) if interpolated else self._rectangles(self._counts)
        return Scalar(np.average(areas, weights=self.label_weights if self.multi_label else None))

    def _rectangles(self, counts: Counts) -> Array:
        tp, fp, tn, fn = counts
        recall = _divide(tp, tp + fn)
        x, y = (_divide(fp, fp + tn), recall) if self.curve == "ROC" else (recall, _divide(tp, tp + fp))
        low, high = np.minimum(y[:-1], y[1:]), np.maximum(y[:-1], y[1:])
        height = {"interpolation": (low + high) / 2, "minoring": low, "majoring": high}[self.summation_method]
        areas: Array = ((x[:-1] - x[1:]) * height).sum(axis=0)
        return areas

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "curve": self.curve,
            "summation_method": self.summation_method,
            "thresholds": self.thresholds[1:-1].tolist(),
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": self.label_weights,
            "from_logits": self.from_logits,
        }


def _interpolated(counts: Counts) -> Array:
    """Return the area under each precision-recall curve, true and predicted positives interpolated linearly."""
    tp, predicted = counts.true_positives, counts.true_positives + counts.false_positives
    true_steps, steps = tp[:-1] - tp[1:], np.maximum(predicted[:-1] - predicted[1:], 0)
    slope = _divide(true_steps, steps)
    intercept = tp[1:] - slope * predicted[1:]
    both = (predicted[:-1] > 0) & (predicted[1:] > 0)
    ratio = np.where(both, _divide(predicted[:-1], predicted[1:]), 1.0)
    positives = np.maximum(tp[1:] + counts.false_negatives[1:], 0)
    areas: Array = _divide(slope * (true_steps + intercept * np.log(ratio)), positives).sum(axis=0)
    return areas


def _divide(a: Array, b: Array) -> Array:
    """Return a / b, and 0 where b is 0."""
    return np.divide(a, b, out=np.zeros_like(a), where=b != 0)
