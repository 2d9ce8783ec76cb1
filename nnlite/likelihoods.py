"""Negative log-likelihoods as losses, summed over each record.

Other losses are means over features. These are sums, in nats, so that together with the divergence of
`nnlite.layers.GaussianLatent` they are the negative evidence lower bound, which `nnlite.layers.variational` derives.
Reconstructions may have any shape: all axes after the rows belong to one record.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnlite.activations import sigmoid
from nnlite.losses import Loss
from nnlite.types import Array
from nnlite.validation import check_argument, choice, number

_EPSILON = 1e-7
_LN_2PI = math.log(2 * math.pi)


class _NegativeLogLikelihood(Loss):
    """Base of the likelihoods: a loss with one value per row, for rows of any shape."""

    def gradient(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> Array:
        """Return the derivative of L with respect to each prediction; see `Loss.gradient`."""
        y_true, aligned = self.align(y_true, y_pred)
        slope = self.slope(y_true, aligned)
        factors = self._factors(np.empty(len(slope), slope.dtype), sample_weight)
        return (slope * factors.reshape(-1, *(1,) * (slope.ndim - 1))).reshape(y_pred.shape)


def _sum(terms: Array) -> Array:
    """Return the sum over all axes but the rows."""
    total: Array = terms.sum(axis=tuple(range(1, terms.ndim)))
    return total


class GaussianNLL(_NegativeLogLikelihood):
    r"""Negative log-likelihood of a Gaussian with fixed or learned variance.

    .. math:: \ell = \frac12 \sum_j \Bigl( \frac{(y_j - \mu_j)^2}{\sigma_j^2} + \ln \sigma_j^2 + \ln 2\pi \Bigr)

    With a fixed variance the predictions are the means :math:`\mu`, and up to constants the loss is the squared error.
    With a learned variance the model predicts, along its last axis, the means and the logarithms of the variances
    :math:`v = \ln \sigma^2` (``Dense(2 * d)`` for d features), and

    .. math::

        \frac{\partial \ell}{\partial \mu_j} = \frac{\mu_j - y_j}{\sigma_j^2}, \qquad
        \frac{\partial \ell}{\partial v_j} = \frac12 \Bigl( 1 - \frac{(y_j - \mu_j)^2}{\sigma_j^2} \Bigr).

    Parameters
    ----------
    variance : float or None, default 1.0
        :math:`\sigma^2`, above 0. None: learned.
    minimum_variance : float, default 1e-6
        Lower bound of a learned variance; without it, the loss of a perfectly predicted feature would have no lower
        bound.
    reduction, name : str
        See `Loss`.

    Raises
    ------
    ValueError
        If a variance is not above 0; when called, if shapes don't fit.

    References
    ----------
    Nix & Weigend, "Estimating the mean and variance of the target probability distribution", ICNN 1994.

    Examples
    --------
    >>> import numpy as np
    >>> round(GaussianNLL()(np.zeros((1, 2)), np.array([[1.0, 2.0]])), 4)
    4.3379
    >>> round(GaussianNLL(variance=None)(np.zeros((1, 2)), np.array([[1.0, 2.0, 0.0, 0.0]])), 4)
    4.3379
    """

    def __init__(
        self,
        variance: float | None = 1.0,
        minimum_variance: float = 1e-6,
        reduction: str = "sum_over_batch_size",
        name: str | None = "gaussian_nll",
    ) -> None:
        super().__init__(reduction, name)
        check_argument(self, "variance", variance, choice(None) | number(above=0))
        check_argument(self, "minimum_variance", minimum_variance, number(above=0))
        self.variance = variance
        self.minimum_variance = minimum_variance

    def align(self, y_true: Array, y_pred: Array) -> tuple[Array, Array]:
        """Return targets and predictions in one dtype; a learned variance doubles the number of predictions."""
        if self.variance is not None:
            return super().align(y_true, y_pred)
        y_true = np.asarray(y_true, y_pred.dtype)
        if y_pred.shape != (*y_true.shape[:-1], 2 * y_true.shape[-1]):
            raise ValueError(
                f"{self.name}: with variance=None the model predicts means and log variances along the last axis, so "
                f"that for y_true of shape {y_true.shape} y_pred must have twice as many features; found {y_pred.shape}"
            )
        return y_true, y_pred

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the sum over the record."""
        return _sum(self._terms(y_true, y_pred)) / 2

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return the derivative with respect to the means, and to the logarithms of learned variances."""
        mean, log_variance, is_free = self._parameters(y_pred)
        dmean: Array = (mean - y_true) * np.exp(-log_variance)
        if self.variance is not None:
            return dmean
        dlog_variance = np.where(is_free, (1 - dmean * (mean - y_true)) / 2, y_pred.dtype.type(0))
        return np.concatenate([dmean, dlog_variance], axis=-1)

    def _terms(self, y_true: Array, y_pred: Array) -> Array:
        """Return twice the negative log density of each target."""
        mean, log_variance, _ = self._parameters(y_pred)
        terms: Array = (y_true - mean) ** 2 * np.exp(-log_variance) + log_variance + y_pred.dtype.type(_LN_2PI)
        return terms

    def _parameters(self, y_pred: Array) -> tuple[Array, Array, Any]:
        """Return the means, the log variances, and True where these are above their lower bound."""
        if self.variance is not None:
            return y_pred, np.asarray(math.log(self.variance), y_pred.dtype), True
        mean, log_variance = np.split(y_pred, 2, axis=-1)
        least = y_pred.dtype.type(math.log(self.minimum_variance))
        return mean, np.maximum(log_variance, least), log_variance > least

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "variance": self.variance, "minimum_variance": self.minimum_variance}


class MaskedGaussianNLL(GaussianNLL):
    r"""Negative log-likelihood of a Gaussian, of the known targets alone.

    Targets that are NaN are unknown: they add nothing to the loss, neither an error nor a variance, and the gradients
    of their means and log variances are 0. With K the known targets of a record:

    .. math:: \ell = \frac12 \sum_{j \in K} \Bigl( \frac{(y_j - \mu_j)^2}{\sigma_j^2} + \ln \sigma_j^2 + \ln 2\pi \Bigr)

    Since the features are independent given the predictions, this is the exact likelihood of the known ones: of the
    record with the unknown ones integrated out. A record without a known target has loss 0, and complete targets have
    exactly the loss and the gradient of `GaussianNLL`.

    Only targets may be unknown. Inputs must be numbers: fill the holes of x, and leave them in y. Metrics have no
    value for unknown targets; `fit` and `evaluate` refuse them.

    Parameters
    ----------
    variance : float or None, default 1.0
        :math:`\sigma^2`, above 0. None: learned; the model predicts means and log variances, see `GaussianNLL`.
    minimum_variance : float, default 1e-6
        Lower bound of a learned variance.
    reduction, name : str
        See `Loss`.

    Raises
    ------
    ValueError
        As by `GaussianNLL`.

    Examples
    --------
    >>> import numpy as np
    >>> loss = MaskedGaussianNLL()
    >>> y_true, y_pred = np.array([[0.0, np.nan, 0.0]]), np.array([[1.0, 9.0, 2.0]])
    >>> round(loss(y_true, y_pred), 4)
    4.3379
    >>> loss.gradient(y_true, y_pred).tolist()
    [[1.0, 0.0, 2.0]]
    """

    accepts_unknown = True

    def __init__(
        self,
        variance: float | None = 1.0,
        minimum_variance: float = 1e-6,
        reduction: str = "sum_over_batch_size",
        name: str | None = "masked_gaussian_nll",
    ) -> None:
        super().__init__(variance, minimum_variance, reduction, name)

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return the derivative with respect to the means and learned log variances, and 0 where y is unknown."""
        slope = super().slope(y_true, y_pred)
        unknown = np.isnan(y_true)
        if self.variance is None:
            unknown = np.concatenate([unknown, unknown], axis=-1)
        return np.where(unknown, y_pred.dtype.type(0), slope)

    def _terms(self, y_true: Array, y_pred: Array) -> Array:
        return np.where(np.isnan(y_true), y_pred.dtype.type(0), super()._terms(y_true, y_pred))


