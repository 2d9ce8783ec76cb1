"""Making arrays, and changing their shapes and dtypes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite.config import floatx
from nnlite.eager import as_tensor
from nnlite.graph import is_symbolic
from nnlite.layers.arithmetic import GetItem
from nnlite.layers.merging import Concatenate
from nnlite.layers.reshaping import Permute, Reshape
from nnlite.ops.dispatch import of_arrays, plain


def convert_to_tensor(x: Any, dtype: Any = None, **_: Any) -> Any:
    """Return an array; Python's numbers become the default dtype of layers."""
    array = plain(x)
    if dtype is None and array.dtype == np.float64 and not isinstance(x, (np.ndarray, np.generic)):
        dtype = floatx()
    return as_tensor(array if dtype is None else array.astype(as_dtype(dtype)))


def convert_to_numpy(x: Any) -> Any:
    """Return a plain array."""
    return np.asarray(plain(x))


def cast(x: Any, dtype: Any) -> Any:
    """Return an array with another dtype; a symbolic tensor as it is, since its layers have theirs."""
    return x if is_symbolic(x) else as_tensor(plain(x).astype(as_dtype(dtype)))


def as_dtype(dtype: Any) -> np.dtype[Any]:
    """Return a dtype of NumPy from its name, also from "bool" and from objects with a name."""
    return np.dtype(getattr(dtype, "name", dtype))


def shape(x: Any) -> Any:
    """Return the shape of an array or a symbolic tensor as a tuple."""
    return tuple(x.shape) if is_symbolic(x) else plain(x).shape


def size(x: Any) -> int:
    """Return the number of elements of an array."""
    return int(plain(x).size)


def ndim(x: Any) -> int:
    """Return the number of axes."""
    return len(shape(x))


def reshape(x: Any, newshape: Sequence[int]) -> Any:
    """Return an array, or the records of a symbolic tensor, in another shape."""
    if is_symbolic(x):
        return Reshape(tuple(newshape)[1:])(x)
    return as_tensor(plain(x).reshape(tuple(int(n) for n in newshape)))


def expand_dims(x: Any, axis: Any) -> Any:
    """Return an array or a symbolic tensor with a further axis of size 1."""
    if not is_symbolic(x):
        return as_tensor(np.expand_dims(plain(x), axis))
    place = axis % (len(x.shape) + 1)
    return GetItem([*[[None, None, None]] * (place - 1), "new"])(x)


def squeeze(x: Any, axis: Any = None) -> Any:
    """Return an array or a symbolic tensor without an axis of size 1."""
    if not is_symbolic(x):
        return as_tensor(np.squeeze(plain(x), axis))
    place = (-1 if axis is None else axis) % len(x.shape)
    return Reshape((*x.shape[1:place], *x.shape[place + 1 :]))(x)


def transpose(x: Any, axes: Any = None) -> Any:
    """Return an array, or the records of a symbolic tensor, with its axes in another order."""
    if is_symbolic(x) and axes is not None and axes[0] == 0:
        return Permute(tuple(axes[1:]))(x)
    return _transpose(x, axes)


def concatenate(xs: Sequence[Any], axis: int = 0) -> Any:
    """Return several arrays or symbolic tensors joined along an axis."""
    return Concatenate(axis)(list(xs)) if is_symbolic(xs) else as_tensor(np.concatenate([plain(x) for x in xs], axis))


def stack(xs: Sequence[Any], axis: int = 0) -> Any:
    """Return several arrays joined along a new axis."""
    return as_tensor(np.stack([plain(x) for x in xs], axis))


def zeros(shape: Any, dtype: Any = None, **_: Any) -> Any:
    """Return an array of zeros."""
    return as_tensor(np.zeros(shape, as_dtype(dtype or floatx())))


def ones(shape: Any, dtype: Any = None, **_: Any) -> Any:
    """Return an array of ones."""
    return as_tensor(np.ones(shape, as_dtype(dtype or floatx())))


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, **_: Any) -> Any:
    """Return one-hot vectors of class numbers along a new axis."""
    rows = np.eye(num_classes, dtype=as_dtype(dtype or floatx()))[plain(x).astype(np.int64)]
    return as_tensor(np.moveaxis(rows, -1, axis))


_transpose = of_arrays("transpose", np.transpose)
arange, linspace, full, eye, tile, repeat, take, flip, roll, split, pad, sort, argsort, unique = (
    of_arrays(function.__name__, function)
    for function in (
        np.arange,
        np.linspace,
        np.full,
        np.eye,
        np.tile,
        np.repeat,
        np.take,
        np.flip,
        np.roll,
        np.split,
        np.pad,
        np.sort,
        np.argsort,
        np.unique,
    )
)
zeros_like, ones_like, full_like = (
    of_arrays(function.__name__, function) for function in (np.zeros_like, np.ones_like, np.full_like)
)
