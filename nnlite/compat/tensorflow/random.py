"""`tf.random`: the seed of all random numbers, and random arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.backend import random_normal, random_uniform
from nnlite.eager import as_tensor
from nnlite.random import make_generator
from nnlite.utils import set_random_seed


def set_seed(seed: int) -> None:
    """Seed the random numbers of this package; those of NumPy and Python too."""
    set_random_seed(seed)


def normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | None = None) -> Any:
    """Return normally distributed numbers."""
    return random_normal(shape, mean, stddev, dtype, seed)


def uniform(shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: int | None = None) -> Any:
    """Return uniformly distributed numbers."""
    return random_uniform(shape, minval, maxval, dtype, seed)


def shuffle(value: Any, seed: int | None = None) -> Any:
    """Return the rows of an array in a random order."""
    return as_tensor(make_generator(seed).permutation(np.asarray(value)))
