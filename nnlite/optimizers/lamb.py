"""LAMB: Adam whose step is scaled for each weight array."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnlite.optimizers.base import Optimizer, check_fraction
from nnlite.optimizers.schedules import LearningRateSchedule
from nnlite.types import Array


class Lamb(Optimizer):
    r"""LAMB: the step of Adam, made as long as the weights of its array are.

    With m and v the averages of `Adam`, corrected for their bias, and for every array of weights of its own

    .. math::

        u = \frac{\hat m}{\sqrt{\hat v} + \epsilon}, \qquad
        \theta \leftarrow \theta - \eta \frac{\lVert \theta \rVert}{\lVert u \rVert} u

    So large batches can be trained with a large rate: no layer moves by more than the fraction :math:`\eta` of its
    weights. The quotient is 1 where a norm is 0.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        :math:`\eta`.
    beta_1, beta_2 : float, default 0.9 and 0.999
        Of the averages, from 0 (included) to 1 (excluded).
    epsilon : float, default 1e-7
        Small number in the denominator, so that it is not 0.
    **settings
        `weight_decay`, `clipnorm`, `clipvalue`, `global_clipnorm`, `name`: see `Optimizer`.

    References
    ----------
    You et al., "Large batch optimization for deep learning: training BERT in 76 minutes", ICLR 2020.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1.0])
    >>> Lamb(learning_rate=0.1).step(x, np.array([2.0]))
    >>> x.round(6).tolist()
    [0.9]
    """

    slot_names = ("momentum", "velocity")

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
        m, v = self.slots["momentum"], self.slots["velocity"]
        step, buffer = self._buffers()
        m += np.multiply(np.subtract(gradients, m, out=buffer), number(1 - self.beta_1), out=buffer)
        np.square(gradients, out=buffer)
        v += np.multiply(np.subtract(buffer, v, out=buffer), number(1 - self.beta_2), out=buffer)
        np.sqrt(np.divide(v, number(1 - self.beta_2**self.iterations), out=buffer), out=buffer)
        buffer += number(self.epsilon)
        np.divide(m, number(1 - self.beta_1**self.iterations), out=step)
        step /= buffer
        for _, place in self.layout:
            lengths = np.linalg.norm(parameters[place]), np.linalg.norm(step[place])
            step[place] *= number(rate * (lengths[0] / lengths[1] if min(lengths) > 0 else 1.0))
        parameters -= step

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
