"""Results of calls as arrays and numbers with the method `numpy`, as programs for Keras expect them.

`Tensor` is an ndarray and `Scalar` a float, with nothing else added: every function that takes arrays or numbers takes
them. Making one costs a view, no copy. Only what a program receives from calling a layer, a model, a loss or a metric
is one; between layers, and in what `predict` returns, there are plain arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.types import Array


class Tensor(np.ndarray):
    """An array with the method `numpy`.

    Examples
    --------
    >>> import numpy as np
    >>> as_tensor(np.zeros((2, 3))).numpy().shape
    (2, 3)
    """

    def numpy(self) -> Array:
        """Return the same values as a plain array."""
        return self.view(np.ndarray)

    def set_shape(self, shape: Any) -> None:
        """Do nothing: the shape is known."""

    def get_shape(self) -> tuple[int, ...]:
        """Return the shape."""
        return self.shape

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        """Keep results without axes, such as sums, as arrays: a scalar of NumPy has no method `numpy`."""
        return np.asarray(array).view(Tensor)


class Scalar(float):
    """A float with the method `numpy`.

    Examples
    --------
    >>> Scalar(0.5), Scalar(0.5).numpy()
    (0.5, 0.5)
    """

    def numpy(self) -> float:
        """Return the value as a plain float."""
        return float(self)


def as_tensor(array: Any) -> Any:
    """Return a view of an array as a `Tensor`, in lists of arrays too."""
    if isinstance(array, (list, tuple)):
        return [as_tensor(one) for one in array]
    if isinstance(array, dict):
        return {name: as_tensor(one) for name, one in array.items()}
    return np.asarray(array).view(Tensor)
