"""Points near a curved surface, and anomalies whose single coordinates are normal."""

from __future__ import annotations

import numpy as np

from anomaly.datasets.dataset import Dataset
from anomaly.datasets.sampling import as_count, scattered_kinds
from nnlite.types import Array, RandomGenerator

_NOISE = 0.05
_KIND = "off_surface"
_DESCRIPTION = """\
Normal records lie near a curved surface of {surface} dimension(s) in a space of {n_features}:
column j is sin(a_j . u + b_j) for a point u on the surface, plus noise.
Anomalies: off_surface (half of the columns come from another point u). Each of their columns is
distributed exactly as in normal records, so that no threshold on one column detects them; a network
that has learned the surface does."""


def make_correlated(
    n_records: int = 1000,
    n_features: int = 10,
    contamination: float = 0.05,
    random_state: int | None = 0,
) -> Dataset:
    r"""Generate points near a curved surface, and anomalies off the surface within the range of every column.

    For a normal record, with u drawn from the standard normal distribution in two dimensions (one
    if there are only two columns),

    .. math:: x_j = \sin(a_j \cdot u + b_j) + 0.05\,\epsilon_j

    For an anomaly, half of the columns, chosen at random, use another draw of u. The distribution of each single column
    is the same. An anomaly differs in the dependence between columns, and since the surface is curved, correlations of
    pairs of columns contain only a part of it.

    Parameters
    ----------
    n_records : int, default 1000
        Number of records.
    n_features : int, default 10
        Number of columns, at least 2. They are named ``x0``, ``x1``, ...
    contamination : float, default 0.05
        Fraction of anomalies, from 0 to 0.5.
    random_state : int, optional
        Seed of the records; None for different ones each time.

    Returns
    -------
    Dataset
        Columns of numbers, none missing.

    Raises
    ------
    TypeError, ValueError
        If an argument has an invalid type or value.

    Examples
    --------
    >>> data = make_correlated(n_records=500, n_features=4, contamination=0.1, random_state=0)
    >>> sorted(data.columns), int(data.labels.sum())
    (['x0', 'x1', 'x2', 'x3'], 50)
    """
    n_records = as_count(n_records, "n_records", 1)
    n_features = as_count(n_features, "n_features", 2)
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
    """Return a mask of a random half of the columns for each record."""
    ranks = rng.random((n_records, n_features)).argsort(axis=1).argsort(axis=1)
    return ranks < n_features // 2
