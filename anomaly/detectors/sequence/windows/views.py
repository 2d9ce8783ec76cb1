r"""Views of a window: what of it is compared with the windows of training.

- `RawView`: its values. Level and shape.
- `ShapeView`: its values without their mean and their spread,
  :math:`(x - \bar x) / \sqrt{\operatorname{var}(x) + \varepsilon}`. Shape alone, at any level and size. With
  :math:`\varepsilon`, noise around a still sensor does not become a shape.
- `CoarseView` and `CoarseShapeView`: the same of long windows, as means of consecutive steps.
- `StatisticsView`: mean, highest and lowest value, and the logarithms of the spread, of the size of its changes and
  of that of their changes. A sensor that stands still, or whose noise is gone, is like the normal windows, step by
  step, and differs in these: a network reconstructs it better than any other window.

All are of shape (n_windows, n_features, n_values), so that a distance is a sum over the values of each sensor. In a
window with missing samples, each view is that of the samples that are present; a value that cannot be known is NaN. The
mean and spread of a part of a wave are not those of the wave: shape and statistics interpolate, and are known if few
samples are missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import ClassVar, Protocol

import numpy as np

from anomaly.detectors.sequence.windows.sampling import chunks
from nnlite.types import Array

FINEST = 128
"""The largest number of values of a coarse view."""

_SHAPE_FLOOR = 0.04
# Spread and changes below these fractions of a sensor's standard deviation are equally still.
_STILL = 0.03
_STILL_CHANGE = 0.01
_FLOORS = np.array([_STILL, _STILL_CHANGE, _STILL_CHANGE])
LEAST_SLIDING = 16
"""The least number of windows for which sums that move along pay."""

# With larger values they would lose digits of small changes.
_LARGEST_SLIDING = 100.0
_CHANGES = (1, 2)
_EXTREMES = (np.maximum.reduce, np.minimum.reduce)
_LEAST_SCALE = 0.05
# The spread of half of a wave is not that of the wave.
_MOST_MISSING = 0.1


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
        return np.ascontiguousarray(windows, np.float32) if missing is None else _masked(windows, missing)

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
    >>> shapes = ShapeView().values(np.concatenate([4 * small, 5 + 8 * small]), None)
    >>> shapes.astype(float).round(1).tolist()
    [[[0.0, 1.4, 0.0, -1.4]], [[0.0, 1.4, 0.0, -1.4]]]
    """

    name: ClassVar[str] = "shape"

    def values(self, windows: Array, missing: Array | None) -> Array:
        """Return the standardized windows."""
        # Sums along a window that lies in one piece are the same however many are compared.
        complete = np.ascontiguousarray(windows) if missing is None else _interpolated(windows, missing)
        centered = complete - _means(complete)
        variance = _means(np.square(centered))
        shape = (centered / np.sqrt(variance + _SHAPE_FLOOR)).astype(np.float32, copy=False)
        if missing is None:
            return shape
        return np.where(_hardly_known(missing)[..., np.newaxis], np.float32(np.nan), _masked(shape, missing))


class CoarseView(RawView):
    """Means of consecutive steps of a window, at most 128 of them: a long window at a fraction of the cost.

    Examples
    --------
    >>> import numpy as np
    >>> CoarseView().values(np.arange(512.0).reshape(1, 1, 512), None)[0, 0, :3].tolist()
    [1.5, 5.5, 9.5]
    """

    name: ClassVar[str] = "coarse values"

    def values(self, windows: Array, missing: Array | None) -> Array:
        """Return the means, of the samples that are present; NaN where there are none."""
        return _block_means(super().values(windows, missing), missing is None)


class CoarseShapeView(ShapeView):
    """Means of consecutive steps of the shape of a window, at most 128 of them."""

    name: ClassVar[str] = "coarse shape"

    def values(self, windows: Array, missing: Array | None) -> Array:
        """Return the means, of the samples that are present; NaN where there are none."""
        return _block_means(super().values(windows, missing), missing is None)


