"""Products of matrices, of arrays and symbolic tensors, and norms of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.eager import as_tensor
from nnlite.graph import is_symbolic
from nnlite.layers.tensors import MatMul
from nnlite.ops.dispatch import of_arrays, plain

einsum, norm, cross, outer, diag, trace = (
    of_arrays(function.__name__, function)
    for function in (np.einsum, np.linalg.norm, np.cross, np.outer, np.diag, np.trace)
)


def matmul(x1: Any, x2: Any) -> Any:
    """Return the product of matrices, or of many: the last two axes of arrays or symbolic tensors."""
    if not is_symbolic([x1, x2]):
        return as_tensor(np.matmul(plain(x1), plain(x2)))
    if is_symbolic(x1) and is_symbolic(x2):
        return MatMul()([x1, x2])
    raise TypeError("matmul of a symbolic tensor and an array is not supported: make the array a weight of the layer")


def dot(x1: Any, x2: Any) -> Any:
    """Return sums of products over the last axis of one array or symbolic tensor, and the last but one of the other."""
    return matmul(x1, x2) if is_symbolic([x1, x2]) else as_tensor(np.dot(plain(x1), plain(x2)))


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """Return sums of products over several axes of arrays; of symbolic tensors over one, as `dot`."""
    if not is_symbolic([x1, x2]):
        return as_tensor(np.tensordot(plain(x1), plain(x2), axes))
    last = len(x1.shape) - 1
    pair = [axes] if isinstance(axes, int) else [np.ravel(one).tolist() for one in axes]
    if pair in ([1], [[last], [0]], [[-1], [0]]) and len(x2.shape) <= 2:
        return matmul(x1, x2)
    raise TypeError(f"tensordot of symbolic tensors sums over the last axis and the first; found axes={axes!r}")
