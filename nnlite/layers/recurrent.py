"""Recurrent layers: the loop over time, and the way back through it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from nnlite import activations, initializers, regularizers
from nnlite.activations import ActivationFunction
from nnlite.initializers import Initializer
from nnlite.layers.base import check_size, known_size, refuse_constraints
from nnlite.layers.initial_state import TakesInitialState
from nnlite.random import make_generator
from nnlite.registry import serialize, serialize_optional
from nnlite.regularizers import Regularizer
from nnlite.types import Array, Shape


class Recurrent(TakesInitialState):
    r"""What all recurrent layers share: a state that is handed from step to step.

    At each step t the layer sees the input :math:`x_t` and its own state so far, and makes a new state of them:

    .. math:: a_t = x_t W + b, \qquad s_t = \mathrm{step}(a_t, s_{t-1}), \qquad h_t = \text{the first part of } s_t

    The output is :math:`h_t`. Since :math:`s_t` depends on :math:`s_{t-1}`, the loss reaches a state twice: through
    the output of its own step and through all later steps. So the way back (backpropagation through time) is the same
    loop, run from the last step to the first, handing the derivative of the state on:

    .. math:: ds_t = dh_t + ds_t^{later}, \qquad (da_t,\ ds_{t-1}^{later}) = \mathrm{step}^{-1}(ds_t)

    What all steps share is added up over them: :math:`dW = \sum_t x_t^\top da_t`, :math:`db = \sum_t da_t`,
    :math:`dx_t = da_t W^\top`.

    A kind of layer defines `gates`, `n_states`, `_step` and `_step_back`.

    References
    ----------
    Rumelhart, Hinton & Williams, "Learning representations by back-propagating errors", Nature 323 (1986);
    Goodfellow, Bengio & Courville, *Deep Learning* (2016), section 10.2. Dropout with one mask for all steps: Gal &
    Ghahramani, "A theoretically grounded application of dropout in recurrent neural networks", NeurIPS 2016.
    """

    gates: ClassVar[int] = 1
    """How many times `units` values :math:`a_t` has."""

    n_states: ClassVar[int] = 1
    """How many arrays of shape (rows, units) make up the state."""

    zero_masked = False
    """Whether outputs at steps that don't count are 0, not those of the step before; `Bidirectional` asks for it."""

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
        kernel_constraint: None = None,
        recurrent_constraint: None = None,
        bias_constraint: None = None,
        **settings: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **settings)
        refuse_constraints(
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
        for argument, rate in (("dropout", dropout), ("recurrent_dropout", recurrent_dropout)):
            if not 0 <= rate < 1:
                raise ValueError(f"{type(self).__name__}: {argument} must be at least 0 and below 1; found {rate!r}")
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.seed = seed
        self.rng = make_generator(seed)
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        if stateful:
            raise ValueError(
                f"{type(self).__name__}: stateful=True is not supported, since layers keep nothing between calls; use "
                "return_state=True, and hand the states to the next call as initial_state"
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

    # -- the loop over time, there and back ----------------------------------------------------

    def forward(self, x: Any, training: bool = False, mask: Any = None) -> tuple[Any, Any]:
        """Run through the steps, from the first to the last, or with `go_backwards` the other way.

        Parameters
        ----------
        x : ndarray, shape (rows, steps, features), or a list
            The series; in a list, the states to begin with after it, by default zeros.
        training : bool, default False
            Whether to drop out.
        mask : ndarray of bool, shape (rows, steps), optional
            The steps that count; past all others the state is handed on.

        Returns
        -------
        y : ndarray, shape (rows, units) or (rows, steps, units), or a list
            With `return_sequences` the outputs of all steps, in the order they were run through, else of the last one;
            with `return_state` in a list, the last state after it.
        cache : tuple
            For `backward`.
        """
        takes_states = isinstance(x, list)
        x, *states = x if takes_states else [x]
        mask = mask[0] if isinstance(mask, list) else mask
        rows, steps = x.shape[:2]
        states = states or [np.zeros((rows, self.units), x.dtype)] * self.n_states
        x_kept = self._draw(self.dropout, (rows, 1, x.shape[2]), x.dtype, training)
        h_kept = self._draw(self.recurrent_dropout, (rows, self.units), x.dtype, training)
        x = x * x_kept
        a = x @ self.kernel.value
        if self.use_bias:
            a += self._input_bias(self.bias.value)
        outputs = np.empty((rows, steps, self.units), x.dtype)
        step_caches = []
        for position, t in enumerate(self._order(rows, steps)):
            new, step_cache = self._step(a[:, t], states, h_kept)
            counts = None if mask is None else mask[:, t, np.newaxis]
            states = new if counts is None else [np.where(counts, n, s) for n, s in zip(new, states, strict=True)]
            outputs[:, position] = states[0]
            if self.zero_masked and counts is not None:
                outputs[:, position] *= counts
            step_caches.append((step_cache, counts))
        y = outputs if self.return_sequences else states[0]
        return ([y, *states] if self.return_state else y), (x, x_kept, h_kept, step_caches, takes_states)

    def backward(self, dy: Any, cache: Any) -> Any:
        """Run back through the steps; write dW, dU and db; return dx, or a list with the first states' derivatives."""
        x, x_kept, h_kept, step_caches, takes_states = cache
        dy, *dstates = dy if self.return_state else [dy]
        rows, steps = x.shape[:2]
        dstates = dstates or [np.zeros((rows, self.units), x.dtype)] * self.n_states
        if not self.return_sequences:
            dstates = [dstates[0] + dy, *dstates[1:]]
        self._clear_recurrent_gradients()
        da = np.empty((rows, steps, self.gates * self.units), x.dtype)
        for position, t in reversed(list(enumerate(self._order(rows, steps)))):
            step_cache, counts = step_caches[position]
            if self.return_sequences:
                own = dy[:, position] * counts if self.zero_masked and counts is not None else dy[:, position]
                dstates = [dstates[0] + own, *dstates[1:]]
            dnew = dstates if counts is None else [d * counts for d in dstates]
            da[:, t], dbefore = self._step_back(dnew, step_cache, h_kept)
            # Past a step that does not count the state went unchanged, and so does its derivative.
            past = [0] * self.n_states if counts is None else [d * ~counts for d in dstates]
            dstates = [d + p for d, p in zip(dbefore, past, strict=True)]
        self._write_input_gradients(x, da)
        dx = (da @ self.kernel.value.T) * x_kept
        return [dx, *dstates] if takes_states else dx

    def _step(self, a: Array, states: list[Array], h_kept: Any) -> tuple[list[Array], Any]:
        """Make the new state of a = x W + b and the state before; return it and a cache."""
        raise NotImplementedError

    def _step_back(self, dstates: list[Array], cache: Any, h_kept: Any) -> tuple[Array, list[Array]]:
        """Add to dU (and to what else of the state's own weights there is); return da and the state's before."""
        raise NotImplementedError

    def _order(self, rows: int, steps: int) -> range:
        if rows == 0:
            # Nothing to run through, however many steps a file may claim that there are.
            return range(0)
        return range(steps - 1, -1, -1) if self.go_backwards else range(steps)

    def _draw(self, rate: float, shape: tuple[int, ...], dtype: Any, training: bool) -> Any:
        """Return one dropout mask for all steps; the number 1 where nothing is dropped."""
        if not training or rate == 0:
            return 1
        kept = self.rng.random(shape, dtype=np.float32) >= rate
        return kept.astype(dtype) / dtype.type(1 - rate)

    def _input_bias(self, bias: Array) -> Array:
        """Return the part of b that is added to x W."""
        return bias

    def _clear_recurrent_gradients(self) -> None:
        self.recurrent_kernel.gradient[...] = 0

    def _write_input_gradients(self, x: Array, da: Array) -> None:
        """Write dW and db, the sums over rows and steps."""
        rows, drows = x.reshape(x.shape[0] * x.shape[1], x.shape[2]), da.reshape(da.shape[0] * da.shape[1], da.shape[2])
        self.kernel.gradient[...] = rows.T @ drows
        if self.use_bias:
            self._input_bias(self.bias.gradient)[...] = drows.sum(axis=0)

    # -- masks and configuration -----------------------------------------------------------------

    def compute_mask(self, x: Any, mask: Any, y: Any) -> Any:  # noqa: ARG002
        """Hand the mask on with the outputs of all steps; a last output and a state have none."""
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


def _is_list_of_shapes(shape: Any) -> bool:
    return len(shape) > 0 and isinstance(shape[0], (tuple, list))
