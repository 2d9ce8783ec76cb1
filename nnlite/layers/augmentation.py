"""Random changes of images in training: each epoch sees others, so that the network learns what does not matter.

At inference the images pass unchanged, but for `RandomCrop`, which then cuts the middle out.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnlite.layers.arguments import check_size
from nnlite.layers.base import Layer
from nnlite.layers.image_sizes import CenterCrop
from nnlite.random import OwnGenerator
from nnlite.types import Array, Shape
from nnlite.validation import check_argument, choice

_FILLS = ("reflect", "wrap", "constant", "nearest")


class _Random(OwnGenerator, Layer):
    """Base of the layers that draw numbers for each image."""

    def __init__(self, seed: int | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self.seed = seed
        self._seed_generator(seed)

    def _between(self, factor: Any, n: int) -> Array:
        """Draw n numbers between two limits, or from -f to f."""
        low, high = factor if isinstance(factor, (list, tuple)) else (-factor, factor)
        return self.rng.uniform(low, high, n)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "seed": self.seed}


class Warped(_Random):
    r"""Base of the layers that move pixels: each pixel of the result is interpolated between four of the image.

    The place in the image is a linear function of the place in the result, both measured from the middle. The
    derivative of a pixel of the image is the sum of dy times its weight, over the results that it is part of.
    """

    def __init__(
        self, fill_mode: str = "reflect", interpolation: str = "bilinear", fill_value: float = 0.0, **settings: Any
    ) -> None:
        super().__init__(**settings)
        check_argument(self, "fill_mode", fill_mode, choice(*_FILLS))
        check_argument(self, "interpolation", interpolation, choice("bilinear", "nearest"))
        self.fill_mode, self.interpolation, self.fill_value = fill_mode, interpolation, float(fill_value)

    def draw(self, n: int, height: int, width: int) -> Array:
        """Return a matrix for each image, of shape (n, 2, 3): place in the image from that in the result, and 1."""
        raise NotImplementedError

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:
        """Compute the moved images; at inference y = x."""
        if not training or not len(x):
            return x, None
        n, height, width = x.shape[:3]
        rows, columns = np.mgrid[0.0:height, 0.0:width]
        middle = np.array([(height - 1) / 2, (width - 1) / 2])
        places = np.stack([rows - middle[0], columns - middle[1], np.ones_like(rows)]).reshape(3, -1)
        found = self.draw(n, height, width) @ places + middle[:, None]
        if self.interpolation == "nearest":
            found = np.round(found)
        parts = []
        y = np.zeros((n, height * width, x.shape[3]), x.dtype)
        flat = x.reshape(n, height * width, x.shape[3])
        images = np.arange(n)[:, None]
        lower = np.floor(found).astype(int)
        for down in (0, 1):
            for right in (0, 1):
                at = lower + np.array([down, right])[:, None]
                weight = np.prod(1 - np.abs(found - at), axis=1)
                row, column = self._inside(at[:, 0], height), self._inside(at[:, 1], width)
                valid = (row >= 0) & (column >= 0)
                index = np.where(valid, row * width + column, 0)
                weight = weight[..., None].astype(x.dtype)
                y += weight * np.where(valid[..., None], flat[images, index], x.dtype.type(self.fill_value))
                parts.append((index, weight * valid[..., None]))
        return y.reshape(x.shape), parts

    def _inside(self, at: Array, size: int) -> Array:
        """Return places within an image; -1 for those that are filled with a value."""
        if self.fill_mode == "wrap":
            return at % size
        if self.fill_mode == "nearest":
            return np.clip(at, 0, size - 1)
        if self.fill_mode == "reflect":
            at = at % (2 * size)
            return np.minimum(at, 2 * size - 1 - at)
        return np.where((at >= 0) & (at < size), at, -1)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dx."""
        if cache is None:
            return dy
        flat = dy.reshape(len(dy), -1, dy.shape[-1])
        dx = np.zeros_like(flat)
        images = np.arange(len(dy))[:, None]
        for index, weight in cache:
            np.add.at(dx, (images, index), weight * flat)
        return dx.reshape(dy.shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = ("fill_mode", "interpolation", "fill_value")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


def _matrices(a: Any, b: Any, c: Any, d: Any, down: Any, right: Any, n: int) -> Array:
    """Return the matrices ((a, b, down), (c, d, right)) of n images."""
    return np.stack([np.broadcast_to(one, n) for one in (a, b, down, c, d, right)], axis=-1).reshape(n, 2, 3)


class RandomFlip(Warped):
    """Flip images at random, each with probability one half.

    Parameters
    ----------
    mode : {"horizontal_and_vertical", "horizontal", "vertical"}, default "horizontal_and_vertical"
        Along which axes.
    seed : int, optional
        Seed of the random generator.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import RandomFlip
    >>> RandomFlip("horizontal")(np.array([[[[1.0], [2.0]]]])).ravel().tolist()
    [1.0, 2.0]
    """

    def __init__(self, mode: str = "horizontal_and_vertical", seed: int | None = None, **settings: Any) -> None:
        super().__init__(seed=seed, **settings)
        check_argument(self, "mode", mode, choice("horizontal_and_vertical", "horizontal", "vertical"))
        self.mode = mode

    def draw(self, n: int, height: int, width: int) -> Array:
        """Draw signs."""
        del height, width
        signs = 1 - 2 * self.rng.integers(0, 2, (2, n))
        vertical = signs[0] if "vertical" in self.mode else 1
        horizontal = signs[1] if "horizontal" in self.mode else 1
        return _matrices(vertical, 0, 0, horizontal, 0, 0, n)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "mode": self.mode}


