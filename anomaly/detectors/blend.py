r"""One score from those of several members of an ensemble.

Members spread differently. A quarter of normal records may score 13 % above the median by one member, and 80 % above it
by another; in a plain mean the first would hardly matter. So with :math:`s_m` in units of the median training record,
each score is measured by the member's own spread :math:`q_m` in training. With the members' weights :math:`a_m`,

.. math:: \varphi\Bigl(\frac{\ln s}{\bar q}\Bigr) = \sum_m a_m\, \varphi(z_m), \qquad z_m = \frac{\ln s_m}{q_m},
          \qquad \bar q = \sum_m a_m q_m

where :math:`\varphi(z) = z` for scores above the median, and :math:`\alpha (e^{z/\alpha} - 1)` with
:math:`\alpha = 1/4` below it. The factor :math:`\bar q` returns the score to units of a distance. About 1 is a normal
record, and where all members agree on z, so does the blend.

Above the median it is a weighted geometric mean. A record that one member finds a little anomalous and all others too
is above one that a single member finds very anomalous: an average of experts errs less than the loudest of them.

Below the median no member can veto: the mean has :math:`-\alpha` from a member at least. A group of anomalies among the
training records is such a case. Each of them is extremely near to a remembered record, so that a comparison with the
nearest finds them more normal than any other; and that outweighed all members that see the group as a whole.

The spread is twice the logarithm of the third quartile. So z is 0 for the median record and 1/2 at the third quartile,
and about one normal record in ten lies beyond 1. A spread from that tenth itself would be one of anomalies where there
are as many in the training records, and would weaken those members that detect them best.

References
----------
Aggarwal & Sathe, *Outlier Ensembles* (2017), on putting scores on one scale, and on maxima against means; Hinton,
"Training products of experts by minimizing contrastive divergence", Neural Computation 14 (2002), on means of
logarithms; Hardy, Littlewood & Pólya, *Inequalities* (1934), chapter 3, on means by a function.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from nnlite.types import Array

# A member whose training scores are nearly equal must not decide alone: this bounds its power.
_LEAST_OF_MEAN = 0.5
_THIRD_QUARTILE = 0.75
_ROUNDING = 1e-6
# In units of the typical score. A record equal to a remembered one is at distance 0, which has no logarithm; that it is
# nearer than others are to each other is known at a thousandth, too.
LEAST_SCORE = 1e-3
# How much a member can say for a record, in units of its spread: about the first quartile of its scores. A smaller
# bound finds more groups of anomalies in training, and from 0.1 on fewer single ones among fresh records.
_BOUND = 0.25
_LARGEST_EXPONENT = 700.0


class Blend:
    """Weighted mean of the members' scores, each in units of its spread; see the module.

    Parameters
    ----------
    weights : sequence of float of shape (n_members,)
        a, at least 0; they add up to 1.
    spreads : sequence of float of shape (n_members,)
        q, at least 0 (see `spread_of`). Those below half of their mean are raised to it; if all are 0, but for
        rounding, all are set to 1.
    bound : float, default 0.25
        Alpha: how much a member can say for a record, in units of its spread.

    Examples
    --------
    >>> import numpy as np
    >>> Blend([0.5, 0.5], [1.0, 1.0]).scores([np.array([1.0, 1.0]), np.array([1.0, 4.0])]).round(6).tolist()
    [1.0, 2.0]
    >>> Blend([0.5, 0.5], [1.0, 1.0]).scores([np.array([0.001]), np.array([4.0])]).round(2).tolist()
    [1.76]
    """

    kind: ClassVar[str] = "guarded mean"

    def __init__(
        self, weights: Sequence[float] | Array, spreads: Sequence[float] | Array, bound: float = _BOUND
    ) -> None:
        self.bound = bound
        found = np.asarray(spreads, np.float64)
        differ = found.max() > _ROUNDING
        self.units = np.maximum(found, _LEAST_OF_MEAN * found.mean()) if differ else np.ones(len(found))
        self._set_weights(np.asarray(weights, np.float64))

    def _set_weights(self, weights: Array) -> None:
        """Set the weights, and what follows from them: for a single record that would take as long as its score."""
        self.weights = weights
        self.power = float(weights @ self.units)
        used = weights > 0
        self._used = None if used.all() else used
        self._used_weights, self._used_units = weights[used, np.newaxis], self.units[used, np.newaxis]

    def with_weights(self, weights: Array) -> Blend:
        """Return a blend of the same members with other weights, divided by their sum."""
        other = copy.copy(self)
        other._set_weights(weights / weights.sum())
        return other

    def scores(self, by_member: Sequence[Array] | Array) -> Array:
        """Return s of shape (n_records,).

        Parameters
        ----------
        by_member : array_like of shape (n_members, n_records)
            :math:`s_m`, at least 0.
        """
        scores = np.asarray(by_member)
        if self._used is not None:
            scores = scores[self._used]
        z = np.log(np.maximum(scores, LEAST_SCORE)) / self._used_units
        return np.exp(self.power * _mean(z, self._used_weights, self.bound))

    @staticmethod
    def combine(z: Array, weights: Array) -> tuple[Array, Array, Array]:
        r"""Combine logarithms of scores, with the derivatives that a fit of the weights needs.

        Parameters
        ----------
        z : ndarray of shape (n_records, n_members)
            :math:`z_m`.
        weights : ndarray of shape (n_members,)
            a, above 0; they add up to 1.

        Returns
        -------
        total : ndarray of shape (n_records,)
            :math:`\ln s / \bar q`.
        by_z : ndarray of shape (n_records, n_members)
            Its derivative with respect to :math:`z_m`.
        by_logarithm : ndarray of shape (n_records, n_members)
            Its derivative with respect to :math:`\ln a_m` where the weights are divided by their sum.
        """
        total = _mean(z.T, weights[:, np.newaxis])
        below = np.minimum(total, 0)[:, np.newaxis]
        # The ratio of the derivatives of phi at z and at the mean: it is finite where both are 0 but for rounding.
        ratio = np.exp((np.minimum(z, 0) - below) / _BOUND)
        above = np.maximum(z, 0) * np.exp(np.minimum(-below / _BOUND, _LARGEST_EXPONENT))
        difference = above + _BOUND * (ratio - 1) - np.maximum(total, 0)[:, np.newaxis]
        return total, weights * ratio, weights * difference


def _mean(z: Array, weights: Array, bound: float = _BOUND) -> Array:
    r"""Return the numbers whose :math:`\varphi` is the weighted mean of those of z, of shape (n_members, n_records).

    Weights are of shape (n_members, 1).

    With :math:`\psi = 1 + \varphi / \alpha`, which is above 0, and by logarithms, since it may be too small for
    floating point where all are below 0.
    """
    highest = np.minimum(np.maximum.reduce(z, axis=0), 0)
    terms = weights * (np.maximum(z, 0) + bound * np.exp((np.minimum(z, 0) - highest) / bound))
    # Added one after the other, so that the bits of a record do not depend on how many there are.
    psi = np.add.accumulate(terms, axis=0)[-1] / bound
    # psi is that of the mean above the highest of z, or above 0.
    below = highest + bound * np.log(np.minimum(psi, 1))
    return np.where(psi > 1, bound * (psi - 1), below)


class SoftMaximum(Blend):
    r"""Blend of detectors that were saved by earlier versions: most weight is that of the largest score.

    .. math:: s = \Bigl( \sum_m a_m\, s_m^{1/q_m} \Bigr)^{\bar q}

    If all spreads are 1, it is the mean.

    Examples
    --------
    >>> import numpy as np
    >>> SoftMaximum([0.5, 0.5], [0.8, 0.8]).scores([np.array([1.0, 1.0]), np.array([1.0, 3.0])]).round(2).tolist()
    [1.0, 2.1]
    """

    kind: ClassVar[str] = "soft maximum"

    def scores(self, by_member: Sequence[Array] | Array) -> Array:
        """Return s of shape (n_records,)."""
        # By logarithms, since the powers may be too large for floating point.
        with np.errstate(divide="ignore"):
            z = np.stack([np.log(scores) / unit for scores, unit in zip(by_member, self.units, strict=True)])
            z[self.weights == 0] = -np.inf
            highest = z.max(axis=0)
            highest[np.isneginf(highest)] = 0
            total = (self.weights[:, np.newaxis] * np.exp(z - highest)).sum(axis=0)
            return np.asarray(np.exp(self.power * (highest + np.log(total))))

    @staticmethod
    def combine(z: Array, weights: Array) -> tuple[Array, Array, Array]:
        """Combine logarithms of scores, with the derivatives that a fit of the weights needs."""
        weighted = z + np.log(weights)
        total = np.logaddexp.reduce(weighted, axis=1)
        by_z = np.exp(weighted - total[:, np.newaxis])
        return total, by_z, by_z - weights


BLENDS: dict[str, type[Blend]] = {kind.kind: kind for kind in (Blend, SoftMaximum)}
"""Class of each kind of blend, by its name in files."""


def spread_of(scores: Array) -> float:
    """Return twice the logarithm of the third quartile of scores whose median is 1, at least 0."""
    return 2 * float(np.log(max(np.quantile(scores, _THIRD_QUARTILE), 1.0)))
