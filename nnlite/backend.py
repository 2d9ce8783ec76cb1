"""Functions under the names of `keras.backend`: sessions, settings, shapes, values and arithmetic on arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite import ops, random
from nnlite.config import floatx, set_floatx
from nnlite.graph import SymbolicTensor
from nnlite.naming import unique_name
from nnlite.ops import *  # noqa: F403 - keras.backend has arithmetic under most of these names
from nnlite.types import Array
from nnlite.utils import clear_session

__all__ = [
    "batch_dot",
    "cast_to_floatx",
    "clear_session",
    "epsilon",
    "eval",
    "floatx",
    "get_uid",
    "get_value",
    "image_data_format",
    "int_shape",
    "is_keras_tensor",
    "learning_phase",
    "ops",
    "pow",
    "random_normal",
    "random_uniform",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_learning_phase",
    "set_value",
]

_EPSILON = 1e-7


def epsilon() -> float:
    """Return the small number that losses and optimizers use, 1e-7."""
    return _EPSILON


def set_epsilon(value: float) -> None:
    """Raise unless `value` is 1e-7: losses and optimizers take their own `epsilon`.

    Raises
    ------
    ValueError
        If it is another number.
    """
    if value != _EPSILON:
        raise ValueError(
            f"epsilon is {_EPSILON}; found {value!r}. Optimizers and normalizations have an argument epsilon"
        )


def image_data_format() -> str:
    """Return "channels_last", the only format of images."""
    return "channels_last"


def set_image_data_format(data_format: str) -> None:
    """Raise unless `data_format` is "channels_last".

    Raises
    ------
    ValueError
        If it is another format.
    """
    if data_format != "channels_last":
        raise ValueError(f"images have their channels last; found {data_format!r}. Transpose them with numpy.moveaxis")


def cast_to_floatx(x: Any) -> Array:
    """Return an array in the default dtype of layers."""
    return np.asarray(x, floatx())


def int_shape(x: Any) -> tuple[int | None, ...]:
    """Return the shape of an array or a symbolic tensor, with None for unknown sizes.

    Examples
    --------
    >>> from nnlite.layers import Input
    >>> int_shape(Input((3,)))
    (None, 3)
    """
    return tuple(x.shape)


def is_keras_tensor(x: Any) -> bool:
    """Return whether an object is a symbolic tensor."""
    return isinstance(x, SymbolicTensor)


def get_uid(prefix: str = "") -> str:
    """Return a name that has not been used yet."""
    return unique_name(prefix)


def get_value(x: Any) -> Any:
    """Return the value of a weight, an array or a number: a plain array or number.

    Examples
    --------
    >>> get_value(0.5)
    0.5
    """
    return x.numpy() if hasattr(x, "numpy") else x


eval = get_value


def set_value(x: Any, value: Any) -> None:
    """Set the value of a weight.

    Raises
    ------
    TypeError
        If `x` is a number, such as ``optimizer.learning_rate``: assign to the attribute instead.
    """
    if not hasattr(x, "assign"):
        raise TypeError(
            f"set_value sets weights; found {type(x).__name__}. Assign to the attribute itself: "
            "optimizer.learning_rate = ..."
        )
    x.assign(value)


def learning_phase() -> int:
    """Return 0: whether a call is one of training is an argument of the call."""
    return 0


def set_learning_phase(value: int) -> None:
    """Do nothing: whether a call is one of training is an argument of the call."""


random_normal, random_uniform = random.normal, random.uniform
pow, batch_dot = ops.power, ops.matmul
