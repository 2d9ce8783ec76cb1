"""Lion: steps of the sign of the momentum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnlite.optimizers.base import Optimizer, check_fraction
from nnlite.optimizers.schedules import LearningRateSchedule
from nnlite.types import Array


class Lion(Optimizer):
    r"""Lion: every weight moves by the learning rate, in the direction of the sign of its momentum.

    .. math::

        \theta \leftarrow \theta - \eta \operatorname{sign}\bigl(\beta_1 m + (1 - \beta_1)\, g\bigr), \qquad
        m \leftarrow \beta_2 m + (1 - \beta_2)\, g

    All steps have one size, larger than Adam's for most weights: take a rate three to ten times smaller.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        :math:`\eta`.
    beta_1, beta_2 : float, default 0.9 and 0.99
        :math:`\beta_1` and :math:`\beta_2`, from 0 (included) to 1 (excluded).
    **settings
        `weight_decay`, `clipnorm`, `clipvalue`, `global_clipnorm`, `name`: see `Optimizer`.

    References
    ----------
    Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1.0])
    >>> Lion(learning_rate=0.1).step(x, np.array([2.0]))
    >>> x.round(6).tolist()
    [0.9]
    """

    slot_names = ("momentum",)

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Mapping[str, Any] = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **settings: Any,
    ) -> None:
        super().__init__(learning_rate, **settings)
        self.beta_1 = check_fraction(self, "beta_1", beta_1)
        self.beta_2 = check_fraction(self, "beta_2", beta_2)

    def update(self, parameters: Array, gradients: Array, rate: float) -> None:
        """Update the weights in place."""
        number = parameters.dtype.type
        m = self.slots["momentum"]
        step, buffer = self._buffers()
        np.multiply(m, number(self.beta_1), out=step)
        step += np.multiply(gradients, number(1 - self.beta_1), out=buffer)
        np.sign(step, out=step)
        step *= number(rate)
        parameters -= step
        m *= number(self.beta_2)
        m += np.multiply(gradients, number(1 - self.beta_2), out=buffer)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2}
