"""Where Keras keeps the weights of each layer: groups that are numbered by class.

The layers of a model are in the group ``layers``, each named by its class, not by its own name: ``dense``,
``dense_1``, ... in the order of the model. HDF5 lists groups by alphabet (``dense_10`` before ``dense_2``), so the
order comes from the model alone. Weights are ``vars/0``, ``vars/1``, ... of a group, those that train first. A
recurrent layer keeps them in a group ``cell``, a wrapper in the groups of its layers, a model in a group ``layers`` of
its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nnlite.layers.base import Layer
from nnlite.layers.recurrent import Recurrent
from nnlite.layers.wrappers import Bidirectional, TimeDistributed
from nnlite.naming import snake_case
from nnlite.network import Network
from nnlite.weights import Weight


@dataclass(frozen=True)
class WeightGroup:
    """The group of one layer: its path, the name of the layer, and its weights in their order."""

    path: str
    name: str
    weights: list[Weight]


def weight_groups(model: Network) -> list[WeightGroup]:
    """Return the groups of a model, in the order in which Keras writes them.

    A layer that occurs in several models is in the group of its first place.

    Raises
    ------
    ValueError
        If a layer consists of others in a way that Keras does not know.

    Examples
    --------
    >>> from nnlite.layers import Dense, Input, LSTM
    >>> from nnlite.models import Sequential
    >>> model = Sequential([Input((3, 2)), LSTM(4, name="memory"), Dense(1), Dense(1)])
    >>> [(group.path, len(group.weights)) for group in weight_groups(model) if group.weights]
    [('layers/lstm/cell', 3), ('layers/dense', 2), ('layers/dense_1', 2)]
    """
    return list(_groups(model, "", set()))


def _groups(layer: Layer, path: str, seen: set[int]) -> Iterator[WeightGroup]:
    if id(layer) in seen:
        return
    seen.add(id(layer))
    if isinstance(layer, Network):
        yield WeightGroup(path, layer.name, [])
        numbers: Counter[str] = Counter()
        for inner in children(layer):
            base = snake_case(class_in_keras(inner))
            number = numbers[base]
            numbers[base] += 1
            yield from _groups(inner, _join(path, "layers", f"{base}_{number}" if number else base), seen)
    elif isinstance(layer, Recurrent):
        yield WeightGroup(_join(path, "cell"), f"{snake_case(type(layer).__name__)}_cell", layer.weights)
        yield WeightGroup(path, layer.name, [])
    elif isinstance(layer, Bidirectional):
        yield from _groups(layer.backward_layer, _join(path, "backward_layer"), seen)
        yield from _groups(layer.forward_layer, _join(path, "forward_layer"), seen)
        yield WeightGroup(path, layer.name, [])
    elif isinstance(layer, TimeDistributed):
        yield from _groups(layer.layer, _join(path, "layer"), seen)
        yield WeightGroup(path, layer.name, [])
    elif layer.sublayers():
        raise ValueError(
            f"layer {layer.name!r} ({type(layer).__name__}) consists of other layers; files of Keras hold only layers "
            "of Keras"
        )
    else:
        yield WeightGroup(path, layer.name, layer.weights)


def children(network: Any) -> list[Layer]:
    """Return the layers of a model in the order of Keras: with the inputs, but for chains."""
    return list(network.layers_of_config())


def class_in_keras(layer: Layer) -> str:
    """Return the name of a layer's class in Keras."""
    if isinstance(layer, Network):
        return "Sequential" if getattr(layer, "class_name", "") == "Sequential" else "Functional"
    # Keras has no layer of that name; its Rescaling computes the same.
    return "Rescaling" if type(layer).__name__ == "Affine" else type(layer).__name__


def _join(*parts: str) -> str:
    return "/".join(part for part in parts if part)
