r"""What can be said from few values: how many independent ones a series holds, and how much further others may go.

**How many there are.** Values that follow each other in time are alike, so n of them tell less than n. Of a mean
square, they tell as much as

.. math:: \nu = \frac{n}{1 + 2 \sum_k \rho_k^2}

independent ones, where :math:`\rho_k` is the autocorrelation at lag k (Bartlett). It is summed up to a quarter of the
series, over those beyond the :math:`2 / \sqrt n` that independent values would reach by chance. Some others are
beyond it by chance, too, so the estimate is low: by a tenth for independent values, by up to a third for alike ones.

**How much further others may go.** Scales and correlations that were learned from :math:`\nu` values suit those values
and no others: a fresh one lies further out. In units of the true covariance, the square of its distance over d
sensors follows a chi-square, and each of :math:`\nu` values exceeds with a chance of less than :math:`1 / \nu`

.. math:: E = d + 2 \sqrt{d \log \nu} + 2 \log \nu

(Laurent & Massart). In units of a learned one it is Hotelling's :math:`T^2`, of which it is
:math:`\nu \log(1 + T^2 / \nu)`, the statistic of the likelihood-ratio test, that follows a chi-square (Wilks). So where
a known covariance would put the limit at E, a learned one puts it further out by the factor

.. math:: \frac{\nu}{E} \left(e^{E / \nu} - 1\right),

which is 1 for many values and 2 to 5 for about as many as there are sensors. What fewer would make of it is not asked.

References
----------
Bartlett, "On the theoretical specification and sampling properties of autocorrelated time-series", 1946; Hotelling,
"Multivariate quality control", 1947; Wilks, "The large-sample distribution of the likelihood ratio for testing
composite hypotheses", 1938; Laurent & Massart, "Adaptive estimation of a quadratic functional by model selection",
Annals of Statistics 28 (2000).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nnlite.types import Array


def independent_values(runs: Sequence[Array]) -> Array:
    """Return how many independent values the runs are worth, for each feature.

    Parameters
    ----------
    runs : sequence of ndarray of shape (n_steps, n_features)
        Unbroken runs of values around 0.

    Returns
    -------
    ndarray of shape (n_features,)
        From 1 to the number of steps.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(size=(4000, 1))
    >>> held = np.repeat(noise[:400], 10, axis=0)
    >>> [bool(low < independent_values([x])[0] < high) for x, low, high in [(noise, 3000, 4001), (held, 300, 700)]]
    [True, True]
    """
    steps = sum(map(len, runs))
    lags = max(map(len, runs)) // 4
    products = np.zeros((lags + 1, runs[0].shape[1]))
    for run in runs:
        spectrum = np.abs(np.fft.rfft(run, 2 * len(run), axis=0)) ** 2
        mine = np.fft.irfft(spectrum, 2 * len(run), axis=0)[: min(len(run), lags + 1)]
        products[: len(mine)] += mine
    correlation = products[1:] / np.maximum(products[0], np.finfo(float).tiny)
    correlation[np.abs(correlation) <= 2.0 / math.sqrt(steps)] = 0.0
    return np.asarray(np.maximum(1.0, steps / (1.0 + 2.0 * np.square(correlation).sum(axis=0))))


def small_sample_factor(values: Array) -> float:
    r"""Return how much further out a limit lies because scales and correlations were learned from few values.

    Parameters
    ----------
    values : ndarray of shape (n_features,)
        How many independent values each feature had. What is asked is their harmonic mean, since uncertainties add up,
        and at least as many as there are features.

    Returns
    -------
    float
        Above 1.

    Examples
    --------
    >>> import numpy as np
    >>> [round(small_sample_factor(np.full(8, nu)), 2) for nu in (10.0, 20.0, 40.0, 1000.0)]
    [3.46, 1.92, 1.41, 1.02]
    """
    features = len(values)
    nu = max(1.0 / float(np.mean(1.0 / values)), float(features))
    usual = features + 2 * math.sqrt(features * math.log(nu)) + 2 * math.log(nu)
    return nu / usual * math.expm1(usual / nu)
