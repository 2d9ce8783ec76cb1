"""Adagrad."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnlite.optimizers.base import Optimizer
from nnlite.optimizers.schedules import LearningRateSchedule
from nnlite.types import Array
from nnlite.validation import check_argument, number


class Adagrad(Optimizer):
    r"""Adagrad: the gradient divided by the root of the sum of its squares over all steps.

    .. math:: a \leftarrow a + g^2, \qquad \theta \leftarrow \theta - \eta \frac{g}{\sqrt{a + \epsilon}}

    The sum only grows, so the step shrinks, fastest for the weights whose gradients were large.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        :math:`\eta`.
    initial_accumulator_value : float, default 0.1
        Value of a before the first step, at least 0.
    epsilon : float, default 1e-7
        Small number in the denominator, so that it is not 0.
    **settings
        `weight_decay`, `clipnorm`, `clipvalue`, `global_clipnorm`, `name`: see `Optimizer`.

    References
    ----------
    Duchi, Hazan & Singer, "Adaptive subgradient methods for online learning and stochastic optimization", JMLR 12
    (2011).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1.0])
    >>> Adagrad(learning_rate=0.1, initial_accumulator_value=0.0).step(x, np.array([2.0]))
    >>> x.round(6).tolist()
    [0.9]
    """

    slot_names = ("accumulator",)

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Mapping[str, Any] = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **settings: Any,
    ) -> None:
        super().__init__(learning_rate, **settings)
        check_argument(self, "initial_accumulator_value", initial_accumulator_value, number(least=0))
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def initial_value(self, slot: str) -> float:  # noqa: ARG002
        """Return the value of a before the first step."""
        return self.initial_accumulator_value

    def update(self, parameters: Array, gradients: Array, rate: float) -> None:
        """Update the weights in place."""
        as_float = parameters.dtype.type
        a = self.slots["accumulator"]
        step, buffer = self._buffers()
        a += np.square(gradients, out=buffer)
        np.add(a, as_float(self.epsilon), out=buffer)
        np.multiply(gradients, as_float(rate), out=step)
        step /= np.sqrt(buffer, out=buffer)
        parameters -= step

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "initial_accumulator_value": self.initial_accumulator_value,
            "epsilon": self.epsilon,
        }
