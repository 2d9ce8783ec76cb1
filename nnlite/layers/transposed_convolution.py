"""Transposed convolutions: learned upsampling of a series or an image."""

from __future__ import annotations

from typing import Any

from nnlite.activations import ActivationFunction
from nnlite.initializers import Initializer
from nnlite.layers.arguments import known_size
from nnlite.layers.channels import either_format
from nnlite.layers.convolution import Kernel, Sizes
from nnlite.layers.windows import check_axes, correlate, crop, input_gradient, kernel_gradient, pad, per_axis, span
from nnlite.regularizers import Regularizer
from nnlite.types import Array, Shape


class _TransposedConvolution(Kernel):
    """Forward and backward pass of a transposed convolution along any number of axes."""

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        output_padding: Sizes | None = None,
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
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
        self.output_padding = (
            None if output_padding is None else per_axis(self, "output_padding", output_padding, self.axes, least=0)
        )
        if self.output_padding is not None and any(
            extra >= stride for extra, stride in zip(self.output_padding, self.strides, strict=True)
        ):
            raise ValueError(
                f"{type(self).__name__}: output_padding must be below strides; found output_padding={output_padding!r} "
                f"and strides={strides!r}"
            )

    def build(self, input_shape: Shape) -> Shape:
        """Declare K and, with `use_bias`, b."""
        check_axes(self, input_shape, self.axes)
        channels = known_size(self, input_shape)
        lengths = [
            None if length is None else self._output_length(length, axis)
            for axis, length in enumerate(input_shape[1:-1])
        ]
        self._add_weights((*self.kernel_size, self.filters, channels))
        return (input_shape[0], *lengths, self.filters)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Add x_o K_j' to every position o s + j d, crop or pad to the output's length, and compute y = f(z + b)."""
        full_shape, cropping, padding = self.output_frame(x.shape)
        full = input_gradient(x, self.kernel.value, full_shape, self.strides, self.dilation_rate)
        z, y = self._activate(pad(crop(full, cropping), padding))
        return y, (x, z, y)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Write dK and db; return dx."""
        x, z, y = cache
        _, cropping, padding = self.output_frame(x.shape)
        dz = self._activation_backward(dy, z, y)
        dfull = pad(crop(dz, padding), cropping)
        # The transpose of a transpose: dx is a convolution of dz, and in dK the two change places.
        self.kernel.gradient[...] = kernel_gradient(dfull, x, self.kernel.shape, self.strides, self.dilation_rate)
        return correlate(dfull, self.kernel.value, self.strides, self.dilation_rate)

    def _output_length(self, length: int, axis: int) -> int:
        """Return the length of the output: that of an input from which a convolution computes `length` positions."""
        stride, reach = self.strides[axis], span(self.kernel_size[axis], self.dilation_rate[axis])
        if length < 1:
            raise ValueError(f"layer {self.name!r} would have an empty output: its input has no positions")
        if self.output_padding is not None:
            end = reach if self.padding == "valid" else reach % 2
            return (length - 1) * stride + end + self.output_padding[axis]
        return (length - 1) * stride + max(reach, stride) if self.padding == "valid" else length * stride

    def output_frame(
        self, shape: tuple[int, ...]
    ) -> tuple[tuple[int, ...], list[tuple[int, int]], list[tuple[int, int]]]:
        """Return the shape of the sum over all positions, the widths to crop from it, and those to pad at its end.

        Parameters
        ----------
        shape : tuple of int
            Shape of the input, rows first.
        """
        full, cropping, padding = [], [], []
        for axis, length in enumerate(shape[1:-1]):
            whole = (length - 1) * self.strides[axis] + span(self.kernel_size[axis], self.dilation_rate[axis])
            excess = whole - self._output_length(length, axis)
            full.append(whole)
            cropping.append((max(excess, 0) // 2, max(excess, 0) - max(excess, 0) // 2))
            padding.append((0, max(-excess, 0)))
        none = (0, 0)
        return (shape[0], *full, self.filters), [none, *cropping, none], [none, *padding, none]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        padding = None if self.output_padding is None else list(self.output_padding)
        return {**super().get_config(), "output_padding": padding}


@either_format
class Conv1DTranspose(_TransposedConvolution):
    r"""Transposed convolution along a series: every step contributes to several steps of a longer series.

    The forward pass is the backward pass of `Conv1D` with respect to its input, and the other way round:

    .. math::

        z_i = \sum_{o s + j d = i} x_o K_j^\top + b, \quad y = f(z), \qquad
        dz = dy \odot f'(z), \quad
        dx_o = \sum_j dz_{o s + j d}\, K_j, \quad
        dK_j = \sum_{rows,\,o} dz_{o s + j d}^\top\, x_o, \quad
        db = \sum dz

    It is not the inverse of a convolution, but inverts its change of *shape*, as the decoder of an autoencoder needs.

    Parameters
    ----------
    filters : int
        Number of outputs at each position.
    kernel_size : int
        k, the number of output steps that an input contributes to.
    strides : int, default 1
        s, the factor by which the series becomes longer.
    padding : {"valid", "same"}, default "valid"
        Padding of the convolution of which this is the transpose. "same": the output is s times as long as the input.
    output_padding : int, optional
        Additional steps at the end, fewer than `strides`. A convolution has outputs of the same length for several
        lengths of its input, and this argument chooses one of these lengths. With n inputs and windows that span r,
        the output then has (n - 1) s + r + output_padding steps ("valid"), or (n - 1) s + (r mod 2) + output_padding
        ("same"). By default (n - 1) s + max(r, s), or n s.
    data_format : {"channels_last", "channels_first"}, optional
        The only supported order of axes: (rows, steps, channels).
    dilation_rate : int, default 1
        d, the distance of the output steps that an input contributes to.
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
    kernel : Weight, shape (kernel_size, filters, channels)
        K, with the shape of a convolution from `filters` to `channels`.
    bias : Weight, shape (filters,)
        b.

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    Dumoulin & Visin, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285 (2016), chapter 4.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Conv1DTranspose
    >>> Conv1DTranspose(1, 3, strides=2, padding="same")(np.zeros((5, 10, 4))).shape
    (5, 20, 1)
    """

    axes = 1


@either_format
class Conv2DTranspose(_TransposedConvolution):
    r"""Transposed convolution over an image: every pixel contributes to several pixels of a larger image.

    The equations are those of `Conv1DTranspose`, with a position o, an offset j, a stride s and a dilation d for each
    axis.

    Parameters
    ----------
    filters : int
        Number of outputs at each position.
    kernel_size : int or (int, int)
        Height and width of the kernel.
    strides : int or (int, int), default 1
        Factors by which height and width grow.
    padding : {"valid", "same"}, default "valid"
        Padding of the convolution of which this is the transpose. "same": the output is `strides` times as large.
    output_padding : int or (int, int), optional
        As for `Conv1DTranspose`, for each axis.
    data_format : {"channels_last", "channels_first"}, optional
        The only supported order of axes: (rows, height, width, channels).
    dilation_rate : int or (int, int), default 1
        d, the distances of the output pixels that an input contributes to.
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
    kernel : Weight, shape (height, width, filters, channels)
        K.
    bias : Weight, shape (filters,)
        b.

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    Zeiler, Krishnan, Taylor & Fergus, "Deconvolutional networks", CVPR 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Conv2DTranspose
    >>> Conv2DTranspose(1, 3, strides=2, padding="same")(np.zeros((5, 7, 7, 8))).shape
    (5, 14, 14, 1)
    """

    axes = 2
