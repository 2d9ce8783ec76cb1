"""Cross-entropies of probabilities and logits."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.activations import sigmoid, softmax
from nnlite.losses.base import EPSILON, Loss
from nnlite.types import Array
from nnlite.validation import check_argument, number


class Crossentropy(Loss):
    """Base of the cross-entropies: logits or probabilities, and label smoothing."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        check_argument(self, "label_smoothing", label_smoothing, number(0, most=1))
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def _smoothed(self, y_true: Array, uniform: float) -> Array:
        """Return the weighted mean of the labels and of a uniform probability."""
        if not self.label_smoothing:
            return y_true
        as_float = y_true.dtype.type
        return y_true * as_float(1 - self.label_smoothing) + as_float(self.label_smoothing * uniform)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "from_logits": self.from_logits,
            "label_smoothing": self.label_smoothing,
            "axis": self.axis,
        }


class BinaryCrossentropy(Crossentropy):
    r"""Binary cross-entropy of independent predictions.

    .. math:: \ell = -\frac1d \sum_j \bigl( y_j \ln p_j + (1 - y_j) \ln(1 - p_j) \bigr), \qquad
              \frac{\partial \ell}{\partial p_j} = \frac1d \Bigl( \frac{1 - y_j}{1 - p_j} - \frac{y_j}{p_j} \Bigr)

    For logits z, where :math:`p = \sigma(z)`, the derivative with respect to :math:`z_j` is :math:`(p_j - y_j) / d`,
    and the loss is computed as :math:`\max(z, 0) - z y + \ln(1 + e^{-|z|})`, which is numerically stable.

    Parameters
    ----------
    from_logits : bool, default False
        Whether predictions are logits instead of probabilities. Probabilities are clipped to [1e-7, 1 - 1e-7].
    label_smoothing : float, default 0.0
        Weight of 1/2 in the smoothed labels, from 0 to 1.
    axis : int, default -1
        Axis of the mean over the values of a sample.
    reduction, name : str
        See `Loss`.

    Examples
    --------
    >>> import numpy as np
    >>> round(BinaryCrossentropy()(np.array([[1.0]]), np.array([[0.5]])), 4)
    0.6931
    """

    default_name = "binary_crossentropy"

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the mean cross-entropy."""
        y = self._smoothed(y_true, 0.5)
        if self.from_logits:
            terms = np.maximum(y_pred, 0) - y_pred * y + np.log1p(np.exp(-np.abs(y_pred)))
        else:
            p = clip_probabilities(y_pred)
            terms = -(y * np.log(p) + (1 - y) * np.log(1 - p))
        values: Array = terms.mean(axis=-1)
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return (p - y) / d for logits; for probabilities, that divided by p (1 - p)."""
        y = self._smoothed(y_true, 0.5)
        factor = y_pred.dtype.type(1 / y_pred.shape[-1])
        if self.from_logits:
            return (sigmoid(y_pred) - y) * factor
        p = clip_probabilities(y_pred)
        return np.where(p == y_pred, (p - y) / (p * (1 - p)) * factor, y_pred.dtype.type(0))


