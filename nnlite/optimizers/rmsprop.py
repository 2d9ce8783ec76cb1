"""RMSprop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnlite.optimizers.base import Optimizer, check_share
from nnlite.optimizers.schedules import LearningRateSchedule
from nnlite.types import Array


class RMSprop(Optimizer):
    r"""Divide each gradient by a running average of its size.

    .. math:: v \leftarrow \rho v + (1 - \rho) g^2, \qquad
              \theta \leftarrow \theta - \eta \frac{g}{\sqrt{v + \epsilon}}

    The centered form subtracts the square of the gradient's running mean from v, under the root. With momentum the
    quotient, times :math:`\eta`, goes into an inertia: :math:`m \leftarrow \mu m + \eta g / \sqrt{v + \epsilon}`,
    :math:`\theta \leftarrow \theta - m`.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        :math:`\eta`.
    rho : float, default 0.9
        :math:`\rho`, from 0 up to, not including, 1.
    momentum : float, default 0.0
        :math:`\mu`, from 0 up to, not including, 1.
    epsilon : float, default 1e-7
        Keeps the division finite.
    centered : bool, default False
        Whether to divide by the standard deviation rather than the size.
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
        self.rho = check_share(self, "rho", rho)
        self.momentum = check_share(self, "momentum", momentum)
        self.epsilon = epsilon
        self.centered = centered

    def _names_in_use(self) -> tuple[str, ...]:
        optional = (("average_gradient", self.centered), ("momentum", bool(self.momentum)))
        return ("velocity", *(name for name, used in optional if used))

    def update(self, parameters: Array, gradients: Array, rate: float) -> None:
        """Change the weights by one step."""
        number = parameters.dtype.type
        rho, rest = number(self.rho), number(1 - self.rho)
        walk, work = self._work()
        v = self.slots["velocity"]
        v *= rho
        v += np.multiply(np.square(gradients, out=work), rest, out=work)
        np.add(v, number(self.epsilon), out=work)
        if self.centered:
            mean = self.slots["average_gradient"]
            mean *= rho
            mean += np.multiply(gradients, rest, out=walk)
            work -= np.square(mean, out=walk)
        np.multiply(gradients, number(rate), out=walk)
        walk /= np.sqrt(work, out=work)
        if self.momentum:
            inertia = self.slots["momentum"]
            inertia *= number(self.momentum)
            inertia += walk
            walk = inertia
        parameters -= walk

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }
