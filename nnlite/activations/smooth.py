"""Smooth activation functions: sigmoids and what is made of them, softmax and the exponential function."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.activations.base import ActivationFunction
from nnlite.special import erf
from nnlite.types import Array


class GELU(ActivationFunction):
    r"""Gaussian error linear unit: the input times the standard normal distribution function.

    .. math:: f(x) = x\,\Phi(x), \qquad f'(x) = \Phi(x) + x\,\varphi(x), \qquad
              \Phi(x) = \tfrac12 \bigl(1 + \operatorname{erf}(x / \sqrt2)\bigr), \quad
              \varphi(x) = \tfrac{1}{\sqrt{2\pi}} e^{-x^2/2}

    The approximation replaces :math:`\Phi` by :math:`\tfrac12 (1 + \tanh u)` with
    :math:`u = \sqrt{2/\pi}\,(x + 0.044715\,x^3)`.

    Parameters
    ----------
    approximate : bool, default False
        Whether to use the approximation.

    References
    ----------
    Hendrycks & Gimpel, "Gaussian error linear units (GELUs)", arXiv:1606.08415 (2016).

    Examples
    --------
    >>> import numpy as np
    >>> GELU()(np.array([-1.0, 1.0])).round(4).tolist()
    [-0.1587, 0.8413]
    """

    short_name = "gelu"

    def __init__(self, approximate: bool = False) -> None:
        self.approximate = approximate

    def __call__(self, x: Array, **settings: Any) -> Array:
        """Return f(x)."""
        if settings:
            return self.with_settings(settings)(x)
        y: Array = x * self._cdf(x)
        return y

    def backward(self, dy: Array, x: Array, y: Array) -> Array:  # noqa: ARG002
        """Return dx = dy (Phi(x) + x phi(x))."""
        number = x.dtype.type
        cdf = self._cdf(x)
        if self.approximate:
            du = number(np.sqrt(2 / np.pi)) * (1 + number(3 * 0.044715) * x * x)
            density = 2 * cdf * (1 - cdf) * du
        else:
            density = np.exp(-x * x / 2) * number(1 / np.sqrt(2 * np.pi))
        dx: Array = dy * (cdf + x * density)
        return dx

    def _cdf(self, x: Array) -> Array:
        """Return Phi(x), or its approximation."""
        number = x.dtype.type
        if self.approximate:
            signed = np.tanh(number(np.sqrt(2 / np.pi)) * (x + number(0.044715) * x * x * x))
        else:
            signed = erf(x * number(np.sqrt(0.5)))
        cdf: Array = (1 + signed) / 2
        return cdf

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"approximate": self.approximate}


class Sigmoid(ActivationFunction):
    r"""Logistic function, with values between 0 and 1.

    .. math:: f(x) = \frac{1}{1 + e^{-x}}, \qquad f'(x) = y\,(1 - y)

    Examples
    --------
    >>> import numpy as np
    >>> Sigmoid()(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """

    short_name = "sigmoid"

    def __call__(self, x: Array) -> Array:
        """Return f(x), computed from exp(-|x|), which cannot overflow."""
        e = np.exp(-np.abs(x))
        return np.where(x >= 0, 1 / (1 + e), e / (1 + e))

    def backward(self, dy: Array, x: Array, y: Array) -> Array:  # noqa: ARG002
        """Return dx = dy y (1 - y)."""
        return dy * y * (1 - y)


class SiLU(ActivationFunction):
    r"""Sigmoid linear unit, also called swish: :math:`f(x) = x\,\sigma(x)`.

    .. math:: f'(x) = \sigma(x) + y\,\bigl(1 - \sigma(x)\bigr)

    References
    ----------
    Elfwing, Uchibe & Doya, "Sigmoid-weighted linear units for neural network function approximation in
    reinforcement learning", Neural Networks 107 (2018).

    Examples
    --------
    >>> import numpy as np
    >>> SiLU()(np.array([1.0])).round(4).tolist()
    [0.7311]
    """

    short_name = "silu"

    def __call__(self, x: Array) -> Array:
        """Return f(x)."""
        return x * sigmoid(x)

    def backward(self, dy: Array, x: Array, y: Array) -> Array:
        """Return dx = dy (s + y (1 - s)), where s = sigmoid(x)."""
        s = sigmoid(x)
        return dy * (s + y * (1 - s))


class Softplus(ActivationFunction):
    r"""Softplus, a smooth rectifier: :math:`f(x) = \ln(1 + e^x)`, :math:`f'(x) = \sigma(x)`.

    Examples
    --------
    >>> import numpy as np
    >>> Softplus()(np.array([0.0, 1000.0])).round(4).tolist()
    [0.6931, 1000.0]
    """

    short_name = "softplus"

    def __call__(self, x: Array) -> Array:
        """Return f(x) = max(x, 0) + ln(1 + exp(-|x|)), which cannot overflow."""
        y: Array = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
        return y

    def backward(self, dy: Array, x: Array, y: Array) -> Array:  # noqa: ARG002
        """Return dx = dy sigmoid(x)."""
        return dy * sigmoid(x)


class HardSigmoid(ActivationFunction):
    r"""Piecewise linear approximation of a sigmoid: :math:`f(x) = \min(\max(x/6 + 1/2,\, 0),\, 1)`.

    Its derivative is 1/6 between -3 and 3, and 0 outside.

    Examples
    --------
    >>> import numpy as np
    >>> HardSigmoid()(np.array([-4.0, 0.0, 4.0])).tolist()
    [0.0, 0.5, 1.0]
    """

    short_name = "hard_sigmoid"

    def __call__(self, x: Array) -> Array:
        """Return f(x)."""
        return np.clip(x / 6 + x.dtype.type(0.5), 0, 1)

    def backward(self, dy: Array, x: Array, y: Array) -> Array:  # noqa: ARG002
        """Return dx: dy / 6 for x between -3 and 3, else 0."""
        return np.where(np.abs(x) < 3, dy / 6, x.dtype.type(0))


class Tanh(ActivationFunction):
    r"""Hyperbolic tangent, with values between -1 and 1: :math:`f(x) = \tanh x`, :math:`f'(x) = 1 - y^2`.

    Examples
    --------
    >>> import numpy as np
    >>> Tanh()(np.array([0.0])).tolist()
    [0.0]
    """

    short_name = "tanh"

    def __call__(self, x: Array) -> Array:
        """Return f(x)."""
        y: Array = np.tanh(x)
        return y

    def backward(self, dy: Array, x: Array, y: Array) -> Array:  # noqa: ARG002
        """Return dx = dy (1 - y²)."""
        return dy * (1 - y * y)


class Softmax(ActivationFunction):
    r"""Softmax: probabilities with the sum 1.

    .. math:: y_i = \frac{e^{x_i}}{\sum_j e^{x_j}}, \qquad
              dx_i = y_i \Bigl(dy_i - \sum_j dy_j\, y_j\Bigr)

    Every output depends on every input, hence the sum.

    Parameters
    ----------
    axis : int, default -1
        Axis of the sum.

    Examples
    --------
    >>> import numpy as np
    >>> Softmax()(np.array([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """

    short_name = "softmax"

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def __call__(self, x: Array, **settings: Any) -> Array:
        """Return y; subtracting the maximum of x does not change it and prevents overflow."""
        if settings:
            return self.with_settings(settings)(x)
        e = np.exp(x - x.max(axis=self.axis, keepdims=True))
        y: Array = e / e.sum(axis=self.axis, keepdims=True)
        return y

    def backward(self, dy: Array, x: Array, y: Array) -> Array:  # noqa: ARG002
        """Return dx = y (dy - sum of dy y)."""
        dx: Array = y * (dy - (dy * y).sum(axis=self.axis, keepdims=True))
        return dx

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"axis": self.axis}


class Exponential(ActivationFunction):
    r"""Exponential function: :math:`f(x) = e^x`, :math:`f'(x) = y`.

    Examples
    --------
    >>> import numpy as np
    >>> Exponential()(np.array([0.0])).tolist()
    [1.0]
    """

    short_name = "exponential"

    def __call__(self, x: Array) -> Array:
        """Return f(x)."""
        y: Array = np.exp(x)
        return y

    def backward(self, dy: Array, x: Array, y: Array) -> Array:  # noqa: ARG002
        """Return dx = dy y."""
        return dy * y


sigmoid = Sigmoid()
