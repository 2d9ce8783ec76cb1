"""What tests take from `keras.src.backend`: tensors are NumPy's arrays, variables are weights."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np

from benchmarks.keras_suite.shim.absent import Absent
from nnlite import random as nnlite_random
from nnlite.backend import *  # noqa: F403 - the public names
from nnlite.backend import image_data_format
from nnlite.eager import Tensor, as_tensor
from nnlite.graph import SymbolicTensor
from nnlite.initializers import Initializer
from nnlite.layers import Input
from nnlite.weights import Weight

SUPPORTS_SPARSE_TENSORS = SUPPORTS_RAGGED_TENSORS = SUPPORTS_COMPLEX_DTYPES = False


def backend() -> str:
    """Return a name that is none of Keras's, so that tests of one of them skip themselves."""
    return "nnlite"


class config:
    """Settings."""

    image_data_format = staticmethod(image_data_format)


class random:
    """Random numbers."""

    normal = staticmethod(nnlite_random.normal)
    uniform = staticmethod(nnlite_random.uniform)


class _OfTensors(type):
    """Makes `isinstance(x, KerasTensor)` true for symbolic tensors."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, SymbolicTensor)


class KerasTensor(metaclass=_OfTensors):
    """Makes symbolic tensors."""

    def __new__(cls, shape: Any, dtype: Any = "float32", **_: Any) -> Any:  # type: ignore[misc]
        """Return a symbolic tensor of a shape, rows first."""
        return Input(batch_shape=tuple(shape), dtype=dtype)


class Variable(Weight):
    """A weight, made from values or from an initializer and a shape."""

    def __init__(
        self,
        initializer: Any,
        shape: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        name: str = "variable",
        **_: Any,
    ) -> None:
        callable_ = isinstance(initializer, Initializer) or callable(initializer)
        values = None if callable_ else np.asarray(initializer)
        of_floats = dtype or ("float32" if values is None or values.dtype == np.float64 else values.dtype)
        first = _Values(values) if values is not None else initializer
        super().__init__(
            name, tuple(shape) if values is None else values.shape, np.dtype(of_floats), first, None, trainable
        )
        self.path = name


def _of_values(name: str) -> Any:
    """Return an operator of a variable: that of its values."""

    def operate(self: Variable, *others: Any) -> Any:
        return getattr(self.value, name)(*(np.asarray(one) if isinstance(one, Weight) else one for one in others))

    return operate


for _operator in (
    "add",
    "radd",
    "sub",
    "rsub",
    "mul",
    "rmul",
    "truediv",
    "rtruediv",
    "lt",
    "gt",
    "le",
    "ge",
    "neg",
    "float",
    "int",
):
    setattr(Variable, f"__{_operator}__", _of_values(f"__{_operator}__"))


class _Values(Initializer):
    """Initial values that are given."""

    def __init__(self, values: Any) -> None:
        self._values = values

    def __call__(self, shape: Any, dtype: Any = None, generator: Any = None) -> Any:  # noqa: ARG002
        """Return a copy."""
        return np.array(self._values, dtype)


def convert_to_tensor(x: Any, dtype: Any = None, **_: Any) -> Any:
    """Return an array; numbers of Python become those of Keras's width."""
    if isinstance(x, SymbolicTensor):
        return x
    array = np.asarray(x.numpy() if isinstance(x, Weight) else x)
    wide = not isinstance(x, (np.ndarray, np.generic)) and array.dtype in (np.float64, np.int64)
    if dtype is None and wide:
        dtype = "float32" if array.dtype == np.float64 else "int32"
    return as_tensor(array if dtype is None else array.astype(dtype))


def convert_to_numpy(x: Any) -> Any:
    """Return a plain array."""
    return np.asarray(x.numpy() if hasattr(x, "numpy") else x)


def is_tensor(x: object) -> bool:
    """Return whether an object is a result of a call."""
    return isinstance(x, Tensor)


def standardize_dtype(dtype: Any) -> str:
    """Return the name of a dtype."""
    return "float32" if dtype is None else np.dtype(dtype).name


def is_float_dtype(dtype: Any) -> bool:
    """Return whether a dtype is one of floats."""
    return np.dtype(dtype).kind == "f"


def is_int_dtype(dtype: Any) -> bool:
    """Return whether a dtype is one of whole numbers."""
    return np.dtype(dtype).kind in "iu"


def compute_output_spec(function: Any, *arguments: Any, **settings: Any) -> Any:
    """Return what a function gives for symbolic tensors."""
    return function(*arguments, **settings)


def name_scope(*_: Any, **__: Any) -> Any:
    """Return a block without effect: names of layers have no scopes."""
    return nullcontext()


def standardize_data_format(data_format: str | None) -> str:
    """Return the format of images."""
    return data_format or image_data_format()


def get_keras_mask(x: Any) -> Any:
    """Return the mask that an array carries."""
    return getattr(x, "_keras_mask", None)


def set_keras_mask(x: Any, mask: Any) -> None:
    """Let an array carry a mask."""
    x._keras_mask = mask


def shape(x: Any) -> tuple[int, ...]:
    """Return the shape."""
    return tuple(np.shape(x))


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return Absent(f"backend.{name}", False)