class StatisticsView:
    """Statistics of a window, in units of their standard deviations in training.

    Attributes
    ----------
    mean_, scale_ : ndarray of shape (n_features, 6)
        Means and standard deviations of the statistics in training.
    in_float64 : bool, default True
        Whether statistics are computed in float64; those of early files were in float32, and are again, as their
        rounding tells in windows that stand still.
    """

    name: ClassVar[str] = "statistics"
    mean_: Array
    scale_: Array

    in_float64 = True

    def fit(self, windows: Array) -> None:
        """Learn the mean and the standard deviation of each statistic."""
        self.learn(statistics(windows))

    def learn(self, found: Array) -> None:
        """Learn from the statistics of windows; see `statistics`."""
        self.mean_, self.scale_ = found.mean(axis=0), found.std(axis=0) + _LEAST_SCALE

    def values(self, windows: Array, missing: Array | None) -> Array:
        """Return the statistics; NaN for a sensor with more than a tenth of its samples missing."""
        describe = statistics if self.in_float64 else _statistics
        if missing is None:
            return self.scaled(describe(windows))
        # Interpolation takes several arrays as large as the windows.
        parts = [self.scaled(describe(_interpolated(windows[some], missing[some]))) for some in chunks(*windows.shape)]
        found = np.concatenate(parts)
        found[_hardly_known(missing)] = np.nan
        return found

    def scaled(self, found: Array) -> Array:
        """Return statistics in units of their standard deviations in training."""
        return np.asarray(((found - self.mean_) / self.scale_).astype(np.float32, copy=False))

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


VIEWS: dict[str, type[View]] = {
    view.name: view for view in (RawView, ShapeView, CoarseView, CoarseShapeView, StatisticsView)
}
"""Class of each view, by its name in files."""


@cache
def _blocks(length: int) -> tuple[Array, Array]:
    """Return the starts and the lengths of at most 128 blocks of about equal length."""
    edges = np.linspace(0, length, min(length, FINEST) + 1).astype(np.int64)
    return edges[:-1], np.diff(edges)


def _block_means(values: Array, complete: bool) -> Array:
    """Return the means of blocks of values along the last axis, at most 128 of about equal length; NaN is left out."""
    starts, lengths = _blocks(values.shape[-1])
    if complete:
        return np.asarray(np.add.reduceat(values, starts, axis=-1) / lengths, np.float32)
    known = np.isfinite(values)
    sums = np.add.reduceat(np.where(known, values, 0), starts, axis=-1)
    counts = np.add.reduceat(known.astype(np.float32), starts, axis=-1)
    means = np.full(sums.shape, np.nan, np.float32)
    return np.divide(sums, counts, out=means, where=counts > 0)


def _masked(values: Array, missing: Array) -> Array:
    return np.where(missing, np.float32(np.nan), values).astype(np.float32)


def _hardly_known(missing: Array) -> Array:
    """Return whether so many samples of a sensor are missing that the mean and spread of the others are not its own."""
    found: Array = missing.mean(axis=-1) > _MOST_MISSING
    return found


def statistics(windows: Array) -> Array:
    """Return mean, logarithms of spread and of root mean square changes and their changes, highest and lowest value.

    A smooth pattern changes steadily: the changes of its changes are those of the noise.

    Parameters
    ----------
    windows : ndarray of shape (n_windows, n_features, window)
        Windows. Those of a view one step apart take a time that does not grow with their length.

    Returns
    -------
    ndarray of shape (n_windows, n_features, 6)
        Statistics, not scaled.
    """
    n, _, window = windows.shape
    steps = series_of(windows) if n >= LEAST_SLIDING and window > len(_CHANGES) else None
    if steps is not None and max(steps.max(), -steps.min()) < _LARGEST_SLIDING:
        return _sliding_statistics(steps, window)
    return _statistics(np.ascontiguousarray(windows, np.float64)).astype(windows.dtype)


