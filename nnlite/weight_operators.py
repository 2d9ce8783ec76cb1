"""The operators of weights: on their values or, while a method ``call`` is traced, on tensors of the graph."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from nnlite.eager import as_tensor
from nnlite.traces import as_operand


class WeightOperators:
    """Operators such as ``weight + 1`` and ``x @ weight``."""

    value: Any

    def as_tensor(self) -> Any:
        """Return the values, or the tensor of the graph that stands for the weight."""
        tensor = as_operand(self)
        return as_tensor(self.value) if tensor is self else tensor

    def __add__(self, other: Any) -> Any:
        return self._operate(operator.add, other)

    def __sub__(self, other: Any) -> Any:
        return self._operate(operator.sub, other)

    def __mul__(self, other: Any) -> Any:
        return self._operate(operator.mul, other)

    def __truediv__(self, other: Any) -> Any:
        return self._operate(operator.truediv, other)

    def __pow__(self, other: Any) -> Any:
        return self._operate(operator.pow, other)

    def __matmul__(self, other: Any) -> Any:
        return self._operate(operator.matmul, other)

    def __radd__(self, other: Any) -> Any:
        return other + self.as_tensor()

    def __rsub__(self, other: Any) -> Any:
        return other - self.as_tensor()

    def __rmul__(self, other: Any) -> Any:
        return other * self.as_tensor()

    def __rtruediv__(self, other: Any) -> Any:
        return other / self.as_tensor()

    def __rmatmul__(self, other: Any) -> Any:
        return other @ self.as_tensor()

    def __neg__(self) -> Any:
        return -self.as_tensor()

    def _operate(self, function: Callable[[Any, Any], Any], other: Any) -> Any:
        return function(self.as_tensor(), other.as_tensor() if isinstance(other, WeightOperators) else other)
