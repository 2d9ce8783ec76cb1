"""Convolutions whose filters see one channel each, alone or followed by a mixture of the channels."""

from __future__ import annotations

from typing import Any, ClassVar

from nnlite import activations, initializers, regularizers
from nnlite.layers.arguments import check_size, known_size, set_constraints
from nnlite.layers.channels import either_format, set_data_format
from nnlite.layers.convolution import BiasedConvolution, Sizes
from nnlite.layers.windows import (
    all_padding_widths,
    check_axes,
    check_padding,
    correlate,
    crop,
    input_gradient,
    kernel_gradient,
    output_lengths,
    pad,
    per_axis,
)
from nnlite.registry import serialize, serialize_optional
from nnlite.types import Array, Shape


class _PerChannel(BiasedConvolution):
    """Base: windows, and a filter for each channel."""

    axes: ClassVar[int]
    depthwise_name: ClassVar[str]
    """Name of the weight with the filters of the channels."""

    def __init__(
        self,
        kernel_size: Sizes,
        strides: Sizes,
        padding: str,
        depth_multiplier: int,
        data_format: str | None,
        dilation_rate: Sizes,
        activation: Any,
        use_bias: bool,
        depthwise_initializer: Any,
        bias_initializer: Any,
        depthwise_regularizer: Any,
        bias_regularizer: Any,
        activity_regularizer: Any,
        depthwise_constraint: Any,
        bias_constraint: Any,
        **settings: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **settings)
        set_constraints(self, depthwise_constraint=depthwise_constraint, bias_constraint=bias_constraint)
        self.kernel_size = per_axis(self, "kernel_size", kernel_size, self.axes)
        self.strides = per_axis(self, "strides", strides, self.axes)
        self.dilation_rate = per_axis(self, "dilation_rate", dilation_rate, self.axes)
        self.padding = check_padding(self, padding, ("valid", "same"))
        self.depth_multiplier = check_size(self, "depth_multiplier", depth_multiplier)
        set_data_format(self, data_format)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.bias: Any = None
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)

    def _add_depthwise(self, channels: int) -> Any:
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        constraint = self.constraints.get("depthwise_constraint")
        return self.add_weight(
            self.depthwise_name, shape, self.depthwise_initializer, self.depthwise_regularizer, constraint=constraint
        )

    def _add_bias(self, filters: int) -> None:
        if self.use_bias:
            self.bias = self.add_weight("bias", (filters,), self.bias_initializer, self.bias_regularizer)

    def _lengths(self, shape: Shape) -> tuple[int | None, ...]:
        return output_lengths(self, shape, self.kernel_size, self.strides, self.dilation_rate, self.padding)

    def _depthwise(self, x: Array, kernel: Array) -> tuple[Array, Any]:
        """Return each channel's filters applied to it: a convolution of as many groups as channels."""
        self._lengths(x.shape)
        widths = all_padding_widths(x.shape[1:-1], self.kernel_size, self.strides, self.dilation_rate, self.padding)
        x = pad(x, widths)
        return correlate(x, self._grouped(kernel), self.strides, self.dilation_rate, x.shape[-1]), (x, widths)

    def _depthwise_backward(self, dz: Array, cache: Any, weight: Any) -> Array:
        """Write the gradient of the filters; return dx."""
        x, widths = cache
        kernel = self._grouped(weight.value)
        windows = self.strides, self.dilation_rate, x.shape[-1]
        weight.gradient[...] = kernel_gradient(x, dz, kernel.shape, *windows).reshape(weight.shape)
        return crop(input_gradient(dz, kernel, x.shape, *windows), widths)

    @staticmethod
    def _grouped(kernel: Array) -> Array:
        """Return filters of shape (..., channels, multiplier) as those of groups of one channel."""
        return kernel.reshape(*kernel.shape[:-2], 1, -1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "kernel_size": list(self.kernel_size),
            "strides": list(self.strides),
            "dilation_rate": list(self.dilation_rate),
            "activation": serialize(self.activation),
            **{name: getattr(self, name) for name in ("padding", "depth_multiplier", "use_bias")},
            "depthwise_initializer": serialize(self.depthwise_initializer),
            "bias_initializer": serialize(self.bias_initializer),
            "depthwise_regularizer": serialize_optional(self.depthwise_regularizer),
            "bias_regularizer": serialize_optional(self.bias_regularizer),
        }


class _DepthwiseConvolution(_PerChannel):
    """Forward and backward pass of filters of single channels."""

    depthwise_name = "kernel"

    def __init__(
        self,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **settings: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            depth_multiplier,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            depthwise_initializer,
            bias_initializer,
            depthwise_regularizer,
            bias_regularizer,
            activity_regularizer,
            depthwise_constraint,
            bias_constraint,
            **settings,
        )

    def build(self, input_shape: Shape) -> Shape:
        """Declare the filters and, with `use_bias`, b."""
        check_axes(self, input_shape, self.axes)
        channels = known_size(self, input_shape)
        lengths = self._lengths(input_shape)
        self.kernel = self._add_depthwise(channels)
        self._add_bias(channels * self.depth_multiplier)
        return (input_shape[0], *lengths, channels * self.depth_multiplier)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute y = f(x * K + b), channel by channel."""
        z, windows = self._depthwise(x, self.kernel.value)
        z, y = self._activate(z)
        return y, (windows, z, y)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Write dK and db; return dx."""
        windows, z, y = cache
        return self._depthwise_backward(self._activation_backward(dy, z, y), windows, self.kernel)


