"""Optimizers: updates of the weights with the gradient."""

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

get = registry.get
