r"""Contributions of columns to a score: how far it falls when a column is replaced by what the others expect.

What a column adds to the members' scores tells little of a fault. Where two columns contradict each other, both may be
within their range; a rare category differs in nothing from the nearest record where that has it too; and a column that
nothing predicts adds most to every score. So a column's contribution is, but for a factor, the drop

.. math:: \delta_c = \max\bigl(0,\; \ln s(x) - \ln s(x^{(c)})\bigr)

of the logarithm of the score, with :math:`x^{(c)}` the record x whose column c has its expected value. A record has to
be scored for each replacement, so only the few columns that may be faulty are replaced
(`anomaly.detectors.table.expectation`).

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

from typing import Protocol

import numpy as np

from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table.expectation import Replacements
from nnlite.types import Array

_BY_NETWORK = 0.01
# Scores have 13 binary digits: less than the last one in comparison is 0.
_LEAST_RATIO = 2.0**-13


class Subject(Protocol):
    """What gives the scores that are explained."""

    @property
    def features(self) -> FeatureSet:
        """Columns of the features."""

    @property
    def levels(self) -> tuple[float, float]:
        """Scores of a typical training record, and of one that nine in ten do not exceed."""

    def scores(self, x: Array) -> Array:
        """Return the score of each record, of shape (n,)."""

    def view(self, x: Array) -> Array:
        """Return the fractions of columns in the error of a network, of shape (n, n_columns)."""

    def propose(self, x: Array, by_network: Array, apart_from: Array | None = None) -> Replacements:
        """Return the columns of each record that may be faulty, apart from one, and what is expected in them."""


def fractions(subject: Subject, x: Array, scores: Array) -> Array:
    """Return each column's fraction of each record's score.

    Parameters
    ----------
    subject : Subject
        What scores records.
    x : ndarray of float32 of shape (n, n_features)
        Features of records.
    scores : ndarray of float64 of shape (n,)
        Their scores.

    Returns
    -------
    ndarray of float64 of shape (n, n_columns)
        At least 0; each row adds up to 1, or to 0 where the score belongs to no column.
    """
    by_network = subject.view(x)
    contributions = np.zeros(by_network.shape)
    above = scores > subject.levels[0]
    if above.any():
        contributions[above] = _by_replacement(subject, x[above], scores[above], by_network[above])
    none = ~contributions.any(axis=1, keepdims=True)
    by_replacement = np.where(none, by_network, normalized(contributions))
    return np.asarray((1 - _BY_NETWORK) * by_replacement + _BY_NETWORK * by_network)


def _by_replacement(subject: Subject, x: Array, scores: Array, by_network: Array) -> Array:
    """Return contributions by the replacement of one column or, where that is not enough, of two."""
    found, rows = subject.propose(x, by_network), np.arange(len(x))
    left = _scores_of_replaced(subject, x, scores, found)
    contributions = _drops(scores, left)
    best = contributions.argmax(axis=1)
    left, again = left[rows, best], contributions[rows, best] > 0
    again &= left > subject.levels[1]
    if again.any():
        replaced = _with_columns(x[again], found.expected[again], best[again], subject.features.columns)
        found = subject.propose(x[again], by_network[again], best[again])
        then = _drops(left[again], _scores_of_replaced(subject, replaced, left[again], found))
        second, rows = then.argmax(axis=1), np.flatnonzero(again)
        gains = np.maximum(then.max(axis=1) - contributions[rows, second], 0) / 2
        contributions[rows, best[again]] += gains
        contributions[rows, second] += gains
    return contributions


def normalized(values: Array) -> Array:
    """Make the rows of values of at least 0 add up to 1, or leave them at 0."""
    totals = values.sum(axis=1, keepdims=True)
    return np.divide(values, totals, out=np.zeros_like(values), where=totals > 0)


def _scores_of_replaced(subject: Subject, x: Array, scores: Array, found: Replacements) -> Array:
    """Return the score after each replacement, and that of the record itself for all other columns."""
    left = np.repeat(scores[:, np.newaxis], found.columns.shape[1], axis=1)
    rows, columns = np.nonzero(found.columns & (found.deviations > 0))
    left[rows, columns] = subject.scores(
        _with_columns(x[rows], found.expected[rows], columns, subject.features.columns)
    )
    return left


def _drops(scores: Array, left: Array) -> Array:
    """Return the drop of the logarithm of the score by each replacement; at least 0."""
    ratios = scores[:, np.newaxis] / np.maximum(left, _LEAST_RATIO * scores[:, np.newaxis])
    return np.asarray(np.log(np.maximum(ratios, 1)))


def _with_columns(x: Array, expected: Array, columns: Array, of_features: Array) -> Array:
    """Return records with the expected features in one column of each."""
    return np.where(of_features == columns[:, np.newaxis], expected, x)
