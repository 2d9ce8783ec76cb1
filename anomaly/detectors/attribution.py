r"""Contributions of columns to a score: how far it falls when a column is replaced by what the others expect.

What a column adds to the members' scores tells little of a fault. Where two columns contradict each other, both may be
within their range; a rare category differs in nothing from the nearest record where that has it too; and a column that
nothing predicts adds most to every score. So a column's contribution is, but for a factor, the drop

.. math:: \delta_c = \max\bigl(0,\; \ln s(x) - \ln s(x^{(c)})\bigr)

of the logarithm of the score, with :math:`x^{(c)}` the record x whose column c has its expected value; of a score that
is a negative log-likelihood, of the score itself. A record has to be scored for each replacement, so only the few
columns that may be faulty are replaced (`anomaly.detectors.expectation`).

**Two faults.** If the record is still not normal with its best replacement b, a second column is replaced besides: the
one, c, with the largest drop :math:`\delta_{c \mid b}`. If that exceeds :math:`\delta_c`, both columns gain half of the
difference, as by Shapley values, the means over both orders of replacing them.

An alarm may need two values that are rare together. To replace either is then enough, and nothing tells which of them
is wrong: both have a large contribution.

A hundredth of the score is divided by the columns' fractions in the error of a network, so that no column with an
error has a contribution of 0. So is all of it, if no replacement lowers the score, or if there is nothing to explain:
if a typical training record scores no less.

References
----------
Robnik-Šikonja & Kononenko, "Explaining classifications for individual instances", IEEE TKDE 20 (2008), on differences
of the logarithm of a prediction where a value is unknown; Shapley, "A value for n-person games", in *Contributions to
the Theory of Games II* (1953).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from anomaly.detectors.features import FeatureSet
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.detectors.expectation import Replacements

_BY_NETWORK = 0.01
# Over made-up, numeric and mixed tables, no other column beside the first was ever named first for trying more, and of
# two faults both came first and second as often.
_MOST_BESIDES = 2
# Of the 53 binary digits of a float64, these leave room for a sum that is a little too large before its correction.
_CONTRIBUTION_BITS = 48


class Subject(Protocol):
    """What gives the scores that are explained."""

    @property
    def features(self) -> FeatureSet:
        """Columns of the features."""

    @property
    def levels(self) -> tuple[float, float]:
        """Logarithms of the scores of a typical training record, and of one that nine in ten do not exceed."""

    def log_scores(self, x: Array, replaced: Array) -> Array:
        """Return the finite logarithm of each record's score, of shape (n,).

        Parameters
        ----------
        x : ndarray of float32 of shape (n, n_features)
            Features of records.
        replaced : ndarray of bool of shape (n, n_columns)
            Columns that have their expected value in place of their own.
        """

    def view(self, x: Array) -> Array:
        """Return the fractions of columns in the error of a network, of shape (n, n_columns)."""

    def propose(
        self, x: Array, by_network: Array, apart_from: Array | None = None, before: Replacements | None = None
    ) -> Replacements:
        """Return the columns of each record that may be faulty, as `Expectation.propose` does."""


def fractions(subject: Subject, x: Array, log_scores: Array, above: Array) -> Array:
    """Return each column's fraction of each record's score.

    Parameters
    ----------
    subject : Subject
        What scores records.
    x : ndarray of float32 of shape (n, n_features)
        Features of records.
    log_scores : ndarray of float64 of shape (n,)
        What `Subject.log_scores` returns for them without replacements.
    above : ndarray of bool of shape (n,)
        Records that have something to explain: they score more than a typical one.

    Returns
    -------
    ndarray of float64 of shape (n, n_columns)
        At least 0; each row adds up to 1, or to 0 where the score belongs to no column.
    """
    by_network = subject.view(x)
    contributions = np.zeros(by_network.shape)
    if above.any():
        contributions[above] = _by_replacement(subject, x[above], log_scores[above], by_network[above])
    none = ~contributions.any(axis=1, keepdims=True)
    by_replacement = np.where(none, by_network, normalized(contributions))
    return np.asarray((1 - _BY_NETWORK) * by_replacement + _BY_NETWORK * by_network)


def _by_replacement(subject: Subject, x: Array, log_scores: Array, by_network: Array) -> Array:
    """Return contributions by the replacement of one column or, where that is not enough, of two."""
    found, rows = subject.propose(x, by_network), np.arange(len(x))
    left = _left(subject, x, log_scores, found)
    contributions = np.maximum(log_scores[:, np.newaxis] - left, 0)
    best = contributions.argmax(axis=1)
    left, again = left[rows, best], contributions[rows, best] > 0
    again &= left > subject.levels[1]
    if again.any():
        before = found.rows(again)
        replaced = _with_columns(x[again], before.expected, best[again], subject.features.columns)
        found = _most_deviating(subject.propose(x[again], by_network[again], best[again], before))
        then = np.maximum(left[again, np.newaxis] - _left(subject, replaced, left[again], found, best[again]), 0)
        second, rows = then.argmax(axis=1), np.flatnonzero(again)
        gains = np.maximum(then.max(axis=1) - contributions[rows, second], 0) / 2
        contributions[rows, best[again]] += gains
        contributions[rows, second] += gains
    return contributions


def _most_deviating(found: Replacements) -> Replacements:
    """Return the two columns of each record that deviate most: only the best replacement is of interest."""
    deviations = np.where(found.columns, found.deviations, 0)
    chosen = np.zeros(deviations.shape, np.bool_)
    np.put_along_axis(chosen, np.argsort(-deviations, axis=1, kind="stable")[:, :_MOST_BESIDES], True, axis=1)
    return found._replace(columns=found.columns & chosen)


def normalized(values: Array) -> Array:
    """Make the rows of values of at least 0 add up to 1, or leave them at 0."""
    totals = values.sum(axis=1, keepdims=True)
    return np.divide(values, totals, out=np.zeros_like(values), where=totals > 0)


def _left(subject: Subject, x: Array, log_scores: Array, found: Replacements, before: Array | None = None) -> Array:
    """Return the logarithm of the score after each replacement, and that of the record itself for all other columns.

    Parameters
    ----------
    before : ndarray of int of shape (n,), optional
        A column of each record that has been replaced before.
    """
    left = np.repeat(log_scores[:, np.newaxis], found.columns.shape[1], axis=1)
    rows, columns = np.nonzero(found.columns & (found.deviations > 0))
    replaced = np.arange(found.columns.shape[1]) == columns[:, np.newaxis]
    if before is not None:
        replaced[np.arange(len(rows)), before[rows]] = True
    with_expected = _with_columns(x[rows], found.expected[rows], columns, subject.features.columns)
    left[rows, columns] = subject.log_scores(with_expected, replaced)
    return left


def _with_columns(x: Array, expected: Array, columns: Array, of_features: Array) -> Array:
    """Return records with the expected features in one column of each."""
    return np.where(of_features == columns[:, np.newaxis], expected, x)


def split_scores(scores: Array, fractions: Array) -> Array:
    """Split scores into contributions that add up to them exactly, in whatever order they are added.

    Contributions are integer multiples of a tiny fraction of the score, so that no sum of them is rounded.

    Parameters
    ----------
    scores : ndarray of float64 of shape (n_records,)
        At least 0.
    fractions : ndarray of float64 of shape (n_records, n_columns)
        At least 0; each row adds up to 1, but for rounding, or to 0 where the score belongs to no column.

    Returns
    -------
    ndarray of float64 of shape (n_records, n_columns)
        At least 0.

    Examples
    --------
    >>> import numpy as np
    >>> bool(split_scores(np.array([1.5]), np.full((1, 3), 1 / 3)).sum() == 1.5)
    True
    """
    _, exponents = np.frexp(scores)
    units = np.ldexp(1.0, exponents - _CONTRIBUTION_BITS)[:, np.newaxis]
    contributions = np.asarray(np.floor(fractions * scores[:, np.newaxis] / units) * units)
    rows = np.arange(len(contributions))
    contributions[rows, fractions.argmax(axis=1)] += scores - contributions.sum(axis=1)
    return contributions
