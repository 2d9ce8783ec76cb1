"""Registries: objects from names such as "relu" or "adam", and from saved configurations.

Only registered classes and the custom objects of the caller can be created. A file contains names of classes, never
modules to import.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Generic, Protocol, TypeVar

from nnlite.suggestions import did_you_mean

_custom_objects: ContextVar[Mapping[str, Any]] = ContextVar("nnlite_custom_objects")


class Configurable(Protocol):
    """An object with a configuration of JSON values, from which an equal object can be created."""

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON values."""
        ...


class FromConfig:
    """Base of what is made again from the arguments that `get_config` returns."""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Return an object with the configuration that `get_config` returned."""
        return cls(**config)


T = TypeVar("T", bound=Configurable)
C = TypeVar("C")


@contextmanager
def custom_object_scope(objects: Mapping[str, Any]) -> Iterator[None]:
    """Register custom classes for the duration of a block.

    Parameters
    ----------
    objects : mapping of str to class
        Custom classes by their names in configurations.
    """
    token = _custom_objects.set({**_custom_objects.get({}), **objects})
    try:
        yield
    finally:
        _custom_objects.reset(token)


def custom_object(name: str, kind: str) -> Any:
    """Return the custom object with a name, for the configuration of a Python function.

    Raises
    ------
    ValueError
        If there is none.
    """
    found = _custom(name)
    if found is None:
        raise ValueError(
            f"{kind} {name!r} is a Python function, which a file cannot hold; pass it as custom_objects={{{name!r}: "
            "...}"
        )
    return found


_packages: dict[int, str] = {}
"""Names in files of Keras by the `id` of what is registered, which lives as long as the process."""

_registered: dict[str, Any] = {}
"""Custom classes and functions that `register_keras_serializable` made known."""


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[C], C]:
    """Return a decorator that makes a custom class or function known to `load_model`, under its name.

    Parameters
    ----------
    package : str, default "Custom"
        First part of the name in files of Keras.
    name : str, optional
        Name in files; by default that of the class or function.

    Examples
    --------
    >>> from nnlite.layers import Dense
    >>> @register_keras_serializable()
    ... class Twice(Dense):
    ...     pass
    >>> custom_object("Twice", "layer").__name__
    'Twice'
    """

    def register(decorated: C) -> C:
        known_as = name or str(getattr(decorated, "__name__", ""))
        _registered[known_as] = decorated
        _packages[id(decorated)] = f"{package}>{known_as}"
        return decorated

    return register


def registered_name(thing: Any) -> str | None:
    """Return the name that files of Keras have for a class or function, or None if it is not registered."""
    return _packages.get(id(thing))


def get_custom_objects() -> dict[str, Any]:
    """Return the custom classes and functions that are known, by name; entries that are added are known, too."""
    return _registered


def has_custom_objects() -> bool:
    """Return whether there are any custom objects here, which a name in a file may mean."""
    return bool(_registered or _custom_objects.get({}))


def known_custom_object(name: str) -> Any:
    """Return the custom object with a name, or None."""
    return _custom(name)


def _custom(name: str) -> Any:
    return _custom_objects.get({}).get(name) or _registered.get(name)


class Registry(Generic[T]):
    """The classes of one kind, such as layers or losses, by name.

    Parameters
    ----------
    kind : str
        Noun for the kind, for error messages: ``"loss"``.
    base : type
        Common base class.
    """

    def __init__(self, kind: str, base: type[T]) -> None:
        self.kind = kind
        self.base = base
        self._factories: dict[str, Callable[..., T]] = {}

    def register(self, factory: Callable[..., T], *names: str) -> None:
        """Register a class, or a function that returns an instance, under one or more names."""
        for name in names:
            self._factories[name] = factory

    def names(self) -> list[str]:
        """Return all names, sorted."""
        return sorted(self._factories)

    def create(self, name: str, config: Mapping[str, Any] | None = None) -> T:
        """Return a new instance from a name and, optionally, a configuration.

        Raises
        ------
        ValueError
            If the name is unknown, or the configuration does not fit the class.
        """
        # A name alone means what is built in, unless a scope says otherwise; a file may mean a registered class.
        scoped, built_in, known = _custom_objects.get({}).get(name), self._factories.get(name), _registered.get(name)
        factory = scoped or (built_in or known if config is None else known or built_in)
        if factory is None:
            meant = did_you_mean(name, self._factories)
            known_names = f"{'Known' if meant else 'known'} names are {', '.join(self.names())}"
            raise ValueError(f"unknown {self.kind} {name!r}{meant or ';'} {known_names}")
        make = getattr(factory, "from_config", None)
        try:
            made = make(dict(config)) if make and config is not None else factory(**(config or {}))
        except TypeError as error:
            raise ValueError(f"{self.kind} {name!r} cannot be created: {error}") from error
        if not isinstance(made, self.base):
            raise ValueError(f"{name!r} created {type(made).__name__}, which is not a {self.base.__name__}")
        return made

    def get(self, identifier: str | Mapping[str, Any] | T) -> T:
        """Return an instance from a name, a configuration or an instance.

        Parameters
        ----------
        identifier : str, mapping or instance
            Name of a class, configuration ``{"class_name": ..., "config": ...}`` as `serialize` returns it, or an
            instance, which is returned as it is.

        Raises
        ------
        ValueError
            If a name or a configuration is unknown.
        TypeError
            If `identifier` is of another type.

        Examples
        --------
        >>> from nnlite import losses, optimizers
        >>> losses.get("mse").name, optimizers.get("adam").learning_rate
        ('mean_squared_error', 0.001)
        """
        if isinstance(identifier, self.base):
            return identifier
        if isinstance(identifier, str):
            return self.create(identifier)
        if isinstance(identifier, Mapping) and isinstance(identifier.get("class_name"), str):
            return self.create(identifier["class_name"], identifier.get("config") or {})
        raise TypeError(
            f"expected a {self.kind}: a name, a {self.base.__name__} or its configuration; found {identifier!r}"
        )

    def get_optional(self, identifier: str | Mapping[str, Any] | T | None) -> T | None:
        """Return None for None, else the instance that `get` returns."""
        return None if identifier is None else self.get(identifier)


def serialize(thing: Configurable) -> dict[str, Any]:
    """Return the configuration of an object, from which `Registry.get` creates an equal one."""
    # A model is its graph, whatever its class has as configuration.
    config = getattr(thing, "stored_config", thing.get_config)()
    return {"class_name": getattr(thing, "class_name", type(thing).__name__), "config": config}


def serialize_optional(thing: Configurable | None) -> dict[str, Any] | None:
    """Return the configuration of an object, or None for None."""
    return None if thing is None else serialize(thing)
