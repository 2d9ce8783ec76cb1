r"""The value expected in each column of a record, from what the record holds in all its other columns.

A column's own value has no say in what is expected of it, or a fault would draw the expectation after itself. The
expectation of the other columns must not follow a faulty one either.

**By remembered records.** For column c, the k records nearest to x by all columns but c,

.. math:: d_c(x, r) = \sum_{c' \ne c} \min\Bigl( \sum_{j \in c'} (x_j - r_j)^2,\; b \Bigr),

hold k values of c. Expected is the one among them with the least sum of absolute differences from the others: the
median of a number, the most frequent category. The bound b keeps a faulty column c' from choosing the neighbors
by itself: it is as far from all of them.

**By networks.** c is hidden, by a value in the middle at first and later by what was found for it, and the networks
reconstruct it from the other columns. After each round, the column that differs most from its expectation is
taken for the faulty one and hidden from the others too; differences of the rest are bounded.

References
----------
Fix & Hodges, "Discriminatory analysis: nonparametric discrimination", USAF School of Aviation Medicine, 1951, for
nearest neighbors; Troyanskaya et al., "Missing value estimation methods for DNA microarrays", Bioinformatics 17 (2001),
which estimates a missing value from the records nearest by the other columns; Huber, *Robust Statistics* (1981).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnlite.models import Model
from nnlite.rowwise import outputs_by_record
from nnlite.types import Array

_NEIGHBORS = 15
_FEWEST_RECORDS_PER_NEIGHBOR = 10
_BOUND = 2.0
# More records make the comparison slower and the medians hardly better.
_MOST_CELLS_PER_RECORD = 40_000
_FEWEST_COMPARED = 500
_BLOCK_CELLS = 250_000
_ROUNDS = 4
_MOST_PASSES = 64
_DOUBTFUL = 1.0
_BOUNDED = 2.0
_FAR = 4.0


def expected_by_neighbors(x: Array, records: Array, columns: Array) -> Array:
    """Return the features expected of each record by the remembered records that are nearest by all other columns.

    Parameters
    ----------
    x : ndarray of float32 of shape (n, n_features)
        Features of records.
    records : ndarray of float32 of shape (m, n_features)
        Those of remembered records. Of many, some at even distances are compared: at least 500.
    columns : ndarray of int of shape (n_features,)
        The column that each feature belongs to, in rising order.

    Returns
    -------
    ndarray of float32 of shape (n, n_features)
        Each column's features are those of one remembered record.

    Examples
    --------
    >>> import numpy as np
    >>> records = np.repeat(np.linspace(-2, 2, 201, dtype=np.float32)[:, np.newaxis], 3, axis=1)
    >>> found = expected_by_neighbors(np.array([[1.0, 1.0, 6.0]], np.float32), records, np.arange(3))
    >>> found.round(1).tolist()
    [[1.0, 1.0, 1.0]]
    """
    starts, ends = _edges(columns)
    most = max(_FEWEST_COMPARED, _MOST_CELLS_PER_RECORD // x.shape[1])
    if len(records) > most:
        records = records[np.linspace(0, len(records) - 1, most).astype(np.intp)]
    k = _neighbors(len(records))
    expected = np.empty_like(x)
    step = max(1, _BLOCK_CELLS // records.size)
    for first in range(0, len(x), step):
        rows = slice(first, first + step)
        apart = np.add.reduceat(np.square(x[rows, np.newaxis] - records), starts, axis=2)
        np.minimum(apart, np.float32(_BOUND), out=apart)
        by_others = np.ascontiguousarray((apart.sum(axis=2, keepdims=True) - apart).transpose(0, 2, 1))
        near = np.argpartition(by_others, k - 1, axis=2)[:, :, :k]
        for c, (start, end) in enumerate(zip(starts, ends, strict=True)):
            expected[rows, start:end] = _middle(records[near[:, c], start:end])
    return expected


def expected_by_networks(x: Array, models: Sequence[Model], columns: Array) -> Array:
    """Return the features that networks expect of each record, each column's from all the others.

    Parameters
    ----------
    x : ndarray of float32 of shape (n, n_features)
        Features of records.
    models : sequence of nnlite.models.Model
        Networks that reconstruct features; the mean of what they make of them is taken.
    columns : ndarray of int of shape (n_features,)
        The column that each feature belongs to, in rising order. Of more than 64 columns, several are hidden at a time.

    Returns
    -------
    ndarray of float32 of shape (n, n_features)
        Expected features.
    """
    starts, ends = _edges(columns)
    number = np.repeat(np.arange(len(starts)), ends - starts)
    passes = min(len(starts), _MOST_PASSES)
    hidden = number % passes == np.arange(passes)[:, np.newaxis]
    expected = np.empty_like(x)
    step = max(1, _BLOCK_CELLS // hidden.size)
    for first in range(0, len(x), step):
        rows = slice(first, first + step)
        expected[rows] = _reconstructed(x[rows], models, hidden, starts, number)
    return expected


def _reconstructed(x: Array, models: Sequence[Model], hidden: Array, starts: Array, number: Array) -> Array:
    shown, expected = np.clip(x, -_FAR, _FAR), np.zeros_like(x)
    for _ in range(_ROUNDS):
        masked = np.where(hidden, expected[:, np.newaxis], shown[:, np.newaxis])
        outputs = sum(outputs_by_record(model, masked) for model in models) / np.float32(len(models))
        expected = np.where(hidden, outputs, np.float32(0)).sum(axis=1)
        differences = x - expected
        sizes = np.sqrt(np.add.reduceat(np.square(differences), starts, axis=1))
        worst = sizes >= np.maximum(sizes.max(axis=1, keepdims=True), np.float32(_DOUBTFUL))
        shown = expected + np.where(worst[:, number], 0, np.clip(differences, -_BOUNDED, _BOUNDED)).astype(np.float32)
    return expected


def _edges(columns: Array) -> tuple[Array, Array]:
    """Return where the features of each column start and end."""
    starts = np.flatnonzero(np.diff(columns, prepend=-1))
    return starts, np.append(starts[1:], len(columns))


def _neighbors(n_records: int) -> int:
    """Return how many records are asked, an odd number: of few records, fewer."""
    k = max(1, min(_NEIGHBORS, n_records // _FEWEST_RECORDS_PER_NEIGHBOR))
    return k - 1 + k % 2


def _middle(values: Array) -> Array:
    """Return of several vectors the one with the least sum of absolute differences from the others.

    Parameters
    ----------
    values : ndarray of shape (n, k, n_features), k odd
        k vectors for each of n records.
    """
    if values.shape[2] == 1:
        return np.asarray(np.median(values, axis=1))
    sums = np.abs(values[:, :, np.newaxis] - values[:, np.newaxis]).sum(axis=(2, 3))
    return np.asarray(values[np.arange(len(values)), sums.argmin(axis=1)])
