"""Derivatives of Python functions that are written with `nnlite.ops`: the function is traced once, and becomes a graph.

What cannot be traced, such as a function of NumPy, has no derivative here; the callers take differences instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnlite.graph import SymbolicTensor
from nnlite.initializers import Zeros
from nnlite.layers.input import Input
from nnlite.network import Network
from nnlite.traces import as_operand, tracing
from nnlite.types import Array
from nnlite.weights import Weight

_UNTRACEABLE = (TypeError, ValueError, AttributeError, NotImplementedError, IndexError)


class TracedLoss:
    """The derivative of a function of targets and predictions with respect to the predictions.

    Parameters
    ----------
    function : callable
        ``function(y_true, y_pred)``.
    shape : tuple of int
        Shape of the targets and the predictions of one row.
    dtype : numpy.dtype
        Their dtype.

    Raises
    ------
    TypeError
        If the function cannot be traced.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite import ops
    >>> loss = TracedLoss(lambda y, p: ops.mean(ops.square(p - y), axis=-1), (2,), np.dtype("float64"))
    >>> loss.slope(np.zeros((1, 2)), np.array([[1.0, 3.0]])).tolist()
    [[1.0, 3.0]]
    """

    def __init__(self, function: Callable[[Any, Any], Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        y_true, y_pred = Input(shape, dtype=dtype.name), Input(shape, dtype=dtype.name)
        self._network = _traced(lambda: function(y_true, y_pred), y_pred, [y_true, y_pred])

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return what the function returns."""
        return np.asarray(self._network.forward([y_true, y_pred])[0])

    def slope(self, y_true: Array, y_pred: Array) -> Array:
        """Return the derivative of each sample's value: the mean of what the function returns for the sample.

        A function that returns one number gives the mean over all samples.
        """
        values, cache = self._network.forward([y_true, y_pred])
        last = y_pred.shape[-1]
        weight = y_pred.size // last if np.ndim(values) == 0 else 1 / last if np.ndim(values) == y_pred.ndim else 1
        dy = np.full(np.shape(values), weight, y_pred.dtype)
        slope: Array | None = self._network.backward(dy, cache)[1]
        return np.zeros_like(y_pred) if slope is None else slope


class TracedPenalty:
    """The derivative of a function of one array, which returns a number.

    Parameters
    ----------
    function : callable
        The function.
    shape : tuple of int
        Shape of the array.
    dtype : numpy.dtype
        Its dtype.

    Raises
    ------
    TypeError
        If the function cannot be traced.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite import ops
    >>> TracedPenalty(lambda w: ops.sum(w ** 2), (2,), np.dtype("float64")).gradient(np.array([1.0, 3.0])).tolist()
    [2.0, 6.0]
    """

    def __init__(self, function: Callable[[Any], Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self._array = Weight("x", shape, dtype, Zeros())
        anchor = Input((1,), dtype=dtype.name)
        self._network = _traced(lambda: function(as_operand(self._array)), anchor, anchor)
        self._row = np.zeros((1, 1), dtype)

    def value(self, x: Array) -> float:
        """Return the sum of what the function returns."""
        self._array.assign(x)
        return float(np.sum(self._network.forward(self._row)[0]))

    def gradient(self, x: Array) -> Array:
        """Return the derivative."""
        self._array.assign(x)
        values, cache = self._network.forward(self._row)
        self._array.gradient[...] = 0
        self._network.backward(np.ones_like(values), cache)
        return self._array.gradient.copy()


def _traced(function: Callable[[], Any], anchor: SymbolicTensor, inputs: Any) -> Network:
    try:
        with tracing(anchor):
            result = function()
        if not isinstance(result, SymbolicTensor):
            raise TypeError(f"the function returned {type(result).__name__}")
        return Network(inputs, result)
    except _UNTRACEABLE as error:
        raise TypeError(f"the function cannot be traced: {error}") from error
