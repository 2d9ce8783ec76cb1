"""Threshold for a rate of false alarms in a series: peaks over a threshold, one for each cluster of high scores."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from anomaly.thresholds.base import Threshold
from nnlite.types import Array
from nnlite.validation import as_finite, boolean, check_value, integer, number

_LEVEL = 0.95
_LARGEST_EXPONENT = 700.0


class DeclusteredPeaks(Threshold):
    r"""The score that the steps of a normal series exceed in a given number of events per step.

    The scores of a series are autocorrelated: one cause raises those of many steps, so that a quantile of the scores
    says how many steps are flagged, and not how often there is an alarm. Here the scores above a level u, their 95 %
    quantile, are declustered: those at most `gap` steps apart are one event, represented by its peak. If the logarithms
    of the k peaks exceed :math:`\ln u` by an exponential variable with the mean e (the peaks have a Pareto tail, with
    any exponent), the peaks above a threshold z have the rate r per step for

    .. math:: \ln z = \ln u + e \ln \frac1\rho, \qquad \rho = \frac{r\,n}{k},

    with n scores. The mean of k exponential variables is itself an estimate. With ``predictive=True`` the threshold
    allows for its error: the probability that a fresh peak is higher, averaged over the error, is :math:`\rho` for

    .. math:: \ln z = \ln u + k e \left( \rho^{-1/k} - 1 \right).

    The two agree for many peaks, and the second is far higher for rates that few peaks cannot support. Where u is not
    positive, the scores replace their logarithms. The threshold is no lower than the quantile of the scores that leaves
    a fraction `most_flagged` above, because few events may be long ones.

    Parameters
    ----------
    rate : float, default 0.0005
        Events per step, above 0 and below 1; see `anomaly.thresholds.alarm_rates.AlarmRate` for texts such as "1/week".
    gap : int, default 50
        Largest number of steps between two steps of one event, at least 1.
    predictive : bool, default True
        Whether the threshold allows for the error of the estimated tail. False suits a default, which promises no rate:
        it makes no allowance, and takes a rate below one event in n scores as that.
    most_flagged : float, default 0.01
        Largest fraction of the scores above the threshold, above 0 and below 1.

    Attributes
    ----------
    level_ : float
        Level u.
    n_peaks_ : int
        Number of peaks k.
    mean_excess_ : float
        Mean excess e of the peaks.

    Notes
    -----
    The scores must be those of steps that the detector was not fitted on, or its scores of fresh steps are higher and
    the rate is not kept. In simulations with 2,000 scores, each the maximum of ten independent exponential, log-normal,
    uniform or Pareto ones, fresh scores exceeded the threshold 0.2 to 1.2 times as often as requested at rates of
    0.005, 0.001 and 0.0001 (uniform scores less often: their tail ends). Distances of windows have longer tails than
    the training shows; `anomaly.detectors.sequence.moving_limit` keeps the rate there.

    References
    ----------
    Leadbetter, "On a basis for 'peaks over threshold' modeling", Statistics & Probability Letters 12 (1991); Rényi, "On
    the theory of order statistics", Acta Mathematica Hungarica 4 (1953).

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).exponential(size=20_020)
    >>> scores = np.convolve(noise, np.ones(21), "valid")
    >>> rule = DeclusteredPeaks(rate=1e-3, gap=40).fit(scores[:10_000])
    >>> bool(np.mean(scores[10_000:] > rule.threshold_) < 0.02)
    True
    """

    level_: float
    n_peaks_: int
    mean_excess_: float

    def __init__(self, rate: float = 5e-4, gap: int = 50, predictive: bool = True, most_flagged: float = 0.01) -> None:
        self.rate = self._checked("rate", rate, number(above=0, below=1))
        check_value("DeclusteredPeaks: gap", gap, integer(least=1))
        check_value("DeclusteredPeaks: predictive", predictive, boolean())
        self.gap = int(gap)
        self.predictive = bool(predictive)
        self.most_flagged = self._checked("most_flagged", most_flagged, number(above=0, below=1))

    def fit_segments(self, segments: Sequence[ArrayLike]) -> DeclusteredPeaks:
        """Choose the threshold from the scores of several segments, between which no event continues.

        Parameters
        ----------
        segments : sequence of array_like of shape (n_steps,)
            Scores of each segment.

        Returns
        -------
        DeclusteredPeaks
            The rule itself.

        Raises
        ------
        ValueError
            If there are no scores, or they are not finite.
        """
        parts = [as_finite("scores", segment) for segment in segments if np.size(segment)]
        self.threshold_ = self._threshold(parts or [as_finite("scores", [])])
        return self

    def shortage(self, n_scores: int, y: ArrayLike | None = None) -> str | None:  # noqa: ARG002
        """Return a warning where less than one event is expected among the scores, unless the rate is no promise."""
        if not self.predictive or n_scores * self.rate >= 1:
            return None
        return (
            f"{self.rate:.2g} false alarms per step are less than one in the {n_scores:,} steps that the threshold was "
            f"chosen from: it is an extrapolation. Give at least {math.ceil(1 / self.rate):,} steps, or a larger rate"
        )

    def _choose(self, scores: Array, y: ArrayLike | None) -> float:  # noqa: ARG002
        return self._threshold([scores])

    def _threshold(self, segments: Sequence[Array]) -> float:
        scores = np.concatenate(segments)
        level, lowest = map(float, np.quantile(scores, [_LEVEL, 1 - self.most_flagged]))
        peaks = np.concatenate([cluster_peaks(segment, level, self.gap) for segment in segments])
        is_log = level > 0
        excesses = np.log(peaks / level) if is_log else peaks - level
        self.level_, self.n_peaks_ = level, len(peaks)
        self.mean_excess_ = float(excesses.mean()) if len(peaks) else 0.0
        distance = self._steps_beyond(max(self.rate * len(scores), 0.0 if self.predictive else 1.0)) * self.mean_excess_
        return max(lowest, level * math.exp(min(distance, _LARGEST_EXPONENT)) if is_log else level + distance)

    def _steps_beyond(self, expected: float) -> float:
        """Return the distance of the threshold from the level in mean excesses, for an expected number of events."""
        k = self.n_peaks_
        if expected >= k:
            return 0.0
        if not self.predictive:
            return math.log(k / expected)
        return k * math.expm1(min(math.log(k / expected) / k, _LARGEST_EXPONENT))


def cluster_peaks(scores: Array, level: float, gap: int) -> Array:
    """Return the highest score of each cluster of scores above a level.

    Parameters
    ----------
    scores : ndarray of float of shape (n,)
        Scores of consecutive steps.
    level : float
        Scores above it belong to clusters.
    gap : int
        Largest distance in steps of two consecutive scores of a cluster.

    Returns
    -------
    ndarray of float of shape (n_clusters,)
        In their order in time.

    Examples
    --------
    >>> import numpy as np
    >>> cluster_peaks(np.array([5.0, 0.0, 7.0, 0.0, 0.0, 0.0, 6.0]), level=1.0, gap=2).tolist()
    [7.0, 6.0]
    """
    above = np.flatnonzero(scores > level)
    if not len(above):
        return np.zeros(0)
    starts = np.r_[0, np.flatnonzero(np.diff(above) > gap) + 1]
    return np.asarray(np.maximum.reduceat(scores[above], starts))
