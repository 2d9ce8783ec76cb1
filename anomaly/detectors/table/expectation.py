r"""Expected values: an estimate for each column of a record from all its other columns.

A column's own value is not used, or a fault would pull the estimate after itself. Nor should the estimates of the other
columns follow a faulty one.

**By remembered records.** For column c, the k records nearest to x by all columns but c,

.. math:: d_c(x, r) = \sum_{c' \ne c} \min\Bigl( \sum_{j \in c'} (x_j - r_j)^2,\; b \Bigr),

have k values of c. The estimate is the one with the least sum of absolute differences from the others: the median of
numbers, the most frequent category. The bound b limits the influence of a faulty column c' on the choice of neighbors,
since it is equally far from all of them.

**By networks.** Column c is masked, first by the value 0 and later by its estimate, and the networks reconstruct it
from the other columns. After each round, the column with the largest deviation from its estimate is taken for faulty
and masked for the others too; deviations of the rest are bounded.

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
_LEAST_RECORDS_PER_NEIGHBOR = 10
_BOUND = 2.0
# With more records the search is slower and the medians hardly better.
_MOST_CELLS_PER_RECORD = 40_000
_LEAST_COMPARED = 500
_BLOCK_CELLS = 250_000
_ROUNDS = 4
_MOST_PASSES = 64
# Deviations in units of the scaled features: the least of a faulty column, the bound of others, that of the features.
_FAULTY = 1.0
_LARGEST_DEVIATION = 2.0
_LARGEST_FEATURE = 4.0


def expected_by_neighbors(x: Array, records: Array, columns: Array) -> Array:
    """Estimate each column's features from the remembered records that are nearest by all other columns.

    Parameters
    ----------
    x : ndarray of float32 of shape (n, n_features)
        Features of records.
    records : ndarray of float32 of shape (m, n_features)
        Features of remembered records. Of many, an evenly spaced subset of at least 500 is compared.
    columns : ndarray of int of shape (n_features,)
        Column of each feature, in rising order.

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
    starts, ends = _bounds(columns)
    most = max(_LEAST_COMPARED, _MOST_CELLS_PER_RECORD // x.shape[1])
    if len(records) > most:
        records = records[np.linspace(0, len(records) - 1, most).astype(np.intp)]
    k = _n_neighbors(len(records))
    expected = np.empty_like(x)
    step = max(1, _BLOCK_CELLS // records.size)
    for first in range(0, len(x), step):
        rows = slice(first, first + step)
        distances = np.add.reduceat(np.square(x[rows, np.newaxis] - records), starts, axis=2)
        np.minimum(distances, np.float32(_BOUND), out=distances)
        by_others = np.ascontiguousarray((distances.sum(axis=2, keepdims=True) - distances).transpose(0, 2, 1))
        near = np.argpartition(by_others, k - 1, axis=2)[:, :, :k]
        for c, (start, end) in enumerate(zip(starts, ends, strict=True)):
            expected[rows, start:end] = _medoid(records[near[:, c], start:end])
    return expected


def expected_by_networks(x: Array, models: Sequence[Model], columns: Array) -> Array:
    """Estimate each column's features by networks, from all other columns.

    Parameters
    ----------
    x : ndarray of float32 of shape (n, n_features)
        Features of records.
    models : sequence of nnlite.models.Model
        Networks that reconstruct features; the mean of their outputs is the estimate.
    columns : ndarray of int of shape (n_features,)
        Column of each feature, in rising order. Of more than 64 columns, several are masked at a time.

    Returns
    -------
    ndarray of float32 of shape (n, n_features)
        Estimated features.
    """
    starts, ends = _bounds(columns)
    owners = np.repeat(np.arange(len(starts)), ends - starts)
    passes = min(len(starts), _MOST_PASSES)
    masks = owners % passes == np.arange(passes)[:, np.newaxis]
    expected = np.empty_like(x)
    step = max(1, _BLOCK_CELLS // masks.size)
    for first in range(0, len(x), step):
        rows = slice(first, first + step)
        expected[rows] = _reconstructed(x[rows], models, masks, starts, owners)
    return expected


def _reconstructed(x: Array, models: Sequence[Model], masks: Array, starts: Array, owners: Array) -> Array:
    """Return reconstructions of masked features.

    Parameters
    ----------
    masks : ndarray of bool of shape (n_passes, n_features)
        Features that are masked in each pass.
    starts, owners : ndarray of int of shapes (n_columns,) and (n_features,)
        First feature of each column, and position of each feature's column.
    """
    visible, expected = np.clip(x, -_LARGEST_FEATURE, _LARGEST_FEATURE), np.zeros_like(x)
    for _ in range(_ROUNDS):
        masked = np.where(masks, expected[:, np.newaxis], visible[:, np.newaxis])
        outputs = sum(outputs_by_record(model, masked) for model in models) / np.float32(len(models))
        expected = np.where(masks, outputs, np.float32(0)).sum(axis=1)
        differences = x - expected
        sizes = np.sqrt(np.add.reduceat(np.square(differences), starts, axis=1))
        worst = sizes >= np.maximum(sizes.max(axis=1, keepdims=True), np.float32(_FAULTY))
        bounded = np.clip(differences, -_LARGEST_DEVIATION, _LARGEST_DEVIATION)
        visible = expected + np.where(worst[:, owners], 0, bounded).astype(np.float32)
    return expected


def _bounds(columns: Array) -> tuple[Array, Array]:
    """Return the first feature of each column, and the one after its last."""
    starts = np.flatnonzero(np.diff(columns, prepend=-1))
    return starts, np.append(starts[1:], len(columns))


def _n_neighbors(n_records: int) -> int:
    """Return the number of neighbors, which is odd, and smaller for few records."""
    k = max(1, min(_NEIGHBORS, n_records // _LEAST_RECORDS_PER_NEIGHBOR))
    return k - 1 + k % 2


def _medoid(values: Array) -> Array:
    """Return the vector with the least sum of absolute differences from the others of its record.

    Parameters
    ----------
    values : ndarray of shape (n, k, n_features), k odd
        k vectors for each of n records.
    """
    if values.shape[2] == 1:
        return np.asarray(np.median(values, axis=1))
    sums = np.abs(values[:, :, np.newaxis] - values[:, np.newaxis]).sum(axis=(2, 3))
    return np.asarray(values[np.arange(len(values)), sums.argmin(axis=1)])
