"""From scores to labels: rules that choose the score above which a record is an anomaly.

Each rule is fitted on scores, usually those of the training records, and then has a `threshold_`: records that score
*above* it are anomalies.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from anomaly.metrics import _both_classes, _counts_by_threshold, _labels_and_scores
from nnlite.types import Array

Self = TypeVar("Self", bound="Threshold")

# Median absolute deviation, mean absolute deviation and interquartile range of a standard normal, as factors.
_MAD_TO_SIGMA = 1.482602218505602
_MEAN_DEVIATION_TO_SIGMA = 1.2533141373155001
_FEWEST_EXCESSES = 10


class Threshold(ABC):
    """Base of all rules.

    Attributes
    ----------
    threshold_ : float
        After `fit`.
    """

    threshold_: float

    def fit(self: Self, scores: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Choose the threshold.

        Parameters
        ----------
        scores : array_like of shape (n,)
            Anomaly scores.
        y : array_like of 0 and 1 of shape (n,), optional
            True labels, for rules that need them.

        Returns
        -------
        Threshold
            The rule itself.

        Raises
        ------
        ValueError
            If there are no scores, or they are not finite, or labels are needed and missing.
        """
        values = np.asarray(scores, np.float64)
        if values.ndim != 1 or not values.size:
            raise ValueError(f"a threshold needs one score per record, shape (n,); found shape {values.shape}")
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            raise ValueError(f"scores must be finite numbers; found {values[bad[0]]} at record {bad[0]}")
        self.threshold_ = float(self._choose(values, y))
        return self

    @abstractmethod
    def _choose(self, scores: Array, y: ArrayLike | None) -> float:
        """Return the threshold for finite scores."""

    def predict(self, scores: ArrayLike) -> Array:
        """Return 1 for scores above the threshold, else 0."""
        return (np.asarray(scores) > self.threshold_).astype(np.int64)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {name: value for name, value in vars(self).items() if not name.endswith("_")}

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


class FixedThreshold(Threshold):
    """A threshold that is known.

    Parameters
    ----------
    value : float
        The threshold.

    Examples
    --------
    >>> FixedThreshold(2.0).fit([1.0, 3.0]).predict([1.0, 2.0, 3.0]).tolist()
    [0, 0, 1]
    """

    def __init__(self, value: float) -> None:
        if not math.isfinite(value):
            raise ValueError(f"FixedThreshold: value must be a finite number; found {value!r}")
        self.value = float(value)

    def _choose(self, scores: Array, y: ArrayLike | None) -> float:  # noqa: ARG002
        return self.value


class QuantileThreshold(Threshold):
    """Flag a known share of the records.

    Of n records, the nearest whole number to ``contamination * n`` are flagged, fewer if scores tie there.

    Parameters
    ----------
    contamination : float, default 0.1
        The share, above 0 and at most 0.5.

    Examples
    --------
    >>> rule = QuantileThreshold(0.25).fit([1.0, 2.0, 3.0, 4.0])
    >>> rule.threshold_, rule.predict([3.0, 3.5]).tolist()
    (3.0, [0, 1])
    """

    def __init__(self, contamination: float = 0.1) -> None:
        if not 0 < contamination <= 0.5:
            raise ValueError(
                f"QuantileThreshold: contamination must be above 0 and at most 0.5; found {contamination!r}"
            )
        self.contamination = float(contamination)

    def _choose(self, scores: Array, y: ArrayLike | None) -> float:  # noqa: ARG002
        flagged = math.floor(self.contamination * len(scores) + 0.5)
        place = min(flagged, len(scores) - 1)
        return np.partition(scores, len(scores) - 1 - place)[len(scores) - 1 - place].item()


class SigmaThreshold(Threshold):
    """Mean plus k standard deviations.

    It is for scores without anomalies: a few of those stretch the standard deviation.

    Parameters
    ----------
    k : float, default 3.0
        How many.

    Examples
    --------
    >>> SigmaThreshold(k=1.0).fit([1.0, 3.0]).threshold_
    3.0
    """

    def __init__(self, k: float = 3.0) -> None:
        self.k = _check_factor(self, k)

    def _choose(self, scores: Array, y: ArrayLike | None) -> float:  # noqa: ARG002
        return float(scores.mean() + self.k * scores.std())


