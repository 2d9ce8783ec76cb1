"""Reservoir sampling: a random sample of a stream in bounded memory."""

from __future__ import annotations

import numpy as np

from nnlite.types import Array, RandomGenerator


def add_to_reservoir(sample: Array, seen: int, fresh: Array, most: int, rng: RandomGenerator) -> Array:
    """Update a random sample of a stream with its next items: all items so far are in it with the same probability.

    Item i draws one of i places; it enters the sample if that place is in it.

    Parameters
    ----------
    sample : ndarray of shape (n, ...)
        Random sample of the earlier items, at most `most`.
    seen : int
        Number of the earlier items.
    fresh : ndarray of shape (m, ...)
        Next items.
    most : int
        Size of the sample.
    rng : numpy.random.Generator
        Source of random numbers.

    Returns
    -------
    ndarray of shape (min(n + m, most), ...)
        A new array.

    References
    ----------
    Vitter, "Random sampling with a reservoir", ACM Transactions on Mathematical Software 11 (1985), algorithm R.

    Examples
    --------
    >>> import numpy as np
    >>> sample = add_to_reservoir(np.arange(3), 3, np.arange(3, 1000), 5, np.random.default_rng(0))
    >>> len(sample)
    5
    """
    free = max(0, most - len(sample))
    sample = np.concatenate([sample, fresh[:free]])
    late = fresh[free:]
    places = rng.integers(seen + free + 1 + np.arange(len(late)))
    kept = places < len(sample)
    # Where several items draw the same place, the last one stays.
    sample[places[kept]] = late[kept]
    return sample
