r"""Bring columns of any unit to a common scale, so that no column counts for more than another.

Each scaler learns from training rows and works on float64 matrices, column by column. NaN, a missing value, is left out
in learning and comes through as NaN.

Most of them are affine,

.. math:: z = \frac{x - c}{s}

with center c and scale s per column. Those that scikit-learn has under the same name agree with it. A constant column
gets s = 1 there as here: later records that differ show by how much. Constant means within rounding error of each
other, relative to the column's own size, so columns of 1e-300 are scaled as well as columns of 1e12.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from statistics import NormalDist
from typing import Any, ClassVar

import numpy as np

from anomaly.errors import DataError
from anomaly.preprocessing.state import field, vector
from nnlite.types import Array

_ROUNDING = 10 * np.finfo(np.float64).eps
_LARGEST = np.finfo(np.float64).max
# Closer than this, the slope between two landmarks would overflow.
_SMALLEST_GAP = 1e-290
_FARTHEST_TARGET = 1e6
# The distance between the first and the last decile of a standard normal.
_MIDDLE_RANGE = 2 * NormalDist().inv_cdf(0.9)
_LEAST_SHARE = 0.2


class Scaler(ABC):
    """Base of all scalers: the way data is checked, and the interface.

    Attributes
    ----------
    n_features_in_ : int
        Columns seen by `fit`.
    """

    name: ClassVar[str]
    n_features_in_: int

    def fit(self, x: Array) -> Scaler:
        """Learn the scale of each column.

        Parameters
        ----------
        x : ndarray of shape (n_rows, n_columns)
            Training rows; NaN is missing.

        Returns
        -------
        Scaler
            The scaler itself.

        Raises
        ------
        DataError
            If `x` is no matrix, is infinite somewhere, or a column has no value.
        """
        if x.ndim != 2:
            raise DataError(f"a scaler needs a 2-D array (rows x columns); found shape {x.shape}")
        self.n_features_in_ = x.shape[1]
        self._learn(x)
        return self

    def transform(self, x: Array) -> Array:
        """Scale rows.

        Parameters
        ----------
        x : ndarray of shape (n_rows, n_columns)
            With the columns that `fit` saw.

        Returns
        -------
        ndarray of float64 of shape (n_rows, n_columns)
            Scaled; NaN where `x` is.
        """
        self._check_width(x)
        return self._scale(x)

    def inverse_transform(self, z: Array) -> Array:
        """Undo `transform`.

        Parameters
        ----------
        z : ndarray of shape (n_rows, n_columns)
            Scaled rows.

        Returns
        -------
        ndarray of float64 of shape (n_rows, n_columns)
            In the units of the training rows.
        """
        self._check_width(z)
        return self._unscale(z)

    @abstractmethod
    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return what was learned, as JSON values and arrays."""

    @classmethod
    @abstractmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, Array]) -> Scaler:
        """Make a scaler of what `get_state` returned.

        Parameters
        ----------
        config : mapping
            JSON values.
        arrays : mapping of str to ndarray
            Arrays.

        Returns
        -------
        Scaler
            Fitted.

        Raises
        ------
        DataError
            If the values are not such as a scaler can have learned.
        """

    @abstractmethod
    def _learn(self, x: Array) -> None: ...

    @abstractmethod
    def _scale(self, x: Array) -> Array: ...

    @abstractmethod
    def _unscale(self, z: Array) -> Array: ...

    def _check_width(self, x: Array) -> None:
        if x.ndim != 2 or x.shape[1] != self.n_features_in_:
            raise DataError(
                f"this {type(self).__name__} was fitted on {self.n_features_in_} columns; found shape {x.shape}"
            )


