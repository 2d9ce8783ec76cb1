"""Windows of a series: their length, and where the scores of windows stand."""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nnlite.types import Array

SHORTEST, LONGEST, WITHOUT_PERIOD = 10, 300, 100
_CORRELATED = 0.1
_MOST_STEPS = 10_000


def period_of(series: Array) -> int:
    """Return the period of the first column that varies: the lag of its highest autocorrelation.

    Parameters
    ----------
    series : ndarray of shape (n_steps, n_columns)
        Series; the first 10,000 steps are used.

    Returns
    -------
    int
        A local maximum of the autocorrelation at 10 to 300 steps, and at most a third of the series, that is above
        0.1; 100 if there is none.
    """
    varying = np.flatnonzero(series.std(axis=0) > 1e-9)
    column = series[:_MOST_STEPS, varying[0] if len(varying) else 0]
    n = len(column)
    spectrum = np.fft.rfft(column - column.mean(), 2 * n)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[:n]
    correlation /= correlation[0] + 1e-12
    lags = np.arange(SHORTEST, min(LONGEST, n // 3))
    here = correlation[lags]
    peaks = lags[(here > correlation[lags - 1]) & (here >= correlation[lags + 1]) & (here > _CORRELATED)]
    return int(peaks[np.argmax(correlation[peaks])]) if len(peaks) else WITHOUT_PERIOD


def windows_of(series: Array, length: int) -> Array:
    """Return all windows as rows, of shape (n_steps - length + 1, length * n_columns)."""
    return sliding_window_view(series, length, axis=0).reshape(len(series) - length + 1, -1)


def at_centres(scores: Array, length: int) -> Array:
    """Return the scores of windows as scores of the steps in their middle; those at both ends are repeated."""
    return np.pad(scores, (math.ceil((length - 1) / 2), (length - 1) // 2), mode="edge")


def lengthened(series: Array, least: int) -> Array:
    """Return a series of at least so many steps, the last one repeated."""
    return np.pad(series, ((0, max(0, least - len(series))), (0, 0)), mode="edge")
