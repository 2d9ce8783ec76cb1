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
# Windows that the sums have room for, so that they are seldom moved.
_ROOM = 4


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
        # Of the steps that are not final, from `_first` on: the last w - 1 steps, and room for those to come.
        self._sums: Array | None = None
        self._first = self._seen = 0

    def push(self, values: Array) -> Array:
        """Take the values of the next windows; return the means of the steps that no later window covers.

        Parameters
        ----------
        values : ndarray of shape (n_windows, n_features)
            Values of windows that start one step apart.
        """
        n, seen = len(values), self._seen
        sums = self._room(n, values.shape[1])
        # One window after the other, the oldest first: the sum of a step is the same however windows are divided.
        if n <= _FEW:
            for k in range(n):
                sums[k : k + self.window] += values[k]
        else:
            for k in range(self.window - 1, -1, -1):
                sums[k : k + n] += values
        self._first += n
        self._seen += n
        if seen >= self.window:
            # So many windows cover each step that nothing is in doubt.
            return np.asarray(sums[:n] / self.window)
        return self._means(sums[:n], np.minimum(seen + 1 + np.arange(n), self.window))

    def finish(self) -> Array:
        """Return the means of the remaining steps, those of the last window but its first."""
        assert self._sums is not None  # a segment has one window at least
        n_left = self.window - 1
        return self._means(
            self._sums[self._first : self._first + n_left], np.minimum(self._seen, np.arange(n_left, 0, -1))
        )

    def _room(self, n: int, n_features: int) -> Array:
        """Return the sums of the steps that are not final, and of those that n further windows begin with."""
        needed = n + self.window - 1
        if self._sums is None:
            self._sums = np.zeros((_ROOM * self.window + needed, n_features))
        elif self._first + needed > len(self._sums):
            left = self._sums[self._first : self._first + self.window - 1]
            self._sums = np.concatenate([left, np.zeros((_ROOM * self.window + n, n_features))])
            self._first = 0
        return self._sums[self._first : self._first + needed]

    def _means(self, sums: Array, counts: Array) -> Array:
        means = sums / counts[:, np.newaxis]
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
