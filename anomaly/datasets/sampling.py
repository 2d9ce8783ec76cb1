"""Drawing what the generators are made of: categories, anomalies, missing values."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnlite.types import Array, RandomGenerator

SECONDS_PER_DAY = 86_400


def checked_count(value: Any, name: str, least: int) -> int:
    """Return a whole number that is large enough.

    Raises
    ------
    TypeError
        If it is not a whole number.
    ValueError
        If it is below `least`.
    """
    try:
        count = operator.index(value)
    except TypeError as error:
        raise TypeError(f"{name} must be a whole number; found {value!r} ({type(value).__name__})") from error
    if count < least:
        raise ValueError(f"{name} must be at least {least}; found {count}")
    return count


def anomaly_count(n_records: int, contamination: float) -> int:
    """Return how many of the records are to be anomalies.

    Raises
    ------
    ValueError
        If the share is not between 0 and 0.5.
    """
    if not 0.0 <= contamination <= 0.5:
        raise ValueError(
            f"contamination is the share of anomalies, between 0 and 0.5; found {contamination!r}. Where anomalies are "
            "the majority, nothing makes them anomalies"
        )
    return round(contamination * n_records)


def even_counts(total: int, parts: int) -> list[int]:
    """Divide a count as evenly as whole numbers allow.

    Examples
    --------
    >>> even_counts(10, 4)
    [3, 3, 2, 2]
    """
    share, rest = divmod(total, parts)
    return [share + (i < rest) for i in range(parts)]


def no_kinds(n_records: int) -> Array:
    """Make the kinds of records that are all normal."""
    kinds = np.empty(n_records, dtype=object)
    kinds[:] = ""
    return kinds


def scattered_kinds(rng: RandomGenerator, n_records: int, contamination: float, names: Sequence[str]) -> Array:
    """Choose which records are anomalies, and share the kinds out among them evenly.

    Returns
    -------
    ndarray of str of shape (n_records,)
        The empty string for normal records.
    """
    kinds = no_kinds(n_records)
    count = anomaly_count(n_records, contamination)
    chosen = rng.choice(n_records, size=count, replace=False)
    kinds[chosen] = np.resize(np.array(names, dtype=object), count)
    return kinds


def choose(rng: RandomGenerator, weights: Any, size: int | None = None) -> Array:
    """Draw category numbers.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where randomness comes from.
    weights : array_like of shape (n_categories,) or (n_records, n_categories)
        How probable each category is, for all records or for each; not necessarily adding up to 1.
    size : int, optional
        Number of records, where `weights` is for all of them.

    Returns
    -------
    ndarray of int of shape (n_records,)
        Numbers of categories, from 0.
    """
    # Inverse transform sampling: the category whose stretch of [0, 1) a uniform draw falls into.
    cumulative = np.cumsum(np.asarray(weights, dtype=np.float64), axis=-1)
    cumulative /= cumulative[..., -1:]
    if cumulative.ndim == 1:
        return np.searchsorted(cumulative, rng.random(size), side="right")
    return np.asarray((rng.random(len(cumulative))[:, None] >= cumulative).sum(axis=1))


def as_text(names: Sequence[str], numbers: Array) -> Array:
    """Give categories their names, as an object array."""
    column: Array = np.array(names, dtype=object)[numbers]
    return column


def log_normal(rng: RandomGenerator, median: Any, spread: Any, size: int) -> Array:
    """Draw log-normally, given the median and the standard deviation of the logarithm."""
    draws: Array = np.asarray(median) * np.exp(np.asarray(spread) * rng.standard_normal(size))
    return draws


def remove_at_random(rng: RandomGenerator, columns: Mapping[str, Array], shares: Mapping[str, float]) -> None:
    """Lose a share of the values of some columns, in place, each independently of all else."""
    for name, share in shares.items():
        column = columns[name]
        column[rng.random(len(column)) < share] = np.nan if column.dtype.kind == "f" else None
