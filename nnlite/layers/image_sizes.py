"""Images of another size: interpolated, or cut from the middle."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.layers.arguments import check_size
from nnlite.layers.base import Layer
from nnlite.types import Array, Shape
from nnlite.validation import check_argument, choice


class Resizing(Layer):
    r"""Resize images: along each axis a constant matrix A, so that :math:`y = A_h x A_w^\top`.

    Parameters
    ----------
    height, width : int
        Size of the result.
    interpolation : {"bilinear", "nearest"}, default "bilinear"
        Between the centers of pixels, or the nearest one.
    crop_to_aspect_ratio : bool, default False
        Whether to cut the middle out first, in the proportions of the result.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Resizing
    >>> Resizing(1, 4)(np.array([[[[0.0], [4.0]]]]))[0, 0, :, 0].tolist()
    [0.0, 1.0, 3.0, 4.0]
    """

    supports_masking = False

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.height, self.width = check_size(self, "height", height), check_size(self, "width", width)
        check_argument(self, "interpolation", interpolation, choice("bilinear", "nearest"))
        self.interpolation, self.crop_to_aspect_ratio = interpolation, bool(crop_to_aspect_ratio)

    def build(self, input_shape: Shape) -> Shape:
        """Return the shape with the new height and width."""
        return (*input_shape[:-3], self.height, self.width, input_shape[-1])

    def _matrices(self, x: Array) -> tuple[Array, Array]:
        height, width = x.shape[-3:-1]
        used = height, width
        if self.crop_to_aspect_ratio:
            used = (
                min(height, int(width * self.height / self.width)),
                min(width, int(height * self.width / self.height)),
            )
        return (
            interpolation_matrix(height, self.height, self.interpolation, x.dtype, used[0]),
            interpolation_matrix(width, self.width, self.interpolation, x.dtype, used[1]),
        )

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute the pixels."""
        rows, columns = self._matrices(x)
        return np.einsum("ih,...hwc,jw->...ijc", rows, x, columns, optimize=True), (rows, columns)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dx, by the transposed matrices."""
        rows, columns = cache
        dx: Array = np.einsum("ih,...ijc,jw->...hwc", rows, dy, columns, optimize=True)
        return dx

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = ("height", "width", "interpolation", "crop_to_aspect_ratio")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


class CenterCrop(Resizing):
    """Cut the middle out of images; smaller ones are resized.

    Parameters
    ----------
    height, width : int
        Size of the result.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import CenterCrop
    >>> CenterCrop(1, 2)(np.arange(4.0).reshape(1, 1, 4, 1))[0, 0, :, 0].tolist()
    [1.0, 2.0]
    """

    def __init__(self, height: int, width: int, **settings: Any) -> None:
        super().__init__(height, width, crop_to_aspect_ratio=True, **settings)

    def _matrices(self, x: Array) -> tuple[Array, Array]:
        height, width = x.shape[-3:-1]
        if height < self.height or width < self.width:
            return super()._matrices(x)
        return _cut(height, self.height, x.dtype), _cut(width, self.width, x.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**Layer.get_config(self), "height": self.height, "width": self.width}


def _cut(size: int, wanted: int, dtype: Any) -> Array:
    start = (size - wanted) // 2
    return np.eye(size, dtype=dtype)[start : start + wanted]


def interpolation_matrix(size: int, wanted: int, interpolation: str, dtype: Any, used: int | None = None) -> Array:
    """Return the matrix that takes `size` pixels, or the middle `used` ones, to `wanted` ones."""
    used = used or size
    offset = (size - used) // 2
    places = (np.arange(wanted) + 0.5) * used / wanted
    if interpolation == "nearest":
        return np.eye(size, dtype=dtype)[offset + np.minimum(places.astype(int), used - 1)]
    places = np.clip(places - 0.5, 0, used - 1)
    lower = np.minimum(places.astype(int), used - 1)
    upper, part = np.minimum(lower + 1, used - 1), (places - lower)[:, None]
    eye = np.eye(size)
    result: Array = ((1 - part) * eye[offset + lower] + part * eye[offset + upper]).astype(dtype)
    return result
