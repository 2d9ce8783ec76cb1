r"""Windows of a series: their starts, their values and the mean of overlapping ones.

A *window* is a number of consecutive steps of a series. Window k of a series of n steps holds the steps

.. math:: k s,\; k s + 1,\; \dots,\; k s + w - 1

for a width w and a stride s. If the last of them does not reach the end of the series, one more window does, so that
every step is in at least one.
"""

from __future__ import annotations

import numpy as np

from nnlite.types import Array


def window_starts(n_steps: int, window: int, stride: int = 1) -> Array:
    """Return the starts of the windows of a series.

    Parameters
    ----------
    n_steps : int
        Length of the series.
    window : int
        Steps in a window.
    stride : int, default 1
        Steps from the start of one window to the start of the next.

    Returns
    -------
    ndarray of int
        Starts in increasing order; the last window ends with the series. Empty for a series shorter than a window.

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
    """Return the windows with the given starts.

    Parameters
    ----------
    series : ndarray of shape (n_steps, n_features)
        The series.
    starts : ndarray of int of shape (n_windows,)
        Starts of the windows.
    window : int
        Steps in a window.

    Returns
    -------
    ndarray of shape (n_windows, window, n_features)
        Windows, as a C-contiguous copy.

    Examples
    --------
    >>> import numpy as np
    >>> cut_windows(np.arange(5.0)[:, None], np.array([0, 2]), 3)[..., 0].tolist()
    [[0.0, 1.0, 2.0], [2.0, 3.0, 4.0]]
    """
    return series[starts[:, np.newaxis] + np.arange(window)]


def pad_start(series: Array, steps: int) -> Array:
    """Lengthen a series at its start by repeating its first value.

    Examples
    --------
    >>> import numpy as np
    >>> pad_start(np.array([[1.0], [2.0]]), 2)[:, 0].tolist()
    [1.0, 1.0, 1.0, 2.0]
    """
    return np.concatenate([np.repeat(series[:1], steps, axis=0), series]) if steps else series


class OverlapSum:
    """Mean of overlapping windows at each step, as the windows arrive.

    Parameters
    ----------
    n_features : int
        Features of a step.

    Attributes
    ----------
    first : int
        The first step whose mean has not been taken yet.

    Examples
    --------
    Two windows of two steps overlap in step 1:

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
            Starts of the windows, none before `first`.
        windows : ndarray of shape (n_windows, window, n_features)
            Values of the windows.
        """
        if not len(starts):
            return
        width = windows.shape[1]
        self._make_room(int(starts.max()) + width - self.first)
        for k in range(width):
            # Step k of each window is another step of the series, so that no index occurs twice in a sum.
            self._sums[starts - self.first + k] += windows[:, k]
            self._counts[starts - self.first + k] += 1

    def take(self, end: int) -> Array:
        """Return the means of the steps from `first` up to, but not including, `end`, and drop them."""
        count = max(0, end - self.first)
        means: Array = self._sums[:count] / self._counts[:count]
        self._sums, self._counts = self._sums[count:], self._counts[count:]
        self.first += count
        return means

    def _make_room(self, length: int) -> None:
        more = length - len(self._sums)
        if more > 0:
            self._sums = np.pad(self._sums, ((0, more), (0, 0)))
            self._counts = np.pad(self._counts, ((0, more), (0, 0)))
