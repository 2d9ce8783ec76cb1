r"""Distance of a window to the nearest of those remembered from training.

For the values v of a window (see `anomaly.detectors.sequence.windows.views`), of K that are known,

.. math:: d = \sqrt{\frac{1}{|K|} \sum_{i \in K} (v_i - r_i)^2}, \qquad r = \text{the remembered window nearest to } v

A *single* neighbor is best for series: windows of a normal pattern lie on a curve, where the nearest one is very near,
while those beside it are as far from it as the next phase of the pattern. In training, windows that overlap the one to
be compared are left out, as each would find itself: so the distances of training are those of fresh windows.

The search is exact: that of `nnlite.neighbors` for many windows, and for a few, as they come in a live stream, by
products, :math:`|v - r|^2 = |v|^2 - 2 v \cdot r + |r|^2`, of values less their mean, with all that may be the nearest
but for rounding compared by differences. So a distance does not depend on what is compared beside it.

References
----------
Yeh et al., "Matrix profile I: all pairs similarity joins for time series", ICDM 2016, for one nearest neighbor and the
exclusion of overlaps; Paparrizos et al., "TSB-UAD", VLDB 2022, compares such methods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from anomaly.detectors.sequence.windows.sampling import chunks, rows_of, spaced
from anomaly.detectors.sequence.windows.views import VIEWS, StatisticsView, View, statistics
from nnlite.job import counted
from nnlite.neighbors import NearestNeighbors, squared_distances
from nnlite.types import Array

MOST_WINDOWS = 2500
"""The largest number of windows to remember; more found nothing more."""

# Rows of a block whose products stay near the processor, and so few that the start of a search would cost more.
_BLOCK = 64
_FEW = 16
# Values of remembered windows: of more than 560 sensors, fewer windows are remembered.
_MOST_CELLS = 1 << 23
_WIDTH_OF_STATISTICS = 16
_ROUNDING = 2.0**-24
# Values are within 1e6, and so is what their squares may be off by.
_TINY = 1e-30


class NearestWindows:
    """Distances to the nearest remembered window.

    Parameters
    ----------
    view : View
        What of a window is compared.
    window : int
        Length of the windows.

    Attributes
    ----------
    remembered_ : ndarray of float32 of shape (n_remembered, n_features, n_values)
        Values of the remembered windows.
    """

    kind: ClassVar[str] = "nearest"
    weight: ClassVar[float] = 1.0
    remembered_: Array

    def __init__(self, view: View, window: int) -> None:
        self.view, self.window = view, window

    @property
    def span(self) -> int:
        """Return the number of steps that have the value of a window."""
        return self.window

    @property
    def width(self) -> int:
        """Return the number of values of a window and feature that a comparison holds in memory."""
        return _WIDTH_OF_STATISTICS if isinstance(self.view, StatisticsView) else self.window

    def describe(self) -> str:
        """Return what is compared, in words."""
        return f"nearest window of {self.window} steps by {self.view.name}"

    def fit(self, segments: Sequence[Array], rng: np.random.Generator, usable: Array | None = None) -> list[Array]:
        """Remember windows of the segments; return the distances of all to others than themselves.

        Parameters
        ----------
        segments : sequence of ndarray of shape (n_windows, n_features, window)
            The windows of each segment, one step apart.
        rng : numpy.random.Generator
            Chooses the windows to remember.
        usable : ndarray of int, optional
            Indices of the windows to choose from, counted over all segments; by default all.

        Returns
        -------
        list of ndarray of shape (n_windows, n_features)
            As `distances` returns them, to remembered windows that do not overlap.
        """
        starts = places_of([len(windows) for windows in segments], self.window)
        places = np.concatenate([start + np.arange(len(w)) for start, w in zip(starts, segments, strict=True)])
        candidates = np.arange(len(places)) if usable is None else usable
        n_cells = segments[0].shape[1] * min(self.width, self.window)
        chosen = candidates[spaced(len(candidates), min(MOST_WINDOWS, max(_MOST_CELLS // n_cells, 1)), rng)]
        self._remember(self._learned(segments, chosen))
        self._places = places[chosen]
        distances, nearest = [], []
        for start, w in counted(list(zip(starts, segments, strict=True))):
            of_segment = []
            for part in counted(list(chunks(len(w), w.shape[1], self.width))):
                values = self.view.values(w[part], None)
                nearest.append(self._nearest_other(values, start + np.arange(part.start, part.stop)))
                of_segment.append(self._distances(values, nearest[-1], True))
            distances.append(np.concatenate(of_segment))
        self._nearest_in_training = np.concatenate(nearest)
        return distances

    def distances(self, windows: Array, missing: Array | None) -> Array:
        """Return the parts of the sensors in the distance of each window; they add up to it.

        Parameters
        ----------
        windows, missing
            As for `View.values`.

        Returns
        -------
        ndarray of float64 of shape (n_windows, n_features)
            Not negative; NaN where nothing of a window is known.
        """
        values = self.view.values(windows, missing)
        return self._distances(values, self._nearest(values, missing is None), missing is None)

    def compare(self, windows: Array, missing: Array | None) -> tuple[Array, Array]:
        """Return what `distances` and `step_parts` do, with one search; of the raw view alone."""
        values = self.view.values(windows, missing)
        found = self._nearest(values, missing is None)
        return self._distances(values, found, missing is None), self._squares(windows, missing, found)

    def expected(self, windows: Array, missing: Array | None) -> Array:
        """Return the nearest remembered windows, of shape (n_windows, n_features, window); of the raw view alone."""
        return self.remembered_[self._nearest(self.view.values(windows, missing), missing is None)]

    def step_parts(self, windows: Array, missing: Array | None, training: Array | None = None) -> Array:
        """Return the squared differences of each step to the nearest window, of the raw view alone.

        Parameters
        ----------
        windows, missing
            As for `View.values`.
        training : ndarray of int of shape (n_windows,), optional
            The numbers of windows of training, counted over all segments of `fit`, to compare them with others.

        Returns
        -------
        ndarray of float64 of shape (n_windows, window)
            Sums over the features; missing samples have 0.
        """
        if training is not None:
            return self._squares(windows, missing, self._nearest_in_training[training])
        return self._squares(windows, missing, self._nearest(self.view.values(windows, missing), missing is None))

    def _learned(self, segments: Sequence[Array], chosen: Array) -> Array:
        """Fit the view to some windows; return their values."""
        if isinstance(self.view, StatisticsView):
            # Those of all windows of a piece are less work than those of some, and take less memory.
            found, first = [], 0
            for w in segments:
                for part in chunks(len(w), w.shape[1], self.width):
                    low, high = np.searchsorted(chosen, [first + part.start, first + part.stop])
                    found.append(statistics(w[part])[chosen[low:high] - first - part.start])
                first += len(w)
            of_chosen = np.concatenate(found)
            self.view.learn(of_chosen)
            return self.view.scaled(of_chosen)
        windows = rows_of(segments, chosen)
        self.view.fit(windows)
        return self.view.values(windows, None)

    def _squares(self, windows: Array, missing: Array | None, nearest: Array) -> Array:
        differences = np.square(windows - self.remembered_[nearest], dtype=np.float64)
        return (differences if missing is None else np.where(missing, 0.0, differences)).sum(axis=1)

    def _remember(self, values: Array) -> None:
        self.remembered_ = np.ascontiguousarray(values, np.float32)
        self._flat = self.remembered_.reshape(len(values), -1)
        self._search = NearestNeighbors(self._flat)
        # Products of large numbers cancel: the levels of sensors in their own units may be far from 0.
        self._center = self._flat.mean(axis=0, dtype=np.float64).astype(np.float32)
        centered = self._flat - self._center
        self._products = np.ascontiguousarray(-2 * centered.T)
        self._lengths = np.square(centered).sum(axis=1)
        self.__dict__.pop("_squares_of_values", None)

    def _distances(self, values: Array, nearest: Array, complete: bool) -> Array:
        """Return the distances to the nearest windows; `complete` says that all values are known."""
        differences = np.square(values - self.remembered_[nearest], dtype=np.float32)
        if complete:
            by_feature = differences.sum(axis=-1, dtype=np.float64)
            n_values = values.shape[1] * values.shape[2]
            if values.shape[1] == 1:
                return np.asarray(np.sqrt(by_feature / n_values))
            return parts_of_distance(by_feature, np.full(len(values), n_values))
        known = np.isfinite(differences)
        by_feature = np.where(known, differences, 0).sum(axis=-1, dtype=np.float64)
        return parts_of_distance(by_feature, known.sum(axis=(1, 2)))

    def _nearest(self, values: Array, complete: bool) -> Array:
        """Return the index of the nearest remembered window; `complete` says that all values are known."""
        flat = values.reshape(len(values), -1)
        if complete and len(flat) > _FEW:
            return self._search.query(flat, 1)[1][:, 0]
        if complete:
            return np.array([self._nearest_one(row) for row in flat], np.int64)
        return self._nearest_of_known(flat - self._center)

    def _nearest_one(self, x: Array) -> int:
        """Return the index of the nearest to one row of complete values, as `NearestNeighbors` finds it."""
        centered = x - self._center
        squares = centered @ self._products
        squares += self._lengths
        nearest = int(squares.argmin())
        difference = x - self._flat[nearest]
        own, distance = float(centered.dot(centered)), float(difference.dot(difference))
        # See `nnlite.neighbors`: others may be as near as this one, but for the rounding of products and of the limit.
        size = 2 * own**0.5 + distance**0.5
        limit = distance - own + 4 * _ROUNDING * (len(x) + 16) * size * size + _TINY
        # A limit of Python's kind is compared in float32; one of NumPy's would make all of them float64.
        near = (squares <= limit).nonzero()[0]
        if len(near) > 1:
            return int(near[np.sqrt(squared_distances(x, self._flat[near])).argmin()])
        return nearest

    def _nearest_other(self, values: Array, places: Array) -> Array:
        """Return the index of the nearest remembered window that does not overlap one of training."""
        first = np.searchsorted(self._places, places - self.window, side="right")
        end = np.searchsorted(self._places, places + self.window, side="left")
        # Where all overlap, they are compared all the same.
        end = np.where(end - first == len(self._places), first, end)
        centered = values.reshape(len(values), -1) - self._center
        found = np.empty(len(values), np.int64)
        products = np.empty((_BLOCK, len(self._flat)), np.float32)
        for start in range(0, len(values), _BLOCK):
            block = centered[start : start + _BLOCK]
            squares = np.matmul(block, self._products, out=products[: len(block)])
            squares += self._lengths
            for row, (a, b) in enumerate(zip(first[start:], end[start : start + _BLOCK], strict=False)):
                squares[row, a:b] = np.inf
            found[start : start + _BLOCK] = squares.argmin(axis=1)
        return found

    @cached_property
    def _squares_of_values(self) -> Array:
        """The squares of the centered values, for distances by some of them."""
        return np.asarray(np.square(self._products / 2))

    def _nearest_of_known(self, centered: Array) -> Array:
        """Return the index of the nearest by the values that are known, the others being NaN."""
        found = np.empty(len(centered), np.int64)
        for start in range(0, len(centered), _BLOCK):
            block = centered[start : start + _BLOCK]
            known = np.isfinite(block)
            squares = np.where(known, block, 0) @ self._products
            squares += known.astype(np.float32) @ self._squares_of_values
            found[start : start + _BLOCK] = squares.argmin(axis=1)
        return found

    # -- files ---------------------------------------------------------------------------------

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the fitted state as JSON values and arrays."""
        config = {"view": self.view.name, "window": self.window}
        if isinstance(self.view, StatisticsView):
            config["float64"] = self.view.in_float64
        return config, {"remembered": self.remembered_, **self.view.get_state()}

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, Array], n_features: int) -> NearestWindows:
        """Restore from the return value of `get_state`; raise ValueError if it is not valid."""
        member = cls(VIEWS[config["view"]](), config["window"])
        member.view.set_state(arrays, n_features)
        if isinstance(member.view, StatisticsView):
            member.view.in_float64 = bool(config.get("float64", False))
        values = arrays["remembered"]
        is_windows = values.dtype == np.float32 and values.ndim == 3 and values.shape[1] == n_features
        if not (is_windows and len(values) and np.isfinite(values).all()):
            raise ValueError(f"expected finite windows of {n_features} features to compare with")
        member._remember(values)
        n_values = member.view.values(np.zeros((1, n_features, member.window), np.float32), None).shape[2]
        if values.shape[2] != n_values:
            raise ValueError(f"expected windows of {n_values} values each")
        return member


def places_of(counts: Sequence[int], window: int) -> Array:
    """Return the place of the first window of each segment: windows of different ones lie apart, and do not overlap.

    Examples
    --------
    >>> places_of([10, 5], window=3).tolist()
    [0, 13]
    """
    return np.cumsum([0, *(count + window for count in counts[:-1])])


def parts_of_distance(by_feature: Array, counts: Array) -> Array:
    """Return the parts of the features in root mean squares.

    Parameters
    ----------
    by_feature : ndarray of shape (n_windows, n_features)
        Sums of squares.
    counts : ndarray of shape (n_windows,)
        Numbers of squares.

    Returns
    -------
    ndarray of shape (n_windows, n_features)
        Their sums over the features are the roots of the mean squares; NaN without any square.

    Examples
    --------
    >>> import numpy as np
    >>> parts_of_distance(np.array([[27.0, 9.0]]), np.array([4])).tolist()
    [[2.25, 0.75]]
    """
    total = by_feature.sum(axis=1)
    # The distance is the root of total / count: each feature has its fraction of the total.
    scale = np.divide(1.0, np.sqrt(total * counts), out=np.zeros(len(total)), where=total * counts > 0)
    scale[counts == 0] = np.nan
    return by_feature * scale[:, np.newaxis]
