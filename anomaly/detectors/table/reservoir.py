"""A fair sample of what comes by, in bounded memory."""

from __future__ import annotations

import numpy as np

from nnlite.types import Array, RandomGenerator


def add_fairly(sample: Array, seen: int, fresh: Array, most: int, rng: RandomGenerator) -> Array:
    """Add to a sample so that it stays a fair one: all that came by is in it with the same chance.

    The i-th that comes by takes a random one of i places; if there is no such place in the sample, it is let go.

    Parameters
    ----------
    sample : ndarray of shape (n, ...)
        A fair sample of what came by before, of at most `most`.
    seen : int
        How many that were.
    fresh : ndarray of shape (m, ...)
        What comes by now.
    most : int
        Size of the sample.
    rng : numpy.random.Generator
        Who throws the dice.

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
    >>> sample = add_fairly(np.arange(3), 3, np.arange(3, 1000), 5, np.random.default_rng(0))
    >>> len(sample)
    5
    """
    room = max(0, most - len(sample))
    grown = np.concatenate([sample, fresh[:room]])
    late = fresh[room:]
    places = rng.integers(seen + room + 1 + np.arange(len(late)))
    kept = places < len(grown)
    # Where one place is taken several times, the last to take it stays.
    grown[places[kept]] = late[kept]
    return grown
