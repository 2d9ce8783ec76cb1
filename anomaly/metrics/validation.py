"""Checks of what figures on labelled series are given."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nnlite.types import Array


def check_labels(values: ArrayLike, name: str, like: ArrayLike | None = None) -> Array:
    """Return labels as integers, or raise ValueError if they are not 0 and 1, or not as many as those of `like`."""
    labels = np.asarray(values)
    if labels.ndim != 1 or not labels.size:
        raise ValueError(f"{name} must hold one label per step, shape (n_steps,); found shape {labels.shape}")
    if not np.isin(labels, (0, 1)).all():
        others = np.unique(labels[~np.isin(labels, (0, 1))])[:5].tolist()
        raise ValueError(f"{name} must hold 0 for usual steps and 1 for anomalies; found {others}")
    if like is not None and len(labels) != len(np.asarray(like)):
        raise ValueError(f"{name} has {len(labels):,} labels; expected {len(np.asarray(like)):,}, as many as y_true")
    return labels.astype(np.int64)


def check_labels_and_scores(y_true: ArrayLike, y_score: ArrayLike) -> tuple[Array, Array]:
    """Return labels of both kinds and their finite scores, or raise ValueError."""
    truth, scores = check_labels(y_true, "y_true"), np.asarray(y_score, dtype=np.float64)
    if scores.shape != truth.shape:
        raise ValueError(f"y_true and y_score must be of one length; found shapes {truth.shape} and {scores.shape}")
    if not np.isfinite(scores).all():
        at = int(np.argmax(~np.isfinite(scores)))
        raise ValueError(f"scores must be finite numbers; found {scores[at]} at step {at}")
    if truth.min() == truth.max():
        raise ValueError(f"event figures need usual steps and anomalies; found labels of {truth[0]} alone")
    return truth, scores
