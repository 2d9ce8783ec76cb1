"""Accuracies as functions: one value for each sample."""

from __future__ import annotations

import numpy as np

from nnlite.eager import as_tensor
from nnlite.metrics.accuracy import (
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from nnlite.metrics.base import Metric
from nnlite.types import Array, Arrays


def binary_accuracy(y_true: Arrays, y_pred: Arrays, threshold: float = 0.5) -> Array:
    """Return the fraction of correct predictions of each sample; see `BinaryAccuracy`.

    Examples
    --------
    >>> binary_accuracy([[1.0, 0.0]], [[0.9, 0.8]]).tolist()
    [0.5]
    """
    return _values(BinaryAccuracy(threshold=threshold), y_true, y_pred)


def categorical_accuracy(y_true: Arrays, y_pred: Arrays) -> Array:
    """Return 1 for each correct sample, else 0, for one-hot targets; see `CategoricalAccuracy`."""
    return _values(CategoricalAccuracy(), y_true, y_pred)


def sparse_categorical_accuracy(y_true: Arrays, y_pred: Arrays) -> Array:
    """Return 1 for each correct sample, else 0, for class numbers; see `SparseCategoricalAccuracy`.

    Examples
    --------
    >>> sparse_categorical_accuracy([1, 0], [[0.2, 0.8], [0.3, 0.7]]).tolist()
    [1.0, 0.0]
    """
    return _values(SparseCategoricalAccuracy(), y_true, y_pred)


def top_k_categorical_accuracy(y_true: Arrays, y_pred: Arrays, k: int = 5) -> Array:
    """Return 1 for each sample whose class is among the k largest; see `TopKCategoricalAccuracy`."""
    return _values(TopKCategoricalAccuracy(k), y_true, y_pred)


def sparse_top_k_categorical_accuracy(y_true: Arrays, y_pred: Arrays, k: int = 5) -> Array:
    """Return 1 for each sample whose class number is among the k largest predictions."""
    return _values(SparseTopKCategoricalAccuracy(k), y_true, y_pred)


def _values(metric: Metric, y_true: Arrays, y_pred: Arrays) -> Array:
    return as_tensor(np.asarray(metric.values(np.asarray(y_true), np.asarray(y_pred)), np.float32))
