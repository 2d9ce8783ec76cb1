"""The state of an optimizer in the order of Keras: the number of updates, the learning rate, then a slot a weight."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nnlite.archive import FileFormatError
from nnlite.keras_files.hdf5 import Hdf5File
from nnlite.optimizers import Nadam, Optimizer
from nnlite.types import Array
from nnlite.weights import Weight

# Slots that Keras creates together follow each other for each weight in turn; the others come weight by weight.
_TOGETHER = (
    ("momentum", "velocity"),
    ("accumulated_grad", "accumulated_delta_var"),
    ("momentum", "norm"),
    ("accumulator", "linear"),
)
AVERAGING = ("average", "gradient_accumulator")
# The order in which Keras creates the slots, where ours is another.
_ORDER = ("velocity", "momentum", "average_gradient")


def slot_groups(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the names of an optimizer's slots in the groups in which Keras writes them.

    Examples
    --------
    >>> slot_groups(["momentum", "velocity", "velocity_hat"])
    [('momentum', 'velocity'), ('velocity_hat',)]
    >>> slot_groups(["velocity", "average_gradient", "momentum"])
    [('velocity',), ('momentum',), ('average_gradient',)]
    """
    # What averages comes first in Keras.
    first = [name for name in AVERAGING if name in names]
    if first:
        return [*((name,) for name in first), *slot_groups([name for name in names if name not in first])]
    if names and names[0] == "velocity":
        return [(name,) for name in _ORDER if name in names]
    for pair in _TOGETHER:
        if tuple(names[:2]) == pair:
            return [pair, *((name,) for name in names[2:])]
    return [(name,) for name in names]


def _places(names: Sequence[str], weights: Sequence[Weight]) -> Iterator[tuple[str, int]]:
    """Yield the slot and the number of the weight of each array, in the order of Keras."""
    for group in slot_groups(names):
        for number in range(len(weights)):
            for name in group:
                yield name, number


def dump_optimizer(optimizer: Optimizer, weights: Sequence[Weight], layout: Sequence[Weight]) -> list[Array]:
    """Return the arrays of an optimizer in the order of Keras.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer.
    weights : sequence of Weight
        The trainable weights, in the order of Keras.
    layout : sequence of Weight
        The trainable weights, in the order of the slots.
    """
    arrays: list[Array] = [np.asarray(optimizer.batches_seen, np.int32)]
    if optimizer.fixed_rate is not None:
        arrays.append(np.asarray(optimizer.fixed_rate, np.float32))
    names = list(optimizer.slots)
    starts = np.cumsum([0, *(weight.size for weight in layout)])
    places = {id(weight): slice(*ends) for weight, *ends in zip(layout, starts[:-1], starts[1:], strict=True)}
    weights = [weight for weight in weights if id(weight) in places]
    if names and optimizer.slots[names[0]].size != starts[-1]:
        # Layers were frozen after the last update: the state is made anew with the next.
        names = []
    for name, number in _places(names, weights):
        part = optimizer.slots[name][places[id(weights[number])]]
        arrays.append(part.reshape(weights[number].shape))
    if names and isinstance(optimizer, Nadam):
        arrays.append(np.asarray(_nadam_product(optimizer), arrays[-1].dtype))
    return arrays


def _nadam_product(optimizer: Nadam) -> float:
    """Return the product of the momenta of all updates so far, which Keras keeps."""
    t = np.arange(1, optimizer.iterations + 1)
    return float(np.prod(optimizer.beta_1 * (1 - 0.5 * 0.96**t)))


def load_optimizer(
    file: Hdf5File,
    paths: Sequence[str],
    optimizer: dict[str, Any],
    names: Sequence[str],
    weights: Sequence[Weight],
    layout: Sequence[Weight],
) -> tuple[int, dict[str, Array]]:
    """Return the number of updates and the slots from the arrays of an optimizer.

    Parameters
    ----------
    file : Hdf5File
        The file.
    paths : sequence of str
        Names of the arrays in their order.
    optimizer : dict
        Configuration of the optimizer, whose learning rate is set to that of the file.
    names : sequence of str
        Names of the optimizer's slots.
    weights : sequence of Weight
        The trainable weights of the model, in the order of Keras.
    layout : sequence of Weight
        Those that the slots are for, in their order.

    Raises
    ------
    FileFormatError
        If the arrays are not those of this optimizer.
    """
    paths = list(paths)
    if not paths:
        return 0, {}
    iterations = int(file.take(paths.pop(0), ()))
    if not isinstance(optimizer["config"].get("learning_rate"), dict) and paths:
        optimizer["config"]["learning_rate"] = float(file.take(paths.pop(0), ()))
    places = list(_places(names, weights))
    extra = 1 if optimizer["class_name"] == "Nadam" else 0
    if len(paths) <= extra and places:
        # An optimizer that has made no update has no slots yet.
        return iterations, {}
    if len(paths) != len(places) + extra:
        raise FileFormatError(
            f"{file.label}: its optimizer {optimizer['class_name']} has {len(paths)} arrays of state; "
            f"{len(places) + extra} fit this model"
        )
    parts: dict[tuple[str, int], Array] = {}
    for path, (name, number) in zip(paths, places, strict=False):
        parts[name, id(weights[number])] = file.take(path, weights[number].shape).ravel()
    for path in paths[len(places) :]:
        file.take(path, ())
    return iterations, {name: np.concatenate([parts[name, id(one)] for one in layout]) for name in names if layout}
