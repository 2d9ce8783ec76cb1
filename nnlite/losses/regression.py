"""Losses of numbers: squared, absolute and robust errors."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.losses.base import Loss
from nnlite.types import Array
from nnlite.validation import check_argument, number


class MeanSquaredError(Loss):
    r"""Mean squared error.

    .. math:: \ell = \frac1d \sum_j (\hat y_j - y_j)^2, \qquad
              \frac{\partial \ell}{\partial \hat y_j} = \frac2d (\hat y_j - y_j)

    Parameters
    ----------
    reduction, name : str
        See `Loss`.

    Examples
    --------
    >>> import numpy as np
    >>> loss = MeanSquaredError()
    >>> loss(np.array([[0.0, 0.0]]), np.array([[1.0, 3.0]]))
    5.0
    >>> loss.gradient(np.array([[0.0, 0.0]]), np.array([[1.0, 3.0]])).tolist()
    [[1.0, 3.0]]
    """

    default_name = "mean_squared_error"

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the mean of the squares."""
        values: Array = np.square(y_pred - y_true).mean(axis=-1)
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return 2 (ŷ - y) / d."""
        return (y_pred - y_true) * y_pred.dtype.type(2 / y_pred.shape[-1])


class MaskedMeanSquaredError(Loss):
    r"""Mean squared error of targets of which some are unknown, such as the cells of a table with missing values.

    Targets that are NaN are unknown: they add nothing to the loss, and their gradient is 0. With K the known ones of
    the d targets of a sample:

    .. math:: \ell = \frac1d \sum_{j \in K} (\hat y_j - y_j)^2, \qquad
              \frac{\partial \ell}{\partial \hat y_j} = \frac2d (\hat y_j - y_j) \text{ for } j \in K, \text{ else } 0

    The divisor is d, the number of all targets, and not the number of the known ones: every known target then has the
    same weight in training. Divided by the known ones, the two targets of a nearly empty record would pull as much as
    all targets of a complete one. A sample without a known target has loss 0, and complete targets have exactly the
    loss and the gradient of `MeanSquaredError`.

    Only targets may be unknown. Inputs must be numbers: fill the holes of x, and leave them in y. Metrics have no
    value for unknown targets; `fit` and `evaluate` refuse them.

    Parameters
    ----------
    reduction, name : str
        See `Loss`.

    Examples
    --------
    >>> import numpy as np
    >>> loss = MaskedMeanSquaredError()
    >>> y_true = np.array([[0.0, np.nan], [np.nan, np.nan]])
    >>> y_pred = np.array([[2.0, 9.0], [5.0, 5.0]])
    >>> loss.per_sample(y_true, y_pred).tolist()
    [2.0, 0.0]
    >>> loss.gradient(y_true, y_pred).tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """

    default_name = "masked_mean_squared_error"
    accepts_unknown = True

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the sum of the squares of the known errors, over d."""
        values: Array = np.square(_known_errors(y_true, y_pred)).mean(axis=-1)
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return 2 (ŷ - y) / d, and 0 where y is unknown."""
        return _known_errors(y_true, y_pred) * y_pred.dtype.type(2 / y_pred.shape[-1])


def _known_errors(y_true: Array, y_pred: Array) -> Array:
    """Return ŷ - y, and 0 where y is unknown; a prediction of NaN for a known target stays NaN."""
    return np.where(np.isnan(y_true), y_pred.dtype.type(0), y_pred - y_true)


class MeanAbsoluteError(Loss):
    r"""Mean absolute error.

    .. math:: \ell = \frac1d \sum_j |\hat y_j - y_j|, \qquad
              \frac{\partial \ell}{\partial \hat y_j} = \frac1d \operatorname{sign}(\hat y_j - y_j)

    Parameters
    ----------
    reduction, name : str
        See `Loss`.

    Examples
    --------
    >>> import numpy as np
    >>> MeanAbsoluteError()(np.array([[0.0, 0.0]]), np.array([[1.0, -3.0]]))
    2.0
    """

    default_name = "mean_absolute_error"

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the mean of the absolute values."""
        values: Array = np.abs(y_pred - y_true).mean(axis=-1)
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return sign(ŷ - y) / d."""
        slope: Array = np.sign(y_pred - y_true) * y_pred.dtype.type(1 / y_pred.shape[-1])
        return slope


class Huber(Loss):
    r"""Huber loss: quadratic for small errors and linear for large ones, and so robust to outliers.

    With :math:`e = \hat y - y`:

    .. math:: \ell = \frac1d \sum_j \begin{cases} \tfrac12 e_j^2 & |e_j| \le \delta \\
              \delta |e_j| - \tfrac12 \delta^2 & |e_j| > \delta \end{cases}, \qquad
              \frac{\partial \ell}{\partial \hat y_j} = \frac1d \min(\max(e_j, -\delta), \delta)

    Parameters
    ----------
    delta : float, default 1.0
        :math:`\delta`, the error at which the quadratic part ends.
    reduction, name : str
        See `Loss`.

    References
    ----------
    Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 35 (1964).

    Examples
    --------
    >>> import numpy as np
    >>> Huber()(np.array([[0.0]]), np.array([[3.0]]))
    2.5
    """

    default_name = "huber_loss"

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        check_argument(self, "delta", delta, number(above=0))
        self.delta = delta

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the mean of the Huber losses of all values."""
        delta = y_pred.dtype.type(self.delta)
        error = np.abs(y_pred - y_true)
        terms = np.where(error <= delta, error * error / 2, delta * error - delta * delta / 2)
        values: Array = terms.mean(axis=-1)
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return the error, clipped to [-delta, delta], over d."""
        delta = y_pred.dtype.type(self.delta)
        return np.clip(y_pred - y_true, -delta, delta) * y_pred.dtype.type(1 / y_pred.shape[-1])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "delta": self.delta}
