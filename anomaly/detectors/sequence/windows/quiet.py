r"""How far a window is quieter than any of training: a sensor that stands still is near to normal windows otherwise.

With the lowest value :math:`l_k` of each measure in training (see `anomaly.detectors.sequence.windows.measures`), and
its spread :math:`\sigma_k`, the difference between the median and the lowest sixth,

.. math:: d = \Bigl(1 + \sqrt{\tfrac1K \textstyle\sum_k z_k^2}\Bigr)^2, \qquad z_k = \max(l_k - y_k, 0) / \sigma_k .

It is 1 for whatever is not quieter than in training. So this member takes no part in the order of such steps, and a
fault that only it sees is above all of them: hence the square, as all other members are against it. The root is at most
20, so that little weight remains little.

**Weight.** Few steps do not tell how quiet a sensor can be: where there are n < 2,000 windows, the weight in the blend
is smaller by :math:`(n / 2000)^2`.

**Honest distances in training** are by the lowest values without a fifth of the series in turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from anomaly.detectors.sequence.windows.measures import MEASURES, Measure
from anomaly.detectors.sequence.windows.sampling import chunks, spaced
from nnlite.job import counted
from nnlite.types import Array

_WIDTH = 16
_FOLDS = 5
_MOST_WINDOWS = 2500
_ENOUGH = 2000
_LOW = 0.1587
_LEAST_SCALE = 0.05
# Beyond, a window is as quiet as can be: where training hardly varies, distances have no limit otherwise.
_FARTHEST = 20.0
# Nothing is below that.
_NEVER = -1e9


class QuietWindows:
    """Distances of windows below the quietest ones of training.

    Parameters
    ----------
    measure : Measure
        What is low where a sensor is quiet.
    window : int
        Length of the windows.
    span : int
        Number of last steps of a window that are measured, and have its value.
    share : float, default 1.0
        Weight in the blend with 2,000 windows or more, above 0 and at most 1.

    Attributes
    ----------
    lowest_, scales_ : ndarray of float64 of shape (n_features, n_values)
        Lowest measures of training, and their spreads.
    weight : float
        Weight in the blend.
    """

    kind: ClassVar[str] = "quiet"
    lowest_: Array
    scales_: Array

    def __init__(self, measure: Measure, window: int, span: int, share: float = 1.0) -> None:
        self.measure, self.window, self.span = measure, window, span
        self._share = self.weight = share

    @property
    def width(self) -> int:
        """Return the number of values of a window and feature that a comparison holds in memory."""
        return _WIDTH

    def describe(self) -> str:
        """Return what is compared, in words."""
        before = f", against those in {self.window}" if self.window > self.span else ""
        return f"too little {self.measure.name} in {self.span} steps{before}"

    def fit(self, segments: Sequence[Array], rng: np.random.Generator, usable: Array | None = None) -> list[Array]:
        """Learn how low the measures of windows are; return distances by those of other windows.

        Parameters and values are those of `NearestWindows.fit`.
        """
        total, n_features = sum(map(len, segments)), segments[0].shape[1]
        shape = (n_features, self.measure.n_values)
        is_usable = np.ones(total, np.bool_)
        if usable is not None:
            is_usable[:] = False
            is_usable[usable] = True
        sampled = np.zeros(total, np.bool_)
        sampled[spaced(total, _MOST_WINDOWS, rng)] = True
        fold = np.arange(total) * _FOLDS // total
        lowest, sample = np.full((_FOLDS, *shape), np.inf), []
        for rows, found in self._measured(segments):
            for k in np.unique(fold[rows]):
                chosen = found[is_usable[rows] & (fold[rows] == k)]
                if len(chosen):
                    lowest[k] = np.fmin(lowest[k], np.fmin.reduce(chosen))
            sample.append(found[sampled[rows] & is_usable[rows]])
        self._learn(np.concatenate(sample), lowest.min(axis=0))
        self.weight = self._share * min(total / _ENOUGH, 1.0) ** 2
        without = np.stack([_known(np.delete(lowest, k, axis=0).min(axis=0)) for k in range(_FOLDS)])
        distances = [self._below(found, without[fold[rows]]) for rows, found in self._measured(segments)]
        return np.split(np.concatenate(distances), np.cumsum([len(w) for w in segments])[:-1])

    def distances(self, windows: Array, missing: Array | None) -> Array:
        """Return the parts of the sensors in the distance of each window; see `NearestWindows.distances`."""
        found = self._below(self.measure.values(windows, missing), self.lowest_)
        if missing is None:
            return found
        # What is normal has a part for each sensor, and a dead one has none.
        is_known = ~missing.all(axis=2)
        n_known = np.maximum(is_known.sum(axis=1, keepdims=True), 1)
        return found - 1.0 / found.shape[1] + is_known / n_known

    def _measured(self, segments: Sequence[Array]) -> Iterator[tuple[Array, Array]]:
        """Yield the measures of windows, with their numbers counted over all segments."""
        first = 0
        for windows in segments:
            for part in counted(list(chunks(len(windows), windows.shape[1], self.width))):
                yield first + np.arange(part.start, part.stop), self.measure.values(windows[part], None)
            first += len(windows)

    def _learn(self, sample: Array, lowest: Array) -> None:
        self.lowest_ = _known(lowest)
        self.scales_ = np.full(lowest.shape, _LEAST_SCALE)
        if len(sample):
            low, middle = np.quantile(sample, [_LOW, 0.5], axis=0)
            self.scales_ = np.maximum(middle - low, _LEAST_SCALE)

    def _below(self, found: Array, lowest: Array) -> Array:
        below = lowest - found
        n_windows, n_features = found.shape[:2]
        if not (below > 0).any():
            return np.full((n_windows, n_features), 1.0 / n_features)
        below = np.fmax(below, 0.0) / self.scales_
        squares = np.add.reduce(np.square(below), axis=-1) / below.shape[-1]
        if n_features == 1:
            return np.square(1.0 + np.minimum(np.sqrt(squares), _FARTHEST))
        total = squares.sum(axis=1, keepdims=True)
        size = np.minimum(np.sqrt(total / n_features), _FARTHEST)
        scale = np.divide(size * (2 + size), total, out=np.zeros_like(total), where=total > 0)
        return 1.0 / n_features + squares * scale

    # -- files ---------------------------------------------------------------------------------

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the fitted state as JSON values and arrays."""
        config = {"measure": self.measure.name, "window": self.window, "span": self.span, "weight": self.weight}
        return config, {"lowest": self.lowest_, "scales": self.scales_}

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, Array], n_features: int) -> QuietWindows:
        """Restore from the return value of `get_state`; raise ValueError if it is not valid."""
        member = cls(MEASURES[config["measure"]](), config["window"], config["span"], float(config["weight"]))
        if not (type(member.span) is int and 0 < member.span <= member.window and 0 < member.weight <= 1):
            raise ValueError("expected a span of at most the window, and a weight from 0 to 1")
        member.lowest_, member.scales_ = arrays["lowest"], arrays["scales"]
        expected = (n_features, member.measure.n_values)
        for values in (member.lowest_, member.scales_):
            if values.dtype != np.float64 or values.shape != expected or not np.isfinite(values).all():
                raise ValueError(f"expected finite lowest measures and scales of shape {expected}")
        if (member.scales_ <= 0).any():
            raise ValueError("expected scales above 0")
        return member


def _known(lowest: Array) -> Array:
    """Return lowest values; below those that no window of training tells, nothing is."""
    return np.where(np.isfinite(lowest), lowest, _NEVER)
