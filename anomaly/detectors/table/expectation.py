"""Expected values: an estimate for each column of a record from all its other columns.

A column's own value is not used, or a fault would pull the estimate after itself. Nor should the estimates of the other
columns follow a faulty one. There are two ways: by remembered records (`anomaly.detectors.table.neighbor_expectation`)
and, where none are remembered, by networks (`anomaly.detectors.table.network_expectation`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from nnlite.types import Array

MOST_PROPOSED = 3
"""Columns of a record that are proposed as faulty, at most."""

# A proposed column has at least this fraction of the largest value of one of the views.
_LEAST_PROPOSED = 1 / 3


class Expectation(Protocol):
    """Estimates of columns from all others."""

    def of_all(self, x: Array) -> Array:
        """Return the features expected in each column, as float32 of shape (n, n_features)."""

    def of(self, x: Array, wanted: Array) -> Array:
        """Return the features expected in some columns of each record, and its own in the others.

        Parameters
        ----------
        x : ndarray of float32 of shape (n, n_features)
            Features of records.
        wanted : ndarray of bool of shape (n, n_columns)
            The columns to estimate: at most `MOST_PROPOSED` of a record.
        """

    def propose(self, x: Array, by_network: Array) -> tuple[Array, Array]:
        """Return the columns of each record that may be faulty, and the features expected in them.

        Parameters
        ----------
        x : ndarray of float32 of shape (n, n_features)
            Features of records.
        by_network : ndarray of shape (n, n_columns)
            Fractions of the columns in the error of a network.

        Returns
        -------
        proposed : ndarray of bool of shape (n, n_columns)
            At most `MOST_PROPOSED` columns of a record.
        expected : ndarray of float32 of shape (n, n_features)
            The features expected in these columns, and the record's own in the others.
        """


def most_conspicuous(views: Sequence[Array]) -> Array:
    """Return the columns with the largest values in one of several views, as bool of shape (n, n_columns).

    Parameters
    ----------
    views : sequence of ndarray of shape (n, n_columns)
        Values of at least 0, in any unit: they are compared with the record's largest in the same view. A column that
        has less than a third of that in every view is not returned.

    Examples
    --------
    >>> import numpy as np
    >>> most_conspicuous([np.array([[0.1, 0.9, 0.0, 0.0]]), np.array([[0.0, 0.0, 2.0, 0.5]])]).tolist()
    [[False, True, True, False]]
    """
    relative = np.max([_relative(view) for view in views], axis=0)
    first = np.argsort(-relative, axis=1, kind="stable")[:, :MOST_PROPOSED]
    chosen = np.zeros(relative.shape, np.bool_)
    np.put_along_axis(chosen, first, np.take_along_axis(relative, first, axis=1) >= _LEAST_PROPOSED, axis=1)
    return chosen


def _relative(view: Array) -> Array:
    largest = view.max(axis=1, keepdims=True)
    return np.divide(view, largest, out=np.zeros_like(view), where=largest > 0)
