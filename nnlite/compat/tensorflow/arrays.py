"""Arithmetic on arrays under TensorFlow's names. Symbolic tensors are taken where layers can express it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite import ops, variables
from nnlite.eager import Tensor, as_tensor
from nnlite.graph import is_symbolic

abs, add, subtract, multiply, divide, pow, negative = (
    ops.abs,
    ops.add,
    ops.subtract,
    ops.multiply,
    ops.divide,
    ops.power,
    ops.negative,
)
exp, sqrt, square, sin, cos, tanh, sigmoid = ops.exp, ops.sqrt, ops.square, ops.sin, ops.cos, ops.tanh, ops.sigmoid
maximum, minimum, round, sign, floor = ops.maximum, ops.minimum, ops.round, ops.sign, ops.floor
equal, not_equal, less, less_equal = ops.equal, ops.not_equal, ops.less, ops.less_equal
greater, greater_equal = ops.greater, ops.greater_equal
logical_and, logical_or, logical_not, where = ops.logical_and, ops.logical_or, ops.logical_not, ops.where
tensordot, einsum, norm = ops.tensordot, ops.einsum, ops.norm
zeros, ones, zeros_like, ones_like, eye, fill = ops.zeros, ops.ones, ops.zeros_like, ops.ones_like, ops.eye, ops.full
reshape, expand_dims, squeeze, transpose, stack = ops.reshape, ops.expand_dims, ops.squeeze, ops.transpose, ops.stack
cast, convert_to_tensor, identity, tile, pad, argsort, sort = (
    ops.cast,
    ops.convert_to_tensor,
    ops.convert_to_tensor,
    ops.tile,
    ops.pad,
    ops.argsort,
    ops.sort,
)
builtin_range = range
range, linspace, argmax, argmin, cumsum = ops.arange, ops.linspace, ops.argmax, ops.argmin, ops.cumsum
reduce_mean, reduce_sum, reduce_max, reduce_min, reduce_prod = ops.mean, ops.sum, ops.max, ops.min, ops.prod
reduce_any, reduce_all = ops.any, ops.all
shape, rank, size = ops.shape, ops.ndim, ops.size


def concat(values: Sequence[Any], axis: int = 0) -> Any:
    """Return several arrays or symbolic tensors joined along an axis."""
    return ops.concatenate(values, axis)


def matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    """Return the product of matrices, each transposed first if the arguments say so."""
    return ops.matmul(_transposed(a) if transpose_a else a, _transposed(b) if transpose_b else b)


def _transposed(x: Any) -> Any:
    axes = list(ops.shape(x))
    return ops.transpose(x, [*builtin_range(len(axes) - 2), len(axes) - 1, len(axes) - 2])


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Any:
    """Return an array."""
    del name
    array = ops.convert_to_tensor(value, dtype)
    return array if shape is None else as_tensor(np.broadcast_to(array, shape))


def one_hot(indices: Any, depth: int, axis: int = -1, dtype: Any = None) -> Any:
    """Return one-hot vectors of class numbers along a new axis."""
    return ops.one_hot(indices, depth, axis, dtype)


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any) -> Any:
    """Return an array with its values clipped."""
    return ops.clip(t, clip_value_min, clip_value_max)


def gather(params: Any, indices: Any, axis: int = 0) -> Any:
    """Return the parts of an array with given indices along an axis."""
    return as_tensor(np.take(np.asarray(params), np.asarray(indices), axis))


def boolean_mask(tensor: Any, mask: Any) -> Any:
    """Return the parts of an array where a mask is true."""
    return as_tensor(np.asarray(tensor)[np.asarray(mask, bool)])


def is_tensor(x: Any) -> bool:
    """Return whether an object is a tensor."""
    return isinstance(x, Tensor)


class Variable(variables.Variable):
    """An array that can be assigned to; see `nnlite.variables.Variable`.

    Parameters
    ----------
    initial_value : array_like
        Value at first.
    trainable, name, dtype : object, optional
        As there.
    """

    def __init__(
        self, initial_value: Any, trainable: bool = True, name: str | None = None, dtype: Any = None, **_: Any
    ) -> None:
        super().__init__(initial_value, dtype=dtype, trainable=trainable, name=name)


def squared_difference(x: Any, y: Any) -> Any:
    """Return the square of the difference of two arrays or symbolic tensors."""
    return ops.square(ops.subtract(x, y))


def split(value: Any, num_or_size_splits: Any, axis: int = 0) -> list[Any]:
    """Return the parts of an array along an axis: as many equal ones, or parts of given sizes."""
    if isinstance(num_or_size_splits, int):
        return list(ops.split(value, num_or_size_splits, axis))
    return list(ops.split(value, np.cumsum(num_or_size_splits)[:-1], axis))


def unstack(value: Any, axis: int = 0) -> list[Any]:
    """Return the parts of an array along an axis, without that axis."""
    if is_symbolic(value):
        parts = ops.split(value, value.shape[axis], axis)
        return [ops.squeeze(part, axis) for part in parts]
    return [as_tensor(part) for part in np.moveaxis(np.asarray(value), axis, 0)]


def reverse(tensor: Any, axis: Any) -> Any:
    """Return an array with the order along axes reversed."""
    return as_tensor(np.flip(np.asarray(tensor), axis))


def confusion_matrix(labels: Any, predictions: Any, num_classes: int | None = None) -> Any:
    """Return how often each class was predicted for each class: one row for each label.

    Examples
    --------
    >>> confusion_matrix([0, 1, 1], [0, 1, 0]).tolist()
    [[1, 0], [1, 1]]
    """
    pairs = np.stack([np.asarray(labels, np.int64).ravel(), np.asarray(predictions, np.int64).ravel()])
    size = num_classes or int(pairs.max(initial=0)) + 1
    counts = np.zeros((size, size), np.int32)
    np.add.at(counts, tuple(pairs), 1)
    return as_tensor(counts)
