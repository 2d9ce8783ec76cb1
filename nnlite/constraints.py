r"""Constraints: sets to which weights are returned after every update.

A constraint is a projection P, or nearly one: after each update of the optimizer, :math:`w \leftarrow P(w)`. The
gradient does not know of it, so no derivative is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlite.registry import FromConfig, Registry, serialize  # noqa: F401 - serialize is a public name here, too
from nnlite.types import Array
from nnlite.validation import check_argument, number

EPSILON = 1e-7


class Constraint(FromConfig):
    """Base of all constraints: a function from weights to weights of the same shape."""

    def __call__(self, w: Array) -> Array:
        """Return the weights as the constraint allows them: here, as they are."""
        return w

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {}


class _OfNorms(Constraint):
    """Base of the constraints on the norms of the weights along `axis`."""

    def __init__(self, axis: int | Sequence[int] = 0) -> None:
        self.axis = axis

    def _norms(self, w: Array) -> Array:
        axes = self.axis if isinstance(self.axis, int) else tuple(self.axis)
        norms: Array = np.sqrt(np.square(w).sum(axis=axes, keepdims=True))
        return norms

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"axis": self.axis}


class MaxNorm(_OfNorms):
    r"""Scale down weights whose norm is above a bound m.

    .. math:: P(w) = w\, \frac{\min(\lVert w \rVert, m)}{\lVert w \rVert + \epsilon}

    Parameters
    ----------
    max_value : float, default 2
        m.
    axis : int or sequence of int, default 0
        Axes of the norm: 0 for the weights of each unit of `Dense`, ``[0, 1, 2]`` for each filter of `Conv2D`.

    Raises
    ------
    ValueError
        If `max_value` is not a number of at least 0.

    References
    ----------
    Srivastava et al., "Dropout", JMLR 15 (2014), section 5.1.

    Examples
    --------
    >>> import numpy as np
    >>> MaxNorm(1.0)(np.array([[3.0, 0.1], [4.0, 0.2]])).round(3).tolist()
    [[0.6, 0.1], [0.8, 0.2]]
    """

    def __init__(self, max_value: float = 2, axis: int | Sequence[int] = 0) -> None:
        super().__init__(axis)
        check_argument(self, "max_value", max_value, number(least=0))
        self.max_value = max_value

    def __call__(self, w: Array) -> Array:
        """Return P(w)."""
        norms = self._norms(w)
        as_float = w.dtype.type
        projected: Array = w * (np.minimum(norms, as_float(self.max_value)) / (norms + as_float(EPSILON)))
        return projected

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"max_value": self.max_value, **super().get_config()}


class NonNeg(Constraint):
    r"""Set negative weights to 0: :math:`P(w) = \max(w, 0)`.

    Examples
    --------
    >>> import numpy as np
    >>> NonNeg()(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def __call__(self, w: Array) -> Array:
        """Return P(w)."""
        return np.where(w >= 0, w, w.dtype.type(0))


class UnitNorm(_OfNorms):
    r"""Scale weights to norm 1: :math:`P(w) = w / (\lVert w \rVert + \epsilon)`.

    Parameters
    ----------
    axis : int or sequence of int, default 0
        Axes of the norm; see `MaxNorm`.

    Examples
    --------
    >>> import numpy as np
    >>> UnitNorm()(np.array([3.0, 4.0])).round(3).tolist()
    [0.6, 0.8]
    """

    def __call__(self, w: Array) -> Array:
        """Return P(w)."""
        scaled: Array = w / (self._norms(w) + w.dtype.type(EPSILON))
        return scaled


class MinMaxNorm(_OfNorms):
    r"""Move the norm of weights towards an interval.

    .. math:: P(w) = w\, \frac{r\, \operatorname{clip}(\lVert w \rVert, a, b) + (1 - r) \lVert w \rVert}
                              {\lVert w \rVert + \epsilon}

    Parameters
    ----------
    min_value, max_value : float, default 0.0 and 1.0
        a and b.
    rate : float, default 1.0
        r, the part of the way that one update goes.
    axis : int or sequence of int, default 0
        Axes of the norm; see `MaxNorm`.

    Raises
    ------
    ValueError
        If an argument is no number of at least 0.

    Examples
    --------
    >>> import numpy as np
    >>> MinMaxNorm(min_value=1.0, max_value=2.0, rate=0.5)(np.array([3.0, 4.0])).round(3).tolist()
    [2.1, 2.8]
    """

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: int | Sequence[int] = 0
    ) -> None:
        super().__init__(axis)
        for argument, value in (("min_value", min_value), ("max_value", max_value), ("rate", rate)):
            check_argument(self, argument, value, number(least=0))
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate

    def __call__(self, w: Array) -> Array:
        """Return P(w)."""
        norms = self._norms(w)
        as_float = w.dtype.type
        wanted = as_float(self.rate) * np.clip(norms, as_float(self.min_value), as_float(self.max_value))
        wanted += as_float(1 - self.rate) * norms
        projected: Array = w * (wanted / (norms + as_float(EPSILON)))
        return projected

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        bounds = {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate}
        return {**bounds, **super().get_config()}


max_norm = MaxNorm
non_neg = NonNeg
unit_norm = UnitNorm
min_max_norm = MinMaxNorm

registry: Registry[Constraint] = Registry("constraint", Constraint)
for _class, *_names in (
    (MaxNorm, "max_norm"),
    (NonNeg, "non_neg", "nonneg"),
    (UnitNorm, "unit_norm"),
    (MinMaxNorm, "min_max_norm"),
):
    registry.register(_class, _class.__name__, *_names)

deserialize = registry.get


def get(identifier: Any) -> Any:
    """Return a constraint from a name, a configuration or an instance, or None; a Python function is one, too.

    Examples
    --------
    >>> get("non_neg").get_config(), get(None)
    ({}, None)
    """
    if identifier is None or isinstance(identifier, Constraint):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Constraint):
        return identifier()
    return identifier if callable(identifier) else registry.get(identifier)
