"""Metrics of scores and predicted labels, record by record, against true labels.

Names and conventions are scikit-learn's: the truth comes first, 1 is an anomaly, larger scores are more anomalous.
Tied scores are one step of a curve, so that the order of the records does not matter.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from anomaly.metrics.validation import (
    check_both_classes,
    check_label_pair,
    check_labels,
    check_labels_and_scores,
    check_threshold,
)
from nnlite.types import Array
from nnlite.validation import integer

# -- labels against labels ---------------------------------------------------------------------


def confusion_matrix(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Count records by true and predicted label.

    Parameters
    ----------
    y_true, y_pred : array_like of 0 and 1 of shape (n,)
        True and predicted labels.

    Returns
    -------
    ndarray of int of shape (2, 2)
        ``[[true negatives, false positives], [false negatives, true positives]]``.

    Raises
    ------
    ValueError
        If lengths differ or labels are not 0 and 1.

    Examples
    --------
    >>> confusion_matrix([0, 0, 1, 1], [0, 1, 1, 1]).tolist()
    [[1, 1], [0, 2]]
    """
    true, predicted = check_label_pair(y_true, y_pred)
    return np.bincount(2 * true + predicted, minlength=4).reshape(2, 2)


def precision_score(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    r"""Return the fraction of anomalies among the flagged records, :math:`TP / (TP + FP)`; 0 if none is flagged.

    Parameters
    ----------
    y_true, y_pred : array_like of 0 and 1 of shape (n,)
        True and predicted labels.

    Examples
    --------
    >>> precision_score([0, 1, 1], [1, 1, 0])
    0.5
    """
    (_, fp), (_, tp) = confusion_matrix(y_true, y_pred)
    return _ratio(tp, tp + fp)


def recall_score(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    r"""Return the fraction of anomalies that are flagged, :math:`TP / (TP + FN)`; 0 if there is none.

    Parameters
    ----------
    y_true, y_pred : array_like of 0 and 1 of shape (n,)
        True and predicted labels.

    Examples
    --------
    >>> recall_score([0, 1, 1], [1, 1, 0])
    0.5
    """
    _, (fn, tp) = confusion_matrix(y_true, y_pred)
    return _ratio(tp, tp + fn)


def f1_score(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    r"""Return the harmonic mean of precision and recall, :math:`2 TP / (2 TP + FP + FN)`; 0 if that is 0 / 0.

    Parameters
    ----------
    y_true, y_pred : array_like of 0 and 1 of shape (n,)
        True and predicted labels.

    Examples
    --------
    >>> f1_score([0, 1, 1], [1, 1, 0])
    0.5
    """
    (_, fp), (fn, tp) = confusion_matrix(y_true, y_pred)
    return _ratio(2 * tp, 2 * tp + fp + fn)


def balanced_accuracy_score(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return the mean of the recalls of the normal records and of the anomalies.

    Parameters
    ----------
    y_true, y_pred : array_like of 0 and 1 of shape (n,)
        True and predicted labels.

    Raises
    ------
    ValueError
        If `y_true` contains only one class.

    Examples
    --------
    >>> balanced_accuracy_score([0, 0, 1], [0, 1, 1])
    0.75
    """
    check_both_classes(check_labels(y_true, "y_true"), "balanced accuracy")
    (tn, fp), (fn, tp) = confusion_matrix(y_true, y_pred)
    return (tn / (tn + fp) + tp / (tp + fn)).item() / 2


def matthews_corrcoef(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    r"""Return the correlation of true and predicted labels, from -1 to 1; 0 if either is constant.

    .. math:: \frac{TP \cdot TN - FP \cdot FN}{\sqrt{(TP + FP)(TP + FN)(TN + FP)(TN + FN)}}

    Parameters
    ----------
    y_true, y_pred : array_like of 0 and 1 of shape (n,)
        True and predicted labels.

    References
    ----------
    Matthews, "Comparison of the predicted and observed secondary structure of T4 phage lysozyme", BBA 405 (1975).

    Examples
    --------
    >>> matthews_corrcoef([0, 0, 1, 1], [0, 0, 1, 1])
    1.0
    """
    # Python's integers, since the product of four counts may overflow 64 bits.
    (tn, fp), (fn, tp) = confusion_matrix(y_true, y_pred).tolist()
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return (tp * tn - fp * fn) / math.sqrt(product) if product else 0.0


def false_alarm_rate(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    r"""Return the fraction of normal records that are flagged, :math:`FP / (FP + TN)`; 0 if there is none.

    Parameters
    ----------
    y_true, y_pred : array_like of 0 and 1 of shape (n,)
        True and predicted labels.

    Examples
    --------
    >>> false_alarm_rate([0, 0, 1], [0, 1, 1])
    0.5
    """
    (tn, fp), _ = confusion_matrix(y_true, y_pred)
    return _ratio(fp, fp + tn)


def missed_alarm_rate(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    r"""Return the fraction of anomalies that are not flagged, :math:`FN / (FN + TP)`; 0 if there is none.

    Parameters
    ----------
    y_true, y_pred : array_like of 0 and 1 of shape (n,)
        True and predicted labels.

    Examples
    --------
    >>> missed_alarm_rate([0, 1, 1], [0, 1, 0])
    0.5
    """
    _, (fn, tp) = confusion_matrix(y_true, y_pred)
    return _ratio(fn, fn + tp)


# -- scores against labels ---------------------------------------------------------------------


def roc_curve(y_true: ArrayLike, y_score: ArrayLike, drop_intermediate: bool = True) -> tuple[Array, Array, Array]:
    """Return the false and the true positive rate for every threshold.

    Parameters
    ----------
    y_true : array_like of 0 and 1 of shape (n,)
        True labels.
    y_score : array_like of shape (n,)
        Anomaly scores.
    drop_intermediate : bool, default True
        Whether to drop points inside straight segments of the curve.

    Returns
    -------
    fpr, tpr : ndarray
        Fractions of normal records and of anomalies whose score is at least the threshold, increasing from 0 to 1.
    thresholds : ndarray
        Decreasing; the first is infinity, where no record is flagged.

    Raises
    ------
    ValueError
        If lengths differ, labels are not 0 and 1, scores are not finite, or `y_true` contains only one class.

    References
    ----------
    Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27 (2006).

    Examples
    --------
    >>> fpr, tpr, thresholds = roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> fpr.tolist(), tpr.tolist()
    ([0.0, 0.0, 0.5, 0.5, 1.0], [0.0, 0.5, 0.5, 1.0, 1.0])
    """
    labels, scores = check_labels_and_scores(y_true, y_score)
    check_both_classes(labels, "the ROC curve")
    fp, tp, thresholds = counts_by_threshold(labels, scores)
    if drop_intermediate and len(fp) > 2:
        corners = np.r_[True, np.logical_or(np.diff(fp, 2), np.diff(tp, 2)), True]
        fp, tp, thresholds = fp[corners], tp[corners], thresholds[corners]
    fp, tp, thresholds = np.r_[0, fp], np.r_[0, tp], np.r_[np.inf, thresholds]
    return fp / fp[-1], tp / tp[-1], thresholds


def auc(x: ArrayLike, y: ArrayLike) -> float:
    """Return the area under a curve by the trapezoidal rule.

    Parameters
    ----------
    x : array_like of shape (n,)
        Abscissas, monotonic.
    y : array_like of shape (n,)
        Ordinates.

    Raises
    ------
    ValueError
        If there are fewer than two points, lengths differ, numbers are not finite, or `x` is not monotonic.

    Examples
    --------
    >>> auc([0.0, 0.5, 1.0], [0.0, 1.0, 1.0])
    0.75
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if x.ndim != 1 or x.shape != y.shape or len(x) < 2:
        raise ValueError(f"auc needs two or more points; found x of shape {x.shape} and y of shape {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("auc needs finite numbers; found NaN or infinity in x or y")
    steps = np.diff(x)
    if (steps < 0).any() and (steps > 0).any():
        raise ValueError("auc needs x to be increasing or decreasing; found both")
    area = float((steps * (y[1:] + y[:-1]) / 2).sum())
    return -area if (steps < 0).any() else area


def roc_auc_score(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Return the area under the ROC curve: the probability that a random anomaly outscores a random normal record.

    Ties have weight one half.

    Parameters
    ----------
    y_true : array_like of 0 and 1 of shape (n,)
        True labels.
    y_score : array_like of shape (n,)
        Anomaly scores.

    Raises
    ------
    ValueError
        As for `roc_curve`.

    Examples
    --------
    >>> roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    fpr, tpr, _ = roc_curve(y_true, y_score)
    return auc(fpr, tpr)


def precision_recall_curve(y_true: ArrayLike, y_score: ArrayLike) -> tuple[Array, Array, Array]:
    """Return precision and recall for every threshold.

    Parameters
    ----------
    y_true : array_like of 0 and 1 of shape (n,)
        True labels.
    y_score : array_like of shape (n,)
        Anomaly scores.

    Returns
    -------
    precision, recall : ndarray of shape (n_thresholds + 1,)
        For records that score at least the threshold; the last point is (1, 0), where no record is flagged.
    thresholds : ndarray of shape (n_thresholds,)
        Increasing.

    Raises
    ------
    ValueError
        If lengths differ, labels are not 0 and 1, scores are not finite, or there is no anomaly.

    Examples
    --------
    >>> precision, recall, thresholds = precision_recall_curve([0, 1, 1], [0.1, 0.4, 0.8])
    >>> precision.round(3).tolist(), recall.tolist()
    ([0.667, 1.0, 1.0, 1.0], [1.0, 1.0, 0.5, 0.0])
    """
    labels, scores = check_labels_and_scores(y_true, y_score)
    if not labels.any():
        raise ValueError("precision and recall need at least one anomaly (label 1); found normal records alone")
    fp, tp, thresholds = counts_by_threshold(labels, scores)
    precision, recall = tp / (tp + fp), tp / tp[-1]
    return np.r_[precision[::-1], 1.0], np.r_[recall[::-1], 0.0], thresholds[::-1]


def average_precision_score(y_true: ArrayLike, y_score: ArrayLike) -> float:
    r"""Return the mean precision over the anomalies: :math:`\sum_k (R_k - R_{k-1})\, P_k`.

    Parameters
    ----------
    y_true : array_like of 0 and 1 of shape (n,)
        True labels.
    y_score : array_like of shape (n,)
        Anomaly scores.

    Raises
    ------
    ValueError
        As for `precision_recall_curve`.

    Examples
    --------
    >>> round(average_precision_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
    0.8333
    """
    precision, recall, _ = precision_recall_curve(y_true, y_score)
    return float(-(np.diff(recall) * precision[:-1]).sum())


def precision_at_k(y_true: ArrayLike, y_score: ArrayLike, k: int | None = None) -> float:
    """Return the fraction of anomalies among the k records with the highest scores.

    Where several records tie for the last ranks, the result is the expected value over random orders of the tied
    records, and so does not depend on the order of the records.

    Parameters
    ----------
    y_true : array_like of 0 and 1 of shape (n,)
        True labels.
    y_score : array_like of shape (n,)
        Anomaly scores.
    k : int, optional
        Number of records; by default the number of anomalies.

    Raises
    ------
    ValueError
        If `k` is not from 1 to n, or it is not given and there is no anomaly.

    Examples
    --------
    >>> precision_at_k([0, 1, 0, 1], [0.1, 0.9, 0.8, 0.7])
    0.5
    """
    labels, scores = check_labels_and_scores(y_true, y_score)
    if not labels.any():
        raise ValueError("precision at k needs at least one anomaly (label 1); found 0 among the labels")
    k = int(labels.sum()) if k is None else k
    if not integer(1, len(labels)).accepts(k):
        raise ValueError(f"k must be a whole number from 1 to the number of records, {len(labels)}; found {k!r}")
    last = np.sort(scores)[-k]
    above, tied = scores > last, scores == last
    n_tied = k - int(above.sum())
    return float((labels[above].sum() + labels[tied].mean() * n_tied) / k)


# -- all metrics -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Evaluation:
    """All metrics of one set of labelled records.

    Attributes
    ----------
    n_records, n_anomalies, n_flagged : int
        Numbers of records, of true anomalies, and of flagged records.
    threshold : float or None
        Records that score above it are flagged.
    roc_auc, average_precision, precision_at_n : float
        Metrics of the scores, independent of the threshold; the last is `precision_at_k` with the number of anomalies.
    precision, recall, f1, balanced_accuracy, mcc, false_alarm_rate, missed_alarm_rate : float
        Metrics of the predicted labels.
    true_negatives, false_positives, false_negatives, true_positives : int
        Confusion matrix.
    """

    n_records: int
    n_anomalies: int
    n_flagged: int
    threshold: float | None
    roc_auc: float
    average_precision: float
    precision_at_n: float
    precision: float
    recall: float
    f1: float
    balanced_accuracy: float
    mcc: float
    false_alarm_rate: float
    missed_alarm_rate: float
    true_negatives: int
    false_positives: int
    false_negatives: int
    true_positives: int

    def to_dict(self) -> dict[str, Any]:
        """Return the metrics by name."""
        return asdict(self)

    def __str__(self) -> str:
        width = max(len(field.name) for field in fields(self)) + 2
        lines = []
        for name, value in self.to_dict().items():
            text = f"{value:,}" if isinstance(value, int) else "-" if value is None else f"{value:.4f}"
            if name == "threshold" and value is not None:
                text = f"{value:.6g}"
            lines.append(f"{name.replace('_', ' '):<{width}}{text:>12}")
        return "\n".join(lines)


def evaluate(
    y_true: ArrayLike,
    y_score: ArrayLike,
    threshold: float | None = None,
    y_pred: ArrayLike | None = None,
) -> Evaluation:
    """Compute all metrics of one set of labelled records.

    Parameters
    ----------
    y_true : array_like of 0 and 1 of shape (n,)
        True labels.
    y_score : array_like of shape (n,)
        Anomaly scores.
    threshold : float, optional
        Records that score above it are flagged.
    y_pred : array_like of 0 and 1 of shape (n,), optional
        Predicted labels, in place of a threshold.

    Returns
    -------
    Evaluation
        The metrics; its text is a table.

    Raises
    ------
    ValueError
        If neither or both of `threshold` and `y_pred` are given, the threshold is NaN, or a metric is undefined for the
        labels or scores.

    Examples
    --------
    >>> evaluate([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], threshold=0.37).recall
    0.5
    """
    if (threshold is None) == (y_pred is None):
        raise ValueError("evaluate needs either threshold or y_pred; give one of them")
    if threshold is not None:
        check_threshold(threshold)
    labels, scores = check_labels_and_scores(y_true, y_score)
    check_both_classes(labels, "an evaluation")
    flags = check_labels(y_pred, "y_pred") if y_pred is not None else (scores > threshold).astype(np.int64)
    (tn, fp), (fn, tp) = confusion_matrix(labels, flags).tolist()
    return Evaluation(
        n_records=len(labels),
        n_anomalies=tp + fn,
        n_flagged=tp + fp,
        threshold=None if threshold is None else float(threshold),
        roc_auc=roc_auc_score(labels, scores),
        average_precision=average_precision_score(labels, scores),
        precision_at_n=precision_at_k(labels, scores),
        precision=precision_score(labels, flags),
        recall=recall_score(labels, flags),
        f1=f1_score(labels, flags),
        balanced_accuracy=balanced_accuracy_score(labels, flags),
        mcc=matthews_corrcoef(labels, flags),
        false_alarm_rate=false_alarm_rate(labels, flags),
        missed_alarm_rate=missed_alarm_rate(labels, flags),
        true_negatives=tn,
        false_positives=fp,
        false_negatives=fn,
        true_positives=tp,
    )


# -- counts ------------------------------------------------------------------------------------


def counts_by_threshold(labels: Array, scores: Array) -> tuple[Array, Array, Array]:
    """Return false positives, true positives and threshold at each distinct score, the highest first.

    Parameters
    ----------
    labels : ndarray of int of shape (n,)
        True labels, 0 or 1.
    scores : ndarray of float of shape (n,)
        Anomaly scores; records that score at least the threshold are flagged.

    Returns
    -------
    false_positives, true_positives : ndarray of int of shape (n_distinct,)
        Numbers of flagged normal records and of flagged anomalies.
    thresholds : ndarray of float of shape (n_distinct,)
        Decreasing.
    """
    order = np.argsort(-scores, kind="stable")
    labels, scores = labels[order], scores[order]
    # No threshold separates equal scores: only the last record of each is a point of the curve.
    ends = np.r_[np.flatnonzero(np.diff(scores)), len(scores) - 1]
    tp = np.cumsum(labels)[ends]
    return 1 + ends - tp, tp, scores[ends]


def _ratio(part: Any, whole: Any) -> float:
    return float(part / whole) if whole else 0.0