class _AffineScaler(Scaler):
    """A scaler of the form (x - c) / s.

    Attributes
    ----------
    center_ : ndarray of shape (n_columns,)
        c, in the unit of each column.
    scale_ : ndarray of shape (n_columns,)
        s, likewise.
    """

    center_: Array
    scale_: Array

    @staticmethod
    @abstractmethod
    def _measure(values: Array) -> tuple[float, float]:
        """Return center and scale of one column's values, which are finite and below half of the largest float."""

    def _learn(self, x: Array) -> None:
        measured = [self._measure_safely(values) for values in _present_values(x)]
        self.center_, self.scale_ = np.array(measured, dtype=np.float64).reshape(-1, 2).T.copy()

    def _measure_safely(self, values: Array) -> tuple[float, float]:
        """Measure half of the values, so that no difference of two overflows."""
        center, scale = self._measure(values / 2)
        if scale <= _ROUNDING * abs(center):
            return 2 * center, 1.0
        return 2 * center, min(2 * scale, _LARGEST)

    def _scale(self, x: Array) -> Array:
        with np.errstate(over="ignore"):
            z = np.subtract(x, self.center_, dtype=np.float64)
            return np.divide(z, self.scale_, out=z)

    def _unscale(self, z: Array) -> Array:
        with np.errstate(over="ignore"):
            x = np.multiply(z, self.scale_, dtype=np.float64)
            return np.add(x, self.center_, out=x)

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the name, and the centers and scales."""
        return {"name": self.name}, {"center": self.center_, "scale": self.scale_}

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, Array]) -> Scaler:  # noqa: ARG003
        """Make a scaler of a center and a positive scale for each column."""
        scaler = cls()
        scaler.center_ = vector(arrays, "center")
        scaler.scale_ = vector(arrays, "scale")
        if scaler.center_.shape != scaler.scale_.shape or not (scaler.scale_ > 0).all():
            raise DataError("preprocessing: expected as many positive scales as there are centers")
        scaler.n_features_in_ = len(scaler.center_)
        return scaler


class StandardScaler(_AffineScaler):
    r"""Subtract the mean, divide by the standard deviation (of the population, with n below).

    .. math:: c = \frac1n \sum_i x_i, \qquad s = \sqrt{\frac1n \sum_i (x_i - c)^2}

    Examples
    --------
    >>> import numpy as np
    >>> scaler = StandardScaler().fit(np.array([[1.0], [2.0], [3.0]]))
    >>> scaler.transform(np.array([[2.0], [4.0]])).round(3).tolist()
    [[0.0], [2.449]]
    """

    name = "standard"

    @staticmethod
    def _measure(values: Array) -> tuple[float, float]:
        # In units of a power of two, an exact change, no square overflows or vanishes.
        exponent = int(np.frexp(np.abs(values).max())[1])
        values = np.ldexp(values, -exponent)
        center = values.mean()
        # The mean of what is left takes back the rounding error of the mean (Chan, Golub & LeVeque, "Algorithms for
        # computing the sample variance", The American Statistician 37, 1983).
        center += (values - center).mean()
        deviation = np.sqrt(np.square(values - center).mean())
        return float(np.ldexp(center, exponent)), float(np.ldexp(deviation, exponent))


class MinMaxScaler(_AffineScaler):
    r"""Map the smallest training value to 0 and the largest to 1.

    .. math:: c = \min_i x_i, \qquad s = \max_i x_i - \min_i x_i

    Examples
    --------
    >>> import numpy as np
    >>> MinMaxScaler().fit(np.array([[1.0], [5.0]])).transform(np.array([[2.0], [9.0]])).tolist()
    [[0.25], [2.0]]
    """

    name = "minmax"

    @staticmethod
    def _measure(values: Array) -> tuple[float, float]:
        low, high = float(values.min()), float(values.max())
        return low, high - low


class RobustScaler(_AffineScaler):
    """Subtract the median, divide by the interquartile range: what a few outliers cannot move.

    A column of which more than half the values are equal has a range of 0 and gets scale 1, as in scikit-learn.

    Examples
    --------
    >>> import numpy as np
    >>> scaler = RobustScaler().fit(np.array([[1.0], [2.0], [3.0], [4.0], [1000.0]]))
    >>> scaler.transform(np.array([[3.0], [5.0]])).tolist()
    [[0.0], [1.0]]
    """

    name = "robust"

    @staticmethod
    def _measure(values: Array) -> tuple[float, float]:
        low, center, high = np.percentile(values, [25, 50, 75])
        return float(center), float(high - low)


class CoreScaler(_AffineScaler):
    r"""Subtract the median, divide by the standard deviation that the middle 80 % of the values speak of.

    .. math:: s = \max\!\left(\frac{q_{0.9} - q_{0.1}}{2\,\Phi^{-1}(0.9)},\; \frac{\sigma}{5}\right)

    Of normally distributed values s is the standard deviation :math:`\sigma`. Extreme values, such as anomalies among
    training records, stretch :math:`\sigma` and so hide themselves and others; s they hardly move. A column that is
    nearly always the same would have no middle range at all: so s is at least a fifth of :math:`\sigma`.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.r_[np.linspace(-1.0, 1.0, 99), 1000.0]
    >>> core, standard = (kind().fit(values[:, np.newaxis]).scale_[0] for kind in (CoreScaler, StandardScaler))
    >>> round(float(standard), 1), round(float(core), 1)
    (99.5, 19.9)
    """

    name = "core"

    @staticmethod
    def _measure(values: Array) -> tuple[float, float]:
        low, center, high = np.percentile(values, [10, 50, 90])
        deviation = StandardScaler._measure(values)[1]
        return float(center), max(float(high - low) / _MIDDLE_RANGE, deviation * _LEAST_SHARE)


class IdentityScaler(_AffineScaler):
    """Leave numbers as they are: for columns that share a unit already.

    Examples
    --------
    >>> import numpy as np
    >>> IdentityScaler().fit(np.array([[1.0], [5.0]])).transform(np.array([[3.0]])).tolist()
    [[3.0]]
    """

    name = "none"

    @staticmethod
    def _measure(values: Array) -> tuple[float, float]:  # noqa: ARG004
        # The values given are halved, so that half is the scale that leaves the column as it is.
        return 0.0, 0.5


class QuantileScaler(Scaler):
    r"""Map values through their ranks to a normal or a uniform distribution.

    A training value v goes to its mid-rank p, the share of smaller values plus half the share of equal ones, and
    from there to

    .. math:: z = \Phi^{-1}(p) \quad\text{or}\quad z = p.

    Between training values the map is linear. Beyond the smallest and the largest it goes on with its mean slope, so
    that a value far outside stays far outside: scikit-learn's QuantileTransformer puts all such values on one point,
    which hides what a detector looks for.

    Parameters
    ----------
    output : {"normal", "uniform"}, default "normal"
        The distribution of the scaled training values.
    n_quantiles : int, default 1000
        The most training values per column that are remembered, evenly spread over the ranks.

    Attributes
    ----------
    landmarks_ : list of ndarray
        For each column the remembered values, increasing.
    targets_ : list of ndarray
        Where they are mapped to.

    Examples
    --------
    >>> import numpy as np
    >>> scaler = QuantileScaler(output="uniform").fit(np.array([[1.0], [2.0], [4.0], [8.0]]))
    >>> scaler.transform(np.array([[1.0], [3.0], [8.0]])).tolist()
    [[0.125], [0.5], [0.875]]
    """

    name = "quantile"
    landmarks_: list[Array]
    targets_: list[Array]

    def __init__(self, output: str = "normal", n_quantiles: int = 1000) -> None:
        if output not in ("normal", "uniform"):
            raise ValueError(f"output must be 'normal' or 'uniform'; found {output!r}")
        if n_quantiles < 2:
            raise ValueError(f"n_quantiles must be at least 2; found {n_quantiles}")
        self.output = output
        self.n_quantiles = n_quantiles

    def _learn(self, x: Array) -> None:
        self.landmarks_, self.targets_ = [], []
        for values in _present_values(x):
            if np.ptp(values / 2) <= _ROUNDING * np.abs(values / 2).max():
                values = values[:1]  # a constant, within rounding
            landmarks, counts = np.unique(values, return_counts=True)
            ranks = (np.cumsum(counts) - counts / 2) / len(values)
            kept = _spread(ranks, self.n_quantiles)
            kept = kept[np.diff(landmarks[kept] / 2, prepend=-np.inf) > _SMALLEST_GAP]
            self.landmarks_.append(landmarks[kept])
            self.targets_.append(ranks[kept] if self.output == "uniform" else _normal(ranks[kept]))

    def _scale(self, x: Array) -> Array:
        z = np.empty(x.shape, dtype=np.float64)
        for j, (landmarks, targets) in enumerate(zip(self.landmarks_, self.targets_, strict=True)):
            z[:, j] = _follow(x[:, j].astype(np.float64), landmarks, targets)
        return z

    def _unscale(self, z: Array) -> Array:
        x = np.empty(z.shape, dtype=np.float64)
        for j, (landmarks, targets) in enumerate(zip(self.landmarks_, self.targets_, strict=True)):
            x[:, j] = _follow(z[:, j].astype(np.float64), targets, landmarks)
        return x

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the parameters, and the landmarks and targets of all columns one after the other."""
        config = {"name": self.name, "output": self.output, "n_quantiles": self.n_quantiles}
        return config, {
            "sizes": np.array([len(landmarks) for landmarks in self.landmarks_], dtype=np.int64),
            "landmarks": np.concatenate([np.empty(0), *self.landmarks_]),
            "targets": np.concatenate([np.empty(0), *self.targets_]),
        }

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, Array]) -> Scaler:
        """Make a scaler of increasing landmarks and targets for each column."""
        scaler = cls(*_quantile_settings(config))
        sizes = vector(arrays, "sizes", np.int64)
        if (sizes < 1).any():
            raise DataError("preprocessing: expected a positive number of landmarks for each column")
        landmarks = vector(arrays, "landmarks")
        targets = vector(arrays, "targets")
        # Python's integers, since the sum of foreign ones could wrap around.
        if not len(landmarks) == len(targets) == sum(sizes.tolist()):
            raise DataError("preprocessing: expected as many landmarks and targets as the sizes say")
        cuts = np.cumsum(sizes)[:-1]
        scaler.landmarks_ = np.split(landmarks, cuts) if len(sizes) else []
        scaler.targets_ = np.split(targets, cuts) if len(sizes) else []
        if (np.abs(targets) > _FARTHEST_TARGET).any() or not all(
            map(_is_increasing, (*scaler.landmarks_, *scaler.targets_))
        ):
            raise DataError("preprocessing: expected increasing landmarks and targets in each column")
        scaler.n_features_in_ = len(sizes)
        return scaler


