"""Functions of arrays, some of which take symbolic tensors as well."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from nnlite.eager import as_tensor
from nnlite.graph import is_symbolic
from nnlite.layers.composition import WAY_OUT
from nnlite.traces import as_operand, open_trace


def plain(value: Any) -> Any:
    """Return an argument as an array, in lists of arrays too; weights become their values."""
    read = getattr(value, "numpy", None)
    return np.asarray(value if read is None or isinstance(value, np.ndarray) else read())


def taking_weights(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that takes weights for tensors of the graph, while a method ``call`` is traced."""

    @functools.wraps(function)
    def call(*arguments: Any, **settings: Any) -> Any:
        if open_trace() is None:
            return function(*arguments, **settings)
        return function(
            *[_as_operand(one) for one in arguments], **{name: _as_operand(one) for name, one in settings.items()}
        )

    return call


def _as_operand(value: Any) -> Any:
    return [as_operand(one) for one in value] if isinstance(value, (list, tuple)) else as_operand(value)


def of_arrays(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of arrays that names the way out for symbolic tensors.

    Parameters
    ----------
    name : str
        Name, for the error.
    function : callable
        Function of NumPy.
    """

    def call(*arguments: Any, **settings: Any) -> Any:
        if any(is_symbolic(one) for one in arguments):
            raise TypeError(f"{name} of a symbolic tensor is not supported. {WAY_OUT}")
        return as_tensor(function(*[_as_argument(one) for one in arguments], **settings))

    call.__name__ = name
    call.__doc__ = f"Return NumPy's `{getattr(function, '__name__', name)}` of arrays."
    return call


def _as_argument(value: Any) -> Any:
    """Return weights and tensors as arrays; settings, such as axes, as they are."""
    return plain(value) if hasattr(value, "numpy") else value
