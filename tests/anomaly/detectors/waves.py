"""Training series and settings for a quick fit."""

import numpy as np

ALONE = {"network": "dense", "network_share": 1.0}
"""Networks alone, without other members."""

QUICK = {"window": 8, "epochs": 3, "hidden": (16,), "folds": 1, "random_state": 0, **ALONE}
"""A quick fit of networks alone."""


def waves(n=400, seed=0):
    """Return two correlated sensors: a sine wave and its double, with noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    wave = np.sin(2 * np.pi * t / 20)
    return np.column_stack([wave, 2 * wave + 1]) + 0.05 * rng.normal(size=(n, 2))


def stamped(n=200, start="2024-01-01"):
    """Return the same sensors with timestamps a minute apart."""
    time = np.datetime64(start) + np.arange(n).astype("m8[m]")
    return {"time": time, "a": waves(n)[:, 0], "b": waves(n)[:, 1]}


def machines(n=200):
    """Return the interleaved rows of two machines."""
    a, b = waves(n), waves(n, seed=1)
    names = np.array(["press", "mill"] * n, dtype=object)
    return {"machine": names, "a": np.stack([a, b], 1)[..., 0].ravel(), "b": np.stack([a, b], 1)[..., 1].ravel()}
