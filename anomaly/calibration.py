"""What scores mean: p-values, thresholds for a false-alarm rate, and control over many records at once.

All of it rests on one argument. If a fresh record is like the reference records, and its score was made in the same way
as theirs, its rank among them is as likely to be any as any other: of n + 1 places each has the chance 1/(n + 1).
Nothing has to be known about the distribution of the scores. Where reference scores are made in another way, such as
those of training records or of detectors that learned from a part of them, the argument is only nearly true.

References
----------
Vovk, Gammerman & Shafer, *Algorithmic Learning in a Random World* (2005); Bates, Candes, Lei, Romano & Sesia, "Testing
for outliers with conformal p-values", Annals of Statistics 51 (2023).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from anomaly.thresholds.extrapolation import fresh_quantile, warn_if_few
from nnlite.types import Array

# Of 14 tables it has the least log loss in the mean; benchmarks/quality/probabilities.py.
_SHAPE = 0.3


def p_values(reference: ArrayLike, scores: ArrayLike) -> Array:
    r"""Return the chance that a normal record scores at least as high.

    .. math:: p = \frac{1 + \#\{i : r_i \ge s\}}{n + 1}

    Equal scores count against the record. If its score and the n others were made in the same way, a normal record has
    :math:`p \le \alpha` with a chance of at most :math:`\alpha`; without ties, the chance is the largest
    multiple of 1 / (n + 1) that is not above it.

    Parameters
    ----------
    reference : array_like of shape (n,)
        Scores r of usual records that the detector was not fitted on.
    scores : array_like of shape (m,)
        Scores s to judge.

    Returns
    -------
    ndarray of float64 of shape (m,)
        From 1 / (n + 1) to 1.

    Examples
    --------
    >>> p_values([1.0, 2.0, 3.0, 4.0], [0.5, 3.0, 9.0]).tolist()
    [1.0, 0.6, 0.2]
    """
    known = np.sort(_finite(reference, "reference"))
    if not known.size:
        raise ValueError("p_values needs at least one reference score; found none")
    at_least = len(known) - np.searchsorted(known, _finite(scores, "scores"), side="left")
    return (1 + at_least) / (len(known) + 1)


def conformal_threshold(reference: ArrayLike, false_alarm_rate: float) -> float:
    r"""Return the score that a usual record exceeds with at most the given chance.

    It is the :math:`\lceil (n + 1)(1 - \alpha) \rceil`-th smallest of n reference scores. That keeps the promise for
    every distribution of the scores, but on average over reference samples: with one sample of n the chance is
    :math:`\alpha` give or take about :math:`\sqrt{\alpha / n}`, so that for a tenth more or less it takes some
    :math:`100/\alpha` scores.

    Below :math:`1/(n + 1)` n scores promise nothing. Then the tail is continued beyond the largest score, as a Pareto
    tail fitted to the ten largest (see `anomaly.thresholds.extrapolation`), no further than to a tenth of that chance,
    with a warning: an estimate, which in simulations was exceeded at most 1.05 times as often as asked, and less often
    by scores with a tail lighter than Pareto's.

    Parameters
    ----------
    reference : array_like of shape (n,)
        Scores of usual records that the detector was not fitted on.
    false_alarm_rate : float
        :math:`\alpha`, above 0 and below 1.

    Raises
    ------
    ValueError
        If there are no scores, they are not finite, or the rate is not between 0 and 1.

    Warns
    -----
    FewRecordsWarning
        If `false_alarm_rate` is below ``1 / (n + 1)``.

    Examples
    --------
    >>> conformal_threshold(range(1, 100), 0.05)
    95.0
    """
    check_rate(false_alarm_rate)
    known = np.sort(_finite(reference, "reference"))
    if not known.size:
        raise ValueError("a conformal threshold needs at least one reference score; found none")
    warn_if_few(len(known), false_alarm_rate)
    return fresh_quantile(known, false_alarm_rate)


def benjamini_hochberg(p: ArrayLike, false_discovery_rate: float = 0.1) -> Array:
    r"""Choose the records to flag so that, on average, at most a given share of those flagged are usual.

    Of m p-values in rising order, all up to the last with :math:`p_{(k)} \le q\,k/m` are flagged.

    Parameters
    ----------
    p : array_like of shape (m,)
        p-values of a batch of records.
    false_discovery_rate : float, default 0.1
        q, above 0 and below 1.

    Returns
    -------
    ndarray of bool of shape (m,)
        Which to flag.

    References
    ----------
    Benjamini & Hochberg, "Controlling the false discovery rate", JRSS B 57 (1995).

    Examples
    --------
    >>> benjamini_hochberg([0.001, 0.5, 0.02, 0.9], 0.05).tolist()
    [True, False, True, False]
    """
    check_rate(false_discovery_rate, "false_discovery_rate")
    values = _finite(p, "p")
    if ((values < 0) | (values > 1)).any():
        raise ValueError("p must hold chances from 0 to 1")
    rising = np.sort(values)
    below = np.flatnonzero(rising <= false_discovery_rate * np.arange(1, len(rising) + 1) / max(len(rising), 1))
    limit = rising[below[-1]] if below.size else -1.0
    return np.asarray(values <= limit)


def anomaly_probability(p: ArrayLike, prior: float = 0.05, n_reference: int | None = None) -> Array:
    r"""Return how likely a record with a given p-value is an anomaly, where a given share of the records is.

    The p-values of normal records are spread evenly from 0 to 1. Those of anomalies crowd at 0: they are taken to have
    the distribution function :math:`F(p) = p^a` with a = 0.3. A p-value by n reference scores is a multiple of
    :math:`d = 1 / (n + 1)`, and stands for all from :math:`p - d` to p. By Bayes' rule, with :math:`\pi` for the prior,

    .. math:: P(\text{anomaly} \mid p) = \frac{\pi\, r}{\pi\, r + 1 - \pi},
              \qquad r = \frac{F(p) - F(p - d)}{d}

    How far anomalies stand out differs from table to table, so this is right in the mean over tables at best. On the 14
    tables that a was chosen by, told the true share and with p-values of records kept out of training, 0.27 was said
    where 0.34 were anomalies, and 0.14, 0.42, 0.59, 0.79 where 0.17, 0.47, 0.63, 0.82 were. For a single table, a is
    anything from 0.05, where anomalies are plain to see, to 1, where they cannot be told from normal records at all.

    Where anomalies are among the reference records it does not hold: with p-values by the scores of training records
    that held the same share of anomalies, 0.26 was said where 0.35 were anomalies, 0.41 where 0.61, 0.92 where 0.52.

    Parameters
    ----------
    p : array_like of shape (m,)
        p-values, above 0.
    prior : float, default 0.05
        The share of anomalies among records such as these, above 0 and below 1.
    n_reference : int, optional
        n, the number of scores that the p-values were made by. By default they are taken for exact numbers: r is then
        the density :math:`a\,p^{a-1}`.

    Returns
    -------
    ndarray of float64 of shape (m,)
        Chances, above 0 and below 1; they fall as p rises.

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
    check_rate(prior, "prior")
    values = _finite(p, "p")
    if ((values <= 0) | (values > 1)).any():
        raise ValueError("p must hold chances above 0 and at most 1")
    if n_reference is None:
        ratio = _SHAPE * values ** (_SHAPE - 1)
    else:
        step = 1 / (n_reference + 1)
        # To whole steps, as near 0 the smallest error of rounding would matter.
        places = np.maximum(np.rint(values / step), 1)
        ratio = ((places * step) ** _SHAPE - ((places - 1) * step) ** _SHAPE) / step
    odds = prior / (1 - prior) * ratio
    return odds / (1 + odds)


def check_rate(rate: float, name: str = "false_alarm_rate") -> None:
    """Raise a ValueError unless `rate` lies between 0 and 1."""
    is_number = isinstance(rate, (int, float, np.integer, np.floating)) and not isinstance(rate, bool)
    if not is_number or not 0 < rate < 1:
        raise ValueError(f"{name} must be above 0 and below 1; found {rate!r}")


def _finite(values: ArrayLike, name: str) -> Array:
    array = np.asarray(values, np.float64)
    if array.ndim != 1 or not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite numbers of shape (n,); found shape {array.shape}")
    return array
