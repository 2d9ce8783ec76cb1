"""Layers that bring their input to mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite import initializers, regularizers
from nnlite.initializers import Initializer
from nnlite.layers.base import Layer, known_size, refuse_constraints
from nnlite.registry import serialize, serialize_optional
from nnlite.regularizers import Regularizer
from nnlite.types import Array, Shape


class _Normalization(Layer):
    r"""What the two normalizations share: x to x̂ (mean 0, variance 1), then scale and shift.

    .. math::

        \hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}, \qquad y = \gamma \hat x + \beta

    They differ in the axes over which the mean and the variance are taken. Backward, with the mean over those
    same axes written as an overline and :math:`d\hat x = \gamma\, dy`:

    .. math::

        d\gamma = \sum dy\, \hat x, \qquad d\beta = \sum dy, \qquad
        dx = \frac{d\hat x - \overline{d\hat x} - \hat x\, \overline{d\hat x\, \hat x}}{\sqrt{\sigma^2 + \epsilon}}

    The two subtracted terms are what reaches x through the mean and through the variance.
    """

    def __init__(
        self,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: str | Initializer,
        gamma_initializer: str | Initializer,
        beta_regularizer: str | Regularizer | None,
        gamma_regularizer: str | Regularizer | None,
        *,
        beta_constraint: None = None,
        gamma_constraint: None = None,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        refuse_constraints(self, beta_constraint=beta_constraint, gamma_constraint=gamma_constraint)
        if not epsilon >= 0:
            raise ValueError(f"{type(self).__name__}: epsilon must be at least 0; found {epsilon!r}")
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)

    def _add_scale_and_shift(self, shape: tuple[int, ...]) -> None:
        if self.scale:
            self.gamma = self.add_weight("gamma", shape, self.gamma_initializer, self.gamma_regularizer)
        if self.center:
            self.beta = self.add_weight("beta", shape, self.beta_initializer, self.beta_regularizer)

    def _spread(self, x: Array, variance: Array) -> Array:
        """Return sqrt(variance + epsilon) in the dtype of x."""
        spread: Array = np.sqrt(variance + x.dtype.type(self.epsilon))
        return spread

    def _scale_and_shift(self, normalized: Array, shape: tuple[int, ...]) -> Array:
        """Compute y = gamma x̂ + beta; `shape` lets the weights spread over the other axes."""
        y = normalized
        if self.scale:
            y = y * self.gamma.value.reshape(shape)
        if self.center:
            y = y + self.beta.value.reshape(shape)
        return y

    def _write_gradients(self, dy: Array, normalized: Array, summed: tuple[int, ...]) -> None:
        """Write dgamma and dbeta, the sums over the axes along which the weights are shared."""
        if self.scale:
            products = (dy * normalized).sum(axis=summed)
            self.gamma.gradient[...] = products.reshape(self.gamma.shape)
        if self.center:
            self.beta.gradient[...] = dy.sum(axis=summed).reshape(self.beta.shape)

    def _backward_to_x(self, dnormalized: Array, normalized: Array, spread: Array, axes: Any) -> Array:
        """Return dx for a mean and a variance taken over `axes` of x itself."""
        through_mean = dnormalized.mean(axis=axes, keepdims=True)
        through_variance = (dnormalized * normalized).mean(axis=axes, keepdims=True)
        dx: Array = (dnormalized - through_mean - normalized * through_variance) / spread
        return dx

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "beta_regularizer": serialize_optional(self.beta_regularizer),
            "gamma_regularizer": serialize_optional(self.gamma_regularizer),
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": serialize(self.beta_initializer),
            "gamma_initializer": serialize(self.gamma_initializer),
        }


class BatchNormalization(_Normalization):
    r"""Normalize each feature over the batch.

    In training the mean :math:`\mu` and the variance :math:`\sigma^2` are those of the batch, and running averages
    of them are kept: :math:`m \leftarrow \rho\, m + (1-\rho)\,\mu`. At inference, and while the layer
    is frozen (``trainable = False``), those averages stand in their place, and the layer is a fixed
    straight line: :math:`dx = \gamma\, dy / \sqrt{\sigma^2 + \epsilon}`.

    Masked steps are normalized like all others, but have no part in :math:`\mu` and :math:`\sigma^2`, which are both 0
    where no step of a batch counts. With the share :math:`s` of each value in the mean, 0 at a masked step:

    .. math:: dx = \frac{d\hat x - s \sum d\hat x - s\, \hat x \sum d\hat x\, \hat x}{\sqrt{\sigma^2 + \epsilon}}

    Parameters
    ----------
    axis : int, default -1
        The axis of the features.
    momentum : float, default 0.99
        :math:`\rho`.
    epsilon : float, default 0.001
        Keeps the division finite.
    center, scale : bool, default True
        Whether there are :math:`\beta` and :math:`\gamma`.
    beta_initializer, gamma_initializer : str or Initializer
        By default zeros and ones.
    moving_mean_initializer, moving_variance_initializer : str or Initializer
        By default zeros and ones.
    beta_regularizer, gamma_regularizer : str or Regularizer, optional
        Penalties.
    **settings
        See `Layer`.
        For Keras's sake also `beta_constraint` and `gamma_constraint`, where None alone is taken.

    Raises
    ------
    ValueError
        If `momentum` is out of [0, 1], or `axis` is none of the input's.

    References
    ----------
    Ioffe & Szegedy, "Batch normalization: accelerating deep network training by reducing internal
    covariate shift", ICML 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import BatchNormalization
    >>> layer = BatchNormalization(epsilon=0.0)
    >>> layer(np.array([[1.0], [3.0]]), training=True).tolist()
    [[-1.0], [1.0]]
    """

    takes_mask = True

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: str | Initializer = "zeros",
        gamma_initializer: str | Initializer = "ones",
        moving_mean_initializer: str | Initializer = "zeros",
        moving_variance_initializer: str | Initializer = "ones",
        beta_regularizer: str | Regularizer | None = None,
        gamma_regularizer: str | Regularizer | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            **settings,
        )
        if not 0 <= momentum <= 1:
            raise ValueError(f"BatchNormalization: momentum must be in [0, 1]; found {momentum!r}")
        self.axis = axis
        self.momentum = momentum
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)

    def build(self, input_shape: Shape) -> Shape:
        """Declare gamma, beta and the two running averages."""
        shape = (known_size(self, input_shape, self.axis),)
        self._add_scale_and_shift(shape)
        self.moving_mean = self.add_weight("moving_mean", shape, self.moving_mean_initializer, trainable=False)
        self.moving_variance = self.add_weight(
            "moving_variance", shape, self.moving_variance_initializer, trainable=False
        )
        return input_shape

    def forward(self, x: Array, training: bool = False, mask: Array | None = None) -> tuple[Array, Any]:
        """Normalize by the batch's statistics in training, by the running averages otherwise.

        Parameters
        ----------
        x : ndarray
            The input.
        training : bool, default False
            Whether to take the batch's statistics.
        mask : ndarray of bool, shape (rows,) or (rows, steps), optional
            What of the batch its statistics are to be taken over.
        """
        shape, others = self._broadcast(x)
        by_batch = training and self.trainable
        share = None
        if by_batch:
            if mask is None:
                mean = x.mean(axis=others, keepdims=True)
                variance = x.var(axis=others, keepdims=True)
            else:
                mean, variance, share = _moments_of_what_counts(x, mask, others)
            self._update(self.moving_mean.value, mean)
            self._update(self.moving_variance.value, variance)
        else:
            mean = self.moving_mean.value.reshape(shape)
            variance = self.moving_variance.value.reshape(shape)
        spread = self._spread(x, variance)
        normalized = (x - mean) / spread
        return self._scale_and_shift(normalized, shape), (normalized, spread, by_batch, share)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Write dgamma and dbeta; return dx."""
        normalized, spread, by_batch, share = cache
        shape, others = self._broadcast(dy)
        self._write_gradients(dy, normalized, others)
        dnormalized = dy * self.gamma.value.reshape(shape) if self.scale else dy
        if not by_batch:
            return dnormalized / spread
        if share is None:
            return self._backward_to_x(dnormalized, normalized, spread, others)
        total = dnormalized.sum(axis=others, keepdims=True)
        products = (dnormalized * normalized).sum(axis=others, keepdims=True)
        dx: Array = (dnormalized - share * (total + normalized * products)) / spread
        return dx

    def _broadcast(self, x: Array) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the shape that spreads a feature's value over x, and all axes but the features'."""
        features = self.axis % x.ndim
        shape = tuple(size if axis == features else 1 for axis, size in enumerate(x.shape))
        return shape, tuple(axis for axis in range(x.ndim) if axis != features)

    def _update(self, average: Array, new: Array) -> None:
        kept = average.dtype.type(self.momentum)
        average *= kept
        average += (1 - kept) * new.reshape(average.shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "moving_mean_initializer": serialize(self.moving_mean_initializer),
            "moving_variance_initializer": serialize(self.moving_variance_initializer),
        }


def _moments_of_what_counts(x: Array, mask: Array, axes: tuple[int, ...]) -> tuple[Array, Array, Array]:
    """Return the mean and the variance over what a mask leaves, and the share of each value in the mean."""
    counts = np.broadcast_to(mask.reshape(*mask.shape, *(1,) * (x.ndim - mask.ndim)), x.shape)
    nothing = x.dtype.type(0)
    share = counts / np.maximum(counts.sum(axis=axes, keepdims=True), 1).astype(x.dtype)
    mean = (np.where(counts, x, nothing) * share).sum(axis=axes, keepdims=True)
    deviation = np.where(counts, x - mean, nothing)
    return mean, (deviation * deviation * share).sum(axis=axes, keepdims=True), share


class LayerNormalization(_Normalization):
    r"""Normalize each record over its own features.

    The mean and the variance are the record's own, so that training and inference are the same and
    the size of the batch does not matter.

    Parameters
    ----------
    axis : int or sequence of int, default -1
        The axes to normalize over; :math:`\gamma` and :math:`\beta` have their shape.
    epsilon : float, default 0.001
        Keeps the division finite.
    center, scale : bool, default True
        Whether there are :math:`\beta` and :math:`\gamma`.
    beta_initializer, gamma_initializer : str or Initializer
        By default zeros and ones.
    beta_regularizer, gamma_regularizer : str or Regularizer, optional
        Penalties.
    **settings
        See `Layer`.
        For Keras's sake also `beta_constraint` and `gamma_constraint`, where None alone is taken.

    References
    ----------
    Ba, Kiros & Hinton, "Layer normalization", arXiv:1607.06450 (2016).

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import LayerNormalization
    >>> LayerNormalization(epsilon=0.0)(np.array([[1.0, 3.0]])).tolist()
    [[-1.0, 1.0]]
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: str | Initializer = "zeros",
        gamma_initializer: str | Initializer = "ones",
        beta_regularizer: str | Regularizer | None = None,
        gamma_regularizer: str | Regularizer | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            **settings,
        )
        self.axis = axis if isinstance(axis, int) else list(axis)

    def build(self, input_shape: Shape) -> Shape:
        """Declare gamma and beta, in the shape of the normalized axes."""
        sizes = [known_size(self, input_shape, axis) for axis in self._axes(len(input_shape))]
        self._add_scale_and_shift(tuple(sizes))
        return input_shape

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Normalize each record."""
        axes = self._axes(x.ndim)
        mean = x.mean(axis=axes, keepdims=True)
        variance = x.var(axis=axes, keepdims=True)
        spread = self._spread(x, variance)
        normalized = (x - mean) / spread
        return self._scale_and_shift(normalized, self._broadcast(x)), (normalized, spread)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Write dgamma and dbeta; return dx."""
        normalized, spread = cache
        axes = self._axes(dy.ndim)
        others = tuple(axis for axis in range(dy.ndim) if axis not in axes)
        self._write_gradients(dy, normalized, others)
        dnormalized = dy * self.gamma.value.reshape(self._broadcast(dy)) if self.scale else dy
        return self._backward_to_x(dnormalized, normalized, spread, axes)

    def _axes(self, dimensions: int) -> tuple[int, ...]:
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        there = {axis % dimensions for axis in axes if -dimensions <= axis < dimensions}
        if len(there) < len(axes):
            raise ValueError(
                f"layer {self.name!r} normalizes over axis {self.axis}, each once; found input with {dimensions} axes"
            )
        return tuple(sorted(there))

    def _broadcast(self, x: Array) -> tuple[int, ...]:
        axes = self._axes(x.ndim)
        return tuple(size if axis in axes else 1 for axis, size in enumerate(x.shape))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "axis": self.axis}
