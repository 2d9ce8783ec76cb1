"""Counts of true and false positives and negatives, and the ratios of them: precision, recall and F-scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from nnlite.eager import Scalar
from nnlite.metrics.base import Metric
from nnlite.types import Array
from nnlite.validation import check_argument, choice, integer, number, sequence_of

_EPSILON = 1e-7


class Counts(NamedTuple):
    """Weighted numbers of predictions, one for each threshold, or for each threshold and label."""

    true_positives: Array
    false_positives: Array
    true_negatives: Array
    false_negatives: Array

    def __add__(self, other: object) -> Counts:
        """Return the sums."""
        assert isinstance(other, Counts)
        return Counts(*(a + b for a, b in zip(self, other, strict=True)))


def count_outcomes(y_true: Array, y_pred: Array, thresholds: Array, weights: Array) -> Counts:
    """Count the outcomes of predictions above each threshold.

    Parameters
    ----------
    y_true, y_pred, weights : ndarray, shape (n, labels)
        Labels 0 and 1, predictions, and the weight of each of them.
    thresholds : ndarray, shape (k,)
        Thresholds, in increasing order.

    Returns
    -------
    Counts
        Arrays of shape (k, labels).
    """
    # A prediction is above as many thresholds as are smaller: sums from the top are those above each threshold.
    above = np.searchsorted(thresholds, y_pred, side="left")
    k, labels = len(thresholds), y_true.shape[1]
    columns = np.arange(labels)

    def sums(part: Array) -> Array:
        histogram = np.zeros((k + 1, labels))
        np.add.at(histogram, (above, np.broadcast_to(columns, above.shape)), part)
        return np.cumsum(histogram[::-1], axis=0)[::-1][1:]

    positive, negative = weights * (y_true != 0), weights * (y_true == 0)
    tp, fp = sums(positive), sums(negative)
    return Counts(tp, fp, negative.sum(0) - fp, positive.sum(0) - tp)


def as_weights(sample_weight: Any, shape: tuple[int, ...]) -> Array:
    """Return the weight of each prediction, from one weight for each row or each prediction."""
    if sample_weight is None:
        return np.ones(shape)
    weight = np.asarray(sample_weight, np.float64)
    if weight.ndim == len(shape) and weight.shape == shape:
        return weight
    return np.broadcast_to(weight.reshape(weight.shape[:1] + (1,) * (len(shape) - 1)), shape)


class CountingMetric(Metric):
    """Base of the metrics whose state is counts of outcomes."""

    volatile: ClassVar[tuple[str, ...]] = ("_counts",)
    counted: ClassVar[tuple[str, ...]] = Counts._fields
    """Which counts the result depends on, under the names of Keras."""
    _counts: Counts | None

    def __getattr__(self, name: str) -> Any:
        """Return a count, such as ``true_positives``."""
        if name not in Counts._fields:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return np.zeros(1) if self._counts is None else getattr(self._counts, name)

    @property
    def variables(self) -> list[Any]:
        """The counts, under their name in Keras."""
        return [getattr(self, name) for name in self.counted]

    def reset_state(self) -> None:
        """Forget the counts."""
        self._counts = None


class _OfCounts(CountingMetric):
    """Base of the metrics of counts at one threshold or several.

    Parameters
    ----------
    thresholds : float or sequence of float, default 0.5
        Predictions above are positive. With several thresholds there is one result for each.
    top_k : int, optional
        Positive are the largest `top_k` predictions of a sample instead.
    class_id : int, optional
        Column of the only label that is counted.
    """

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        allowed = choice(None) | sequence_of(number(0, most=1), "a number from 0 to 1, or several of them")
        check_argument(self, "thresholds", thresholds, allowed)
        check_argument(self, "top_k", top_k, choice(None) | integer(least=1))
        check_argument(self, "class_id", class_id, choice(None) | integer(least=0))
        self.thresholds = thresholds
        self.top_k, self.class_id = top_k, class_id
        super().__init__(name, dtype)
        self.reset_state()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count the outcomes of a batch."""
        p = np.asarray(y_pred, np.float64)
        if p.ndim < 2:
            # A vector are single predictions, or with `top_k` those of one sample.
            p = p.reshape(-1, 1) if self.top_k is None else p.reshape(1, -1)
        y = np.asarray(y_true, np.float64).reshape(p.shape)
        weights = as_weights(sample_weight, p.shape)
        # Without thresholds, the largest `top_k` count, or predictions above 1/2.
        default = 0.5 if self.top_k is None else -np.inf
        given = default if self.thresholds is None else self.thresholds
        if self.top_k is not None:
            order = np.argsort(-p, axis=-1, kind="stable")
            rank = np.argsort(order, axis=-1, kind="stable")
            p = np.where(rank < self.top_k, p, -np.inf)
        if self.class_id is not None:
            if self.class_id >= p.shape[-1]:
                raise ValueError(
                    f"{type(self).__name__}: class_id {self.class_id} must be a column of the predictions, which have "
                    f"{p.shape[-1]}"
                )
            y, p, weights = (part[..., self.class_id] for part in (y, p, weights))
        thresholds = np.atleast_1d(np.asarray(given, np.float64))
        order = np.argsort(thresholds)
        # float32, in which the models predict: a prediction of 0.3 is not above the threshold 0.3.
        columns = [part.reshape(-1, 1) for part in (y, p, weights)]
        counts = count_outcomes(
            columns[0], columns[1].astype(np.float32), thresholds[order].astype(np.float32), columns[2]
        )
        counts = Counts(*(part[np.argsort(order), 0] for part in counts))
        self._counts = counts if self._counts is None else self._counts + counts

    def of_counts(self, counts: Counts) -> Array:
        """Return the result for each threshold."""
        raise NotImplementedError

    def result(self) -> Any:
        """Return the current value: a float, or an array of one value for each of several thresholds."""
        shape = np.asarray(self.thresholds).shape
        if self._counts is None:
            return np.zeros(shape) if shape else Scalar(0.0)
        values = self.of_counts(self._counts)
        return values if shape else Scalar(values[0])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        thresholds = self.thresholds if self.thresholds is None else np.asarray(self.thresholds).tolist()
        return {**super().get_config(), "thresholds": thresholds}


