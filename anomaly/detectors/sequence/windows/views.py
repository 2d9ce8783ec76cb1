r"""Views of a window: what of it is compared with the windows of training.

- `RawView`: its values. Level and shape.
- `ShapeView`: its values without their mean and their spread,
  :math:`(x - \bar x) / \sqrt{\operatorname{var}(x) + \varepsilon}`. Shape alone, at any level and size. With
  :math:`\varepsilon`, noise around a still sensor does not become a shape.
- `StatisticsView`: mean, highest and lowest value, and the logarithms of the spread and of the size of its changes.
  A sensor that stands still, whose noise is gone or which is too regular is like the normal windows, step by step, and
  differs in these: a network reconstructs it better than any other window.

All are of shape (n_windows, n_features, n_values), so that a distance is a sum over the values of each sensor. In a
window with missing samples, each view is that of the samples that are present; a value that cannot be known is NaN.
Shape and statistics of half a period are not those of a whole one, so they are not known where more than about a
sixteenth of a window is missing at a stretch, as at the start of a segment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol

import numpy as np

from nnlite.types import Array

_SHAPE_FLOOR = 0.04
# Spread and changes below these fractions of a sensor's standard deviation are equally still.
_STILL = 0.03
_STILL_CHANGE = 0.01
_LEAST_SCALE = 0.05
_MOST_MISSING = 0.5
_LONGEST_HOLE = 16


class View(Protocol):
    """What of a window is compared."""

    name: ClassVar[str]

    def fit(self, windows: Array) -> None:
        """Learn the scale of the values from normal windows of shape (n_windows, n_features, window)."""

    def values(self, windows: Array, missing: Array | None) -> Array:
        """Return the values of windows, of shape (n_windows, n_features, n_values), float32; NaN where not known.

        Parameters
        ----------
        windows : ndarray of shape (n_windows, n_features, window)
            Windows.
        missing : ndarray of bool of shape (n_windows, n_features, window) or None
            Mask of the missing samples; None if there are none.
        """

    def get_state(self) -> dict[str, Array]:
        """Return what was learned."""

    def set_state(self, arrays: Mapping[str, Array], n_features: int) -> None:
        """Restore what was learned; raise ValueError if it is not valid."""


class RawView:
    """The values of a window."""

    name: ClassVar[str] = "values"

    def fit(self, windows: Array) -> None:
        """Learn nothing."""

    def values(self, windows: Array, missing: Array | None) -> Array:
        """Return the windows, with NaN for missing samples."""
        return np.asarray(windows, np.float32) if missing is None else _masked(windows, missing)

    def get_state(self) -> dict[str, Array]:
        """Return nothing."""
        return {}

    def set_state(self, arrays: Mapping[str, Array], n_features: int) -> None:
        """Restore nothing."""


class ShapeView(RawView):
    """The values of a window without their mean and spread.

    Examples
    --------
    >>> import numpy as np
    >>> small = np.array([[[0.0, 1.0, 0.0, -1.0]]])
    >>> ShapeView().values(np.concatenate([4 * small, 5 + 8 * small]), None).round(1).tolist()
    [[[0.0, 1.4, 0.0, -1.4]], [[0.0, 1.4, 0.0, -1.4]]]
    """

    name: ClassVar[str] = "shape"

    def values(self, windows: Array, missing: Array | None) -> Array:
        """Return the standardized windows."""
        if missing is None:
            centered = windows - windows.mean(axis=-1, keepdims=True)
            variance = np.square(centered).mean(axis=-1, keepdims=True)
        else:
            present = ~missing
            count = np.maximum(present.sum(axis=-1, keepdims=True), 1)
            mean = np.where(present, windows, 0).sum(axis=-1, keepdims=True) / count
            centered = np.where(present, windows - mean, 0)
            variance = np.square(centered).sum(axis=-1, keepdims=True) / count
        shape = (centered / np.sqrt(variance + _SHAPE_FLOOR)).astype(np.float32)
        return shape if missing is None else _masked(shape, missing | ~_is_described(missing)[..., np.newaxis])


class StatisticsView:
    """Statistics of a window, in units of their standard deviations in training.

    Attributes
    ----------
    mean_, scale_ : ndarray of shape (n_features, 6)
        Means and standard deviations of the statistics in training.
    """

    name: ClassVar[str] = "statistics"
    mean_: Array
    scale_: Array

    def fit(self, windows: Array) -> None:
        """Learn the mean and the standard deviation of each statistic."""
        found = _statistics(windows)
        self.mean_, self.scale_ = found.mean(axis=0), found.std(axis=0) + _LEAST_SCALE

    def values(self, windows: Array, missing: Array | None) -> Array:
        """Return the statistics; NaN for a sensor with less than half of its samples, or with a long hole."""
        found = ((_statistics(windows, missing) - self.mean_) / self.scale_).astype(np.float32)
        if missing is not None:
            found[~_is_described(missing)] = np.nan
        return found

    def get_state(self) -> dict[str, Array]:
        """Return means and standard deviations."""
        return {"mean": self.mean_, "scale": self.scale_}

    def set_state(self, arrays: Mapping[str, Array], n_features: int) -> None:
        """Restore means and standard deviations; raise ValueError if they are not valid."""
        self.mean_, self.scale_ = arrays["mean"], arrays["scale"]
        expected = (n_features, 6)
        if not self.mean_.dtype == self.scale_.dtype == np.float32:
            raise ValueError("expected means and scales in float32")
        if not (self.mean_.shape == self.scale_.shape == expected and np.isfinite(self.mean_).all()):
            raise ValueError(f"expected finite means and scales of shape {expected}")
        if not (np.isfinite(self.scale_).all() and (self.scale_ > 0).all()):
            raise ValueError("expected scales above 0")


VIEWS: dict[str, type[View]] = {view.name: view for view in (RawView, ShapeView, StatisticsView)}
"""Class of each view, by its name in files."""


def _masked(values: Array, missing: Array) -> Array:
    return np.where(missing, np.float32(np.nan), values).astype(np.float32)


def _is_described(missing: Array) -> Array:
    """Return whether the samples that are present stand for the whole window, of shape (n_windows, n_features)."""
    longest = missing.shape[-1] // _LONGEST_HOLE + 1
    counts = np.cumsum(missing, axis=-1)
    # A hole that is longer has so many samples up to its end more than before its start.
    ends = counts[..., longest:] - np.concatenate(
        [np.zeros_like(counts[..., :1]), counts[..., : -longest - 1]], axis=-1
    )
    has_hole = (ends == longest + 1).any(axis=-1)
    described: Array = ~has_hole & (counts[..., -1] <= _MOST_MISSING * missing.shape[-1])
    return described


def _statistics(windows: Array, missing: Array | None = None) -> Array:
    """Return mean, log spread, log root mean square and log mean size of the changes, highest and lowest value."""
    changes = np.diff(windows, axis=-1)
    if missing is None:
        mean, spread = windows.mean(axis=-1), windows.std(axis=-1)
        square, size = np.square(changes).mean(axis=-1), np.abs(changes).mean(axis=-1)
        highest, lowest = windows.max(axis=-1), windows.min(axis=-1)
    else:
        present = ~missing
        # A change is known between two samples that are present.
        both = present[..., 1:] & present[..., :-1]
        mean = _mean(windows, present)
        spread = np.sqrt(_mean(np.square(windows - mean[..., np.newaxis]), present))
        square, size = _mean(np.square(changes), both), _mean(np.abs(changes), both)
        highest = np.max(windows, axis=-1, where=present, initial=-np.inf)
        lowest = np.min(windows, axis=-1, where=present, initial=np.inf)
    logarithms = (np.log(spread + _STILL), np.log(np.sqrt(square) + _STILL_CHANGE), np.log(size + _STILL_CHANGE))
    return np.stack([mean, *logarithms, highest, lowest], axis=-1)


def _mean(values: Array, where: Array) -> Array:
    counts = np.maximum(where.sum(axis=-1), 1)
    means: Array = np.where(where, values, 0).sum(axis=-1) / counts
    return means
