"""Records that several tests of detectors share."""

import numpy as np

QUICK = {"hidden": (16,), "epochs": 100, "random_state": 0}


def planes(n=300, seed=0, anomalies=20):
    """Records on a plane in five dimensions, and some off it."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2)) @ np.random.default_rng(99).normal(size=(2, 5)) + 0.05 * rng.normal(size=(n, 5))
    y = np.zeros(n, dtype=int)
    y[:anomalies] = 1
    x[:anomalies] += rng.normal(size=(anomalies, 5)) * 2
    return x, y
