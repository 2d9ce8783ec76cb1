"""Rarely used losses as functions: one value for each sample. They are imported on first access."""

from __future__ import annotations

from typing import Any

from nnlite.losses.base import values_per_sample
from nnlite.losses.focal import (
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
)
from nnlite.losses.overlap import Dice, Tversky
from nnlite.types import Array, Arrays


def binary_focal_crossentropy(
    y_true: Arrays,
    y_pred: Arrays,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """Return the focal cross-entropy of each sample; see `BinaryFocalCrossentropy`."""
    loss = BinaryFocalCrossentropy(apply_class_balancing, alpha, gamma, from_logits, label_smoothing, axis)
    return values_per_sample(loss, y_true, y_pred)


def categorical_focal_crossentropy(
    y_true: Arrays,
    y_pred: Arrays,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """Return the focal cross-entropy of each sample; see `CategoricalFocalCrossentropy`."""
    loss = CategoricalFocalCrossentropy(alpha, gamma, from_logits, label_smoothing, axis)
    return values_per_sample(loss, y_true, y_pred)


def categorical_generalized_cross_entropy(y_true: Arrays, y_pred: Arrays, q: float = 0.5) -> Array:
    """Return the generalized cross-entropy of each class number; see `CategoricalGeneralizedCrossEntropy`."""
    return values_per_sample(CategoricalGeneralizedCrossEntropy(q), y_true, y_pred)


def dice(y_true: Arrays, y_pred: Arrays, axis: Any = None) -> Array:
    """Return the Dice loss, of all values or of those along `axis`; see `Dice`."""
    return values_per_sample(Dice(axis=axis), y_true, y_pred)


def tversky(y_true: Arrays, y_pred: Arrays, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Array:
    """Return the Tversky loss, of all values or of those along `axis`; see `Tversky`."""
    return values_per_sample(Tversky(alpha, beta, axis=axis), y_true, y_pred)
