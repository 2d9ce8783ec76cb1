"""What optimizers share: learning rate, clipping, weight decay, state.

All weights of a model lie in one vector and all gradients in another, so an optimizer is arithmetic on two vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from nnlite.memory import aligned_zeros
from nnlite.optimizers.schedules import LearningRateSchedule
from nnlite.optimizers.schedules import get as get_schedule
from nnlite.registry import serialize
from nnlite.types import Array

Layout = Sequence[tuple[str, slice]]


class Optimizer:
    r"""Base of all optimizers.

    A subclass names its state in `slot_names` and defines `update`. Before each update the gradient g is clipped, if
    that is asked for, and the weights decay: :math:`\theta \leftarrow \theta - \eta \lambda \theta`.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        :math:`\eta`.
    weight_decay : float, optional
        :math:`\lambda`.
    clipnorm : float, optional
        Each weight's gradient is scaled down to at most this norm.
    clipvalue : float, optional
        Each value of the gradient is kept within plus and minus this.
    global_clipnorm : float, optional
        The whole gradient is scaled down to at most this norm.
    name : str, optional
        Name of the optimizer.

    Attributes
    ----------
    iterations : int
        Number of steps made.
    slots : dict of str to ndarray
        State, each of the shape of the weights: momenta and the like.
    layout : sequence of (str, slice)
        Name and place of each weight in the vector.

    Raises
    ------
    ValueError
        If an argument is out of range, or several kinds of clipping are asked for.
    """

    slot_names: tuple[str, ...] = ()
    volatile: ClassVar[tuple[str, ...]] = ("iterations", "_rate", "_scratch", "layout")
    """What steps change or look up anew, room to work in, and where weights lie, which their vector says; see
    `nnlite.engine.runtime.staleness`."""

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Mapping[str, Any] = 0.001,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        clips = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        given = [argument for argument, value in clips.items() if value is not None]
        if len(given) > 1:
            raise ValueError(f"at most one kind of clipping is possible; found {' and '.join(given)}")
        for argument, value in {**clips, "weight_decay": weight_decay}.items():
            if value is not None and not value >= 0:
                raise ValueError(f"{type(self).__name__}: {argument} must be at least 0; found {value!r}")
        self._rate = _check_rate(learning_rate)
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
        """The learning rate of the next step."""
        return self.rate_at(self.iterations)

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        if isinstance(self._rate, LearningRateSchedule):
            raise TypeError(
                "the learning rate follows a schedule and cannot be set; "
                "make the optimizer with a number as its learning_rate instead"
            )
        self._rate = _check_rate(float(value))

    def rate_at(self, iteration: int) -> float:
        """Return the learning rate of a step."""
        return self._rate(iteration) if isinstance(self._rate, LearningRateSchedule) else self._rate

    @property
    def fixed_rate(self) -> float | None:
        """The learning rate, where it does not follow a schedule."""
        return None if isinstance(self._rate, LearningRateSchedule) else self._rate

    # -- stepping ------------------------------------------------------------------------------

    def build(self, parameters: Array, layout: Layout) -> None:
        """Make the state for a vector of weights.

        Parameters
        ----------
        parameters : ndarray of shape (n,)
            The weights. State made before for as many weights of the same dtype is kept.
        layout : sequence of (str, slice)
            Name and place of each weight in the vector.
        """
        self.layout = layout
        fits = self._scratch is not None and _alike(self._scratch[0], parameters)
        if not fits:
            self._scratch = (np.empty_like(parameters), np.empty_like(parameters))
        names = self._names_in_use()
        if not fits or set(names) != set(self.slots):
            kept = {name: slot for name, slot in self.slots.items() if _alike(slot, parameters)}
            self.slots = {
                name: kept[name] if name in kept else aligned_zeros(parameters.size, parameters.dtype) for name in names
            }

    def _names_in_use(self) -> tuple[str, ...]:
        return self.slot_names

    def step(self, parameters: Array, gradients: Array) -> None:
        """Change the weights by one step, in place.

        Parameters
        ----------
        parameters, gradients : ndarray of shape (n,)
            The weights, and the derivative of the loss by each of them.
        """
        if self._scratch is None:
            self.build(parameters, [("parameters", slice(0, len(parameters)))])
        rate = self.learning_rate
        gradients = self._clipped(gradients)
        if self.weight_decay:
            self._decay(parameters, rate)
        self.iterations += 1
        self.update(parameters, gradients, rate)

    def update(self, parameters: Array, gradients: Array, rate: float) -> None:
        """Change the weights by the gradient; `iterations` already counts this step."""
        raise NotImplementedError(f"{type(self).__name__} does not define update(parameters, gradients, rate)")

    def _work(self) -> tuple[Array, Array]:
        """Return two vectors to work in, so that a step takes no new memory."""
        assert self._scratch is not None
        return self._scratch

    def _clipped(self, gradients: Array) -> Array:
        number = gradients.dtype.type
        if self.clipvalue is not None:
            return np.clip(gradients, -number(self.clipvalue), number(self.clipvalue))
        if self.global_clipnorm is not None:
            return gradients * number(_shrink(gradients, self.global_clipnorm))
        if self.clipnorm is not None:
            clipped = gradients.copy()
            for _, place in self.layout:
                clipped[place] *= number(_shrink(gradients[place], self.clipnorm))
            return clipped
        return gradients

    def _decay(self, parameters: Array, rate: float) -> None:
        kept = parameters.dtype.type(1 - rate * float(self.weight_decay or 0))
        for place in self.decaying(len(parameters)):
            parameters[place] *= kept

    def decaying(self, length: int) -> list[slice]:
        """Return the places, in a vector of that length, of the weights that decay."""
        if not self._undecayed:
            return [slice(0, length)]
        return [place for name, place in self.layout if not any(part in name for part in self._undecayed)]

    def exclude_from_weight_decay(self, var_names: Sequence[str]) -> None:
        """Let weights whose names contain one of these not decay.

        Parameters
        ----------
        var_names : sequence of str
            Such as ``["bias"]``.
        """
        self._undecayed = tuple(var_names)

    # -- state and configuration ---------------------------------------------------------------

    def get_state(self) -> tuple[int, dict[str, Array]]:
        """Return the number of steps made and the slots."""
        return self.iterations, self.slots

    def set_state(self, iterations: int, slots: Mapping[str, Array]) -> None:
        """Take over what `get_state` returned; the state must have been built.

        Raises
        ------
        ValueError
            If the slots are not this optimizer's.
        """
        found = {name: slot.shape for name, slot in slots.items()}
        expected = {name: slot.shape for name, slot in self.slots.items()}
        if found != expected:
            raise ValueError(f"the state of {type(self).__name__} consists of {expected}; found {found}")
        if isinstance(iterations, bool) or not isinstance(iterations, int) or iterations < 0:
            raise ValueError(f"iterations must be a whole number of at least 0; found {iterations!r}")
        self.iterations = iterations
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
        }


def _check_rate(rate: Any) -> float | LearningRateSchedule:
    if isinstance(rate, (LearningRateSchedule, Mapping)):
        return get_schedule(rate)
    if isinstance(rate, (bool, str)) or rate is None or isinstance(rate, Callable):  # type: ignore[arg-type]
        raise TypeError(f"learning_rate must be a number or a LearningRateSchedule; found {rate!r}")
    if not 0 <= rate < np.inf:
        raise ValueError(f"learning_rate must be a number of at least 0; found {rate!r}")
    return float(rate)


def _shrink(gradient: Array, most: float) -> float:
    """Return the factor that brings a gradient down to a norm of at most `most`."""
    norm = float(np.sqrt(np.square(gradient, dtype=np.float64).sum()))
    return most / norm if norm > most else 1.0


def check_share(owner: Optimizer, argument: str, value: float) -> float:
    """Return `value` if it is at least 0 and below 1, or raise an error that names the argument."""
    if not 0 <= value < 1:
        raise ValueError(f"{type(owner).__name__}: {argument} must be at least 0 and below 1; found {value!r}")
    return float(value)


def _alike(array: Array, other: Array) -> bool:
    return array.shape == other.shape and array.dtype == other.dtype
