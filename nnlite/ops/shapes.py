"""Making arrays, and changing their shapes and dtypes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from nnlite.config import floatx
from nnlite.eager import as_tensor
from nnlite.graph import is_symbolic
from nnlite.layers.arithmetic import Affine, GetItem
from nnlite.layers.merging import Concatenate
from nnlite.layers.reshaping import Permute, Reshape
from nnlite.layers.tensors import Transpose
from nnlite.ops.dispatch import of_arrays, plain
from nnlite.traces import Rows


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
    if is_symbolic(x):
        return tuple(Rows(x) if size is None and axis == 0 else size for axis, size in enumerate(x.shape))
    return plain(x).shape


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


class StackedFirst:
    """Symbolic tensors along an axis before their rows, which `transpose` must then put after the rows."""

    def __init__(self, parts: Sequence[Any]) -> None:
        self.parts = list(parts)


def transpose(x: Any, axes: Any = None) -> Any:
    """Return an array, or the records of a symbolic tensor, with its axes in another order."""
    if isinstance(x, StackedFirst):
        if axes is None or list(axes)[:2] != [1, 0]:
            raise TypeError("symbolic tensors that are stacked before their rows need a transpose by [1, 0, 2, ...]")
        joined = stack(x.parts, axis=1)
        rest = [1, *list(axes)[2:]]
        return joined if rest == sorted(rest) else Permute(tuple(rest))(joined)
    if is_symbolic(x) and axes is not None and axes[0] == 0:
        return Permute(tuple(axes[1:]))(x)
    if is_symbolic(x) and x.row_free:
        return Transpose(axes)(x)
    return _transpose(x, axes)


def concatenate(xs: Sequence[Any], axis: int = 0) -> Any:
    """Return several arrays or symbolic tensors joined along an axis."""
    return Concatenate(axis)(list(xs)) if is_symbolic(xs) else as_tensor(np.concatenate([plain(x) for x in xs], axis))


def stack(xs: Sequence[Any], axis: int = 0) -> Any:
    """Return several arrays or symbolic tensors joined along a new axis."""
    if is_symbolic(xs):
        place = axis % (len(xs[0].shape) + 1)
        if place == 0:
            return StackedFirst(xs)
        return concatenate([expand_dims(one, place) for one in xs], place)
    return as_tensor(np.stack([plain(x) for x in xs], axis))


def tile(x: Any, repeats: Any) -> Any:
    """Return copies of an array or a symbolic tensor, side by side along each axis."""
    if not is_symbolic(x):
        return as_tensor(np.tile(plain(x), repeats))
    counts = [int(one) if isinstance(one, (int, np.integer)) else one for one in repeats]
    if len(counts) != len(x.shape) or counts[0] != 1:
        raise TypeError("repeats of a symbolic tensor must be 1 for the rows, and a number for every other axis")
    for axis, count in enumerate(counts):
        x = concatenate([x] * count, axis) if count > 1 else x
    return x


def repeat(x: Any, repeats: Any, axis: Any = None) -> Any:
    """Return an array, or a symbolic tensor along an axis of size 1, with every part several times."""
    if is_symbolic(x) and axis is not None and x.shape[axis] == 1:
        return concatenate([x] * int(repeats), axis)
    return _repeat(x, repeats, axis=axis)


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """Return the parts of an array or a symbolic tensor along an axis: equal ones, or those between indices."""
    if not is_symbolic(x):
        return as_tensor(np.split(plain(x), indices_or_sections, axis))
    place = axis % len(x.shape)
    size = x.shape[place]
    if place == 0 or size is None:
        raise TypeError("a symbolic tensor is split along an axis of known size, not along its rows")
    cuts = indices_or_sections
    if isinstance(cuts, (int, np.integer)):
        cuts = [size // int(cuts) * (number + 1) for number in range(int(cuts) - 1)]
    ends = [0, *[int(one) for one in cuts], size]
    open_axes = [[None, None, None]] * (place - 1)
    return [GetItem([*open_axes, [a, b, None]])(x) for a, b in pairwise(ends)]


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


_transpose, _repeat = of_arrays("transpose", np.transpose), of_arrays("repeat", np.repeat)
arange, linspace, full, eye, take, flip, roll, pad, sort, argsort, unique = (
    of_arrays(function.__name__, function)
    for function in (
        np.arange,
        np.linspace,
        np.full,
        np.eye,
        np.take,
        np.flip,
        np.roll,
        np.pad,
        np.sort,
        np.argsort,
        np.unique,
    )
)
full_like = of_arrays("full_like", np.full_like)


def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Return zeros in the shape of an array or a symbolic tensor."""
    return Affine(0.0, 0.0)(x) if is_symbolic(x) else as_tensor(np.zeros_like(plain(x), dtype))


def ones_like(x: Any, dtype: Any = None) -> Any:
    """Return ones in the shape of an array or a symbolic tensor."""
    return Affine(0.0, 1.0)(x) if is_symbolic(x) else as_tensor(np.ones_like(plain(x), dtype))
