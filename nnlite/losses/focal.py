"""Cross-entropies that give more or less weight to hard examples."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.activations import sigmoid, softmax
from nnlite.losses.base import EPSILON, Loss
from nnlite.losses.crossentropy import Crossentropy, clip_probabilities
from nnlite.types import Array
from nnlite.validation import check_argument, number


class BinaryFocalCrossentropy(Crossentropy):
    r"""Binary cross-entropy with less weight for what is predicted well, for rare classes.

    .. math:: \ell = \frac1d \sum_j a_j (1 - t_j)^\gamma c_j, \qquad t_j = y_j p_j + (1 - y_j)(1 - p_j)

    with the cross-entropy :math:`c_j = -y_j \ln p_j - (1 - y_j) \ln(1 - p_j)`. Backward:

    .. math:: \frac{\partial \ell}{\partial p_j} = \frac{a_j}{d} \Bigl( (1 - t_j)^\gamma
              \frac{p_j - y_j}{p_j (1 - p_j)} - \gamma (1 - t_j)^{\gamma - 1} (2 y_j - 1)\, c_j \Bigr)

    For logits, that is multiplied by :math:`p_j (1 - p_j)`.

    Parameters
    ----------
    apply_class_balancing : bool, default False
        Whether :math:`a_j` is `alpha` for class 1 and ``1 - alpha`` for class 0; else it is 1.
    alpha : float, default 0.25
        Weight of class 1.
    gamma : float, default 2.0
        :math:`\gamma`; 0 gives the cross-entropy.
    from_logits, label_smoothing, axis, reduction, name
        See `BinaryCrossentropy`.

    References
    ----------
    Lin et al., "Focal loss for dense object detection", ICCV 2017.

    Examples
    --------
    >>> import numpy as np
    >>> round(BinaryFocalCrossentropy()(np.array([[1.0]]), np.array([[0.5]])), 4)
    0.1733
    """

    default_name = "binary_focal_crossentropy"

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(from_logits, label_smoothing, axis, reduction, name, dtype)
        check_argument(self, "gamma", gamma, number(least=0))
        self.apply_class_balancing = apply_class_balancing
        self.alpha = alpha
        self.gamma = gamma

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the mean of the weighted cross-entropies."""
        y, p, hardness, entropy = self._terms(y_true, y_pred)
        values: Array = (self._balance(y) * hardness ** p.dtype.type(self.gamma) * entropy).mean(axis=-1)
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return the derivative with respect to probabilities or logits."""
        y, p, hardness, entropy = self._terms(y_true, y_pred)
        gamma = p.dtype.type(self.gamma)
        spread = p * (1 - p)
        through_entropy = hardness**gamma * (p - y) / spread
        # At gamma 0 the factor is 1 everywhere, and 0 to the power of -1 is not wanted.
        through_factor = gamma * hardness ** (gamma - 1) * (2 * y - 1) * entropy if self.gamma else 0
        derivative = self._balance(y) * (through_entropy - through_factor) / p.dtype.type(p.shape[-1])
        if self.from_logits:
            return np.asarray(derivative * spread)
        return np.where(p == y_pred, derivative, p.dtype.type(0))

    def _terms(self, y_true: Array, y_pred: Array) -> tuple[Array, Array, Array, Array]:
        """Return targets, probabilities, 1 - t and the cross-entropies."""
        y = self._smoothed(y_true, 0.5)
        p = clip_probabilities(sigmoid(y_pred) if self.from_logits else y_pred)
        return y, p, 1 - (y * p + (1 - y) * (1 - p)), -(y * np.log(p) + (1 - y) * np.log(1 - p))

    def _balance(self, y: Array) -> Any:
        if not self.apply_class_balancing:
            return y.dtype.type(1)
        return y * y.dtype.type(self.alpha) + (1 - y) * y.dtype.type(1 - self.alpha)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"apply_class_balancing": self.apply_class_balancing, "alpha": self.alpha, "gamma": self.gamma}
        return {**super().get_config(), **own}


class CategoricalFocalCrossentropy(Crossentropy):
    r"""Categorical cross-entropy with less weight for what is predicted well.

    .. math:: \ell = -\alpha \sum_j (1 - q_j)^\gamma y_j \ln q_j, \qquad q_j = \frac{p_j}{\sum_k p_k}

    Backward, first with respect to q, then through the division by the sum s of the probabilities:

    .. math:: g_j = \alpha y_j \Bigl( \gamma (1 - q_j)^{\gamma - 1} \ln q_j - \frac{(1 - q_j)^\gamma}{q_j} \Bigr),
              \qquad \frac{\partial \ell}{\partial p_j} = \frac1s \Bigl( g_j - \sum_k g_k q_k \Bigr)

    For logits, where q is their softmax, :math:`\partial \ell / \partial z_j = q_j (g_j - \sum_k g_k q_k)`.

    Parameters
    ----------
    alpha : float, default 0.25
        :math:`\alpha`.
    gamma : float, default 2.0
        :math:`\gamma`.
    from_logits, label_smoothing, axis, reduction, name
        See `CategoricalCrossentropy`.

    References
    ----------
    Lin et al., "Focal loss for dense object detection", ICCV 2017.

    Examples
    --------
    >>> import numpy as np
    >>> round(CategoricalFocalCrossentropy()(np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])), 4)
    0.0433
    """

    default_name = "categorical_focal_crossentropy"

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(from_logits, label_smoothing, axis, reduction, name, dtype)
        check_argument(self, "gamma", gamma, number(least=0))
        self.alpha = alpha
        self.gamma = gamma

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the sum of the weighted cross-entropies."""
        y, q, _ = self._terms(y_true, y_pred)
        as_float = q.dtype.type
        values: Array = -as_float(self.alpha) * ((1 - q) ** as_float(self.gamma) * y * np.log(q)).sum(axis=-1)
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return the derivative with respect to probabilities or logits."""
        y, q, unclipped = self._terms(y_true, y_pred)
        gamma, alpha = q.dtype.type(self.gamma), q.dtype.type(self.alpha)
        rest = 1 - q
        g = alpha * y * ((gamma * rest ** (gamma - 1) * np.log(q) if self.gamma else 0) - rest**gamma / q)
        g = np.where(q == unclipped, g, q.dtype.type(0))
        centered = g - (g * unclipped).sum(axis=-1, keepdims=True)
        if self.from_logits:
            return np.asarray(unclipped * centered)
        return np.asarray(centered / y_pred.sum(axis=-1, keepdims=True))

    def _terms(self, y_true: Array, y_pred: Array) -> tuple[Array, Array, Array]:
        """Return targets, and probabilities with and without limits."""
        y = self._smoothed(y_true, 1 / y_true.shape[-1])
        p = softmax(y_pred) if self.from_logits else y_pred
        q = p / p.sum(axis=-1, keepdims=True)
        return y, clip_probabilities(q), q

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "alpha": self.alpha, "gamma": self.gamma}


class CategoricalGeneralizedCrossEntropy(Loss):
    r"""Between cross-entropy and absolute error, for labels of which some are wrong.

    .. math:: \ell = \frac{1 - p_c^q}{q}, \qquad \frac{\partial \ell}{\partial p_c} = -p_c^{q - 1}

    with the probability :math:`p_c` of the class c that the label names; the other derivatives are 0.

    Parameters
    ----------
    q : float, default 0.5
        Between 0 (cross-entropy) and 1 (absolute error), both excluded.
    reduction, name : str
        See `Loss`.

    References
    ----------
    Zhang & Sabuncu, "Generalized cross entropy loss for training deep neural networks with noisy labels", NeurIPS 2018.

    Examples
    --------
    >>> import numpy as np
    >>> CategoricalGeneralizedCrossEntropy()(np.array([1]), np.array([[0.75, 0.25]]))
    1.0
    """

    default_name = "categorical_generalized_cross_entropy"

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        check_argument(self, "q", q, number(above=0, below=1))
        self.q = q

    def align(self, y_true: Array, y_pred: Array) -> tuple[Array, Array]:
        """Return one-hot labels and probabilities."""
        labels = np.asarray(y_true).astype(np.int64)
        if labels.ndim == y_pred.ndim and labels.shape[-1] == 1:
            labels = labels[..., 0]
        if labels.shape != y_pred.shape[:-1]:
            raise ValueError(
                f"{self.name}: y_true must have one class number for each sample, shape {y_pred.shape[:-1]}; found "
                f"{labels.shape}"
            )
        return (labels[..., np.newaxis] == np.arange(y_pred.shape[-1])).astype(y_pred.dtype), y_pred

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return (1 - p^q) / q."""
        q = y_pred.dtype.type(self.q)
        values: Array = (1 - (y_true * y_pred).sum(axis=-1) ** q) / q
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return -p^(q - 1) for the class of the label."""
        p = np.maximum((y_true * y_pred).sum(axis=-1, keepdims=True), y_pred.dtype.type(EPSILON))
        slope: Array = -y_true * p ** y_pred.dtype.type(self.q - 1)
        return slope

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "q": self.q}
