"""Functions of each number, and sums and means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnlite import activations
from nnlite.eager import as_tensor
from nnlite.graph import is_symbolic
from nnlite.layers.activation import Activation
from nnlite.layers.arithmetic import FUNCTIONS, Function, Power, Reduce
from nnlite.layers.products import Divide, Maximum, Minimum
from nnlite.ops.dispatch import of_arrays, plain


def _elementwise(name: str) -> Callable[[Any], Any]:
    def call(x: Any) -> Any:
        return Function(name)(x) if is_symbolic(x) else as_tensor(FUNCTIONS[name].value(plain(x)))

    call.__name__ = name
    call.__doc__ = f"Return {name} of each number of an array or a symbolic tensor."
    return call


def _activation(name: str) -> Callable[..., Any]:
    def call(x: Any, **settings: Any) -> Any:
        function = activations.get(name)
        if settings:
            function = function.with_settings(settings)
        if is_symbolic(x):
            return Activation(function)(x)
        array = plain(x)
        return as_tensor(function(array if array.dtype.kind == "f" else array.astype(np.float32)))

    call.__name__ = name
    call.__doc__ = f"Return the activation function {name} of an array or a symbolic tensor."
    return call


exp, expm1, log, log1p, sqrt, square, absolute, sin, cos = (
    _elementwise(name) for name in ("exp", "expm1", "log", "log1p", "sqrt", "square", "abs", "sin", "cos")
)
abs = absolute
relu, sigmoid, tanh, softmax, softplus, elu, selu, gelu, silu, leaky_relu, relu6, softsign, log_softmax = (
    _activation(name)
    for name in (
        "relu",
        "sigmoid",
        "tanh",
        "softmax",
        "softplus",
        "elu",
        "selu",
        "gelu",
        "silu",
        "leaky_relu",
        "relu6",
        "softsign",
        "log_softmax",
    )
)
swish = silu


def _reduction(name: str, function: Callable[..., Any], mean_of_terms: bool | None) -> Callable[..., Any]:
    def call(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        if not is_symbolic(x):
            axes = tuple(axis) if isinstance(axis, list) else axis
            return as_tensor(function(plain(x), axis=axes, keepdims=keepdims))
        if mean_of_terms is None or axis is None:
            raise TypeError(f"{name} of a symbolic tensor needs axes of its records, and is a sum or a mean")
        return Reduce(axis, keepdims, mean_of_terms)(x)

    call.__name__ = name
    call.__doc__ = f"Return {name} along axes of an array, or along axes of the records of a symbolic tensor."
    return call


mean, sum = _reduction("mean", np.mean, True), _reduction("sum", np.sum, False)
max, min, std, var, prod = (
    _reduction(function.__name__.removeprefix("a"), function, None)
    for function in (np.max, np.min, np.std, np.var, np.prod)
)
any, all, argmax, argmin, median, cumsum = (
    of_arrays(function.__name__, function) for function in (np.any, np.all, np.argmax, np.argmin, np.median, np.cumsum)
)


def add(x: Any, y: Any) -> Any:
    """Return the sum of two arrays or symbolic tensors."""
    return x + y if is_symbolic(x) or is_symbolic(y) else as_tensor(np.add(plain(x), plain(y)))


def subtract(x: Any, y: Any) -> Any:
    """Return the difference of two arrays or symbolic tensors."""
    return x - y if is_symbolic(x) or is_symbolic(y) else as_tensor(np.subtract(plain(x), plain(y)))


def multiply(x: Any, y: Any) -> Any:
    """Return the product of two arrays or symbolic tensors, number by number."""
    return x * y if is_symbolic(x) or is_symbolic(y) else as_tensor(np.multiply(plain(x), plain(y)))


def divide(x: Any, y: Any) -> Any:
    """Return the quotient of two arrays or symbolic tensors, number by number."""
    if is_symbolic(x) and is_symbolic(y):
        return Divide()([x, y])
    return x / y if is_symbolic(x) or is_symbolic(y) else as_tensor(np.divide(plain(x), plain(y)))


def power(x: Any, exponent: Any) -> Any:
    """Return a power of each number of an array or a symbolic tensor."""
    return Power(exponent)(x) if is_symbolic(x) else as_tensor(np.power(plain(x), plain(exponent)))


def negative(x: Any) -> Any:
    """Return the negative of an array or a symbolic tensor."""
    return -x if is_symbolic(x) else as_tensor(-plain(x))


def maximum(x: Any, y: Any) -> Any:
    """Return the larger of two arrays or symbolic tensors, number by number."""
    if is_symbolic(x) and is_symbolic(y):
        return Maximum()([x, y])
    if is_symbolic(x) and np.ndim(y) == 0 and y == 0:
        return Activation("relu")(x)
    return _maximum(x, y)


def minimum(x: Any, y: Any) -> Any:
    """Return the smaller of two arrays or symbolic tensors, number by number."""
    return Minimum()([x, y]) if is_symbolic(x) and is_symbolic(y) else _minimum(x, y)


_maximum, _minimum = of_arrays("maximum", np.maximum), of_arrays("minimum", np.minimum)
_EQUALITIES = (np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal)
equal, not_equal, less, less_equal, greater, greater_equal = (
    of_arrays(function.__name__, function) for function in _EQUALITIES
)
logical_and, logical_or, logical_not, isnan, isfinite, sign, floor, ceil, round, clip, where, mod = (
    of_arrays(function.__name__, function)
    for function in (
        np.logical_and,
        np.logical_or,
        np.logical_not,
        np.isnan,
        np.isfinite,
        np.sign,
        np.floor,
        np.ceil,
        np.round,
        np.clip,
        np.where,
        np.mod,
    )
)
