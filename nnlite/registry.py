"""Names to classes: how "relu", "adam" or a saved configuration becomes an object.

Only classes that were registered here, or that the caller hands over by name, can be created: a file
names what it wants, it never says where to import it from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Generic, Protocol, TypeVar

_custom_objects: ContextVar[Mapping[str, Any]] = ContextVar("nnlite_custom_objects")


class Configurable(Protocol):
    """Anything that can be described by JSON and made again from the description."""

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON values."""
        ...


T = TypeVar("T", bound=Configurable)


@contextmanager
def custom_object_scope(objects: Mapping[str, Any]) -> Iterator[None]:
    """Let the names in `objects` stand for the caller's own classes while the block runs.

    Parameters
    ----------
    objects : mapping of str to class
        Class names as they appear in configurations, and the classes they stand for.
    """
    token = _custom_objects.set({**_custom_objects.get({}), **objects})
    try:
        yield
    finally:
        _custom_objects.reset(token)


class Registry(Generic[T]):
    """The classes of one kind (layers, losses, ...) by the names they go under.

    Parameters
    ----------
    kind : str
        What the classes are, for error messages: ``"loss"``.
    base : type
        The class they all derive from.
    """

    def __init__(self, kind: str, base: type[T]) -> None:
        self.kind = kind
        self.base = base
        self._factories: dict[str, Callable[..., T]] = {}

    def register(self, factory: Callable[..., T], *names: str) -> None:
        """Enter a class (or any function that makes an instance) under one or more names."""
        for name in names:
            self._factories[name] = factory

    def names(self) -> list[str]:
        """Return every known name, sorted."""
        return sorted(self._factories)

    def create(self, name: str, config: Mapping[str, Any] | None = None) -> T:
        """Make an instance from a name and, optionally, its configuration.

        Raises
        ------
        ValueError
            If the name is unknown, or the configuration does not fit the class.
        """
        factory = _custom_objects.get({}).get(name) or self._factories.get(name)
        if factory is None:
            import difflib

            close = difflib.get_close_matches(name, self._factories, n=1)
            hint = f"did you mean {close[0]!r}? Known" if close else "known"
            raise ValueError(f"unknown {self.kind} {name!r}; {hint} names are {', '.join(self.names())}")
        make = getattr(factory, "from_config", None)
        try:
            made = make(dict(config)) if make and config is not None else factory(**(config or {}))
        except TypeError as error:
            raise ValueError(f"{self.kind} {name!r} cannot be made: {error}") from error
        if not isinstance(made, self.base):
            raise ValueError(f"{name!r} made {type(made).__name__}, which is not a {self.base.__name__}")
        return made

    def get(self, identifier: str | Mapping[str, Any] | T) -> T:
        """Turn a name, a ``{"class_name", "config"}`` mapping or an instance into an instance.

        Raises
        ------
        ValueError
            If a name or a configuration is unknown.
        TypeError
            If `identifier` is of another type.
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


def serialize(thing: Configurable) -> dict[str, Any]:
    """Describe an object so that `Registry.get` makes one like it."""
    return {"class_name": type(thing).__name__, "config": thing.get_config()}


def serialize_optional(thing: Configurable | None) -> dict[str, Any] | None:
    """Describe an object as `serialize` does; None stays None."""
    return None if thing is None else serialize(thing)
