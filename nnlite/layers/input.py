"""Inputs of a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnlite.graph import Node, SymbolicTensor
from nnlite.layers.base import Layer
from nnlite.types import Array, Shape
from nnlite.validation import is_integer

_WHOLE_NUMBERS = ("bool", "uint8", "int8", "int16", "int32", "int64")


class InputLayer(Layer):
    """Input of a graph, whose output is the data themselves.

    Parameters
    ----------
    shape : sequence of int or None
        Shape of one record, without the rows.
    batch_size : int, optional
        Number of rows in each batch, if it is fixed.
    dtype : str, optional
        See `Layer`; a type of whole numbers, such as "int32", stands for the default.
    batch_shape : sequence of int or None, optional
        Number of rows and shape of one record, instead of `shape` and `batch_size`.
    input_shape : sequence of int or None, optional
        Another name of `shape`.
    name : str, optional
        See `Layer`.

    Raises
    ------
    ValueError
        If the shape is missing, given twice, or does not consist of positive whole numbers.
    """

    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: str | None = None,
        *,
        batch_shape: Sequence[int | None] | None = None,
        input_shape: Sequence[int | None] | None = None,
        name: str | None = None,
    ) -> None:
        # Whole numbers, such as those of an embedding, are computed with as numbers of the default type.
        super().__init__(name=name, dtype=None if dtype in _WHOLE_NUMBERS else dtype)
        if input_shape is not None:
            if shape is not None:
                raise ValueError(f"Input: input_shape is another name of shape; found {input_shape!r} and {shape!r}")
            shape = input_shape
        shape, batch_size = _record_shape(shape, batch_size, batch_shape)
        given: tuple[Any, ...] = (shape,) if is_integer(shape) else tuple(shape)
        if any(size is not None and (not is_integer(size) or size < 1) for size in given):
            raise ValueError(f"Input: shape must be a tuple of positive whole numbers, such as (10,); found {shape!r}")
        sizes = tuple(None if size is None else int(size) for size in given)
        self.shape: Shape = sizes
        self.batch_size = batch_size = None if batch_size is None else int(batch_size)
        node = Node(self, ())
        node.outputs = (SymbolicTensor((batch_size, *sizes), self.dtype, node),)
        self.nodes.append(node)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, None]:  # noqa: ARG002
        """Return x."""
        return x, None

    def backward(self, dy: Array, cache: None) -> Array:  # noqa: ARG002
        """Return dy."""
        return dy

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        settings = super().get_config()
        return {**settings, "shape": list(self.shape), "batch_size": self.batch_size}


def _record_shape(
    shape: Sequence[int | None] | None, batch_size: int | None, batch_shape: Sequence[int | None] | None
) -> tuple[Sequence[int | None], int | None]:
    """Return the shape of a record and the number of rows, from either form of the arguments."""
    if batch_shape is None:
        if shape is None:
            raise ValueError("Input: shape is missing; pass that of one record, such as shape=(10,)")
        return shape, batch_size
    if not batch_shape:
        raise ValueError(f"Input: batch_shape must begin with the number of rows, or None; found {batch_shape!r}")
    if shape is not None or batch_size is not None:
        raise ValueError(
            "Input: batch_shape replaces shape and batch_size; found "
            f"batch_shape={batch_shape!r}, shape={shape!r} and batch_size={batch_size!r}"
        )
    rows, *sizes = batch_shape
    return tuple(sizes), rows


def Input(
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: str | None = None,
    *,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    optional: bool = False,
) -> SymbolicTensor:
    """Return a symbolic tensor for the data, with which a graph begins.

    Parameters
    ----------
    shape : sequence of int or None
        Shape of one record, without the rows: ``(10,)`` for ten features.
    batch_size : int, optional
        Number of rows in each batch, if it is fixed.
    dtype : {"float32", "float64"}, optional
        By default `nnlite.config.floatx`.
    batch_shape : sequence of int or None, optional
        Number of rows and shape of one record, instead of `shape` and `batch_size`: ``(None, 10)`` is ``shape=(10,)``.
    name : str, optional
        Name of the input.
    optional : bool, default False
        Must be False: every input of a model needs data. A model without the input is one of its own.

    Returns
    -------
    SymbolicTensor
        Tensor to call layers on.

    Examples
    --------
    >>> from nnlite.layers import Dense, Input
    >>> inputs = Input(shape=(10,))
    >>> Dense(5)(inputs).shape
    (None, 5)
    """
    if optional:
        raise ValueError(
            "Input: optional=True is not supported, since every input of a model needs data; pass zeros for it, or "
            "make a second model without it"
        )
    tensor: SymbolicTensor = InputLayer(shape, batch_size, dtype, batch_shape=batch_shape, name=name).output
    return tensor
