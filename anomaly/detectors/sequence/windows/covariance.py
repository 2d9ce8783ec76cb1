r"""Mahalanobis distance of windows: what breaks the correlations of sensors and of steps.

Where sensors are many, a window is far from all remembered ones by chance. Its covariance says more: with the mean
:math:`\mu` and the covariance C of normal windows of K values each,

.. math:: d = \sqrt{\tfrac1K\, x^\top P x}, \qquad P = \bigl(C + \lambda\, \tfrac{\operatorname{tr} C}{K} I\bigr)^{-1}

of a window :math:`\mu + x`, with the shrinkage :math:`\lambda`, as C is estimated from fewer windows than it has
entries. Directions in which normal windows hardly vary count most.

**Sensors.** If sensor j had the values expected from all others, :math:`x_j - P_{jj}^{-1} (P x)_j`, the square
:math:`x^\top P x` would be smaller by

.. math:: \Delta_j = (P x)_j^\top P_{jj}^{-1} (P x)_j

with the blocks of the sensor's steps. Its part in d is proportional to that.

**Missing samples** take the values that are expected from those present, which make d smallest,
:math:`x_m = -P_{mm}^{-1} P_{mp} x_p = C_{mp} C_{pp}^{-1} x_p`, where P x is 0. d is then that of the samples that are
present, of which K are counted.

**Honest distances in training.** A covariance fits the windows that it is estimated from. So the distances of training
come from five covariances, each without a fifth of the series and the windows that overlap it.

**Many sensors** are divided into groups of so many that a window of each has 400 values, as C grows with the square of
their number: d is then the root of the mean over groups, and correlations between groups are not seen.

References
----------
Mahalanobis, "On the generalised distance in statistics", 1936; Ledoit & Wolf, "A well-conditioned estimator for
large-dimensional covariance matrices", 2004; Alcala & Qin, "Reconstruction-based contribution for process monitoring",
Automatica 45 (2009), for the parts of the sensors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from anomaly.detectors.sequence.windows.nearest import parts_of_distance
from anomaly.detectors.sequence.windows.sampling import chunks, rows_of, spaced
from nnlite.job import counted
from nnlite.types import Array

_MOST_WINDOWS = 5000
_FOLDS = 5
_LEAST_WINDOWS = 30
_LARGEST_GROUP = 800
_LEAST_SHRINKAGE = 1e-9


@dataclass(frozen=True)
class Precision:
    """The inverse covariance of the windows of a group of sensors.

    Attributes
    ----------
    mean : ndarray of float64 of shape (n_values,)
        The mean window, values of a sensor one after the other.
    matrix : ndarray of float64 of shape (n_values, n_values)
        P.
    blocks : ndarray of float64 of shape (n_features, window, window)
        The inverse of each :math:`P_{jj}`.
    """

    mean: Array
    matrix: Array
    blocks: Array

    @classmethod
    def estimate(cls, mean: Array, covariance: Array, shrinkage: float, n_features: int) -> Precision:
        """Return the shrunken inverse of a covariance."""
        n_values = len(covariance)
        shrunken = covariance + (shrinkage * np.trace(covariance) / n_values + _LEAST_SHRINKAGE) * np.eye(n_values)
        return cls.of(mean, np.linalg.inv(shrunken), n_features)

    @classmethod
    def of(cls, mean: Array, matrix: Array, n_features: int) -> Precision:
        """Return P with the inverses of its blocks."""
        window = len(mean) // n_features
        by_feature = matrix.reshape(n_features, window, n_features, window)
        steps = np.arange(n_features)
        return cls(mean, matrix, np.linalg.inv(by_feature[steps, :, steps, :]))

    def products(self, windows: Array, missing: Array | None) -> tuple[Array, Array]:
        """Return x, with the expected values of missing samples, and P x, both of shape (n, n_features, window)."""
        shape = windows.shape
        x: Array = windows.reshape(len(windows), -1) - self.mean
        if missing is not None and missing.any():
            x = self._completed(x, missing.reshape(x.shape))
        product = x @ self.matrix
        return x.reshape(shape), product.reshape(shape)

    def drops(self, product: Array) -> Array:
        r"""Return :math:`\Delta_j` from P x, of shape (n_windows, n_features)."""
        by_feature = product.transpose(1, 0, 2)
        found = np.einsum("jnw,jnw->nj", by_feature @ self.blocks, by_feature)
        return np.maximum(found, 0, out=found)

    def _completed(self, x: Array, missing: Array) -> Array:
        """Return x with the expected values of missing samples. Windows with the same ones share a solution."""
        x = np.where(missing, 0.0, x)
        masks, mask_of = np.unique(np.packbits(missing, axis=1), axis=0, return_inverse=True)
        for k in range(len(masks)):
            rows = np.flatnonzero(mask_of.reshape(-1) == k)
            is_gone = missing[rows[0]]
            if is_gone.any():
                gone, known = np.flatnonzero(is_gone), np.flatnonzero(~is_gone)
                x[np.ix_(rows, gone)] = self._expected(x[np.ix_(rows, known)], gone, known)
        return x

    def _expected(self, x: Array, gone: Array, known: Array) -> Array:
        """Return the expected values of some samples from the others, by the smaller system of equations."""
        if len(gone) <= len(known):
            return -np.linalg.solve(self.matrix[np.ix_(gone, gone)], self.matrix[np.ix_(gone, known)] @ x.T).T
        covariance = self._covariance
        return np.asarray((covariance[np.ix_(gone, known)] @ np.linalg.solve(covariance[np.ix_(known, known)], x.T)).T)

    @cached_property
    def _covariance(self) -> Array:
        return np.asarray(np.linalg.inv(self.matrix))


class WindowCovariance:
    """Mahalanobis distances of windows.

    Parameters
    ----------
    window : int
        Length of the windows.
    shrinkage : float
        Lambda.

    Attributes
    ----------
    precisions_ : list of Precision
        One for each group of sensors.
    """

    kind: ClassVar[str] = "covariance"
    weight: ClassVar[float] = 1.0
    precisions_: list[Precision]

    def __init__(self, window: int, shrinkage: float) -> None:
        self.window, self.shrinkage = window, shrinkage

    @property
    def span(self) -> int:
        """Return the number of steps that have the value of a window."""
        return self.window

    @property
    def width(self) -> int:
        """Return the number of values of a window and feature that a comparison holds in memory."""
        return self.window

    def describe(self) -> str:
        """Return what is compared, in words."""
        return f"covariance of windows of {self.window} steps"

    def fit(self, segments: Sequence[Array], rng: np.random.Generator, usable: Array | None = None) -> list[Array]:
        """Estimate the covariance of the windows; return their distances by covariances without them.

        Parameters and values are those of `NearestWindows.fit`.
        """
        lengths = [len(windows) for windows in segments]
        total, (n_features, window) = sum(lengths), segments[0].shape[1:]
        candidates = np.arange(total) if usable is None else usable
        chosen = candidates[spaced(len(candidates), _MOST_WINDOWS, rng)]
        fold = _folds(total, self.window)
        removed = [mask[chosen] for mask in _overlapping(fold, self.window)]
        squares, by_feature = np.zeros(total), np.empty((total, n_features))
        self.precisions_ = []
        # One group of sensors after the other, so that memory does not grow with their number.
        for group in counted(list(_groups(n_features, window))):
            of_group = [windows[:, group] for windows in segments]
            sample = _Sample(rows_of(of_group, chosen))
            self.precisions_.append(sample.precision(self.shrinkage))
            for k in counted(range(_FOLDS)):
                has_enough = (~removed[k]).sum() > _LEAST_WINDOWS
                without = sample.precision(self.shrinkage, removed[k]) if has_enough else self.precisions_[-1]
                steps = np.flatnonzero(fold == k)
                for part in chunks(len(steps), *of_group[0].shape[1:]):
                    x, product = without.products(rows_of(of_group, steps[part]), None)
                    squares[steps[part]] += np.maximum(np.einsum("njw,njw->n", x, product), 0)
                    by_feature[steps[part], group] = without.drops(product)
        found = _parts(squares, by_feature, np.full(total, n_features * window))
        return np.split(found, np.cumsum(lengths)[:-1])

    def distances(self, windows: Array, missing: Array | None) -> Array:
        """Return the parts of the sensors in the distance of each window; see `NearestWindows.distances`."""
        return self._distances(windows, missing, self.precisions_)

    def compare(self, windows: Array, missing: Array | None) -> tuple[Array, Array]:
        """Return what `distances` and `step_parts` do, from the same products."""
        parts = np.zeros((len(windows), self.window))
        distances = self._distances(windows, missing, self.precisions_, parts)
        return distances, np.maximum(parts, 0, out=parts)

    def expected(self, windows: Array, missing: Array | None) -> Array:
        """Return windows in which each sensor has the values expected from all others, of the shape of windows."""
        found = []
        for precision, x, product in self._products(windows, missing, self.precisions_):
            corrections = np.einsum("jwv,njv->njw", precision.blocks, product)
            found.append(x - corrections + precision.mean.reshape(x.shape[1:]))
        return np.concatenate(found, axis=1)

    def step_parts(self, windows: Array, missing: Array | None, training: Array | None = None) -> Array:  # noqa: ARG002
        """Return each step's part of the square, of shape (n_windows, window), at least 0; in training as well."""
        total = np.zeros((len(windows), self.window))
        for _, x, product in self._products(windows, missing, self.precisions_):
            total += (x * product).sum(axis=1)
        return np.maximum(total, 0)

    def _distances(
        self, windows: Array, missing: Array | None, precisions: Sequence[Precision], step_parts: Array | None = None
    ) -> Array:
        """Return the parts of the sensors in distances; add those of the steps to `step_parts`."""
        squares, drops = np.zeros(len(windows)), []
        for precision, x, product in self._products(windows, missing, precisions):
            by_step = np.einsum("njw,njw->nw", x, product)
            squares += np.maximum(by_step.sum(axis=1), 0)
            if step_parts is not None:
                step_parts += by_step
            drops.append(precision.drops(product))
        by_feature = drops[0] if len(drops) == 1 else np.concatenate(drops, axis=1)
        n_values = windows.shape[1] * windows.shape[2]
        counts = np.full(len(windows), n_values) if missing is None else n_values - missing.sum(axis=(1, 2))
        return _parts(squares, by_feature, counts)

    def _products(self, windows: Array, missing: Array | None, precisions: Sequence[Precision]) -> Any:
        first = 0
        for precision in precisions:
            group = slice(first, first + len(precision.blocks))
            of_group = None if missing is None else missing[:, group]
            yield precision, *precision.products(windows[:, group], of_group)
            first = group.stop

    # -- files ---------------------------------------------------------------------------------

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the fitted state as JSON values and arrays."""
        arrays = {}
        for k, precision in enumerate(self.precisions_):
            arrays[f"mean_{k}"], arrays[f"precision_{k}"] = precision.mean, precision.matrix
        sizes = [len(precision.blocks) for precision in self.precisions_]
        return {"window": self.window, "shrinkage": self.shrinkage, "groups": sizes}, arrays

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, Array], n_features: int) -> WindowCovariance:
        """Restore from the return value of `get_state`; raise ValueError if it is not valid."""
        member = cls(config["window"], config["shrinkage"])
        sizes = config["groups"]
        if sum(sizes) != n_features:
            raise ValueError(f"expected covariances of {n_features} features")
        member.precisions_ = [
            _precision(arrays[f"mean_{k}"], arrays[f"precision_{k}"], size, member.window)
            for k, size in enumerate(sizes)
        ]
        return member


class _Sample:
    """Windows of a group of sensors, and their covariance without some of them.

    Parameters
    ----------
    windows : ndarray of shape (n_windows, n_features, window)
        The windows.
    """

    def __init__(self, windows: Array) -> None:
        self._n_features = windows.shape[1]
        values = windows.reshape(len(windows), -1).astype(np.float64)
        self._mean = values.mean(axis=0)
        # Products in float32 are exact enough for a covariance that is shrunken, and take half the time.
        self._centered = (values - self._mean).astype(np.float32)
        self._products = self._centered.T @ self._centered

    def precision(self, shrinkage: float, removed: Array | None = None) -> Precision:
        """Return the shrunken inverse covariance, without the windows of a mask."""
        count, products, moved = len(self._centered), self._products.astype(np.float64), np.zeros(len(self._mean))
        if removed is not None and removed.any():
            # What a part adds to the products of all is less work than the products of the rest.
            part = self._centered[removed]
            count -= len(part)
            moved = -part.sum(axis=0, dtype=np.float64) / count
            products -= part.T @ part
            products -= count * np.outer(moved, moved)
        covariance = products / max(count - 1, 1)
        return Precision.estimate(self._mean + moved, covariance, shrinkage, self._n_features)


def _groups(n_features: int, window: int) -> list[slice]:
    """Return the groups of sensors whose covariance is estimated."""
    size = max(1, _LARGEST_GROUP // window)
    return [slice(first, min(first + size, n_features)) for first in range(0, n_features, size)]


def _parts(squares: Array, by_feature: Array, counts: Array) -> Array:
    """Return the parts of the sensors in distances whose squares are divided as the drops of the sensors are."""
    total = by_feature.sum(axis=1)
    scale = np.divide(squares, total, out=np.zeros(len(total)), where=total > 0)
    return parts_of_distance(by_feature * scale[:, np.newaxis], counts)


def _precision(mean: Array, matrix: Array, n_features: int, window: int) -> Precision:
    n_values = n_features * window
    if not mean.dtype == matrix.dtype == np.float64:
        raise ValueError("expected a mean and a precision in float64")
    if mean.shape != (n_values,) or matrix.shape != (n_values, n_values):
        raise ValueError(f"expected a mean and a precision of {n_values} values")
    if not (np.isfinite(mean).all() and np.isfinite(matrix).all()):
        raise ValueError("expected a finite mean and precision")
    # Of a matrix that is none of a covariance, squares and missing samples would be nonsense.
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        raise ValueError("expected a precision that is positive definite") from None
    if not np.allclose(matrix, matrix.T, rtol=1e-3, atol=1e-6 * np.abs(matrix).max()):
        raise ValueError("expected a precision that is symmetric")
    return Precision.of(mean, matrix, n_features)


def _folds(n_windows: int, window: int) -> Array:
    """Return the fold of each window, by blocks of consecutive windows."""
    block = max(2 * window, n_windows // (4 * _FOLDS), 1)
    folds: Array = (np.arange(n_windows) // block) % _FOLDS
    return folds


def _overlapping(fold: Array, window: int) -> list[Array]:
    """Return for each fold the mask of the windows that overlap one of it."""
    masks = []
    for k in range(_FOLDS):
        sums = np.concatenate([[0], np.cumsum(fold == k)])
        steps = np.arange(len(fold))
        first, end = np.maximum(steps - window + 1, 0), np.minimum(steps + window, len(fold))
        masks.append(sums[end] > sums[first])
    return masks