class CategoricalCrossentropy(Crossentropy):
    r"""Categorical cross-entropy of one-hot labels or of probabilities of the classes.

    .. math:: \ell = -\sum_j y_j \ln q_j, \quad q_j = \frac{p_j}{\sum_k p_k}, \qquad
              \frac{\partial \ell}{\partial p_j} = \frac{1}{\sum_k p_k} \Bigl( \sum_k y_k - \frac{y_j}{q_j} \Bigr)

    Predictions are divided by their sum, so that it need not be exactly 1. For logits z, where q is their softmax, the
    derivative with respect to :math:`z_j` is :math:`q_j \sum_k y_k - y_j`.

    Parameters
    ----------
    from_logits : bool, default False
        Whether predictions are logits instead of probabilities. Probabilities are clipped to [1e-7, 1 - 1e-7].
    label_smoothing : float, default 0.0
        Weight of equal probabilities in the smoothed labels, from 0 to 1.
    axis : int, default -1
        Axis of the classes.
    reduction, name : str
        See `Loss`.

    Examples
    --------
    >>> import numpy as np
    >>> round(CategoricalCrossentropy()(np.array([[0.0, 1.0]]), np.array([[0.5, 0.5]])), 4)
    0.6931
    """

    default_name = "categorical_crossentropy"

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the cross-entropy."""
        y = self._smoothed(y_true, 1 / y_true.shape[-1])
        values: Array = -(y * self._log_probabilities(y_pred)).sum(axis=-1)
        return values

    def _log_probabilities(self, y_pred: Array) -> Array:
        if not self.from_logits:
            return np.log(clip_probabilities(y_pred / y_pred.sum(axis=-1, keepdims=True)))
        z = y_pred - y_pred.max(axis=-1, keepdims=True)
        log_q: Array = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
        return log_q

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return the derivative with respect to the logits, or to the probabilities before normalization."""
        y = self._smoothed(y_true, 1 / y_true.shape[-1])
        if self.from_logits:
            return softmax(y_pred) * y.sum(axis=-1, keepdims=True) - y
        total = y_pred.sum(axis=-1, keepdims=True)
        q = y_pred / total
        clipped = clip_probabilities(q)
        dq = np.where(clipped == q, -y / clipped, y_pred.dtype.type(0))
        return (dq - (dq * q).sum(axis=-1, keepdims=True)) / total


class SparseCategoricalCrossentropy(CategoricalCrossentropy):
    """Categorical cross-entropy of class numbers.

    Parameters
    ----------
    from_logits : bool, default False
        As for `CategoricalCrossentropy`.
    ignore_class : int, optional
        Class number of samples whose loss is 0.
    axis : int, default -1
        Axis of the classes.
    reduction, name : str
        See `Loss`.

    Raises
    ------
    ValueError
        When called with a class number that is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> round(SparseCategoricalCrossentropy()(np.array([1]), np.array([[0.5, 0.5]])), 4)
    0.6931
    """

    default_name = "sparse_categorical_crossentropy"

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(from_logits, axis=axis, reduction=reduction, name=name, dtype=dtype)
        self.ignore_class = ignore_class

    def align(self, y_true: Array, y_pred: Array) -> tuple[Array, Array]:
        """Return the class numbers as one-hot rows, and the predictions, as `Loss.align` does."""
        y_pred = np.moveaxis(y_pred, self.axis, -1)
        numbers = np.asarray(y_true).astype(np.int64)
        if numbers.ndim == y_pred.ndim and numbers.shape[-1] == 1:
            numbers = numbers[..., 0]
        if numbers.shape != y_pred.shape[:-1]:
            raise ValueError(
                f"{self.name}: y_true must have one class number per sample, shape {y_pred.shape[:-1]}; "
                f"found {numbers.shape}"
            )
        classes = y_pred.shape[-1]
        ignored = numbers == self.ignore_class
        numbers = np.where(ignored, 0, numbers)
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < classes:
            raise ValueError(
                f"{self.name}: class numbers must be from 0 to {classes - 1}; found {numbers.min()} to {numbers.max()}"
            )
        one_hot = np.zeros(y_pred.shape, y_pred.dtype)
        np.put_along_axis(one_hot, numbers[..., np.newaxis], 1, axis=-1)
        # A sample without a one has loss and gradient 0.
        one_hot[ignored] = 0
        return one_hot, y_pred

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        settings = {"from_logits": self.from_logits, "reduction": self.reduction, "name": self.name}
        optional = {"ignore_class": (self.ignore_class, None), "axis": (self.axis, -1)}
        return {**settings, **{name: value for name, (value, default) in optional.items() if value != default}}


def clip_probabilities(p: Array) -> Array:
    """Return probabilities clipped to [epsilon, 1 - epsilon], where both logarithms are finite."""
    as_float = p.dtype.type
    return np.clip(p, as_float(EPSILON), as_float(1 - EPSILON))
