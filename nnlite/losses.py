"""Losses: how far predictions are from what they should be, and the slope of that.

A loss looks at one sample at a time (`per_sample`, over the last axis), and then reduces: the mean over all
samples, weighted where weights are given. `gradient` is the derivative of the reduced number by every prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nnlite.activations import sigmoid, softmax
from nnlite.registry import Registry
from nnlite.types import Array, Arrays

_EPSILON = 1e-7


class Loss:
    r"""Base of all losses.

    With one value :math:`\ell_i` and one weight :math:`w_i` for each of n samples:

    .. math:: L = \frac{1}{n} \sum_i w_i\, \ell_i

    A loss of one's own defines `per_sample` and `slope`.

    Parameters
    ----------
    reduction : {"sum_over_batch_size", "sum"}, default "sum_over_batch_size"
        Whether to divide by n. The weights do not change n.
    name : str, optional
        Name of the loss.

    Raises
    ------
    ValueError
        If `reduction` is neither.
    """

    axis: int = -1
    """Along which the values of a sample lie in what the loss is called with."""

    def __init__(self, reduction: str = "sum_over_batch_size", name: str | None = None) -> None:
        if reduction not in ("sum_over_batch_size", "sum"):
            raise ValueError(
                f"{type(self).__name__}: reduction must be 'sum_over_batch_size' or 'sum'; found {reduction!r}"
            )
        self.reduction = reduction
        self.name = name or _snake_names.get(type(self), type(self).__name__)

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return one value for each sample."""
        raise NotImplementedError(f"{type(self).__name__} does not define per_sample(y_true, y_pred)")

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return the derivative of each sample's value by its own predictions."""
        raise NotImplementedError(f"{type(self).__name__} does not define slope(y_true, y_pred)")

    def __call__(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> float:
        """Return L.

        Parameters
        ----------
        y_true, y_pred : ndarray
            What should be predicted, and what is; of the same shape, or ``(n,)`` and ``(n, 1)``.
        sample_weight : ndarray, optional
            One weight a row, or one a sample.

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
        return float((values * self._scales(values, sample_weight)).sum())

    def gradient(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> Array:
        """Return the derivative of L by each prediction.

        Parameters
        ----------
        y_true, y_pred, sample_weight : ndarray
            As for calling the loss.

        Returns
        -------
        ndarray
            Of the shape and dtype of `y_pred`.
        """
        y_true, aligned = self.align(y_true, y_pred)
        slope = self.slope(y_true, aligned)
        scales = self._scales(np.empty(slope.shape[:-1], slope.dtype), sample_weight)
        gradient: Array = slope * scales[..., np.newaxis]
        return np.moveaxis(gradient, -1, self.axis).reshape(y_pred.shape)

    def align(self, y_true: Array, y_pred: Array) -> tuple[Array, Array]:
        """Return both in one dtype and shape, with the values of a sample along the last axis."""
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

    def _scales(self, values: Array, sample_weight: Array | None) -> Array:
        """Return what each sample's value counts for: w_i / n."""
        number = values.dtype.type
        whole = number(1 if self.reduction == "sum" else 1 / max(values.size, 1))
        if sample_weight is None:
            return np.full(values.shape, whole)
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
        return np.broadcast_to(weight, values.shape) * whole

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
        """Return the mean of the sizes."""
        values: Array = np.abs(y_pred - y_true).mean(axis=-1)
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return sign(ŷ - y) / d."""
        slope: Array = np.sign(y_pred - y_true) * y_pred.dtype.type(1 / y_pred.shape[-1])
        return slope


class Huber(Loss):
    r"""Squared for small errors, straight for large ones, so that single wild values don't rule the fit.

    With :math:`e = \hat y - y`:

    .. math:: \ell = \frac1d \sum_j \begin{cases} \tfrac12 e_j^2 & |e_j| \le \delta \\
              \delta |e_j| - \tfrac12 \delta^2 & |e_j| > \delta \end{cases}, \qquad
              \frac{\partial \ell}{\partial \hat y_j} = \frac1d \min(\max(e_j, -\delta), \delta)

    Parameters
    ----------
    delta : float, default 1.0
        Where the one turns into the other.
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
        if not delta > 0:
            raise ValueError(f"Huber: delta must be above 0; found {delta!r}")
        self.delta = delta

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the mean of the two-piece errors."""
        delta = y_pred.dtype.type(self.delta)
        size = np.abs(y_pred - y_true)
        pieces = np.where(size <= delta, size * size / 2, delta * size - delta * delta / 2)
        values: Array = pieces.mean(axis=-1)
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return the error, cut off at delta, over d."""
        delta = y_pred.dtype.type(self.delta)
        return np.clip(y_pred - y_true, -delta, delta) * y_pred.dtype.type(1 / y_pred.shape[-1])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "delta": self.delta}


