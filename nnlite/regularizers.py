"""Penalties on weights, or on a layer's outputs, that join the loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnlite.registry import Registry
from nnlite.types import Array


class Regularizer:
    """Base of all regularizers: a penalty, and its slope."""

    def __call__(self, x: Array) -> float:
        """Return the penalty on all values of `x` together."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__(x)")

    def gradient(self, x: Array) -> Array:
        """Return the derivative of the penalty by each value of `x`."""
        raise NotImplementedError(f"{type(self).__name__} does not define gradient(x)")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {}


class L1L2(Regularizer):
    r"""Penalty on the sum of sizes and the sum of squares.

    .. math:: R(x) = \lambda_1 \sum_i |x_i| + \lambda_2 \sum_i x_i^2, \qquad
              \frac{\partial R}{\partial x_i} = \lambda_1 \operatorname{sign}(x_i) + 2 \lambda_2 x_i

    The first pulls every weight towards zero by the same force, and so makes many of them exactly zero; the second
    pulls large ones more.

    Parameters
    ----------
    l1, l2 : float, default 0.0
        The two strengths :math:`\lambda`.

    Raises
    ------
    ValueError
        If one is negative or not finite.

    References
    ----------
    Zou & Hastie, "Regularization and variable selection via the elastic net", JRSS B 67 (2005).

    Examples
    --------
    >>> import numpy as np
    >>> penalty = L1L2(l1=0.1, l2=0.01)
    >>> round(penalty(np.array([3.0, -4.0])), 6)
    0.95
    >>> penalty.gradient(np.array([3.0, -4.0])).round(6).tolist()
    [0.16, -0.18]
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        for argument, value in (("l1", l1), ("l2", l2)):
            if not 0 <= value < np.inf:
                raise ValueError(f"{type(self).__name__}: {argument} must be a number of at least 0; found {value!r}")
        self.l1 = float(l1)
        self.l2 = float(l2)

    def __call__(self, x: Array) -> float:
        """Return R(x)."""
        return float(self.l1 * np.abs(x).sum() + self.l2 * np.square(x).sum())

    def gradient(self, x: Array) -> Array:
        """Return the slopes; 0 at the kink of |x|."""
        number = x.dtype.type
        slope: Array = number(self.l1) * np.sign(x) + number(2 * self.l2) * x
        return slope

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"l1": self.l1, "l2": self.l2}


class L1(L1L2):
    r"""Penalty on sizes: :math:`R(x) = \lambda \sum_i |x_i|`.

    Parameters
    ----------
    l1 : float, default 0.01
        The strength.
    """

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=l1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"l1": self.l1}


class L2(L1L2):
    r"""Penalty on squares: :math:`R(x) = \lambda \sum_i x_i^2`.

    Parameters
    ----------
    l2 : float, default 0.01
        The strength.
    """

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=l2)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"l2": self.l2}


l1 = L1
l2 = L2
l1_l2 = L1L2

registry: Registry[Regularizer] = Registry("regularizer", Regularizer)
for _class, *_names in ((L1, "l1"), (L2, "l2"), (L1L2, "l1l2", "l1_l2")):
    registry.register(_class, _class.__name__, *_names)


def get(identifier: str | Mapping[str, Any] | Regularizer | None) -> Regularizer | None:
    """Turn a name, a configuration or an instance into a regularizer; None stays None.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If it is something else.

    Examples
    --------
    >>> get("l2").get_config()
    {'l2': 0.01}
    """
    return None if identifier is None else registry.get(identifier)
