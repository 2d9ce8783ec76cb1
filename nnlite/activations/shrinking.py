"""Activation functions that shrink small inputs to zero, or have linear pieces in the place of exponentials."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.activations.base import ActivationFunction
from nnlite.types import Array
from nnlite.validation import check_argument, number


class _Sloped(ActivationFunction):
    """Base of functions whose derivative is `slope`."""

    def slope(self, x: Array) -> Array:
        """Return f'(x)."""
        raise NotImplementedError(f"{type(self).__name__} does not define slope(x)")

    def __call__(self, x: Array, **settings: Any) -> Array:
        """Return f(x)."""
        return self.with_settings(settings)(x) if settings else self.value(x)

    def value(self, x: Array) -> Array:
        """Return f(x)."""
        raise NotImplementedError(f"{type(self).__name__} does not define value(x)")

    def backward(self, dy: Array, x: Array, y: Array) -> Array:  # noqa: ARG002
        """Return dx = dy f'(x)."""
        dx: Array = dy * self.slope(x).astype(x.dtype, copy=False)
        return dx


class _WithThreshold(_Sloped):
    """Base of the functions that are 0 up to a threshold t."""

    def __init__(self, threshold: float = 0.5) -> None:
        check_argument(self, "threshold", threshold, number(least=0))
        self.threshold = threshold

    def slope(self, x: Array) -> Array:
        """Return 1 where |x| > t, else 0."""
        return np.abs(x) > x.dtype.type(self.threshold)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"threshold": self.threshold}


class HardShrink(_WithThreshold):
    r"""Zero where :math:`|x| \le t`, else the input itself.

    Parameters
    ----------
    threshold : float, default 0.5
        t.

    Examples
    --------
    >>> import numpy as np
    >>> HardShrink()(np.array([-1.0, 0.3, 2.0])).tolist()
    [-1.0, 0.0, 2.0]
    """

    short_name = "hard_shrink"

    def value(self, x: Array) -> Array:
        """Return f(x)."""
        return np.where(np.abs(x) > x.dtype.type(self.threshold), x, x.dtype.type(0))


class SoftShrink(_WithThreshold):
    r"""The input moved towards zero: :math:`f(x) = \operatorname{sign}(x) \max(|x| - t, 0)`.

    Parameters
    ----------
    threshold : float, default 0.5
        t.

    Examples
    --------
    >>> import numpy as np
    >>> SoftShrink()(np.array([-1.0, 0.3, 2.0])).tolist()
    [-0.5, 0.0, 1.5]
    """

    short_name = "soft_shrink"

    def value(self, x: Array) -> Array:
        """Return f(x)."""
        threshold = x.dtype.type(self.threshold)
        return x - np.clip(x, -threshold, threshold)


class TanhShrink(_Sloped):
    r"""The input minus its hyperbolic tangent: :math:`f(x) = x - \tanh x`, :math:`f'(x) = \tanh^2 x`.

    Examples
    --------
    >>> import numpy as np
    >>> TanhShrink()(np.array([0.0, 2.0])).round(4).tolist()
    [0.0, 1.036]
    """

    short_name = "tanh_shrink"

    def value(self, x: Array) -> Array:
        """Return f(x)."""
        return x - np.tanh(x)

    def slope(self, x: Array) -> Array:
        """Return tanh² x."""
        return np.square(np.tanh(x))


class Threshold(_Sloped):
    r"""The input where it is above a threshold, else one other value.

    Parameters
    ----------
    threshold : float, default 0.0
        The threshold.
    default_value : float, default 0.0
        The other value.

    Examples
    --------
    >>> import numpy as np
    >>> Threshold(1.0, -1.0)(np.array([0.5, 1.5])).tolist()
    [-1.0, 1.5]
    """

    short_name = "threshold"

    def __init__(self, threshold: float = 0.0, default_value: float = 0.0) -> None:
        self.threshold = threshold
        self.default_value = default_value

    def value(self, x: Array) -> Array:
        """Return f(x)."""
        return np.where(x > x.dtype.type(self.threshold), x, x.dtype.type(self.default_value))

    def slope(self, x: Array) -> Array:
        """Return 1 above the threshold, else 0."""
        return x > x.dtype.type(self.threshold)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"threshold": self.threshold, "default_value": self.default_value}


class HardTanh(_Sloped):
    r"""The input, limited to [-1, 1]: :math:`f(x) = \min(\max(x, -1), 1)`.

    Examples
    --------
    >>> import numpy as np
    >>> HardTanh()(np.array([-3.0, 0.5])).tolist()
    [-1.0, 0.5]
    """

    short_name = "hard_tanh"

    def value(self, x: Array) -> Array:
        """Return f(x)."""
        return np.clip(x, x.dtype.type(-1), x.dtype.type(1))

    def slope(self, x: Array) -> Array:
        """Return 1 inside the limits, else 0."""
        return np.abs(x) < 1