class _Crossentropy(Loss):
    """What the cross-entropies share: logits or probabilities, and smoothed labels."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction, name)
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"{type(self).__name__}: label_smoothing must be in [0, 1]; found {label_smoothing!r}")
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def _smoothed(self, y_true: Array, towards: float) -> Array:
        """Move labels a little towards what a guess at random would say."""
        if not self.label_smoothing:
            return y_true
        number = y_true.dtype.type
        return y_true * number(1 - self.label_smoothing) + number(self.label_smoothing * towards)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "from_logits": self.from_logits,
            "label_smoothing": self.label_smoothing,
            "axis": self.axis,
        }


class BinaryCrossentropy(_Crossentropy):
    r"""Cross-entropy of yes-or-no labels, each prediction on its own.

    .. math:: \ell = -\frac1d \sum_j \bigl( y_j \ln p_j + (1 - y_j) \ln(1 - p_j) \bigr), \qquad
              \frac{\partial \ell}{\partial p_j} = \frac1d \Bigl( \frac{1 - y_j}{1 - p_j} - \frac{y_j}{p_j} \Bigr)

    From logits z, where :math:`p = \sigma(z)`, the slope is simply :math:`(p_j - y_j) / d`, and the loss is computed as
    :math:`\max(z, 0) - z y + \ln(1 + e^{-|z|})`, which neither overflows nor loses digits.

    Parameters
    ----------
    from_logits : bool, default False
        Whether predictions are logits rather than probabilities. Probabilities are kept 1e-7 away from 0 and 1.
    label_smoothing : float, default 0.0
        How far to move labels towards 1/2, from 0 to 1.
    axis : int, default -1
        Over which the mean of a sample is taken.
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
            p = _within(y_pred)
            terms = -(y * np.log(p) + (1 - y) * np.log(1 - p))
        values: Array = terms.mean(axis=-1)
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return (p - y) / d from logits; from probabilities, that over p (1 - p)."""
        y = self._smoothed(y_true, 0.5)
        share = y_pred.dtype.type(1 / y_pred.shape[-1])
        if self.from_logits:
            return (sigmoid(y_pred) - y) * share
        p = _within(y_pred)
        return np.where(p == y_pred, (p - y) / (p * (1 - p)) * share, y_pred.dtype.type(0))


class CategoricalCrossentropy(_Crossentropy):
    r"""Cross-entropy of one class among several, given as one-hot rows or as shares.

    .. math:: \ell = -\sum_j y_j \ln q_j, \quad q_j = \frac{p_j}{\sum_k p_k}, \qquad
              \frac{\partial \ell}{\partial p_j} = \frac{1}{\sum_k p_k} \Bigl( \sum_k y_k - \frac{y_j}{q_j} \Bigr)

    Predictions are divided by their sum, so that they need not add to one exactly. From logits z, where q is
    their softmax, the slope is :math:`q_j \sum_k y_k - y_j`.

    Parameters
    ----------
    from_logits : bool, default False
        Whether predictions are logits rather than probabilities. Probabilities are kept 1e-7 away from 0 and 1.
    label_smoothing : float, default 0.0
        How far to move labels towards equal shares, from 0 to 1.
    axis : int, default -1
        Along which the classes lie.
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
        values: Array = -(y * self._log_shares(y_pred)).sum(axis=-1)
        return values

    def _log_shares(self, y_pred: Array) -> Array:
        if not self.from_logits:
            return np.log(_within(y_pred / y_pred.sum(axis=-1, keepdims=True)))
        z = y_pred - y_pred.max(axis=-1, keepdims=True)
        log_shares: Array = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
        return log_shares

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return the derivative by the logits, or by the probabilities before they are divided."""
        y = self._smoothed(y_true, 1 / y_true.shape[-1])
        if self.from_logits:
            return softmax(y_pred) * y.sum(axis=-1, keepdims=True) - y
        total = y_pred.sum(axis=-1, keepdims=True)
        q = y_pred / total
        clipped = _within(q)
        by_share = np.where(clipped == q, -y / clipped, y_pred.dtype.type(0))
        return (by_share - (by_share * q).sum(axis=-1, keepdims=True)) / total


class SparseCategoricalCrossentropy(CategoricalCrossentropy):
    """Cross-entropy of one class among several, given by its number.

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


