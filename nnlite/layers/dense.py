"""The fully connected layer."""

from __future__ import annotations

from typing import Any

from nnlite import activations, initializers, regularizers
from nnlite.activations import ActivationFunction
from nnlite.initializers import Initializer
from nnlite.layers.arguments import check_size, known_size, set_constraints
from nnlite.layers.base import Layer
from nnlite.registry import serialize, serialize_optional
from nnlite.regularizers import Regularizer
from nnlite.types import Array, Shape


class Dense(Layer):
    r"""Fully connected layer: every output is a weighted sum of every input, then an activation.

    Forward, for a batch of rows x:

    .. math:: z = x W + b, \qquad y = f(z)

    Backward, from dy, the derivative of the loss with respect to y. An element :math:`z_{ij}` acts on the loss through
    :math:`y_{ij} = f(z_{ij})` alone, so by the chain rule :math:`dz_{ij} = dy_{ij} f'(z_{ij})`. An input
    :math:`x_{ik}` acts through every :math:`z_{ij}` of its row, with the factor :math:`W_{kj}`, so
    :math:`dx_{ik} = \sum_j dz_{ij} W_{kj}`. Weights and biases act through every row. In matrices:

    .. math::

        dz = dy \odot f'(z), \qquad
        dx = dz\, W^\top, \qquad
        dW = x^\top dz, \qquad
        db = \sum_{rows} dz

    Parameters
    ----------
    units : int
        Number of outputs.
    activation : str or ActivationFunction, optional
        f; linear by default.
    use_bias : bool, default True
        Whether the layer has a bias b.
    kernel_initializer, bias_initializer : str or Initializer
        Initial values of W and b; by default Glorot's uniform and zeros.
    kernel_regularizer, bias_regularizer, activity_regularizer : str or Regularizer, optional
        Penalties on W, b and y.
    kernel_constraint, bias_constraint : str, Constraint or callable, optional
        Constraints on W and b after every update; see `nnlite.constraints`.
    **settings
        `name`, `dtype`, `trainable`, `input_shape`, `input_dim`: see `Layer`.

    Attributes
    ----------
    kernel : Weight, shape (inputs, units)
        W.
    bias : Weight, shape (units,)
        b.

    Raises
    ------
    ValueError
        If `units` is not a whole number of at least 1.

    References
    ----------
    Goodfellow, Bengio & Courville, *Deep Learning* (2016), section 6.5.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Dense
    >>> layer = Dense(2, kernel_initializer="ones")
    >>> layer(np.array([[1.0, 2.0, 3.0]])).tolist()
    [[6.0, 6.0]]

    Forward and backward by hand: the derivative of the first output with respect to the weights and the input.

    >>> x = np.array([[1.0, 2.0, 3.0]])
    >>> y, cache = layer.forward(x)
    >>> dx = layer.backward(np.array([[1.0, 0.0]]), cache)
    >>> dx.tolist()
    [[1.0, 1.0, 1.0]]
    >>> layer.kernel.gradient.tolist()
    [[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]]
    >>> layer.bias.gradient.tolist()
    [1.0, 0.0]
    """

    def __init__(
        self,
        units: int,
        activation: str | ActivationFunction | None = None,
        use_bias: bool = True,
        kernel_initializer: str | Initializer = "glorot_uniform",
        bias_initializer: str | Initializer = "zeros",
        kernel_regularizer: str | Regularizer | None = None,
        bias_regularizer: str | Regularizer | None = None,
        activity_regularizer: str | Regularizer | None = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **settings: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **settings)
        set_constraints(self, kernel_constraint=kernel_constraint, bias_constraint=bias_constraint)
        self.units = check_size(self, "units", units)
        self.bias: Any = None
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)

    def build(self, input_shape: Shape) -> Shape:
        """Declare W and, with `use_bias`, b."""
        inputs = known_size(self, input_shape)
        self.kernel = self.add_weight("kernel", (inputs, self.units), self.kernel_initializer, self.kernel_regularizer)
        if self.use_bias:
            self.bias = self.add_weight("bias", (self.units,), self.bias_initializer, self.bias_regularizer)
        return (*input_shape[:-1], self.units)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Any]:  # noqa: ARG002
        """Compute y = f(x W + b) for x of shape (..., inputs)."""
        z = x @ self.kernel.value
        if self.use_bias:
            z += self.bias.value
        y = self.activation(z)
        return y, (x, z, y)

    def backward(self, dy: Array, cache: Any) -> Array:
        """Write dW and db; return dx."""
        x, z, y = cache
        dz = self.activation.backward(dy, z, y)
        # Axes between the first and the last are rows too.
        rows, drows = x.reshape(-1, x.shape[-1]), dz.reshape(-1, self.units)
        self.kernel.gradient[...] = rows.T @ drows
        if self.use_bias:
            self.bias.gradient[...] = drows.sum(axis=0)
        dx: Array = dz @ self.kernel.value.T
        return dx

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "kernel_regularizer": serialize_optional(self.kernel_regularizer),
            "bias_regularizer": serialize_optional(self.bias_regularizer),
            "units": self.units,
            "activation": serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": serialize(self.kernel_initializer),
            "bias_initializer": serialize(self.bias_initializer),
        }
