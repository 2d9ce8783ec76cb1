"""The values and the derivative of any Python function of targets and predictions."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from nnlite.services import service
from nnlite.types import Array

_STEP = 1e-5


def as_floats(values: Any) -> Array:
    """Return an array of floats: those of an array of floats itself, else converted to float32."""
    array = np.asarray(values)
    return array if array.dtype.kind == "f" else array.astype(np.float32)


class Differentiated:
    r"""A function of targets and predictions with its derivative, as a loss needs them.

    The derivative is the function's own attribute ``gradient``, if it has one. A function that is written with
    `nnlite.ops` is traced: its graph has an exact derivative. For any other one it is computed from central differences
    in double precision:

    .. math:: \frac{\partial \ell}{\partial \hat y_j}
              \approx \frac{\ell(\hat y + h e_j) - \ell(\hat y - h e_j)}{2h}

    Parameters
    ----------
    function : callable
        ``function(y_true, y_pred)`` with arrays of the same shape; returns one value for each sample, or for each
        prediction (then their mean over the last axis is taken), or the mean over the batch.
    name : str
        Name of the loss, for messages.

    Examples
    --------
    >>> import numpy as np
    >>> squared = Differentiated(lambda y, p: ((p - y) ** 2).tolist(), "squared")
    >>> squared.per_sample(np.zeros((2, 1)), np.array([[1.0], [3.0]])).tolist()
    [1.0, 9.0]
    """

    def __init__(self, function: Callable[[Array, Array], Any], name: str) -> None:
        self.function, self.name = function, name
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
        """Return the derivative of each sample's value with respect to its predictions."""
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
            exact: Array = traced.slope(y_true, y_pred)
            return exact
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
                traced = service("traced_loss")(self.function, y_pred.shape[1:], y_pred.dtype)
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
