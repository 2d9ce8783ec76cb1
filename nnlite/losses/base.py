"""Losses and their derivatives.

A loss computes one value per sample (`per_sample`, over the last axis) and reduces them to their mean, weighted by the
sample weights. `gradient` is the derivative of the reduced loss with respect to every prediction.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from nnlite.config import check_float_type
from nnlite.eager import Scalar, as_tensor
from nnlite.graph import is_symbolic
from nnlite.losses.differences import Differentiated, as_floats
from nnlite.registry import FromConfig
from nnlite.services import service
from nnlite.types import Array, Arrays
from nnlite.validation import check_argument, choice

EPSILON = 1e-7
REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


class Loss(FromConfig):
    r"""Base of all losses.

    With one value :math:`\ell_i` and one weight :math:`w_i` for each of n samples:

    .. math:: L = \frac{1}{n} \sum_i w_i\, \ell_i

    Its derivative with respect to a prediction is :math:`\frac{w_i}{n} \frac{\partial \ell_i}{\partial \hat y_{ij}}`.
    A custom loss defines `per_sample`, :math:`\ell_i`, and `slope`, :math:`\partial \ell_i / \partial \hat y_{ij}`.

    Parameters
    ----------
    reduction : {"sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none", None}
        By default (also called "mean") the mean over samples; or their sum, without the factor 1 / n; the mean divided
        by the sum of the weights in place of n; or no reduction: then a call returns one value for each sample, and
        training minimizes their sum.
    name : str, optional
        Name of the loss.
    dtype : {"float32", "float64"}, optional
        Accepted for compatibility with Keras: a loss computes in the dtype of the predictions.

    Raises
    ------
    ValueError
        If `reduction` is unknown.
    """

    default_name: ClassVar[str] = ""
    """Name of a loss that is made without one; by default that of the class."""
    axis: int = -1
    """Axis of the values of one sample."""
    accepts_unknown: ClassVar[bool] = False
    """Whether targets of NaN are unknown and left out, as by `MaskedMeanSquaredError`."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = None, dtype: str | None = None
    ) -> None:
        if dtype is not None:
            check_float_type(dtype)
        check_argument(self, "reduction", reduction, choice(*REDUCTIONS))
        self.reduction = "none" if reduction is None else str(reduction)
        self._called: Differentiated | None = None
        self.name = name or self.default_name or type(self).__name__

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return one value for each sample: those of ``call``, if a class for Keras defines it."""
        return self._by_call().per_sample(y_true, y_pred)

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return the derivative of each sample's value with respect to its predictions.

        That of ``call`` comes from differences; a class that defines `slope` as well trains fast. See `Differentiated`.
        """
        return self._by_call().slope(y_true, y_pred)

    def _by_call(self) -> Differentiated:
        """Return the method ``call``, as classes for Keras define it, with its derivative."""
        if not hasattr(type(self), "call"):
            raise NotImplementedError(f"{type(self).__name__} does not define per_sample(y_true, y_pred), or call")
        if self._called is None:
            self._called = Differentiated(self.call, self.name)  # type: ignore[attr-defined]
        return self._called

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return L.

        Parameters
        ----------
        y_true, y_pred : ndarray
            Targets and predictions of the same shape, or of shapes ``(n,)`` and ``(n, 1)``.
        sample_weight : ndarray, optional
            One weight per row, or per sample. Samples that a mask of the predictions excludes, which a `Masking` layer
            gave them, do not count.

        Returns
        -------
        float
            The loss; with ``reduction="none"`` an ndarray of the loss of each sample.

        Raises
        ------
        ValueError
            If shapes don't fit.
        """
        mask = getattr(y_pred, "_keras_mask", None)
        y_true, y_pred = self.align(y_true, as_floats(y_pred))
        values = self.per_sample(y_true, y_pred)
        weighted = values * self._factors(values, sample_weight)
        if mask is not None and np.shape(mask) in (values.shape, (*values.shape, 1)):
            mask = np.reshape(mask, values.shape)
            # The mean is that of the samples that are valid.
            is_mean = self.reduction not in ("sum", "none")
            weighted = weighted * mask * (values.size / max(int(np.sum(mask)), 1) if is_mean else 1)
        return as_tensor(weighted) if self.reduction == "none" else Scalar(weighted.sum())

    def value(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> float:
        """Return what training minimizes: L, and without a reduction the sum over samples."""
        return float(np.sum(self(y_true, np.asarray(y_pred), sample_weight)))

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
        factor = as_float(1 if self.reduction in ("sum", "none") else 1 / max(values.size, 1))
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
        weight = np.broadcast_to(weight.reshape(weight.shape + (1,) * (values.ndim - weight.ndim)), values.shape)
        if self.reduction == "mean_with_sample_weight":
            factor = as_float(1 / max(float(weight.sum()), EPSILON))
        return weight * factor

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"reduction": self.reduction, "name": self.name}


def values_per_sample(loss: Loss, y_true: Arrays, y_pred: Arrays) -> Array:
    """Return the loss of each sample, for a loss as a function.

    Raises
    ------
    ValueError
        If the shapes don't fit.
    """
    if is_symbolic([y_true, y_pred]):
        return service("loss_of_tensors")(loss, y_true, y_pred)
    predictions = np.asarray(y_pred)
    if np.ndim(y_true) == 0 and predictions.ndim == 1:
        y_true = np.full_like(predictions, y_true)
    if predictions.dtype.kind != "f":
        predictions = predictions.astype(np.float64)
    if predictions.ndim == 0:
        raise ValueError(f"{loss.name}: y_pred must have at least one axis; found a single number")
    targets = np.asarray(y_true, predictions.dtype)
    if targets.ndim == predictions.ndim == 1:
        if targets.shape != predictions.shape:
            raise ValueError(
                f"{loss.name}: y_true and y_pred must have the same shape; found {targets.shape} and "
                f"{predictions.shape}"
            )
        # Two vectors are one sample.
        return as_tensor(loss.per_sample(targets, predictions))
    return as_tensor(loss.per_sample(*loss.align(targets, predictions)))
