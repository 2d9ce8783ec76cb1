"""Gated recurrent unit."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite import activations
from nnlite.activations import ActivationFunction
from nnlite.initializers import Initializer
from nnlite.layers.recurrent import Recurrent
from nnlite.registry import serialize
from nnlite.regularizers import Regularizer
from nnlite.types import Array


class GRU(Recurrent):
    r"""Gated recurrent unit: similar to an `LSTM`, with two gates and without a separate cell.

    Forward, step by step, with :math:`a_t = x_t W + b`:

    .. math::

        z = \sigma(a^z_t + u^z), \qquad r = \sigma(a^r_t + u^r), \qquad
        \tilde h = g(a^h_t + u^h), \qquad
        h_t = z \odot h_{t-1} + (1 - z) \odot \tilde h

    The update gate z weights the previous output, the reset gate r its contribution to the candidate
    :math:`\tilde h`. With `reset_after`, r is applied after the product with U, which has a bias b' of its own,

    .. math:: u^z, u^r, v = h_{t-1} U + b', \qquad u^h = r \odot v

    and without it before: :math:`u^z, u^r = h_{t-1} U^{zr}`, :math:`u^h = (r \odot h_{t-1})\, U^h`. Backward, from
    the last step to the first, from :math:`dh_t` (through the output and through all later steps):

    .. math::

        dz = dh_t \odot (h_{t-1} - \tilde h)\,\sigma', \qquad
        d\tilde h = dh_t \odot (1 - z)\,g', \qquad
        dr = d\tilde h \odot v\,\sigma', \qquad
        da_t = (dz, dr, d\tilde h)

    .. math::

        du = (dz,\ dr,\ d\tilde h \odot r), \qquad
        dU \mathrel{+}= h_{t-1}^\top du, \qquad db' \mathrel{+}= \sum du, \qquad
        dh_{t-1} = dh_t \odot z + du\, U^\top

    (with `reset_after`; without it r is on the other side of U). The loop over time is in `Recurrent`.

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
    reset_after : bool, default True
        Whether r is applied after the product with U.
    use_cudnn : bool or str, default "auto"
        Accepted for compatibility with Keras; has no effect.
    **settings
        `name`, `dtype`, `trainable`, `input_shape`: see `Layer`.
        `kernel_constraint`, `recurrent_constraint` and `bias_constraint`: see `nnlite.constraints`.

    Attributes
    ----------
    kernel : Weight, shape (features, 3 units)
        W, for z, r, h side by side.
    recurrent_kernel : Weight, shape (units, 3 units)
        U.
    bias : Weight, shape (2, 3 units), or without `reset_after` (3 units,)
        b.

    Raises
    ------
    ValueError
        If an argument is out of range, or the input is not of shape (rows, steps, features).

    References
    ----------
    Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine translation", EMNLP
    2014.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import GRU
    >>> GRU(16, return_sequences=True)(np.zeros((5, 30, 8))).shape
    (5, 30, 16)
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: str | ActivationFunction | None = "tanh",
        recurrent_activation: str | ActivationFunction | None = "sigmoid",
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
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,  # noqa: ARG002
        reset_after: bool = True,
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
        self.reset_after = reset_after

    def _bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def _input_bias(self, bias: Array) -> Array:
        return bias[0] if self.reset_after else bias

    def _zero_recurrent_gradients(self) -> None:
        super()._zero_recurrent_gradients()
        if self.use_bias and self.reset_after:
            self.bias.gradient[1] = 0

    def _step(self, a: Array, states: list[Array], state_mask: Any) -> tuple[list[Array], Any]:
        """Compute the gates, then h."""
        (h_prev,) = states
        h_in = h_prev * state_mask
        a_z, a_r, a_h = np.split(a, 3, axis=1)
        if self.reset_after:
            u = h_in @ self.recurrent_kernel.value
            if self.use_bias:
                u += self.bias.value[1]
            u_z, u_r, v = np.split(u, 3, axis=1)
            s_z, s_r = a_z + u_z, a_r + u_r
            z, r = self.recurrent_activation(s_z), self.recurrent_activation(s_r)
            s_h = a_h + r * v
        else:
            u_z, u_r = np.split(h_in @ self._columns("zr", self.recurrent_kernel.value), 2, axis=1)
            s_z, s_r = a_z + u_z, a_r + u_r
            z, r = self.recurrent_activation(s_z), self.recurrent_activation(s_r)
            v = r * h_in
            s_h = a_h + v @ self._columns("h", self.recurrent_kernel.value)
        h_tilde = self.activation(s_h)
        h = z * h_prev + (1 - z) * h_tilde
        return [h], (h_prev, h_in, (s_z, s_r, s_h), (z, r, h_tilde), v)

    def _step_backward(self, dstates: list[Array], cache: Any, state_mask: Any) -> tuple[Array, list[Array]]:
        """Add to dU and db'; return da, and the derivative dh of the step before."""
        h_prev, h_in, (s_z, s_r, s_h), (z, r, h_tilde), v = cache
        (dh,) = dstates
        dz = self.recurrent_activation.backward(dh * (h_prev - h_tilde), s_z, z)
        dh_tilde = self.activation.backward(dh * (1 - z), s_h, h_tilde)
        U, dU = self.recurrent_kernel.value, self.recurrent_kernel.gradient
        if self.reset_after:
            dr = self.recurrent_activation.backward(dh_tilde * v, s_r, r)
            du = np.concatenate([dz, dr, dh_tilde * r], axis=1)
            dU[...] += h_in.T @ du
            if self.use_bias:
                self.bias.gradient[1] += du.sum(axis=0)
            dh_in = du @ U.T
        else:
            dv = dh_tilde @ self._columns("h", U).T
            dr = self.recurrent_activation.backward(dv * h_in, s_r, r)
            du = np.concatenate([dz, dr], axis=1)
            self._columns("zr", dU)[...] += h_in.T @ du
            self._columns("h", dU)[...] += v.T @ dh_tilde
            dh_in = du @ self._columns("zr", U).T + dv * r
        da = np.concatenate([dz, dr, dh_tilde], axis=1)
        dh_prev = dh * z + dh_in * state_mask
        return da, [dh_prev]

    def _columns(self, gates: str, kernel: Array) -> Array:
        """Return the columns of U that belong to z and r, or to h."""
        return kernel[:, : 2 * self.units] if gates == "zr" else kernel[:, 2 * self.units :]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "recurrent_activation": serialize(self.recurrent_activation),
            "reset_after": self.reset_after,
        }
