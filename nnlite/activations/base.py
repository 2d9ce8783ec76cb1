"""The base of all activation functions.

An activation function computes y = f(x). Its `backward` computes the derivative of the loss with respect to x from the
derivative with respect to y, by the chain rule:

    dx = dy f'(x)

Its arguments are both x and y, since the derivative of some functions is a simpler function of the output: that of the
sigmoid function is y (1 - y).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from nnlite.graph import SymbolicTensor
from nnlite.services import service
from nnlite.types import Array

A = TypeVar("A", bound="ActivationFunction")


def _or_layer(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the method `__call__` of an activation function, which also takes symbolic tensors."""

    @functools.wraps(function)
    def call(self: Any, x: Any, **settings: Any) -> Any:
        if isinstance(x, SymbolicTensor):
            applied = self.with_settings(settings) if settings else self
            return service("activation_layer")(applied)(x)
        return function(self, x, **settings)

    return call


class ActivationFunction:
    """Base of all activation functions.

    A custom activation function derives from it and defines `__call__` and `backward`.
    """

    def __init_subclass__(cls, **settings: Any) -> None:
        """Let a call on a symbolic tensor give a layer."""
        super().__init_subclass__(**settings)
        if "__call__" in cls.__dict__:
            cls.__call__ = _or_layer(cls.__dict__["__call__"])  # type: ignore[method-assign]

    short_name: ClassVar[str] = ""
    """Name of the function in arguments of layers; by default that of the class."""

    @property
    def name(self) -> str:
        """Name of the function."""
        return self.short_name or type(self).__name__

    def __call__(self, x: Array) -> Array:
        """Return y = f(x)."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__(x)")

    def backward(self, dy: Array, x: Array, y: Array) -> Array:
        """Return dx = dy f'(x).

        Parameters
        ----------
        dy : ndarray
            Derivative of the loss with respect to y.
        x, y : ndarray
            Argument and result of the call.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define backward(dy, x, y)")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {}

    def with_settings(self: A, settings: Mapping[str, Any]) -> A:
        """Return a function of the same kind with other settings."""
        return type(self)(**{**self.get_config(), **settings})
