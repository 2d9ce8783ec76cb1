r"""Training records that depend on each other: rows in the order of time, and groups of records that belong together.

Scores of held-out records stand for those of fresh ones only where the held-out records are as new as fresh ones will
be. The rows of a logger that writes a slow process every minute are not: each has near copies before and after it,
while the records of the following days have none. A threshold by records held out at random is then far too low. In
simulations of slow processes 21 to 89 % of the following normal records were flagged where 5 % were asked for
(``python -m benchmarks.quality.false_alarms --experiments following``). So half of the rows is held out at a time, or
whole groups.

**How many independent records they are worth.** Near copies say the same again. With :math:`\rho(l)` the correlation of
rows that are l apart, averaged over the features, n rows determine a mean as exactly as

.. math:: N = \frac{n}{1 + 2 \sum_{l < L} \rho(l)}

independent ones, where L is the first lag of a correlation below 0.05. A threshold for a rate of false alarms is that
of N scores (`anomaly.calibration.conformal_threshold`): for fewer than 19 and a rate of 5 % beyond the largest held-out
score. Of 61 tables of slow processes, for 5 %, 2.8 % of the following normal rows were flagged, and more than 10 % on
four of them; by the number of rows it was 7.1 %, and thirteen.

**Whether rows follow each other in time** shows in the distances of their features. With :math:`D(l)` the median
distance of rows that are l apart, and D that of random pairs, rows are taken to do so if

.. math:: \min_{1 \le l \le 4} D(l) < 0.45\, D \quad\text{and}\quad
          \min_{1 \le l \le 4} D(l) < 0.8 \min_{L < l \le L + 4} D(l),

with L a fiftieth of the rows, from 3 to 50. The first condition says that neighbors are far more alike than random
rows; the second, that they become less so with every step, as in a slow process. Where rows are sorted by a class,
neighbors are alike, but as much as any rows of the class, and fresh records are of the same classes. In shuffled
tables D(l) is D but for a few percent. Features that never fall or never rise are left out, since a table may be
sorted by one.

References
----------
Geyer, "Practical Markov chain Monte Carlo", Statistical Science 7 (1992); Racine, "Consistent cross-validatory
model-selection for dependent data: hv-block cross-validation", Journal of Econometrics 99 (2000); Roberts et al.,
"Cross-validation strategies for data with temporal, spatial, hierarchical, or phylogenetic structure", Ecography 40
(2017).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from anomaly.detectors.cross_fitting import FOLDS, folds_of
from anomaly.errors import DataError
from anomaly.preprocessing.columns.parsing import missing_cells
from nnlite.types import Array

KINDS = ("none", "time", "groups")
"""Kinds of dependence, see `Dependence`."""

_MOST_PAIRS = 2000
_LAGS = 4
_FARTHEST = 50
# More blocks have more records at their edges, next to learned ones. By five, three and two blocks and a rate of 5 %,
# 6.8, 3.3 and 2.3 % of the following records of curved processes were flagged, 12.4, 10.6 and 3.3 % of linear ones.
_BLOCKS = 2
_ALIKE = 0.45
_GRADUAL = 0.8
_UNCORRELATED = 0.05
# Of fewer rows, the median distances vary too much.
_FEWEST_ROWS = 40
_FEWEST_GROUPS = 3


HELD_OUT = {
    "time": "the training records follow each other in time: scores of each half by a model of the other half set the "
    "threshold and the p-values",
    "groups": "the training records belong to groups: scores held out by whole groups set the threshold and the "
    "p-values",
}
"""What is said of a detector whose training records depend on each other."""


def text_of_order(n_records: int, effective: float | None) -> str:
    """Return the warning of training records that follow each other in time, worth so many independent ones."""
    worth = max(1, round(effective or 1))
    return (
        f"the {n_records:,} training records seem to follow each other in time: neighboring ones are far more alike "
        f"than others, so that they are worth about {worth:,} independent ones. The threshold and the p-values are by "
        "scores of each half of the records by a model fitted to the other half. No false_alarm_rate below "
        f"{1 / (worth + 1):.2g} can be promised for the records that follow: the threshold is then an estimate beyond "
        "the largest of these scores. If the order is not that of time, shuffle the records, or give each a group of "
        "its own (groups=); for events in a series use SequenceDetector"
    )


class Dependence(NamedTuple):
    """Which training records depend on each other, and so are held out together.

    Attributes
    ----------
    kind : {"none", "time", "groups"}
        "time": rows that follow each other; "groups": records of a group.
    n_records : int
        Number of records.
    groups : ndarray of int of shape (n_records,), optional
        Group of each record.
    effective : float, optional
        Number of independent records that rows in the order of time are worth; see the module.
    """

    kind: str
    n_records: int
    groups: Array | None = None
    effective: float | None = None

    @classmethod
    def of(cls, x: Array, groups: Any = None, blocks: Array | None = None) -> Dependence:
        """Return the dependence of training records.

        Parameters
        ----------
        x : ndarray of float32 of shape (n_records, n_features)
            Features; NaN in holes.
        groups : array_like of shape (n_records,), optional
            Group of each record, as any values. Without it, the features tell whether rows follow each other in time.
        blocks : ndarray of float32 of shape (n_blocks, n_rows, n_features), optional
            Features of blocks of consecutive rows, where the records are a random sample; see `follow_in_time`.

        Raises
        ------
        DataError
            If there is not one group for each record, or fewer than three groups.
        """
        if groups is not None:
            return cls("groups", len(x), _as_codes(groups, len(x)))
        rows, length = (x, None) if blocks is None else (blocks.reshape(-1, x.shape[1]), blocks.shape[1])
        if not follow_in_time(rows, length):
            return cls("none", len(x))
        return cls("time", len(x), effective=effective_sample_size(x))

    def folds(self) -> list[Array]:
        """Return the indices of the records to be held out together, in each of several turns.

        Independent records are drawn at random, as `anomaly.detectors.cross_fitting.folds_of` says. Rows in the order
        of time are cut into two halves. Groups are divided among five folds, the largest ones first, each to the
        smallest fold.
        """
        if self.kind == "time":
            return np.array_split(np.arange(self.n_records), _BLOCKS)
        return folds_of(self.n_records) if self.groups is None else _folds_of_groups(self.groups)


def follow_in_time(x: Array, block: int | None = None) -> bool:
    """Return whether rows seem to follow each other in time: see the module.

    Parameters
    ----------
    x : ndarray of float32 of shape (n_records, n_features)
        Features of the records in their order; NaN in holes.
    block : int, optional
        Number of records of each block, if the records are blocks of consecutive ones, with gaps between them: more
        than 53. By default there are no gaps.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(1000, 3))
    >>> follow_in_time(x), follow_in_time(np.cumsum(x, axis=0))
    (False, True)
    """
    n = len(x)
    if n < _FEWEST_ROWS:
        return False
    # By columns and for chosen rows, so that a table of any length takes little memory beside it.
    unsorted = np.array([not _is_sorted(column) for column in x.T], bool)
    far = int(np.clip(n // 50, _LAGS - 1, _FARTHEST)) if block is None else _FARTHEST
    # Rows with others that are so far behind them, in their block.
    first_rows = np.arange(n)[np.arange(n) % (block or n) < (block or n) - far - _LAGS]
    chosen = np.unique(np.linspace(0, len(first_rows) - 1, min(n, _MOST_PAIRS)).astype(np.int64))
    rows = first_rows[chosen]

    def values(which: Array) -> Array:
        return np.nan_to_num(x[which][:, unsorted].astype(np.float64))

    def distance(others: Array) -> float:
        return float(np.sqrt(np.median(np.square(values(rows) - values(others)).sum(axis=1))))

    # A generator of its own: whether rows depend on each other must not change the random numbers of the networks.
    random = distance(np.random.default_rng(0).integers(n, size=len(rows)))
    near, later = (min(distance(rows + first + lag) for lag in range(1, _LAGS + 1)) for first in (0, far))
    return near < _ALIKE * random and near < _GRADUAL * later


def effective_sample_size(x: Array) -> float:
    """Return how many independent records rows in the order of time are worth, at least 1: see the module.

    Parameters
    ----------
    x : ndarray of float32 of shape (n_records, n_features)
        Features of the records in their order; NaN in holes.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(1000, 3))
    >>> effective_sample_size(x) > 900, effective_sample_size(np.repeat(x, 10, axis=0)) < 1200
    (True, True)
    >>> effective_sample_size(np.cumsum(x, axis=0)) < 10
    True
    """
    n = len(x)
    covariance = np.zeros(n)
    # By columns, so that the transforms take little memory.
    for column in x.T:
        values = np.nan_to_num(column.astype(np.float64))
        values -= values.mean()
        spread = float(values.std())
        if spread == 0:
            continue
        transformed = np.fft.rfft(values / spread, 2 * n)
        covariance += np.fft.irfft(np.square(np.abs(transformed)), 2 * n)[:n] / np.arange(n, 0, -1)
    if not covariance[0] > 0:
        return 1.0
    correlation = covariance / covariance[0]
    low = np.flatnonzero(correlation < _UNCORRELATED)
    last = int(low[0]) if len(low) else n
    return float(max(1.0, n / max(1.0, 1.0 + 2.0 * correlation[1:last].sum())))


def _is_sorted(values: Array) -> bool:
    """Return whether values only grow, or only fall."""
    return bool((values[1:] >= values[:-1]).all() or (values[1:] <= values[:-1]).all())


def _as_codes(groups: Any, n_records: int) -> Array:
    """Return the number of the group of each record."""
    values = np.asarray(groups)
    if values.shape != (n_records,):
        raise DataError(f"groups must have one value per record ({n_records}); found shape {values.shape}")
    missing = missing_cells(values)
    if missing.any():
        raise DataError(
            f"groups must name the group of every record; record {int(missing.argmax())} has none "
            f"({int(missing.sum()):,} in all). Give those a group, or leave them out"
        )
    if values.dtype == object:
        values = values.astype(str)
    codes = np.unique(values, return_inverse=True)[1].reshape(-1)
    found = int(codes.max()) + 1
    if found < _FEWEST_GROUPS:
        raise DataError(
            f"groups needs at least {_FEWEST_GROUPS} groups, since some are held out and others learned; found {found}"
        )
    return codes


def _folds_of_groups(codes: Array) -> list[Array]:
    """Divide groups among folds of about the same size."""
    sizes = np.bincount(codes)
    n_folds = min(FOLDS, len(sizes))
    filled, fold_of_group = np.zeros(n_folds, np.int64), np.zeros(len(sizes), np.int64)
    for group in np.argsort(-sizes, kind="stable"):
        fold = int(filled.argmin())
        fold_of_group[group] = fold
        filled[fold] += sizes[group]
    return [np.flatnonzero(fold_of_group[codes] == fold) for fold in range(n_folds)]
