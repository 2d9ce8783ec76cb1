"""An order of records in which every 32 of them are close together, so that a box around them is small."""

from __future__ import annotations

import numpy as np

from nnlite.types import Array

_SAMPLE = 256
_STEPS = 4
_MOST_IN_SAMPLE = 2000
_RECORDS_PER_COLUMN = 8
_AXES, _COLUMNS_PER_AXIS = 8, 2
_ENOUGH = 0.9


def compact_order(records: Array, leaf: int) -> Array:
    """Return an order of the records in which every `leaf` of them are close together.

    Records are split in two where a direction of great variance has its median, and so on. The direction is the
    principal one of some of the records, about, by the power method. (A tree of principal directions: McNames, "A fast
    nearest-neighbor algorithm based on a principal axis search tree", IEEE PAMI 23, 2001.)

    Parameters
    ----------
    records : ndarray of float32 of shape (n, d)
        Records.
    leaf : int
        How many records are together.

    Returns
    -------
    ndarray of int64 of shape (n,)
        Indices of the records.
    """
    order = np.arange(len(records))
    segments = [(0, len(records))]
    while segments:
        low, high = segments.pop()
        if high - low <= leaf:
            continue
        members = order[low:high]
        some = records[members[:: max(1, (high - low) // _SAMPLE)]]
        middle = (-(-(high - low) // leaf) // 2) * leaf
        positions = records[members] @ _principal_direction(some)
        order[low:high] = members[np.argpartition(positions, middle)]
        segments += [(low, low + middle), (low + middle, high)]
    return order


def principal_axes(records: Array, most: int) -> Array | None:
    """Return orthogonal directions that hold at least nine tenths of the variance of records; None if few do not.

    Parameters
    ----------
    records : ndarray of float32 of shape (n, d)
        Records.
    most : int
        How many directions are few; they must be at most half of the columns, too.

    Returns
    -------
    ndarray of float32 of shape (d, w), or None
        Their number w is a multiple of 8.
    """
    n, d = records.shape
    # Directions of fewer records than this for each column take longer than they save.
    if d < _COLUMNS_PER_AXIS * _AXES or n < _RECORDS_PER_COLUMN * d:
        return None
    some = records[:: max(1, n // _MOST_IN_SAMPLE)].astype(np.float64)
    some -= some.mean(axis=0)
    # Of squares of large numbers, float64 holds the digits that matter here.
    variances, directions = np.linalg.eigh(some.T @ some)
    held = np.cumsum(variances[::-1])
    enough = int(np.searchsorted(held, _ENOUGH * held[-1])) + 1
    width = -(-enough // _AXES) * _AXES
    if width > most or _COLUMNS_PER_AXIS * width > d:
        return None
    return np.ascontiguousarray(directions[:, ::-1][:, :width], np.float32)


def _principal_direction(x: Array) -> Array:
    x = x - x.mean(axis=0, dtype=np.float64).astype(np.float32)
    # Of the fourth power of large numbers, float32 would hold nothing.
    x /= max(float(np.abs(x).max()), 1e-30)
    direction = np.zeros(x.shape[1], np.float32)
    direction[np.argmax(np.einsum("ij,ij->j", x, x))] = 1
    for _ in range(_STEPS):
        next_direction = (x @ direction) @ x
        length = np.sqrt(next_direction @ next_direction)
        if not length > 0:
            break
        direction = next_direction / length
    return direction
