"""Arrays that can be assigned to, as the state of metrics and programs of one's own.

The weights of layers are of another kind, `nnlite.weights.Weight`: parts of one vector, with gradients.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite.config import floatx
from nnlite.eager import as_tensor
from nnlite.initializers import get as get_initializer
from nnlite.types import Array


class Variable(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that can be assigned to, with the operators of arrays.

    Parameters
    ----------
    initializer : array_like, or initializer with a `shape`
        Value at first, or what makes it.
    shape : tuple of int, optional
        Shape, for an initializer.
    dtype : str or dtype, optional
        Dtype; by default that of the value, where numbers of Python become `nnlite.config.floatx` or int32.
    trainable : bool, default True
        Accepted for compatibility with Keras, without effect: only weights of layers are trained.
    name : str, optional
        Name.

    Examples
    --------
    >>> total = Variable(1.0)
    >>> total.assign_add(2.0).numpy().tolist(), float(total / 2)
    (3.0, 1.5)
    """

    def __init__(
        self,
        initializer: Any,
        shape: tuple[int, ...] | None = None,
        dtype: Any = None,
        trainable: bool = True,
        name: str | None = None,
        **_: Any,
    ) -> None:
        self.trainable, self.name = trainable, name
        if shape is not None:
            self._value: Array = np.array(get_initializer(initializer)(tuple(shape), np.dtype(dtype or floatx())))
            return
        value = np.array(initializer.numpy() if hasattr(initializer, "numpy") else initializer)
        if dtype is None and not hasattr(initializer, "dtype"):
            dtype = {"f": floatx(), "i": "int32"}.get(value.dtype.kind)
        self._value = value.astype(dtype or value.dtype)

    def assign(self, value: Any) -> Variable:
        """Set the value."""
        self._value[...] = np.asarray(value)
        return self

    def assign_add(self, value: Any) -> Variable:
        """Add to the value."""
        return self.assign(self._value + np.asarray(value))

    def assign_sub(self, value: Any) -> Variable:
        """Subtract from the value."""
        return self.assign(self._value - np.asarray(value))

    @property
    def value(self) -> Any:
        """A copy of the value, with the method `numpy`."""
        return as_tensor(self._value.copy())

    def numpy(self) -> Array:
        """Return a copy of the value."""
        return self._value.copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self._value, dtype) if copy or dtype is not None else self._value

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **settings: Any) -> Any:
        """Compute with the values."""
        return as_tensor(getattr(ufunc, method)(*(_plain(one) for one in inputs), **settings))

    def __getitem__(self, key: Any) -> Any:
        return as_tensor(self._value[key])

    def __float__(self) -> float:
        return float(self._value)

    def __len__(self) -> int:
        return len(self._value)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value."""
        return self._value.shape

    @property
    def dtype(self) -> str:
        """Name of the dtype of the value."""
        return self._value.dtype.name

    def __repr__(self) -> str:
        return f"Variable({self._value.tolist()}, shape={self.shape}, dtype={self.dtype})"


def _plain(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, Variable) else value
