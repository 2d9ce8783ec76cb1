"""Objects whose attributes never change, such as a table: they may be shared, and are changed by making others."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

Self = TypeVar("Self", bound="Value")


class Value:
    """Base of classes whose attributes never change.

    A frozen dataclass does the same. But to define one takes a process longer than to score a record, and each of its
    attributes is set by a function of its own. So what every process needs is such a class: its constructor writes its
    attributes with `_set`.

    Examples
    --------
    The annotations of the class name its attributes:

    >>> class Point(Value):
    ...     x: int
    ...     y: int
    ...
    ...     def __init__(self, x, y):
    ...         self._set(x=x, y=y)
    >>> point = Point(1, 2).replaced(y=3)
    >>> point.x, point.y
    (1, 3)
    >>> point.x = 5
    Traceback (most recent call last):
    ...
    AttributeError: a Point never changes: make another one with replaced(x=...)
    """

    _fields: ClassVar[tuple[str, ...]]
    """Arguments of the constructor, which are attributes, too."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._fields = tuple(cls.__annotations__)

    def _set(self, **values: Any) -> None:
        """Set the attributes, in a constructor."""
        vars(self).update(values)

    def replaced(self: Self, **changes: Any) -> Self:
        """Return another object, with some attributes changed."""
        return type(self)(**{**{name: getattr(self, name) for name in self._fields}, **changes})

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a {type(self).__name__} never changes: make another one with replaced({name}=...)")
