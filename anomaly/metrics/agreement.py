"""Agreement of two scorings of the same records, without labels: correlation of ranks, and overlap of the highest."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nnlite.types import Array
from nnlite.validation import as_finite, check_value, integer


def rank_correlation(first: ArrayLike, second: ArrayLike) -> float:
    """Return Spearman's correlation of two scorings, from -1 to 1; equal scores have the mean of their ranks.

    Parameters
    ----------
    first, second : array_like of shape (n,)
        Anomaly scores of the same records.

    Returns
    -------
    float
        1 where both put the records in one order; 0 if one of them scores all records alike.

    Raises
    ------
    ValueError
        If lengths differ, or scores are not finite.

    References
    ----------
    Spearman, "The proof and measurement of association between two things", American Journal of Psychology 15 (1904).

    Examples
    --------
    >>> rank_correlation([1.0, 2.0, 3.0, 4.0], [10.0, 30.0, 20.0, 40.0])
    0.8
    """
    a, b = (_ranks(scores) for scores in _pair(first, second))
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(np.clip(a @ b / scale, -1, 1)) if scale else 0.0


def top_overlap(first: ArrayLike, second: ArrayLike, k: int) -> float:
    """Return the fraction of the k highest scored records that two scorings have in common.

    Of equal scores the earlier record is the higher one.

    Parameters
    ----------
    first, second : array_like of shape (n,)
        Anomaly scores of the same records.
    k : int
        Number of records, from 1 to n.

    Returns
    -------
    float
        From 0 to 1; k / n on average for scores without any relation.

    Raises
    ------
    ValueError
        If lengths differ, scores are not finite, or `k` is not from 1 to n.

    Examples
    --------
    >>> top_overlap([0.1, 0.9, 0.8, 0.3], [0.2, 0.7, 0.1, 0.9], 2)
    0.5
    """
    a, b = _pair(first, second)
    check_value("k", k, integer(1, len(a)))
    highest = [set(np.argsort(-scores, kind="stable")[:k].tolist()) for scores in (a, b)]
    return len(highest[0] & highest[1]) / k


def _pair(first: ArrayLike, second: ArrayLike) -> tuple[Array, Array]:
    a, b = as_finite("first", first), as_finite("second", second)
    if a.shape != b.shape:
        raise ValueError(f"first and second must be of one length; found shapes {a.shape} and {b.shape}")
    return a, b


def _ranks(scores: Array) -> Array:
    """Return ranks from 1, the mean of those of equal scores."""
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[places])
