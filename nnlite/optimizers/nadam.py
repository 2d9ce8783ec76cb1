"""Nadam: Adam with Nesterov's momentum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnlite.optimizers.base import Optimizer, check_fraction
from nnlite.optimizers.schedules import LearningRateSchedule
from nnlite.types import Array


class Nadam(Optimizer):
    r"""Nadam: Adam that looks one step ahead along its momentum.

    The averages of the gradient and of its square are those of `Adam`:

    .. math::

        m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad
        v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2

    The weight of the momentum grows over the first steps, :math:`\mu_t = \beta_1 (1 - \tfrac12\, 0.96^t)`. With the
    products :math:`\Pi_t = \prod_{i \le t} \mu_i`, which correct the bias, the step takes the momentum with the weight
    of the *next* step and the gradient with that of this one:

    .. math::

        \hat m = \frac{\mu_{t+1}}{1 - \Pi_{t+1}}\, m + \frac{1 - \mu_t}{1 - \Pi_t}\, g, \qquad
        \theta \leftarrow \theta - \eta\, \frac{\hat m}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

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
    Dozat, "Incorporating Nesterov momentum into Adam", ICLR 2016, workshop track.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1.0])
    >>> Nadam(learning_rate=0.1).step(x, np.array([2.0]))
    >>> x.round(4).tolist()
    [0.8937]
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

    def coefficients(self, first: int, length: int) -> Array:
        """Return the factors of the momentum, of the gradient and of the root of v, for each of several steps.

        Parameters
        ----------
        first : int
            Number of the first step, counted from 1.
        length : int
            Number of steps.

        Returns
        -------
        ndarray of float64, shape (length, 3)
            The factors.
        """
        t = np.arange(1, first + length + 1, dtype=np.float64)
        mu = self.beta_1 * (1 - 0.5 * 0.96**t)
        products = np.cumprod(mu)
        now, ahead = slice(first - 1, first + length - 1), slice(first, first + length)
        return np.stack(
            [
                mu[ahead] / (1 - products[ahead]),
                (1 - mu[now]) / (1 - products[now]),
                1 / np.sqrt(1 - self.beta_2 ** t[now]),
            ],
            axis=1,
        )

    def update(self, parameters: Array, gradients: Array, rate: float) -> None:
        """Update the weights in place."""
        number = parameters.dtype.type
        m, v = self.slots["momentum"], self.slots["velocity"]
        step, buffer = self._buffers()
        m *= number(self.beta_1)
        m += np.multiply(gradients, number(1 - self.beta_1), out=buffer)
        v *= number(self.beta_2)
        v += np.multiply(np.square(gradients, out=buffer), number(1 - self.beta_2), out=buffer)
        of_momentum, of_gradient, of_root = self.coefficients(self.iterations, 1)[0]
        np.multiply(m, number(rate * of_momentum), out=step)
        step += np.multiply(gradients, number(rate * of_gradient), out=buffer)
        np.sqrt(v, out=buffer)
        buffer *= number(of_root)
        buffer += number(self.epsilon)
        step /= buffer
        parameters -= step

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
