"""FTRL: follow the regularized leader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnlite.optimizers.base import Optimizer
from nnlite.optimizers.schedules import LearningRateSchedule
from nnlite.types import Array
from nnlite.validation import check_argument, number


class Ftrl(Optimizer):
    r"""Follow the regularized leader: weights that are best for the sum of all gradients so far, many of them 0.

    With the sum a of the squared gradients, the power p and the sum z of all gradients, corrected for the steps:

    .. math::

        a' = a + g^2, \qquad
        z \leftarrow z + g + 2 \lambda_s \theta - \frac{a'^{-p} - a^{-p}}{\eta}\, \theta, \qquad
        \theta \leftarrow \frac{\min(\max(z, -\lambda_1), \lambda_1) - z}
                               {a'^{-p} / \eta + 2 (\lambda_2 + \beta / 2 \eta)}

    A weight with :math:`|z| \le \lambda_1` becomes exactly 0.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        :math:`\eta`.
    learning_rate_power : float, default -0.5
        p, at most 0; 0 keeps the rate constant.
    initial_accumulator_value : float, default 0.1
        Value of a before the first step, at least 0.
    l1_regularization_strength, l2_regularization_strength : float, default 0.0
        :math:`\lambda_1` and :math:`\lambda_2`, at least 0.
    l2_shrinkage_regularization_strength : float, default 0.0
        :math:`\lambda_s`, at least 0.
    beta : float, default 0.0
        :math:`\beta` of the paper, at least 0.
    **settings
        `weight_decay`, `clipnorm`, `clipvalue`, `global_clipnorm`, `name`: see `Optimizer`.

    References
    ----------
    McMahan et al., "Ad click prediction: a view from the trenches", KDD 2013.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([0.0])
    >>> Ftrl(learning_rate=0.1, initial_accumulator_value=0.0).step(x, np.array([2.0]))
    >>> x.round(6).tolist()
    [-0.1]
    """

    slot_names = ("accumulator", "linear")

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Mapping[str, Any] = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **settings: Any,
    ) -> None:
        super().__init__(learning_rate, **settings)
        check_argument(self, "learning_rate_power", learning_rate_power, number(most=0))
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta
        for name, value in self._strengths().items():
            check_argument(self, name, value, number(least=0))

    def _strengths(self) -> dict[str, float]:
        return {
            "initial_accumulator_value": self.initial_accumulator_value,
            "l1_regularization_strength": self.l1_regularization_strength,
            "l2_regularization_strength": self.l2_regularization_strength,
            "l2_shrinkage_regularization_strength": self.l2_shrinkage_regularization_strength,
            "beta": self.beta,
        }

    def initial_value(self, slot: str) -> float:
        """Return the value of a or z before the first step."""
        return self.initial_accumulator_value if slot == "accumulator" else 0.0

    def update(self, parameters: Array, gradients: Array, rate: float) -> None:
        """Update the weights in place."""
        as_float = parameters.dtype.type
        a, z = self.slots["accumulator"], self.slots["linear"]
        eta = as_float(rate)
        power, shrinkage = as_float(-self.learning_rate_power), as_float(2 * self.l2_shrinkage_regularization_strength)
        l1, l2 = as_float(self.l1_regularization_strength), as_float(self.l2_regularization_strength)
        grown = a + np.square(gradients)
        z += gradients + shrinkage * parameters - (grown**power - a**power) / eta * parameters
        quadratic = grown**power / eta + 2 * (l2 + as_float(self.beta) / (2 * eta))
        parameters[...] = (np.clip(z, -l1, l1) - z) / quadratic
        a[...] = grown

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "learning_rate_power": self.learning_rate_power, **self._strengths()}