class SquarePlus(_Sloped):
    r"""A smooth rectifier without exponentials.

    .. math:: f(x) = \tfrac12 \bigl(x + \sqrt{x^2 + b}\bigr), \qquad
              f'(x) = \tfrac12 \Bigl(1 + \frac{x}{\sqrt{x^2 + b}}\Bigr)

    Parameters
    ----------
    b : float, default 4
        How smooth it is; 0 gives ReLU.

    References
    ----------
    Barron, "Squareplus: a softplus-like algebraic rectifier", arXiv:2112.11687 (2021).

    Examples
    --------
    >>> import numpy as np
    >>> SquarePlus()(np.array([0.0, 1.5])).tolist()
    [1.0, 2.0]
    """

    short_name = "squareplus"

    def __init__(self, b: float = 4) -> None:
        check_argument(self, "b", b, number(least=0))
        self.b = b

    def value(self, x: Array) -> Array:
        """Return f(x)."""
        y: Array = (x + self._root(x)) / 2
        return y

    def slope(self, x: Array) -> Array:
        """Return f'(x)."""
        derivative: Array = (1 + x / self._root(x)) / 2
        return derivative

    def _root(self, x: Array) -> Array:
        root: Array = np.sqrt(x * x + x.dtype.type(self.b))
        return root

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"b": self.b}


class SparsePlus(_Sloped):
    r"""Zero below -1, the input above 1, and :math:`\tfrac14 (x + 1)^2` in between.

    Examples
    --------
    >>> import numpy as np
    >>> SparsePlus()(np.array([-2.0, 0.0, 3.0])).tolist()
    [0.0, 0.25, 3.0]
    """

    short_name = "sparse_plus"

    def value(self, x: Array) -> Array:
        """Return f(x)."""
        return np.where(x >= 1, x, np.square(np.maximum(x, x.dtype.type(-1)) + 1) / 4)

    def slope(self, x: Array) -> Array:
        """Return the sparse sigmoid of x."""
        return np.clip((x + 1) / 2, 0, 1)


class SparseSigmoid(_Sloped):
    r"""A sigmoid of three lines: :math:`f(x) = \min(\max(\tfrac12 (x + 1), 0), 1)`.

    Examples
    --------
    >>> import numpy as np
    >>> SparseSigmoid()(np.array([-2.0, 0.0, 0.5])).tolist()
    [0.0, 0.5, 0.75]
    """

    short_name = "sparse_sigmoid"

    def value(self, x: Array) -> Array:
        """Return f(x)."""
        return np.clip((x + 1) / 2, x.dtype.type(0), x.dtype.type(1))

    def slope(self, x: Array) -> Array:
        """Return 1/2 between -1 and 1, else 0."""
        return (np.abs(x) < 1) / 2


class Sparsemax(ActivationFunction):
    r"""Projection on the probability simplex: like softmax, with exact zeros.

    .. math:: f(x) = \max(x - \tau, 0), \qquad \sum_j f_j = 1

    The threshold :math:`\tau` is the mean of the largest inputs, those of the support S, minus :math:`1 / |S|`.
    Backward, within the support: :math:`dx_i = dy_i - \tfrac{1}{|S|} \sum_{j \in S} dy_j`; elsewhere 0.

    Parameters
    ----------
    axis : int, default -1
        Axis of the probabilities.

    References
    ----------
    Martins & Astudillo, "From softmax to sparsemax", ICML 2016.

    Examples
    --------
    >>> import numpy as np
    >>> Sparsemax()(np.array([[2.0, 1.5, -1.0]])).tolist()
    [[0.75, 0.25, 0.0]]
    """

    short_name = "sparsemax"

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def __call__(self, x: Array, **settings: Any) -> Array:
        """Return f(x)."""
        if settings:
            return self.with_settings(settings)(x)
        rows = np.moveaxis(x, self.axis, -1)
        falling = -np.sort(-rows, axis=-1)
        sums = np.cumsum(falling, axis=-1)
        counts = np.arange(1, rows.shape[-1] + 1, dtype=x.dtype)
        size = (1 + counts * falling > sums).sum(axis=-1, keepdims=True)
        threshold = (np.take_along_axis(sums, size - 1, axis=-1) - 1) / size.astype(x.dtype)
        return np.moveaxis(np.maximum(rows - threshold, x.dtype.type(0)), -1, self.axis)

    def backward(self, dy: Array, x: Array, y: Array) -> Array:  # noqa: ARG002
        """Return dx: dy minus its mean over the support, in the support."""
        support = (y > 0).astype(dy.dtype)
        mean = (dy * support).sum(axis=self.axis, keepdims=True) / support.sum(axis=self.axis, keepdims=True)
        dx: Array = support * (dy - mean)
        return dx

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"axis": self.axis}


def threshold(x: Array, threshold: float, default_value: float) -> Array:
    """Return x where it is above a threshold, else another value; see `Threshold`."""
    return Threshold(threshold, default_value)(np.asarray(x))
