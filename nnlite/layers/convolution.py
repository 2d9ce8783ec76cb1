"""Convolutions: a small kernel that slides over a series or an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from nnlite import activations, initializers, regularizers
from nnlite.activations import ActivationFunction
from nnlite.initializers import Initializer
from nnlite.layers.arguments import check_size, known_size, set_constraints
from nnlite.layers.base import Layer
from nnlite.layers.channels import either_format, set_data_format
from nnlite.layers.windows import (
    PADDINGS,
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
from nnlite.regularizers import Regularizer
from nnlite.types import Array, Shape

Sizes = int | Sequence[int]


class BiasedConvolution(Layer):
    """Base of all convolutions: bias and activation, y = f(z + b)."""

    supports_masking = False

    use_bias: bool
    bias: Any
    activation: ActivationFunction

    def _activate(self, z: Array) -> tuple[Array, Array]:
        """Add the bias; return z and y = f(z)."""
        if self.use_bias:
            z = z + self.bias.value
        return z, self.activation(z)

    def _activation_backward(self, dy: Array, z: Array, y: Array) -> Array:
        """Write db, the sum over rows and positions; return dz = dy f'(z)."""
        dz = self.activation.backward(dy, z, y)
        if self.use_bias:
            self.bias.gradient[...] = dz.sum(axis=tuple(range(dz.ndim - 1)))
        return dz

    def compute_mask(self, x: Any, mask: Any = None, y: Any = None) -> None:  # noqa: ARG002
        """Return None: every output depends on several steps, so no mask of the input fits it."""
        return


class Kernel(BiasedConvolution):
    """Base of convolutions and their transposes: their settings."""

    axes: ClassVar[int]
    """Number of axes between the rows and the channels."""

    paddings: ClassVar[tuple[str, ...]] = PADDINGS

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes,
        padding: str,
        data_format: str | None,
        dilation_rate: Sizes,
        activation: str | ActivationFunction | None,
        use_bias: bool,
        kernel_initializer: str | Initializer,
        bias_initializer: str | Initializer,
        kernel_regularizer: str | Regularizer | None,
        bias_regularizer: str | Regularizer | None,
        activity_regularizer: str | Regularizer | None,
        *,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **settings: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **settings)
        set_constraints(self, kernel_constraint=kernel_constraint, bias_constraint=bias_constraint)
        self.filters = check_size(self, "filters", filters)
        self.kernel_size = per_axis(self, "kernel_size", kernel_size, self.axes)
        self.strides = per_axis(self, "strides", strides, self.axes)
        self.dilation_rate = per_axis(self, "dilation_rate", dilation_rate, self.axes)
        self.padding = check_padding(self, padding, self.paddings)
        set_data_format(self, data_format)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.bias: Any = None
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)

    def _add_weights(self, kernel_shape: tuple[int, ...]) -> None:
        self.kernel = self.add_weight("kernel", kernel_shape, self.kernel_initializer, self.kernel_regularizer)
        if self.use_bias:
            self.bias = self.add_weight("bias", (self.filters,), self.bias_initializer, self.bias_regularizer)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "kernel_regularizer": serialize_optional(self.kernel_regularizer),
            "bias_regularizer": serialize_optional(self.bias_regularizer),
            "filters": self.filters,
            "kernel_size": list(self.kernel_size),
            "strides": list(self.strides),
            "padding": self.padding,
            "dilation_rate": list(self.dilation_rate),
            "activation": serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": serialize(self.kernel_initializer),
            "bias_initializer": serialize(self.bias_initializer),
        }


