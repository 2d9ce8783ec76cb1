"""Losses and their derivatives.

A loss computes one value per sample (`per_sample`, over the last axis) and reduces them to their mean, weighted by the
sample weights. `gradient` is the derivative of the reduced loss with respect to every prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from nnlite.activations import sigmoid, softmax
from nnlite.registry import Registry
from nnlite.types import Array, Arrays
from nnlite.validation import check_argument, choice, number

_EPSILON = 1e-7


class Loss:
    r"""Base of all losses.

    With one value :math:`\ell_i` and one weight :math:`w_i` for each of n samples:

    .. math:: L = \frac{1}{n} \sum_i w_i\, \ell_i

    Its derivative with respect to a prediction is :math:`\frac{w_i}{n} \frac{\partial \ell_i}{\partial \hat y_{ij}}`.
    A custom loss defines `per_sample`, :math:`\ell_i`, and `slope`, :math:`\partial \ell_i / \partial \hat y_{ij}`.

    Parameters
    ----------
    reduction : {"sum_over_batch_size", "sum"}, default "sum_over_batch_size"
        Mean over samples, or sum without the factor 1 / n. The weights do not change n.
    name : str, optional
        Name of the loss.

    Raises
    ------
    ValueError
        If `reduction` is unknown.
    """

    axis: int = -1
    """Axis of the values of one sample."""
    accepts_unknown: ClassVar[bool] = False
    """Whether targets of NaN are unknown and left out, as by `MaskedMeanSquaredError`."""

    def __init__(self, reduction: str = "sum_over_batch_size", name: str | None = None) -> None:
        check_argument(self, "reduction", reduction, choice("sum_over_batch_size", "sum"))
        self.reduction = reduction
        self.name = name or _snake_names.get(type(self), type(self).__name__)

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return one value for each sample."""
        raise NotImplementedError(f"{type(self).__name__} does not define per_sample(y_true, y_pred)")

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return the derivative of each sample's value with respect to its predictions."""
        raise NotImplementedError(f"{type(self).__name__} does not define slope(y_true, y_pred)")

    def __call__(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> float:
        """Return L.

        Parameters
        ----------
        y_true, y_pred : ndarray
            Targets and predictions of the same shape, or of shapes ``(n,)`` and ``(n, 1)``.
        sample_weight : ndarray, optional
            One weight per row, or per sample.

        Returns
        -------
        float
            The loss.

        Raises
        ------
        ValueError
            If shapes don't fit.
        """
        y_true, y_pred = self.align(y_true, y_pred)
        values = self.per_sample(y_true, y_pred)
        return float((values * self._factors(values, sample_weight)).sum())

    def gradient(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> Array:
        """Return the derivative of L with respect to each prediction.

        Parameters
        ----------
        y_true, y_pred, sample_weight : ndarray
            As for calling the loss.

        Returns
        -------
        ndarray
            Derivatives in the shape and dtype of `y_pred`.
        """
        y_true, aligned = self.align(y_true, y_pred)
        slope = self.slope(y_true, aligned)
        factors = self._factors(np.empty(slope.shape[:-1], slope.dtype), sample_weight)
        gradient: Array = slope * factors[..., np.newaxis]
        return np.moveaxis(gradient, -1, self.axis).reshape(y_pred.shape)

    def align(self, y_true: Array, y_pred: Array) -> tuple[Array, Array]:
        """Return targets and predictions in one dtype and shape, with the values of a sample along the last axis."""
        y_true = np.asarray(y_true, y_pred.dtype)
        if y_pred.ndim == 1:
            y_pred = y_pred[:, np.newaxis]
        if y_true.ndim == y_pred.ndim - 1 and y_pred.shape[-1] == 1:
            y_true = y_true[..., np.newaxis]
        if y_true.shape != y_pred.shape:
            raise ValueError(
                f"{self.name}: y_true and y_pred must have the same shape; found {y_true.shape} and {y_pred.shape}"
            )
        return np.moveaxis(y_true, self.axis, -1), np.moveaxis(y_pred, self.axis, -1)

    def _factors(self, values: Array, sample_weight: Array | None) -> Array:
        """Return the factor of each sample's value: w_i / n."""
        as_float = values.dtype.type
        factor = as_float(1 if self.reduction == "sum" else 1 / max(values.size, 1))
        if sample_weight is None:
            return np.full(values.shape, factor)
        weight = np.asarray(sample_weight, values.dtype)
        if weight.ndim == values.ndim + 1 and weight.shape[-1] == 1:
            weight = weight[..., 0]
        fits = weight.ndim <= values.ndim and all(
            found in (1, size) for found, size in zip(weight.shape, values.shape, strict=False)
        )
        if not fits:
            raise ValueError(
                f"{self.name}: sample_weight must have one value per row, shape ({len(values)},), or per sample, "
                f"shape {values.shape}; found {weight.shape}"
            )
        weight = weight.reshape(weight.shape + (1,) * (values.ndim - weight.ndim))
        return np.broadcast_to(weight, values.shape) * factor

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"reduction": self.reduction, "name": self.name}


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

    def __init__(self, delta: float = 1.0, reduction: str = "sum_over_batch_size", name: str | None = None) -> None:
        super().__init__(reduction, name)
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


class _Crossentropy(Loss):
    """Base of the cross-entropies: logits or probabilities, and label smoothing."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction, name)
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


class BinaryCrossentropy(_Crossentropy):
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

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the mean cross-entropy."""
        y = self._smoothed(y_true, 0.5)
        if self.from_logits:
            terms = np.maximum(y_pred, 0) - y_pred * y + np.log1p(np.exp(-np.abs(y_pred)))
        else:
            p = _clip(y_pred)
            terms = -(y * np.log(p) + (1 - y) * np.log(1 - p))
        values: Array = terms.mean(axis=-1)
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return (p - y) / d for logits; for probabilities, that divided by p (1 - p)."""
        y = self._smoothed(y_true, 0.5)
        factor = y_pred.dtype.type(1 / y_pred.shape[-1])
        if self.from_logits:
            return (sigmoid(y_pred) - y) * factor
        p = _clip(y_pred)
        return np.where(p == y_pred, (p - y) / (p * (1 - p)) * factor, y_pred.dtype.type(0))


class CategoricalCrossentropy(_Crossentropy):
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

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the cross-entropy."""
        y = self._smoothed(y_true, 1 / y_true.shape[-1])
        values: Array = -(y * self._log_probabilities(y_pred)).sum(axis=-1)
        return values

    def _log_probabilities(self, y_pred: Array) -> Array:
        if not self.from_logits:
            return np.log(_clip(y_pred / y_pred.sum(axis=-1, keepdims=True)))
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
        clipped = _clip(q)
        dq = np.where(clipped == q, -y / clipped, y_pred.dtype.type(0))
        return (dq - (dq * q).sum(axis=-1, keepdims=True)) / total


class SparseCategoricalCrossentropy(CategoricalCrossentropy):
    """Categorical cross-entropy of class numbers.

    Parameters
    ----------
    from_logits : bool, default False
        As for `CategoricalCrossentropy`.
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

    def __init__(
        self, from_logits: bool = False, *, reduction: str = "sum_over_batch_size", name: str | None = None
    ) -> None:
        super().__init__(from_logits, reduction=reduction, name=name)

    def align(self, y_true: Array, y_pred: Array) -> tuple[Array, Array]:
        """Return the class numbers as one-hot rows, and the predictions, as `Loss.align` does."""
        numbers = np.asarray(y_true).astype(np.int64)
        if numbers.ndim == y_pred.ndim and numbers.shape[-1] == 1:
            numbers = numbers[..., 0]
        if numbers.shape != y_pred.shape[:-1]:
            raise ValueError(
                f"{self.name}: y_true must have one class number per sample, shape {y_pred.shape[:-1]}; "
                f"found {numbers.shape}"
            )
        classes = y_pred.shape[-1]
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < classes:
            raise ValueError(
                f"{self.name}: class numbers must be from 0 to {classes - 1}; found {numbers.min()} to {numbers.max()}"
            )
        one_hot = np.zeros(y_pred.shape, y_pred.dtype)
        np.put_along_axis(one_hot, numbers[..., np.newaxis], 1, axis=-1)
        return one_hot, y_pred

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"from_logits": self.from_logits, "reduction": self.reduction, "name": self.name}


def _clip(p: Array) -> Array:
    """Return probabilities clipped to [epsilon, 1 - epsilon], where both logarithms are finite."""
    as_float = p.dtype.type
    return np.clip(p, as_float(_EPSILON), as_float(1 - _EPSILON))


def mean_squared_error(y_true: Arrays, y_pred: Arrays) -> Array:
    """Return the mean squared error of each sample, such as the reconstruction error of each record.

    Parameters
    ----------
    y_true, y_pred : array_like of shape (..., d)
        Targets and predictions.

    Returns
    -------
    ndarray of shape (...)
        Mean over the last axis.

    Examples
    --------
    >>> mean_squared_error([[0.0, 0.0], [0.0, 1.0]], [[1.0, 3.0], [0.0, 1.0]]).tolist()
    [5.0, 0.0]
    """
    return _per_sample(MeanSquaredError(), y_true, y_pred)


def masked_mean_squared_error(y_true: Arrays, y_pred: Arrays) -> Array:
    """Return the squared error of the known targets of each sample; see `MaskedMeanSquaredError`.

    Parameters
    ----------
    y_true : array_like of shape (..., d)
        Targets; NaN where they are unknown.
    y_pred : array_like of shape (..., d)
        Predictions.

    Returns
    -------
    ndarray of shape (...)
        Sum over the known targets, divided by d; 0 without any.

    Examples
    --------
    >>> masked_mean_squared_error([[0.0, np.nan], [0.0, 1.0]], [[2.0, 3.0], [2.0, 1.0]]).tolist()
    [2.0, 2.0]
    """
    return _per_sample(MaskedMeanSquaredError(), y_true, y_pred)


def mean_absolute_error(y_true: Arrays, y_pred: Arrays) -> Array:
    """Return the mean absolute error of each sample; see `mean_squared_error`.

    Examples
    --------
    >>> mean_absolute_error([[0.0, 0.0]], [[1.0, -3.0]]).tolist()
    [2.0]
    """
    return _per_sample(MeanAbsoluteError(), y_true, y_pred)


def huber(y_true: Arrays, y_pred: Arrays, delta: float = 1.0) -> Array:
    """Return the Huber loss of each sample; see `mean_squared_error`.

    Examples
    --------
    >>> huber([[0.0, 0.0]], [[0.0, 3.0]]).tolist()
    [1.25]
    """
    return _per_sample(Huber(delta), y_true, y_pred)


def _per_sample(loss: Loss, y_true: Arrays, y_pred: Arrays) -> Array:
    predictions = np.asarray(y_pred)
    if predictions.dtype.kind != "f":
        predictions = predictions.astype(np.float64)
    if predictions.ndim == 0:
        raise ValueError(f"{loss.name}: y_pred must have at least one axis; found a single number")
    targets = np.asarray(y_true, predictions.dtype)
    if targets.shape != predictions.shape:
        raise ValueError(
            f"{loss.name}: y_true and y_pred must have the same shape; found {targets.shape} and {predictions.shape}"
        )
    return loss.per_sample(targets, predictions)


mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error

_functions: dict[Any, type[Loss]] = {
    mean_squared_error: MeanSquaredError,
    masked_mean_squared_error: MaskedMeanSquaredError,
    mean_absolute_error: MeanAbsoluteError,
    huber: Huber,
}

_snake_names: dict[type[Loss], str] = {
    MeanSquaredError: "mean_squared_error",
    MaskedMeanSquaredError: "masked_mean_squared_error",
    MeanAbsoluteError: "mean_absolute_error",
    Huber: "huber_loss",
    BinaryCrossentropy: "binary_crossentropy",
    CategoricalCrossentropy: "categorical_crossentropy",
    SparseCategoricalCrossentropy: "sparse_categorical_crossentropy",
}

registry: Registry[Loss] = Registry("loss", Loss)
for _class, *_aliases in (
    (MeanSquaredError, "mse", "MSE"),
    (MaskedMeanSquaredError, "masked_mse"),
    (MeanAbsoluteError, "mae", "MAE"),
    (Huber, "huber"),
    (BinaryCrossentropy, "bce", "BCE"),
    (CategoricalCrossentropy,),
    (SparseCategoricalCrossentropy,),
):
    registry.register(_class, _class.__name__, _snake_names[_class], *_aliases)


def get(identifier: str | Mapping[str, Any] | Loss | Callable[..., Array]) -> Loss:
    """Return a loss from a name, a configuration, an instance or a function of this module.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If `identifier` is of another type.

    Examples
    --------
    >>> get("mse").name
    'mean_squared_error'
    """
    if callable(identifier) and not isinstance(identifier, Loss) and identifier in _functions:
        return _functions[identifier]()
    return registry.get(identifier)  # type: ignore[arg-type]
