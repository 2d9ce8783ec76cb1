"""Regularizers: penalties on weights, or on the outputs of a layer, that are added to the loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnlite.registry import (  # noqa: F401 - serialize is a public name here, too
    FromConfig,
    Registry,
    custom_object,
    serialize,
)
from nnlite.services import service
from nnlite.types import Array
from nnlite.validation import check_argument, choice, number


class Regularizer(FromConfig):
    """Base of all regularizers: a penalty and its derivative."""

    def __call__(self, x: Array) -> float:
        """Return the penalty R(x), a sum over all values of `x`."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__(x)")

    def gradient(self, x: Array) -> Array:
        """Return the derivative of the penalty with respect to each value of `x`.

        By default that of `__call__`, which must be written with `nnlite.ops`, or else from differences.
        """
        return _gradient_of(self, x)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {}


class L1L2(Regularizer):
    r"""Penalty on the absolute values and on the squares.

    .. math:: R(x) = \lambda_1 \sum_i |x_i| + \lambda_2 \sum_i x_i^2, \qquad
              \frac{\partial R}{\partial x_i} = \lambda_1 \operatorname{sign}(x_i) + 2 \lambda_2 x_i

    The derivative of the first term has the same size for every weight, so that many weights become zero; that of the
    second is proportional to the weight.

    Parameters
    ----------
    l1, l2 : float, default 0.0
        Factors :math:`\lambda_1` and :math:`\lambda_2`.

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
        check_argument(self, "l1", l1, number(least=0))
        check_argument(self, "l2", l2, number(least=0))
        self.l1 = float(l1)
        self.l2 = float(l2)

    def __call__(self, x: Array) -> float:
        """Return R(x)."""
        return float(self.l1 * np.abs(x).sum() + self.l2 * np.square(x).sum())

    def gradient(self, x: Array) -> Array:
        """Return R'(x), with the subgradient 0 of |x| at 0."""
        as_float = x.dtype.type
        derivative: Array = as_float(self.l1) * np.sign(x) + as_float(2 * self.l2) * x
        return derivative

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"l1": self.l1, "l2": self.l2}


class L1(L1L2):
    r"""Penalty on absolute values: :math:`R(x) = \lambda \sum_i |x_i|`.

    Parameters
    ----------
    l1 : float, default 0.01
        Factor :math:`\lambda`.
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
        Factor :math:`\lambda`.
    """

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=l2)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    r"""Penalty on the angles between the n rows, or columns, of a matrix: 0 if all are orthogonal.

    .. math:: R(x) = \frac{\lambda}{n (n - 1)} \sum_{i \ne j} |u_i \cdot u_j|, \qquad
              u_i = \frac{x_i}{\lVert x_i \rVert}

    .. math:: g_i = \frac{2 \lambda}{n (n - 1)} \sum_{j \ne i} \operatorname{sign}(u_i \cdot u_j)\, u_j, \qquad
              \frac{\partial R}{\partial x_i} = \frac{g_i - (g_i \cdot u_i)\, u_i}{\lVert x_i \rVert}

    Parameters
    ----------
    factor : float, default 0.01
        Factor :math:`\lambda`.
    mode : {"rows", "columns"}, default "rows"
        Which vectors.

    Raises
    ------
    ValueError
        If the factor is negative or not finite, or the weights are no matrix.

    Examples
    --------
    >>> import numpy as np
    >>> OrthogonalRegularizer(0.1)(np.array([[1.0, 0.0], [0.0, 2.0]]))
    0.0
    >>> OrthogonalRegularizer(0.1)(np.array([[1.0, 0.0], [3.0, 0.0]]))
    0.1
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        check_argument(self, "factor", factor, number(least=0))
        check_argument(self, "mode", mode, choice("rows", "columns"))
        self.factor, self.mode = float(factor), mode

    def __call__(self, x: Array) -> float:
        """Return R(x)."""
        unit, _ = self._unit(x)
        products = unit @ unit.T
        np.fill_diagonal(products, 0)
        return float(self._share(len(unit)) * np.abs(products).sum())

    def gradient(self, x: Array) -> Array:
        """Return R'(x), with the subgradient 0 for orthogonal vectors."""
        unit, norms = self._unit(x)
        signs = np.sign(unit @ unit.T)
        np.fill_diagonal(signs, 0)
        g = x.dtype.type(2 * self._share(len(unit))) * (signs @ unit)
        derivative: Array = (g - (g * unit).sum(axis=1, keepdims=True) * unit) / norms
        return derivative if self.mode == "rows" else derivative.T

    def _unit(self, x: Array) -> tuple[Array, Array]:
        matrix = np.asarray(x)
        if matrix.ndim != 2:
            raise ValueError(f"OrthogonalRegularizer takes weights that are matrices; found shape {matrix.shape}")
        matrix = matrix if self.mode == "rows" else matrix.T
        norms = np.maximum(np.sqrt(np.square(matrix).sum(axis=1, keepdims=True)), matrix.dtype.type(1e-12))
        return matrix / norms, norms

    def _share(self, n: int) -> float:
        return self.factor / (n * (n - 1)) if n > 1 else 0.0

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"factor": self.factor, "mode": self.mode}


