"""Transposed convolutions: the way back from few positions to many."""

from __future__ import annotations

from typing import Any

from nnlite.activations import ActivationFunction
from nnlite.initializers import Initializer
from nnlite.layers.base import known_size
from nnlite.layers.convolution import Kernel, Sizes
from nnlite.layers.windows import check_axes, correlate, crop, input_gradient, kernel_gradient, pad, per_axis, span
from nnlite.regularizers import Regularizer
from nnlite.types import Array, Shape


class _TransposedConvolution(Kernel):
    """The forward and the backward pass of a transposed convolution, whatever its number of axes."""

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
        """Scatter every position's value through the kernel, cut or fill to length, and compute y = f(z + b)."""
        full, before, after = self._frame(x.shape)
        spread = input_gradient(x, self.kernel.value, full, self.strides, self.dilation_rate)
        z, y = self._activate(pad(crop(spread, before), after))
        return y, (x, z, y)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Write dK and db; return dx."""
        x, z, y = cache
        _, before, after = self._frame(x.shape)
        dz = self._activation_backward(dy, z, y)
        dspread = pad(crop(dz, after), before)
        # The transpose of a transpose: dx is a convolution of dz, and dK sees the two in each other's place.
        self.kernel.gradient[...] = kernel_gradient(dspread, x, self.kernel.shape, self.strides, self.dilation_rate)
        return correlate(dspread, self.kernel.value, self.strides, self.dilation_rate)

    def _output_length(self, length: int, axis: int) -> int:
        """Return how long the output is: as long as an input of which a convolution would make `length` positions."""
        stride, reach = self.strides[axis], span(self.kernel_size[axis], self.dilation_rate[axis])
        if length < 1:
            raise ValueError(f"layer {self.name!r} would have an empty output: its input has no positions")
        if self.output_padding is not None:
            end = reach if self.padding == "valid" else reach % 2
            return (length - 1) * stride + end + self.output_padding[axis]
        return (length - 1) * stride + max(reach, stride) if self.padding == "valid" else length * stride

    def _frame(self, shape: tuple[int, ...]) -> tuple[tuple[int, ...], list[tuple[int, int]], list[tuple[int, int]]]:
        """Return the shape of all that is scattered, what to cut off around it, and what to add at the end."""
        full, cut, fill = [], [], []
        for axis, length in enumerate(shape[1:-1]):
            whole = (length - 1) * self.strides[axis] + span(self.kernel_size[axis], self.dilation_rate[axis])
            excess = whole - self._output_length(length, axis)
            full.append(whole)
            cut.append((max(excess, 0) // 2, max(excess, 0) - max(excess, 0) // 2))
            fill.append((0, max(-excess, 0)))
        none = (0, 0)
        return (shape[0], *full, self.filters), [none, *cut, none], [none, *fill, none]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        padding = None if self.output_padding is None else list(self.output_padding)
        return {**super().get_config(), "output_padding": padding}


class Conv1DTranspose(_TransposedConvolution):
    r"""Run a convolution backwards: every step gives a weighted share to several steps of a longer series.

    The forward pass is exactly what `Conv1D` does to its gradient, and the backward pass what `Conv1D` does to its
    input:

    .. math::

        z_i = \sum_{o s + j d = i} x_o K_j^\top + b, \quad y = f(z), \qquad
        dz = dy \odot f'(z), \quad
        dx_o = \sum_j dz_{o s + j d}\, K_j, \quad
        dK_j = \sum_{rows,\,o} dz_{o s + j d}^\top\, x_o, \quad
        db = \sum dz

    It does not undo a convolution; it has its *shape* the other way round, which is what a decoder needs.

    Parameters
    ----------
    filters : int
        Number of outputs at each position.
    kernel_size : int
        k, the steps that an input gives to.
    strides : int, default 1
        s: by how much the series grows longer.
    padding : {"valid", "same"}, default "valid"
        That of the convolution of which this is the transpose. "same": the output is s times as long as the input.
    output_padding : int, optional
        Steps at the end, fewer than `strides`, that tell apart the lengths of which a convolution makes the same.
        With n inputs and windows that span r, the output then has (n - 1) s + r + output_padding steps ("valid"), or
        (n - 1) s + (r mod 2) + output_padding ("same"). By default (n - 1) s + max(r, s), or n s.
    data_format : {"channels_last"}, optional
        The one order of axes there is: (rows, steps, channels).
    dilation_rate : int, default 1
        d, the distance of the steps that an input gives to.
    activation : str or ActivationFunction, optional
        f; by default linear.
    use_bias : bool, default True
        Whether there is a b.
    kernel_initializer, bias_initializer : str or Initializer
        Where K and b start; by default Glorot's uniform and zeros.
    kernel_regularizer, bias_regularizer, activity_regularizer : str or Regularizer, optional
        Penalties on K, b and y.
    **settings
        `name`, `dtype`, `trainable`, `input_shape`: see `Layer`.
        For Keras's sake also `kernel_constraint` and `bias_constraint`, where None alone is taken.

    Attributes
    ----------
    kernel : Weight, shape (kernel_size, filters, channels)
        K: as of a convolution from `filters` to `channels`.
    bias : Weight, shape (filters,)
        b.

    Raises
    ------
    ValueError
        If an argument is out of its range.

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


class Conv2DTranspose(_TransposedConvolution):
    r"""Run a convolution over images backwards: every point gives a share to a patch of a larger image.

    The equations are those of `Conv1DTranspose`, with a position, a place, a stride and a dilation for each axis.

    Parameters
    ----------
    filters : int
        Number of outputs at each position.
    kernel_size : int or (int, int)
        Height and width of the patch.
    strides : int or (int, int), default 1
        By how much the image grows.
    padding : {"valid", "same"}, default "valid"
        That of the convolution of which this is the transpose. "same": the output is `strides` times as large.
    output_padding : int or (int, int), optional
        As for `Conv1DTranspose`, for each axis.
    data_format : {"channels_last"}, optional
        The one order of axes there is: (rows, height, width, channels).
    dilation_rate : int or (int, int), default 1
        The distance of the points that an input gives to.
    activation : str or ActivationFunction, optional
        f; by default linear.
    use_bias : bool, default True
        Whether there is a b.
    kernel_initializer, bias_initializer : str or Initializer
        Where K and b start; by default Glorot's uniform and zeros.
    kernel_regularizer, bias_regularizer, activity_regularizer : str or Regularizer, optional
        Penalties on K, b and y.
    **settings
        `name`, `dtype`, `trainable`, `input_shape`: see `Layer`.
        For Keras's sake also `kernel_constraint` and `bias_constraint`, where None alone is taken.

    Attributes
    ----------
    kernel : Weight, shape (height, width, filters, channels)
        K.
    bias : Weight, shape (filters,)
        b.

    Raises
    ------
    ValueError
        If an argument is out of its range.

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
