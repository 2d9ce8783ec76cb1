"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnlite.optimizers.base import Optimizer, check_fraction
from nnlite.optimizers.schedules import LearningRateSchedule
from nnlite.types import Array


class SGD(Optimizer):
    r"""Stochastic gradient descent: :math:`\theta \leftarrow \theta - \eta g`.

    With momentum,

    .. math:: v \leftarrow \mu v - \eta g, \qquad \theta \leftarrow \theta + v

    and with Nesterov's momentum :math:`\theta \leftarrow \theta + \mu v - \eta g`.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.01
        :math:`\eta`.
    momentum : float, default 0.0
        :math:`\mu`, from 0 (included) to 1 (excluded).
    nesterov : bool, default False
        Whether to use Nesterov's momentum.
    **settings
        `weight_decay`, `clipnorm`, `clipvalue`, `global_clipnorm`, `name`: see `Optimizer`.

    References
    ----------
    Sutskever, Martens, Dahl & Hinton, "On the importance of initialization and momentum in deep learning", ICML 2013.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1.0])
    >>> SGD(learning_rate=0.1).step(x, np.array([2.0]))
    >>> x.tolist()
    [0.8]
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Mapping[str, Any] = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(learning_rate, **settings)
        self.momentum = check_fraction(self, "momentum", momentum)
        self.nesterov = nesterov

    def _used_slots(self) -> tuple[str, ...]:
        return ("momentum",) if self.momentum else ()

    def update(self, parameters: Array, gradients: Array, rate: float) -> None:
        """Update the weights in place."""
        number = parameters.dtype.type
        step, _ = self._buffers()
        np.multiply(gradients, number(rate), out=step)
        if not self.momentum:
            parameters -= step
            return
        v = self.slots["momentum"]
        v *= number(self.momentum)
        v -= step
        if self.nesterov:
            parameters -= step
            parameters += np.multiply(v, number(self.momentum), out=step)
        else:
            parameters += v

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
