r"""Distance of a window to the nearest of those remembered from training.

For the values v of a window (see `anomaly.detectors.sequence.windows.views`), of K that are known,

.. math:: d = \sqrt{\frac{1}{|K|} \sum_{i \in K} (v_i - r_i)^2}, \qquad r = \text{the remembered window nearest to } v

A *single* neighbor is best for series: windows of a normal pattern lie on a curve, where the nearest one is very near,
while those beside it are as far from it as the next phase of the pattern. In training, windows that overlap the one to
be compared are left out, as each would find itself: so the distances of training are those of fresh windows.

The search is by matrix products, :math:`|v - r|^2 = |v|^2 - 2 v \cdot r + |r|^2`, of values less their mean, and the
distance to the one that is found by differences, which do not cancel.

References
----------
Yeh et al., "Matrix profile I: all pairs similarity joins for time series", ICDM 2016, for one nearest neighbor and the
exclusion of overlaps; Paparrizos et al., "TSB-UAD", VLDB 2022, compares such methods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from anomaly.detectors.sequence.windows.sampling import chunks, rows_of, spaced
from anomaly.detectors.sequence.windows.views import VIEWS, View
from nnlite.types import Array

MOST_WINDOWS = 2500
"""The largest number of windows to remember; more found nothing more."""

_BLOCK = 256


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
    remembered_: Array

    def __init__(self, view: View, window: int) -> None:
        self.view, self.window = view, window

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
        chosen = candidates[spaced(len(candidates), MOST_WINDOWS, rng)]
        windows = rows_of(segments, chosen)
        self.view.fit(windows)
        self._remember(self.view.values(windows, None))
        self._places = places[chosen]
        return [
            np.concatenate(
                [
                    self._distances(self.view.values(w[part], None), start + np.arange(part.start, part.stop))
                    for part in chunks(*w.shape)
                ]
            )
            for start, w in zip(starts, segments, strict=True)
        ]

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
        return self._distances(self.view.values(windows, missing))

    def expected(self, windows: Array, missing: Array | None) -> Array:
        """Return the nearest remembered windows, of shape (n_windows, n_features, window); of the raw view alone."""
        return self.remembered_[self._nearest(self.view.values(windows, missing))]

    def step_parts(self, windows: Array, missing: Array | None, places: Array | None = None) -> Array:
        """Return the squared differences of each step to the nearest window, of the raw view alone.

        Parameters
        ----------
        windows, missing
            As for `View.values`.
        places : ndarray of int of shape (n_windows,), optional
            While fitting, the places of windows of training (see `places_of`), to compare them with others.

        Returns
        -------
        ndarray of float64 of shape (n_windows, window)
            Sums over the features; missing samples have 0.
        """
        nearest = self.remembered_[self._nearest(self.view.values(windows, missing), places)]
        differences = np.square(windows - nearest, dtype=np.float64)
        return (differences if missing is None else np.where(missing, 0.0, differences)).sum(axis=1)

    def _remember(self, values: Array) -> None:
        self.remembered_ = np.ascontiguousarray(values, np.float32)
        flat = self.remembered_.reshape(len(values), -1)
        # Products of large numbers cancel: the levels of sensors in their own units may be far from 0.
        self._center = flat.mean(axis=0, dtype=np.float64).astype(np.float32)
        self._flat = flat - self._center
        self._squares = np.square(self._flat).sum(axis=1)

    def _distances(self, values: Array, places: Array | None = None) -> Array:
        found = self._nearest(values, places)
        differences = np.square(values - self.remembered_[found], dtype=np.float32)
        known = np.isfinite(differences)
        by_feature = np.where(known, differences, 0).sum(axis=-1, dtype=np.float64)
        counts = known.sum(axis=(1, 2))
        return parts_of_distance(by_feature, counts)

    def _nearest(self, values: Array, places: Array | None = None) -> Array:
        """Return the index of the nearest remembered window; with places, of those that do not overlap."""
        flat = values.reshape(len(values), -1) - self._center
        found = np.empty(len(flat), np.int64)
        for start in range(0, len(flat), _BLOCK):
            block = flat[start : start + _BLOCK]
            squares = self._compare(block)
            if places is not None:
                self._exclude(squares, places[start : start + _BLOCK])
            found[start : start + _BLOCK] = squares.argmin(axis=1)
        return found

    def _compare(self, block: Array) -> Array:
        """Return squared distances to all remembered windows, less a number for each row."""
        known = np.isfinite(block)
        if known.all():
            return np.asarray(self._squares - 2 * (block @ self._flat.T))
        filled = np.where(known, block, 0)
        return np.asarray(known.astype(np.float32) @ np.square(self._flat).T - 2 * (filled @ self._flat.T))

    def _exclude(self, squares: Array, places: Array) -> None:
        """Exclude the remembered windows that overlap each window, unless all do."""
        first = np.searchsorted(self._places, places - self.window, side="right")
        end = np.searchsorted(self._places, places + self.window, side="left")
        for row, (a, b) in enumerate(zip(first, end, strict=True)):
            if b - a < len(self._places):
                squares[row, a:b] = np.inf

    # -- files ---------------------------------------------------------------------------------

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the fitted state as JSON values and arrays."""
        return {"view": self.view.name, "window": self.window}, {
            "remembered": self.remembered_,
            **self.view.get_state(),
        }

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, Array], n_features: int) -> NearestWindows:
        """Restore from the return value of `get_state`; raise ValueError if it is not valid."""
        member = cls(VIEWS[config["view"]](), config["window"])
        member.view.set_state(arrays, n_features)
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
