"""Resizing layers: upsampling, zero padding and cropping of series and images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from nnlite.layers.base import Layer
from nnlite.layers.channels import either_format, set_data_format
from nnlite.layers.convolution import Sizes
from nnlite.layers.windows import check_axes, check_choice, crop, pad, per_axis
from nnlite.types import Array, Shape


class _Resizing(Layer):
    supports_masking = False
    axes: ClassVar[int]

    def compute_mask(self, x: Any, mask: Any = None, y: Any = None) -> None:  # noqa: ARG002
        """Return None: the output has other steps than the input."""
        return


class _UpSampling(_Resizing):
    size: tuple[int, ...]

    def build(self, input_shape: Shape) -> Shape:
        """Return the shape with the lengths multiplied."""
        check_axes(self, input_shape, self.axes)
        lengths = (None if n is None else n * times for n, times in zip(input_shape[1:-1], self.size, strict=True))
        return (input_shape[0], *lengths, input_shape[-1])

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Repeat every position."""
        for axis, times in enumerate(self.size, start=1):
            x = np.repeat(x, times, axis=axis)
        return x, None

    def backward(self, dy: Array, cache: Any) -> Array:  # noqa: ARG002
        """Return dx: the sum of dy over the repetitions."""
        pairs = [part for n, times in zip(dy.shape[1:-1], self.size, strict=True) for part in (n // times, times)]
        repetitions = dy.reshape(dy.shape[0], *pairs, dy.shape[-1])
        return repetitions.sum(axis=tuple(range(2, 1 + len(pairs), 2)))


class UpSampling1D(_UpSampling):
    r"""Repeat every step of a series.

    .. math:: y_{t n + r} = x_t, \qquad dx_t = \sum_{r=0}^{n-1} dy_{t n + r}

    Parameters
    ----------
    size : int, default 2
        n, the number of repetitions.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If `size` is not a whole number of at least 1.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import UpSampling1D
    >>> UpSampling1D(2)(np.array([[[1.0], [3.0]]]))[0, :, 0].tolist()
    [1.0, 1.0, 3.0, 3.0]
    """

    axes = 1

    def __init__(self, size: int = 2, **settings: Any) -> None:
        super().__init__(**settings)
        self.size = per_axis(self, "size", size, 1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "size": self.size[0]}


@either_format
class UpSampling2D(_UpSampling):
    r"""Upsample an image by repetition or by bilinear interpolation.

    "nearest" repeats rows and columns, as `UpSampling1D` does. "bilinear" interpolates linearly between the centers of
    neighboring pixels: along each axis a constant matrix A with two nonzero elements per row, so that

    .. math:: y = A_h\, x A_w^\top, \qquad dx = A_h^\top dy\, A_w

    Parameters
    ----------
    size : int or (int, int), default (2, 2)
        Factors of the height and of the width.
    data_format : {"channels_last", "channels_first"}, optional
        The only supported order of axes: (rows, height, width, channels).
    interpolation : {"nearest", "bilinear"}, default "nearest"
        Interpolation method.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import UpSampling2D
    >>> UpSampling2D((1, 2), interpolation="bilinear")(np.array([[[[0.0], [4.0]]]]))[0, 0, :, 0].tolist()
    [0.0, 1.0, 3.0, 4.0]
    """

    axes = 2

    def __init__(
        self,
        size: Sizes = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.size = per_axis(self, "size", size, 2)
        set_data_format(self, data_format)
        self.interpolation = check_choice(self, "interpolation", interpolation, ("nearest", "bilinear"))

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:
        """Repeat every position, or interpolate: y = A_h x A_w'."""
        if self.interpolation == "nearest" or len(x) == 0:
            return super().forward(x, training)
        lengths = x.shape[1:-1]
        A_h, A_w = (interpolation_matrix(n, times, x.dtype) for n, times in zip(lengths, self.size, strict=True))
        return np.einsum("Hh,nhwc,Ww->nHWc", A_h, x, A_w, optimize=True), (A_h, A_w)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dx: the sums over the repetitions, or A_h' dy A_w."""
        if cache is None:
            return super().backward(dy, cache)
        A_h, A_w = cache
        dx: Array = np.einsum("Hh,nHWc,Ww->nhwc", A_h, dy, A_w, optimize=True)
        return dx

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "size": list(self.size), "interpolation": self.interpolation}


def interpolation_matrix(length: int, times: int, dtype: np.dtype[Any]) -> Array:
    """Return the matrix A, shape (length * times, length), that interpolates linearly between the centers of pixels."""
    positions = (np.arange(length * times) + 0.5) / times - 0.5
    positions = np.clip(positions, 0, length - 1)
    left = np.minimum(np.floor(positions).astype(int), max(length - 2, 0))
    matrix = np.zeros((length * times, length), dtype)
    rows = np.arange(length * times)
    matrix[rows, left] = 1 - (positions - left)
    matrix[rows, np.minimum(left + 1, length - 1)] += positions - left
    return matrix


class _ZeroPadding(_Resizing):
    padding: tuple[tuple[int, int], ...]

    def build(self, input_shape: Shape) -> Shape:
        """Return the shape with the numbers of zeros added to the lengths."""
        check_axes(self, input_shape, self.axes)
        lengths = (None if n is None else n + sum(own) for n, own in zip(input_shape[1:-1], self.padding, strict=True))
        return (input_shape[0], *lengths, input_shape[-1])

    def forward(self, x: Array, training: bool = False) -> tuple[Array, None]:  # noqa: ARG002
        """Return x with zeros around it."""
        return pad(x, _around(self.padding)), None

    def backward(self, dy: Array, cache: None) -> Array:  # noqa: ARG002
        """Return dx: dy without its margins."""
        return crop(dy, _around(self.padding))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "padding": _as_lists(self.padding)}


@either_format
class ZeroPadding1D(_ZeroPadding):
    """Add zeros before and after a series.

    Parameters
    ----------
    padding : int or (int, int), default 1
        Numbers of steps before and after the series.
    data_format : {"channels_last", "channels_first"}, optional
        The only supported order of axes: (rows, steps, channels).
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If `padding` is not one or two whole numbers of at least 0.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import ZeroPadding1D
    >>> ZeroPadding1D((1, 2))(np.array([[[5.0]]]))[0, :, 0].tolist()
    [0.0, 5.0, 0.0, 0.0]
    """

    axes = 1

    def __init__(self, padding: int | Sequence[int] = 1, data_format: str | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        set_data_format(self, data_format)
        self.padding = (_both_ends(self, "padding", padding),)


@either_format
class ZeroPadding2D(_ZeroPadding):
    """Add zeros around an image.

    Parameters
    ----------
    padding : int, (int, int) or ((int, int), (int, int)), default (1, 1)
        Number of pixels on every side; or (above and below, left and right); or ((above, below), (left, right)).
    data_format : {"channels_last", "channels_first"}, optional
        The only supported order of axes: (rows, height, width, channels).
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If `padding` has another form, or a number is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import ZeroPadding2D
    >>> ZeroPadding2D(((1, 0), (2, 2)))(np.ones((5, 4, 4, 1))).shape
    (5, 5, 8, 1)
    """

    axes = 2

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        set_data_format(self, data_format)
        self.padding = _four_sides(self, "padding", padding)


class _Cropping(_Resizing):
    cropping: tuple[tuple[int, int], ...]

    def build(self, input_shape: Shape) -> Shape:
        """Return the shape with the cropped numbers subtracted from the lengths."""
        check_axes(self, input_shape, self.axes)
        lengths = [None if n is None else n - sum(own) for n, own in zip(input_shape[1:-1], self.cropping, strict=True)]
        if any(length is not None and length < 1 for length in lengths):
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}) would have an empty output: cropping={self.cropping} "
                f"leaves nothing of input of shape {tuple(input_shape)}"
            )
        return (input_shape[0], *lengths, input_shape[-1])

    def forward(self, x: Array, training: bool = False) -> tuple[Array, None]:  # noqa: ARG002
        """Return x without its margins."""
        self.build(x.shape)
        return crop(x, _around(self.cropping)), None

    def backward(self, dy: Array, cache: None) -> Array:  # noqa: ARG002
        """Return dx: dy with zeros around it."""
        return pad(dy, _around(self.cropping))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "cropping": _as_lists(self.cropping)}


