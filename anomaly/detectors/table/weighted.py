"""Scores with learned weights: what weights of columns and members make of records, and how files keep them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from anomaly.detectors.table.blending import Blend, settled
from anomaly.detectors.table.neighbors import Denoiser, Neighbours
from anomaly.metrics.validation import check_labels
from anomaly.preprocessing import TablePreprocessor
from nnlite.types import Array

# As many records of a kind are enough to see what they are like.
_MOST_COMPARED = 2000
_CHUNK = 8192


class LabelWarning(UserWarning):
    """Labelled records that taught nothing: the scores are those without labels."""


def column_contributions(members: Sequence[Denoiser | Neighbours], preprocessor: TablePreprocessor, x: Array) -> Array:
    """Return what each column contributes to each member's score of each record.

    Parameters
    ----------
    members : sequence of Denoiser or Neighbours
        Fitted.
    preprocessor : anomaly.preprocessing.TablePreprocessor
        What made features of columns.
    x : ndarray of float32 of shape (n_records, n_features)
        Features; some thousands of records at most.

    Returns
    -------
    ndarray of float64 of shape (n_records, n_members, n_columns)
        :math:`c_{mj}`; a member's score is the sum over columns.
    """
    return np.stack([preprocessor.sum_by_column(member.parts(x)) for member in members], axis=1, dtype=np.float64)


def weighted_scores(
    members: Sequence[Denoiser | Neighbours],
    by_feature: Array,
    shares: Sequence[float] | Array,
    blended: bool,
    x: Array,
) -> Array:
    """Return the scores of records with weights of features, and shares of members.

    No product of matrices is taken, so that a record's score is independent of the batch.

    Parameters
    ----------
    members : sequence of Denoiser or Neighbours
        Fitted.
    by_feature : ndarray of float64 of shape (n_features,)
        The weight of each feature, that of its column.
    shares : sequence of float of shape (n_members,)
        The members' shares.
    blended : bool
        Whether members are blended by their spreads, or summed: files written before weights were blended ask for sums.
    x : ndarray of float32 of shape (n_records, n_features)
        Features.

    Returns
    -------
    ndarray of float64 of shape (n_records,)
        Rounded to four digits or so.
    """
    return np.concatenate(
        [_weighted(members, by_feature, shares, blended, x[i : i + _CHUNK]) for i in range(0, max(len(x), 1), _CHUNK)]
    )


def _weighted(
    members: Sequence[Denoiser | Neighbours],
    by_feature: Array,
    shares: Sequence[float] | Array,
    blended: bool,
    x: Array,
) -> Array:
    if not blended:
        scores = np.zeros(len(x))
        for share, member in zip(shares, members, strict=True):
            scores += share * (member.parts(x) * by_feature).sum(axis=1)
        return settled(scores)
    if (by_feature == 1).all():
        by_member = [member.scores(x) for member in members]
    else:
        by_member = [(member.parts(x) * by_feature).sum(axis=1) for member in members]
    return settled(Blend(shares, [member.spread for member in members]).scores(by_member))


def weights_from_state(
    arrays: Mapping[str, Array], n_members: int, n_columns: int
) -> tuple[Array, Array] | tuple[None, None]:
    """Take shares of members and weights of columns from a file, validating both; None where nothing was learned."""
    if "column_weights" not in arrays:
        return None, None
    shares, weights = arrays["member_shares"], arrays["column_weights"]
    for array, size, what in ((shares, n_members, "members"), (weights, n_columns, "columns")):
        if array.shape != (size,) or array.dtype != np.float64:
            raise ValueError(f"its weights of {what} have shape {array.shape} and dtype {array.dtype}; expected {size}")
        if not (np.isfinite(array) & (array >= 0)).all():
            raise ValueError(f"its weights of {what} are not all finite numbers of at least 0")
    return shares, weights


def checked_labels(y: Any, n_records: int) -> Array:
    """Return labels as integers; ValueError unless there is one per record and one of them is 1."""
    labels = check_labels(y, "y")
    if len(labels) != n_records:
        raise ValueError(f"y must have one label per record ({n_records}); found shape {labels.shape}")
    if not labels.any():
        raise ValueError("learn_labels needs at least one record labelled 1, an anomaly; found labels 0 alone")
    return labels


def remembered_records(members: Sequence[Denoiser | Neighbours]) -> Array | None:
    """Return the training records that are kept, as features; None if there are none."""
    for member in members:
        if isinstance(member, Neighbours):
            return member.records
    return None


def among(rows: Array, others: Array) -> Array:
    """Tell which rows are equal to one of others: what is labelled an anomaly is no usual training record."""
    known = {row.tobytes() for row in others}
    return np.array([row.tobytes() in known for row in rows], dtype=np.bool_)


def thinned(x: Array) -> Array:
    """Return records at even distances, as many as are enough."""
    return x[:: max(-(-len(x) // _MOST_COMPARED), 1)]


def rescaled_calibration(calibration: Array, before: Array, after: Array) -> Array:
    """Estimate what the calibration scores become, when training scores change.

    They came from detectors that are gone. How much higher they were than the training scores of the same rank is kept.
    """
    places = np.linspace(0, 1, len(after))
    wanted, had = (np.quantile(scores, places) for scores in (calibration, before))
    ratio = np.divide(wanted, had, out=np.ones_like(had), where=had > 0)
    return np.asarray(np.sort(after) * ratio)
