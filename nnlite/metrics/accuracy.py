"""Accuracies: fractions of correct predictions."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.metrics.base import Metric
from nnlite.types import Array


class BinaryAccuracy(Metric):
    """Fraction of predictions on the correct side of the threshold.

    Parameters
    ----------
    name : str, default "binary_accuracy"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    threshold : float, default 0.5
        Predictions above it are 1, others 0.

    Examples
    --------
    >>> metric = BinaryAccuracy()
    >>> metric.update_state([[1.0], [0.0], [1.0]], [[0.9], [0.2], [0.4]])
    >>> round(metric.result(), 4)
    0.6667
    """

    def __init__(self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Update the mean with a batch; weights of single predictions weight these.

        Other arguments are those of `Metric`.
        """
        y, p = np.asarray(y_true), np.asarray(y_pred)
        if sample_weight is None or np.ndim(sample_weight) < p.ndim or np.shape(sample_weight)[-1] != p.shape[-1]:
            super().update_state(y, p, sample_weight)
        else:
            self._add(self._correct(y, p), sample_weight)

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return the fraction of correct predictions of each sample."""
        fraction: Array = self._correct(y_true, y_pred).mean(axis=-1)
        return fraction

    def _correct(self, y_true: Array, y_pred: Array) -> Array:
        y_true = y_true[..., np.newaxis] if y_true.ndim == y_pred.ndim - 1 else y_true
        correct: Array = (y_pred > self.threshold) == y_true
        return correct

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "threshold": self.threshold}


class CategoricalAccuracy(Metric):
    """Fraction of samples whose largest prediction is that of the true class, for one-hot targets.

    Parameters
    ----------
    name : str, default "categorical_accuracy"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    """

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return True for each correct prediction."""
        correct: Array = y_true.argmax(axis=-1) == y_pred.argmax(axis=-1)
        return correct


class SparseCategoricalAccuracy(Metric):
    """Fraction of samples whose largest prediction is that of the true class, for class numbers as targets.

    Parameters
    ----------
    name : str, default "sparse_categorical_accuracy"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    """

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return True for each correct prediction."""
        numbers = y_true[..., 0] if y_true.ndim == y_pred.ndim else y_true
        correct: Array = numbers == y_pred.argmax(axis=-1)
        return correct


class Accuracy(Metric):
    """Fraction of predictions that equal their targets.

    ``metrics=["accuracy"]`` means another one: that which fits the shapes, `FittingAccuracy`.

    Parameters
    ----------
    name : str, default "accuracy"
        Name in the logs.
    dtype : str, optional
        See `Metric`.

    Examples
    --------
    >>> Accuracy()([1, 2, 3, 4], [0, 2, 3, 4])
    0.75
    """

    class_name = "ExactAccuracy"
    """Name in files, where "Accuracy" means `FittingAccuracy`."""

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return True for each correct prediction."""
        correct: Array = y_true.reshape(y_pred.shape) == y_pred
        return correct


class FittingAccuracy(Metric):
    """Accuracy, of the kind that fits the shapes; the meaning of ``metrics=["accuracy"]``.

    One prediction per sample: `BinaryAccuracy`. Several predictions and as many targets: `CategoricalAccuracy`. Several
    predictions and one class number: `SparseCategoricalAccuracy`.

    Parameters
    ----------
    name : str, default "accuracy"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    """

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    class_name = "Accuracy"
    """Name in files."""

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return the accuracy of each sample."""
        metric: Metric
        if y_pred.ndim == 1 or y_pred.shape[-1] == 1:
            metric = BinaryAccuracy()
        elif y_true.shape == y_pred.shape:
            metric = CategoricalAccuracy()
        else:
            metric = SparseCategoricalAccuracy()
        return metric.values(y_true, y_pred)


class TopKCategoricalAccuracy(Metric):
    """Fraction of samples whose true class is among the k largest predictions, for one-hot targets.

    Parameters
    ----------
    k : int, default 5
        Number of predictions.
    name : str, default "top_k_categorical_accuracy"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    """

    def __init__(self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.k = k

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return True for each sample whose true class is among them."""
        return in_top_k(y_true.argmax(axis=-1), y_pred, self.k)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "k": self.k}


class SparseTopKCategoricalAccuracy(TopKCategoricalAccuracy):
    """Fraction of samples whose true class is among the k largest predictions, for class numbers as targets.

    Parameters
    ----------
    k : int, default 5
        Number of predictions.
    name : str, default "sparse_top_k_categorical_accuracy"
        Name in the logs.
    dtype : str, optional
        See `Metric`.
    from_sorted_ids : bool, default False
        Whether predictions are class numbers, the likeliest first, in place of a score for each class.
    """

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(k, name, dtype)
        self.from_sorted_ids = from_sorted_ids

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return True for each sample whose true class is among them."""
        numbers = y_true[..., 0] if y_true.ndim == y_pred.ndim else y_true
        if self.from_sorted_ids:
            found: Array = (y_pred[..., : self.k] == numbers[..., np.newaxis]).any(axis=-1)
            return found
        return in_top_k(numbers.astype(np.int64), y_pred, self.k)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), **({"from_sorted_ids": True} if self.from_sorted_ids else {})}


def in_top_k(numbers: Array, y_pred: Array, k: int) -> Array:
    """Return whether the prediction for each class number is among the k largest of its sample."""
    own = np.take_along_axis(y_pred, numbers[..., np.newaxis], -1)
    inside: Array = (y_pred > own).sum(axis=-1) < k
    return inside
