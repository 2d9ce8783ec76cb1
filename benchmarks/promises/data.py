"""Distributions of scores and of records for the simulations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = Any


def scores_of(kind: str, size: int | tuple[int, ...], rng: np.random.Generator) -> Array:
    """Draw anomaly scores of normal records.

    Parameters
    ----------
    kind : {"exponential", "normal", "lognormal", "pareto", "uniform", "rounded"}
        Distribution. The tail index of pareto is 3; rounded scores are exponential with about twenty distinct values.
    size : int or tuple of int
        Shape of the result.
    rng : numpy.random.Generator
        Source of random numbers.
    """
    if kind == "exponential":
        return rng.exponential(size=size)
    if kind == "normal":
        return rng.normal(size=size)
    if kind == "lognormal":
        return np.exp(rng.normal(size=size))
    if kind == "pareto":
        return rng.pareto(3.0, size=size) + 1.0
    if kind == "uniform":
        return rng.random(size=size)
    if kind == "rounded":
        return np.round(5 * rng.exponential(size=size)) / 5
    raise ValueError(f"unknown kind of scores: {kind!r}")


def probability_above(kind: str, threshold: float) -> float:
    """Return the exact probability that a score drawn by `scores_of` exceeds a threshold."""
    if kind == "exponential":
        return math.exp(-max(threshold, 0.0))
    if kind == "normal":
        return math.erfc(threshold / math.sqrt(2)) / 2
    if kind == "lognormal":
        return 1.0 if threshold <= 0 else math.erfc(math.log(threshold) / math.sqrt(2)) / 2
    if kind == "pareto":
        return max(threshold, 1.0) ** -3.0
    if kind == "uniform":
        return min(max(1 - threshold, 0.0), 1.0)
    if kind == "rounded":
        # All scores that are rounded to the next value of the grid of fifths or beyond it.
        return math.exp(-max((math.floor(5 * threshold + 1e-9) + 0.5) / 5, 0.0))
    raise ValueError(f"unknown kind of scores: {kind!r}")


def records_of(kind: str, n: int, rng: np.random.Generator) -> Array:
    """Draw normal records.

    Parameters
    ----------
    kind : str
        "normal": five independent columns; "correlated": six columns of two factors; "heavy": five columns with the
        tails of Student's t with three degrees; "counts": four columns of few whole numbers;
        "three counts": three Poisson columns of mean 1; "wide": thirty independent columns.
    n : int
        Number of records.
    rng : numpy.random.Generator
        Source of random numbers.

    Returns
    -------
    ndarray of float64 of shape (n, n_columns)
        Records of one distribution, which does not depend on the seed.
    """
    if kind == "normal":
        return rng.normal(size=(n, 5))
    if kind == "correlated":
        mixing = np.random.default_rng(1).normal(size=(2, 6))
        return rng.normal(size=(n, 2)) @ mixing + 0.3 * rng.normal(size=(n, 6))
    if kind == "heavy":
        return rng.standard_t(3.0, size=(n, 5))
    if kind == "counts":
        return rng.poisson([0.5, 1.0, 2.0, 4.0], size=(n, 4)).astype(np.float64)
    if kind == "three counts":
        return rng.poisson(1.0, size=(n, 3)).astype(np.float64)
    if kind == "wide":
        return rng.normal(size=(n, 30))
    raise ValueError(f"unknown kind of records: {kind!r}")