class BernoulliNLL(_NegativeLogLikelihood):
    r"""Negative log-likelihood of binary values: binary cross-entropy, summed over a record.

    .. math:: \ell = -\sum_j \bigl( y_j \ln p_j + (1 - y_j) \ln(1 - p_j) \bigr), \qquad
              \frac{\partial \ell}{\partial p_j} = \frac{p_j - y_j}{p_j (1 - p_j)}

    For logits z, where :math:`p = \sigma(z)`, the derivative with respect to :math:`z_j` is :math:`p_j - y_j`. Targets
    may be any values from 0 to 1, such as gray values.

    Parameters
    ----------
    from_logits : bool, default False
        Whether predictions are logits instead of probabilities. Probabilities are clipped to [1e-7, 1 - 1e-7].
    reduction, name : str
        See `Loss`.

    Examples
    --------
    >>> import numpy as np
    >>> round(BernoulliNLL()(np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])), 4)
    1.3863
    """

    def __init__(
        self, from_logits: bool = False, reduction: str = "sum_over_batch_size", name: str | None = "bernoulli_nll"
    ) -> None:
        super().__init__(reduction, name)
        self.from_logits = from_logits

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the sum over the record."""
        if self.from_logits:
            return _sum(np.maximum(y_pred, 0) - y_pred * y_true + np.log1p(np.exp(-np.abs(y_pred))))
        p = _clip(y_pred)
        return _sum(-(y_true * np.log(p) + (1 - y_true) * np.log1p(-p)))

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return p - y for logits; for probabilities, that divided by p (1 - p)."""
        if self.from_logits:
            return sigmoid(y_pred) - y_true
        p = _clip(y_pred)
        return np.where(p == y_pred, (p - y_true) / (p * (1 - p)), y_pred.dtype.type(0))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "from_logits": self.from_logits}


def _clip(p: Array) -> Array:
    """Return probabilities clipped to [epsilon, 1 - epsilon], where both logarithms are finite."""
    as_float = p.dtype.type
    return np.clip(p, as_float(_EPSILON), as_float(1 - _EPSILON))
