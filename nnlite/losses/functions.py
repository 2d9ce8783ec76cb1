"""Losses as functions: one value for each sample."""

from __future__ import annotations

from nnlite.losses.base import values_per_sample
from nnlite.losses.classes import CategoricalHinge, Hinge, KLDivergence, SquaredHinge
from nnlite.losses.crossentropy import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy
from nnlite.losses.numbers import (
    CosineSimilarity,
    LogCosh,
    MeanAbsolutePercentageError,
    MeanSquaredLogarithmicError,
    Poisson,
)
from nnlite.losses.regression import Huber, MaskedMeanSquaredError, MeanAbsoluteError, MeanSquaredError
from nnlite.types import Array, Arrays


def mean_squared_error(y_true: Arrays, y_pred: Arrays) -> Array:
    """Return the mean squared error of each sample, such as the reconstruction error of each record.

    Parameters
    ----------
    y_true, y_pred : array_like of shape (..., d)
        Targets and predictions.

    Returns
    -------
    ndarray of shape (...)
        Mean over the last axis.

    Examples
    --------
    >>> mean_squared_error([[0.0, 0.0], [0.0, 1.0]], [[1.0, 3.0], [0.0, 1.0]]).tolist()
    [5.0, 0.0]
    """
    return values_per_sample(MeanSquaredError(), y_true, y_pred)


def masked_mean_squared_error(y_true: Arrays, y_pred: Arrays) -> Array:
    """Return the squared error of the known targets of each sample; see `MaskedMeanSquaredError`.

    Parameters
    ----------
    y_true : array_like of shape (..., d)
        Targets; NaN where they are unknown.
    y_pred : array_like of shape (..., d)
        Predictions.

    Returns
    -------
    ndarray of shape (...)
        Sum over the known targets, divided by d; 0 without any.

    Examples
    --------
    >>> import numpy as np
    >>> masked_mean_squared_error([[0.0, np.nan], [0.0, 1.0]], [[2.0, 3.0], [2.0, 1.0]]).tolist()
    [2.0, 2.0]
    """
    return values_per_sample(MaskedMeanSquaredError(), y_true, y_pred)


def mean_absolute_error(y_true: Arrays, y_pred: Arrays) -> Array:
    """Return the mean absolute error of each sample; see `mean_squared_error`.

    Examples
    --------
    >>> mean_absolute_error([[0.0, 0.0]], [[1.0, -3.0]]).tolist()
    [2.0]
    """
    return values_per_sample(MeanAbsoluteError(), y_true, y_pred)


def huber(y_true: Arrays, y_pred: Arrays, delta: float = 1.0) -> Array:
    """Return the Huber loss of each sample; see `mean_squared_error`.

    Examples
    --------
    >>> huber([[0.0, 0.0]], [[0.0, 3.0]]).tolist()
    [1.25]
    """
    return values_per_sample(Huber(delta), y_true, y_pred)


def mean_absolute_percentage_error(y_true: Arrays, y_pred: Arrays) -> Array:
    """Return the mean absolute error of each sample in percent of the targets; see `mean_squared_error`.

    Examples
    --------
    >>> mean_absolute_percentage_error([[1.0, 2.0]], [[1.5, 2.0]]).tolist()
    [25.0]
    """
    return values_per_sample(MeanAbsolutePercentageError(), y_true, y_pred)


def mean_squared_logarithmic_error(y_true: Arrays, y_pred: Arrays) -> Array:
    """Return the mean squared error of the logarithms of each sample; see `MeanSquaredLogarithmicError`."""
    return values_per_sample(MeanSquaredLogarithmicError(), y_true, y_pred)


def log_cosh(y_true: Arrays, y_pred: Arrays) -> Array:
    """Return the mean of ln cosh of the errors of each sample; see `LogCosh`."""
    return values_per_sample(LogCosh(), y_true, y_pred)


def poisson(y_true: Arrays, y_pred: Arrays) -> Array:
    """Return the Poisson loss of each sample; see `Poisson`."""
    return values_per_sample(Poisson(), y_true, y_pred)


def cosine_similarity(y_true: Arrays, y_pred: Arrays, axis: int = -1) -> Array:
    """Return the negative cosine of the angle between targets and predictions; see `CosineSimilarity`.

    Examples
    --------
    >>> cosine_similarity([[1.0, 0.0]], [[2.0, 0.0]]).tolist()
    [-1.0]
    """
    return values_per_sample(CosineSimilarity(axis), y_true, y_pred)


def hinge(y_true: Arrays, y_pred: Arrays) -> Array:
    """Return the hinge loss of each sample; see `Hinge`."""
    return values_per_sample(Hinge(), y_true, y_pred)


def squared_hinge(y_true: Arrays, y_pred: Arrays) -> Array:
    """Return the squared hinge loss of each sample; see `SquaredHinge`."""
    return values_per_sample(SquaredHinge(), y_true, y_pred)


def categorical_hinge(y_true: Arrays, y_pred: Arrays) -> Array:
    """Return the hinge loss of each sample between classes; see `CategoricalHinge`."""
    return values_per_sample(CategoricalHinge(), y_true, y_pred)


def kl_divergence(y_true: Arrays, y_pred: Arrays) -> Array:
    """Return the Kullback-Leibler divergence of each sample; see `KLDivergence`.

    Examples
    --------
    >>> kl_divergence([[1.0, 0.0]], [[0.5, 0.5]]).round(4).tolist()
    [0.6931]
    """
    return values_per_sample(KLDivergence(), y_true, y_pred)


def binary_crossentropy(
    y_true: Arrays, y_pred: Arrays, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Array:
    """Return the binary cross-entropy of each sample; see `BinaryCrossentropy`.

    Examples
    --------
    >>> binary_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).round(4).tolist()
    [0.6931]
    """
    return values_per_sample(BinaryCrossentropy(from_logits, label_smoothing, axis), y_true, y_pred)


def categorical_crossentropy(
    y_true: Arrays, y_pred: Arrays, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Array:
    """Return the categorical cross-entropy of each sample; see `CategoricalCrossentropy`."""
    return values_per_sample(CategoricalCrossentropy(from_logits, label_smoothing, axis), y_true, y_pred)


def sparse_categorical_crossentropy(
    y_true: Arrays, y_pred: Arrays, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Array:
    """Return the categorical cross-entropy of each class number; see `SparseCategoricalCrossentropy`.

    Examples
    --------
    >>> sparse_categorical_crossentropy([1], [[0.5, 0.5]]).round(4).tolist()
    [0.6931]
    """
    loss = SparseCategoricalCrossentropy(from_logits, ignore_class, axis=axis)
    return values_per_sample(loss, y_true, y_pred)