class RandomRotation(Warped):
    """Rotate images at random.

    Parameters
    ----------
    factor : float or (float, float)
        Largest angle in both directions, or both limits, as fractions of a full turn.
    fill_mode : {"reflect", "wrap", "constant", "nearest"}, default "reflect"
        What lies beyond the image.
    interpolation : {"bilinear", "nearest"}, default "bilinear"
        How pixels are interpolated.
    seed, fill_value, **settings : object
        Seed of the random generator; the value for "constant"; see `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import RandomRotation
    >>> quarter = RandomRotation((0.25, 0.25))
    >>> quarter(np.array([[[[1.0], [2.0]], [[3.0], [4.0]]]]), training=True).ravel().round(6).tolist()
    [2.0, 4.0, 1.0, 3.0]
    """

    def __init__(
        self, factor: Any, fill_mode: str = "reflect", interpolation: str = "bilinear", **settings: Any
    ) -> None:
        super().__init__(fill_mode, interpolation, **settings)
        self.factor = factor

    def draw(self, n: int, height: int, width: int) -> Array:
        """Draw angles."""
        del height, width
        angle = 2 * math.pi * self._between(self.factor, n)
        return _matrices(np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle), 0, 0, n)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "factor": self.factor}


class RandomZoom(Warped):
    """Zoom images at random.

    Parameters
    ----------
    height_factor : float or (float, float)
        Largest change in both directions, or both limits: 0.2 shows 20 % more, -0.2 shows 20 % less.
    width_factor : float or (float, float), optional
        That of the width; by default the drawn one of the height.
    fill_mode, interpolation, seed, fill_value, **settings : object
        As of `RandomRotation`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import RandomZoom
    >>> RandomZoom(0.2)(np.zeros((1, 4, 4, 1)), training=True).shape
    (1, 4, 4, 1)
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        **settings: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, **settings)
        self.height_factor, self.width_factor = height_factor, width_factor

    def draw(self, n: int, height: int, width: int) -> Array:
        """Draw the factors."""
        del height, width
        down = 1 + self._between(self.height_factor, n)
        right = down if self.width_factor is None else 1 + self._between(self.width_factor, n)
        return _matrices(down, 0, 0, right, 0, 0, n)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "height_factor": self.height_factor, "width_factor": self.width_factor}


class RandomTranslation(Warped):
    """Shift images at random.

    Parameters
    ----------
    height_factor, width_factor : float or (float, float)
        Largest shifts in both directions, or both limits, as fractions of the height and of the width.
    fill_mode, interpolation, seed, fill_value, **settings : object
        As of `RandomRotation`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import RandomTranslation
    >>> shifted = RandomTranslation(0, (0.5, 0.5), "wrap")(np.array([[[[1.0], [2.0]]]]), training=True)
    >>> shifted.ravel().tolist()
    [2.0, 1.0]
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        **settings: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, **settings)
        self.height_factor, self.width_factor = height_factor, width_factor

    def draw(self, n: int, height: int, width: int) -> Array:
        """Draw the shifts."""
        down, right = (self._between(one, n) for one in (self.height_factor, self.width_factor))
        return _matrices(1, 0, 0, 1, -down * height, -right * width, n)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "height_factor": self.height_factor, "width_factor": self.width_factor}