class _Count(_OfCounts):
    """Base of the metrics that are one of the four counts."""

    def __init__(
        self, thresholds: float | Sequence[float] | None = None, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(thresholds, name=name, dtype=dtype)


class TruePositives(_Count):
    """Number of positive labels that are predicted as positive.

    Parameters
    ----------
    thresholds : float or sequence of float, default 0.5
        Predictions above are positive. With several thresholds there is one result for each.
    name : str, default "true_positives"
        Name in the logs.
    dtype : str, optional
        See `Metric`.

    Examples
    --------
    >>> TruePositives()([[0.0], [1.0], [1.0]], [[0.7], [0.8], [0.4]])
    1.0
    """

    counted = ("true_positives",)

    def of_counts(self, counts: Counts) -> Array:
        """Return the count."""
        return counts.true_positives


class FalsePositives(_Count):
    """Number of negative labels that are predicted as positive; arguments as of `TruePositives`."""

    counted = ("false_positives",)

    def of_counts(self, counts: Counts) -> Array:
        """Return the count."""
        return counts.false_positives


class TrueNegatives(_Count):
    """Number of negative labels that are predicted as negative; arguments as of `TruePositives`."""

    counted = ("true_negatives",)

    def of_counts(self, counts: Counts) -> Array:
        """Return the count."""
        return counts.true_negatives


class FalseNegatives(_Count):
    """Number of positive labels that are predicted as negative; arguments as of `TruePositives`."""

    counted = ("false_negatives",)

    def of_counts(self, counts: Counts) -> Array:
        """Return the count."""
        return counts.false_negatives


class _Ratio(_OfCounts):
    """Base of precision and recall."""

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "top_k": self.top_k, "class_id": self.class_id}


