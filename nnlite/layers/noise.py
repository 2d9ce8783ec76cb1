"""Regularization layers: dropout, noise and activity penalties against overfitting."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.layers.base import Layer
from nnlite.random import OwnGenerator
from nnlite.regularizers import L1L2
from nnlite.types import Array, Shape
from nnlite.validation import check_argument, is_integer, number


class Dropout(OwnGenerator, Layer):
    r"""Set a random fraction of the inputs to zero in training.

    With a mask m of independent elements, 0 with probability p, else 1:

    .. math:: y = \frac{m \odot x}{1 - p}, \qquad dx = \frac{m \odot dy}{1 - p}

    The division by 1 - p keeps the expected value of y equal to x, so that y = x at inference.

    Parameters
    ----------
    rate : float
        p, from 0 (included) to 1 (excluded).
    noise_shape : tuple of int, optional
        Shape of the mask, 1 or None per axis: along an axis of size 1 all values are dropped together, and None stands
        for the size of the input.
    seed : int, optional
        Seed of the random generator of the mask.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If `rate` is out of range.

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
        check_argument(self, "rate", rate, number(least=0, below=1))
        self.rate = rate
        self.noise_shape = None if noise_shape is None else _checked_noise_shape(self, noise_shape)
        self.seed = seed
        self._seed_generator(seed)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Array | None]:
        """Compute y = m x / (1 - p); at inference y = x."""
        if not training or self.rate == 0:
            return x, None
        mask = self._kept(x).astype(x.dtype) / x.dtype.type(1 - self.rate)
        return x * mask, mask

    def _kept(self, x: Array) -> Array:
        """Return True for what is kept, in the shape of the noise."""
        shape = x.shape
        if self.noise_shape is not None:
            if len(self.noise_shape) != x.ndim:
                raise ValueError(
                    f"layer {self.name!r} ({type(self).__name__}): noise_shape must have {x.ndim} sizes, as the input; "
                    f"found {self.noise_shape}"
                )
            shape = tuple(n if size is None else size for n, size in zip(x.shape, self.noise_shape, strict=True))
        kept: Array = self.rng.random(shape, dtype=np.float32) >= self.rate
        return kept

    def backward(self, dy: Array, cache: Array | None) -> Array:
        """Return dx = m dy / (1 - p)."""
        return dy if cache is None else dy * cache

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        shape = None if self.noise_shape is None else list(self.noise_shape)
        return {**super().get_config(), "rate": self.rate, "noise_shape": shape, "seed": self.seed}


class GaussianNoise(OwnGenerator, Layer):
    r"""Add Gaussian noise to the input in training.

    .. math:: y = x + \sigma\varepsilon, \quad \varepsilon \sim N(0, 1), \qquad dx = dy

    As the first layer of an autoencoder it makes a *denoising* autoencoder: the network has to reconstruct the clean
    record from the noisy one, so copying the input is no solution.

    Parameters
    ----------
    stddev : float
        :math:`\sigma`, at least 0.
    seed : int, optional
        Seed of the random generator of the noise.
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
        check_argument(self, "stddev", stddev, number(least=0))
        self.stddev = stddev
        self.seed = seed
        self._seed_generator(seed)

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


class SpatialDropout1D(Dropout):
    r"""Set whole channels of a series to zero in training.

    `Dropout` with one element of the mask for all steps of a row and channel. Neighboring steps are strongly
    correlated, so that dropping single ones would remove little information.

    Parameters
    ----------
    rate : float
        Fraction of channels, from 0 (included) to 1 (excluded).
    seed : int, optional
        Seed of the random generator of the mask.
    name, dtype : str, optional
        See `Layer`.
    **settings
        See `Layer`.

    Raises
    ------
    ValueError
        If `rate` is out of range, or the input is not of shape (rows, steps, channels).

    References
    ----------
    Tompson et al., "Efficient object localization using convolutional networks", CVPR 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import SpatialDropout1D
    >>> y = SpatialDropout1D(0.5, seed=0)(np.ones((1, 3, 8)), training=True)
    >>> bool((y == y[:, :1]).all())
    True
    """

    def __init__(
        self,
        rate: float,
        seed: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(rate, (None, 1, None), seed, name=name, dtype=dtype, **settings)

    def build(self, input_shape: Shape) -> Shape:
        """Check that there are steps and channels."""
        if len(input_shape) != 3:
            raise ValueError(
                f"layer {self.name!r} (SpatialDropout1D) takes input of shape (rows, steps, channels); "
                f"found shape {tuple(input_shape)}"
            )
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {name: value for name, value in super().get_config().items() if name != "noise_shape"}


class ActivityRegularization(Layer):
    r"""Return the input, and add a penalty on it to the loss, as on the code of a *sparse* autoencoder.

    .. math:: y = x, \qquad L \mathrel{+}= \frac1n \Bigl( \lambda_1 \sum |x| + \lambda_2 \sum x^2 \Bigr)

    for n rows.

    Parameters
    ----------
    l1, l2 : float, default 0.0
        Factors :math:`\lambda_1` and :math:`\lambda_2`.
    **settings
        See `Layer`.

    References
    ----------
    Goodfellow, Bengio & Courville, *Deep Learning* (2016), section 14.2.1.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import ActivityRegularization
    >>> ActivityRegularization(l1=0.01)(np.array([[1.0, -2.0]])).tolist()
    [[1.0, -2.0]]
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **settings: Any) -> None:
        super().__init__(activity_regularizer=L1L2(l1=l1, l2=l2), **settings)
        self.l1, self.l2 = l1, l2

    def forward(self, x: Array, training: bool = False) -> tuple[Array, None]:  # noqa: ARG002
        """Return x."""
        return x, None

    def backward(self, dy: Array, cache: None) -> Array:  # noqa: ARG002
        """Return dx = dy; the network has added the derivative of the penalty to dy."""
        return dy

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        settings = super().get_config()
        del settings["activity_regularizer"]
        return {**settings, "l1": self.l1, "l2": self.l2}


def _checked_noise_shape(layer: Layer, shape: Any) -> tuple[int | None, ...]:
    if not isinstance(shape, (tuple, list)) or not all(one is None or (is_integer(one) and one >= 1) for one in shape):
        raise ValueError(
            f"{type(layer).__name__}: noise_shape must be a tuple of whole numbers of at least 1 and None; found "
            f"{shape!r}"
        )
    return tuple(shape)
