r"""One score from those of several members of an ensemble.

Members spread differently. A quarter of normal records may score 13 % above the median by one member, and 80 % above it
by another; in a plain mean the first would hardly matter. So with :math:`s_m` in units of the median training record,
each score is measured by the member's own spread :math:`q_m` in training. With the members' weights :math:`a_m`,

.. math:: \ln s = \bar q \sum_m a_m z_m, \qquad z_m = \frac{\ln s_m}{q_m}, \qquad \bar q = \sum_m a_m q_m

is a weighted geometric mean of scores with equal spreads; the factor :math:`\bar q` returns it to units of a distance.
About 1 is a normal record. A record that one member finds a little anomalous and all others too is above one that a
single member finds very anomalous: an average of experts errs less than the loudest of them.

The spread is twice the logarithm of the third quartile. So z is 0 for the median record and 1/2 at the third quartile,
and about one normal record in ten lies beyond 1. A spread from that tenth itself would be one of anomalies where there
are as many in the training records, and would weaken those members that detect them best.

References
----------
Aggarwal & Sathe, *Outlier Ensembles* (2017), on putting scores on one scale, and on maxima against means; Hinton,
"Training products of experts by minimizing contrastive divergence", Neural Computation 14 (2002), on means of
logarithms.
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
_LEAST_SCORE = 1e-3


class Blend:
    """Weighted geometric mean of the members' scores, each in units of its spread; see the module.

    Parameters
    ----------
    weights : sequence of float of shape (n_members,)
        a, at least 0; they add up to 1.
    spreads : sequence of float of shape (n_members,)
        q, at least 0 (see `spread_of`). Those below half of their mean are raised to it; if all are 0, but for
        rounding, all are set to 1.

    Examples
    --------
    >>> import numpy as np
    >>> Blend([0.5, 0.5], [1.0, 1.0]).scores([np.array([1.0, 1.0]), np.array([1.0, 4.0])]).round(6).tolist()
    [1.0, 2.0]
    """

    kind: ClassVar[str] = "geometric mean"

    def __init__(self, weights: Sequence[float] | Array, spreads: Sequence[float] | Array) -> None:
        found = np.asarray(spreads, np.float64)
        self.weights = np.asarray(weights, np.float64)
        differ = found.max() > _ROUNDING
        self.units = np.maximum(found, _LEAST_OF_MEAN * found.mean()) if differ else np.ones(len(found))
        self.power = float(self.weights @ self.units)

    def with_weights(self, weights: Array) -> Blend:
        """Return a blend of the same members with other weights, divided by their sum."""
        other = copy.copy(self)
        other.weights = weights / weights.sum()
        other.power = float(other.weights @ other.units)
        return other

    def scores(self, by_member: Sequence[Array]) -> Array:
        """Return s of shape (n_records,).

        Parameters
        ----------
        by_member : sequence of ndarray of shape (n_records,)
            :math:`s_m`, at least 0.
        """
        total = np.zeros(len(by_member[0]))
        for scores, weight, unit in zip(by_member, self.weights, self.units, strict=True):
            if weight:
                total += weight / unit * np.log(np.maximum(scores, _LEAST_SCORE))
        return np.exp(self.power * total)

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
        total = z @ weights
        return total, np.broadcast_to(weights, z.shape), weights * (z - total[:, np.newaxis])


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

    def scores(self, by_member: Sequence[Array]) -> Array:
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
