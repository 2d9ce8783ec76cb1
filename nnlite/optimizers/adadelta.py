"""Adadelta."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnlite.optimizers.base import Optimizer, check_fraction
from nnlite.optimizers.schedules import LearningRateSchedule
from nnlite.types import Array


class Adadelta(Optimizer):
    r"""Adadelta: the gradient times the size of earlier steps, divided by the size of earlier gradients.

    With moving averages a of the squared gradient and d of the squared step:

    .. math::

        a \leftarrow \rho a + (1 - \rho)\, g^2, \qquad
        s = \sqrt{\frac{d + \epsilon}{a + \epsilon}}\; g, \qquad
        d \leftarrow \rho d + (1 - \rho)\, s^2, \qquad
        \theta \leftarrow \theta - \eta s

    The step s has the unit of the weight, whatever the unit of the loss: the paper takes :math:`\eta = 1`. The default
    is that of Keras.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        :math:`\eta`.
    rho : float, default 0.95
        :math:`\rho`, from 0 (included) to 1 (excluded).
    epsilon : float, default 1e-7
        Small number under both roots; it sets the size of the first steps.
    **settings
        `weight_decay`, `clipnorm`, `clipvalue`, `global_clipnorm`, `name`: see `Optimizer`.

    References
    ----------
    Zeiler, "ADADELTA: an adaptive learning rate method", arXiv:1212.5701 (2012).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1.0])
    >>> Adadelta(learning_rate=1.0, rho=0.0, epsilon=0.01).step(x, np.array([2.0]))
    >>> x.round(4).tolist()
    [0.9001]
    """

    slot_names = ("accumulated_grad", "accumulated_delta_var")

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Mapping[str, Any] = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **settings: Any,
    ) -> None:
        super().__init__(learning_rate, **settings)
        self.rho = check_fraction(self, "rho", rho)
        self.epsilon = epsilon

    def update(self, parameters: Array, gradients: Array, rate: float) -> None:
        """Update the weights in place."""
        number = parameters.dtype.type
        rho, one_minus_rho, epsilon = number(self.rho), number(1 - self.rho), number(self.epsilon)
        a, d = self.slots["accumulated_grad"], self.slots["accumulated_delta_var"]
        step, buffer = self._buffers()
        a *= rho
        a += np.multiply(np.square(gradients, out=buffer), one_minus_rho, out=buffer)
        np.sqrt(np.add(d, epsilon, out=step), out=step)
        step *= gradients
        step /= np.sqrt(np.add(a, epsilon, out=buffer), out=buffer)
        d *= rho
        d += np.multiply(np.square(step, out=buffer), one_minus_rho, out=buffer)
        step *= number(rate)
        parameters -= step

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}
