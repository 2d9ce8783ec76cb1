"""Cross-fitting: scores of training records by models that were fitted without them.

Models with many weights reconstruct their training records better than fresh ones, the more so the fewer records there
are for each column. A threshold from the training scores is then too low for fresh records: with fewer than about
twenty records a column a quarter to nearly all of them lay above it. Each record is therefore scored by a model that
was fitted to the records of all other folds. Where there are more records, the difference is not worth the time.

References
----------
Stone, "Cross-validatory choice and assessment of statistical predictions", JRSS B 36 (1974).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from nnlite.job import counted
from nnlite.types import Array

FOLDS = 5
"""Number of folds of large tables."""

_FEW_RECORDS = 500
_FEW_PER_COLUMN = 20
# Each fold has to leave two records to learn from.
_FEWEST = 3


def are_few(n_records: int, columns: Array) -> bool:
    """Return whether training records are so few that scores of fresh ones are much higher.

    Parameters
    ----------
    n_records : int
        Number of training records.
    columns : ndarray of int of shape (n_features,)
        Column of each feature.

    Returns
    -------
    bool
        True for fewer than twenty records for each column that has features, if there are three or more.

    Examples
    --------
    >>> import numpy as np
    >>> are_few(39, np.array([0, 1])), are_few(40, np.array([0, 1]))
    (True, False)
    """
    return _FEWEST <= n_records < _FEW_PER_COLUMN * len(np.unique(columns))


def folds_of(n_records: int) -> list[Array]:
    """Return the indices of the records of each fold, at random.

    There are five folds, ten of fewer than 500 records; of fewer than 20 two records make a fold, and of fewer than ten
    each is one.
    """
    n_folds = FOLDS if n_records >= _FEW_RECORDS else min(2 * FOLDS, n_records // 2)
    if n_records < 2 * FOLDS:
        n_folds = n_records
    return np.array_split(np.random.default_rng(0).permutation(n_records), n_folds)


def cross_fitted_scores(
    score_without: Callable[[Array], Array], scores: Array, folds: Iterable[Array] | None = None
) -> Array:
    """Return held-out scores of training records.

    Parameters
    ----------
    score_without : callable
        Takes the indices of a fold; returns the scores of its records by a model fitted to all others.
    scores : ndarray of float64 of shape (n_records,)
        Scores of the records by a model fitted to all of them.
    folds : iterable of ndarray of int, optional
        Indices of the records of each fold; by default those of `folds_of`.

    Returns
    -------
    ndarray of float64 of shape (n_records,)
        Scores of the folds; at least `scores`, since a fresh record that is equal to training records is scored by the
        model that was fitted to those.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.array([1.0, 2.0, 6.0])
    >>> cross_fitted_scores(lambda fold: np.abs(values[fold] - np.delete(values, fold).mean()), np.zeros(3)).tolist()
    [3.0, 1.5, 4.5]
    """
    held_out = np.empty(len(scores))
    for fold in counted(list(folds_of(len(scores)) if folds is None else folds)):
        held_out[fold] = score_without(fold)
    return np.maximum(held_out, scores)
