"""Optimizers: updates of the weights with the gradient.

Those that are rarely used are imported on first access, so that a program starts in milliseconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnlite.optimizers import schedules
from nnlite.optimizers.adam import Adam, AdamW
from nnlite.optimizers.base import Optimizer
from nnlite.registry import Registry, serialize

if TYPE_CHECKING:
    from nnlite.optimizers.adadelta import Adadelta
    from nnlite.optimizers.adagrad import Adagrad
    from nnlite.optimizers.adamax import Adamax
    from nnlite.optimizers.ftrl import Ftrl
    from nnlite.optimizers.lamb import Lamb
    from nnlite.optimizers.lion import Lion
    from nnlite.optimizers.nadam import Nadam
    from nnlite.optimizers.rmsprop import RMSprop
    from nnlite.optimizers.sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]

_LATER = ("Nadam", "Adadelta", "Adagrad", "Adamax", "Ftrl", "Lamb", "Lion", "RMSprop", "SGD")


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"nnlite.optimizers.{name.lower()}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)


class _Later:
    """Makes an optimizer whose module is imported when it is needed."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, **settings: Any) -> Any:
        return __getattr__(self.name)(**settings)


registry: Registry[Optimizer] = Registry("optimizer", Optimizer)
for _class in (Adam, AdamW):
    registry.register(_class, _class.__name__, _class.__name__.lower())
for _name in _LATER:
    registry.register(_Later(_name), _name, _name.lower())

get = deserialize = registry.get
