"""Adamax: Adam with the largest gradient in place of the mean square."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnlite.optimizers.base import Optimizer, check_fraction
from nnlite.optimizers.schedules import LearningRateSchedule
from nnlite.types import Array


class Adamax(Optimizer):
    r"""Adamax: a moving average of the gradient, divided by a decaying maximum of its absolute value.

    .. math::

        m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad
        u \leftarrow \max(\beta_2 u, |g|), \qquad
        \theta \leftarrow \theta - \frac{\eta}{1 - \beta_1^t} \cdot \frac{m}{u + \epsilon}

    The maximum needs no correction of a bias, and the step is at most :math:`\eta` in size. It suits gradients that
    are mostly 0, as those of an `Embedding`.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        :math:`\eta`.
    beta_1, beta_2 : float, default 0.9 and 0.999
        :math:`\beta_1` and :math:`\beta_2`, from 0 (included) to 1 (excluded).
    epsilon : float, default 1e-7
        Small number in the denominator, so that it is not 0.
    **settings
        `weight_decay`, `clipnorm`, `clipvalue`, `global_clipnorm`, `name`: see `Optimizer`.

    References
    ----------
    Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015, section 7.1.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1.0])
    >>> Adamax(learning_rate=0.1).step(x, np.array([2.0]))
    >>> x.round(6).tolist()
    [0.9]
    """

    slot_names = ("momentum", "norm")

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Mapping[str, Any] = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **settings: Any,
    ) -> None:
        super().__init__(learning_rate, **settings)
        self.beta_1 = check_fraction(self, "beta_1", beta_1)
        self.beta_2 = check_fraction(self, "beta_2", beta_2)
        self.epsilon = epsilon

    def update(self, parameters: Array, gradients: Array, rate: float) -> None:
        """Update the weights in place."""
        number = parameters.dtype.type
        m, u = self.slots["momentum"], self.slots["norm"]
        step, buffer = self._buffers()
        m *= number(self.beta_1)
        m += np.multiply(gradients, number(1 - self.beta_1), out=buffer)
        u *= number(self.beta_2)
        np.maximum(u, np.abs(gradients, out=buffer), out=u)
        np.multiply(m, number(rate / (1 - self.beta_1**self.iterations)), out=step)
        step /= np.add(u, number(self.epsilon), out=buffer)
        parameters -= step

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
