"""Any Python function of targets and predictions as a loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnlite.losses.base import Loss
from nnlite.losses.differences import Differentiated
from nnlite.registry import custom_object
from nnlite.types import Array


class FunctionLoss(Loss):
    """A function of targets and predictions as a loss.

    A function with an attribute ``gradient``, the derivative of each sample's value with respect to its predictions,
    trains as fast as the losses of this package. One that is written with `nnlite.ops` is traced: it becomes a graph
    with an exact derivative. For any other one, the derivative is computed from central differences. That takes two
    calls for each of the d predictions of a sample, for all samples at once; if the function returns one number for the
    whole batch, which then must be the mean over its samples, for each sample. A warning says so once.

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
        self._differentiated = Differentiated(function, self.name)

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return one value for each sample; if the function gives only the mean, that for each of them."""
        return self._differentiated.per_sample(y_true, y_pred)

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return the derivative of each sample's value with respect to its predictions; see `Differentiated`."""
        return self._differentiated.slope(y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        """Return the name of the function, which is looked up in the custom objects when a model is loaded."""
        return {"function": getattr(self.function, "__name__", self.name), "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FunctionLoss:
        """Return the loss of the custom object with the name in the configuration."""
        return cls(custom_object(config["function"], "loss"), config["reduction"])
