r"""Affine scalers, which bring columns of any unit to a common scale, and thereby to a common weight.

A scaler is fitted on training rows and maps float64 matrices, column by column. Missing values (NaN) are ignored by the
fit and remain NaN.

.. math:: z = \frac{x - c}{s}

with center c and scale s of each column. The scalers with scikit-learn's names give the same values as there. For a
constant column s = 1, as in scikit-learn, so that the scaled difference of a later record is its difference. A column
is constant if its values are equal within rounding error, relative to their size: a column of values around 1e-300 is
scaled as one of values around 1e12.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from anomaly.errors import DataError
from anomaly.preprocessing.scaling.base import AffineScaler, Scaler
from anomaly.preprocessing.scaling.quantile import QuantileScaler
from anomaly.tables.saved_state import field
from nnlite.types import Array

# Distance between the first and the last decile of the standard normal distribution.
_DECILE_RANGE = 2.5631031310892016
LEAST_FRACTION = 0.2
"""Smallest scale of `CoreScaler`, as a fraction of the standard deviation."""


def _quantiles(values: Array, *levels: float) -> Array:
    """Return the quantiles of `numpy.quantile` up to rounding, in a tenth of its time for a short column."""
    return np.interp(np.multiply(levels, len(values) - 1), np.arange(len(values)), np.sort(values))


def _mean_and_deviation(values: Array) -> tuple[float, float]:
    """Return mean and standard deviation, without overflow or underflow."""
    # Scaled by a power of two, which is exact, no square overflows or underflows.
    exponent = int(np.frexp(np.abs(values).max())[1])
    values = np.ldexp(values, -exponent)
    center = values.mean()
    # The mean of the residuals corrects the rounding error of the mean (Chan, Golub & LeVeque, "Algorithms for
    # computing the sample variance", The American Statistician 37, 1983).
    center += (values - center).mean()
    deviation = np.sqrt(np.square(values - center).mean())
    return float(np.ldexp(center, exponent)), float(np.ldexp(deviation, exponent))


def core_of(values: Array) -> tuple[float, float]:
    """Return the median of finite values, and their standard deviation estimated from the middle 80 %."""
    low, center, high = _quantiles(values, 0.1, 0.5, 0.9)
    return float(center), float(high - low) / _DECILE_RANGE


class StandardScaler(AffineScaler):
    r"""Subtract the mean and divide by the standard deviation (of the population, with denominator n).

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
        return _mean_and_deviation(values)


class MinMaxScaler(AffineScaler):
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


class RobustScaler(AffineScaler):
    """Subtract the median and divide by the interquartile range, which are robust to a few outliers.

    A column with more than half of its values equal has a range of 0 and scale 1, as in scikit-learn.

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
        low, center, high = _quantiles(values, 0.25, 0.5, 0.75)
        return float(center), float(high - low)


class CoreScaler(AffineScaler):
    r"""Subtract the median and divide by the standard deviation estimated from the middle 80 % of the values.

    .. math:: s = \max\!\left(\frac{q_{0.9} - q_{0.1}}{2\,\Phi^{-1}(0.9)},\; \frac{\sigma}{5}\right)

    For normally distributed values s is the standard deviation :math:`\sigma`. Extreme values, such as anomalies among
    the training records, inflate :math:`\sigma` and thereby mask each other; they hardly change s. The decile range of
    a nearly constant column is 0: therefore s is at least a fifth of :math:`\sigma`.

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
        center, core = core_of(values)
        return center, max(core, _mean_and_deviation(values)[1] * LEAST_FRACTION)


class IdentityScaler(AffineScaler):
    """Return numbers unchanged, for columns with a common unit.

    Examples
    --------
    >>> import numpy as np
    >>> IdentityScaler().fit(np.array([[1.0], [5.0]])).transform(np.array([[3.0]])).tolist()
    [[3.0]]
    """

    name = "none"

    @staticmethod
    def _measure(values: Array) -> tuple[float, float]:  # noqa: ARG004
        # The values are halved, so that a scale of one half leaves the column unchanged.
        return 0.0, 0.5


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
    """Restore a scaler from its state, validating every field.

    Parameters
    ----------
    config : mapping
        JSON values of the scaler's `get_state`; ``"name"`` is the name of the scaler.
    arrays : mapping of str to ndarray
        Arrays of the scaler's `get_state`.

    Returns
    -------
    Scaler
        The fitted scaler.

    Raises
    ------
    DataError
        If there is no such scaler, or a value is not valid for it.
    """
    name = field(config, "name", str)
    if name not in SCALERS:
        raise DataError(f"preprocessing: expected one of {', '.join(SCALERS)}; found {name!r}")
    return SCALERS[name].from_state(config, arrays)
