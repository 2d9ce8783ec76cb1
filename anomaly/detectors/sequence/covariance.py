r"""Estimates behind the scale of residuals: mean squares, random-walk drift and shrunken correlations.

**Drift.** The temperature of a room is not stationary: the longer one waits, the further it is from where it was, and
nothing is wrong. The structure function measures how far,

.. math:: D_j(h) = \overline{(v_{t+h,j} - v_{t,j})^2}.

It is constant for stationary noise, and grows as :math:`h` for a random walk and as :math:`h^2` for a linear trend. A
power of h is fitted to it and extrapolated to a horizon beyond the training series.

**Shrinkage.** The correlations of many features, estimated from few steps, are noisy, and their inverse is noisier.
They are shrunk towards 0 by the estimate of their own variance.

All estimates skip missing samples.

References
----------
Structure function: Kolmogorov, 1941. Shrinkage: Schäfer & Strimmer, "A shrinkage approach to large-scale covariance
matrix estimation", Statistical Applications in Genetics and Molecular Biology 4 (2005).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnlite.types import Array

SMALLEST_SCALE = 1e-3
"""The lower bound of a residual's scale, in units of the scaled features: anything below is rounding."""

_LEAST_SHRINKAGE = 0.1
_LEAST_DIFFERENCES = 8
_LEAST_EIGENVALUE = 1e-6


def mean_square(values: Array, present: Array | None = None) -> Array:
    """Return the mean square of each column over its present values; 0 where none is.

    Examples
    --------
    >>> import numpy as np
    >>> mean_square(np.array([[1.0, 2.0], [3.0, 9.0]]), np.array([[True, True], [True, False]])).tolist()
    [5.0, 4.0]
    """
    if present is None:
        return np.asarray(np.square(values).mean(axis=0))
    sums = np.square(values).sum(axis=0, where=present)
    return np.asarray(sums / np.maximum(present.sum(axis=0), 1))


def mean_square_drift(segments: Sequence[Array], horizon: float, present: Sequence[Array] | None = None) -> Array:
    """Return the structure function at a horizon: the mean square change, extrapolated from shorter lags.

    Parameters
    ----------
    segments : sequence of ndarray of shape (n_steps, n_features)
        Segments without gaps. The lags are 1/16, 1/8, 1/4 and 1/2 of the longest segment in which the feature is
        present.
    horizon : float
        Number of steps h.
    present : sequence of ndarray of bool of shape (n_steps, n_features), optional
        Masks of the values that were measured; by default all.

    Returns
    -------
    ndarray of shape (n_features,)
        D(h); 0 where the segments are too short for an estimate.

    Examples
    --------
    >>> import numpy as np
    >>> noise, trend = np.random.default_rng(0).normal(size=(2000, 1)), np.arange(100.0)[:, None]
    >>> bool(abs(mean_square_drift([noise], 1e4) - 2) < 0.3), mean_square_drift([trend], 200).round().tolist()
    (True, [40000.0])
    """
    if present is None or all(mask.all() for mask in present):
        return _structure_function(segments, None, horizon)
    drift = np.zeros(segments[0].shape[1])
    # Features that are present in the same segments are estimated together, from those segments.
    present_in = np.array([mask.any(axis=0) for mask in present])
    for pattern in np.unique(present_in, axis=1).T:
        features = (present_in == pattern[:, np.newaxis]).all(axis=0)
        if pattern.any():
            chosen = [segment[:, features] for segment, has in zip(segments, pattern, strict=True) if has]
            masks = [mask[:, features] for mask, has in zip(present, pattern, strict=True) if has]
            drift[features] = _structure_function(chosen, masks, horizon)
    return drift


def _structure_function(segments: Sequence[Array], present: Sequence[Array] | None, horizon: float) -> Array:
    longest = max(map(len, segments))
    lags = [longest // part for part in (16, 8, 4, 2)]
    structure, known = [], np.ones(segments[0].shape[1], dtype=np.bool_)
    for lag in lags:
        differences = [segment[lag:] - segment[:-lag] for segment in segments if len(segment) > lag > 0]
        if sum(map(len, differences)) < _LEAST_DIFFERENCES:
            return np.zeros(segments[0].shape[1])
        both = None
        if present is not None:
            both = np.concatenate([mask[lag:] & mask[:-lag] for mask in present if len(mask) > lag])
            known &= both.sum(axis=0) >= _LEAST_DIFFERENCES
        structure.append(mean_square(np.concatenate(differences), both))
    # Least squares in logarithms: log D = slope log h + constant.
    x = np.log(lags)
    y = np.log(np.maximum(structure, SMALLEST_SCALE**2))
    slope = (x - x.mean()) @ (y - y.mean(axis=0)) / np.square(x - x.mean()).sum()
    growth = max(1.0, horizon / lags[-1])
    return np.where(known, structure[-1] * growth ** np.clip(slope, 0.0, 2.0), 0.0)


def shrunken_correlation(standard: Array, present: Array | None = None) -> Array:
    r"""Return correlations, shrunk towards 0 by their own estimated variance and by a tenth at least.

    .. math:: R^* = (1 - \lambda) R + \lambda I, \qquad
              \lambda = \frac{\sum_{i \ne j} \operatorname{Var}(r_{ij})}{\sum_{i \ne j} r_{ij}^2}

    The formula assumes independent steps, and smoothed residuals are autocorrelated: hence the lower bound of a tenth.
    A larger bound would hide faults that break a correlation and change nothing else; the uncertainty that is left is
    part of the threshold (see `anomaly.detectors.sequence.small_samples`).

    Parameters
    ----------
    standard : ndarray of shape (n_steps, n_features)
        Residuals in units of their scale.
    present : ndarray of bool of shape (n_steps, n_features), optional
        Mask of the residuals that were measured; by default all. The fewer steps two features share, the smaller their
        correlation.

    Returns
    -------
    ndarray of shape (n_features, n_features)
        Positive definite.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(5000, 1))
    >>> round(float(shrunken_correlation(np.hstack([x, x]) / x.std())[0, 1]), 2)
    0.9
    """
    width = standard.shape[1]
    steps: Array | int = len(standard)
    if present is not None and not present.all():
        standard = np.where(present, standard, 0.0)
        # Dividing by the geometric mean of both counts, not by the number of shared steps, keeps R positive.
        counts = np.sqrt(np.maximum(present.sum(axis=0), 1))
        steps = np.outer(counts, counts)
    correlation = standard.T @ standard / steps
    squares = np.square(standard).T @ np.square(standard) / steps
    off = ~np.eye(width, dtype=np.bool_)
    variance = ((squares - correlation**2) / np.maximum(steps - 1, 1))[off].sum()
    total = np.square(correlation)[off].sum()
    shrinkage = min(1.0, max(float(variance / total), _LEAST_SHRINKAGE)) if total > 0 else 1.0
    return np.asarray((1 - shrinkage) * correlation + shrinkage * np.eye(width))


def inverse_root(matrix: Array) -> Array:
    """Return the symmetric inverse square root of a positive definite matrix.

    Examples
    --------
    >>> import numpy as np
    >>> inverse_root(np.diag([4.0, 25.0])).tolist()
    [[0.5, 0.0], [0.0, 0.2]]
    """
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors / np.sqrt(np.maximum(values, _LEAST_EIGENVALUE))) @ vectors.T)
