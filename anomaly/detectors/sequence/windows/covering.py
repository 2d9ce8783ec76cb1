r"""Scores of steps from those of windows: the mean over all windows that cover a step.

A single window of w steps says that something in it is odd. The step where it is odd lies in all the windows that
cover it, and other steps in fewer of them:

.. math:: s_t = \frac{1}{|K_t|} \sum_{k \in K_t} d_k, \qquad K_t = \{k : k \le t < k + w\}

So the mean points to the step, and averages w distances. At both ends of a segment there are fewer windows, and no
padding that would look odd itself.
"""

from __future__ import annotations

import numpy as np

from nnlite.types import Array


class CoveringMean:
    """Streaming mean over the windows that cover each step; its bits do not depend on how the windows are divided.

    Parameters
    ----------
    window : int
        Length w of the windows; window k covers the steps from k to k + w - 1.

    Examples
    --------
    >>> import numpy as np
    >>> mean = CoveringMean(2)
    >>> [part[:, 0].tolist() for part in (mean.push(np.array([[1.0], [3.0]])), mean.finish())]
    [[1.0, 2.0], [3.0]]
    """

    def __init__(self, window: int) -> None:
        self.window = window
        self._recent: Array | None = None  # the last w - 1 windows; zeros stand for those before the first
        self._seen = 0

    def push(self, values: Array) -> Array:
        """Take the values of the next windows; return the means of the steps that no later window covers.

        Parameters
        ----------
        values : ndarray of shape (n_windows, n_features)
            Values of windows that start one step apart.
        """
        if self._recent is None:
            self._recent = np.zeros((self.window - 1, values.shape[1]))
        return self._means(values, self._counts(len(values)))

    def finish(self) -> Array:
        """Return the means of the remaining steps, those of the last window but its first."""
        assert self._recent is not None  # a segment has one window at least
        n_left = self.window - 1
        covering = np.minimum(self._seen, np.arange(n_left, 0, -1))
        return self._means(np.zeros((n_left, self._recent.shape[1])), covering)

    def _counts(self, n_windows: int) -> Array:
        counts = np.minimum(self._seen + 1 + np.arange(n_windows), self.window)
        self._seen += n_windows
        return counts

    def _means(self, values: Array, counts: Array) -> Array:
        known = np.concatenate([self._recent, values])
        sums = np.zeros(values.shape)
        # One window after the other, the oldest first: the sum of a step is the same however windows are divided.
        for k in range(self.window):
            sums += known[k : k + len(values)]
        self._recent = known[len(values) :]
        means: Array = sums / counts[:, np.newaxis]
        return means
