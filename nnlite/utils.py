"""Small things that scripts need around a model."""

from __future__ import annotations

import numpy as np

from nnlite.layers.base import forget_names
from nnlite.random import seed_global_generator
from nnlite.registry import custom_object_scope
from nnlite.types import Array, Arrays

__all__ = ["clear_session", "custom_object_scope", "set_random_seed", "to_categorical"]


def set_random_seed(seed: int) -> None:
    """Make everything that follows repeatable: nnlite's randomness, NumPy's and Python's.

    The same seed on the same machine gives the same bits.

    Parameters
    ----------
    seed : int
        From 0 up to 2**32 - 1.

    Raises
    ------
    ValueError
        If `seed` is out of range or no whole number.

    Examples
    --------
    >>> from nnlite.layers import Dense
    >>> from nnlite.utils import set_random_seed
    >>> kernels = []
    >>> for _ in range(2):
    ...     set_random_seed(0)
    ...     layer = Dense(2)
    ...     _ = layer.build((None, 3))
    ...     kernels.append(layer.get_weights()[0])
    >>> bool((kernels[0] == kernels[1]).all())
    True
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be a whole number from 0 to 2**32 - 1; found {seed!r}")
    seed = int(seed)
    import random

    random.seed(seed)
    # Scripts draw their data from NumPy's global state: a seed that left it out would surprise them.
    np.random.seed(seed)  # noqa: NPY002
    seed_global_generator(seed)


def to_categorical(x: Arrays, num_classes: int | None = None) -> Array:
    """Turn class numbers into one-hot rows.

    Parameters
    ----------
    x : array_like of int
        Class numbers, from 0.
    num_classes : int, optional
        Length of each row; by default the largest number plus one.

    Returns
    -------
    ndarray of float32
        The shape of `x` with one more axis.

    Raises
    ------
    ValueError
        If a number is negative or too large.

    Examples
    --------
    >>> from nnlite.utils import to_categorical
    >>> to_categorical([0, 2]).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    labels = np.asarray(x, np.int64)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    count = num_classes or int(labels.max(initial=0)) + 1
    if labels.size and not 0 <= labels.min() <= labels.max() < count:
        raise ValueError(f"class numbers must be from 0 to {count - 1}; found {labels.min()} to {labels.max()}")
    one_hot = np.zeros((*labels.shape, count), np.float32)
    np.put_along_axis(one_hot, labels[..., np.newaxis], 1, axis=-1)
    return one_hot


def clear_session() -> None:
    """Begin the numbering of automatic layer names again."""
    forget_names()
