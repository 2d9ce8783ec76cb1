"""Remembered records as a member of an ensemble: distances to the k nearest neighbors, and their local contrast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from anomaly.detectors.table.members import Completed, Member, read_at_least_0, read_matrix, read_positive
from nnlite import neighbors
from nnlite.job import counted
from nnlite.types import Array

_BLOCK_CELLS = 2_000_000
_BLOCK_ROWS = 1024
# So many queries at a time are enough for several threads.
_QUERIES = 16_384
_GAIN = 10.0
_BEND = 2.0
_TAIL, _IN_TAIL, _LEAST_IN_TAIL = 4.0, 0.001, 2


class NearestNeighbors:
    r"""Training records, and the distances of records to the nearest of them.

    With :math:`d_i(x) = \lVert x - n_i(x) \rVert` the distance to the i-th nearest remembered record and
    :math:`\ell_i` the mean distance of that record to its own K = 4k nearest,

    .. math:: s(x) = \frac1c \left( \frac{1}{k} \sum_{i=1}^{k} \frac{d_i(x)}{u}
              + b\, \frac{\sum_{i=1}^{K} d_i(x)}{\sum_{i=1}^{K} \ell_i} \right)

    The first term is the mean distance to the k nearest neighbors, in units of its median u in training. The second is
    the local contrast, as in LOF: distances relative to those of the neighbors, so that a record just outside of a
    dense group is anomalous though it is far from nothing.

    A remembered record is not its own neighbor: one record at distance 0 is left out, so that training records score
    as fresh ones do. Feature j contributes :math:`(x_j - n_{ij})^2 / d_i` to a distance.

    Distances are dominated by features in which records lie far out. With ``magnify=True`` distances are those of
    :math:`h(x_j)` and :math:`h(n_{ij})`,

    .. math:: h(v) = \operatorname{sign}(v)\, \frac{\sqrt{1 + 2 g \lvert v \rvert} - 1}{g}, \qquad g = 10,

    which keeps differences near 0 and compresses large values to their square roots.

    Without it, features with a tail, such as times between events, have far values that are no anomalies. They would
    hide other deviations. So distances are those of

    .. math:: g(v) = \operatorname{sign}(v)\, t\, \bigl(4\, (\lvert v \rvert / t)^{1/4} - 3\bigr)
              \quad\text{for}\quad \lvert v \rvert > t = 2

    in these features, and of v itself below t, and in all others.

    Parameters
    ----------
    records : ndarray of float32 of shape (n, d)
        Features of the remembered records, at least two.
    k : int
        Number of neighbors; of fewer than k + 1 records all others are neighbors.
    contrast : float
        b.
    local_distances : ndarray of float64 of shape (n,), optional
        The distances :math:`\ell` of the records; computed by default.
    unit, scale : float, default 1.0
        u and c. Where local distances are computed, so is u.
    spread : float, default 1.0
        Spread of the training scores (see `anomaly.detectors.blend.spread_of`).
    magnify : bool, default False
        Whether distances are those of h.
    left_out : ndarray of bool of shape (d,), optional
        Features that do not count in distances, such as marks of missing cells; by default all count.
    tails : ndarray of bool of shape (d,), optional
        Features of which far values are compressed by g (see `tails_of`); by default none. Without effect on h.

    References
    ----------
    Angiulli & Pizzuti, "Fast outlier detection in high dimensional spaces", PKDD 2002; Breunig, Kriegel, Ng & Sander,
    "LOF: identifying density-based local outliers", SIGMOD 2000.
    """

    # As files have it.
    kind: ClassVar[str] = "neighbours"
    # How many remembered records a scored record may be itself.
    n_own: ClassVar[int] = 1

    def __init__(
        self,
        records: Array,
        k: int,
        contrast: float,
        local_distances: Array | None = None,
        unit: float = 1.0,
        scale: float = 1.0,
        spread: float = 1.0,
        magnify: bool = False,
        left_out: Array | None = None,
        tails: Array | None = None,
    ) -> None:
        self.records = records
        self.k = min(k, len(records) - 1)
        self.n_local = min(4 * k, len(records) - 1) if contrast else self.k
        self.contrast = contrast
        self.unit = unit
        self.scale = scale
        self.spread = spread
        self.magnify = magnify
        self.left_out = left_out
        self.tails = tails
        self._search: neighbors.NearestNeighbors | None = None
        self._own_neighbors: tuple[Array, Array] | None = None
        if local_distances is None:
            distances, near = self._nearest(records, n_equal=1)
            self._own_neighbors = distances, near
            local_distances = distances.mean(axis=1)
            # Among copies of one record the local distance is 0; a hundredth of the median elsewhere stands in.
            local_distances = np.maximum(local_distances, 0.01 * typical(local_distances))
            self.unit = typical(distances[:, : self.k].mean(axis=1))
        self.local_distances = local_distances

    @property
    def width(self) -> int:
        """Number of features."""
        return int(self.records.shape[1])

    @property
    def compared_records(self) -> Array:
        """The remembered records as distances are computed from them."""
        return self._compared(self.records)

    def calibrate(self, chunks: Sequence[Completed]) -> tuple[NearestNeighbors, Array]:
        """Return the member without the neighbors found by the constructor, and scores of training records."""
        if self._own_neighbors is not None and np.array_equal(np.concatenate([x for x, _ in chunks]), self.records):
            # The search takes most of the time, and the constructor did it for the remembered records.
            raw = self._raw(*self._own_neighbors)
        else:
            raw = np.concatenate([self.scores(x) for x, _ in counted(chunks)]) * self.scale
        return self.with_scale(1.0, 1.0), raw

    def with_scale(self, scale: float, spread: float) -> NearestNeighbors:
        """Return the member with another scale and spread."""
        return self._replaced(self.unit, scale, spread)

    def with_scale_of(self, other: Member) -> NearestNeighbors:
        """Return the member with unit, scale and spread of another one."""
        unit = other.unit if isinstance(other, NearestNeighbors) else self.unit
        return self._replaced(unit, other.scale, other.spread)

    def with_records(self, records: Array, left_out: Array | None) -> NearestNeighbors:
        """Return the member with other features of its records, in the same unit unless there are more or fewer."""
        tails = self.tails if records.shape[1] == self.width or self.tails is None else tails_of(records)
        other = NearestNeighbors(records, self.k, self.contrast, magnify=self.magnify, left_out=left_out, tails=tails)
        return other.with_scale_of(self) if other.width == self.width else other.with_scale(self.scale, self.spread)

    def _replaced(self, unit: float, scale: float, spread: float) -> NearestNeighbors:
        member = type(self)(
            self.records,
            self.k,
            self.contrast,
            self.local_distances,
            unit,
            scale,
            spread,
            self.magnify,
            self.left_out,
            self.tails,
        )
        member._search = self._search
        return member

    def scores(self, x: Array, known: Array | None = None) -> Array:  # noqa: ARG002
        """Return the score of each record, as float64 of shape (n_records,); filled holes count as all features do."""
        return self._scores(x, self.n_own)

    def leave_one_out_scores(self, x: Array) -> Array:
        """Return the scores of remembered records as those of fresh records, as float64.

        A fresh record that is equal to a remembered one is not compared with that. So a remembered record is compared
        neither with itself nor with one equal record, if there is any.
        """
        return self._scores(x, self.n_own + 1)

    def _scores(self, x: Array, n_equal: int) -> Array:
        if len(x) <= _QUERIES:
            return self._raw(*self._nearest(x, n_equal)) / self.scale
        scores = np.empty(len(x))
        for start in range(0, len(x), _QUERIES):
            rows = slice(start, start + _QUERIES)
            scores[rows] = self._raw(*self._nearest(x[rows], n_equal))
        return scores / self.scale

    def contributions(self, x: Array, known: Array | None = None) -> Array:  # noqa: ARG002
        """Return each feature's contribution to each record's score, as float64 of shape (n_records, width)."""
        contributions = np.empty(x.shape)
        step = max(1, _BLOCK_CELLS // (self.n_local * self.width))
        for start in range(0, len(x), step):
            rows = slice(start, start + step)
            distances, near = self._nearest(x[rows], self.n_own)
            factors = np.divide(self._factors(near), distances, out=np.zeros_like(distances), where=distances > 0)
            apart = self._compared(x[rows])[:, np.newaxis] - self._compared(self.records[near.ravel()]).reshape(
                *near.shape, -1
            )
            contributions[rows] = np.einsum("ik,ikj->ij", factors, np.square(apart, dtype=np.float64))
        return contributions / self.scale

    def _raw(self, distances: Array, near: Array) -> Array:
        """Return scores before the division by the scale."""
        return np.asarray(np.add.reduce(distances * self._factors(near), axis=1))

    def _factors(self, near: Array) -> Array:
        """Return the weight of each neighbor's distance."""
        contrasts = self.contrast / np.add.reduce(self.local_distances.take(near), axis=1, keepdims=True)
        return np.asarray(contrasts + self._shares)

    @cached_property
    def _shares(self) -> Array:
        """The weight of each neighbor's distance in the mean over the k nearest."""
        shares = np.zeros(self.n_local)
        shares[: self.k] = 1 / (self.k * self.unit)
        return shares

    def _compared(self, x: Array) -> Array:
        """Return the features whose differences are distances."""
        if self.left_out is not None:
            x = np.where(self.left_out, np.float32(0), x)
        if self.magnify:
            return _magnified(x)
        return x if self.tails is None else _with_short_tails(x, np.flatnonzero(self.tails))

    def _nearest(self, x: Array, n_equal: int) -> tuple[Array, Array]:
        """Return the distances to the nearest remembered records, and their indices.

        Of the records that are equal to a row of `x`, the first `n_equal` are left out: 0 to 2.
        """
        if self._search is None:
            self._search = neighbors.NearestNeighbors(self._compared(self.records))
        count = min(self.n_local + n_equal, len(self.records))
        distances, near = self._search.query(self._compared(x), count)
        if n_equal and np.logical_and.reduce(distances[:, 0]):
            return distances[:, : self.n_local], near[:, : self.n_local]
        # The nearest record of a remembered record is itself.
        first = (distances[:, :n_equal] == 0).sum(axis=1, keepdims=True)
        columns = np.minimum(first, count - self.n_local) + np.arange(self.n_local)
        return np.take_along_axis(distances, columns, axis=1), np.take_along_axis(near, columns, axis=1)

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the fitted state, as JSON values and arrays."""
        names = ("kind", "k", "contrast", "unit", "scale", "spread", "magnify")
        # Files keep the local distances by the name of the first format.
        arrays = {"records": self.records, "usual": self.local_distances}
        if self.left_out is not None:
            arrays["left_out"] = self.left_out
        if self.tails is not None:
            arrays["tails"] = self.tails
        return {name: getattr(self, name) for name in names}, arrays

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> NearestNeighbors:  # noqa: ARG003
        """Return the member of a state, validating every field."""
        records, local, k = read_matrix(arrays, "records"), arrays["usual"], config["k"]
        if not isinstance(k, int) or isinstance(k, bool) or not 1 <= k < len(records):
            raise ValueError(f"it has {k!r} neighbors of {len(records)} records")
        if local.shape != (len(records),) or local.dtype != np.float64 or not ((local > 0) & (local < np.inf)).all():
            raise ValueError(f"it has {len(records)} records and local distances of shape {local.shape}")
        contrast = read_at_least_0(config, "contrast")
        magnify = config.get("magnify", False)
        if not isinstance(magnify, bool):
            raise ValueError(f"its magnify is {magnify!r}")
        for name, features in (("left_out", "left out of distances"), ("tails", "with tails")):
            mask = arrays.get(name)
            if mask is not None and (mask.shape != records.shape[1:] or mask.dtype != np.bool_):
                raise ValueError(f"the features {features} have shape {mask.shape}, {mask.dtype}")
        masks = arrays.get("left_out"), arrays.get("tails")
        units = read_positive(config, "unit"), read_positive(config, "scale")
        # Files from before scores were blended by their spreads hold none: those scores were averaged.
        spread = read_at_least_0(config, "spread", default=1.0)
        return cls(records, k, contrast, local, *units, spread, magnify, *masks)


def typical(values: Array) -> float:
    """Return the median of numbers of at least 0; their mean if that is 0, and 1 if all are 0."""
    return float(np.median(values)) or float(values.mean()) or 1.0


def tails_of(records: Array) -> Array | None:
    """Return which features have a tail: at least 0.1 % of the values, and two, are more than 4 from 0.

    Of normal values 0.006 % are. On 14 tables of numbers, ten mixed ones and the package's three, that lost less where
    far values are anomalies than compressing all features, and gained as much where they are not.

    Parameters
    ----------
    records : ndarray of float32 of shape (n, d)
        Scaled features of records, with holes filled.

    Returns
    -------
    ndarray of bool of shape (d,), or None
        None if there are none.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> tails_of(np.stack([rng.normal(size=500), 1.4 * rng.exponential(size=500) - 1], axis=1)).tolist()
    [False, True]
    """
    far = (np.abs(records) > _TAIL).sum(axis=0)
    found: Array = far >= max(_LEAST_IN_TAIL, _IN_TAIL * len(records))
    return found if found.any() else None


def _with_short_tails(x: Array, columns: Array) -> Array:
    """Return x with g of some columns, by operations that round alike everywhere."""
    y, values = x.copy(), x[:, columns].astype(np.float64)
    sizes = np.abs(values)
    bent = np.sign(values) * _BEND * (4 * np.sqrt(np.sqrt(np.maximum(sizes, _BEND) / _BEND)) - 3)
    y[:, columns] = np.where(sizes > _BEND, bent, values)
    return y


def _magnified(x: Array) -> Array:
    """Return h(x), by a formula without differences of near numbers and by operations that round alike everywhere.

    A remembered record has to be equal to itself. In float64, since the square may be too large for float32, and
    block by block, since a copy of all remembered records would take several times their memory.
    """
    y = np.empty(x.shape, np.float32)
    for start in range(0, len(x), _BLOCK_ROWS):
        wide = x[start : start + _BLOCK_ROWS].astype(np.float64)
        y[start : start + _BLOCK_ROWS] = 2 * wide / (1 + np.sqrt(1 + 2 * _GAIN * np.abs(wide)))
    return y
