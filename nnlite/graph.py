"""The graph that calling layers on symbolic tensors draws.

``Dense(5)(inputs)`` computes nothing: it records a `Node` (which layer, from which tensors, to which tensors) and
returns the `SymbolicTensor` that stands for the result. `Model` later puts the nodes in an order in which
each comes after all it needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from nnlite.types import Shape


class NamedLayer(Protocol):
    """A layer as the graph sees it: something with a name."""

    name: str


@dataclass(eq=False)
class SymbolicTensor:
    """A value that is not there yet: the promise that some node will compute it.

    Attributes
    ----------
    shape : tuple of int or None
        Its shape; None where a size is known only once there is data (the rows, usually).
    dtype : numpy.dtype
        Its dtype.
    node : Node
        What computes it.
    """

    shape: Shape
    dtype: np.dtype[Any]
    node: Node = field(repr=False)

    @property
    def name(self) -> str:
        """Name of the layer that computes the tensor."""
        return self.node.layer.name


@dataclass(eq=False)
class Node:
    """One use of a layer: the tensors it takes and the tensors it gives.

    `takes_list` and `gives_list` say whether the layer is called with, and answers with, a list
    (as `Add` and a model of several outputs do) or one bare tensor.
    """

    layer: NamedLayer
    inputs: tuple[SymbolicTensor, ...]
    takes_list: bool = False
    gives_list: bool = False
    outputs: tuple[SymbolicTensor, ...] = ()


def is_symbolic(value: object) -> bool:
    """Tell whether a layer is being called to draw the graph, not to compute."""
    if isinstance(value, (list, tuple)):
        return any(isinstance(item, SymbolicTensor) for item in value)
    return isinstance(value, SymbolicTensor)


def topological_order(outputs: Iterable[SymbolicTensor]) -> list[Node]:
    """List every node that `outputs` depend on, each after all that it depends on itself.

    The order is that of a depth-first walk from the outputs, inputs first (Cormen et al., *Introduction to
    Algorithms*, ch. 20). It keeps a stack of its own: a chain of ten thousand layers is no problem.
    """
    ordered: list[Node] = []
    done: set[int] = set()
    stack = [(tensor.node, False) for tensor in reversed(list(outputs))]
    while stack:
        node, inputs_done = stack.pop()
        if id(node) in done:
            continue
        if inputs_done:
            done.add(id(node))
            ordered.append(node)
        else:
            stack.append((node, True))
            stack.extend((tensor.node, False) for tensor in reversed(node.inputs))
    return ordered


def check_connected(nodes: Sequence[Node], inputs: Sequence[SymbolicTensor], *, model_name: str) -> None:
    """Raise unless the graph starts at exactly the tensors in `inputs`."""
    given = {id(tensor) for tensor in inputs}
    reached = {id(tensor) for node in nodes for tensor in node.outputs}
    for node in nodes:
        if not node.inputs and not any(id(tensor) in given for tensor in node.outputs):
            raise ValueError(
                f"the outputs of model {model_name!r} depend on the input {node.layer.name!r}, which is not "
                f"among its inputs ({', '.join(repr(t.name) for t in inputs)}); add it to inputs="
            )
    for tensor in inputs:
        if id(tensor) not in reached:
            raise ValueError(
                f"no output of model {model_name!r} depends on its input {tensor.name!r}; "
                "leave the input out or connect it"
            )


def layers_by_depth(outputs: Iterable[SymbolicTensor], nodes: Sequence[Node]) -> list[NamedLayer]:
    """List the layers of a graph once each, the farthest from the outputs first.

    This is the order of Keras, and so that of `get_weights`: a layer's depth is the longest way from it to an
    output; among layers of equal depth, the one that a walk from the outputs meets first comes first.
    """
    outputs = list(outputs)
    depth: dict[int, int] = {}
    for node in reversed(nodes):
        own = depth.setdefault(id(node.layer), 0)
        for tensor in node.inputs:
            feeding = id(tensor.node.layer)
            depth[feeding] = max(depth.get(feeding, 0), own + 1)
    met: dict[int, NamedLayer] = {}
    seen: set[int] = set()
    stack = [tensor.node for tensor in reversed(outputs)]
    while stack:
        node = stack.pop()
        if id(node) not in seen:
            seen.add(id(node))
            met.setdefault(id(node.layer), node.layer)
            stack.extend(tensor.node for tensor in reversed(node.inputs))
    return sorted(met.values(), key=lambda layer: -depth[id(layer)])
