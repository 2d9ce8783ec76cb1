"""Normalization layers: batch normalization and layer normalization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite import initializers, regularizers
from nnlite.initializers import Initializer
from nnlite.layers.arguments import as_axes, known_size, set_constraints
from nnlite.layers.base import Layer
from nnlite.registry import serialize, serialize_optional
from nnlite.regularizers import Regularizer
from nnlite.types import Array, Shape
from nnlite.validation import check_argument, number


class NormalizationLayer(Layer):
    r"""Base of the normalization layers: x̂ with mean 0 and variance 1, then scale and shift.

    .. math::

        \hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}, \qquad y = \gamma \hat x + \beta

    The layers differ in the axes of the mean :math:`\mu` and of the variance :math:`\sigma^2`. Backward, where an
    overline is the mean over these axes, and :math:`d\hat x = \gamma \odot dy`:

    .. math::

        d\gamma = \sum dy\, \hat x, \qquad d\beta = \sum dy, \qquad
        dx = \frac{d\hat x - \overline{d\hat x} - \hat x\, \overline{d\hat x\, \hat x}}{\sqrt{\sigma^2 + \epsilon}}

    The two subtracted terms are the derivatives through the mean and through the variance.
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
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        set_constraints(self, beta_constraint=beta_constraint, gamma_constraint=gamma_constraint)
        check_argument(self, "epsilon", epsilon, number(least=0))
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

    def _deviation(self, x: Array, variance: Array) -> Array:
        """Return sqrt(variance + epsilon) in the dtype of x."""
        deviation: Array = np.sqrt(variance + x.dtype.type(self.epsilon))
        return deviation

    def _scale_and_shift(self, x_hat: Array, shape: tuple[int, ...]) -> Array:
        """Compute y = gamma x̂ + beta; `shape` broadcasts the weights over the other axes."""
        y = x_hat
        if self.scale:
            y = y * self.gamma.value.reshape(shape)
        if self.center:
            y = y + self.beta.value.reshape(shape)
        return y

    def _write_gradients(self, dy: Array, x_hat: Array, axes: tuple[int, ...]) -> None:
        """Write dgamma and dbeta, sums over the axes along which the weights are shared."""
        if self.scale:
            self.gamma.gradient[...] = (dy * x_hat).sum(axis=axes).reshape(self.gamma.shape)
        if self.center:
            self.beta.gradient[...] = dy.sum(axis=axes).reshape(self.beta.shape)

    def _backward_to_x(self, dx_hat: Array, x_hat: Array, deviation: Array, axes: Any) -> Array:
        """Return dx for the mean and the variance over `axes` of x itself."""
        through_mean = dx_hat.mean(axis=axes, keepdims=True)
        through_variance = (dx_hat * x_hat).mean(axis=axes, keepdims=True)
        dx: Array = (dx_hat - through_mean - x_hat * through_variance) / deviation
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