class Cropping1D(_Cropping):
    """Remove steps from the beginning and the end of a series.

    Parameters
    ----------
    cropping : int or (int, int), default (1, 1)
        Numbers of steps at the beginning and at the end.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If `cropping` is not one or two whole numbers of at least 0, or nothing would be left.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Cropping1D
    >>> Cropping1D((1, 0))(np.array([[[1.0], [2.0], [3.0]]]))[0, :, 0].tolist()
    [2.0, 3.0]
    """

    axes = 1

    def __init__(self, cropping: int | Sequence[int] = (1, 1), **settings: Any) -> None:
        super().__init__(**settings)
        self.cropping = (_both_ends(self, "cropping", cropping),)


@either_format
class Cropping2D(_Cropping):
    """Remove pixels from the sides of an image.

    Parameters
    ----------
    cropping : int, (int, int) or ((int, int), (int, int)), default ((0, 0), (0, 0))
        Number of pixels on every side; or (above and below, left and right); or ((above, below), (left, right)).
    data_format : {"channels_last", "channels_first"}, optional
        The only supported order of axes: (rows, height, width, channels).
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If `cropping` has another form, or nothing would be left.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Cropping2D
    >>> Cropping2D(((1, 0), (2, 1)))(np.ones((5, 4, 4, 1))).shape
    (5, 3, 1, 1)
    """

    axes = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        set_data_format(self, data_format)
        self.cropping = _four_sides(self, "cropping", cropping)


def _around(inner: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the widths of all axes: 0 for the rows and the channels."""
    return [(0, 0), *inner, (0, 0)]


def _both_ends(layer: Layer, argument: str, value: Any) -> tuple[int, int]:
    before, after = per_axis(layer, argument, value, 2, least=0)
    return before, after


def _four_sides(layer: Layer, argument: str, value: Any) -> tuple[tuple[int, int], ...]:
    sides = tuple(value) if isinstance(value, (list, tuple)) else (value, value)
    if len(sides) != 2:
        raise ValueError(f"{type(layer).__name__}: {argument} must be n, (n, n) or ((n, n), (n, n)); found {value!r}")
    return tuple(_both_ends(layer, argument, side) for side in sides)


def _as_lists(sides: tuple[tuple[int, int], ...]) -> list[Any]:
    return list(sides[0]) if len(sides) == 1 else [list(side) for side in sides]
