"""Activation functions, each with its slope.

An activation is called with x and gives y = f(x). Its `backward` turns the derivative of the loss by y into that by x:

    dx = dy f'(x)

It gets both x and y, since for some functions the slope is said most simply by the output: the sigmoid's is y (1 - y).
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

    One's own derives from it and defines `__call__` and `backward`.
    """

    @property
    def name(self) -> str:
        """The name it goes under."""
        return _names.get(type(self), type(self).__name__)

    def __call__(self, x: Array) -> Array:
        """Return y = f(x)."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__(x)")

    def backward(self, dy: Array, x: Array, y: Array) -> Array:
        """Return dx = dy f'(x).

        Parameters
        ----------
        dy : ndarray
            Derivative of the loss by each value of y.
        x, y : ndarray
            What the function was called with, and what it returned.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define backward(dy, x, y)")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {}


class Linear(ActivationFunction):
    r"""The input itself: :math:`f(x) = x`, :math:`f'(x) = 1`."""

    def __call__(self, x: Array) -> Array:
        """Return x."""
        return x

    def backward(self, dy: Array, x: Array, y: Array) -> Array:  # noqa: ARG002
        """Return dy."""
        return dy


class ReLU(ActivationFunction):
    r"""Rectified linear unit: nothing below the threshold (or a little), the input above.

    .. math:: f(x) = \begin{cases} m & x \ge m \\ x & \theta < x < m \\ s\,(x - \theta) & x \le \theta \end{cases}
              \qquad f'(x) = \begin{cases} 0 \\ 1 \\ s \end{cases}

    Parameters
    ----------
    negative_slope : float, default 0.0
        s.
    max_value : float, optional
        m; none by default.
    threshold : float, default 0.0
        The angle :math:`\theta`.

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
        """Return dx: dy where the unit is open, s dy below the threshold, 0 at the ceiling."""
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
    r"""A rectified linear unit that never quite closes: x above zero, s x below.

    Parameters
    ----------
    negative_slope : float, default 0.2
        s.

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
    r"""Exponential linear unit: the input above zero, a curve that flattens out below.

    .. math:: f(x) = \begin{cases} x & x > 0 \\ \alpha (e^x - 1) & x \le 0 \end{cases} \qquad
              f'(x) = \begin{cases} 1 & x > 0 \\ y + \alpha & x \le 0 \end{cases}

    Parameters
    ----------
    alpha : float, default 1.0
        Where it ends far below zero: at minus alpha.

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
        # The branch that is not taken must not overflow.
        below = x.dtype.type(self.alpha) * np.expm1(np.minimum(x, 0))
        return np.where(x > 0, x, below)

    def backward(self, dy: Array, x: Array, y: Array) -> Array:
        """Return dx: dy above zero, dy (y + alpha) below."""
        return np.where(x > 0, dy, dy * (y + x.dtype.type(self.alpha)))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"alpha": self.alpha}


class SELU(ActivationFunction):
    r"""Scaled exponential linear unit: :math:`\lambda` times an ELU.

    The two constants are such that standard normal inputs give outputs of mean 0 and variance 1.

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
        """Return dx: lambda dy above zero, dy (y + lambda alpha) below."""
        number = x.dtype.type
        return np.where(x > 0, number(self.scale) * dy, dy * (y + number(self.scale * self.alpha)))


class GELU(ActivationFunction):
    r"""Gaussian error linear unit: the input times the chance that a standard normal number is smaller.

    .. math:: f(x) = x\,\Phi(x), \qquad f'(x) = \Phi(x) + x\,\varphi(x), \qquad
              \Phi(x) = \tfrac12 \bigl(1 + \operatorname{erf}(x / \sqrt2)\bigr), \quad
              \varphi(x) = \tfrac{1}{\sqrt{2\pi}} e^{-x^2/2}

    The approximate form puts :math:`\tfrac12 (1 + \tanh u)` with
    :math:`u = \sqrt{2/\pi}\,(x + 0.044715\,x^3)` in the place of :math:`\Phi`.

    Parameters
    ----------
    approximate : bool, default False
        Which form.

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
        y: Array = x * self._share(x)
        return y

    def backward(self, dy: Array, x: Array, y: Array) -> Array:  # noqa: ARG002
        """Return dx."""
        number = x.dtype.type
        share = self._share(x)
        if self.approximate:
            inner = number(np.sqrt(2 / np.pi)) * (1 + number(3 * 0.044715) * x * x)
            density = 2 * share * (1 - share) * inner
        else:
            density = np.exp(-x * x / 2) * number(1 / np.sqrt(2 * np.pi))
        dx: Array = dy * (share + x * density)
        return dx

    def _share(self, x: Array) -> Array:
        """Return Phi(x), or what approximates it."""
        number = x.dtype.type
        if self.approximate:
            inside = np.tanh(number(np.sqrt(2 / np.pi)) * (x + number(0.044715) * x * x * x))
        else:
            inside = erf(x * number(np.sqrt(0.5)))
        share: Array = (1 + inside) / 2
        return share

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"approximate": self.approximate}


class Sigmoid(ActivationFunction):
    r"""Logistic function: any number to one between 0 and 1.

    .. math:: f(x) = \frac{1}{1 + e^{-x}}, \qquad f'(x) = y\,(1 - y)

    Examples
    --------
    >>> import numpy as np
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """

    def __call__(self, x: Array) -> Array:
        """Return f(x), from the exponential that cannot overflow."""
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
        """Return dx."""
        gate = sigmoid(x)
        return dy * (gate + y * (1 - gate))


class Softplus(ActivationFunction):
    r"""A smooth rectifier: :math:`f(x) = \ln(1 + e^x)`, with the sigmoid as its slope.

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
    r"""A sigmoid made of straight lines: :math:`f(x) = \min(\max(x/6 + 1/2,\, 0),\, 1)`.

    Its slope is 1/6 between -3 and 3, and 0 outside.

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
        """Return dx."""
        return np.where(np.abs(x) < 3, dy / 6, x.dtype.type(0))


class Tanh(ActivationFunction):
    r"""Hyperbolic tangent: any number to one between -1 and 1; :math:`f'(x) = 1 - y^2`.

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
    r"""Scores to shares that add up to one.

    .. math:: y_i = \frac{e^{x_i}}{\sum_j e^{x_j}}, \qquad
              dx_i = y_i \Bigl(dy_i - \sum_j dy_j\, y_j\Bigr)

    Every output depends on every input, hence the sum.

    Parameters
    ----------
    axis : int, default -1
        Along which the shares add up.

    Examples
    --------
    >>> import numpy as np
    >>> softmax(np.array([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def __call__(self, x: Array) -> Array:
        """Return the shares; the largest score is taken off first, which changes none of them."""
        e = np.exp(x - x.max(axis=self.axis, keepdims=True))
        y: Array = e / e.sum(axis=self.axis, keepdims=True)
        return y

    def backward(self, dy: Array, x: Array, y: Array) -> Array:  # noqa: ARG002
        """Return dx."""
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
    """Turn a name, a configuration or an instance into an activation function; None is linear.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If it is something else.

    Examples
    --------
    >>> get("relu").name
    'relu'
    """
    return linear if identifier is None else registry.get(identifier)