class _Limited(_Random):
    """Base of the layers that change values, and limit the results to a range."""

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **settings: Any) -> None:
        super().__init__(seed=seed, **settings)
        self.factor, self.value_range = factor, tuple(value_range)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "factor": self.factor, "value_range": list(self.value_range)}


class RandomContrast(_Limited):
    r"""Change the contrast of images at random: :math:`y = c (x - \bar x) + \bar x`, with the mean of each channel.

    Parameters
    ----------
    factor : float or (float, float)
        Largest change of c from 1, in both directions, or both.
    value_range : (float, float), default (0, 255)
        Results are limited to it.
    seed : int, optional
        Seed of the random generator.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import RandomContrast
    >>> RandomContrast(0.0)(np.array([[[[1.0], [2.0]]]]), training=True).ravel().tolist()
    [1.0, 2.0]
    """

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:
        """Compute y; at inference y = x."""
        if not training:
            return x, None
        low, high = self.factor if isinstance(self.factor, (list, tuple)) else (self.factor, self.factor)
        c = self.rng.uniform(1 - low, 1 + high, (len(x), 1, 1, 1)).astype(x.dtype)
        mean = x.mean(axis=(1, 2), keepdims=True)
        y = c * (x - mean) + mean
        within = (y >= self.value_range[0]) & (y <= self.value_range[1])
        return np.clip(y, *(x.dtype.type(one) for one in self.value_range)), (c, within)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dx."""
        if cache is None:
            return dy
        c, within = cache
        dy = dy * within
        dx: Array = c * dy + (1 - c) * dy.mean(axis=(1, 2), keepdims=True)
        return dx


class RandomBrightness(_Limited):
    """Change the brightness of images at random: a number is added to all pixels.

    Parameters
    ----------
    factor : float or (float, float)
        Largest change in both directions, or both limits, as a fraction of the range.
    value_range : (float, float), default (0, 255)
        Range of the values, to which results are limited.
    seed : int, optional
        Seed of the random generator.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import RandomBrightness
    >>> RandomBrightness((0.2, 0.2))(np.array([[[[1.0], [250.0]]]]), training=True).ravel().tolist()
    [52.0, 255.0]
    """

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:
        """Compute y; at inference y = x."""
        if not training:
            return x, None
        low, high = self.value_range
        y = x + (self._between(self.factor, len(x)) * (high - low)).reshape(-1, 1, 1, 1).astype(x.dtype)
        return np.clip(y, x.dtype.type(low), x.dtype.type(high)), (y >= low) & (y <= high)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dy within the limits."""
        return dy if cache is None else dy * cache


class RandomCrop(_Random):
    """Cut a part out of images, at a random place; the middle at inference.

    Parameters
    ----------
    height, width : int
        Size of the part.
    seed : int, optional
        Seed of the random generator.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import RandomCrop
    >>> RandomCrop(1, 2)(np.arange(4.0).reshape(1, 1, 4, 1)).ravel().tolist()
    [1.0, 2.0]
    """

    supports_masking = False

    def __init__(self, height: int, width: int, seed: int | None = None, **settings: Any) -> None:
        super().__init__(seed=seed, **settings)
        self.height, self.width = check_size(self, "height", height), check_size(self, "width", width)
        self._middle = CenterCrop(height, width, dtype=self.dtype.name)

    def build(self, input_shape: Shape) -> Shape:
        """Return the shape of the part."""
        return (*input_shape[:-3], self.height, self.width, input_shape[-1])

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:
        """Cut the part out."""
        rows, columns = x.shape[1] - self.height, x.shape[2] - self.width
        if not training or rows < 0 or columns < 0:
            y, cache = self._middle.forward(x)
            return y, (None, None, cache)
        down, right = int(self.rng.integers(rows + 1)), int(self.rng.integers(columns + 1))
        part = (slice(None), slice(down, down + self.height), slice(right, right + self.width))
        return x[part], (part, x.shape, None)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Return dy at the part, 0 elsewhere."""
        part, shape, inner = cache
        if part is None:
            return self._middle.backward(dy, inner)
        dx = np.zeros(shape, dy.dtype)
        dx[part] = dy
        return dx

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "height": self.height, "width": self.width}
