"""The best of one rate where another one is at least a given value, over the thresholds of predictions."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.eager import Scalar
from nnlite.metrics.confusion import CountingMetric, Counts, as_weights, count_outcomes
from nnlite.types import Array
from nnlite.validation import check_argument, choice, integer, number


class _AtLeast(CountingMetric):
    """Base of the metrics: the largest of the wanted rates among the thresholds at which the other is high enough.

    A subclass says in `rates` which rate is bounded and which is wanted.
    """

    bounded = ""
    """Name of the argument with the bound."""

    def __init__(
        self, bound: float, num_thresholds: int = 200, class_id: int | None = None, name: Any = None, dtype: Any = None
    ) -> None:
        check_argument(self, self.bounded, bound, number(0, most=1))
        check_argument(self, "num_thresholds", num_thresholds, integer(least=1))
        check_argument(self, "class_id", class_id, choice(None) | integer(least=0))
        self.num_thresholds, self.class_id = num_thresholds, class_id
        self.bound = bound
        self.thresholds = np.linspace(0, 1, num_thresholds) if num_thresholds > 1 else np.array([0.5])
        super().__init__(name, dtype)
        self.reset_state()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count the outcomes of a batch."""
        p = np.asarray(y_pred, np.float32)
        y = np.asarray(y_true).reshape(p.shape)
        weights = as_weights(sample_weight, p.shape)
        if self.class_id is not None:
            y, p, weights = (part[..., self.class_id] for part in (y, p, weights))
        columns = [part.reshape(-1, 1) for part in (y, p, weights)]
        counts = count_outcomes(columns[0], columns[1], self.thresholds.astype(np.float32), columns[2])
        self._counts = counts if self._counts is None else self._counts + counts

    def rates(self, counts: Counts) -> tuple[Array, Array]:
        """Return the bounded rate and the wanted one, for each threshold."""
        raise NotImplementedError

    def result(self) -> Any:
        """Return the largest wanted rate; 0 where the bound is never reached."""
        if self._counts is None:
            return Scalar(0.0)
        bounded, wanted = self.rates(Counts(*(part[:, 0] for part in self._counts)))
        reached = wanted[bounded >= self.bound]
        return Scalar(reached.max() if reached.size else 0.0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"num_thresholds": self.num_thresholds, self.bounded: self.bound, "class_id": self.class_id}
        return {**super().get_config(), **own}


class SensitivityAtSpecificity(_AtLeast):
    r"""Largest sensitivity :math:`TP / (TP + FN)` where the specificity is at least a given value.

    Parameters
    ----------
    specificity : float
        Least specificity :math:`TN / (TN + FP)`, from 0 to 1.
    num_thresholds : int, default 200
        Number of thresholds from 0 to 1.
    class_id : int, optional
        Column of the only label that is counted.
    name, dtype : str, optional
        See `Metric`.

    Examples
    --------
    >>> SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8])
    0.5
    """

    bounded = "specificity"

    def __init__(self, specificity: float, *arguments: Any, **settings: Any) -> None:
        super().__init__(specificity, *arguments, **settings)

    @property
    def specificity(self) -> float:
        """The least specificity."""
        return self.bound

    def rates(self, counts: Counts) -> tuple[Array, Array]:
        """Return specificities and sensitivities."""
        return _specificity(counts), _sensitivity(counts)


class SpecificityAtSensitivity(_AtLeast):
    """Largest specificity where the sensitivity is at least a given value; see `SensitivityAtSpecificity`.

    Examples
    --------
    >>> round(SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8]), 4)
    0.6667
    """

    bounded = "sensitivity"

    def __init__(self, sensitivity: float, *arguments: Any, **settings: Any) -> None:
        super().__init__(sensitivity, *arguments, **settings)

    @property
    def sensitivity(self) -> float:
        """The least sensitivity."""
        return self.bound

    def rates(self, counts: Counts) -> tuple[Array, Array]:
        """Return sensitivities and specificities."""
        return _sensitivity(counts), _specificity(counts)


class PrecisionAtRecall(_AtLeast):
    """Largest precision where the recall is at least a given value; see `SensitivityAtSpecificity`.

    Examples
    --------
    >>> PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8])
    0.5
    """

    bounded = "recall"

    def __init__(self, recall: float, *arguments: Any, **settings: Any) -> None:
        super().__init__(recall, *arguments, **settings)

    @property
    def recall(self) -> float:
        """The least recall."""
        return self.bound

    def rates(self, counts: Counts) -> tuple[Array, Array]:
        """Return recalls and precisions."""
        return _sensitivity(counts), _precision(counts)


class RecallAtPrecision(_AtLeast):
    """Largest recall where the precision is at least a given value; see `SensitivityAtSpecificity`.

    Examples
    --------
    >>> RecallAtPrecision(0.8)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9])
    0.5
    """

    bounded = "precision"

    def __init__(self, precision: float, *arguments: Any, **settings: Any) -> None:
        super().__init__(precision, *arguments, **settings)

    @property
    def precision(self) -> float:
        """The least precision."""
        return self.bound

    def rates(self, counts: Counts) -> tuple[Array, Array]:
        """Return precisions and recalls."""
        return _precision(counts), _sensitivity(counts)


def _sensitivity(counts: Counts) -> Array:
    return _divide(counts.true_positives, counts.true_positives + counts.false_negatives)


def _specificity(counts: Counts) -> Array:
    return _divide(counts.true_negatives, counts.true_negatives + counts.false_positives)


def _precision(counts: Counts) -> Array:
    return _divide(counts.true_positives, counts.true_positives + counts.false_positives)


def _divide(a: Array, b: Array) -> Array:
    """Return a / b, and 0 where b is 0."""
    return np.divide(a, b, out=np.zeros_like(a), where=b != 0)