@either_format
class DepthwiseConv1D(_DepthwiseConvolution):
    r"""Convolution along the steps whose filters see one channel each.

    .. math:: y_{t,\, c m + k} = f\Bigl(\sum_s x_{t + s,\, c} K_{s, c, k} + b_{c m + k}\Bigr)

    for the channels c and the m filters of each. It is `Conv1D` with as many groups as channels, and its backward pass
    is that of `Conv1D`.

    Parameters
    ----------
    kernel_size, strides, dilation_rate : int
        As for `Conv1D`.
    padding : {"valid", "same"}, default "valid"
        As for `Conv1D`.
    depth_multiplier : int, default 1
        m, the number of filters of each channel.
    activation, use_bias, bias_initializer, bias_regularizer, activity_regularizer, bias_constraint : object
        As for `Conv1D`.
    depthwise_initializer, depthwise_regularizer, depthwise_constraint : object
        Initial values of K, and a penalty and a constraint on it.
    **settings
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> DepthwiseConv1D(2, depthwise_initializer="ones")(np.array([[[1.0, 10.0], [2.0, 20.0]]])).tolist()
    [[[3.0, 30.0]]]
    """

    axes = 1


@either_format
class DepthwiseConv2D(_DepthwiseConvolution):
    """Convolution of images whose filters see one channel each; see `DepthwiseConv1D` and `Conv2D`.

    Examples
    --------
    >>> import numpy as np
    >>> DepthwiseConv2D(2, depth_multiplier=3)(np.zeros((1, 4, 4, 2))).shape
    (1, 3, 3, 6)
    """

    axes = 2


class _SeparableConvolution(_PerChannel):
    """Forward and backward pass of filters of single channels, then a mixture of the channels."""

    depthwise_name = "depthwise_kernel"

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **settings: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            depth_multiplier,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            depthwise_initializer,
            bias_initializer,
            depthwise_regularizer,
            bias_regularizer,
            activity_regularizer,
            depthwise_constraint,
            bias_constraint,
            **settings,
        )
        set_constraints(self, pointwise_constraint=pointwise_constraint)
        self.filters = check_size(self, "filters", filters)
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)

    def build(self, input_shape: Shape) -> Shape:
        """Declare both kernels and, with `use_bias`, b."""
        check_axes(self, input_shape, self.axes)
        channels = known_size(self, input_shape)
        lengths = self._lengths(input_shape)
        self.depthwise_kernel = self._add_depthwise(channels)
        shape = (*[1] * self.axes, channels * self.depth_multiplier, self.filters)
        self.pointwise_kernel = self.add_weight(
            "pointwise_kernel", shape, self.pointwise_initializer, self.pointwise_regularizer
        )
        self._add_bias(self.filters)
        return (input_shape[0], *lengths, self.filters)

    def _matrix(self) -> Array:
        """Return the mixture of the channels as a matrix."""
        return self.pointwise_kernel.value.reshape(-1, self.filters)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute y = f((x * K) P + b)."""
        filtered, windows = self._depthwise(x, self.depthwise_kernel.value)
        z, y = self._activate(filtered @ self._matrix())
        return y, (windows, filtered, z, y)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Write dK, dP and db; return dx."""
        windows, filtered, z, y = cache
        dz = self._activation_backward(dy, z, y)
        rows, drows = filtered.reshape(-1, filtered.shape[-1]), dz.reshape(-1, self.filters)
        self.pointwise_kernel.gradient[...] = (rows.T @ drows).reshape(self.pointwise_kernel.shape)
        return self._depthwise_backward(dz @ self._matrix().T, windows, self.depthwise_kernel)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "pointwise_initializer": serialize(self.pointwise_initializer),
            "pointwise_regularizer": serialize_optional(self.pointwise_regularizer),
        }


@either_format
class SeparableConv1D(_SeparableConvolution):
    r"""Convolution along the steps in two parts: filters of single channels, then a mixture of the channels.

    .. math:: u = x * K, \qquad y = f(u P + b), \qquad du = dz\, P^\top, \qquad dP = u^\top dz

    It has fewer weights than `Conv1D`: a filter K for each channel, and one matrix P.

    Parameters
    ----------
    filters : int
        Number of outputs of each step.
    kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias : object
        As for `Conv1D`.
    depth_multiplier : int, default 1
        Number of filters of each channel.
    depthwise_initializer, pointwise_initializer, bias_initializer : str or Initializer
        Initial values of K, P and b; by default Glorot's uniform, and zeros.
    depthwise_regularizer, pointwise_regularizer, bias_regularizer, activity_regularizer : str or Regularizer, optional
        Penalties on K, P, b and y.
    depthwise_constraint, pointwise_constraint, bias_constraint : object, optional
        See `nnlite.constraints`.
    **settings
        See `Layer`.

    References
    ----------
    Chollet, "Xception: deep learning with depthwise separable convolutions", CVPR 2017.

    Examples
    --------
    >>> import numpy as np
    >>> SeparableConv1D(4, 3)(np.zeros((1, 10, 2))).shape
    (1, 8, 4)
    """

    axes = 1


@either_format
class SeparableConv2D(_SeparableConvolution):
    """Convolution of images in two parts; see `SeparableConv1D` and `Conv2D`.

    Examples
    --------
    >>> import numpy as np
    >>> SeparableConv2D(4, 3, padding="same")(np.zeros((1, 8, 8, 2))).shape
    (1, 8, 8, 4)
    """

    axes = 2
