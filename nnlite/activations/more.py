"""Less frequent activation functions of Keras."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.activations.base import ActivationFunction
from nnlite.activations.rectifiers import ReLU
from nnlite.activations.smooth import Softplus, sigmoid
from nnlite.types import Array


class ReLU6(ReLU):
    r"""Rectified linear unit with the maximum 6: :math:`f(x) = \min(\max(x, 0), 6)`.

    Examples
    --------
    >>> import numpy as np
    >>> ReLU6()(np.array([-1.0, 2.0, 9.0])).tolist()
    [0.0, 2.0, 6.0]
    """

    short_name = "relu6"

    def __init__(self) -> None:
        super().__init__(max_value=6.0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments: none."""
        return {}


class Softsign(ActivationFunction):
    r"""Softsign: :math:`f(x) = x / (1 + |x|)`, :math:`f'(x) = 1 / (1 + |x|)^2`.

    Examples
    --------
    >>> import numpy as np
    >>> Softsign()(np.array([-1.0, 3.0])).tolist()
    [-0.5, 0.75]
    """

    short_name = "softsign"

    def __call__(self, x: Array) -> Array:
        """Return f(x)."""
        return x / (1 + np.abs(x))

    def backward(self, dy: Array, x: Array, y: Array) -> Array:  # noqa: ARG002
        """Return dx = dy / (1 + |x|)²."""
        dx: Array = dy / np.square(1 + np.abs(x))
        return dx


class Mish(ActivationFunction):
    r"""Mish: :math:`f(x) = x \tanh s(x)` with the softplus s, whose derivative is the sigmoid function.

    .. math:: f'(x) = \tanh s + x\,(1 - \tanh^2 s)\,\sigma(x)

    References
    ----------
    Misra, "Mish: a self regularized non-monotonic activation function", BMVC 2020.

    Examples
    --------
    >>> import numpy as np
    >>> Mish()(np.array([1.0])).round(4).tolist()
    [0.8651]
    """

    short_name = "mish"

    def __call__(self, x: Array) -> Array:
        """Return f(x)."""
        y: Array = x * np.tanh(Softplus()(x))
        return y

    def backward(self, dy: Array, x: Array, y: Array) -> Array:  # noqa: ARG002
        """Return dx."""
        t = np.tanh(Softplus()(x))
        dx: Array = dy * (t + x * (1 - t * t) * sigmoid(x))
        return dx


class HardSiLU(ActivationFunction):
    r"""Piecewise quadratic approximation of SiLU: :math:`f(x) = x \min(\max(x/6 + 1/2,\, 0),\, 1)`.

    Its derivative is 0 below -3, 1 above 3, and :math:`x/3 + 1/2` between.

    Examples
    --------
    >>> import numpy as np
    >>> HardSiLU()(np.array([-4.0, 0.0, 4.0])).tolist()
    [0.0, 0.0, 4.0]
    """

    short_name = "hard_silu"

    def __call__(self, x: Array) -> Array:
        """Return f(x)."""
        y: Array = x * np.clip(x / 6 + x.dtype.type(0.5), 0, 1) + x.dtype.type(0)
        return y

    def backward(self, dy: Array, x: Array, y: Array) -> Array:  # noqa: ARG002
        """Return dx."""
        number = x.dtype.type
        between = np.where(x > 3, number(1), x / 3 + number(0.5))
        return dy * np.where(x < -3, number(0), between)


class CELU(ActivationFunction):
    r"""Continuously differentiable exponential linear unit.

    .. math:: f(x) = \max(x, 0) + \min\bigl(\alpha (e^{x/\alpha} - 1),\, 0\bigr), \qquad
              f'(x) = 1 \text{ for } x > 0, \text{ else } e^{x/\alpha}

    Parameters
    ----------
    alpha : float, default 1.0
        :math:`\alpha`.

    Examples
    --------
    >>> import numpy as np
    >>> CELU()(np.array([-1.0, 2.0])).round(4).tolist()
    [-0.6321, 2.0]
    """

    short_name = "celu"

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def __call__(self, x: Array, **settings: Any) -> Array:
        """Return f(x)."""
        if settings:
            return self.with_settings(settings)(x)
        alpha = x.dtype.type(self.alpha)
        y: Array = np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0) / alpha)
        return y

    def backward(self, dy: Array, x: Array, y: Array) -> Array:  # noqa: ARG002
        """Return dx."""
        dx: Array = dy * np.exp(np.minimum(x, 0) / x.dtype.type(self.alpha))
        return dx

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"alpha": self.alpha}


class LogSigmoid(ActivationFunction):
    r"""Logarithm of the sigmoid function: :math:`f(x) = -\ln(1 + e^{-x})`, :math:`f'(x) = \sigma(-x)`.

    Examples
    --------
    >>> import numpy as np
    >>> LogSigmoid()(np.array([0.0])).round(4).tolist()
    [-0.6931]
    """

    short_name = "log_sigmoid"

    def __call__(self, x: Array) -> Array:
        """Return f(x)."""
        return -Softplus()(-x)

    def backward(self, dy: Array, x: Array, y: Array) -> Array:  # noqa: ARG002
        """Return dx = dy sigmoid(-x)."""
        return dy * sigmoid(-x)


class LogSoftmax(ActivationFunction):
    r"""Logarithm of the softmax: :math:`y_i = x_i - \ln \sum_j e^{x_j}`, :math:`dx_i = dy_i - e^{y_i} \sum_j dy_j`.

    Parameters
    ----------
    axis : int, default -1
        Axis of the sum.

    Examples
    --------
    >>> import numpy as np
    >>> LogSoftmax()(np.array([[0.0, 0.0]])).round(4).tolist()
    [[-0.6931, -0.6931]]
    """

    short_name = "log_softmax"

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def __call__(self, x: Array, **settings: Any) -> Array:
        """Return y."""
        if settings:
            return self.with_settings(settings)(x)
        z = x - x.max(axis=self.axis, keepdims=True)
        y: Array = z - np.log(np.exp(z).sum(axis=self.axis, keepdims=True))
        return y

    def backward(self, dy: Array, x: Array, y: Array) -> Array:  # noqa: ARG002
        """Return dx."""
        dx: Array = dy - np.exp(y) * dy.sum(axis=self.axis, keepdims=True)
        return dx

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"axis": self.axis}
