"""Other frameworks, whose modules tests import by the way: tests that use one do not apply."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from benchmarks.keras_suite.shim.absent import NotApplicable

FRAMEWORKS = ("tensorflow", "torch", "jax", "grain", "flax", "tensorboard", "orbax")


class _Use:
    """A name of another framework."""

    def __init__(self, name: str) -> None:
        self.__dict__["_name"] = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Use(f"{self._name}.{name}")

    def __call__(self, *_: Any, **__: Any) -> Any:
        raise NotApplicable(f"another framework: {self._name.partition('.')[0]}")


class Framework(ModuleType):
    """A module of another framework."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Use(f"{self.__name__}.{name}")


class TestSettings(ModuleType):
    """The module `conftest` of Keras's tests, which is not in its package."""

    def skip_if_backend(self, *_: str) -> Callable[[Any], Any]:
        """Return a decorator that changes nothing: this is none of Keras's backends."""
        return lambda test: test