class MADThreshold(Threshold):
    r"""Median plus k robust standard deviations.

    .. math:: \operatorname{med}(s) + k \cdot 1.4826 \cdot \operatorname{med}|s - \operatorname{med}(s)|

    Up to half of the scores may be anomalies without moving it far. If over half of the scores are equal, the mean
    deviation takes the place of the median one.

    Parameters
    ----------
    k : float, default 3.5
        How many.
    log : bool, default False
        Whether to work on the logarithms of the scores, which for reconstruction errors are closer to normal. It needs
        scores that are not negative; those at 0 count as the smallest positive one.

    References
    ----------
    Iglewicz & Hoaglin, *How to Detect and Handle Outliers* (1993).

    Examples
    --------
    >>> round(MADThreshold(k=1.0).fit([1.0, 2.0, 3.0, 100.0]).threshold_, 4)
    3.9826
    """

    def __init__(self, k: float = 3.5, log: bool = False) -> None:
        self.k = _check_factor(self, k)
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
        How many.

    References
    ----------
    Tukey, *Exploratory Data Analysis* (1977).

    Examples
    --------
    >>> IQRThreshold().fit([1.0, 2.0, 3.0, 4.0, 5.0]).threshold_
    7.0
    """

    def __init__(self, k: float = 1.5) -> None:
        self.k = _check_factor(self, k)

    def _choose(self, scores: Array, y: ArrayLike | None) -> float:  # noqa: ARG002
        first, third = np.quantile(scores, [0.25, 0.75])
        return float(third + self.k * (third - first))


class AutoThreshold(Threshold):
    """The rule behind ``contamination="auto"``: no share has to be known.

    Reconstruction errors of usual records spread evenly on a logarithmic scale, and those of anomalies lie far out on
    it. The threshold is the median plus three robust standard deviations of the logarithms (of the scores
    themselves, where some are negative), or the 99th percentile of the scores, whichever is lower.

    So of training records without anomalies it flags 1 %, or some percent where their scores have a heavy tail. Where
    there are anomalies among them, up to about a third, and they score well above the rest, the first of the two limits
    lies below them and finds them all.

    Examples
    --------
    >>> import numpy as np
    >>> usual = np.exp(np.random.default_rng(0).normal(size=500))
    >>> flags = AutoThreshold().fit(np.r_[usual, np.full(50, 1e3)]).predict(np.r_[usual, np.full(50, 1e3)])
    >>> int(flags[:500].sum()) <= 5, int(flags[500:].sum())
    (True, 50)
    """

    def _choose(self, scores: Array, y: ArrayLike | None) -> float:  # noqa: ARG002
        limit = _log_limit(scores, 3.0) if scores.min() >= 0 else _robust_limit(scores, 3.0)
        return min(limit, QuantileThreshold(0.01)._choose(scores, None))


class PeaksOverThreshold(Threshold):
    r"""The score that usual records exceed with a given probability, by extreme value theory.

    What lies above a high level t follows, for a wide class of distributions of the scores, a generalised Pareto
    distribution with a shape :math:`\gamma` and a scale :math:`\sigma`. It is fitted to the excesses over
    t by maximum likelihood and continued beyond the scores that were seen:

    .. math:: z = t + \frac{\sigma}{\gamma} \left( \left( \frac{q\,n}{N_t} \right)^{-\gamma} - 1 \right)

    where q is the probability asked for, and :math:`N_t` of n scores lie above t.

    Parameters
    ----------
    false_alarm_probability : float, default 0.001
        q.
    initial_quantile : float, default 0.98
        The share of the scores below t. It is lowered, to no less than 0.5, until ten scores lie above.

    Attributes
    ----------
    level_, shape_, scale_ : float
        t, gamma and sigma.

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
        if not 0 < false_alarm_probability < 1:
            raise ValueError(
                "PeaksOverThreshold: false_alarm_probability must be between 0 and 1; "
                f"found {false_alarm_probability!r}"
            )
        if not 0.5 <= initial_quantile < 1:
            raise ValueError(
                f"PeaksOverThreshold: initial_quantile must be at least 0.5 and below 1; found {initial_quantile!r}"
            )
        self.false_alarm_probability = float(false_alarm_probability)
        self.initial_quantile = float(initial_quantile)

    def _choose(self, scores: Array, y: ArrayLike | None) -> float:  # noqa: ARG002
        quantile = max(0.5, min(self.initial_quantile, 1 - _FEWEST_EXCESSES / len(scores)))
        self.level_ = float(np.quantile(scores, quantile))
        excesses = scores[scores > self.level_] - self.level_
        if not excesses.size:
            self.shape_ = self.scale_ = 0.0
            return self.level_
        self.shape_, self.scale_ = fit_generalized_pareto(excesses)
        share = self.false_alarm_probability * len(scores) / len(excesses)
        if share >= 1:
            # So frequent an alarm needs no continuation of the tail: it lies among the scores seen.
            return float(np.quantile(scores, 1 - self.false_alarm_probability))
        if self.shape_ == 0:
            return self.level_ - self.scale_ * math.log(share)
        return self.level_ + self.scale_ / self.shape_ * (share**-self.shape_ - 1)