def _within(p: Array) -> Array:
    """Keep probabilities away from 0 and 1, where the logarithm has no value or no slope."""
    number = p.dtype.type
    return np.clip(p, number(_EPSILON), number(1 - _EPSILON))


def mean_squared_error(y_true: Arrays, y_pred: Arrays) -> Array:
    """Return the mean squared error of each sample, as scoring by reconstruction error needs it.

    Parameters
    ----------
    y_true, y_pred : array_like of shape (..., d)
        What should be predicted, and what is.

    Returns
    -------
    ndarray of shape (...)
        The mean over the last axis.

    Examples
    --------
    >>> mean_squared_error([[0.0, 0.0], [0.0, 1.0]], [[1.0, 3.0], [0.0, 1.0]]).tolist()
    [5.0, 0.0]
    """
    return _each(MeanSquaredError(), y_true, y_pred)


def mean_absolute_error(y_true: Arrays, y_pred: Arrays) -> Array:
    """Return the mean absolute error of each sample; see `mean_squared_error`.

    Examples
    --------
    >>> mean_absolute_error([[0.0, 0.0]], [[1.0, -3.0]]).tolist()
    [2.0]
    """
    return _each(MeanAbsoluteError(), y_true, y_pred)


def huber(y_true: Arrays, y_pred: Arrays, delta: float = 1.0) -> Array:
    """Return the Huber loss of each sample; see `mean_squared_error`.

    Examples
    --------
    >>> huber([[0.0, 0.0]], [[0.0, 3.0]]).tolist()
    [1.25]
    """
    return _each(Huber(delta), y_true, y_pred)


def _each(loss: Loss, y_true: Arrays, y_pred: Arrays) -> Array:
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
    mean_absolute_error: MeanAbsoluteError,
    huber: Huber,
}

_snake_names: dict[type[Loss], str] = {
    MeanSquaredError: "mean_squared_error",
    MeanAbsoluteError: "mean_absolute_error",
    Huber: "huber_loss",
    BinaryCrossentropy: "binary_crossentropy",
    CategoricalCrossentropy: "categorical_crossentropy",
    SparseCategoricalCrossentropy: "sparse_categorical_crossentropy",
}

registry: Registry[Loss] = Registry("loss", Loss)
for _class, *_aliases in (
    (MeanSquaredError, "mse", "MSE"),
    (MeanAbsoluteError, "mae", "MAE"),
    (Huber, "huber"),
    (BinaryCrossentropy, "bce", "BCE"),
    (CategoricalCrossentropy,),
    (SparseCategoricalCrossentropy,),
):
    registry.register(_class, _class.__name__, _snake_names[_class], *_aliases)


def get(identifier: str | Mapping[str, Any] | Loss | Callable[..., Array]) -> Loss:
    """Turn a name, a configuration, an instance or one of the functions of this module into a loss.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If it is something else.

    Examples
    --------
    >>> get("mse").name
    'mean_squared_error'
    """
    if callable(identifier) and not isinstance(identifier, Loss) and identifier in _functions:
        return _functions[identifier]()
    return registry.get(identifier)  # type: ignore[arg-type]
