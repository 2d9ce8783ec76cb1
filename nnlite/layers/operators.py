"""The operators of symbolic tensors, as layers of `arithmetic` and of merging.

Imported with the first operator: most programs use none.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from nnlite.graph import SymbolicTensor
from nnlite.layers.arithmetic import Affine, Function, GetItem, Power
from nnlite.layers.base import Layer
from nnlite.layers.conditions import COMPARISONS, Compare
from nnlite.layers.merging import Add
from nnlite.layers.products import Divide, Multiply, Subtract
from nnlite.layers.tensors import Broadcast, MatMul
from nnlite.traces import as_operand

_PAIRS: dict[str, type[Layer]] = {"add": Add, "sub": Subtract, "mul": Multiply, "truediv": Divide}


def apply(name: str, x: SymbolicTensor, other: Any = None, swapped: bool = False) -> Any:
    """Return the result of an operator.

    Parameters
    ----------
    name : str
        Name of the operator in Python's `operator` module.
    x : SymbolicTensor
        The tensor.
    other : SymbolicTensor, number or array
        The other operand, if there is one.
    swapped : bool, default False
        Whether the tensor is the right operand.

    Raises
    ------
    TypeError
        If there is no such operator for these operands.
    """
    if name == "getitem":
        return GetItem(_as_parts(other, x.ndim))(x)
    if name == "neg":
        return Affine(-1.0)(x)
    if name == "abs":
        return Function("abs")(x)
    other = as_operand(other)
    if name in COMPARISONS:
        # A tensor of one number everywhere, in place of the number.
        return Compare(name)([x, other if isinstance(other, SymbolicTensor) else Affine(0.0, other)(x)])
    if name == "matmul":
        return MatMul()([other, x] if swapped else [x, other]) if isinstance(other, SymbolicTensor) else NotImplemented
    if isinstance(other, SymbolicTensor):
        if name in _PAIRS and (x.row_free or other.row_free):
            return Broadcast(name)([other, x] if swapped else [x, other])
        if name not in _PAIRS:
            raise TypeError(f"{operator.__name__}.{name} of two symbolic tensors is not supported")
        return _PAIRS[name]()(_of_equal_rank(x, other))
    if not isinstance(other, (int, float, np.ndarray, np.generic)):
        return NotImplemented
    return _with_constant(name, x, other, swapped)


def _with_constant(name: str, x: SymbolicTensor, constant: Any, swapped: bool) -> Any:
    if name == "add":
        return Affine(1.0, constant)(x)
    if name == "sub":
        return Affine(-1.0, constant)(x) if swapped else Affine(1.0, -np.asarray(constant))(x)
    if name == "mul":
        return Affine(constant)(x)
    if name == "truediv":
        return Affine(constant)(Power(-1.0)(x)) if swapped else Affine(1 / np.asarray(constant))(x)
    if name == "pow" and np.ndim(constant) == 0:
        # c^x is exp(x ln c).
        return Function("exp")(Affine(np.log(constant))(x)) if swapped else Power(float(constant))(x)
    return NotImplemented


def _of_equal_rank(a: SymbolicTensor, b: SymbolicTensor) -> list[SymbolicTensor]:
    """Return both tensors with as many axes: those that one lacks are inserted behind its rows, as NumPy would."""
    longest = max(len(a.shape), len(b.shape))
    return [t if len(t.shape) == longest else GetItem(["new"] * (longest - len(t.shape)))(t) for t in (a, b)]


def _as_parts(key: Any, ndim: int) -> list[Any]:
    """Return an index as the argument of `GetItem`."""
    parts = list(key) if isinstance(key, tuple) else [key]
    for place, part in enumerate(parts):
        if part is Ellipsis:
            own = sum(other is not None for other in parts) - 1
            parts[place : place + 1] = [slice(None)] * (ndim - own)
            break
    if not parts or parts[0] != slice(None):
        raise TypeError(f"the first part of an index of a symbolic tensor must be ':', all rows; found {parts[:1]}")
    return [_as_part(part) for part in parts[1:]]


def _as_part(part: Any) -> Any:
    if part is None:
        return "new"
    if isinstance(part, slice):
        return [part.start, part.stop, part.step]
    if isinstance(part, (int, np.integer)):
        return int(part)
    raise TypeError(f"an index of a symbolic tensor takes whole numbers, slices and None; found {part!r}")
