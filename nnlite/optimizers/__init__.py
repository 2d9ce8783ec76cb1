"""Optimizers: how the gradient changes the weights."""

from collections.abc import Mapping
from typing import Any

from nnlite.optimizers import schedules
from nnlite.optimizers.adam import Adam, AdamW
from nnlite.optimizers.base import Optimizer
from nnlite.optimizers.rmsprop import RMSprop
from nnlite.optimizers.sgd import SGD
from nnlite.registry import Registry

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "RMSprop", "get", "schedules"]

registry: Registry[Optimizer] = Registry("optimizer", Optimizer)
for _class in (SGD, RMSprop, Adam, AdamW):
    registry.register(_class, _class.__name__, _class.__name__.lower())


def get(identifier: str | Mapping[str, Any] | Optimizer) -> Optimizer:
    """Turn a name, a configuration or an instance into an optimizer.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If it is something else.

    Examples
    --------
    >>> get("adam").learning_rate
    0.001
    """
    return registry.get(identifier)
