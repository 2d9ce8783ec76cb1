r"""Small-sample corrections: the effective sample size of an autocorrelated series, and the limit for fresh values.

**Effective sample size.** Consecutive values of a series are autocorrelated, so n of them hold less information than n
independent ones. The variance of a mean square is that of

.. math:: \nu = \frac{n}{1 + 2 \sum_k \rho_k^2}

independent values, where :math:`\rho_k` is the autocorrelation at lag k (Bartlett). The sum is over lags up to a
quarter of the series, and over autocorrelations that exceed :math:`2 / \sqrt n`, the limit of significance for
independent values. Some exceed it by chance, so that the estimate is biased low: by a tenth for independent values, by
up to a third for autocorrelated ones.

**Limits for fresh values.** Scales and correlations estimated from :math:`\nu` values fit those values better than
fresh ones. In units of the true covariance, the squared distance over d sensors follows a chi-square distribution,
and each of :math:`\nu` values exceeds

.. math:: E = d + 2 \sqrt{d \log \nu} + 2 \log \nu

with a probability below :math:`1 / \nu` (Laurent & Massart). In units of an estimated covariance it is Hotelling's
:math:`T^2`, and the statistic of the likelihood-ratio test, :math:`\nu \log(1 + T^2 / \nu)`, follows the chi-square
distribution (Wilks). An estimated covariance therefore multiplies the limit E of a known one by the factor

.. math:: \frac{\nu}{E} \left(e^{E / \nu} - 1\right),

which tends to 1 for long series and is 2.3 to 6.2 where :math:`\nu` is the number of sensors, from 2 to 100. Smaller
effective sample sizes are taken as that number.

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


def effective_sample_size(segments: Sequence[Array]) -> Array:
    """Return the number of independent values with the information of an autocorrelated series, for each feature.

    Parameters
    ----------
    segments : sequence of ndarray of shape (n_steps, n_features)
        Segments without gaps, of values around 0.

    Returns
    -------
    ndarray of shape (n_features,)
        From 1 to the number of steps.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(size=(4000, 1))
    >>> repeated = np.repeat(noise[:400], 10, axis=0)
    >>> bool(3000 < effective_sample_size([noise])[0] <= 4000), bool(300 < effective_sample_size([repeated])[0] < 700)
    (True, True)
    """
    steps = sum(map(len, segments))
    lags = max(map(len, segments)) // 4
    products = np.zeros((lags + 1, segments[0].shape[1]))
    for segment in segments:
        # Autocovariances by the Wiener-Khinchin theorem; the padding to twice the length keeps lags from wrapping.
        power = np.abs(np.fft.rfft(segment, 2 * len(segment), axis=0)) ** 2
        autocovariance = np.fft.irfft(power, 2 * len(segment), axis=0)[: min(len(segment), lags + 1)]
        products[: len(autocovariance)] += autocovariance
    correlation = products[1:] / np.maximum(products[0], np.finfo(float).tiny)
    correlation[np.abs(correlation) <= 2.0 / math.sqrt(steps)] = 0.0
    return np.asarray(np.maximum(1.0, steps / (1.0 + 2.0 * np.square(correlation).sum(axis=0))))


def small_sample_factor(sizes: Array) -> float:
    r"""Return the factor by which estimating scales and correlations from a small sample raises a limit.

    Parameters
    ----------
    sizes : ndarray of shape (n_features,)
        Effective sample size of each feature. :math:`\nu` is their harmonic mean, as variances add up, and at least
        the number of features.

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
    features = len(sizes)
    nu = max(1.0 / float(np.mean(1.0 / sizes)), float(features))
    limit = features + 2 * math.sqrt(features * math.log(nu)) + 2 * math.log(nu)
    return nu / limit * math.expm1(limit / nu)
