r"""Contributions of columns to a score: how far it falls when a column is replaced by what the others expect.

What a column adds to the members' scores tells little of a fault. Where two columns contradict each other, both may be
within their range; a rare category differs in nothing from the nearest record where that has it too; and a column that
nothing predicts adds most to every score. So a column's contribution is the drop

.. math:: \delta_c = \max\bigl(0,\; \ln s(x) - \ln s(x^{(c)})\bigr)

of the logarithm of the score, with :math:`x^{(c)}` the record x whose column c has its expected value. A record has to
be scored for each replacement, so only the few columns that may be faulty are replaced
(`anomaly.detectors.table.expectation`).

**Two faults.** If the record is still not normal with its best replacement b, a second column is replaced besides: the
one, c, by which the score then falls most. If it falls further than by c alone, the two contributions are Shapley
values, the mean of the drops in both orders. So b stays first:

.. math:: \phi_c = \tfrac12 \bigl(\delta_c + \delta_{c \mid b}\bigr), \qquad
          \phi_b = \delta_b + \tfrac12 \bigl(\delta_{c \mid b} - \delta_c\bigr)

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
from anomaly.detectors.table.expectation import Expectation
from nnlite.types import Array

_BY_MEMBER = 0.01
# Scores have 13 binary digits: less than the last one in comparison is 0.
_LEAST_RATIO = 2.0**-13


class Subject(Protocol):
    """What gives the scores that are explained."""

    @property
    def features(self) -> FeatureSet:
        """Columns of the features."""

    @property
    def expectation(self) -> Expectation:
        """Estimates of columns from the others."""

    @property
    def levels(self) -> tuple[float, float]:
        """Scores of a typical training record, and of one that nine in ten do not exceed."""

    def scores(self, x: Array) -> Array:
        """Return the score of each record, of shape (n,)."""

    def view(self, x: Array) -> Array:
        """Return the fractions of columns in the score of a member that all columns add to, of shape (n, n_columns)."""


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
    by_member = subject.view(x)
    drops = np.zeros(by_member.shape)
    above = scores > subject.levels[0]
    if above.any():
        drops[above] = _drops_of_one_or_two(subject, x[above], scores[above], by_member[above])
    by_drops = np.where(drops.any(axis=1, keepdims=True), normalized(drops), by_member)
    return np.asarray((1 - _BY_MEMBER) * by_drops + _BY_MEMBER * by_member)


def _drops_of_one_or_two(subject: Subject, x: Array, scores: Array, by_member: Array) -> Array:
    """Return the drops by single replacements or, of records that need it, by the best two."""
    columns = subject.features.columns
    proposed, expected = subject.expectation.propose(x, by_member)
    drops = _drops(subject, x, scores, expected, proposed)
    best = drops.argmax(axis=1)
    largest = drops[np.arange(len(x)), best]
    left = scores * np.exp(-largest)
    again = (largest > 0) & (left > subject.levels[1])
    if again.any():
        replaced = _with_columns(x[again], expected[again], best[again], columns)
        drops[again] = _with_second(subject, x[again], replaced, left[again], drops[again])
    return drops


def normalized(values: Array) -> Array:
    """Make the rows of values of at least 0 add up to 1, or leave them at 0."""
    totals = values.sum(axis=1, keepdims=True)
    return np.divide(values, totals, out=np.zeros_like(values), where=totals > 0)


def _drops(subject: Subject, x: Array, scores: Array, expected: Array, proposed: Array) -> Array:
    """Return how far the logarithm of the score falls by each replacement, at least 0; 0 where there is none."""
    drops = np.zeros(proposed.shape)
    rows, columns = np.nonzero(proposed)
    replaced = _with_columns(x[rows], expected[rows], columns, subject.features.columns)
    # Where the record has the expected value already, there is nothing to score.
    differ = (replaced != x[rows]).any(axis=1)
    rows, columns = rows[differ], columns[differ]
    least = _LEAST_RATIO * scores[rows]
    ratios = scores[rows] / np.maximum(np.maximum(subject.scores(replaced[differ]), least), np.finfo(float).tiny)
    drops[rows, columns] = np.log(np.maximum(ratios, 1))
    return drops


def _with_second(subject: Subject, x: Array, replaced: Array, left: Array, drops: Array) -> Array:
    """Return drops with the Shapley values of the first replaced column and of a second one."""
    rows, best = np.arange(len(x)), drops.argmax(axis=1)
    proposed, _ = subject.expectation.propose(replaced, subject.view(replaced))
    proposed[rows, best] = False
    then = _drops(subject, replaced, left, subject.expectation.of(x, proposed), proposed)
    second = then.argmax(axis=1)
    gain = np.maximum(then[rows, second] - drops[rows, second], 0) / 2
    both = drops.copy()
    both[rows, best] += gain
    both[rows, second] += gain
    return both


def _with_columns(x: Array, expected: Array, columns: Array, of_features: Array) -> Array:
    """Return records with the expected features in one column of each."""
    return np.where(of_features == columns[:, np.newaxis], expected, x)
