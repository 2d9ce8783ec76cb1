"""More losses of classes: hinges, and the divergence of distributions."""

from __future__ import annotations

import numpy as np

from nnlite.losses.base import EPSILON, Loss
from nnlite.types import Array


class Hinge(Loss):
    r"""Hinge loss of labels -1 and 1; labels 0 are taken as -1 if all labels are 0 or 1.

    .. math:: \ell = \frac1d \sum_j \max(1 - y_j \hat y_j, 0), \qquad
              \frac{\partial \ell}{\partial \hat y_j} = -\frac{y_j}{d} \text{ where } y_j \hat y_j < 1, \text{ else } 0

    Parameters
    ----------
    reduction, name : str
        See `Loss`.

    Examples
    --------
    >>> import numpy as np
    >>> Hinge()(np.array([[-1.0, 1.0]]), np.array([[-2.0, 0.5]]))
    0.25
    """

    default_name = "hinge"

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the mean of the hinges."""
        values: Array = _hinges(_signs(y_true), y_pred).mean(axis=-1)
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return -y / d inside the margin, 0 outside."""
        y = _signs(y_true)
        slope: Array = -y * (y * y_pred < 1) * y_pred.dtype.type(1 / y_pred.shape[-1])
        return slope


class SquaredHinge(Loss):
    r"""Squared hinge loss of labels -1 and 1, or 0 and 1; see `Hinge`.

    .. math:: \ell = \frac1d \sum_j \max(1 - y_j \hat y_j, 0)^2, \qquad
              \frac{\partial \ell}{\partial \hat y_j} = -\frac{2 y_j}{d} \max(1 - y_j \hat y_j, 0)

    Parameters
    ----------
    reduction, name : str
        See `Loss`.
    """

    default_name = "squared_hinge"

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the mean of the squared hinges."""
        values: Array = np.square(_hinges(_signs(y_true), y_pred)).mean(axis=-1)
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return -2 y max(1 - y ŷ, 0) / d."""
        y = _signs(y_true)
        return -y * _hinges(y, y_pred) * y_pred.dtype.type(2 / y_pred.shape[-1])


class CategoricalHinge(Loss):
    r"""Hinge loss between the true class and the best of the others, for one-hot labels.

    .. math:: \ell = \max\bigl(1 + \max_j (1 - y_j) \hat y_j - \sum_j y_j \hat y_j,\; 0\bigr)

    Where the loss is positive, its derivative is :math:`-y_j`, plus :math:`1 - y_k` for the k of the maximum.

    Parameters
    ----------
    reduction, name : str
        See `Loss`.
    """

    default_name = "categorical_hinge"

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the hinge of each sample."""
        others = ((1 - y_true) * y_pred).max(axis=-1)
        values: Array = np.maximum(1 + others - (y_true * y_pred).sum(axis=-1), 0)
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return the derivative: that of the largest other prediction minus that of the true one."""
        best = ((1 - y_true) * y_pred).argmax(axis=-1)[..., np.newaxis]
        slope = -y_true
        np.put_along_axis(
            slope, best, np.take_along_axis(slope, best, -1) + 1 - np.take_along_axis(y_true, best, -1), -1
        )
        positive = self.per_sample(y_true, y_pred) > 0
        return slope * positive[..., np.newaxis]


class KLDivergence(Loss):
    r"""Kullback-Leibler divergence of the predicted from the true distribution.

    .. math:: \ell = \sum_j y_j \ln \frac{y_j}{\hat y_j}, \qquad
              \frac{\partial \ell}{\partial \hat y_j} = -\frac{y_j}{\hat y_j}

    Both are clipped to [1e-7, 1]; where the prediction is outside, the derivative is 0.

    Parameters
    ----------
    reduction, name : str
        See `Loss`.

    Examples
    --------
    >>> import numpy as np
    >>> round(KLDivergence()(np.array([[0.5, 0.5]]), np.array([[0.25, 0.75]])), 4)
    0.1438
    """

    default_name = "kl_divergence"

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the divergence."""
        y, p = _probabilities(y_true), _probabilities(y_pred)
        values: Array = (y * np.log(y / p)).sum(axis=-1)
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return -y / ŷ, and 0 where ŷ is outside of its bounds."""
        p = _probabilities(y_pred)
        return np.where(p == y_pred, -_probabilities(y_true) / p, y_pred.dtype.type(0))


def _signs(y_true: Array) -> Array:
    """Return labels -1 and 1 for labels 0 and 1; others as they are."""
    binary = bool(((y_true == 0) | (y_true == 1)).all())
    return 2 * y_true - 1 if binary else y_true


def _hinges(y: Array, y_pred: Array) -> Array:
    return np.maximum(1 - y * y_pred, 0)


def _probabilities(p: Array) -> Array:
    return np.clip(p, p.dtype.type(EPSILON), p.dtype.type(1))
