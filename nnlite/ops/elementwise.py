"""Functions of each number, and sums and means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnlite import activations
from nnlite.eager import as_tensor
from nnlite.graph import is_symbolic
from nnlite.layers.activation import Activation
from nnlite.layers.arithmetic import FUNCTIONS, Affine, Function, Power, Reduce
from nnlite.layers.composition import WAY_OUT
from nnlite.layers.conditions import Compare, Where
from nnlite.layers.products import Maximum, Minimum
from nnlite.layers.tensors import Clip, Extreme, Total
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
        axes = None if axis is None else [one % len(x.shape) for one in np.ravel(axis).tolist()]
        if mean_of_terms is not None and (axes is None or len(axes) == len(x.shape)):
            return Total(mean_of_terms)(x)
        if mean_of_terms is not None and axes is not None:
            if 0 in axes and not x.row_free:
                raise TypeError(f"{name} of a symbolic tensor is over axes of its records, or over all axes")
            return Reduce(axes, keepdims, mean_of_terms, x.row_free)(x)
        if name in ("max", "min") and axes is not None and len(axes) == 1:
            return Extreme(axes[0], keepdims, smallest=name == "min")(x)
        if name in ("var", "std") and axes is not None:
            spread = mean(square(x - mean(x, axes, keepdims=True)), axes, keepdims)
            return spread if name == "var" else sqrt(spread)
        raise TypeError(f"{name} of a symbolic tensor with axis={axis} is not supported. {WAY_OUT}")

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
    x, y = (y, x) if is_symbolic(y) else (x, y)
    if is_symbolic(x) and np.ndim(y) == 0:
        return Activation("relu")(x) if y == 0 else Clip(least=float(y))(x)
    return _maximum(x, y)


def minimum(x: Any, y: Any) -> Any:
    """Return the smaller of two arrays or symbolic tensors, number by number."""
    if is_symbolic(x) and is_symbolic(y):
        return Minimum()([x, y])
    x, y = (y, x) if is_symbolic(y) else (x, y)
    return Clip(most=float(y))(x) if is_symbolic(x) and np.ndim(y) == 0 else _minimum(x, y)


def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """Return an array or a symbolic tensor with its numbers limited."""
    return Clip(x_min, x_max)(x) if is_symbolic(x) else as_tensor(np.clip(plain(x), x_min, x_max))


cosh, sinh, tan, arctan, arctan2, log2, log10 = (
    of_arrays(function.__name__, function)
    for function in (np.cosh, np.sinh, np.tan, np.arctan, np.arctan2, np.log2, np.log10)
)
_maximum, _minimum = of_arrays("maximum", np.maximum), of_arrays("minimum", np.minimum)


def _comparison(name: str) -> Callable[[Any, Any], Any]:
    def call(x: Any, y: Any) -> Any:
        if not is_symbolic([x, y]):
            return as_tensor(getattr(np, name)(plain(x), plain(y)))
        pair = [x if is_symbolic(x) else Affine(0.0, x)(y), y if is_symbolic(y) else Affine(0.0, y)(x)]
        return Compare(name)(pair)

    call.__name__ = name
    call.__doc__ = f"Return NumPy's `{name}` of arrays; of symbolic tensors 1 for what is true, and 0."
    return call


equal, not_equal, less, less_equal, greater, greater_equal = (
    _comparison(name) for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
)


def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """Return x1 where a condition is true, else x2; of arrays or symbolic tensors."""
    if not is_symbolic([condition, x1, x2]):
        return as_tensor(np.where(plain(condition), *(() if x1 is None else (plain(x1), plain(x2)))))
    known = next(one for one in (condition, x1, x2) if is_symbolic(one))
    return Where()(
        [one if is_symbolic(one) else Affine(0.0, np.asarray(one, float))(known) for one in (condition, x1, x2)]
    )


def logical_and(x1: Any, x2: Any) -> Any:
    """Return whether both are true; of symbolic tensors as 1 and 0."""
    return x1 * x2 if is_symbolic([x1, x2]) else as_tensor(np.logical_and(plain(x1), plain(x2)))


def logical_or(x1: Any, x2: Any) -> Any:
    """Return whether one is true; of symbolic tensors as 1 and 0."""
    return maximum(x1, x2) if is_symbolic([x1, x2]) else as_tensor(np.logical_or(plain(x1), plain(x2)))


def logical_not(x: Any) -> Any:
    """Return whether it is false; of symbolic tensors as 1 and 0."""
    return 1.0 - x if is_symbolic(x) else as_tensor(np.logical_not(plain(x)))


isnan, isfinite, sign, floor, ceil, round, mod = (
    of_arrays(function.__name__, function)
    for function in (
        np.isnan,
        np.isfinite,
        np.sign,
        np.floor,
        np.ceil,
        np.round,
        np.mod,
    )
)
