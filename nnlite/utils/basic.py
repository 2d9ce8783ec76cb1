"""Utilities: seeds, one-hot labels and names of layers."""

from __future__ import annotations

import numpy as np

from nnlite.naming import forget_names
from nnlite.random import seed_global_generator
from nnlite.types import Array, Arrays
from nnlite.validation import check_value, integer

__all__ = ["clear_session", "normalize", "set_random_seed", "to_categorical"]


def set_random_seed(seed: int) -> None:
    """Seed the random number generators of nnlite, NumPy and Python.

    The same seed gives bitwise identical results on the same machine.

    Parameters
    ----------
    seed : int
        Seed from 0 to 2**32 - 1.

    Raises
    ------
    ValueError
        If `seed` is out of range or not a whole number.

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
    check_value("seed", seed, integer(0, 2**32 - 1))
    seed = int(seed)
    import random

    random.seed(seed)
    # Scripts often draw data with NumPy's global generator.
    np.random.seed(seed)  # noqa: NPY002
    seed_global_generator(seed)


def to_categorical(x: Arrays, num_classes: int | None = None) -> Array:
    """Convert class numbers to one-hot rows.

    Parameters
    ----------
    x : array_like of int
        Class numbers, from 0.
    num_classes : int, optional
        Number of classes; by default the largest number plus one.

    Returns
    -------
    ndarray of float32
        One-hot rows, in the shape of `x` with an additional axis.

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
    """Restart the numbering of automatic layer names."""
    forget_names()


def normalize(x: Arrays, axis: int = -1, order: int = 2) -> Array:
    """Return vectors divided by their norms.

    Parameters
    ----------
    x : array_like
        Vectors along one axis.
    axis : int, default -1
        The axis.
    order : int, default 2
        Order of the norm.

    Returns
    -------
    ndarray
        Vectors of norm 1; those of norm 0 as they are.

    Examples
    --------
    >>> from nnlite.utils import normalize
    >>> normalize([[3.0, 4.0]]).tolist()
    [[0.6, 0.8]]
    """
    vectors = np.asarray(x, np.float64) if np.asarray(x).dtype.kind != "f" else np.asarray(x)
    norms = np.atleast_1d(np.linalg.norm(vectors, order, axis, keepdims=True))
    norms[norms == 0] = 1
    quotient: Array = vectors / norms
    return quotient
