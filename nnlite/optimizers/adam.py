"""Adam, and Adam with decoupled weight decay."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nnlite.optimizers.base import Optimizer, check_fraction
from nnlite.optimizers.schedules import LearningRateSchedule
from nnlite.types import Array


class Adam(Optimizer):
    r"""Adam: a moving average of the gradient, divided by the root of that of its square.

    .. math::

        m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad
        v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2

    Both averages are initialized with zero, so after t steps they are too small by the factors
    :math:`1 - \beta_1^t` and :math:`1 - \beta_2^t`. The step size corrects this bias:

    .. math::

        \theta \leftarrow \theta - \eta \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t} \cdot \frac{m}{\sqrt{v} + \epsilon}

    With `amsgrad`, v in the last formula is replaced by its maximum over all steps.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        :math:`\eta`.
    beta_1, beta_2 : float, default 0.9 and 0.999
        :math:`\beta_1` and :math:`\beta_2`, from 0 (included) to 1 (excluded).
    epsilon : float, default 1e-7
        Small number in the denominator, so that it is not 0.
    amsgrad : bool, default False
        Whether to use the maximum of v.
    **settings
        `weight_decay`, `clipnorm`, `clipvalue`, `global_clipnorm`, `name`: see `Optimizer`.

    References
    ----------
    Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015; Reddi, Kale & Kumar, "On the convergence of
    Adam and beyond", ICLR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1.0])
    >>> Adam(learning_rate=0.1).step(x, np.array([2.0]))
    >>> x.round(6).tolist()
    [0.9]
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Mapping[str, Any] = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(learning_rate, **settings)
        self.beta_1 = check_fraction(self, "beta_1", beta_1)
        self.beta_2 = check_fraction(self, "beta_2", beta_2)
        self.epsilon = epsilon
        self.amsgrad = amsgrad

    def _used_slots(self) -> tuple[str, ...]:
        return ("momentum", "velocity", "velocity_hat") if self.amsgrad else ("momentum", "velocity")

    def update(self, parameters: Array, gradients: Array, rate: float) -> None:
        """Update the weights in place."""
        number = parameters.dtype.type
        m, v = self.slots["momentum"], self.slots["velocity"]
        step, buffer = self._buffers()
        m *= number(self.beta_1)
        m += np.multiply(gradients, number(1 - self.beta_1), out=buffer)
        v *= number(self.beta_2)
        v += np.multiply(np.square(gradients, out=buffer), number(1 - self.beta_2), out=buffer)
        if self.amsgrad:
            v = np.maximum(self.slots["velocity_hat"], v, out=self.slots["velocity_hat"])
        t = self.iterations
        step_size = rate * math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        np.sqrt(v, out=buffer)
        buffer += number(self.epsilon)
        np.multiply(m, number(step_size), out=step)
        step /= buffer
        parameters -= step

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "amsgrad": self.amsgrad,
        }


class AdamW(Adam):
    r"""Adam with decoupled weight decay.

    Before each update :math:`\theta \leftarrow \theta - \eta \lambda \theta`. The gradient of an L2 penalty in the loss
    would be divided by :math:`\sqrt v`, and so have little effect on weights with large gradients.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        :math:`\eta`.
    weight_decay : float, default 0.004
        :math:`\lambda`.
    **settings
        As for `Adam`.

    References
    ----------
    Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1.0])
    >>> AdamW(learning_rate=0.1, weight_decay=0.5).step(x, np.array([0.0]))
    >>> x.round(6).tolist()
    [0.95]
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Mapping[str, Any] = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **settings: Any,
    ) -> None:
        if weight_decay is None:
            raise ValueError("AdamW: weight_decay must be a number; found None. Without a decay, use Adam")
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **settings)
