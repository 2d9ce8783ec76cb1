"""Sampling for the generators: categories, anomalies, missing values."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnlite.types import Array, RandomGenerator

SECONDS_PER_DAY = 86_400


def as_count(value: Any, name: str, least: int) -> int:
    """Return a count as an int.

    Raises
    ------
    TypeError
        If the value is not a whole number.
    ValueError
        If the value is below `least`.
    """
    try:
        count = operator.index(value)
    except TypeError as error:
        raise TypeError(f"{name} must be a whole number; found {value!r} ({type(value).__name__})") from error
    if count < least:
        raise ValueError(f"{name} must be at least {least}; found {count}")
    return count


def anomaly_count(n_records: int, contamination: float) -> int:
    """Return the number of anomalies among the records.

    Raises
    ------
    ValueError
        If `contamination` is not between 0 and 0.5.
    """
    if not 0.0 <= contamination <= 0.5:
        raise ValueError(
            f"contamination is the fraction of anomalies, between 0 and 0.5; found {contamination!r}. A majority of "
            "anomalies would be normal records"
        )
    return round(contamination * n_records)


def even_counts(total: int, parts: int) -> list[int]:
    """Divide a count into nearly equal integers.

    Examples
    --------
    >>> even_counts(10, 4)
    [3, 3, 2, 2]
    """
    quotient, rest = divmod(total, parts)
    return [quotient + (i < rest) for i in range(parts)]


def no_kinds(n_records: int) -> Array:
    """Return the kinds of normal records."""
    kinds = np.empty(n_records, dtype=object)
    kinds[:] = ""
    return kinds


def scattered_kinds(rng: RandomGenerator, n_records: int, contamination: float, names: Sequence[str]) -> Array:
    """Return the kinds of records with random anomalies, with nearly equal numbers of each kind.

    Returns
    -------
    ndarray of str of shape (n_records,)
        Kind of each record; the empty string for normal records.
    """
    kinds = no_kinds(n_records)
    count = anomaly_count(n_records, contamination)
    chosen = rng.choice(n_records, size=count, replace=False)
    kinds[chosen] = np.resize(np.array(names, dtype=object), count)
    return kinds


def choose(rng: RandomGenerator, weights: Any, size: int | None = None) -> Array:
    """Return random category numbers.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    weights : array_like of shape (n_categories,) or (n_records, n_categories)
        Relative probability of each category, for all records or for each record.
    size : int, optional
        Number of records, if `weights` has one dimension.

    Returns
    -------
    ndarray of int of shape (n_records,)
        Category numbers, from 0.
    """
    # Inverse transform sampling: the category whose interval of [0, 1) contains a uniform draw.
    cumulative = np.cumsum(np.asarray(weights, dtype=np.float64), axis=-1)
    cumulative /= cumulative[..., -1:]
    if cumulative.ndim == 1:
        return np.searchsorted(cumulative, rng.random(size), side="right")
    return np.asarray((rng.random(len(cumulative))[:, None] >= cumulative).sum(axis=1))


def as_text(names: Sequence[str], numbers: Array) -> Array:
    """Return the names of category numbers, as an object array."""
    column: Array = np.array(names, dtype=object)[numbers]
    return column


def log_normal(rng: RandomGenerator, median: Any, spread: Any, size: int) -> Array:
    """Return log-normal draws with this median and this standard deviation of the logarithm."""
    draws: Array = np.asarray(median) * np.exp(np.asarray(spread) * rng.standard_normal(size))
    return draws


def remove_at_random(rng: RandomGenerator, columns: Mapping[str, Array], fractions: Mapping[str, float]) -> None:
    """Remove a fraction of the values of some columns, in place, completely at random."""
    for name, fraction in fractions.items():
        column = columns[name]
        column[rng.random(len(column)) < fraction] = np.nan if column.dtype.kind == "f" else None
