"""Validation of the labels and scores of all metrics."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from nnlite.types import Array
from nnlite.validation import as_binary, integer


def check_labels(values: ArrayLike, name: str, unit: str = "record") -> Array:
    """Return labels as integers; raise ValueError unless all are 0 or 1 and there is at least one."""
    return as_binary(name, values, unit)


def check_label_pair(y_true: ArrayLike, y_pred: ArrayLike, unit: str = "record") -> tuple[Array, Array]:
    """Return true and predicted labels; raise ValueError unless they are of one length, and all 0 or 1."""
    truth, flags = check_labels(y_true, "y_true", unit), check_labels(y_pred, "y_pred", unit)
    _check_lengths(truth, flags, "y_pred")
    return truth, flags


def check_labels_and_scores(y_true: ArrayLike, y_score: ArrayLike, unit: str = "record") -> tuple[Array, Array]:
    """Return true labels and anomaly scores; raise ValueError unless they are of one length and scores are finite."""
    truth, scores = check_labels(y_true, "y_true", unit), np.asarray(y_score, np.float64)
    _check_lengths(truth, scores, "y_score")
    invalid = np.flatnonzero(~np.isfinite(scores))
    if invalid.size:
        raise ValueError(f"scores must be finite numbers; found {scores[invalid[0]]} at {unit} {invalid[0]}")
    return truth, scores


def check_steps(steps: int, name: str) -> None:
    """Raise ValueError unless a number of steps is a whole number of at least 0."""
    if not integer(0).accepts(steps):
        raise ValueError(f"{name} must be at least 0 steps, a whole number; found {steps!r}")


def check_threshold(threshold: float) -> None:
    """Raise ValueError if a threshold is NaN, which no score exceeds."""
    if math.isnan(threshold):
        raise ValueError("threshold must be a number; found nan, which no score is above")


def check_both_classes(labels: Array, metric: str, unit: str = "record") -> None:
    """Raise ValueError unless labels contain 0 and 1."""
    if labels.min() == labels.max():
        found = "anomalies" if labels[0] else f"normal {unit}s"
        raise ValueError(f"{metric} needs normal {unit}s and anomalies; found {found} alone")


def _check_lengths(truth: Array, other: Array, name: str) -> None:
    if other.shape != truth.shape:
        raise ValueError(f"y_true and {name} must be of one length; found shapes {truth.shape} and {other.shape}")
