"""Base class of the optimizers: learning rate, gradient clipping, weight decay and state.

All weights of a model lie in one vector and all gradients in another, so an optimizer is arithmetic on two vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from nnlite.eager import Scalar
from nnlite.memory import aligned_zeros
from nnlite.optimizers.averaging import Averaging
from nnlite.optimizers.schedules import LearningRateSchedule
from nnlite.optimizers.schedules import get as get_schedule
from nnlite.optimizers.variables import LISTED, VariableUpdates, as_vector
from nnlite.registry import FromConfig, serialize
from nnlite.types import Array
from nnlite.validation import check_argument, check_value, integer, number

Layout = Sequence[tuple[str, slice]]


class Optimizer(Averaging, VariableUpdates, FromConfig):
    r"""Base of all optimizers.

    A subclass names its state in `slot_names` and defines `update`. Before each update the gradient g is clipped and
    the weights decay, :math:`\theta \leftarrow \theta - \eta \lambda \theta`, if the arguments say so.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        :math:`\eta`.
    weight_decay : float, optional
        :math:`\lambda`.
    clipnorm : float, optional
        Upper bound of the norm of each weight's gradient; a larger gradient is scaled down.
    clipvalue : float, optional
        Upper bound of the absolute value of each element of the gradient; larger ones are clipped.
    global_clipnorm : float, optional
        Upper bound of the norm of the whole gradient; a larger gradient is scaled down.
    name : str, optional
        Name of the optimizer.
    use_ema, ema_momentum, ema_overwrite_frequency : bool, float and int, default False, 0.99 and None
        Whether the weights become their exponential moving average at the end of training; :math:`\beta` of the
        average; the number of updates from one replacement of the weights to the next during training.
    gradient_accumulation_steps : int, optional
        Number of batches whose mean gradient makes one update.
    loss_scale_factor : float, optional
        Accepted for compatibility with Keras, without effect: it serves 16-bit numbers.

    Attributes
    ----------
    iterations : int
        Number of updates so far.
    slots : dict of str to ndarray
        State, such as momenta: vectors of the size of the weights.
    layout : sequence of (str, slice)
        Name of each weight and its slice of the vector.

    Raises
    ------
    ValueError
        If an argument is out of range, or several kinds of clipping are combined.
    """

    slot_names: tuple[str, ...] = ()
    volatile: ClassVar[tuple[str, ...]] = ("iterations", "_waiting", "_rate", "_scratch", "layout")
    """Attributes that updates change, working memory, and the layout, which is compared with the weights; see
    `nnlite.engine.runtime.staleness`."""

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Mapping[str, Any] = 0.001,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
        *,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,  # noqa: ARG002
        gradient_accumulation_steps: int | None = None,
    ) -> None:
        clips = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        given = [argument for argument, value in clips.items() if value is not None]
        if len(given) > 1:
            raise ValueError(f"at most one kind of clipping can be used; found {' and '.join(given)}")
        for argument, value in {**clips, "weight_decay": weight_decay}.items():
            if value is not None and not value >= 0:
                raise ValueError(f"{type(self).__name__}: {argument} must be at least 0; found {value!r}")
        self._rate = _check_rate(learning_rate)
        self._set_averaging(use_ema, ema_momentum, ema_overwrite_frequency, gradient_accumulation_steps)
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.name = name or type(self).__name__.lower()
        self.iterations = 0
        self.slots: dict[str, Array] = {}
        self.layout: Layout = []
        self._undecayed: tuple[str, ...] = ()
        self._scratch: tuple[Array, Array] | None = None

    # -- learning rate -------------------------------------------------------------------------

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next update, with the methods `numpy` and `assign`."""
        return LearningRate(self)

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        if isinstance(self._rate, LearningRateSchedule):
            raise TypeError(
                "the learning rate follows a schedule and cannot be set; "
                "make the optimizer with a number as its learning_rate instead"
            )
        self._rate = _check_rate(float(value))

    def rate_at(self, iteration: int) -> float:
        """Return the learning rate of an update, counted from 0."""
        return self._rate(iteration) if isinstance(self._rate, LearningRateSchedule) else self._rate

    @property
    def fixed_rate(self) -> float | None:
        """The learning rate, or None if it follows a schedule."""
        return None if isinstance(self._rate, LearningRateSchedule) else self._rate

    # -- stepping ------------------------------------------------------------------------------

    def build(self, parameters: Any, layout: Layout | None = None) -> None:
        """Allocate the state for a vector of weights, or for a list of weights.

        Parameters
        ----------
        parameters : ndarray of shape (n,), or list of Weight
            Weights. Existing state for as many weights of the same dtype is kept.
        layout : sequence of (str, slice), optional
            Name of each weight and its slice of the vector; not for a list of weights.
        """
        if layout is None:
            self._weights = tuple(parameters)
            parameters, layout = as_vector(parameters, self._listed)
        elif self._listed and not self._weights:
            raise ValueError(
                "exclude_from_weight_decay: fit knows weights by name only; give var_names=, not var_list="
            )
        self.layout = layout
        fits = self._scratch is not None and _alike(self._scratch[0], parameters)
        if not fits:
            self._scratch = (np.empty_like(parameters), np.empty_like(parameters))
        names = (*self._used_slots(), *self._averaging_slots())
        if not fits or set(names) != set(self.slots):
            kept = {name: slot for name, slot in self.slots.items() if _alike(slot, parameters)}
            self.slots = {name: kept[name] if name in kept else self._new_slot(name, parameters) for name in names}

    def _new_slot(self, name: str, parameters: Array) -> Array:
        slot = aligned_zeros(parameters.size, parameters.dtype)
        if name not in self._averaging_slots():
            slot += parameters.dtype.type(self.initial_value(name))
        return slot

    def initial_value(self, slot: str) -> float:  # noqa: ARG002
        """Return the value of a slot before the first update: 0, unless an optimizer says otherwise."""
        return 0.0

    def _used_slots(self) -> tuple[str, ...]:
        return self.slot_names

    def step(self, parameters: Array, gradients: Array) -> None:
        """Update the weights in place.

        Parameters
        ----------
        parameters, gradients : ndarray of shape (n,)
            Weights, and the derivative of the loss with respect to each of them.
        """
        if self._scratch is None:
            self.build(parameters, [("parameters", slice(0, len(parameters)))])
        earlier, rate = self.iterations, self.rate_at(self.batches_seen)
        mean = self._accumulated(gradients)
        if mean is not None:
            mean = self._clipped(mean)
            if self.weight_decay:
                self._decay(parameters, rate)
            self.iterations += 1
            self.update(parameters, mean, rate)
        self._follow(parameters, earlier)

    def update(self, parameters: Array, gradients: Array, rate: float) -> None:
        """Update the weights with the gradient; `iterations` includes this update."""
        raise NotImplementedError(f"{type(self).__name__} does not define update(parameters, gradients, rate)")

    def _buffers(self) -> tuple[Array, Array]:
        """Return two vectors for intermediate results, so that an update allocates no memory."""
        assert self._scratch is not None
        return self._scratch

    def _clipped(self, gradients: Array) -> Array:
        as_float = gradients.dtype.type
        if self.clipvalue is not None:
            return np.clip(gradients, -as_float(self.clipvalue), as_float(self.clipvalue))
        if self.global_clipnorm is not None:
            return gradients * as_float(_clip_factor(gradients, self.global_clipnorm))
        if self.clipnorm is not None:
            clipped = gradients.copy()
            for _, place in self.layout:
                clipped[place] *= as_float(_clip_factor(gradients[place], self.clipnorm))
            return clipped
        return gradients

    def _decay(self, parameters: Array, rate: float) -> None:
        factor = parameters.dtype.type(1 - rate * float(self.weight_decay or 0))
        for place in self.decaying(len(parameters)):
            parameters[place] *= factor

    def decaying(self, length: int) -> list[slice]:
        """Return the slices of the weights with weight decay, in a vector of the given length."""
        if not self._undecayed:
            return [slice(0, length)]
        return [place for name, place in self.layout if not any(part in name for part in self._undecayed)]

    def exclude_from_weight_decay(
        self, var_list: Sequence[Any] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Exclude weights from weight decay.

        Parameters
        ----------
        var_list : sequence of Weight or str, optional
            These weights, in updates by `apply_gradients`; strings are taken as `var_names`.
        var_names : sequence of str, optional
            Parts of the names of these weights, such as ``["bias"]``.
        """
        names = [one for one in var_list or () if isinstance(one, str)]
        self._listed = tuple(one for one in var_list or () if not isinstance(one, str))
        self._undecayed = (*((LISTED,) if self._listed else ()), *names, *(var_names or ()))

    # -- state and configuration ---------------------------------------------------------------

    def get_state(self) -> tuple[int, dict[str, Array]]:
        """Return the number of batches and the slots."""
        return self.batches_seen, self.slots

    def set_state(self, iterations: int, slots: Mapping[str, Array]) -> None:
        """Restore the state that `get_state` returned, after `build`.

        Raises
        ------
        ValueError
            If the slots are not this optimizer's.
        """
        found = {name: slot.shape for name, slot in slots.items()}
        expected = {name: slot.shape for name, slot in self.slots.items()}
        if found != expected:
            raise ValueError(f"the state of {type(self).__name__} consists of {expected}; found {found}")
        check_value("iterations", iterations, integer(least=0))
        self.batches_seen = int(iterations)
        for name, slot in slots.items():
            self.slots[name][...] = slot

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        rate = self._rate
        return {
            "learning_rate": serialize(rate) if isinstance(rate, LearningRateSchedule) else rate,
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "clipvalue": self.clipvalue,
            "global_clipnorm": self.global_clipnorm,
            "name": self.name,
            **self._averaging_config(),
        }


class LearningRate(Scalar):
    """The current rate of an optimizer: a number that can be assigned to, as in programs for Keras."""

    def __new__(cls, optimizer: Optimizer) -> LearningRate:
        """Return the rate of the next update."""
        rate = super().__new__(cls, optimizer.rate_at(optimizer.batches_seen))
        rate._optimizer = optimizer
        return rate

    _optimizer: Optimizer

    @property
    def value(self) -> float:
        """The rate as a plain number."""
        return float(self)

    def assign(self, value: float) -> None:
        """Set the rate of the optimizer."""
        self._optimizer.learning_rate = value

    def __reduce__(self) -> tuple[Any, ...]:
        return float, (float(self),)


def _check_rate(rate: Any) -> float | LearningRateSchedule:
    if isinstance(rate, (LearningRateSchedule, Mapping)):
        return get_schedule(rate)
    if isinstance(rate, (bool, str)) or rate is None or isinstance(rate, Callable):  # type: ignore[arg-type]
        raise TypeError(f"learning_rate must be a number or a LearningRateSchedule; found {rate!r}")
    if not 0 <= rate < np.inf:
        raise ValueError(f"learning_rate must be a number of at least 0; found {rate!r}")
    return float(rate)


def _clip_factor(gradient: Array, bound: float) -> float:
    """Return the factor that scales a gradient to a norm of at most `bound`."""
    norm = float(np.sqrt(np.square(gradient, dtype=np.float64).sum()))
    return bound / norm if norm > bound else 1.0


def check_fraction(owner: Optimizer, argument: str, value: float) -> float:
    """Return `value` if it is at least 0 and below 1, or raise an error that names the argument."""
    check_argument(owner, argument, value, number(least=0, below=1))
    return float(value)


def _alike(array: Array, other: Array) -> bool:
    return array.shape == other.shape and array.dtype == other.dtype
