"""Layers that disturb their input while training, and hand it on untouched otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.layers.base import Layer
from nnlite.random import make_generator
from nnlite.types import Array


class Dropout(Layer):
    r"""Set a random share of the inputs to zero while training.

    With a mask m of independent zeros (with probability p) and ones:

    .. math:: y = \frac{m \odot x}{1 - p}, \qquad dx = \frac{m \odot dy}{1 - p}

    Dividing by 1 - p keeps the expected value the same, so that nothing need change at inference.

    Parameters
    ----------
    rate : float
        p, from 0 (included) to 1 (excluded).
    noise_shape : tuple of int, optional
        Shape of the mask, 1 or None per axis: an axis of 1 drops all along it together,
        an axis of None has the input's size.
    seed : int, optional
        Start of the mask's own random generator.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If `rate` is out of its range.

    References
    ----------
    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15 (2014).

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Dropout
    >>> layer = Dropout(0.5, seed=1)
    >>> x = np.ones((1, 4))
    >>> layer(x).tolist()
    [[1.0, 1.0, 1.0, 1.0]]
    >>> sorted(set(layer(x, training=True).ravel().tolist())) in ([0.0, 2.0], [0.0], [2.0])
    True
    """

    def __init__(
        self,
        rate: float,
        noise_shape: tuple[int | None, ...] | None = None,
        seed: int | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        if not 0 <= rate < 1:
            raise ValueError(f"Dropout: rate must be at least 0 and below 1; found {rate!r}")
        self.rate = rate
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.seed = seed
        self.rng = make_generator(seed)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Array | None]:
        """Compute y = x m / (1 - p); at inference y = x."""
        if not training or self.rate == 0:
            return x, None
        shape = x.shape
        if self.noise_shape is not None:
            shape = tuple(own if given is None else given for own, given in zip(x.shape, self.noise_shape, strict=True))
        kept = self.rng.random(shape, dtype=np.float32) >= self.rate
        mask = kept.astype(x.dtype) / x.dtype.type(1 - self.rate)
        return x * mask, mask

    def backward(self, dy: Array, cache: Array | None) -> Array:
        """Return dx = dy m / (1 - p)."""
        return dy if cache is None else dy * cache

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        shape = None if self.noise_shape is None else list(self.noise_shape)
        return {**super().get_config(), "rate": self.rate, "noise_shape": shape, "seed": self.seed}


class GaussianNoise(Layer):
    r"""Add normally distributed noise to the input while training.

    .. math:: y = x + \sigma\varepsilon, \quad \varepsilon \sim N(0, 1), \qquad dx = dy

    In front of an autoencoder it makes a *denoising* autoencoder: the network sees the disturbed record and is
    asked for the clean one, so copying its input is no longer an answer.

    Parameters
    ----------
    stddev : float
        :math:`\sigma`, at least 0.
    seed : int, optional
        Start of the noise's own random generator.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If `stddev` is negative.

    References
    ----------
    Vincent et al., "Extracting and composing robust features with denoising autoencoders", ICML 2008.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import GaussianNoise
    >>> GaussianNoise(0.1)(np.array([[1.0, 2.0]])).tolist()
    [[1.0, 2.0]]
    """

    def __init__(self, stddev: float, seed: int | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        if not stddev >= 0:
            raise ValueError(f"GaussianNoise: stddev must be at least 0; found {stddev!r}")
        self.stddev = stddev
        self.seed = seed
        self.rng = make_generator(seed)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, None]:
        """Compute y = x + sigma epsilon; at inference y = x."""
        if not training or self.stddev == 0:
            return x, None
        noise = self.rng.standard_normal(x.shape, dtype=x.dtype)
        noise *= x.dtype.type(self.stddev)
        noise += x
        return noise, None

    def backward(self, dy: Array, cache: None) -> Array:  # noqa: ARG002
        """Return dx = dy."""
        return dy

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}
