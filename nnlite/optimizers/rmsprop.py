"""RMSprop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnlite.optimizers.base import Optimizer, check_fraction
from nnlite.optimizers.schedules import LearningRateSchedule
from nnlite.types import Array


class RMSprop(Optimizer):
    r"""RMSprop: the gradient divided by the root of a moving average of its square.

    .. math:: v \leftarrow \rho v + (1 - \rho) g^2, \qquad
              \theta \leftarrow \theta - \eta \frac{g}{\sqrt{v + \epsilon}}

    The centered form subtracts the square of a moving average of the gradient from v, under the root. With momentum,
    :math:`m \leftarrow \mu m + \eta g / \sqrt{v + \epsilon}` and :math:`\theta \leftarrow \theta - m`.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        :math:`\eta`.
    rho : float, default 0.9
        :math:`\rho`, from 0 (included) to 1 (excluded).
    momentum : float, default 0.0
        :math:`\mu`, from 0 (included) to 1 (excluded).
    epsilon : float, default 1e-7
        Small number in the denominator, so that it is not 0.
    centered : bool, default False
        Whether to divide by the standard deviation of the gradient instead of its root mean square.
    **settings
        `weight_decay`, `clipnorm`, `clipvalue`, `global_clipnorm`, `name`: see `Optimizer`.

    References
    ----------
    Tieleman & Hinton, "Lecture 6.5: rmsprop", Neural Networks for Machine Learning (2012).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1.0])
    >>> RMSprop(learning_rate=0.1, rho=0.0).step(x, np.array([2.0]))
    >>> x.round(6).tolist()
    [0.9]
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Mapping[str, Any] = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(learning_rate, **settings)
        self.rho = check_fraction(self, "rho", rho)
        self.momentum = check_fraction(self, "momentum", momentum)
        self.epsilon = epsilon
        self.centered = centered

    def _used_slots(self) -> tuple[str, ...]:
        optional = (("average_gradient", self.centered), ("momentum", bool(self.momentum)))
        return ("velocity", *(name for name, used in optional if used))

    def update(self, parameters: Array, gradients: Array, rate: float) -> None:
        """Update the weights in place."""
        number = parameters.dtype.type
        rho, one_minus_rho = number(self.rho), number(1 - self.rho)
        step, buffer = self._buffers()
        v = self.slots["velocity"]
        v *= rho
        v += np.multiply(np.square(gradients, out=buffer), one_minus_rho, out=buffer)
        np.add(v, number(self.epsilon), out=buffer)
        if self.centered:
            mean = self.slots["average_gradient"]
            mean *= rho
            mean += np.multiply(gradients, one_minus_rho, out=step)
            buffer -= np.square(mean, out=step)
        np.multiply(gradients, number(rate), out=step)
        step /= np.sqrt(buffer, out=buffer)
        if self.momentum:
            m = self.slots["momentum"]
            m *= number(self.momentum)
            m += step
            step = m
        parameters -= step

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }
