"""An order of records in which every 32 of them are close together, so that a box around them is small."""

from __future__ import annotations

import numpy as np

from nnlite.types import Array

_SAMPLE = 256
_STEPS = 4
_MOST_IN_SAMPLE = 2000
_RECORDS_PER_COLUMN = 8
_AXES, _COLUMNS_PER_AXIS = 8, 2
_ENOUGH, _ITERATIONS = 0.9, 10
# Multiplications from which OpenBLAS wakes its threads, which take a processor for milliseconds after each product.
_ALONE = 250_000


def compact_order(records: Array, leaf: int) -> Array:
    """Return an order of the records in which every `leaf` of them are close together.

    Records are split in two where a direction of great variance has its median, and so on. The direction is the
    principal one of some of the records, about, by the power method. (A tree of principal directions: McNames, "A fast
    nearest-neighbor algorithm based on a principal axis search tree", IEEE PAMI 23, 2001.)

    Parameters
    ----------
    records : ndarray of float32 of shape (n, d)
        Records, perhaps in a few coordinates: then it takes a fraction of the time.
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
    variances, directions = _principal_directions(some, min(most, d // _COLUMNS_PER_AXIS) // _AXES * _AXES)
    # Of squares of large numbers, float64 holds the digits that matter here.
    enough = int(np.searchsorted(np.cumsum(variances), _ENOUGH * np.einsum("ij,ij->", some, some))) + 1
    width = -(-enough // _AXES) * _AXES
    return np.ascontiguousarray(directions[:, :width], np.float32) if enough <= len(variances) else None


def _principal_directions(x: Array, count: int) -> tuple[Array, Array]:
    """Return the largest variances and their directions, of shape (d, count), about: by orthogonal iteration.

    LAPACK finds all of them exactly, by products for which OpenBLAS wakes its threads.
    """
    squares = sum(block.T @ block for block in _blocks(x, x.shape[1]))
    basis = squares[:, np.argsort(-squares.diagonal(), kind="stable")[:count]]
    for _ in range(_ITERATIONS):
        basis = _product(squares, np.linalg.qr(basis)[0])
    basis = np.linalg.qr(basis)[0]
    variances = np.einsum("ij,ij->j", basis, _product(squares, basis))
    order = np.argsort(-variances, kind="stable")
    return variances[order], basis[:, order]


def projected(records: Array, axes: Array) -> Array:
    """Return the coordinates of records along axes, products in float64, as float32."""
    return _product(records, axes.astype(np.float64)).astype(np.float32)


def _product(x: Array, y: Array) -> Array:
    return np.concatenate([block @ y for block in _blocks(x, y.shape[1])])


def _blocks(records: Array, columns: int) -> list[Array]:
    """Divide records so that the product of a part and a matrix of so many columns is small."""
    step = max(1, _ALONE // (records.shape[1] * columns))
    return [records[start : start + step] for start in range(0, len(records), step)]


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
