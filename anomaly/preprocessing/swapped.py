"""Columns of an array that seem to be in another order than those of the training table, which had names."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from anomaly.errors import SwappedColumnsWarning
from nnlite.types import Array

_FEWEST, _MOST = 20, 1000
_FAR, _NEAR = 6.0, 3.0


def warn_of_swapped(names: Sequence[str], numbers: Array, centers: Array, scales: Array) -> None:
    """Warn if two columns are far from their own values of training, and near those of each other.

    Parameters
    ----------
    names : sequence of str
        Names of the columns in the training table.
    numbers : ndarray of float of shape (n_rows, n_columns)
        Rows of an array without names; fewer than 20 tell nothing.
    centers, scales : ndarray of float64 of shape (n_columns,)
        Median of each column in training, and the length of one unit of its feature.

    Warns
    -----
    SwappedColumnsWarning
        With the first two such columns.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> rows = rng.normal([900.0, 20.0], [10.0, 1.0], (50, 2))
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     warn_of_swapped(["pressure", "heat"], rows[:, ::-1], np.array([900.0, 20.0]), np.array([10.0, 1.0]))
    >>> print(caught[0].message)
    the columns 'pressure' and 'heat' seem to be swapped: the array has no names, ...
    """
    if len(numbers) < _FEWEST:
        return
    rows = numbers[:_MOST].astype(np.float64)
    # NumPy warns of columns that are all missing. To ignore it would change what other threads are warned of.
    rows[:, np.isnan(rows).all(axis=0)] = np.inf
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        middles = np.nanmedian(rows, axis=0)
        distances = np.abs(middles[:, np.newaxis] - centers) / scales
    is_far, is_near = np.diagonal(distances) > _FAR, distances < _NEAR
    pairs = np.argwhere(is_near & is_near.T & is_far[:, np.newaxis] & is_far)
    if len(pairs):
        first, second = (names[index] for index in pairs[0])
        warnings.warn(
            f"the columns {first!r} and {second!r} seem to be swapped: the array has no names, so that its columns are "
            "taken in the order of the training table, and the values of each look like those of the other; give a "
            "table with names, or put the columns in that order",
            SwappedColumnsWarning,
            stacklevel=2,
        )
