"""Windows of a segment, and the choice of those to learn from: spread over the whole series, with a random offset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nnlite.types import Array

_MOST_CELLS = 1 << 21


def windows_of(steps: Array, window: int) -> Array:
    """Return all windows of a segment one step apart, a view of shape (n_windows, n_features, window)."""
    return sliding_window_view(steps, window, axis=0)


def spaced(n: int, most: int, rng: np.random.Generator) -> Array:
    """Return indices of at most `most` of n windows: one drawn from each of as many equal parts.

    Parts of equal length would meet a series of a like period always in the same phase.

    Examples
    --------
    >>> import numpy as np
    >>> spaced(3, 5, np.random.default_rng(0)).tolist()
    [0, 1, 2]
    >>> spaced(10, 2, np.random.default_rng(0)).tolist()
    [3, 6]
    """
    if n <= most:
        return np.arange(n)
    edges = np.linspace(0, n, most + 1)
    drawn = edges[:-1] + rng.random(most) * np.diff(edges)
    return np.unique(np.minimum(drawn.astype(np.int64), n - 1))


def rows_of(segments: Sequence[Array], chosen: Array) -> Array:
    """Return the chosen rows of concatenated arrays, without concatenating them.

    Parameters
    ----------
    segments : sequence of ndarray of shape (n_rows, ...)
        Arrays; views of windows among them, whose copies would be large.
    chosen : ndarray of int
        Increasing indices of rows.

    Examples
    --------
    >>> import numpy as np
    >>> rows_of([np.array([10, 11]), np.array([12, 13])], np.array([1, 2])).tolist()
    [11, 12]
    """
    lengths = np.array([len(segment) for segment in segments])
    ends = np.cumsum(lengths)
    segment_of = np.searchsorted(ends, chosen, side="right")
    starts = ends - lengths
    return np.concatenate([segment[chosen[segment_of == k] - starts[k]] for k, segment in enumerate(segments)])


def chunks(n_windows: int, n_features: int, window: int) -> Iterator[slice]:
    """Yield slices of windows whose copies take bounded memory.

    Examples
    --------
    >>> list(chunks(5, 1000, 1000))[:2]
    [slice(0, 2, None), slice(2, 4, None)]
    """
    size = max(1, _MOST_CELLS // (n_features * window))
    for start in range(0, n_windows, size):
        yield slice(start, min(start + size, n_windows))
