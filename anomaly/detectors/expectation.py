"""Expected values: an estimate for each column of a record from all its other columns.

A column's own value is not used, or a fault would pull the estimate after itself. Nor should the estimates of the other
columns follow a faulty one. There are two ways: by remembered records (`anomaly.detectors.table.neighbor_expectation`)
and, where none are remembered, by networks (`anomaly.detectors.table.network_expectation`).
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from nnlite.types import Array

MOST_PROPOSED = 6
"""Columns of a record that are proposed as faulty, at most."""

# So many by their deviations, each with at least this fraction of the largest; one more with this fraction of the error
# of a network.
_MOST_DEVIATING = 5
_LEAST_DEVIATING = 1 / 4
_LEAST_OF_ERROR = 0.2


class Replacements(NamedTuple):
    """What is expected in some columns of records.

    Attributes
    ----------
    columns : ndarray of bool of shape (n, n_columns)
        The columns: at most `MOST_PROPOSED` of a record.
    expected : ndarray of float32 of shape (n, n_features)
        The features expected in these columns, and the record's own in the others.
    deviations : ndarray of float64 of shape (n, n_columns)
        How far these columns are from that, in units of a typical deviation; 0 for the others.
    conspicuous : ndarray of float64 of shape (n, n_columns), optional
        What the columns were chosen by, if that is of use for another choice.
    """

    columns: Array
    expected: Array
    deviations: Array
    conspicuous: Array | None = None

    def rows(self, chosen: Array) -> Replacements:
        """Return those of some records."""
        conspicuous = None if self.conspicuous is None else self.conspicuous[chosen]
        return Replacements(self.columns[chosen], self.expected[chosen], self.deviations[chosen], conspicuous)


class Expectation(Protocol):
    """Estimates of columns from all others."""

    def of_all(self, x: Array) -> Array:
        """Return the features expected in each column.

        Parameters
        ----------
        x : ndarray of float32 of shape (n, n_features)
            Features of records, without holes.

        Returns
        -------
        ndarray of float32 of shape (n, n_features)
            Features.
        """

    def propose(
        self, x: Array, by_network: Array, apart_from: Array | None = None, before: Replacements | None = None
    ) -> Replacements:
        """Return the columns of each record that may be faulty, and what is expected in them.

        Parameters
        ----------
        x : ndarray of float32 of shape (n, n_features)
            Features of records, without holes.
        by_network : ndarray of shape (n, n_columns)
            Fractions of the columns in the error of a network.
        apart_from : ndarray of int of shape (n,), optional
            A column of each record that is not asked for, since it is known to be faulty.
        before : Replacements, optional
            What was returned for these records without `apart_from`: the result is the same, and sooner there.
        """


def most_conspicuous(deviations: Array, by_network: Array, apart_from: Array | None = None) -> Array:
    """Return the columns with the largest deviations, and the one with the largest error, as bool.

    Parameters
    ----------
    deviations, by_network : ndarray of shape (n, n_columns)
        Deviations from expected values, and fractions in the error of a network; at least 0. Five columns at most are
        chosen by deviations, with at least a quarter of the record's largest; the one by the error if it has a fifth of
        the record's.
    apart_from : ndarray of int of shape (n,), optional
        A column of each record that is not chosen, and does not count.

    Examples
    --------
    >>> import numpy as np
    >>> most_conspicuous(np.array([[3.0, 2.0, 0.5, 0.1]]), np.array([[0.0, 0.3, 0.0, 0.7]])).tolist()
    [[True, True, False, True]]
    """
    if apart_from is not None:
        others = np.arange(deviations.shape[1]) != apart_from[:, np.newaxis]
        deviations, by_network = deviations * others, by_network * others
    first = np.argsort(-deviations, axis=1, kind="stable")[:, :_MOST_DEVIATING]
    largest = np.take_along_axis(deviations, first, axis=1)
    chosen = np.zeros(deviations.shape, np.bool_)
    np.put_along_axis(chosen, first, (largest > 0) & (largest >= _LEAST_DEVIATING * largest[:, :1]), axis=1)
    rows, by_error = np.arange(len(chosen)), by_network.argmax(axis=1)
    error = by_network[rows, by_error]
    chosen[rows, by_error] |= (error > 0) & (error >= _LEAST_OF_ERROR * by_network.sum(axis=1))
    return chosen
