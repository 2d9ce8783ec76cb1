"""Long short-term memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite import activations
from nnlite.activations import ActivationFunction
from nnlite.initializers import Initializer
from nnlite.layers.recurrent import Recurrent
from nnlite.registry import serialize
from nnlite.regularizers import Regularizer
from nnlite.types import Array, RandomGenerator


class LSTM(Recurrent):
    r"""Long short-term memory: a cell with an input, a forget and an output gate.

    The state has two parts, the output h and a cell c. The cell is updated by addition, not by a product with a matrix,
    so that its value can persist for many steps. Forward, step by step:

    .. math::

        z_t = x_t W + b + h_{t-1} U, \qquad
        i, f, o = \sigma(z^i_t), \sigma(z^f_t), \sigma(z^o_t), \qquad
        \tilde c = g(z^c_t)

    .. math::

        c_t = f \odot c_{t-1} + i \odot \tilde c, \qquad
        h_t = o \odot g(c_t)

    The input gate i weights the candidate :math:`\tilde c`, the forget gate f the previous cell, and the output gate o
    the output of the cell. Backward, from the last step to the first, from :math:`dh_t` and :math:`dc_t`
    (through the output and through all later steps):

    .. math::

        do = dh_t \odot g(c_t), \qquad
        dc_t \mathrel{+}= dh_t \odot o \odot g'(c_t), \quad
        di = dc_t \odot \tilde c, \quad
        df = dc_t \odot c_{t-1}, \quad
        d\tilde c = dc_t \odot i

    .. math::

        dz_t = (di\,\sigma',\ df\,\sigma',\ d\tilde c\,g',\ do\,\sigma'), \qquad
        dU \mathrel{+}= h_{t-1}^\top dz_t, \qquad
        dh_{t-1} = dz_t\, U^\top, \qquad
        dc_{t-1} = dc_t \odot f

    The last equation contains no matrix: while f is near 1, the derivative of the cell does not vanish. The
    loop over time is in `Recurrent`.

    Parameters
    ----------
    units : int
        Size of the state, and of the output.
    activation : str or ActivationFunction, default "tanh"
        g.
    recurrent_activation : str or ActivationFunction, default "sigmoid"
        The gates' :math:`\sigma`.
    use_bias : bool, default True
        Whether the layer has a bias b.
    kernel_initializer, recurrent_initializer, bias_initializer : str or Initializer
        Initial values of W, U and b; by default Glorot's uniform, orthogonal and zeros.
    unit_forget_bias : bool, default True
        Whether the initial bias of the forget gate is one, so that cells keep their values at first.
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
    use_cudnn : bool or str, default "auto"
        Accepted for compatibility with Keras; has no effect.
    **settings
        `name`, `dtype`, `trainable`, `input_shape`: see `Layer`.
        `kernel_constraint`, `recurrent_constraint` and `bias_constraint`: see `nnlite.constraints`.

    Attributes
    ----------
    kernel : Weight, shape (features, 4 units)
        W, for the gates i, f, c, o side by side.
    recurrent_kernel : Weight, shape (units, 4 units)
        U.
    bias : Weight, shape (4 units,)
        b.

    Raises
    ------
    ValueError
        If an argument is out of range, or the input is not of shape (rows, steps, features).

    References
    ----------
    Hochreiter & Schmidhuber, "Long short-term memory", Neural Computation 9 (1997); Gers, Schmidhuber & Cummins,
    "Learning to forget", Neural Computation 12 (2000).

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import LSTM
    >>> x = np.zeros((5, 30, 8))
    >>> LSTM(64)(x).shape
    (5, 64)
    >>> y, h, c = LSTM(64, return_sequences=True, return_state=True)(x)
    >>> y.shape, h.shape, c.shape
    ((5, 30, 64), (5, 64), (5, 64))
    """

    gates = 4
    n_states = 2

    def __init__(
        self,
        units: int,
        activation: str | ActivationFunction | None = "tanh",
        recurrent_activation: str | ActivationFunction | None = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: str | Initializer = "glorot_uniform",
        recurrent_initializer: str | Initializer = "orthogonal",
        bias_initializer: str | Initializer = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: str | Regularizer | None = None,
        recurrent_regularizer: str | Regularizer | None = None,
        bias_regularizer: str | Regularizer | None = None,
        activity_regularizer: str | Regularizer | None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,  # noqa: ARG002
        use_cudnn: bool | str = "auto",  # noqa: ARG002
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
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias

    def _bias_start(self) -> Initializer:
        return _ForgetGateOnes(self.bias_initializer) if self.unit_forget_bias else self.bias_initializer

    def _step(self, a: Array, states: list[Array], state_mask: Any) -> tuple[list[Array], Any]:
        """Compute the gates, then c and h."""
        h_prev, c_prev = states[0] * state_mask, states[1]
        z = a + h_prev @ self.recurrent_kernel.value
        z_i, z_f, z_c, z_o = np.split(z, 4, axis=1)
        i, f, o = (self.recurrent_activation(gate) for gate in (z_i, z_f, z_o))
        c_tilde = self.activation(z_c)
        c = f * c_prev + i * c_tilde
        g_c = self.activation(c)
        h = o * g_c
        return [h, c], (h_prev, c_prev, (z_i, z_f, z_c, z_o), (i, f, c_tilde, o), c, g_c)

    def _step_backward(self, dstates: list[Array], cache: Any, state_mask: Any) -> tuple[Array, list[Array]]:
        """Add to dU; return dz, and the derivatives dh and dc of the step before."""
        h_prev, c_prev, (z_i, z_f, z_c, z_o), (i, f, c_tilde, o), c, g_c = cache
        dh, dc = dstates
        do = dh * g_c
        dc = dc + self.activation.backward(dh * o, c, g_c)
        di, df, dc_tilde = dc * c_tilde, dc * c_prev, dc * i
        dz = np.concatenate(
            [
                self.recurrent_activation.backward(di, z_i, i),
                self.recurrent_activation.backward(df, z_f, f),
                self.activation.backward(dc_tilde, z_c, c_tilde),
                self.recurrent_activation.backward(do, z_o, o),
            ],
            axis=1,
        )
        self.recurrent_kernel.gradient[...] += h_prev.T @ dz
        dh_prev = (dz @ self.recurrent_kernel.value.T) * state_mask
        dc_prev = dc * f
        return dz, [dh_prev, dc_prev]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "recurrent_activation": serialize(self.recurrent_activation),
            "unit_forget_bias": self.unit_forget_bias,
        }


class _ForgetGateOnes(Initializer):
    """Ones for the forget gate's quarter of the bias, another initializer for the rest."""

    def __init__(self, rest: Initializer) -> None:
        self.rest = rest

    def __call__(self, shape: tuple[int, ...], dtype: Any = np.float32, rng: RandomGenerator | None = None) -> Array:
        """Return the bias of the gates i, f, c, o."""
        units = shape[0] // 4
        i = self.rest((units,), dtype, rng)
        return np.concatenate([i, np.ones(units, dtype), self.rest((2 * units,), dtype, rng)])
