"""Numbers to compute with."""

import numpy as np


def draw(*shape, seed=0):
    """Return normal numbers in float64, in which gradients can be measured."""
    return np.random.default_rng(seed).normal(size=shape)


def draw_single(*shape, seed=0):
    """Return normal numbers in float32, as models have them."""
    return draw(*shape, seed=seed).astype("float32")
