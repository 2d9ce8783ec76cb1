"""Simple recurrent layer."""

from __future__ import annotations

from typing import Any

from nnlite.activations import ActivationFunction
from nnlite.initializers import Initializer
from nnlite.layers.recurrent import Recurrent
from nnlite.regularizers import Regularizer
from nnlite.types import Array


class SimpleRNN(Recurrent):
    r"""Fully connected recurrent layer, whose state is its output.

    Forward, step by step, from :math:`h_0 = 0` or the initial state:

    .. math:: z_t = x_t W + b + h_{t-1} U, \qquad h_t = f(z_t)

    Backward, from the last step to the first, from :math:`dh_t` (through the output and through all later steps):

    .. math:: dz_t = dh_t \odot f'(z_t), \qquad dU \mathrel{+}= h_{t-1}^\top dz_t, \qquad dh_{t-1} = dz_t\, U^\top

    The product with :math:`U^\top` at every step is the reason why gradients vanish or explode over long series, and
    the motivation for `LSTM` and `GRU`. The loop over time is in `Recurrent`.

    Parameters
    ----------
    units : int
        Size of the state, and of the output.
    activation : str or ActivationFunction, default "tanh"
        f.
    use_bias : bool, default True
        Whether the layer has a bias b.
    kernel_initializer, recurrent_initializer, bias_initializer : str or Initializer
        Initial values of W, U and b; by default Glorot's uniform, orthogonal and zeros.
    kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer : str or Regularizer, optional
        Penalties on W, U, b and the output.
    dropout, recurrent_dropout : float, default 0.0
        Fraction of the inputs, and of the state in the product with U, that is dropped in training. All steps and gates
        of a series have the same mask.
    seed : int, optional
        Seed of the random generator of the dropout masks.
    return_sequences : bool, default False
        Whether to return the outputs of all steps instead of the last one only.
    return_state : bool, default False
        Whether to return the last state as well.
    go_backwards : bool, default False
        Whether to process the steps in reverse order. Outputs are in the order of computation.
    stateful : bool, default False
        Must be False: layers keep no state between calls.
    unroll : bool, default False
        Accepted for compatibility with Keras; has no effect.
    **settings
        `name`, `dtype`, `trainable`, `input_shape`: see `Layer`.
        `kernel_constraint`, `recurrent_constraint` and `bias_constraint`: see `nnlite.constraints`.

    Attributes
    ----------
    kernel : Weight, shape (features, units)
        W.
    recurrent_kernel : Weight, shape (units, units)
        U.
    bias : Weight, shape (units,)
        b.

    Raises
    ------
    ValueError
        If an argument is out of range, or the input is not of shape (rows, steps, features).

    References
    ----------
    Elman, "Finding structure in time", Cognitive Science 14 (1990).

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import SimpleRNN
    >>> total = SimpleRNN(1, activation="linear", kernel_initializer="ones", recurrent_initializer="ones")
    >>> total(np.array([[[1.0], [2.0], [3.0]]])).tolist()
    [[6.0]]
    """

    def __init__(
        self,
        units: int,
        activation: str | ActivationFunction | None = "tanh",
        use_bias: bool = True,
        kernel_initializer: str | Initializer = "glorot_uniform",
        recurrent_initializer: str | Initializer = "orthogonal",
        bias_initializer: str | Initializer = "zeros",
        kernel_regularizer: str | Regularizer | None = None,
        recurrent_regularizer: str | Regularizer | None = None,
        bias_regularizer: str | Regularizer | None = None,
        activity_regularizer: str | Regularizer | None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,  # noqa: ARG002
        seed: int | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(
            units,
            activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            kernel_regularizer,
            recurrent_regularizer,
            bias_regularizer,
            activity_regularizer,
            dropout,
            recurrent_dropout,
            seed,
            return_sequences,
            return_state,
            go_backwards,
            stateful,
            **settings,
        )

    def _step(self, a: Array, states: list[Array], state_mask: Any) -> tuple[list[Array], Any]:
        """Compute h = f(a + h_prev U)."""
        h_prev = states[0] * state_mask
        z = a + h_prev @ self.recurrent_kernel.value
        h = self.activation(z)
        return [h], (h_prev, z, h)

    def _step_backward(self, dstates: list[Array], cache: Any, state_mask: Any) -> tuple[Array, list[Array]]:
        """Add to dU; return dz, and the derivative dh of the step before."""
        h_prev, z, h = cache
        (dh,) = dstates
        dz = self.activation.backward(dh, z, h)
        self.recurrent_kernel.gradient[...] += h_prev.T @ dz
        dh_prev = (dz @ self.recurrent_kernel.value.T) * state_mask
        return dz, [dh_prev]
