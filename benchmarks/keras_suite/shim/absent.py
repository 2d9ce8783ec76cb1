"""What stands for a name that nnlite does not have: it raises when a test uses it, so that other tests run."""

from __future__ import annotations

from typing import Any, NoReturn


class MissingName(Exception):
    """A public name of Keras that is not in nnlite."""


class InternalName(Exception):
    """A name inside Keras that programs do not see, so that no other package can have it."""


class NotApplicable(Exception):
    """Something that is no matter of this package; the message is the reason."""


class Absent:
    """A stand-in for an absent name.

    Parameters
    ----------
    name : str
        Its name in Keras.
    public : bool
        Whether Keras offers it to programs.
    """

    def __init__(self, name: str, public: bool) -> None:
        self.__dict__.update(_name=name, _public=public)

    def _raise(self) -> NoReturn:
        raise (MissingName if self._public else InternalName)(self._name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Absent(f"{self._name}.{name}", self._public)

    def __call__(self, *_: Any, **__: Any) -> NoReturn:
        """Raise."""
        self._raise()

    def __enter__(self) -> NoReturn:
        self._raise()

    def __exit__(self, *_: object) -> None:
        """Never reached."""

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (_missing_base(self._name, self._public),)

    def __repr__(self) -> str:
        return f"<absent {self._name}>"


def _missing_base(name: str, public: bool) -> type:
    """Return a class to derive from, whose instances cannot be made."""

    def refuse(self: object, *_: Any, **__: Any) -> None:  # noqa: ARG001
        raise (MissingName if public else InternalName)(name)

    return type("AbsentBase", (), {"__init__": refuse})