class FunctionRegularizer(Regularizer):
    """A Python function of an array as a penalty; its derivative is found as that of `Regularizer`.

    Parameters
    ----------
    function : callable
        ``function(x)``, which returns the penalty.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite import ops
    >>> penalty = FunctionRegularizer(lambda x: 0.5 * ops.sum(ops.square(x)))
    >>> float(penalty(np.array([2.0]))), penalty.gradient(np.array([2.0])).tolist()
    (2.0, [2.0])
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = custom_object(function, "regularizer") if isinstance(function, str) else function

    def __call__(self, x: Any) -> Any:
        """Return the penalty."""
        return self.function(x)

    def get_config(self) -> dict[str, Any]:
        """Return the name of the function, which is looked up in the custom objects when a model is loaded."""
        return {"function": getattr(self.function, "__name__", "function")}


def _gradient_of(penalty: Any, x: Array) -> Array:
    """Return the derivative of a penalty, from its graph or from central differences."""
    known = penalty.__dict__.setdefault("_traced", {})
    key = (*x.shape, x.dtype.name)
    if key not in known:
        try:
            traced = service("traced_penalty")(penalty, x.shape, x.dtype)
            known[key] = traced if np.isclose(traced.value(x), float(np.sum(penalty(x))), rtol=1e-3) else None
        except TypeError:
            known[key] = None
    if known[key] is not None:
        gradient: Array = known[key].gradient(x)
        return gradient
    values, slopes = x.astype(np.float64), np.empty(x.shape, x.dtype)
    for i in np.ndindex(x.shape):
        step = 1e-5 * max(1.0, abs(values[i]))
        moved = [values.copy(), values.copy()]
        moved[0][i] += step
        moved[1][i] -= step
        slopes[i] = (float(np.sum(penalty(moved[0]))) - float(np.sum(penalty(moved[1])))) / (2 * step)
    return slopes


l1 = L1
l2 = L2
orthogonal_regularizer = OrthogonalRegularizer
l1_l2 = L1L2

registry: Registry[Regularizer] = Registry("regularizer", Regularizer)
for _class, *_names in (
    (L1, "l1"),
    (L2, "l2"),
    (L1L2, "l1l2", "l1_l2"),
    (OrthogonalRegularizer, "orthogonal_regularizer"),
):
    registry.register(_class, _class.__name__, *_names)

registry.register(FunctionRegularizer, "FunctionRegularizer")


def get(identifier: Any) -> Any:
    """Return a regularizer from a name, a configuration, an instance or a function; None for None.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If `identifier` is of another type.
    """
    if isinstance(identifier, type) and issubclass(identifier, Regularizer):
        return identifier()
    if callable(identifier) and not isinstance(identifier, Regularizer):
        return FunctionRegularizer(identifier)
    return registry.get_optional(identifier)


deserialize = registry.get