class BatchNormalization(NormalizationLayer):
    r"""Normalize each feature over the batch.

    In training, :math:`\mu` and :math:`\sigma^2` are the mean and the variance of the batch, and the layer updates
    moving averages of both: :math:`m \leftarrow \rho\, m + (1-\rho)\,\mu`. At inference, and while the layer is frozen
    (``trainable = False``), the moving averages are used instead. The layer is then linear:
    :math:`dx = \gamma\, dy / \sqrt{\sigma^2 + \epsilon}`.

    Masked steps are normalized like all others, but excluded from :math:`\mu` and :math:`\sigma^2`, which are both 0 if
    all steps of a batch are masked. With the weight :math:`s` of each value in the mean, 0 at a masked step:

    .. math:: dx = \frac{d\hat x - s \sum d\hat x - s\, \hat x \sum d\hat x\, \hat x}{\sqrt{\sigma^2 + \epsilon}}

    Parameters
    ----------
    axis : int, default -1
        The axis of the features.
    momentum : float, default 0.99
        :math:`\rho`.
    epsilon : float, default 0.001
        Small number added to the variance, so that the denominator is not 0.
    center, scale : bool, default True
        Whether the layer has :math:`\beta` and :math:`\gamma`.
    beta_initializer, gamma_initializer : str or Initializer
        Initial values of :math:`\beta` and :math:`\gamma`; by default zeros and ones.
    moving_mean_initializer, moving_variance_initializer : str or Initializer
        Initial values of the moving averages; by default zeros and ones.
    beta_regularizer, gamma_regularizer : str or Regularizer, optional
        Penalties on :math:`\beta` and :math:`\gamma`.
    **settings
        See `Layer`.
        `beta_constraint` and `gamma_constraint`: see `nnlite.constraints`.

    Raises
    ------
    ValueError
        If `momentum` is out of [0, 1], or `axis` is not an axis of the input.

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
        *,
        synchronized: bool = False,  # noqa: ARG002
        renorm: bool = False,
        renorm_clipping: Any = None,  # noqa: ARG002
        renorm_momentum: float = 0.99,  # noqa: ARG002
        **settings: Any,
    ) -> None:
        if renorm:
            raise ValueError(
                "BatchNormalization: renorm=True is not supported; for small batches use LayerNormalization"
            )
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
        check_argument(self, "momentum", momentum, number(0, most=1))
        self.axis = axis
        self.momentum = momentum
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)

    def build(self, input_shape: Shape) -> Shape:
        """Declare gamma, beta and the two moving averages."""
        shape = (known_size(self, input_shape, self.axis),)
        self._add_scale_and_shift(shape)
        self.moving_mean = self.add_weight("moving_mean", shape, self.moving_mean_initializer, trainable=False)
        self.moving_variance = self.add_weight(
            "moving_variance", shape, self.moving_variance_initializer, trainable=False
        )
        return input_shape

    def forward(self, x: Array, training: bool = False, mask: Array | None = None) -> tuple[Array, Any]:
        """Normalize with the statistics of the batch in training, with the moving averages otherwise.

        Parameters
        ----------
        x : ndarray
            Input.
        training : bool, default False
            Whether to use the statistics of the batch.
        mask : ndarray of bool, shape (rows,) or (rows, steps), optional
            True for the values that the statistics are computed from.
        """
        shape, axes = self._broadcast(x)
        uses_batch = training and self.trainable
        weight = None
        if uses_batch:
            if mask is None:
                mean = x.mean(axis=axes, keepdims=True)
                variance = x.var(axis=axes, keepdims=True)
            else:
                mean, variance, weight = _masked_moments(x, mask, axes)
            self._update(self.moving_mean.value, mean)
            self._update(self.moving_variance.value, variance)
        else:
            mean = self.moving_mean.value.reshape(shape)
            variance = self.moving_variance.value.reshape(shape)
        deviation = self._deviation(x, variance)
        x_hat = (x - mean) / deviation
        return self._scale_and_shift(x_hat, shape), (x_hat, deviation, uses_batch, weight)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Write dgamma and dbeta; return dx."""
        x_hat, deviation, uses_batch, weight = cache
        shape, axes = self._broadcast(dy)
        self._write_gradients(dy, x_hat, axes)
        dx_hat = dy * self.gamma.value.reshape(shape) if self.scale else dy
        if not uses_batch:
            return dx_hat / deviation
        if weight is None:
            return self._backward_to_x(dx_hat, x_hat, deviation, axes)
        through_mean = dx_hat.sum(axis=axes, keepdims=True)
        through_variance = (dx_hat * x_hat).sum(axis=axes, keepdims=True)
        dx: Array = (dx_hat - weight * (through_mean + x_hat * through_variance)) / deviation
        return dx

    def _broadcast(self, x: Array) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the shape that broadcasts one value per feature over x, and all axes except that of the features."""
        features = self.axis % x.ndim
        shape = tuple(size if axis == features else 1 for axis, size in enumerate(x.shape))
        return shape, tuple(axis for axis in range(x.ndim) if axis != features)

    def _update(self, average: Array, new: Array) -> None:
        """Update a moving average in place."""
        momentum = average.dtype.type(self.momentum)
        average *= momentum
        average += (1 - momentum) * new.reshape(average.shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "moving_mean_initializer": serialize(self.moving_mean_initializer),
            "moving_variance_initializer": serialize(self.moving_variance_initializer),
        }


def _masked_moments(x: Array, mask: Array, axes: tuple[int, ...]) -> tuple[Array, Array, Array]:
    """Return the mean and the variance of the valid values, and the weight of each value in the mean."""
    valid = np.broadcast_to(mask.reshape(*mask.shape, *(1,) * (x.ndim - mask.ndim)), x.shape)
    zero = x.dtype.type(0)
    weight = valid / np.maximum(valid.sum(axis=axes, keepdims=True), 1).astype(x.dtype)
    mean = (np.where(valid, x, zero) * weight).sum(axis=axes, keepdims=True)
    difference = np.where(valid, x - mean, zero)
    return mean, (difference * difference * weight).sum(axis=axes, keepdims=True), weight


class LayerNormalization(NormalizationLayer):
    r"""Normalize each record over its features.

    .. math::

        \hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}, \qquad y = \gamma \hat x + \beta, \qquad
        dx = \frac{d\hat x - \overline{d\hat x} - \hat x\, \overline{d\hat x\, \hat x}}{\sqrt{\sigma^2 + \epsilon}}

    where the mean :math:`\mu`, the variance :math:`\sigma^2` and the overlined means are those of the single record.
    So the result does not depend on the other records of the batch, and is the same in training and at inference.

    Parameters
    ----------
    axis : int or sequence of int, default -1
        Axes of the mean and of the variance; :math:`\gamma` and :math:`\beta` have their shape.
    epsilon : float, default 0.001
        Small number added to the variance, so that the denominator is not 0.
    center, scale : bool, default True
        Whether the layer has :math:`\beta` and :math:`\gamma`.
    beta_initializer, gamma_initializer : str or Initializer
        Initial values of :math:`\beta` and :math:`\gamma`; by default zeros and ones.
    beta_regularizer, gamma_regularizer : str or Regularizer, optional
        Penalties on :math:`\beta` and :math:`\gamma`.
    **settings
        See `Layer`.
        `beta_constraint` and `gamma_constraint`: see `nnlite.constraints`.

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
        self.axis = as_axes(self, axis)

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
        deviation = self._deviation(x, variance)
        x_hat = (x - mean) / deviation
        return self._scale_and_shift(x_hat, self._broadcast(x)), (x_hat, deviation)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Write dgamma and dbeta; return dx."""
        x_hat, deviation = cache
        axes = self._axes(dy.ndim)
        other_axes = tuple(axis for axis in range(dy.ndim) if axis not in axes)
        self._write_gradients(dy, x_hat, other_axes)
        dx_hat = dy * self.gamma.value.reshape(self._broadcast(dy)) if self.scale else dy
        return self._backward_to_x(dx_hat, x_hat, deviation, axes)

    def _axes(self, dimensions: int) -> tuple[int, ...]:
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        found = {axis % dimensions for axis in axes if -dimensions <= axis < dimensions}
        if len(found) < len(axes):
            raise ValueError(
                f"layer {self.name!r} normalizes over axis {self.axis}, each once; found input with {dimensions} axes"
            )
        return tuple(sorted(found))

    def _broadcast(self, x: Array) -> tuple[int, ...]:
        axes = self._axes(x.ndim)
        return tuple(size if axis in axes else 1 for axis, size in enumerate(x.shape))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "axis": self.axis}
