"""Rules by the location and spread of the scores, by a known fraction of anomalies, or by a known threshold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from anomaly.thresholds.base import MAD_TO_SIGMA, Threshold, all_equal
from nnlite.types import Array
from nnlite.validation import Constraint, number

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_FACTOR = number(least=0)
# Ratio of the standard deviation of a normal variable to its mean absolute deviation.
_MEAN_DEVIATION_TO_SIGMA = 1.2533141373155001


class FixedThreshold(Threshold):
    """A known threshold.

    Parameters
    ----------
    value : float
        Threshold.

    Examples
    --------
    >>> FixedThreshold(2.0).fit([1.0, 3.0]).predict([1.0, 2.0, 3.0]).tolist()
    [0, 0, 1]
    """

    def __init__(self, value: float) -> None:
        self.value = self._checked("value", value, Constraint("a finite number", number().accepts))

    def _choose(self, scores: Array, y: ArrayLike | None) -> float:  # noqa: ARG002
        return self.value


class QuantileThreshold(Threshold):
    """The threshold that flags a known fraction of the records.

    Of n records, the integer nearest to ``contamination * n`` are flagged, fewer if scores tie there.

    Parameters
    ----------
    contamination : float, default 0.1
        Fraction of anomalies, above 0 and at most 0.5.

    Examples
    --------
    >>> rule = QuantileThreshold(0.25).fit([1.0, 2.0, 3.0, 4.0])
    >>> rule.threshold_, rule.predict([3.0, 3.5]).tolist()
    (3.0, [0, 1])
    """

    def __init__(self, contamination: float = 0.1) -> None:
        self.contamination = self._checked("contamination", contamination, number(above=0, most=0.5))

    def shortage(self, n_scores: int, y: ArrayLike | None = None) -> str | None:  # noqa: ARG002
        """Return a warning where the fraction is less than half a record."""
        if self._count(n_scores):
            return None
        needed = math.ceil(0.5 / self.contamination)
        return (
            f"a contamination of {self.contamination:g} is less than half of one of {n_scores} records, so that none "
            f"of them is an anomaly. Give at least {needed} records, or a larger contamination"
        )

    def _count(self, n_scores: int) -> int:
        return math.floor(self.contamination * n_scores + 0.5)

    def _choose(self, scores: Array, y: ArrayLike | None) -> float:  # noqa: ARG002
        flagged = self._count(len(scores))
        place = min(flagged, len(scores) - 1)
        return np.partition(scores, len(scores) - 1 - place)[len(scores) - 1 - place].item()


class SigmaThreshold(Threshold):
    """Mean plus k standard deviations.

    For scores without anomalies: a few of those inflate the standard deviation.

    Parameters
    ----------
    k : float, default 3.0
        Number of standard deviations.

    Examples
    --------
    >>> SigmaThreshold(k=1.0).fit([1.0, 3.0]).threshold_
    3.0
    """

    def __init__(self, k: float = 3.0) -> None:
        self.k = self._checked("k", k, _FACTOR)

    def _choose(self, scores: Array, y: ArrayLike | None) -> float:  # noqa: ARG002
        if all_equal(scores):
            return float(scores.max())
        return float(scores.mean() + self.k * scores.std())


class MADThreshold(Threshold):
    r"""Median plus k robust standard deviations.

    .. math:: \operatorname{med}(s) + k \cdot 1.4826 \cdot \operatorname{med}|s - \operatorname{med}(s)|

    Its breakdown point is a half: up to half of the scores may be anomalies. If more than half of the scores are equal,
    the mean absolute deviation replaces the median one.

    Parameters
    ----------
    k : float, default 3.5
        Number of robust standard deviations.
    log : bool, default False
        Whether to use the logarithms of the scores, which for reconstruction errors are closer to normal. The scores
        must not be negative; those at 0 are set to the smallest positive one.

    References
    ----------
    Iglewicz & Hoaglin, *How to Detect and Handle Outliers* (1993).

    Examples
    --------
    >>> round(MADThreshold(k=1.0).fit([1.0, 2.0, 3.0, 100.0]).threshold_, 4)
    3.9826
    """

    def __init__(self, k: float = 3.5, log: bool = False) -> None:
        self.k = self._checked("k", k, _FACTOR)
        self.log = bool(log)

    def _choose(self, scores: Array, y: ArrayLike | None) -> float:  # noqa: ARG002
        if not self.log:
            return _robust_limit(scores, self.k)
        if scores.min() < 0:
            raise ValueError(f"MADThreshold: log=True needs scores of at least 0; found {scores.min():g}")
        return _log_limit(scores, self.k)


class IQRThreshold(Threshold):
    """Third quartile plus k times the distance between the quartiles: the whisker of a box plot.

    Parameters
    ----------
    k : float, default 1.5
        Number of interquartile ranges.

    References
    ----------
    Tukey, *Exploratory Data Analysis* (1977).

    Examples
    --------
    >>> IQRThreshold().fit([1.0, 2.0, 3.0, 4.0, 5.0]).threshold_
    7.0
    """

    def __init__(self, k: float = 1.5) -> None:
        self.k = self._checked("k", k, _FACTOR)

    def _choose(self, scores: Array, y: ArrayLike | None) -> float:  # noqa: ARG002
        first, third = np.quantile(scores, [0.25, 0.75])
        return float(third + self.k * (third - first))


def _robust_limit(values: Array, k: float) -> float:
    if all_equal(values):
        return float(values.max())
    middle = float(np.median(values))
    deviations = np.abs(values - middle)
    spread = MAD_TO_SIGMA * float(np.median(deviations))
    if spread == 0:
        spread = _MEAN_DEVIATION_TO_SIGMA * float(deviations.mean())
    return middle + k * spread


def _log_limit(scores: Array, k: float) -> float:
    positive = scores[scores > 0]
    if not positive.size:
        return 0.0
    if all_equal(scores):
        return float(scores.max())
    exponent = _robust_limit(np.log(np.maximum(scores, positive.min())), k)
    return math.exp(min(exponent, 700.0))
