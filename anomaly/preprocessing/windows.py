r"""Windows of a series, and the average of overlapping windows.

A *window* is a sequence of consecutive steps of a series. Window k of a series of n steps contains the steps

.. math:: k s,\; k s + 1,\; \dots,\; k s + w - 1

for a width w and a stride s. If the last of these ends before the series, one more window ends with the series, so that
every step is in at least one window.
"""

from __future__ import annotations

import numpy as np

from nnlite.types import Array


def window_starts(n_steps: int, window: int, stride: int = 1) -> Array:
    """Return the first step of each window of a series.

    Parameters
    ----------
    n_steps : int
        Length of the series.
    window : int
        Length of a window.
    stride : int, default 1
        Number of steps from the start of one window to that of the next.

    Returns
    -------
    ndarray of int
        First steps, increasing; the last window ends with the series. Empty if the series is shorter than a window.

    Examples
    --------
    >>> window_starts(10, window=4, stride=3).tolist()
    [0, 3, 6]
    >>> window_starts(9, window=4, stride=3).tolist()
    [0, 3, 5]
    """
    if n_steps < window:
        return np.empty(0, dtype=np.int64)
    last = n_steps - window
    starts = np.arange(0, last + 1, stride, dtype=np.int64)
    return starts if starts[-1] == last else np.append(starts, last)


def cut_windows(series: Array, starts: Array, window: int) -> Array:
    """Return the windows with these first steps.

    Parameters
    ----------
    series : ndarray of shape (n_steps, n_features)
        The series.
    starts : ndarray of int of shape (n_windows,)
        First step of each window.
    window : int
        Length of a window.

    Returns
    -------
    ndarray of shape (n_windows, window, n_features)
        Windows, a C-contiguous copy.

    Examples
    --------
    >>> import numpy as np
    >>> cut_windows(np.arange(5.0)[:, None], np.array([0, 2]), 3)[..., 0].tolist()
    [[0.0, 1.0, 2.0], [2.0, 3.0, 4.0]]
    """
    return series[starts[:, np.newaxis] + np.arange(window)]


def pad_start(series: Array, steps: int) -> Array:
    """Pad a series at its start with repetitions of its first step.

    Examples
    --------
    >>> import numpy as np
    >>> pad_start(np.array([[1.0], [2.0]]), 2)[:, 0].tolist()
    [1.0, 1.0, 1.0, 2.0]
    """
    return np.concatenate([np.repeat(series[:1], steps, axis=0), series]) if steps else series


class OverlapSum:
    """Streaming average of overlapping windows, step by step.

    Parameters
    ----------
    n_features : int
        Number of features of a step.

    Attributes
    ----------
    first : int
        The first step whose mean has not been taken yet.

    Examples
    --------
    Two windows of two steps overlap in step 1.

    >>> import numpy as np
    >>> overlap = OverlapSum(1)
    >>> overlap.add(np.array([0, 1]), np.array([[[1.0], [2.0]], [[4.0], [8.0]]]))
    >>> overlap.take(3)[:, 0].tolist()
    [1.0, 3.0, 8.0]
    """

    def __init__(self, n_features: int) -> None:
        self.first = 0
        self._sums = np.zeros((0, n_features))
        self._counts = np.zeros((0, 1))

    def add(self, starts: Array, windows: Array) -> None:
        """Add windows.

        Parameters
        ----------
        starts : ndarray of int of shape (n_windows,)
            First step of each window, at least `first`.
        windows : ndarray of shape (n_windows, window, n_features)
            Values of the windows.
        """
        if not len(starts):
            return
        width = windows.shape[1]
        self._extend(int(starts.max()) + width - self.first)
        for k in range(width):
            # For one k the steps of different windows are distinct, as indexed addition requires.
            self._sums[starts - self.first + k] += windows[:, k]
            self._counts[starts - self.first + k] += 1

    def take(self, end: int) -> Array:
        """Return the means of the steps from `first` to `end` (exclusive), and discard them."""
        count = max(0, end - self.first)
        means: Array = self._sums[:count] / self._counts[:count]
        self._sums, self._counts = self._sums[count:], self._counts[count:]
        self.first += count
        return means

    def _extend(self, length: int) -> None:
        more = length - len(self._sums)
        if more > 0:
            self._sums = np.pad(self._sums, ((0, more), (0, 0)))
            self._counts = np.pad(self._counts, ((0, more), (0, 0)))
