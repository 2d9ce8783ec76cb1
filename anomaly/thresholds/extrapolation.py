r"""Quantiles of fresh scores from the ranks of known ones, extrapolated a little beyond the largest.

If a fresh score is exchangeable with n known ones, its rank among them is uniform: it exceeds the
:math:`\lceil (n + 1)(1 - \alpha) \rceil`-th smallest with probability at most :math:`\alpha`, for every distribution.
For an :math:`\alpha` below :math:`1/(n + 1)` there is no such rank, and no threshold with that property for all
distributions: the tail has to be extrapolated.

**Extrapolation.** Let u be the (k + 1)-th largest score, with k = 10, or half of the scores if that is less. If the
excesses of the k logarithms above :math:`\ln u` are exponential (the scores have a Pareto tail, with any exponent),
with the mean excess e, a fresh score exceeds :math:`r_{(n)} e^{t e}` with the probability

.. math:: \frac{k + 1}{n + 1} \prod_{j=1}^{k} \left( 1 + \frac1j + \frac{t}{k} \right)^{-1},

by Rényi's representation of the order statistics. The equation is solved for the t at which it is :math:`\alpha`.
Where u is not positive, the scores replace their logarithms, and the probability is exact for an exponential tail.

Scores with lighter tails exceed it less often than requested, those with heavier tails more often. In simulations (the
tests of this module) with `FURTHEST` = 10, uniform, normal, exponential, gamma, log-normal, t and Pareto scores exceed
it with at most 1.05 times the requested probability, exponential ones with 0.03 to 0.9 times.

Logarithms depend on the origin: a Pareto tail that starts far from 0, compared with its scale, looks like a light one,
and one of negative scores is continued as an exponential tail. Fresh scores then exceeded it up to eight times as often
as requested. For every distribution the probability is at most 1 / (n + 1), that of exceeding the largest score.

References
----------
Vovk, Gammerman & Shafer, *Algorithmic Learning in a Random World* (2005); Rényi, "On the theory of order statistics",
Acta Mathematica Hungarica 4 (1953).
"""

from __future__ import annotations

import math
import warnings

import numpy as np

from anomaly.errors import FewRecordsWarning
from nnlite.types import Array

FURTHEST = 10.0
"""Limit of the extrapolation: 1 / (n + 1) divided by this number is the smallest probability."""
_TAIL = 10
_QUARTILE = 0.75
_LARGEST_EXPONENT = 700.0


def fresh_quantile(ranked: Array, rate: float) -> float:
    """Return the score that a fresh record exceeds with at most a given probability.

    Parameters
    ----------
    ranked : ndarray of float64 of shape (n,)
        Known scores in ascending order, at least one.
    rate : float
        Probability, above 0 and below 1; at least ``1 / (FURTHEST * (n + 1))`` is used.

    Examples
    --------
    >>> import numpy as np
    >>> fresh_quantile(np.arange(1.0, 100.0), 0.05)
    95.0
    >>> round(fresh_quantile(np.arange(1.0, 100.0), 0.005), 1)
    104.4
    """
    n = len(ranked)
    # Rounded, because a rounding error of the product would raise an integer to the next one.
    place = math.ceil(round((n + 1) * (1 - rate), 9))
    if place <= n:
        return float(ranked[place - 1])
    top = min(_TAIL, n // 2)
    if not top:
        return float(ranked[-1])
    steps = _steps_beyond(top, min(1 / (rate * (n + 1)), FURTHEST))
    level = ranked[-top - 1]
    if level <= 0:
        return float(ranked[-1] + steps * (ranked[-top:] - level).mean())
    exponent = steps * float((np.log(ranked[-top:]) - math.log(level)).mean())
    # Limited, because a level near 0 would lead beyond the largest float.
    return float(math.exp(min(math.log(ranked[-1]) + exponent, _LARGEST_EXPONENT))) if exponent else float(ranked[-1])


def quantile_of_dependent(ranked: Array, rate: float, effective: float) -> float:
    r"""Return the score that a fresh record exceeds with at most a given probability, from dependent ones.

    The scores are worth N independent ones. The threshold is their quantile of the level
    :math:`(1 - \alpha)(N + 1) / N`, as that of N scores. Where that is above 1, the tail above the third quartile u is
    continued: if excesses of logarithms are exponential with the mean e, estimated by k = N / 4 independent ones, a
    fresh score exceeds :math:`u e^{t e}` with the probability :math:`(1 + t / k)^{-k} / 4`. The threshold is never
    below the largest score, and no rate below a tenth of 1 / (N + 1) is used.

    Parameters
    ----------
    ranked : ndarray of float64 of shape (n,)
        Known scores in ascending order, at least one.
    rate : float
        Probability, above 0 and below 1.
    effective : float
        N, at least 1.

    Examples
    --------
    >>> import numpy as np
    >>> scores = np.arange(1.0, 1001.0)
    >>> [round(quantile_of_dependent(scores, 0.05, n)) for n in (1000, 100, 20, 10)]
    [951, 960, 998, 1055]
    """
    level = (1 - rate) * (effective + 1) / effective
    if level <= 1:
        return float(np.quantile(ranked, level, method="higher"))
    values = np.log(ranked) if ranked[0] > 0 else ranked
    start = float(np.quantile(values, _QUARTILE))
    above = values[values > start]
    if not len(above):
        return float(ranked[-1])
    k = max(effective * (1 - _QUARTILE), 1.0)
    rate = max(rate, 1 / (FURTHEST * (effective + 1)))
    beyond = start + k * (((1 - _QUARTILE) / rate) ** (1 / k) - 1) * float((above - start).mean())
    found = math.exp(min(beyond, _LARGEST_EXPONENT)) if ranked[0] > 0 else beyond
    return max(found, float(ranked[-1]))


def _steps_beyond(top: int, factor: float) -> float:
    """Return t, the number of mean excesses beyond the largest score, by bisection."""
    places = 1 + 1 / np.arange(1, top + 1)
    low, high = 0.0, 2.0 * top * factor
    for _ in range(60):
        middle = (low + high) / 2
        if float(np.log(places + middle / top).sum()) < math.log((top + 1) * factor):
            low = middle
        else:
            high = middle
    return (low + high) / 2


def warn_if_few(n: int, rate: float, name: str = "false_alarm_rate", stacklevel: int = 3) -> None:
    """Warn where a rate is smaller than a number of scores can guarantee.

    Parameters
    ----------
    n : int
        Number of scores.
    rate : float
        Requested probability.
    name : str, default "false_alarm_rate"
        Name of the argument, for the warning.
    stacklevel : int, default 3
        As for `warnings.warn`; by default the caller of the caller.

    Warns
    -----
    FewRecordsWarning
        If `rate` is below ``1 / (n + 1)``.
    """
    # The product of a rate such as 0.01 and its inverse may differ from 1 by a rounding error.
    if rate * (n + 1) >= 1 - 1e-9:
        return
    limit = 1 / (FURTHEST * (n + 1))
    taken = f"; taken as {limit:.2g}, the smallest that can be estimated at all" if rate < limit else ""
    needed = math.ceil(round(1 / rate, 6)) - 1
    warnings.warn(
        f"{name}={rate:g} cannot be promised by {n:,} scores, only {1 / (n + 1):.2g} or more: the threshold is an "
        f"estimate beyond the largest score{taken}. Give at least {needed:,} records, or a larger {name}",
        FewRecordsWarning,
        stacklevel=stacklevel,
    )
