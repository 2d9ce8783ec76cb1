"""Calibrated outputs: p-values, thresholds for a false-alarm rate, probabilities and the confidence of predictions.

All of them come from the rank of a score among reference scores. If a fresh record has the distribution of the
reference records and was scored in the same way, its rank is uniform: each of the n + 1 places has probability
1/(n + 1), whatever the distribution of the scores. Where the reference scores were computed in another way, such as
those of training records or of detectors that were fitted on a part of them, that holds only approximately.

References
----------
Vovk, Gammerman & Shafer, *Algorithmic Learning in a Random World* (2005); Bates, Candes, Lei, Romano & Sesia, "Testing
for outliers with conformal p-values", Annals of Statistics 51 (2023).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from anomaly.thresholds.base import RATE
from anomaly.thresholds.extrapolation import fresh_quantile, quantile_of_dependent, warn_if_few
from nnlite.types import Array
from nnlite.validation import as_finite, check_value, integer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# So few scores are sooner compared with all of the reference than that is sorted.
_MOST_COUNTED = 8
# The least mean log loss over 14 tables; benchmarks/quality/probabilities.py.
_SHAPE = 0.3
# The smallest positive number of the continued fraction, in place of 0.
_TINY = 1e-300


def p_values(reference: ArrayLike, scores: ArrayLike) -> Array:
    r"""Return the probability that a normal record scores at least as high.

    .. math:: p = \frac{1 + \#\{i : r_i \ge s\}}{n + 1}

    Ties count against the record. If its score and the n reference scores are exchangeable, a normal record has
    :math:`p \le \alpha` with probability at most :math:`\alpha`; without ties, the probability is the largest
    multiple of 1 / (n + 1) that is not above it.

    Parameters
    ----------
    reference : array_like of shape (n,)
        Scores r of normal records that the detector was not fitted on.
    scores : array_like of shape (m,)
        Scores s.

    Returns
    -------
    ndarray of float64 of shape (m,)
        p-values from 1 / (n + 1) to 1.

    Raises
    ------
    ValueError
        If there are no reference scores, or a score is not finite.

    Examples
    --------
    >>> p_values([1.0, 2.0, 3.0, 4.0], [0.5, 3.0, 9.0]).tolist()
    [1.0, 0.6, 0.2]
    """
    known, values = as_finite("reference", reference), _finite("scores", scores)
    if values.size <= _MOST_COUNTED:
        at_least = np.count_nonzero(known >= values[..., np.newaxis], axis=-1)
    else:
        at_least = len(known) - np.searchsorted(np.sort(known), values, side="left")
    return (1 + at_least) / (len(known) + 1)


def conformal_threshold(reference: ArrayLike, false_alarm_rate: float, effective: float | None = None) -> float:
    r"""Return the score that a fresh normal record exceeds with at most a given probability.

    It is the :math:`\lceil (n + 1)(1 - \alpha) \rceil`-th smallest of n reference scores. The bound holds for every
    distribution of the scores, on average over reference samples: with one sample of n the probability is
    :math:`\alpha` with a standard deviation of about :math:`\sqrt{\alpha / n}`, so that a relative error of a tenth
    takes about :math:`100/\alpha` scores.

    Below :math:`1/(n + 1)` n scores give no bound. The tail is then extrapolated beyond the largest score, as a Pareto
    tail fitted to the ten largest (see `anomaly.thresholds.extrapolation`), down to a tenth of that probability, with a
    warning: an estimate, which in simulations was exceeded at most 1.05 times as often as requested, and less often by
    scores with a tail lighter than Pareto's. That holds for scores that start near 0, as those of detectors do. Pareto
    tails of negative scores, or of scores that start far above 0, exceeded it up to eight times as often as requested,
    but still with a probability of at most :math:`1/(n + 1)`, since it is never below the largest score.

    Parameters
    ----------
    reference : array_like of shape (n,)
        Scores of normal records that the detector was not fitted on.
    false_alarm_rate : float
        :math:`\alpha`, above 0 and below 1.
    effective : float, optional
        Number of independent records that dependent ones are worth, at least 1: their scores are then those of so few.
        By default they are independent.

    Returns
    -------
    float
        Threshold.

    Raises
    ------
    ValueError
        If there are no scores, they are not finite, or the rate is not between 0 and 1.

    Warns
    -----
    FewRecordsWarning
        If `false_alarm_rate` is below ``1 / (n + 1)``, and the scores are independent.

    Examples
    --------
    >>> conformal_threshold(range(1, 100), 0.05)
    95.0
    >>> [round(conformal_threshold(range(1, 100), 0.05, effective=n)) for n in (30, 5)]
    [98, 123]
    """
    check_value("false_alarm_rate", false_alarm_rate, RATE)
    known = np.sort(as_finite("reference", reference))
    if effective is not None and effective < len(known):
        return quantile_of_dependent(known, false_alarm_rate, effective)
    warn_if_few(len(known), false_alarm_rate)
    return fresh_quantile(known, false_alarm_rate)


def benjamini_hochberg(p: ArrayLike, false_discovery_rate: float = 0.1) -> Array:
    r"""Return the records to flag so that the expected fraction of normal records among them is bounded.

    Of m p-values in ascending order, all up to the last with :math:`p_{(k)} \le q\,k/m` are flagged.

    Parameters
    ----------
    p : array_like of shape (m,)
        p-values of a batch of records.
    false_discovery_rate : float, default 0.1
        Bound q of the expected fraction, above 0 and below 1.

    Returns
    -------
    ndarray of bool of shape (m,)
        Mask of the records to flag.

    References
    ----------
    Benjamini & Hochberg, "Controlling the false discovery rate", JRSS B 57 (1995).

    Examples
    --------
    >>> benjamini_hochberg([0.001, 0.5, 0.02, 0.9], 0.05).tolist()
    [True, False, True, False]
    """
    check_value("false_discovery_rate", false_discovery_rate, RATE)
    values = _finite("p", p)
    if ((values < 0) | (values > 1)).any():
        raise ValueError("p must hold probabilities from 0 to 1")
    ascending = np.sort(values)
    ranks = np.arange(1, len(ascending) + 1)
    below = np.flatnonzero(ascending <= false_discovery_rate * ranks / max(len(ascending), 1))
    limit = ascending[below[-1]] if below.size else -1.0
    return np.asarray(values <= limit)


def anomaly_probability(p: ArrayLike, prior: float = 0.05, n_reference: int | None = None) -> Array:
    r"""Return the posterior probability that a record with a given p-value is an anomaly.

    The p-values of normal records are uniform on the interval from 0 to 1. Those of anomalies are concentrated near 0:
    their distribution function is assumed to be :math:`F(p) = p^a` with a = 0.3. A p-value from n reference scores is
    a multiple of :math:`d = 1 / (n + 1)`, and represents the interval from :math:`p - d` to p. By Bayes' rule, with the
    prior :math:`\pi`,

    .. math:: P(\text{anomaly} \mid p) = \frac{\pi\, r}{\pi\, r + 1 - \pi},
              \qquad r = \frac{F(p) - F(p - d)}{d}

    How well anomalies are separated differs between tables, so this is calibrated at best in the mean over tables. On
    the 14 tables that a was chosen on, with the true prior and p-values of records held out from training, an estimate
    of 0.27 corresponded to a frequency of 0.34, and 0.14, 0.42, 0.59, 0.79 to 0.17, 0.47, 0.63, 0.82. For a single
    table, a ranges from 0.05, where anomalies are obvious, to 1, where they cannot be distinguished from normal records
    at all.

    With anomalies among the reference records it is not calibrated: with p-values from the scores of training records
    that contained the same fraction of anomalies, 0.26 corresponded to a frequency of 0.35, 0.41 to 0.61 and 0.92 to
    0.52.

    Parameters
    ----------
    p : array_like of shape (m,)
        p-values, above 0.
    prior : float, default 0.05
        Fraction of anomalies among such records, above 0 and below 1.
    n_reference : int, optional
        Number n of reference scores of the p-values. By default they are treated as exact: r is then the density
        :math:`a\,p^{a-1}`.

    Returns
    -------
    ndarray of float64 of shape (m,)
        Probabilities, above 0 and below 1; they decrease as p increases.

    References
    ----------
    Pounds & Morris, "Estimating the occurrence of false positives and false negatives in microarray studies by
    approximating and partitioning the empirical distribution of p-values", Bioinformatics 19 (2003).

    Examples
    --------
    >>> anomaly_probability([0.001, 0.05, 0.8]).round(2).tolist()
    [0.67, 0.11, 0.02]
    >>> anomaly_probability([0.001, 0.05, 0.8], n_reference=999).round(2).tolist()
    [0.87, 0.11, 0.02]
    """
    check_value("prior", prior, RATE)
    values = _finite("p", p)
    if ((values <= 0) | (values > 1)).any():
        raise ValueError("p must hold probabilities above 0 and at most 1")
    if n_reference is None:
        ratio = _SHAPE * values ** (_SHAPE - 1)
    else:
        check_value("n_reference", n_reference, integer(least=1))
        step = 1 / (n_reference + 1)
        # Rounded to whole steps: near 0 the smallest rounding error would matter.
        places = np.maximum(np.rint(values / step), 1)
        ratio = ((places * step) ** _SHAPE - ((places - 1) * step) ** _SHAPE) / step
    odds = prior / (1 - prior) * ratio
    return odds / (1 + odds)


def prediction_confidence(reference: ArrayLike, scores: ArrayLike, threshold: float) -> Array:
    r"""Return the estimated probability that each record keeps its label when the training set is drawn anew.

    The fraction of normal records that score at most s has, by Bayes' rule with a uniform prior, the posterior mean

    .. math:: p(s) = \frac{1 + \#\{i : r_i \le s\}}{n + 2}.

    A fresh sample of n records then has a binomial number of scores at most s. If k of the reference scores are at or
    below the threshold, a record is labelled an anomaly when more than k are:

    .. math:: P(\hat y = 1 \mid s) = \sum_{i=k+1}^{n} \binom{n}{i}\, p(s)^i\, (1 - p(s))^{n-i}

    The confidence is this probability for predicted anomalies, and one minus it for predicted normal records. Where the
    threshold is above all reference scores, k = n - 1 takes the place of k = n, with which no record would ever be an
    anomaly: beyond the largest reference score, ranks do not tell how far a score is, and the confidence in an anomaly
    is about 0.37.

    The posterior mean takes the place of the whole posterior, so the estimate is too extreme near the threshold: in
    simulations with 100 and 500 reference scores, labels with a confidence of 0.9 to 0.99 were kept with a frequency of
    0.89, and those with 0.7 to 0.9 with one of 0.73.

    Parameters
    ----------
    reference : array_like of shape (n,)
        Scores r that the threshold was chosen by.
    scores : array_like of shape (m,)
        Scores s.
    threshold : float
        Records that score above it are predicted anomalies.

    Returns
    -------
    ndarray of float64 of shape (m,)
        Confidence in the prediction, from 0 to 1.

    References
    ----------
    Perini, Vercruyssen & Davis, "Quantifying the confidence of anomaly detectors in their example-wise predictions",
    ECML PKDD 2020. PyOD's ``predict_confidence`` gives the same values, with k = n - floor(n * contamination).

    Examples
    --------
    >>> prediction_confidence(range(1, 101), [50, 89, 90.5, 99], threshold=90).round(3).tolist()
    [1.0, 0.752, 0.353, 1.0]
    """
    known = np.sort(as_finite("reference", reference))
    values = _finite("scores", scores)
    n = len(known)
    at_most = np.searchsorted(known, values, side="right")
    below_threshold = min(int(np.searchsorted(known, threshold, side="right")), n - 1)
    counts, places = np.unique(at_most, return_inverse=True)
    anomalous = _binomial_tail(below_threshold + 1, n, (1 + counts) / (2 + n))[places]
    return np.asarray(np.where(values > threshold, anomalous, 1 - anomalous))


def _binomial_tail(count: int, n: int, p: Array) -> Array:
    r"""Return the probability of at least `count` successes in n trials with the probabilities 0 < p < 1.

    It is the regularized incomplete beta function :math:`I_p(a, b)` with a = count and b = n - count + 1, computed by
    Lentz's continued fraction (Press et al., *Numerical Recipes*, section 6.4).
    """
    a, b = count, n - count + 1
    reflected = p >= (a + 1) / (a + b + 2)
    # The fraction converges fast below the mean, so above it the tail comes from I_p(a, b) = 1 - I_{1-p}(b, a).
    x = np.where(reflected, 1 - p, p)
    first, second = np.where(reflected, b, a), np.where(reflected, a, b)
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    front = np.exp(first * np.log(x) + second * np.log1p(-x) - log_beta) / first
    lower = np.clip(front * _beta_fraction(x, first, second), 0.0, 1.0)
    return np.where(reflected, 1 - lower, lower)


def _beta_fraction(x: Array, a: Array, b: Array) -> Array:
    c, d = np.ones_like(x), 1 / _nonzero(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, 20 + 5 * math.isqrt(int((a + b).max(initial=1)))):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _nonzero(1 + term * d)
            c = _nonzero(1 + term / c)
            fraction = fraction * c * d
        if (np.abs(c * d - 1) < 1e-15).all():
            break
    return fraction


def _nonzero(values: Array) -> Array:
    return np.where(np.abs(values) < _TINY, _TINY, values)


def _finite(name: str, values: ArrayLike) -> Array:
    """Return finite numbers, of which there may be none."""
    array = np.asarray(values)
    return np.zeros(0) if array.shape == (0,) else as_finite(name, array)
