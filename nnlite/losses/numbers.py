"""More losses of numbers: relative errors, logarithms, counts and directions."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.losses.base import EPSILON, Loss
from nnlite.types import Array

_SMALLEST_SQUARE = 1e-12


class MeanAbsolutePercentageError(Loss):
    r"""Mean absolute error in percent of the targets.

    .. math:: \ell = \frac{100}{d} \sum_j \frac{|\hat y_j - y_j|}{\max(|y_j|, \epsilon)}, \qquad
              \frac{\partial \ell}{\partial \hat y_j}
              = \frac{100}{d} \cdot \frac{\operatorname{sign}(\hat y_j - y_j)}{\max(|y_j|, \epsilon)}

    Parameters
    ----------
    reduction, name : str
        See `Loss`.

    Examples
    --------
    >>> import numpy as np
    >>> MeanAbsolutePercentageError()(np.array([[2.0]]), np.array([[3.0]]))
    50.0
    """

    default_name = "mean_absolute_percentage_error"

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the mean of the relative errors, times 100."""
        values: Array = 100 * (np.abs(y_pred - y_true) / self._sizes(y_true)).mean(axis=-1)
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return 100 sign(ŷ - y) / (d |y|)."""
        slope: Array = np.sign(y_pred - y_true) / self._sizes(y_true) * y_pred.dtype.type(100 / y_pred.shape[-1])
        return slope

    def _sizes(self, y_true: Array) -> Array:
        return np.maximum(np.abs(y_true), y_true.dtype.type(EPSILON))


class MeanSquaredLogarithmicError(Loss):
    r"""Mean squared error of the logarithms of targets and predictions, each plus 1.

    .. math:: \ell = \frac1d \sum_j \bigl(\ln(1 + \hat y_j) - \ln(1 + y_j)\bigr)^2, \qquad
              \frac{\partial \ell}{\partial \hat y_j}
              = \frac2d \cdot \frac{\ln(1 + \hat y_j) - \ln(1 + y_j)}{1 + \hat y_j}

    Values below 1e-7 are taken as 1e-7; there the derivative is 0.

    Parameters
    ----------
    reduction, name : str
        See `Loss`.

    Examples
    --------
    >>> import numpy as np
    >>> round(MeanSquaredLogarithmicError()(np.array([[0.0]]), np.array([[1.0]])), 4)
    0.4805
    """

    default_name = "mean_squared_logarithmic_error"

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the mean of the squared differences of the logarithms."""
        values: Array = np.square(self._difference(y_true, y_pred)).mean(axis=-1)
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return the derivative; 0 where the prediction is below the smallest value."""
        inside = y_pred > EPSILON
        positive = np.where(inside, y_pred, 0)
        slope = self._difference(y_true, y_pred) / (1 + positive) * y_pred.dtype.type(2 / y_pred.shape[-1])
        return np.where(inside, slope, y_pred.dtype.type(0))

    def _difference(self, y_true: Array, y_pred: Array) -> Array:
        least = y_pred.dtype.type(EPSILON)
        difference: Array = np.log1p(np.maximum(y_pred, least)) - np.log1p(np.maximum(y_true, least))
        return difference


class LogCosh(Loss):
    r"""Logarithm of the hyperbolic cosine of the error: quadratic for small errors, linear for large ones.

    .. math:: \ell = \frac1d \sum_j \ln \cosh(\hat y_j - y_j), \qquad
              \frac{\partial \ell}{\partial \hat y_j} = \frac1d \tanh(\hat y_j - y_j)

    Parameters
    ----------
    reduction, name : str
        See `Loss`.

    Examples
    --------
    >>> import numpy as np
    >>> round(LogCosh()(np.array([[0.0]]), np.array([[1.0]])), 4)
    0.4338
    """

    default_name = "log_cosh"

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the mean, computed as |e| + ln(1 + exp(-2|e|)) - ln 2, which cannot overflow."""
        error = np.abs(y_pred - y_true)
        values: Array = (error + np.log1p(np.exp(-2 * error)) - error.dtype.type(np.log(2))).mean(axis=-1)
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return tanh(ŷ - y) / d."""
        slope: Array = np.tanh(y_pred - y_true) * y_pred.dtype.type(1 / y_pred.shape[-1])
        return slope


class Poisson(Loss):
    r"""Negative log-likelihood of counts with a Poisson distribution of mean :math:`\hat y`, up to a constant.

    .. math:: \ell = \frac1d \sum_j \bigl(\hat y_j - y_j \ln(\hat y_j + \epsilon)\bigr), \qquad
              \frac{\partial \ell}{\partial \hat y_j} = \frac1d \Bigl(1 - \frac{y_j}{\hat y_j + \epsilon}\Bigr)

    Parameters
    ----------
    reduction, name : str
        See `Loss`.

    Examples
    --------
    >>> import numpy as np
    >>> round(Poisson()(np.array([[1.0]]), np.array([[2.0]])), 4)
    1.3069
    """

    default_name = "poisson"

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the mean of ŷ - y ln ŷ."""
        values: Array = (y_pred - y_true * np.log(y_pred + y_pred.dtype.type(EPSILON))).mean(axis=-1)
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return (1 - y / ŷ) / d."""
        return (1 - y_true / (y_pred + y_pred.dtype.type(EPSILON))) * y_pred.dtype.type(1 / y_pred.shape[-1])


class CosineSimilarity(Loss):
    r"""Negative cosine of the angle between targets and predictions: -1 for the same direction.

    With :math:`u = y / |y|` and :math:`\hat u = \hat y / |\hat y|`:

    .. math:: \ell = -\sum_j u_j \hat u_j, \qquad
              \frac{\partial \ell}{\partial \hat y_j} = -\frac{u_j + \ell\, \hat u_j}{|\hat y|}

    Parameters
    ----------
    axis : int, default -1
        Axis of the values of one sample.
    reduction, name : str
        See `Loss`.

    Examples
    --------
    >>> import numpy as np
    >>> CosineSimilarity()(np.array([[1.0, 0.0]]), np.array([[3.0, 0.0]]))
    -1.0
    """

    default_name = "cosine_similarity"

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.axis = axis

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the negative product of the directions."""
        values: Array = -(_direction(y_true)[0] * _direction(y_pred)[0]).sum(axis=-1)
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return the derivative: along the target, without its part along the prediction."""
        u, (v, length) = _direction(y_true)[0], _direction(y_pred)
        slope: Array = -(u - (u * v).sum(axis=-1, keepdims=True) * v) / length
        return slope

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "axis": self.axis}


def _direction(y: Array) -> tuple[Array, Array]:
    """Return vectors divided by their lengths, and the lengths, at least 1e-6."""
    length = np.sqrt(np.maximum(np.square(y).sum(axis=-1, keepdims=True), y.dtype.type(_SMALLEST_SQUARE)))
    return y / length, length
