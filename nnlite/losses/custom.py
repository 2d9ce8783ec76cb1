"""Any Python function of targets and predictions as a loss."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from nnlite.losses.base import Loss, as_floats
from nnlite.registry import custom_object
from nnlite.types import Array

_STEP = 1e-5


class FunctionLoss(Loss):
    r"""A function of targets and predictions as a loss.

    A function with an attribute ``gradient``, the derivative of each sample's value with respect to its predictions,
    trains as fast as the losses of this package. One that is written with `nnlite.ops` is traced: it becomes a graph
    with an exact derivative. For any other one, the derivative is computed from central differences in double
    precision:

    .. math:: \frac{\partial \ell}{\partial \hat y_j}
              \approx \frac{\ell(\hat y + h e_j) - \ell(\hat y - h e_j)}{2h}

    That takes two calls for each of the d predictions of a sample, for all samples at once; if the function returns one
    number for the whole batch, which then must be the mean over its samples, for each sample. A warning says so once.

    Parameters
    ----------
    function : callable
        ``function(y_true, y_pred)`` with arrays of the same shape; returns one value for each sample, or for each
        prediction (then their mean over the last axis is taken), or the mean over the batch.
    reduction, name : str
        See `Loss`; the name is that of the function by default.

    Examples
    --------
    >>> import numpy as np
    >>> def quartic(y_true, y_pred):
    ...     return np.mean((y_pred - y_true) ** 4, axis=-1)
    >>> quartic.gradient = lambda y_true, y_pred: 4 * (y_pred - y_true) ** 3 / y_pred.shape[-1]
    >>> loss = FunctionLoss(quartic)
    >>> loss(np.array([[0.0]]), np.array([[2.0]]))
    16.0
    >>> loss.gradient(np.array([[0.0]]), np.array([[2.0]])).tolist()
    [[32.0]]
    """

    def __init__(
        self,
        function: Callable[[Array, Array], Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction, name or getattr(function, "__name__", type(function).__name__))
        self.function = function
        self._warned = False
        self._traced: dict[Any, Any] = {}

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return one value for each sample; if the function gives only the mean, that for each of them."""
        values = np.asarray(as_floats(self.function(y_true, y_pred)))
        if values.shape == y_pred.shape:
            return values.mean(axis=-1)
        if values.ndim == 0:
            return np.full(y_pred.shape[:-1], values)
        if values.shape != y_pred.shape[:-1]:
            raise ValueError(
                f"loss {self.name!r} must return one value for each sample, shape {y_pred.shape[:-1]}, or one number; "
                f"found shape {values.shape}"
            )
        return values

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return the derivative, by the function's own `gradient` or by central differences."""
        gradient = getattr(self.function, "gradient", None)
        if gradient is not None:
            slope: Array = np.asarray(gradient(y_true, y_pred), y_pred.dtype)
            if slope.shape != y_pred.shape:
                raise ValueError(
                    f"the gradient of loss {self.name!r} must have the shape of the predictions, {y_pred.shape}; "
                    f"found {slope.shape}"
                )
            return slope
        traced = self._traced_for(y_true, y_pred)
        if traced is not None:
            return traced.slope(y_true, y_pred)
        self._warn()
        y, p = y_true.astype(np.float64), y_pred.astype(np.float64)
        result = self._whole_batch(y, p) if np.ndim(self.function(y, p)) == 0 else self._by_column(y, p)
        return result.astype(y_pred.dtype)

    def _traced_for(self, y_true: Array, y_pred: Array) -> Any:
        """Return the graph of the function for arrays of such shapes, or None if it cannot be traced."""
        if y_true.shape != y_pred.shape or y_true.dtype != y_pred.dtype:
            return None
        key = (*y_pred.shape[1:], y_pred.dtype.name)
        if key not in self._traced:
            try:
                traced = import_module("nnlite.derivatives").TracedLoss(self.function, y_pred.shape[1:], y_pred.dtype)
                expected = np.asarray(self.function(y_true, y_pred))
                found = traced.values(y_true, y_pred)
                same = found.shape == expected.shape and np.allclose(found, expected, rtol=1e-3, atol=1e-4)
                self._traced[key] = traced if same else None
            except (TypeError, ValueError):
                self._traced[key] = None
        return self._traced[key]

    def _by_column(self, y: Array, p: Array) -> Array:
        """Move one prediction of every sample at a time."""
        slope = np.empty_like(p)
        for j in range(p.shape[-1]):
            step = np.zeros_like(p)
            step[..., j] = _STEP * np.maximum(1, np.abs(p[..., j]))
            above, below = (self.per_sample(y, moved) for moved in (p + step, p - step))
            slope[..., j] = (above - below) / (2 * step[..., j])
        return slope

    def _whole_batch(self, y: Array, p: Array) -> Array:
        """Move one prediction of one sample at a time; the loss of the batch is the mean over its samples."""
        slope = np.empty_like(p)
        for i in np.ndindex(p.shape):
            step = _STEP * max(1.0, abs(p[i]))
            values = []
            for moved in (p[i] + step, p[i] - step):
                changed = p.copy()
                changed[i] = moved
                values.append(float(self.function(y, changed)))
            slope[i] = (values[0] - values[1]) / (2 * step)
        return slope * (p.size // max(p.shape[-1], 1))

    def _warn(self) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"the loss function {self.name!r} has no gradient: its derivative is computed from differences, with "
                f"two calls for every prediction of a sample. Set {self.name}.gradient to a function of y_true and "
                "y_pred that returns the derivative of each sample's value to train fast",
                stacklevel=2,
            )

    def get_config(self) -> dict[str, Any]:
        """Return the name of the function, which is looked up in the custom objects when a model is loaded."""
        return {"function": getattr(self.function, "__name__", self.name), "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FunctionLoss:
        """Return the loss of the custom object with the name in the configuration."""
        return cls(custom_object(config["function"], "loss"), config["reduction"])
