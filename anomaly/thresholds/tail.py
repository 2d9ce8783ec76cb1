"""Peaks over threshold: extrapolation of the tail of the scores by extreme value theory."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from anomaly.thresholds.base import Threshold
from anomaly.thresholds.extrapolation import fresh_quantile, warn_if_few
from nnlite.types import Array
from nnlite.validation import number

_FEWEST_EXCESSES = 10


class PeaksOverThreshold(Threshold):
    r"""The score that normal records exceed with a given probability, by extreme value theory.

    The excesses over a high level t follow, for a wide class of distributions of the scores, a generalized Pareto
    distribution with a shape :math:`\gamma` and a scale :math:`\sigma`. It is fitted to them by maximum likelihood and
    extrapolated beyond the largest score:

    .. math:: z = t + \frac{\sigma}{\gamma} \left( \left( \frac{q\,n}{N_t} \right)^{-\gamma} - 1 \right)

    where q is the requested probability, and :math:`N_t` of n scores lie above t.

    The estimate of the shape from few excesses is inaccurate, and the error grows with the distance of the
    extrapolation. In simulations (uniform, normal, exponential, gamma, log-normal, t and Pareto scores; n from 50 to
    5,000) fresh scores exceeded the threshold 0.9 to 1.2 times as often as requested at q = 10/n, and 0.9 to 1.9 times
    at q = 1/n. At q = 1/(10 n) it would be up to ten times. For q below 1/(n + 1) the threshold is therefore no lower
    than that of `anomaly.calibration.conformal_threshold`, which assumes a Pareto tail and extrapolates to a tenth of
    1/(n + 1) at most, and there is a warning.

    Parameters
    ----------
    false_alarm_probability : float, default 0.001
        Probability q.
    initial_quantile : float, default 0.98
        Fraction of the scores below t. It is lowered, to no less than 0.5, until ten scores lie above.

    Attributes
    ----------
    level_, shape_, scale_ : float
        Level t, shape gamma and scale sigma.

    Warns
    -----
    FewRecordsWarning
        By `fit`, if q is below ``1 / (n + 1)``.

    References
    ----------
    Siffer, Fouque, Termier & Largouet, "Anomaly detection in streams with extreme value theory", KDD 2017; Grimshaw,
    "Computing maximum likelihood estimates for the generalized Pareto distribution", Technometrics 35 (1993).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> rule = PeaksOverThreshold(1e-3).fit(rng.exponential(size=20_000))
    >>> 0.0005 < float(rule.predict(rng.exponential(size=100_000)).mean()) < 0.002
    True
    """

    level_: float
    shape_: float
    scale_: float

    def __init__(self, false_alarm_probability: float = 1e-3, initial_quantile: float = 0.98) -> None:
        self.false_alarm_probability = self._checked(
            "false_alarm_probability", false_alarm_probability, number(above=0, below=1)
        )
        self.initial_quantile = self._checked("initial_quantile", initial_quantile, number(least=0.5, below=1))

    def _choose(self, scores: Array, y: ArrayLike | None) -> float:  # noqa: ARG002
        n, probability = len(scores), self.false_alarm_probability
        extrapolated = self._extrapolate(scores)
        if probability * (n + 1) >= 1:
            return extrapolated
        warn_if_few(n, probability, "false_alarm_probability", stacklevel=4)
        return max(extrapolated, fresh_quantile(np.sort(scores), probability))

    def _extrapolate(self, scores: Array) -> float:
        """Return the threshold of the formula for any number of scores."""
        quantile = max(0.5, min(self.initial_quantile, 1 - _FEWEST_EXCESSES / len(scores)))
        self.level_ = float(np.quantile(scores, quantile))
        excesses = scores[scores > self.level_] - self.level_
        if not excesses.size:
            self.shape_ = self.scale_ = 0.0
            return self.level_
        self.shape_, self.scale_ = fit_generalized_pareto(excesses)
        fraction = self.false_alarm_probability * len(scores) / len(excesses)
        if fraction >= 1:
            # So frequent an alarm lies among the scores: no extrapolation is needed.
            return float(np.quantile(scores, 1 - self.false_alarm_probability))
        if self.shape_ == 0:
            return self.level_ - self.scale_ * math.log(fraction)
        return self.level_ + self.scale_ / self.shape_ * (fraction**-self.shape_ - 1)


def fit_generalized_pareto(excesses: Array) -> tuple[float, float]:
    r"""Fit a generalized Pareto distribution by maximum likelihood.

    With :math:`\theta = \gamma / \sigma` the best shape for a given theta is
    :math:`\gamma = \overline{\ln(1 + \theta x)}`, so the profile likelihood is maximized over theta alone: on a grid,
    then by golden-section search around the best point.

    Parameters
    ----------
    excesses : ndarray of shape (n,)
        Positive numbers.

    Returns
    -------
    shape, scale : float
        Gamma and sigma. Shape 0 is the exponential distribution, which is fitted to fewer than ten excesses.

    References
    ----------
    Grimshaw, "Computing maximum likelihood estimates for the generalized Pareto distribution", Technometrics 35 (1993).
    """
    unit = float(excesses.mean())
    if len(excesses) < _FEWEST_EXCESSES or excesses.max() - excesses.min() <= 1e-12 * unit:
        return 0.0, unit
    x = excesses / unit

    def likelihood(theta: float) -> float:
        """Return the log likelihood per excess, in units of the mean; at 0 that of the exponential distribution."""
        if theta == 0:
            return -1.0
        shape = float(np.log1p(theta * x).mean())
        # Below a shape of -1 the likelihood grows without bound.
        return -math.log(shape / theta) - shape - 1 if shape > -1 else -math.inf

    lowest = -1 / float(x.max())
    grid = np.sort(np.r_[lowest * (1 - np.geomspace(1e-4, 0.99, 60)), 0.0, np.geomspace(1e-3, 1e2, 80)])
    best = int(np.argmax([likelihood(theta) for theta in grid]))
    theta = _maximum(likelihood, grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)])
    if likelihood(theta) <= likelihood(0.0):
        return 0.0, unit
    shape = float(np.log1p(theta * x).mean())
    return shape, shape / theta * unit


def _maximum(function: Callable[[float], float], low: float, high: float) -> float:
    """Return the maximizer of a unimodal function on an interval, by golden-section search."""
    golden = (math.sqrt(5) - 1) / 2
    for _ in range(60):
        left, right = high - golden * (high - low), low + golden * (high - low)
        if function(left) < function(right):
            low = left
        else:
            high = right
    return (low + high) / 2
