"""Activation functions and their derivatives.

An activation function computes y = f(x). Its `backward` computes the derivative of the loss with respect to x from the
derivative with respect to y, by the chain rule:

    dx = dy f'(x)

Its arguments are both x and y, since the derivative of some functions is a simpler function of the output: that of the
sigmoid function is y (1 - y).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnlite.registry import Registry
from nnlite.special import erf
from nnlite.types import Array


class ActivationFunction:
    """Base of all activation functions.

    A custom activation function derives from it and defines `__call__` and `backward`.
    """

    @property
    def name(self) -> str:
        """Name of the function."""
        return _names.get(type(self), type(self).__name__)

    def __call__(self, x: Array) -> Array:
        """Return y = f(x)."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__(x)")

    def backward(self, dy: Array, x: Array, y: Array) -> Array:
        """Return dx = dy f'(x).

        Parameters
        ----------
        dy : ndarray
            Derivative of the loss with respect to y.
        x, y : ndarray
            Argument and result of the call.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define backward(dy, x, y)")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {}


class Linear(ActivationFunction):
    r"""Identity: :math:`f(x) = x`, :math:`f'(x) = 1`."""

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
    >>> relu(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def __init__(self, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> None:
        for argument, value in (("negative_slope", negative_slope), ("threshold", threshold), ("max_value", max_value)):
            if value is not None and not value >= 0:
                raise ValueError(f"ReLU: {argument} must be at least 0; found {value!r}")
        self.negative_slope = negative_slope
        self.max_value = max_value
        self.threshold = threshold

    def __call__(self, x: Array) -> Array:
        """Return f(x)."""
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
    >>> leaky_relu(np.array([-1.0, 2.0])).tolist()
    [-0.2, 2.0]
    """

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
    >>> elu(np.array([-1.0, 2.0])).round(4).tolist()
    [-0.6321, 2.0]
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def __call__(self, x: Array) -> Array:
        """Return f(x)."""
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
    >>> selu(np.array([1.0])).round(4).tolist()
    [1.0507]
    """

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
    >>> gelu(np.array([-1.0, 1.0])).round(4).tolist()
    [-0.1587, 0.8413]
    """

    def __init__(self, approximate: bool = False) -> None:
        self.approximate = approximate

    def __call__(self, x: Array) -> Array:
        """Return f(x)."""
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
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """

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
    >>> silu(np.array([1.0])).round(4).tolist()
    [0.7311]
    """

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
    >>> softplus(np.array([0.0, 1000.0])).round(4).tolist()
    [0.6931, 1000.0]
    """

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
    >>> hard_sigmoid(np.array([-4.0, 0.0, 4.0])).tolist()
    [0.0, 0.5, 1.0]
    """

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
    >>> tanh(np.array([0.0])).tolist()
    [0.0]
    """

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
    >>> softmax(np.array([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def __call__(self, x: Array) -> Array:
        """Return y; subtracting the maximum of x does not change it and prevents overflow."""
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
    >>> exponential(np.array([0.0])).tolist()
    [1.0]
    """

    def __call__(self, x: Array) -> Array:
        """Return f(x)."""
        y: Array = np.exp(x)
        return y

    def backward(self, dy: Array, x: Array, y: Array) -> Array:  # noqa: ARG002
        """Return dx = dy y."""
        return dy * y


linear = Linear()
relu = ReLU()
leaky_relu = LeakyReLU()
elu = ELU()
selu = SELU()
gelu = GELU()
silu = swish = SiLU()
softplus = Softplus()
sigmoid = Sigmoid()
hard_sigmoid = HardSigmoid()
tanh = Tanh()
softmax = Softmax()
exponential = Exponential()

registry: Registry[ActivationFunction] = Registry("activation", ActivationFunction)
_names: dict[type[ActivationFunction], str] = {}

for _name, _class in {
    "linear": Linear,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "elu": ELU,
    "selu": SELU,
    "gelu": GELU,
    "silu": SiLU,
    "softplus": Softplus,
    "sigmoid": Sigmoid,
    "hard_sigmoid": HardSigmoid,
    "tanh": Tanh,
    "softmax": Softmax,
    "exponential": Exponential,
}.items():
    registry.register(_class, _name, _class.__name__)
    _names[_class] = _name
registry.register(SiLU, "swish")


def get(identifier: str | Mapping[str, Any] | ActivationFunction | None) -> ActivationFunction:
    """Return an activation function from a name, a configuration or an instance; linear for None.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If `identifier` is of another type.

    Examples
    --------
    >>> get("relu").name
    'relu'
    """
    return linear if identifier is None else registry.get(identifier)