SCALERS: dict[str, type[Scaler]] = {
    scaler.name: scaler
    for scaler in (
        StandardScaler,
        MinMaxScaler,
        RobustScaler,
        CoreScaler,
        QuantileScaler,
        IdentityScaler,
    )
}


def scaler_from_state(config: Any, arrays: Mapping[str, Array]) -> Scaler:
    """Make the scaler that a state describes.

    Parameters
    ----------
    config : mapping
        JSON values that a scaler's `get_state` returned; its ``"name"`` says which scaler.
    arrays : mapping of str to ndarray
        The arrays that came with them.

    Returns
    -------
    Scaler
        Fitted.

    Raises
    ------
    DataError
        If there is no such scaler, or its values are not such as it can have learned.
    """
    name = field(config, "name", str)
    if name not in SCALERS:
        raise DataError(f"preprocessing: expected one of {', '.join(SCALERS)}; found {name!r}")
    return SCALERS[name].from_state(config, arrays)


def _present_values(x: Array) -> Iterator[Array]:
    """Yield the values of each column that are not missing, as a contiguous float64 array."""
    for j in range(x.shape[1]):
        column = x[:, j].astype(np.float64)
        values = column[~np.isnan(column)]
        if not len(values):
            raise DataError(f"column {j} (counted from 0) has no value to learn from")
        if np.isinf(values).any():
            raise DataError(f"column {j} (counted from 0) holds an infinite value")
        yield values