class Precision(_Ratio):
    r"""Fraction of the predicted positives that are positive: :math:`TP / (TP + FP)`, and 0 without any.

    Parameters
    ----------
    thresholds : float or sequence of float, default 0.5
        Predictions above are positive. With several thresholds there is one result for each.
    top_k : int, optional
        Positive are the largest `top_k` predictions of a sample instead.
    class_id : int, optional
        Column of the only label that is counted.
    name : str, default "precision"
        Name in the logs.
    dtype : str, optional
        See `Metric`.

    Examples
    --------
    >>> Precision()([[0.0], [1.0], [1.0]], [[0.7], [0.8], [0.4]])
    0.5
    """

    counted = ("true_positives", "false_positives")

    def of_counts(self, counts: Counts) -> Array:
        """Return the precision."""
        return _divide(counts.true_positives, counts.true_positives + counts.false_positives)


class Recall(_Ratio):
    r"""Fraction of the positives that are predicted: :math:`TP / (TP + FN)`; arguments as of `Precision`.

    Examples
    --------
    >>> Recall()([[0.0], [1.0], [1.0]], [[0.7], [0.8], [0.4]])
    0.5
    """

    counted = ("true_positives", "false_negatives")

    def of_counts(self, counts: Counts) -> Array:
        """Return the recall."""
        return _divide(counts.true_positives, counts.true_positives + counts.false_negatives)


class FBetaScore(Metric):
    r"""Weighted harmonic mean of precision P and recall R, for labels of shape (n, classes).

    .. math:: F_\beta = (1 + \beta^2) \frac{P R}{\beta^2 P + R}

    Parameters
    ----------
    average : {"micro", "macro", "weighted", None}, default None
        The score of all classes counted together; the mean over classes; their mean weighted by the positives of each;
        or one score for each class.
    beta : float, default 1.0
        :math:`\beta`: how many times as important as precision recall is.
    threshold : float, optional
        Predictions above are positive; by default the largest of each sample.
    name : str, default "fbeta_score"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    """

    volatile = ("_sums",)
    _sums: Any

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        check_argument(self, "average", average, choice("micro", "macro", "weighted", None))
        check_argument(self, "beta", beta, number(above=0))
        if threshold is not None:
            check_argument(self, "threshold", threshold, number(above=0, most=1))
        self.average, self.beta, self.threshold = average, beta, threshold
        super().__init__(name, dtype)
        self.reset_state()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count the outcomes of a batch."""
        p = np.asarray(y_pred)
        y = np.asarray(y_true, np.float64).reshape(p.shape)
        if self.threshold is None:
            positive = (p >= p.max(axis=-1, keepdims=True)) & (np.abs(p) > 1e-9)
        else:
            positive = p > self.threshold
        weights = as_weights(sample_weight, p.shape)
        axis = None if self.average == "micro" else 0
        sums = np.stack([(weights * part).sum(axis) for part in (positive * y, positive * (1 - y), (1 - positive) * y)])
        self._sums = sums if self._sums is None else self._sums + sums

    def result(self) -> Any:
        """Return the score, or the score of each class."""
        if self._sums is None:
            return Scalar(0.0)
        tp, fp, fn = self._sums
        precision, recall = tp / (tp + fp + _EPSILON), tp / (tp + fn + _EPSILON)
        squared = self.beta**2
        score = (1 + squared) * precision * recall / (squared * precision + recall + _EPSILON)
        if self.average == "weighted":
            return Scalar((score * (tp + fn)).sum() / ((tp + fn).sum() + _EPSILON))
        return score if self.average is None else Scalar(np.mean(score))

    def reset_state(self) -> None:
        """Forget the counts."""
        self._sums = None

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "average": self.average, "beta": self.beta, "threshold": self.threshold}


class F1Score(FBetaScore):
    """Harmonic mean of precision and recall; see `FBetaScore`.

    Parameters
    ----------
    average, threshold, name, dtype : object
        As for `FBetaScore`.

    Examples
    --------
    >>> F1Score(average="micro", threshold=0.5)([[0.0], [1.0], [1.0]], [[0.7], [0.8], [0.4]]).__round__(4)
    0.5
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        settings = super().get_config()
        settings.pop("beta")
        return settings


def _divide(a: Array, b: Array) -> Array:
    """Return a / b, and 0 where b is 0."""
    return np.divide(a, b, out=np.zeros_like(a), where=b != 0)
