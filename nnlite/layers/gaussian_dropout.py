"""More kinds of dropout: by noise that multiplies, and with the mean and variance of the inputs kept."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnlite.layers.base import Layer
from nnlite.layers.noise import Dropout
from nnlite.random import OwnGenerator
from nnlite.types import Array, Shape
from nnlite.validation import check_argument, number

# Parameters of SELU, the activation function that AlphaDropout belongs to.
_ALPHA, _SCALE = 1.6732632423543772, 1.0507009873554805


class GaussianDropout(OwnGenerator, Layer):
    r"""Multiply the inputs by Gaussian noise of mean 1 in training.

    .. math:: y = x \odot \varepsilon, \quad \varepsilon \sim N\Bigl(1, \frac{p}{1 - p}\Bigr), \qquad
              dx = dy \odot \varepsilon

    The noise has the variance of the mask of `Dropout`.

    Parameters
    ----------
    rate : float
        p, from 0 (included) to 1 (excluded).
    seed : int, optional
        Seed of the random generator of the noise.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> GaussianDropout(0.5)(np.array([[1.0, 2.0]])).tolist()
    [[1.0, 2.0]]
    """

    def __init__(self, rate: float, seed: int | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        check_argument(self, "rate", rate, number(least=0, below=1))
        self.rate = rate
        self.seed = seed
        self._seed_generator(seed)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Array | None]:
        """Compute y; at inference y = x."""
        if not training or self.rate == 0:
            return x, None
        noise = 1 + x.dtype.type(math.sqrt(self.rate / (1 - self.rate))) * self.rng.standard_normal(x.shape, x.dtype)
        return x * noise, noise

    def backward(self, dy: Array, cache: Array | None) -> Array:
        """Return dx."""
        return dy if cache is None else dy * cache

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


class AlphaDropout(Dropout):
    r"""Dropout that keeps mean 0 and variance 1, for networks with the activation function SELU.

    With a mask m as of `Dropout`, and SELU's lowest value :math:`\alpha' = -\alpha\lambda`:

    .. math:: y = a \bigl( m \odot x + (1 - m)\, \alpha' \bigr) + b, \qquad dx = a\, m \odot dy, \qquad
              a = \bigl( (1 - p)(1 + p\, \alpha'^2) \bigr)^{-1/2}, \quad b = -a\, p\, \alpha'

    Parameters
    ----------
    rate, noise_shape, seed : object
        As for `Dropout`.
    **settings
        See `Layer`.

    References
    ----------
    Klambauer et al., "Self-normalizing neural networks", NeurIPS 2017.

    Examples
    --------
    >>> import numpy as np
    >>> AlphaDropout(0.5)(np.array([[1.0, 2.0]])).tolist()
    [[1.0, 2.0]]
    """

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:
        """Compute y; at inference y = x."""
        if not training or self.rate == 0:
            return x, None
        lowest = -_ALPHA * _SCALE
        a = ((1 - self.rate) * (1 + self.rate * lowest**2)) ** -0.5
        kept = self._kept(x)
        as_float = x.dtype.type
        y = as_float(a) * np.where(kept, x, as_float(lowest)) + as_float(-a * self.rate * lowest)
        return y, kept * as_float(a)


class SpatialDropout2D(Dropout):
    """Set whole channels of images to zero in training; see `SpatialDropout1D`.

    Parameters
    ----------
    rate : float
        Fraction of channels, from 0 (included) to 1 (excluded).
    data_format : {"channels_last"}, optional
        Accepted for compatibility with Keras.
    seed : int, optional
        Seed of the random generator of the mask.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> y = SpatialDropout2D(0.5, seed=0)(np.ones((1, 3, 3, 8)), training=True)
    >>> bool((y == y[:, :1, :1]).all())
    True
    """

    def __init__(self, rate: float, data_format: str | None = None, seed: int | None = None, **settings: Any) -> None:
        super().__init__(rate, (None, 1, 1, None), seed, **settings)
        if data_format not in (None, "channels_last"):
            raise ValueError(f"SpatialDropout2D: data_format must be None or 'channels_last'; found {data_format!r}")

    def build(self, input_shape: Shape) -> Shape:
        """Check that there are images with channels."""
        if len(input_shape) != 4:
            raise ValueError(
                f"layer {self.name!r} (SpatialDropout2D) takes input of shape (rows, height, width, channels); "
                f"found shape {tuple(input_shape)}"
            )
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {name: value for name, value in super().get_config().items() if name != "noise_shape"}
