"""Reshaping layers: the same values in another shape or order of axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite.layers.arguments import check_size
from nnlite.layers.base import Layer
from nnlite.types import Array, Shape
from nnlite.validation import check_argument, choice


class Reshape(Layer):
    """Reshape each record.

    Parameters
    ----------
    target_shape : sequence of int
        New shape of one record, without the rows; one size may be -1, which stands for the remaining factor.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If the product of the sizes is not the number of values in a record.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Reshape
    >>> Reshape((2, -1))(np.zeros((5, 6))).shape
    (5, 2, 3)
    """

    supports_masking = False

    def __init__(self, target_shape: Sequence[int], **settings: Any) -> None:
        super().__init__(**settings)
        self.target_shape = tuple(target_shape)
        if self.target_shape.count(-1) > 1 or any(s < 1 and s != -1 for s in self.target_shape):
            raise ValueError(
                f"Reshape: target_shape must be positive sizes, at most one of them -1; found {target_shape!r}"
            )

    def build(self, input_shape: Shape) -> Shape:
        """Return the shape with the size for -1 filled in."""
        record = input_shape[1:]
        known = math.prod(size for size in self.target_shape if size != -1)
        if any(size is None for size in record):
            sizes = tuple(None if size == -1 else size for size in self.target_shape)
            return (input_shape[0], *sizes)
        values = math.prod(size for size in record if size is not None)
        fits = values % known == 0 if -1 in self.target_shape else values == known
        if not fits:
            raise ValueError(
                f"layer {self.name!r} cannot turn records of shape {record} ({values} values) into {self.target_shape}"
            )
        return (input_shape[0], *(values // known if s == -1 else s for s in self.target_shape))

    def forward(self, x: Array, training: bool = False) -> tuple[Array, tuple[int, ...]]:  # noqa: ARG002
        """Return x in its new shape."""
        return x.reshape(x.shape[0], *self.build(x.shape)[1:]), x.shape

    def backward(self, dy: Array, cache: tuple[int, ...]) -> Array:
        """Return dy in the input's shape."""
        return dy.reshape(cache)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "target_shape": list(self.target_shape)}


class Flatten(Layer):
    """Flatten each record into a vector.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        Order of the axes; channels vary fastest in the vector either way.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Flatten
    >>> Flatten()(np.zeros((5, 2, 3))).shape
    (5, 6)
    """

    supports_masking = False

    def __init__(self, data_format: str | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        check_argument(self, "data_format", data_format, choice(None, "channels_last", "channels_first"))
        self.data_format = data_format or "channels_last"

    def build(self, input_shape: Shape) -> Shape:
        """Return (rows, values in a record)."""
        record = input_shape[1:]
        sizes = [size for size in record if size is not None]
        return (input_shape[0], math.prod(sizes) if len(sizes) == len(record) else None)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, tuple[int, ...]]:  # noqa: ARG002
        """Return x with all axes but the first merged."""
        if self.data_format == "channels_first" and x.ndim > 2:
            x = np.moveaxis(x, 1, -1)
        return x.reshape(x.shape[0], math.prod(x.shape[1:])), x.shape

    def backward(self, dy: Array, cache: tuple[int, ...]) -> Array:
        """Return dy in the input's shape."""
        dx = dy.reshape(cache)
        return np.moveaxis(dx, -1, 1) if self.data_format == "channels_first" and dx.ndim > 2 else dx

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        first = {"data_format": self.data_format} if self.data_format == "channels_first" else {}
        return {**super().get_config(), **first}


class Permute(Layer):
    """Permute the axes of each record.

    Parameters
    ----------
    dims : sequence of int
        Old index of each new axis, counted from 1; the rows stay first. ``(2, 1)`` swaps steps and features.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If `dims` does not contain every axis once.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Permute
    >>> Permute((2, 1))(np.zeros((5, 10, 3))).shape
    (5, 3, 10)
    """

    supports_masking = False

    def __init__(self, dims: Sequence[int], **settings: Any) -> None:
        super().__init__(**settings)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(f"Permute: dims must contain each axis from 1 on once; found {tuple(dims)}")

    def build(self, input_shape: Shape) -> Shape:
        """Return the sizes in their new order."""
        if len(input_shape) != len(self.dims) + 1:
            raise ValueError(
                f"layer {self.name!r}: dims={self.dims} needs records of {len(self.dims)} axes; "
                f"found shape {tuple(input_shape)}"
            )
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))

    def forward(self, x: Array, training: bool = False) -> tuple[Array, None]:  # noqa: ARG002
        """Return x with its axes in the new order."""
        return x.transpose(0, *self.dims), None

    def backward(self, dy: Array, cache: None) -> Array:  # noqa: ARG002
        """Return dy with its axes in the old order."""
        return dy.transpose(np.argsort((0, *self.dims)))

    def compute_mask(self, x: Any, mask: Any = None, y: Any = None) -> None:  # noqa: ARG002
        """Return None: the second axis may be another one than the steps."""
        return

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "dims": list(self.dims)}


class RepeatVector(Layer):
    r"""Repeat a vector at every step of a series, such as the code as input of a recurrent decoder.

    .. math:: y_t = x, \qquad dx = \sum_t dy_t

    Parameters
    ----------
    n : int
        Number of steps.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If `n` is not a whole number of at least 1, or the input is not of shape (rows, features).

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import RepeatVector
    >>> RepeatVector(3)(np.array([[1.0, 2.0]])).tolist()
    [[[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]]
    """

    supports_masking = False

    def __init__(self, n: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.n = check_size(self, "n", n)

    def build(self, input_shape: Shape) -> Shape:
        """Return the shape with an axis of steps."""
        if len(input_shape) != 2:
            raise ValueError(
                f"layer {self.name!r} (RepeatVector) takes input of shape (rows, features); "
                f"found shape {tuple(input_shape)}"
            )
        return (input_shape[0], self.n, input_shape[1])

    def forward(self, x: Array, training: bool = False) -> tuple[Array, None]:  # noqa: ARG002
        """Repeat x."""
        return np.repeat(x[:, np.newaxis], self.n, axis=1), None

    def backward(self, dy: Array, cache: None) -> Array:  # noqa: ARG002
        """Return dx, the sum of dy over the steps."""
        dx: Array = dy.sum(axis=1)
        return dx

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "n": self.n}
