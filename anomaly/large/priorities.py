"""Random numbers of rows that follow from their place alone, so that a sample does not depend on who draws it when."""

from __future__ import annotations

import numpy as np

from nnlite.types import Array

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def priorities(seed: int, part: int, rows: Array) -> Array:
    """Return a random number for each row of a part of a table, the same whenever it is asked for.

    Parameters
    ----------
    seed : int
        At least 0.
    part : int
        Number of the part, such as a file, at least 0.
    rows : ndarray of int of shape (n,)
        Numbers of the rows in their part.

    Returns
    -------
    ndarray of uint64 of shape (n,)
        Uniform over all values.

    References
    ----------
    Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014 (SplitMix64).

    Examples
    --------
    >>> import numpy as np
    >>> first, again = priorities(0, 0, np.arange(5)), priorities(0, 0, np.arange(2, 5))
    >>> bool((first[2:] == again).all()), bool((first == priorities(1, 0, np.arange(5))).any())
    (True, False)
    """
    start = _mix(_mix(np.array([seed], np.uint64)) + np.array([part], np.uint64) * _GOLDEN)
    return _mix(start + rows.astype(np.uint64) * _GOLDEN)


def _mix(values: Array) -> Array:
    with np.errstate(over="ignore"):
        z = values + _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(z ^ (z >> np.uint64(31)))
