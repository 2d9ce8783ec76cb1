"""The identity, and rectifiers: functions with a bend at 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.activations.base import ActivationFunction
from nnlite.types import Array


class Linear(ActivationFunction):
    r"""Identity: :math:`f(x) = x`, :math:`f'(x) = 1`."""

    short_name = "linear"

    def __call__(self, x: Array) -> Array:
        """Return x."""
        return x

    def backward(self, dy: Array, x: Array, y: Array) -> Array:  # noqa: ARG002
        """Return dy."""
        return dy


class ReLU(ActivationFunction):
    r"""Rectified linear unit: 0 (or a small slope) up to a threshold, the identity above.

    .. math:: f(x) = \begin{cases} m & x \ge m \\ x & \theta < x < m \\ s\,(x - \theta) & x \le \theta \end{cases}
              \qquad f'(x) = \begin{cases} 0 \\ 1 \\ s \end{cases}

    Parameters
    ----------
    negative_slope : float, default 0.0
        s, the slope up to the threshold.
    max_value : float, optional
        m, the maximum; none by default.
    threshold : float, default 0.0
        :math:`\theta`.

    Raises
    ------
    ValueError
        If a parameter is negative.

    References
    ----------
    Nair & Hinton, "Rectified linear units improve restricted Boltzmann machines", ICML 2010.

    Examples
    --------
    >>> import numpy as np
    >>> ReLU()(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    short_name = "relu"

    def __init__(self, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> None:
        for argument, value in (("negative_slope", negative_slope), ("threshold", threshold), ("max_value", max_value)):
            if value is None and argument == "max_value":
                continue
            if value is None or not value >= 0:
                raise ValueError(f"ReLU: {argument} must be at least 0; found {value!r}")
        self.negative_slope = negative_slope
        self.max_value = max_value
        self.threshold = threshold

    def __call__(self, x: Array, **settings: Any) -> Array:
        """Return f(x)."""
        if settings:
            return self.with_settings(settings)(x)
        number = x.dtype.type
        if self.threshold == 0 and self.negative_slope == 0:
            y: Array = np.maximum(x, number(0))
        else:
            below = number(self.negative_slope) * (x - number(self.threshold))
            y = np.where(x > number(self.threshold), x, below)
        return y if self.max_value is None else np.minimum(y, number(self.max_value))

    def backward(self, dy: Array, x: Array, y: Array) -> Array:  # noqa: ARG002
        """Return dx: dy above the threshold, s dy below it, 0 at the maximum."""
        number = x.dtype.type
        dx = np.where(x > number(self.threshold), dy, number(self.negative_slope) * dy)
        return dx if self.max_value is None else np.where(x < number(self.max_value), dx, number(0))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "negative_slope": self.negative_slope,
            "max_value": self.max_value,
            "threshold": self.threshold,
        }


class LeakyReLU(ReLU):
    r"""Leaky rectified linear unit: x for positive inputs, s x for negative ones.

    Parameters
    ----------
    negative_slope : float, default 0.2
        s, the slope for negative inputs.

    References
    ----------
    Maas, Hannun & Ng, "Rectifier nonlinearities improve neural network acoustic models", ICML 2013.

    Examples
    --------
    >>> import numpy as np
    >>> LeakyReLU()(np.array([-1.0, 2.0])).tolist()
    [-0.2, 2.0]
    """

    short_name = "leaky_relu"

    def __init__(self, negative_slope: float = 0.2) -> None:
        super().__init__(negative_slope=negative_slope)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"negative_slope": self.negative_slope}


class ELU(ActivationFunction):
    r"""Exponential linear unit: the identity for positive inputs, a saturating curve for negative ones.

    .. math:: f(x) = \begin{cases} x & x > 0 \\ \alpha (e^x - 1) & x \le 0 \end{cases} \qquad
              f'(x) = \begin{cases} 1 & x > 0 \\ y + \alpha & x \le 0 \end{cases}

    Parameters
    ----------
    alpha : float, default 1.0
        :math:`\alpha`; the limit for large negative inputs is :math:`-\alpha`.

    References
    ----------
    Clevert, Unterthiner & Hochreiter, "Fast and accurate deep network learning by exponential linear units", ICLR 2016.

    Examples
    --------
    >>> import numpy as np
    >>> ELU()(np.array([-1.0, 2.0])).round(4).tolist()
    [-0.6321, 2.0]
    """

    short_name = "elu"

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def __call__(self, x: Array, **settings: Any) -> Array:
        """Return f(x)."""
        if settings:
            return self.with_settings(settings)(x)
        # np.where evaluates both branches: expm1 must not overflow for positive x.
        below = x.dtype.type(self.alpha) * np.expm1(np.minimum(x, 0))
        return np.where(x > 0, x, below)

    def backward(self, dy: Array, x: Array, y: Array) -> Array:
        """Return dx: dy for positive x, else dy (y + alpha)."""
        return np.where(x > 0, dy, dy * (y + x.dtype.type(self.alpha)))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"alpha": self.alpha}


class SELU(ActivationFunction):
    r"""Scaled exponential linear unit: :math:`\lambda` times an ELU.

    With these constants :math:`\alpha` and :math:`\lambda`, standard normal inputs give outputs of mean 0 and variance
    1.

    References
    ----------
    Klambauer, Unterthiner, Mayr & Hochreiter, "Self-normalizing neural networks", NeurIPS 2017.

    Examples
    --------
    >>> import numpy as np
    >>> SELU()(np.array([1.0])).round(4).tolist()
    [1.0507]
    """

    short_name = "selu"

    alpha = 1.6732632423543772
    scale = 1.0507009873554805

    def __call__(self, x: Array) -> Array:
        """Return f(x)."""
        number = x.dtype.type
        below = number(self.alpha) * np.expm1(np.minimum(x, 0))
        scaled: Array = number(self.scale) * np.where(x > 0, x, below)
        return scaled

    def backward(self, dy: Array, x: Array, y: Array) -> Array:
        """Return dx: lambda dy for positive x, else dy (y + lambda alpha)."""
        number = x.dtype.type
        return np.where(x > 0, number(self.scale) * dy, dy * (y + number(self.scale * self.alpha)))
