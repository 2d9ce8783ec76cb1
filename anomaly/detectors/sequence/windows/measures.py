r"""Measures of a window that are low where a sensor is too quiet.

- `Activity`: the logarithms of the spread, of the size of its changes and of that of their changes, as in
  `StatisticsView`. All are low where a sensor stands still, the last ones where noise is gone or all is too slow.
- `Novelty`: the logarithm of the smallest root mean square difference between the last m steps and any m steps before
  them, up to two periods ago,

  .. math:: \ln\Bigl(\min_{\ell} \sqrt{\tfrac1m \textstyle\sum_{t} (x_t - x_{t - \ell})^2} + \varepsilon\Bigr) .

  The noise of a real sensor never repeats: it is low where a sensor sends what it has sent before, or a wave without
  noise, which no comparison with normal windows finds odd.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np

from anomaly.detectors.sequence.windows.sampling import chunks
from anomaly.detectors.sequence.windows.views import LEAST_SLIDING, activity, moving, series_of
from nnlite.types import Array

REPEATED = 16
"""Number of last steps that are looked for among those before them; a power of 2."""

_FLOOR = 0.01


class Measure(Protocol):
    """What of a window is low where a sensor is too quiet."""

    name: ClassVar[str]
    n_values: ClassVar[int]

    def values(self, windows: Array, missing: Array | None) -> Array:
        """Return the measures of windows, of shape (n_windows, n_features, n_values); NaN where not known.

        Parameters
        ----------
        windows : ndarray of shape (n_windows, n_features, window)
            Windows.
        missing : ndarray of bool of shape (n_windows, n_features, window) or None
            Mask of the missing samples; None if there are none. Filled samples are quiet, and tell nothing.
        """


class Activity:
    """Logarithms of spread, changes and changes of changes of a window.

    Examples
    --------
    >>> import numpy as np
    >>> still, noise = np.zeros((1, 1, 8)), np.array([[[1.0, -1, 1, -1, 1, -1, 1, -1]]])
    >>> Activity().values(np.concatenate([still, noise]), None).round(1).tolist()
    [[[-3.5, -4.6, -4.6]], [[0.0, 0.7, 1.4]]]
    """

    name: ClassVar[str] = "activity"
    n_values: ClassVar[int] = 3

    def values(self, windows: Array, missing: Array | None) -> Array:
        """Return the measures; NaN for a sensor with a missing sample."""
        found = activity(windows)
        return found if missing is None else np.where(missing.any(axis=-1, keepdims=True), np.nan, found)


class Novelty:
    """Logarithm of the smallest difference between the last steps of a window and those before them.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(size=(1, 1, 60))
    >>> again = np.concatenate([noise[..., :30], noise[..., :30]], axis=-1)
    >>> Novelty().values(np.concatenate([noise, again]), None).round(1)[:, 0, 0].tolist()
    [-0.0, -4.6]
    """

    name: ClassVar[str] = "novelty"
    n_values: ClassVar[int] = 1

    def values(self, windows: Array, missing: Array | None) -> Array:
        """Return the measure; pairs of steps with a missing sample are left out, and it is NaN where all are."""
        if missing is None:
            return _logarithm(_nearest_before(windows))
        parts = []
        for some in chunks(*windows.shape):
            parts.append(_nearest_before(np.where(missing[some], np.nan, windows[some])))
        return _logarithm(np.concatenate(parts))


MEASURES: dict[str, type[Measure]] = {measure.name: measure for measure in (Activity, Novelty)}
"""Class of each measure, by its name in files."""


def _nearest_before(windows: Array) -> Array:
    """Return the smallest sum of squared differences for each window and feature, NaN if none is known."""
    n, window = len(windows), windows.shape[2]
    if n < LEAST_SLIDING:
        # Few windows: all lags at once.
        wide = windows.astype(np.float64, order="C")
        shape = (*windows.shape[:2], window - 2 * REPEATED + 1, REPEATED)
        before = np.ndarray(shape, wide.dtype, wide, strides=(*wide.strides, wide.itemsize))
        differences = wide[..., np.newaxis, -REPEATED:] - before
        return np.fmin.reduce(_sums(np.square(differences, out=differences)), axis=-1)
    steps = series_of(windows)
    lags = range(REPEATED, window - REPEATED + 1)
    best = np.full(windows.shape[:2], np.nan)
    if steps is None:
        last = windows[..., -REPEATED:].astype(np.float64)
        for lag in lags:
            np.fmin(best, _sums(np.square(last - windows[..., window - REPEATED - lag : window - lag])), out=best)
        return best
    wide = steps.astype(np.float64)
    for lag in lags:
        # The first window has its last steps at `first + lag` and those before them at `first`.
        first = window - REPEATED - lag
        squares = np.square(wide[:, first + lag :] - wide[:, first:-lag])
        np.fmin(best, moving(squares, REPEATED, np.add)[:, :n].T, out=best)
    return best


def _sums(values: Array) -> Array:
    """Return the sums along the last axis, in the order in which `moving` adds them."""
    while values.shape[-1] > 1:
        values = values[..., ::2] + values[..., 1::2]
    return values[..., 0]


def _logarithm(sums: Array) -> Array:
    return np.log(np.sqrt(sums / REPEATED) + _FLOOR)[..., np.newaxis]
