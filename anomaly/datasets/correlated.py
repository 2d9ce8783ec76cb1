"""Points near a curved surface, and points beside it whose coordinates are each quite usual."""

from __future__ import annotations

import numpy as np

from anomaly.datasets.dataset import Dataset
from anomaly.datasets.sampling import checked_count, scattered_kinds
from nnlite.types import Array, RandomGenerator

_NOISE = 0.05
_KIND = "off_surface"
_DESCRIPTION = """\
Normal records lie near a curved surface of {surface} dimension(s) in a space of {n_features}:
column j is sin(a_j . u + b_j) for a point u on the surface, plus noise.
Anomalies: off_surface (half of the columns come from another point u). Each of their columns is
distributed exactly as in normal records, so that no limit on one column finds them; a network that
has learned the surface does."""


def make_correlated(
    n_records: int = 1000,
    n_features: int = 10,
    contamination: float = 0.05,
    random_state: int | None = 0,
) -> Dataset:
    r"""Make points near a curved surface, some moved off it within the range of every column.

    For a normal record, with u drawn from the standard normal distribution in two dimensions (one
    if there are only two columns),

    .. math:: x_j = \sin(a_j \cdot u + b_j) + 0.05\,\epsilon_j

    For an anomaly, half of the columns, chosen at random, use another draw of u. Each column by
    itself then says nothing: its distribution is the same. What gives the anomaly away is that the
    columns don't fit together, and as the surface is curved, correlations between pairs of columns
    tell only a part of it.

    Parameters
    ----------
    n_records : int, default 1000
        Number of records.
    n_features : int, default 10
        Number of columns, at least 2. They are named ``x0``, ``x1``, ...
    contamination : float, default 0.05
        Share of anomalies, from 0 to 0.5.
    random_state : int, optional
        Seed of the records; None for different ones each time.

    Returns
    -------
    Dataset
        Columns of numbers, none missing.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of its kind or out of its range.

    Examples
    --------
    >>> data = make_correlated(n_records=500, n_features=4, contamination=0.1, random_state=0)
    >>> sorted(data.columns), int(data.labels.sum())
    (['x0', 'x1', 'x2', 'x3'], 50)
    """
    n_records = checked_count(n_records, "n_records", 1)
    n_features = checked_count(n_features, "n_features", 2)
    rng = np.random.default_rng(random_state)
    kinds = scattered_kinds(rng, n_records, contamination, [_KIND])
    surface = min(2, n_features - 1)
    directions = rng.normal(size=(surface, n_features))
    phases = rng.uniform(-np.pi, np.pi, size=n_features)
    x = np.sin(rng.normal(size=(n_records, surface)) @ directions + phases)
    elsewhere = np.sin(rng.normal(size=(n_records, surface)) @ directions + phases)
    moved = _half_of_the_columns(rng, n_records, n_features) & (kinds != "")[:, None]
    x = np.where(moved, elsewhere, x) + _NOISE * rng.normal(size=x.shape)
    return Dataset(
        columns={f"x{j}": np.ascontiguousarray(x[:, j]) for j in range(n_features)},
        labels=(kinds != "").astype(np.int64),
        kinds=kinds,
        name="correlated",
        description=_DESCRIPTION.format(surface=surface, n_features=n_features),
    )


def _half_of_the_columns(rng: RandomGenerator, n_records: int, n_features: int) -> Array:
    """Choose half of the columns for each record, afresh."""
    ranks = rng.random((n_records, n_features)).argsort(axis=1).argsort(axis=1)
    return ranks < n_features // 2
