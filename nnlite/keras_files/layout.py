"""Where Keras keeps the weights of each layer: groups that are numbered by class.

The layers of a model are in the group ``layers``, each named by its class, not by its own name: ``dense``,
``dense_1``, ... in the order of the model. HDF5 lists groups by alphabet (``dense_10`` before ``dense_2``), so the
order comes from the model alone. Weights are ``vars/0``, ``vars/1``, ... of a group, those that train first. A
recurrent layer keeps them in a group ``cell``, a wrapper in the groups of its layers, a model in a group ``layers`` of
its own. A class with a method ``call`` has a group for each attribute that is a layer, by the attribute's name, and
within a list or dictionary groups that are numbered by class. The attributes are visited by alphabet. Among those of a
model is ``layers``, so that attributes behind that name are found in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nnlite.keras_files.names import RENAMED
from nnlite.layers.base import Layer
from nnlite.layers.cells import RNN
from nnlite.layers.multi_head_attention import MultiHeadAttention
from nnlite.layers.recurrent import Recurrent
from nnlite.layers.tracking import OWN_LISTS, in_keras_order, tracked_weights
from nnlite.layers.wrappers import Bidirectional, TimeDistributed
from nnlite.naming import snake_case
from nnlite.network import Network
from nnlite.weights import Weight


@dataclass(frozen=True)
class WeightGroup:
    """The group of one layer: its path, the name of the layer, and its weights in their order.

    A layer inside of a class with ``call`` is known by its attribute: its name is any.
    """

    path: str
    name: str
    weights: list[Weight]
    is_attribute: bool = False


def weight_groups(model: Network, as_graph: bool = False) -> list[WeightGroup]:
    """Return the groups of a model, in the order in which Keras writes them.

    A layer that occurs in several models is in the group of its first place.

    Parameters
    ----------
    model : Network
        The model.
    as_graph : bool, default False
        Whether a class with ``call`` is written as the graph of the layers that it composes.

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
    return list(_of_network(model, "", {id(model)}, graph_children(model)) if as_graph else _groups(model, "", set()))


def _groups(layer: Layer, path: str, seen: set[int]) -> Iterator[WeightGroup]:
    if id(layer) in seen:
        return
    seen.add(id(layer))
    if isinstance(layer, RNN):
        cells = layer.cells
        names = ["cell"] if len(cells) == 1 else _numbered("cell/cells", cells)
        for name, cell in zip(names, cells, strict=True):
            yield WeightGroup(_join(path, name), cell.name, cell.weights)
        yield WeightGroup(path, layer.name, [])
    elif layer.composes:
        yield WeightGroup(path, layer.name, own_weights(layer))
        for name, value in sorted(_attributes(layer).items(), key=_private_last):
            yield from (replace(group, is_attribute=True) for group in _of_value(value, _join(path, name), seen))
    elif isinstance(layer, MultiHeadAttention):
        yield WeightGroup(path, layer.name, [])
        for group, name in (("key", "key"), ("output", "attention_output"), ("query", "query"), ("value", "value")):
            own = [weight for key, weight in layer.own_weights.items() if key.startswith(f"{name}_")]
            yield WeightGroup(_join(path, f"{group}_dense"), name, own)
    elif isinstance(layer, Network):
        yield from _of_network(layer, path, seen, children(layer))
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


def _of_network(network: Network, path: str, seen: set[int], layers: Sequence[Layer]) -> Iterator[WeightGroup]:
    """Return the groups of a graph or a chain of layers."""
    yield WeightGroup(path, network.name, [])
    for inner, name in zip(layers, _numbered("layers", layers), strict=True):
        yield from _groups(inner, _join(path, name), seen)


def _of_value(value: Any, path: str, seen: set[int]) -> Iterator[WeightGroup]:
    """Return the groups of an attribute: a layer, or a list or dictionary of layers."""
    if isinstance(value, Layer):
        yield from _groups(value, path, seen)
        return
    if not isinstance(value, (list, tuple, dict)):
        return
    parts = list(value.values() if isinstance(value, dict) else value)
    parts = [one for one in parts if isinstance(one, (Layer, list, tuple, dict))]
    for one, name in zip(parts, _numbered(path, parts), strict=True):
        yield from _of_value(one, name, seen)


def _numbered(path: str, parts: Sequence[Any]) -> list[str]:
    """Return the paths of groups that are numbered by class."""
    numbers: Counter[str] = Counter()
    paths = []
    for one in parts:
        base = snake_case(class_in_keras(one)) if isinstance(one, Layer) else "container"
        paths.append(_join(path, f"{base}_{numbers[base]}" if numbers[base] else base))
        numbers[base] += 1
    return paths


def _attributes(layer: Layer) -> dict[str, Any]:
    """Return the attributes of a class with ``call`` that Keras visits; of a model also the list of its layers."""
    own = {name: value for name, value in vars(layer).items() if isinstance(value, Layer) or name not in OWN_LISTS}
    return {**own, "layers": layer.layers} if isinstance(layer, Network) else own


def _private_last(item: tuple[str, Any]) -> str:
    return f"~{item[0]}" if item[0].startswith("_") else item[0]


def own_weights(layer: Layer) -> list[Weight]:
    """Return the weights of a class with ``call`` itself, without those of layers inside: those that train first."""
    return in_keras_order(tracked_weights(layer), [])


def children(network: Any) -> list[Layer]:
    """Return the layers of a model in the order of Keras: with the inputs, but for chains."""
    return list(network.layers)


def graph_children(network: Any) -> list[Layer]:
    """Return the layers of a model's configuration: with the inputs, but for chains."""
    return list(network.layers_of_config())


def class_in_keras(layer: Layer) -> str:
    """Return the name of a layer's class in Keras."""
    if isinstance(layer, Network) and type(layer).__module__.startswith("nnlite."):
        return "Sequential" if getattr(layer, "class_name", "") == "Sequential" else "Functional"
    return RENAMED.get(type(layer).__name__, type(layer).__name__)


def _join(*parts: str) -> str:
    return "/".join(part for part in parts if part)