def _spread(ranks: Array, count: int) -> Array:
    """Choose at most `count` indices, evenly spread over increasing ranks, the first and the last among them."""
    if len(ranks) <= count:
        return np.arange(len(ranks))
    return np.unique(np.searchsorted(ranks, np.linspace(ranks[0], ranks[-1], count)))


def _is_increasing(values: Array) -> bool:
    return bool((np.diff(values / 2) > _SMALLEST_GAP).all())


def _normal(shares: Array) -> Array:
    quantile = NormalDist().inv_cdf
    return np.array([quantile(share) for share in shares.tolist()])


def _follow(values: Array, start: Array, end: Array) -> Array:
    """Map `start` to `end` linearly piece by piece, and on with the mean slope beyond both ends."""
    # Half of everything: no difference of two numbers overflows then.
    values, start, end = values / 2, start / 2, end / 2
    mapped = np.interp(values, start, end)
    slope = (end[-1] - end[0]) / (start[-1] - start[0]) if len(start) > 1 else 1.0
    beyond = np.maximum(values - start[-1], 0) + np.minimum(values - start[0], 0)
    with np.errstate(over="ignore"):
        return np.asarray(2 * (mapped + slope * beyond))


def _quantile_settings(config: Mapping[str, Any]) -> tuple[str, int]:
    output, count = field(config, "output", str), field(config, "n_quantiles", int)
    if output not in ("normal", "uniform") or count < 2:
        raise DataError(f"preprocessing: found output {output!r} and {count!r} quantiles")
    return output, count
