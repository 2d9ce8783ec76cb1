"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnlite.optimizers.base import Optimizer, check_share
from nnlite.optimizers.schedules import LearningRateSchedule
from nnlite.types import Array


class SGD(Optimizer):
    r"""Walk downhill: :math:`\theta \leftarrow \theta - \eta g`.

    With momentum the walk has inertia,

    .. math:: v \leftarrow \mu v - \eta g, \qquad \theta \leftarrow \theta + v

    and with Nesterov's momentum it looks ahead: :math:`\theta \leftarrow \theta + \mu v - \eta g`.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.01
        :math:`\eta`.
    momentum : float, default 0.0
        :math:`\mu`, from 0 up to, not including, 1.
    nesterov : bool, default False
        Whether to look ahead.
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
        self.momentum = check_share(self, "momentum", momentum)
        self.nesterov = nesterov

    def _names_in_use(self) -> tuple[str, ...]:
        return ("momentum",) if self.momentum else ()

    def update(self, parameters: Array, gradients: Array, rate: float) -> None:
        """Change the weights by one step."""
        number = parameters.dtype.type
        walk, _ = self._work()
        np.multiply(gradients, number(rate), out=walk)
        if not self.momentum:
            parameters -= walk
            return
        v = self.slots["momentum"]
        v *= number(self.momentum)
        v -= walk
        if self.nesterov:
            parameters -= walk
            parameters += np.multiply(v, number(self.momentum), out=walk)
        else:
            parameters += v

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
