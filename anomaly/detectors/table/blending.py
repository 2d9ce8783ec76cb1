r"""One score from those of several members: what stands out for any of them stands out.

Members spread differently. Of usual records, a fourth may lie 13 % beyond the median by one member, and 80 % by
another; a mean of the two would hear little of the first. So with :math:`s_m` in units of the median training record,
each is measured by its own spread :math:`q_m` in training, and the score is

.. math:: s = \Bigl( \sum_m a_m\, s_m^{1/q_m} \Bigr)^{\bar q}, \qquad \bar q = \sum_m a_m q_m

The powers make the largest count most. In the exponent :math:`z_m = \ln s_m / q_m` it is a soft maximum; and the
power outside brings the score back to units of a distance. About 1 is a usual record. If all members have a spread of
1, it is their mean.

The spread is twice the logarithm of the third quartile. So z is 0 for the median record and 1/2 at the third quartile,
and of usual records one in ten or so lies beyond 1. Taken from that tenth itself, it would be of anomalies where there
are as many in the training records, and those members would count least that tell them best.

References
----------
Aggarwal & Sathe, *Outlier Ensembles* (2017), on putting scores on one scale, and on maxima against means.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np

from nnlite.types import Array

# A member whose training scores are all but equal is not to decide alone: its powers stay below the square.
_LEAST_OF_MEAN = 0.5
_THIRD_QUARTILE = 0.75
_ROUNDING = 1e-6
_DIGITS = 2.0**13
# Of the 53 binary digits of a float64, these leave room for a sum that is a little too large before it is put right.
_PART_BITS = 48


class Blend:
    """A way to make one score of several.

    Parameters
    ----------
    shares : sequence of float of shape (n_members,)
        a, at least 0; all of them together are 1.
    spreads : sequence of float of shape (n_members,)
        q, at least 0 (see `spread_of`). None is taken for less than half of their mean; if all are 0, but for
        rounding, all are taken for 1.

    Examples
    --------
    >>> import numpy as np
    >>> Blend([0.5, 0.5], [1.0, 1.0]).scores([np.array([1.0, 1.0]), np.array([1.0, 3.0])]).round(6).tolist()
    [1.0, 2.0]
    >>> Blend([0.5, 0.5], [0.8, 0.8]).scores([np.array([1.0, 1.0]), np.array([1.0, 3.0])]).round(2).tolist()
    [1.0, 2.1]
    """

    def __init__(self, shares: Sequence[float] | Array, spreads: Sequence[float] | Array) -> None:
        found = np.asarray(spreads, np.float64)
        self.shares = np.asarray(shares, np.float64)
        apart = found.max() > _ROUNDING
        self.units = np.maximum(found, _LEAST_OF_MEAN * found.mean()) if apart else np.ones(len(found))
        self.power = float(self.shares @ self.units)

    def with_shares(self, shares: Array) -> Blend:
        """Return a blend of the same members with other shares, divided by their sum."""
        other = copy.copy(self)
        other.shares = shares / shares.sum()
        other.power = float(other.shares @ other.units)
        return other

    def scores(self, by_member: Sequence[Array]) -> Array:
        """Return s.

        Parameters
        ----------
        by_member : sequence of ndarray of shape (n_records,)
            :math:`s_m`, at least 0.
        """
        # By logarithms, as the powers may be too large for floating point.
        with np.errstate(divide="ignore"):
            z = np.stack([np.log(scores) / unit for scores, unit in zip(by_member, self.units, strict=True)])
            z[self.shares == 0] = -np.inf
            highest = z.max(axis=0)
            # Where all are 0, there is nothing to take off.
            highest[np.isneginf(highest)] = 0
            total = (self.shares[:, np.newaxis] * np.exp(z - highest)).sum(axis=0)
            return np.asarray(np.exp(self.power * (highest + np.log(total))))


def settled(scores: Array) -> Array:
    """Return scores rounded to 13 binary digits, four decimal ones.

    Products of matrices of other sizes are rounded otherwise, so that a record's score would depend on its company by
    some parts in a million. Where many records are equal a threshold lies on their very score, and would have some of
    them above it.

    Examples
    --------
    >>> import numpy as np
    >>> a, b = settled(np.array([1.000003, 1.000002])).tolist()
    >>> a == b
    True
    """
    fractions, exponents = np.frexp(scores)
    return np.asarray(np.ldexp(np.rint(fractions * _DIGITS) / _DIGITS, exponents))


def parts_of(scores: Array, shares: Array) -> Array:
    """Share out scores so that the parts add up to them exactly, in whatever order they are added.

    The parts are whole multiples of a tiny part of the score, so that no sum of them has to be rounded.

    Parameters
    ----------
    scores : ndarray of float64 of shape (n_records,)
        As `settled` makes them, at least 0.
    shares : ndarray of float64 of shape (n_records, n_columns)
        At least 0; each row adds up to 1, but for rounding, or to 0 where the score belongs to no column.

    Returns
    -------
    ndarray of float64 of shape (n_records, n_columns)
        At least 0.

    Examples
    --------
    >>> import numpy as np
    >>> bool(parts_of(np.array([1.5]), np.full((1, 3), 1 / 3)).sum() == 1.5)
    True
    """
    _, exponents = np.frexp(scores)
    units = np.ldexp(1.0, exponents - _PART_BITS)[:, np.newaxis]
    parts = np.asarray(np.floor(shares * scores[:, np.newaxis] / units) * units)
    rows = np.arange(len(parts))
    parts[rows, shares.argmax(axis=1)] += scores - parts.sum(axis=1)
    return parts


def spread_of(scores: Array) -> float:
    """Return twice the logarithm of the third quartile of scores whose median is 1, at least 0."""
    return 2 * float(np.log(max(np.quantile(scores, _THIRD_QUARTILE), 1.0)))
