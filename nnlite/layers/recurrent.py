"""Recurrent layers: the loop over time and backpropagation through time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from nnlite import activations, initializers, regularizers
from nnlite.activations import ActivationFunction
from nnlite.initializers import Initializer
from nnlite.layers.arguments import check_size, known_size, set_constraints
from nnlite.layers.initial_state import TakesInitialState
from nnlite.random import OwnGenerator
from nnlite.registry import serialize, serialize_optional
from nnlite.regularizers import Regularizer
from nnlite.types import Array, Shape
from nnlite.validation import check_argument, number


class Recurrent(OwnGenerator, TakesInitialState):
    r"""Base of the recurrent layers: a loop over time that passes a state from step to step.

    At each step t the layer takes the input :math:`x_t` and its previous state, and computes a new state:

    .. math:: a_t = x_t W + b, \qquad s_t = \mathrm{step}(a_t, s_{t-1}), \qquad h_t = \text{the first part of } s_t

    The output is :math:`h_t`. Since :math:`s_{t+1}` depends on :math:`s_t`, the loss depends on a state in two ways:
    through the output of its own step, and through all later steps. Backpropagation through time adds the two, in the
    same loop run from the last step to the first:

    .. math::

        ds_t = \frac{\partial L}{\partial h_t} + \frac{\partial s_{t+1}}{\partial s_t}^{\!\top} ds_{t+1}, \qquad
        da_t = \frac{\partial s_t}{\partial a_t}^{\!\top} ds_t

    The weights are the same at all steps, so their gradients are sums over steps:
    :math:`dW = \sum_t x_t^\top da_t`, :math:`db = \sum_t da_t`, :math:`dx_t = da_t W^\top`.

    A subclass defines `gates`, `n_states`, `_step` and `_step_backward`.

    References
    ----------
    Rumelhart, Hinton & Williams, "Learning representations by back-propagating errors", Nature 323 (1986);
    Goodfellow, Bengio & Courville, *Deep Learning* (2016), section 10.2. Dropout with one mask for all steps: Gal &
    Ghahramani, "A theoretically grounded application of dropout in recurrent neural networks", NeurIPS 2016.
    """

    gates: ClassVar[int] = 1
    """Number of blocks of `units` columns in :math:`a_t`."""

    n_states: ClassVar[int] = 1
    """Number of arrays of shape (rows, units) in the state."""

    zero_masked = False
    """Whether outputs at masked steps are 0 instead of those of the step before; `Bidirectional` sets it."""

    def __init__(
        self,
        units: int,
        activation: str | ActivationFunction | None,
        use_bias: bool,
        kernel_initializer: str | Initializer,
        recurrent_initializer: str | Initializer,
        bias_initializer: str | Initializer,
        kernel_regularizer: str | Regularizer | None,
        recurrent_regularizer: str | Regularizer | None,
        bias_regularizer: str | Regularizer | None,
        activity_regularizer: str | Regularizer | None,
        dropout: float,
        recurrent_dropout: float,
        seed: int | None,
        return_sequences: bool,
        return_state: bool,
        go_backwards: bool,
        stateful: bool,
        *,
        zero_output_for_mask: bool = False,
        implementation: int | None = None,  # noqa: ARG002
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        **settings: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **settings)
        set_constraints(
            self,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
        )
        self.units = check_size(self, "units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        check_argument(self, "dropout", dropout, number(least=0, below=1))
        check_argument(self, "recurrent_dropout", recurrent_dropout, number(least=0, below=1))
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.seed = seed
        self._seed_generator(seed)
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        if zero_output_for_mask:
            raise ValueError(
                f"{type(self).__name__}: zero_output_for_mask=True is not supported: outputs at masked steps "
                "repeat the last valid one"
            )
        if stateful:
            raise ValueError(
                f"{type(self).__name__}: stateful=True is not supported, since layers keep no state between calls; use "
                "return_state=True, and pass the states to the next call as initial_state"
            )

    # -- shapes and weights --------------------------------------------------------------------

    def build(self, input_shape: Any) -> Any:
        """Declare W, U and, with `use_bias`, b."""
        shape, *state_shapes = input_shape if _is_list_of_shapes(input_shape) else [input_shape]
        if len(shape) != 3:
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}) takes input of shape (rows, steps, features); "
                f"found shape {tuple(shape)}"
            )
        if shape[1] == 0:
            raise ValueError(f"layer {self.name!r} ({type(self).__name__}) needs at least one step; found none")
        self._check_states(state_shapes, shape[0])
        width = self.gates * self.units
        self.kernel = self.add_weight(
            "kernel", (known_size(self, shape), width), self.kernel_initializer, self.kernel_regularizer
        )
        self.recurrent_kernel = self.add_weight(
            "recurrent_kernel", (self.units, width), self.recurrent_initializer, self.recurrent_regularizer
        )
        if self.use_bias:
            self.bias = self.add_weight("bias", self._bias_shape(), self._bias_start(), self.bias_regularizer)
        output = (shape[0], shape[1], self.units) if self.return_sequences else (shape[0], self.units)
        return [output, *[(shape[0], self.units)] * self.n_states] if self.return_state else output

    def _bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def _bias_start(self) -> Initializer:
        return self.bias_initializer

    def _check_states(self, shapes: Sequence[Shape], rows: int | None) -> None:
        if shapes and (len(shapes) != self.n_states or any(tuple(s[1:]) != (self.units,) for s in shapes)):
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}): initial_state must be {self.n_states} array(s) of shape "
                f"(rows, {self.units}); found shapes {[tuple(shape) for shape in shapes]}"
            )
        if rows is not None and any(shape[0] not in (None, rows) for shape in shapes):
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}): initial_state must have as many rows as the input, "
                f"{rows}; found {', '.join(str(shape[0]) for shape in shapes)}"
            )

    # -- the loop over time, forward and backward ----------------------------------------------

    def forward(self, x: Any, training: bool = False, mask: Any = None) -> tuple[Any, Any]:
        """Compute all steps, from the first to the last, or with `go_backwards` in reverse order.

        Parameters
        ----------
        x : ndarray, shape (rows, steps, features), or a list
            The series; in a list, the initial states after it. They are zeros by default.
        training : bool, default False
            Whether to apply dropout.
        mask : ndarray of bool, shape (rows, steps), optional
            True for valid steps; at a masked step the state does not change.

        Returns
        -------
        y : ndarray, shape (rows, units) or (rows, steps, units), or a list
            With `return_sequences` the outputs of all steps, in the order of computation, else of the last one; with
            `return_state` a list of it and of the last state.
        cache : tuple
            Argument of `backward`.
        """
        takes_states = isinstance(x, list)
        x, *states = x if takes_states else [x]
        mask = mask[0] if isinstance(mask, list) else mask
        rows, steps = x.shape[:2]
        states = states or [np.zeros((rows, self.units), x.dtype)] * self.n_states
        input_mask = self._dropout_mask(self.dropout, (rows, 1, x.shape[2]), x.dtype, training)
        state_mask = self._dropout_mask(self.recurrent_dropout, (rows, self.units), x.dtype, training)
        x = x * input_mask
        a = x @ self.kernel.value
        if self.use_bias:
            a += self._input_bias(self.bias.value)
        outputs = np.empty((rows, steps, self.units), x.dtype)
        step_caches = []
        for position, t in enumerate(self._order(rows, steps)):
            next_states, step_cache = self._step(a[:, t], states, state_mask)
            valid = None if mask is None else mask[:, t, np.newaxis]
            # At a masked step the state is copied.
            states = next_states if valid is None else _where(valid, next_states, states)
            outputs[:, position] = states[0]
            if self.zero_masked and valid is not None:
                outputs[:, position] *= valid
            step_caches.append((step_cache, valid))
        y = outputs if self.return_sequences else states[0]
        return ([y, *states] if self.return_state else y), (x, input_mask, state_mask, step_caches, takes_states)

    def backward(self, dy: Any, cache: Any) -> Any:
        """Write dW, dU and db; return dx, or a list of dx and the derivatives of the initial states."""
        x, input_mask, state_mask, step_caches, takes_states = cache
        dy, *dstates = dy if self.return_state else [dy]
        rows, steps = x.shape[:2]
        dstates = dstates or [np.zeros((rows, self.units), x.dtype)] * self.n_states
        if not self.return_sequences:
            dstates = [dstates[0] + dy, *dstates[1:]]
        self._zero_recurrent_gradients()
        da = np.empty((rows, steps, self.gates * self.units), x.dtype)
        for position, t in reversed(list(enumerate(self._order(rows, steps)))):
            step_cache, valid = step_caches[position]
            if self.return_sequences:
                dh = dy[:, position] * valid if self.zero_masked and valid is not None else dy[:, position]
                dstates = [dstates[0] + dh, *dstates[1:]]
            if valid is None:
                da[:, t], dstates = self._step_backward(dstates, step_cache, state_mask)
            else:
                da[:, t], dprevious = self._step_backward([d * valid for d in dstates], step_cache, state_mask)
                # The derivative of a copied state is copied, too.
                dstates = [previous + d * ~valid for previous, d in zip(dprevious, dstates, strict=True)]
        self._write_input_gradients(x, da)
        dx = (da @ self.kernel.value.T) * input_mask
        return [dx, *dstates] if takes_states else dx

    def _step(self, a: Array, states: list[Array], state_mask: Any) -> tuple[list[Array], Any]:
        """Compute the next state from a = x W + b and the previous state; return it and a cache."""
        raise NotImplementedError

    def _step_backward(self, dstates: list[Array], cache: Any, state_mask: Any) -> tuple[Array, list[Array]]:
        """Add to the gradients of the recurrent weights; return da and the derivatives of the previous state."""
        raise NotImplementedError

    def _order(self, rows: int, steps: int) -> range:
        if rows == 0:
            # No rows, no loop: a file of unknown origin may claim any number of steps.
            return range(0)
        return range(steps - 1, -1, -1) if self.go_backwards else range(steps)

    def _dropout_mask(self, rate: float, shape: tuple[int, ...], dtype: Any, training: bool) -> Any:
        """Return one dropout mask for all steps; the number 1 if nothing is dropped."""
        if not training or rate == 0:
            return 1
        kept = self.rng.random(shape, dtype=np.float32) >= rate
        return kept.astype(dtype) / dtype.type(1 - rate)

    def _input_bias(self, bias: Array) -> Array:
        """Return the part of b that is added to x W."""
        return bias

    def _zero_recurrent_gradients(self) -> None:
        self.recurrent_kernel.gradient[...] = 0

    def _write_input_gradients(self, x: Array, da: Array) -> None:
        """Write dW and db, the sums over rows and steps."""
        rows, drows = x.reshape(x.shape[0] * x.shape[1], x.shape[2]), da.reshape(da.shape[0] * da.shape[1], da.shape[2])
        self.kernel.gradient[...] = rows.T @ drows
        if self.use_bias:
            self._input_bias(self.bias.gradient)[...] = drows.sum(axis=0)

    # -- masks and configuration -----------------------------------------------------------------

    def compute_mask(self, x: Any, mask: Any = None, y: Any = None) -> Any:  # noqa: ARG002
        """Return the mask for the outputs of all steps; the last output and the state have none."""
        mask = mask[0] if isinstance(mask, list) else mask
        own = mask if self.return_sequences else None
        return [own, *[None] * self.n_states] if self.return_state else own

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "kernel_regularizer": serialize_optional(self.kernel_regularizer),
            "recurrent_regularizer": serialize_optional(self.recurrent_regularizer),
            "bias_regularizer": serialize_optional(self.bias_regularizer),
            "units": self.units,
            "activation": serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": serialize(self.kernel_initializer),
            "recurrent_initializer": serialize(self.recurrent_initializer),
            "bias_initializer": serialize(self.bias_initializer),
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "seed": self.seed,
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
        }


def _where(valid: Array, a: Sequence[Array], b: Sequence[Array]) -> list[Array]:
    """Return the rows of the arrays a where `valid`, and of b elsewhere."""
    return [np.where(valid, one, other) for one, other in zip(a, b, strict=True)]


def _is_list_of_shapes(shape: Any) -> bool:
    return len(shape) > 0 and isinstance(shape[0], (tuple, list))
