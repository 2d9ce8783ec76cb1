"""Steps of a network: one for each use of a layer, in the order of computation.

A network stores the values of its tensors in one list while it computes. A `Step` holds a layer and the indices of its
inputs and outputs in that list. The forward pass of a network is `Step.gather`, the layer, `Step.store`; its backward
pass is the layer's `backward`, `Step.accumulate`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from nnlite.graph import Node
from nnlite.layers.base import Layer
from nnlite.types import Array


@dataclass
class Step:
    """One use of a layer in a network.

    Attributes
    ----------
    layer : Layer
        The layer, which may be a network itself.
    inputs, outputs : list of int
        Indices of its inputs and outputs in the list of all values.
    takes_list, gives_list : bool
        Whether the layer takes a list of inputs, and whether it returns a list of outputs.
    shared : bool
        Whether the layer, or one inside it, is used by other steps too.
    """

    layer: Layer
    inputs: list[int]
    outputs: list[int]
    takes_list: bool
    gives_list: bool
    shared: bool

    def gather(self, values: Sequence[Any]) -> Any:
        """Return the layer's input, or the list of its inputs."""
        return [values[i] for i in self.inputs] if self.takes_list else values[self.inputs[0]]

    def store(self, values: list[Any], y: Any) -> list[Any]:
        """Write the layer's output, or each of its outputs, to its index; return them as a list."""
        ys: list[Any] = y if self.gives_list else [y]
        for i, output in zip(self.outputs, ys, strict=True):
            values[i] = output
        return ys

    def accumulate(self, gradients: list[Any], dx: Any) -> None:
        """Add the derivatives with respect to the layer's inputs to those from the other uses of these tensors."""
        accumulate(gradients, self.inputs, dx if self.takes_list else [dx])

    def backward(self, dys: list[Any], layer_cache: Any) -> Any:
        """Run the layer's backward pass; add to the gradients of shared weights instead of overwriting them."""
        dy = dys if self.gives_list else dys[0]
        if not self.shared:
            return self.layer.backward(dy, layer_cache)
        before = [(weight, weight.gradient.copy()) for weight in self.layer.weights]
        dx = self.layer.backward(dy, layer_cache)
        for weight, gradient in before:
            weight.gradient[...] += gradient
        return dx


def plan_steps(nodes: Sequence[Node], indices: Mapping[int, int]) -> list[Step]:
    """Return the steps of a graph.

    Parameters
    ----------
    nodes : sequence of Node
        The graph, in topological order.
    indices : mapping of int to int
        Index of each tensor by its `id`.
    """
    n_uses: dict[int, int] = {}
    for node in nodes:
        for layer in _innermost_layers(layer_of(node)):
            n_uses[id(layer)] = n_uses.get(id(layer), 0) + 1
    return [
        Step(
            layer_of(node),
            [indices[id(tensor)] for tensor in node.inputs],
            [indices[id(tensor)] for tensor in node.outputs],
            node.takes_list,
            node.gives_list,
            any(n_uses[id(layer)] > 1 for layer in _innermost_layers(layer_of(node))),
        )
        for node in nodes
        if node.inputs
    ]


def layer_of(node: Node) -> Layer:
    """Return the layer of a node, typed as a `Layer`; a graph requires only that it has a name."""
    return cast(Layer, node.layer)


def _innermost_layers(layer: Layer) -> list[Layer]:
    """Return the layer, or the layers inside a model or a wrapper, at all depths."""
    inner = getattr(layer, "layers", None)
    return [layer] if inner is None else [found for one in inner for found in _innermost_layers(one)]


def accumulate(gradients: list[Any], indices: Sequence[int], new: Sequence[Array | None]) -> None:
    """Add derivatives to a list of derivatives, in which None stands for zero; no array is changed in place."""
    for i, gradient in zip(indices, new, strict=True):
        if gradient is not None:
            gradients[i] = gradient if gradients[i] is None else gradients[i] + gradient