def activity(windows: Array) -> Array:
    """Return the logarithms of spread, changes and their changes, of shape (n_windows, n_features, 3).

    They are `statistics` of few windows without what these do not need.
    """
    if len(windows) >= LEAST_SLIDING:
        return statistics(windows)[..., 1:4]
    wide = np.ascontiguousarray(windows, np.float64)
    found = np.concatenate(_squares(wide, _means(wide)), axis=-1)
    _take_logarithms(found)
    return found.astype(windows.dtype)


def _statistics(windows: Array) -> Array:
    """Return the statistics of windows, each by itself."""
    mean = _means(windows)
    extremes = [of(windows, axis=-1, keepdims=True) for of in _EXTREMES]
    found = np.concatenate([mean, *_squares(windows, mean), *extremes], axis=-1)
    _take_logarithms(found[..., 1:4])
    return found


def _squares(windows: Array, mean: Array) -> list[Array]:
    """Return the mean squares of deviations, changes and their changes."""
    changes = windows[..., 1:] - windows[..., :-1]
    return [_means(np.square(of)) for of in (windows - mean, changes, changes[..., 1:] - changes[..., :-1])]


def _sliding_statistics(steps: Array, window: int) -> Array:
    """Return the statistics of windows one step apart, by sums that move along."""
    n_features, n = len(steps), steps.shape[1] - window + 1
    center = steps.mean(axis=1, dtype=np.float64)[:, np.newaxis]
    values = steps - center
    found = np.empty((n, n_features, 6), steps.dtype)
    means = moving(values, window, np.add) / window
    found[..., 0] = (means + center).T
    found[..., 1] = np.maximum(moving(np.square(values), window, np.add) / window - np.square(means), 0).T
    for place, order in enumerate(_CHANGES, start=2):
        squares = np.square(np.diff(values, order, axis=1))
        found[..., place] = (moving(squares, window - order, np.add) / (window - order)).T
    for place, extreme in enumerate((np.maximum, np.minimum), start=4):
        found[..., place] = moving(steps, window, extreme).T
    _take_logarithms(found[..., 1:4])
    return found


def series_of(windows: Array) -> Array | None:
    """Return the steps of windows that are views one step apart, of shape (n_features, n_steps), else None."""
    if windows.strides[0] != windows.strides[2]:
        return None
    return np.concatenate([windows[0], windows[1:, :, -1].T], axis=1)


def _take_logarithms(squares: Array) -> None:
    squares[:] = np.log(np.sqrt(squares) + _FLOORS.astype(squares.dtype))


def moving(values: Array, length: int, combine: np.ufunc) -> Array:
    """Return what so many consecutive values of each row are combined to, by doubling the length.

    Nothing is subtracted, as from running sums, so that the rounding is that of the values in question alone.
    """
    n, span, offset, found = values.shape[1] - length + 1, 1, 0, None
    while True:
        if length & span:
            part = values[:, offset : offset + n]
            found = part if found is None else combine(found, part)
            offset += span
        if 2 * span > length:
            return np.asarray(found)
        values, span = combine(values[:, :-span], values[:, span:]), 2 * span


def _means(values: Array) -> Array:
    """Return the means along the last axis, which is kept."""
    return np.asarray(np.add.reduce(values, axis=-1, keepdims=True) / values.dtype.type(values.shape[-1]))


def _interpolated(windows: Array, missing: Array) -> Array:
    """Return windows whose missing samples lie on the line between those before and after; at the ends they repeat."""
    steps = np.arange(windows.shape[-1])
    before = np.maximum.accumulate(np.where(missing, -1, steps), axis=-1)
    after = np.minimum.accumulate(np.where(missing, len(steps), steps)[..., ::-1], axis=-1)[..., ::-1]
    nothing = (before < 0) & (after == len(steps))
    before, after = np.where(before < 0, after, before), np.where(after == len(steps), before, after)
    before, after = np.where(nothing, 0, before), np.where(nothing, 0, after)
    low, high = np.take_along_axis(windows, before, -1), np.take_along_axis(windows, after, -1)
    weight = (steps - before) / np.maximum(after - before, 1)
    return np.where(missing, low + weight * (high - low), windows)
