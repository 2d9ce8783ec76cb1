r"""The period of a series: the lag at which it is most like itself.

The autocorrelation of a series with period p has a peak at p and at its multiples. So the period is the shortest lag
whose peak is nearly as high as the highest one. Sensors vote: their autocorrelations are added.

Three things would hide the peak, and are taken out first. Outliers are clipped. A slow trend, which correlates at all
lags, is subtracted: as a parabola, and as a moving mean, which has less to average at the ends. And n steps have n - l
pairs at lag l: sums over fewer pairs are divided by fewer.

References
----------
Ermshaus, Schäfer & Leser, "Window size selection in unsupervised time series analytics", 2023, compares such methods.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnlite.types import Array

SHORTEST_PERIOD = 8
LONGEST_PERIOD = 300
NO_PERIOD = 64
"""The length of windows where no period is found."""

_MOST_STEPS = 10_000
_OUTLIER = 6.0
_NORMAL = 1.4826
# The shortest lag whose peak is so much of the highest is the period, and the others its multiples.
_NEARLY = 0.85
_LEAST_PEAK = 0.15
# The autocorrelation falls below this before its first peak; a lag before that is smoothness, not repetition.
_FALLEN = 0.3
_SHARP = 0.1
_LEVELS = 3
_TINY = 1e-9


def find_period(segments: Sequence[Array]) -> int:
    """Return the period of the longest segment of a series, in steps.

    Parameters
    ----------
    segments : sequence of ndarray of shape (n_steps, n_features)
        Segments without gaps. The last 10,000 steps of the longest are used.

    Returns
    -------
    int
        From 8 to 300; 64, or a quarter of a shorter segment, where no period is found.

    Examples
    --------
    >>> import numpy as np
    >>> wave = np.sin(2 * np.pi * np.arange(2000) / 50) + 0.3 * np.random.default_rng(0).normal(size=2000)
    >>> find_period([wave[:, np.newaxis]])
    50
    """
    steps = max(segments, key=len)[-_MOST_STEPS:].astype(np.float64)
    longest = min(LONGEST_PERIOD, len(steps) // 3)
    fallback = max(4, min(NO_PERIOD, len(steps) // 4))
    if longest <= SHORTEST_PERIOD + 1:
        return fallback
    correlation = _autocorrelation(steps, longest)
    period = None if correlation is None else _first_high_peak(correlation, longest)
    return fallback if period is None else period


def moving_mean(values: Array, length: int) -> Array:
    """Return the mean of the steps around each, fewer of them at the ends.

    Examples
    --------
    >>> import numpy as np
    >>> moving_mean(np.array([0.0, 3.0, 6.0, 0.0]), 3).tolist()
    [1.5, 3.0, 3.0, 3.0]
    """
    sums = np.concatenate([[0.0], np.cumsum(values)])
    steps = np.arange(len(values))
    first, end = np.maximum(steps - length // 2, 0), np.minimum(steps + length // 2 + 1, len(values))
    means: Array = (sums[end] - sums[first]) / (end - first)
    return means


def _autocorrelation(steps: Array, longest: int) -> Array | None:
    """Return the mean autocorrelation of the features at lags up to one above the longest; None without any."""
    n_steps, total = len(steps), np.zeros(len(steps))
    for feature in steps.T:
        # A switch among sensors has no shape to repeat, and its rare changes would correlate at any lag.
        if feature.std() < _TINY or (steps.shape[1] > 1 and len(np.unique(feature)) < _LEVELS):
            continue
        # A parabola first: of a steep trend, clipping would leave the middle alone.
        level = _without_parabola(_clipped(_without_parabola(feature)))
        centered = _without_trend(level, min(2 * longest + 1, n_steps // 2))
        if centered.std() < _TINY:
            continue
        spectrum = np.fft.rfft(centered - centered.mean(), 2 * n_steps)
        covariance = np.fft.irfft(spectrum * spectrum.conj(), 2 * n_steps)[:n_steps]
        total += covariance / covariance[0]
    if not total.any():
        return None
    # Few pairs are left at long lags: none of more than half the length is made larger.
    pairs = np.maximum(n_steps - np.arange(n_steps), n_steps // 2)
    correlation = total / total[0] * n_steps / pairs
    return np.asarray(correlation[: longest + 2])


def _first_high_peak(raw: Array, longest: int) -> int | None:
    correlation = np.convolve(raw, np.ones(3) / 3, "same")[: longest + 1]
    fallen = np.flatnonzero(correlation < _FALLEN)
    start = max(SHORTEST_PERIOD, int(fallen[0]) if len(fallen) else SHORTEST_PERIOD)
    lags = np.arange(start, longest)
    here, before, after = correlation[lags], correlation[lags - 1], correlation[lags + 1]
    peaks = lags[(here >= before) & (here >= after) & (here > _LEAST_PEAK)]
    if not len(peaks):
        return None
    high = correlation[peaks] >= _NEARLY * correlation[peaks].max()
    peak = int(peaks[high][0])
    # A sharp pattern, such as pulses of a single step, is smoothed to three lags of about the same height.
    sharpest = peak - 1 + int(raw[peak - 1 : peak + 2].argmax())
    return sharpest if raw[sharpest] > raw[peak] + _SHARP else peak


def _clipped(values: Array) -> Array:
    center = np.median(values)
    spread = _OUTLIER * _NORMAL * np.median(np.abs(values - center))
    return np.clip(values, center - spread, center + spread) if spread > 0 else values


def _without_trend(values: Array, length: int) -> Array:
    return values - moving_mean(values, length)


def _without_parabola(values: Array) -> Array:
    place = np.linspace(-1, 1, len(values))
    return np.asarray(
        values - np.polynomial.polynomial.polyval(place, np.polynomial.polynomial.polyfit(place, values, 2))
    )
