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

    _keras_mask: Any = None
    """Mask of the steps, if a layer gave one; arrays computed from this one have none."""

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
    """A float with the method `numpy`, and the attributes of an array without axes.

    Examples
    --------
    >>> Scalar(0.5), Scalar(0.5).numpy(), Scalar(0.5).shape
    (0.5, 0.5, ())
    """

    dtype = np.dtype(np.float32)
    shape: tuple[int, ...] = ()
    ndim = 0

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


def masks_of(inputs: Any) -> Any:
    """Return the mask that a layer gave an array, or None; for a list the list of them, or None without any."""
    if isinstance(inputs, (list, tuple)):
        masks = [masks_of(one) for one in inputs]
        return None if all(mask is None for mask in masks) else masks
    return getattr(inputs, "_keras_mask", None)


def with_masks(tensors: Any, masks: Any) -> Any:
    """Return tensors that carry masks, for the layers that are called on them next."""
    if isinstance(tensors, list):
        for one, mask in zip(tensors, masks if isinstance(masks, list) else [masks] * len(tensors), strict=True):
            one._keras_mask = mask
    elif masks is not None:
        tensors._keras_mask = masks
    return tensors
