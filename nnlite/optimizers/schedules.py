"""Learning-rate schedules: learning rates as functions of the number of updates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from nnlite.registry import FromConfig, Registry, serialize  # noqa: F401 - serialize is a public name here, too
from nnlite.validation import check_value, number


class LearningRateSchedule(FromConfig):
    """Base of all schedules: a function from the number of updates to the learning rate."""

    def __call__(self, step: int) -> float:
        """Return the learning rate after `step` steps."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__(step)")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}


class ExponentialDecay(LearningRateSchedule):
    r"""Exponential decay: :math:`\eta_t = \eta_0\, r^{t / T}`.

    Parameters
    ----------
    initial_learning_rate : float
        :math:`\eta_0`.
    decay_steps : int
        T.
    decay_rate : float
        r.
    staircase : bool, default False
        Whether t / T is rounded down, so that the rate changes in steps.

    Examples
    --------
    >>> ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)(200)
    0.025
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: int) -> float:
        """Return the learning rate after `step` steps."""
        power = step / self.decay_steps
        return float(self.initial_learning_rate * self.decay_rate ** (math.floor(power) if self.staircase else power))


class PiecewiseConstantDecay(LearningRateSchedule):
    """Piecewise constant learning rate.

    Parameters
    ----------
    boundaries : sequence of int
        Last step of each value but the last one; increasing.
    values : sequence of float
        Learning rates, one more than boundaries.

    Raises
    ------
    ValueError
        If there is not one more value than boundaries.

    Examples
    --------
    >>> schedule = PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.1])
    >>> [schedule(step) for step in (0, 10, 11, 21)]
    [1.0, 1.0, 0.5, 0.1]
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        if len(values) != len(boundaries) + 1:
            raise ValueError(
                "PiecewiseConstantDecay needs one more value than boundaries; "
                f"found {len(values)} values and {len(boundaries)} boundaries"
            )
        self.boundaries = list(boundaries)
        self.values = list(values)
        self.name = name

    def __call__(self, step: int) -> float:
        """Return the learning rate after `step` steps."""
        return float(self.values[sum(boundary < step for boundary in self.boundaries)])


class PolynomialDecay(LearningRateSchedule):
    r"""Polynomial decay from one rate to another: :math:`(\eta_0 - \eta_1)(1 - t/T)^p + \eta_1`.

    Parameters
    ----------
    initial_learning_rate : float
        :math:`\eta_0`.
    decay_steps : int
        T.
    end_learning_rate : float, default 0.0001
        :math:`\eta_1`.
    power : float, default 1.0
        p.
    cycle : bool, default False
        Whether to replace T by its next multiple that is at least t, instead of keeping the last rate after T steps.

    Examples
    --------
    >>> PolynomialDecay(1.0, decay_steps=10, end_learning_rate=0.0)(5)
    0.5
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step: int) -> float:
        """Return the learning rate after `step` steps."""
        total = self.decay_steps * (max(1, math.ceil(step / self.decay_steps)) if self.cycle else 1)
        remaining = 1 - min(step, total) / total
        difference = self.initial_learning_rate - self.end_learning_rate
        return float(difference * remaining**self.power + self.end_learning_rate)


class InverseTimeDecay(LearningRateSchedule):
    r"""Inverse time decay: :math:`\eta_t = \eta_0 / (1 + r\, t / T)`.

    Parameters
    ----------
    initial_learning_rate : float
        :math:`\eta_0`.
    decay_steps : int
        T.
    decay_rate : float
        r.
    staircase : bool, default False
        Whether t / T is rounded down.

    Examples
    --------
    >>> InverseTimeDecay(1.0, decay_steps=10, decay_rate=1.0)(10)
    0.5
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: int) -> float:
        """Return the learning rate after `step` steps."""
        ratio = step / self.decay_steps
        return float(
            self.initial_learning_rate / (1 + self.decay_rate * (math.floor(ratio) if self.staircase else ratio))
        )


class CosineDecay(LearningRateSchedule):
    r"""Cosine decay, after an optional linear warm-up.

    .. math:: \eta_t = \eta_0 \Bigl( (1 - \alpha) \tfrac12 \bigl(1 + \cos(\pi t / T)\bigr) + \alpha \Bigr)

    Parameters
    ----------
    initial_learning_rate : float
        :math:`\eta_0`; with a `warmup_target`, the learning rate at the beginning of the warm-up.
    decay_steps : int
        T.
    alpha : float, default 0.0
        Last rate as a fraction of the initial rate.
    warmup_target : float, optional
        Learning rate at the end of the warm-up, from which it decays.
    warmup_steps : int, default 0
        Number of steps of the warm-up.

    References
    ----------
    Loshchilov & Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017.

    Examples
    --------
    >>> CosineDecay(1.0, decay_steps=10)(5)
    0.5
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def __call__(self, step: int) -> float:
        """Return the learning rate after `step` steps."""
        if self.warmup_target is None:
            return self._decay(step, self.initial_learning_rate)
        if step <= self.warmup_steps and self.warmup_steps:
            difference = self.warmup_target - self.initial_learning_rate
            return self.initial_learning_rate + difference * step / self.warmup_steps
        return self._decay(step - self.warmup_steps, self.warmup_target)

    def _decay(self, step: int, start: float) -> float:
        fraction = min(step, self.decay_steps) / self.decay_steps
        cosine = (1 + math.cos(math.pi * fraction)) / 2
        return float(start * ((1 - self.alpha) * cosine + self.alpha))


class CosineDecayRestarts(LearningRateSchedule):
    """Cosine decay with warm restarts.

    Parameters
    ----------
    initial_learning_rate : float
        Learning rate at the beginning of the first period.
    first_decay_steps : int
        Number of steps of the first period.
    t_mul : float, default 2.0
        Factor of the length of each period relative to the one before.
    m_mul : float, default 1.0
        Factor of the initial rate of each period relative to the one before.
    alpha : float, default 0.0
        Last rate of a period as a fraction of the initial rate.

    References
    ----------
    Loshchilov & Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017.

    Examples
    --------
    >>> schedule = CosineDecayRestarts(1.0, first_decay_steps=10)
    >>> [round(schedule(step), 2) for step in (0, 5, 10, 20, 30)]
    [1.0, 0.5, 1.0, 0.5, 1.0]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = _positive("first_decay_steps", first_decay_steps)
        self.t_mul = _positive("t_mul", t_mul)
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: int) -> float:
        """Return the learning rate after `step` steps."""
        periods = step / self.first_decay_steps
        if self.t_mul == 1.0:
            restarts = math.floor(periods)
            fraction = periods - restarts
        else:
            # The first n periods take (t_mul^n - 1) / (t_mul - 1) times as long as the first one.
            restarts = math.floor(math.log(1 + periods * (self.t_mul - 1)) / math.log(self.t_mul))
            before = (self.t_mul**restarts - 1) / (self.t_mul - 1)
            fraction = (periods - before) / self.t_mul**restarts
        cosine = self.m_mul**restarts * (1 + math.cos(math.pi * fraction)) / 2
        return float(self.initial_learning_rate * ((1 - self.alpha) * cosine + self.alpha))


def _positive(argument: str, value: float) -> Any:
    check_value(argument, value, number(above=0))
    return value


registry: Registry[LearningRateSchedule] = Registry("learning-rate schedule", LearningRateSchedule)
for _class in (
    ExponentialDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
    InverseTimeDecay,
    CosineDecay,
    CosineDecayRestarts,
):
    registry.register(_class, _class.__name__)

get = deserialize = registry.get