class BestF1Threshold(Threshold):
    """The threshold with the highest F1 on labelled records, halfway between two neighbouring scores.

    Examples
    --------
    >>> BestF1Threshold().fit([1.0, 2.0, 3.0, 4.0], [0, 0, 1, 1]).threshold_
    2.5
    """

    def _choose(self, scores: Array, y: ArrayLike | None) -> float:
        if y is None:
            raise ValueError("BestF1Threshold needs labels: call fit(scores, y) with 1 for anomalies")
        labels, scores = _labels_and_scores(y, scores)
        _both_classes(labels, "BestF1Threshold")
        false, true, levels = _counts_by_threshold(labels, scores)
        best = int(np.argmax(2 * true / (true + false + true[-1])))
        if best + 1 == len(levels):
            return float(np.nextafter(levels[best], -np.inf))
        middle = levels[best + 1] + (levels[best] - levels[best + 1]) / 2
        # Between two neighbouring floats there is no middle.
        return float(min(middle, np.nextafter(levels[best], -np.inf)))


def fit_generalized_pareto(excesses: Array) -> tuple[float, float]:
    r"""Fit a generalised Pareto distribution by maximum likelihood.

    With :math:`\theta = \gamma / \sigma` the best shape for a given theta is
    :math:`\gamma = \overline{\ln(1 + \theta x)}`, so the likelihood need only be searched along one line: on a grid
    first, and then ever closer around the best.

    Parameters
    ----------
    excesses : ndarray of shape (n,)
        Positive numbers.

    Returns
    -------
    shape, scale : float
        Gamma and sigma. Shape 0 is the exponential distribution, taken where there are under ten excesses.

    References
    ----------
    Grimshaw, "Computing maximum likelihood estimates for the generalized Pareto distribution", Technometrics 35 (1993).
    """
    unit = float(excesses.mean())
    if len(excesses) < _FEWEST_EXCESSES or excesses.max() - excesses.min() <= 1e-12 * unit:
        return 0.0, unit
    x = excesses / unit

    def likelihood(theta: float) -> float:
        """Return the log likelihood per excess, in units of the mean; at 0 it is the exponential's."""
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
    """Close in on the maximum of a function with one peak between two points, by golden sections."""
    golden = (math.sqrt(5) - 1) / 2
    for _ in range(60):
        left, right = high - golden * (high - low), low + golden * (high - low)
        if function(left) < function(right):
            low = left
        else:
            high = right
    return (low + high) / 2


def _robust_limit(values: Array, k: float) -> float:
    middle = float(np.median(values))
    deviations = np.abs(values - middle)
    spread = _MAD_TO_SIGMA * float(np.median(deviations))
    if spread == 0:
        spread = _MEAN_DEVIATION_TO_SIGMA * float(deviations.mean())
    return middle + k * spread


def _log_limit(scores: Array, k: float) -> float:
    positive = scores[scores > 0]
    if not positive.size:
        return 0.0
    exponent = _robust_limit(np.log(np.maximum(scores, positive.min())), k)
    return math.exp(min(exponent, 700.0))


def _check_factor(rule: Threshold, k: float) -> float:
    if not 0 <= k < math.inf:
        raise ValueError(f"{type(rule).__name__}: k must be a number of at least 0; found {k!r}")
    return float(k)


_RULES: dict[str, type[Threshold]] = {
    "auto": AutoThreshold,
    "quantile": QuantileThreshold,
    "sigma": SigmaThreshold,
    "mad": MADThreshold,
    "iqr": IQRThreshold,
    "pot": PeaksOverThreshold,
    "best_f1": BestF1Threshold,
}


def get(identifier: str | float | Threshold) -> Threshold:
    """Turn a name, a number or an instance into a rule.

    Parameters
    ----------
    identifier : str, float or Threshold
        "auto", "quantile", "sigma", "mad", "iqr", "pot" or "best_f1"; a number is the threshold itself.

    Raises
    ------
    ValueError
        If it is none of these.

    Examples
    --------
    >>> get("iqr")
    IQRThreshold(k=1.5)
    """
    if isinstance(identifier, Threshold):
        return identifier
    if isinstance(identifier, str) and identifier in _RULES:
        return _RULES[identifier]()
    if isinstance(identifier, (int, float, np.integer, np.floating)) and not isinstance(identifier, bool):
        return FixedThreshold(float(identifier))
    raise ValueError(
        f"threshold must be a number, a Threshold or one of {', '.join(map(repr, _RULES))}; found {identifier!r}"
    )


def from_config(name: str, config: Mapping[str, Any]) -> Threshold:
    """Make a rule from its class's name and its `get_config`.

    Raises
    ------
    ValueError
        If there is no rule of that name.
    """
    classes: dict[str, type[Threshold]] = {"FixedThreshold": FixedThreshold}
    classes.update({rule.__name__: rule for rule in _RULES.values()})
    if name not in classes:
        raise ValueError(f"unknown threshold {name!r}; known are {', '.join(sorted(classes))}")
    return classes[name](**config)