class _Convolution(Kernel):
    """Forward and backward pass of a convolution along any number of axes."""

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
        groups: int = 1,
        activation: str | ActivationFunction | None = None,
        use_bias: bool = True,
        kernel_initializer: str | Initializer = "glorot_uniform",
        bias_initializer: str | Initializer = "zeros",
        kernel_regularizer: str | Regularizer | None = None,
        bias_regularizer: str | Regularizer | None = None,
        activity_regularizer: str | Regularizer | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            activity_regularizer,
            **settings,
        )
        self.groups = check_size(self, "groups", groups)
        if self.filters % self.groups:
            raise ValueError(
                f"{type(self).__name__}: filters must be a multiple of groups; found {filters} filters and "
                f"{groups} groups"
            )

    def build(self, input_shape: Shape) -> Shape:
        """Declare K and, with `use_bias`, b."""
        check_axes(self, input_shape, self.axes)
        channels = known_size(self, input_shape)
        if channels % self.groups:
            raise ValueError(
                f"layer {self.name!r}: the input's channels must be a multiple of groups; found {channels} channels "
                f"and {self.groups} groups"
            )
        lengths = self._output_lengths(input_shape)
        self._add_weights((*self.kernel_size, channels // self.groups, self.filters))
        return (input_shape[0], *lengths, self.filters)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute y = f(x * K + b) for x of shape (rows, ..., channels)."""
        # A length that was unknown to build is checked here.
        self._output_lengths(x.shape)
        widths = all_padding_widths(x.shape[1:-1], self.kernel_size, self.strides, self.dilation_rate, self.padding)
        x = pad(x, widths)
        z, y = self._activate(correlate(x, self.kernel.value, self.strides, self.dilation_rate, self.groups))
        return y, (x, widths, z, y)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Write dK and db; return dx."""
        x, widths, z, y = cache
        windows = self.strides, self.dilation_rate, self.groups
        dz = self._activation_backward(dy, z, y)
        self.kernel.gradient[...] = kernel_gradient(x, dz, self.kernel.shape, *windows)
        dx = input_gradient(dz, self.kernel.value, x.shape, *windows)
        return crop(dx, widths)

    def _output_lengths(self, shape: Shape) -> tuple[int | None, ...]:
        return output_lengths(self, shape, self.kernel_size, self.strides, self.dilation_rate, self.padding)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "groups": self.groups}


@either_format
class Conv1D(_Convolution):
    r"""Convolution along a series: every output is a weighted sum of a few consecutive steps.

    Forward, with stride s, dilation d and a kernel K of k matrices (inputs by filters), for a padded input x:

    .. math:: z_o = \sum_{j=0}^{k-1} x_{o s + j d}\, K_j + b, \qquad y = f(z)

    Backward, from dy. The kernel acts through every window, so its gradient is a sum over windows; a step of the input
    acts through every window that covers it:

    .. math::

        dz = dy \odot f'(z), \qquad
        dK_j = \sum_{rows,\,o} x_{o s + j d}^\top\, dz_o, \qquad
        db = \sum_{rows,\,o} dz_o, \qquad
        dx_i = \sum_{o s + j d = i} dz_o\, K_j^\top

    The sum over j is one matrix product once the steps of each window are copied into one row (im2col). The
    last sum is the transposed product, its rows added back to their steps (`nnlite.layers.windows`).

    Parameters
    ----------
    filters : int
        Number of outputs at each position.
    kernel_size : int
        k, the number of steps in a window.
    strides : int, default 1
        s, the number of steps from one window to the next. Remaining steps at the end are not used.
    padding : {"valid", "same", "causal"}, default "valid"
        "valid": windows lie within the series. "same": zeros on both sides, so that with stride 1 the output is as
        long as the input. "causal": zeros in front, so that an output depends on its own step and earlier ones,
        never on a later one.
    data_format : {"channels_last", "channels_first"}, optional
        The only supported order of axes: (rows, steps, channels).
    dilation_rate : int, default 1
        d, the distance between the steps of a window.
    groups : int, default 1
        Number of groups that channels and filters are split into; each group of filters uses its own channels only.
    activation : str or ActivationFunction, optional
        f; linear by default.
    use_bias : bool, default True
        Whether the layer has a bias b.
    kernel_initializer, bias_initializer : str or Initializer
        Initial values of K and b; by default Glorot's uniform and zeros.
    kernel_regularizer, bias_regularizer, activity_regularizer : str or Regularizer, optional
        Penalties on K, b and y.
    **settings
        `name`, `dtype`, `trainable`, `input_shape`: see `Layer`.
        `kernel_constraint` and `bias_constraint`: see `nnlite.constraints`.

    Attributes
    ----------
    kernel : Weight, shape (kernel_size, channels / groups, filters)
        K.
    bias : Weight, shape (filters,)
        b.

    Raises
    ------
    ValueError
        If an argument is out of range, or the input is shorter than one window.

    References
    ----------
    Goodfellow, Bengio & Courville, *Deep Learning* (2016), chapter 9. Dilation: Yu & Koltun, "Multi-scale context
    aggregation by dilated convolutions", ICLR 2016. Causal: van den Oord et al., "WaveNet", arXiv:1609.03499 (2016).

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Conv1D
    >>> difference = Conv1D(1, 2, use_bias=False)
    >>> x = np.array([[[1.0], [4.0], [9.0], [16.0]]])
    >>> _ = difference(x)
    >>> difference.set_weights([np.array([[[-1.0]], [[1.0]]])])
    >>> difference(x)[0, :, 0].tolist()
    [3.0, 5.0, 7.0]
    """

    axes = 1
    paddings = (*PADDINGS, "causal")


@either_format
class Conv2D(_Convolution):
    r"""Convolution over an image: every output is a weighted sum of a small patch.

    The equations are those of `Conv1D`, with a position o, a place j, a stride s and a dilation d for each of the
    two axes.

    Parameters
    ----------
    filters : int
        Number of outputs at each position.
    kernel_size : int or (int, int)
        Height and width of the window.
    strides : int or (int, int), default 1
        Rows and columns from one window to the next.
    padding : {"valid", "same"}, default "valid"
        "valid": windows lie within the image. "same": zeros around it, so that with stride 1 the output is as large
        as the input.
    data_format : {"channels_last", "channels_first"}, optional
        The only supported order of axes: (rows, height, width, channels).
    dilation_rate : int or (int, int), default 1
        The distances between neighboring pixels of a window.
    groups : int, default 1
        Number of groups that channels and filters are split into; each group of filters uses its own channels only.
    activation : str or ActivationFunction, optional
        f; linear by default.
    use_bias : bool, default True
        Whether the layer has a bias b.
    kernel_initializer, bias_initializer : str or Initializer
        Initial values of K and b; by default Glorot's uniform and zeros.
    kernel_regularizer, bias_regularizer, activity_regularizer : str or Regularizer, optional
        Penalties on K, b and y.
    **settings
        `name`, `dtype`, `trainable`, `input_shape`: see `Layer`.
        `kernel_constraint` and `bias_constraint`: see `nnlite.constraints`.

    Attributes
    ----------
    kernel : Weight, shape (height, width, channels / groups, filters)
        K.
    bias : Weight, shape (filters,)
        b.

    Raises
    ------
    ValueError
        If an argument is out of range, or the input is smaller than one window.

    References
    ----------
    LeCun et al., "Gradient-based learning applied to document recognition", Proceedings of the IEEE 86 (1998).

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Conv2D
    >>> Conv2D(8, 3, strides=2, padding="same")(np.zeros((5, 28, 28, 1))).shape
    (5, 14, 14, 8)
    """

    axes = 2
