r"""Scores of steps from those of windows: the mean over all windows that cover a step.

A single window of w steps says that something in it is odd. The step where it is odd lies in all the windows that
cover it, and other steps in fewer of them:

.. math:: s_t = \frac{1}{|K_t|} \sum_{k \in K_t} d_k, \qquad K_t = \{k : k \le t < k + w\}

So the mean points to the step, and averages w distances. At both ends of a segment there are fewer windows, and no
padding that would look odd itself. A mean over few varies more, and would be a false alarm: it is drawn towards the
typical distance :math:`\tilde d`, to :math:`s_t^f \, \tilde d^{1 - f}`. For a single window, f is the ratio of the
logarithms of high means and of high distances in training, and it grows to 1 with the number of windows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nnlite.types import Array

_HIGH = 0.99
_LEAST_CERTAINTY = 0.2
_FEW = 4


class Typical(NamedTuple):
    """Typical distances of normal windows.

    Attributes
    ----------
    distance : float
        The median.
    certainty : float, default 1.0
        f of a step that a single window covers.
    """

    distance: float
    certainty: float = 1.0

    @classmethod
    def of(cls, distances: Array, means: Array) -> Typical:
        """Return what is typical of normal windows, from their distances and the means of steps inside segments."""
        median = float(np.median(distances))
        high, high_mean = (float(np.quantile(values, _HIGH)) for values in (distances, means))
        if median <= 0 or high <= median:
            return cls(median)
        ratio = np.log(max(high_mean / median, 1.0)) / np.log(high / median)
        return cls(median, float(np.clip(ratio, _LEAST_CERTAINTY, 1.0)))


class CoveringMean:
    """Streaming mean over the windows that cover each step; its bits do not depend on how the windows are divided.

    Parameters
    ----------
    window : int
        Length w of the windows; window k covers the steps from k to k + w - 1.
    typical : Typical
        Typical distances.

    Examples
    --------
    >>> import numpy as np
    >>> mean = CoveringMean(2, Typical(1.0))
    >>> parts = [mean.push(np.array([[1.0], [3.0]])), mean.push(np.array([[4.0]])), mean.finish()]
    >>> [part[:, 0].tolist() for part in parts]
    [[1.0, 2.0], [3.5], [4.0]]
    """

    def __init__(self, window: int, typical: Typical) -> None:
        self.window, self._typical = window, typical
        self._recent: Array | None = None  # the last w - 1 windows; zeros stand for those before the first
        self._seen = 0
        self._is_inside = False

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
        n_left, self._is_inside = self.window - 1, False
        covering = np.minimum(self._seen, np.arange(n_left, 0, -1))
        return self._means(np.zeros((n_left, self._recent.shape[1])), covering)

    def _counts(self, n_windows: int) -> Array:
        # So many windows cover each step that nothing is in doubt.
        self._is_inside = self._seen >= self.window
        counts = np.minimum(self._seen + 1 + np.arange(n_windows), self.window)
        self._seen += n_windows
        return counts

    def _means(self, values: Array, counts: Array) -> Array:
        known = np.concatenate([self._recent, values])
        n = len(values)
        # One window after the other, the oldest first: the sum of a step is the same however windows are divided.
        if n <= _FEW:
            sums = np.stack([np.add.accumulate(known[k : k + self.window])[-1] for k in range(n)]) if n else values
        else:
            sums = np.zeros(values.shape)
            for k in range(self.window):
                sums += known[k : k + n]
        self._recent = known[n:]
        means = sums / counts[:, np.newaxis]
        if self._is_inside:
            return means
        doubt = (1 - self._typical.certainty) * (self.window - counts) / max(self.window - 1, 1)
        return drawn(means, doubt, self._typical.distance)


def drawn(parts: Array, doubt: Array, typical: float) -> Array:
    """Draw distances towards the typical one.

    Parameters
    ----------
    parts : ndarray of shape (n, n_features)
        Parts of the features in distances; NaN for a distance of which nothing is known.
    doubt : ndarray of shape (n,)
        1 - f, from 0 for a distance that is known in full to 1.
    typical : float
        The typical distance.

    Returns
    -------
    ndarray of shape (n, n_features)
        Parts with the same proportions; where nothing is known they are equal.

    Examples
    --------
    >>> import numpy as np
    >>> drawn(np.array([[3.0, 1.0], [3.0, 1.0], [0.0, 0.0]]), np.array([0.0, 0.5, 1.0]), 1.0).tolist()
    [[3.0, 1.0], [1.5, 0.5], [0.5, 0.5]]
    """
    total = parts.sum(axis=1)
    scale = np.ones(len(parts))
    some = (doubt > 0) & (total > 0)
    scale[some] = (typical / total[some]) ** doubt[some]
    unknown = np.isnan(total) | (doubt >= 1)
    return np.where(unknown[:, np.newaxis], typical / parts.shape[1], parts * scale[:, np.newaxis])
