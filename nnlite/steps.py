"""Steps of a network: one for each use of a layer, in the order of computation.

A network stores the values of its tensors in one list while it computes. A `Step` holds a layer and the indices of its
inputs and outputs in that list. The forward pass of a network is `Step.gather`, the layer, `Step.store`; its backward
pass is the layer's `backward`, `Step.accumulate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from nnlite.graph import Node
from nnlite.layers.base import Layer
from nnlite.types import Array


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
    has_own_penalty : bool
        Whether the layer defines `Layer.activity_penalty`.
    """

    def __init__(
        self,
        layer: Layer,
        inputs: list[int],
        outputs: list[int],
        takes_list: bool,
        gives_list: bool,
        shared: bool = False,
        has_own_penalty: bool = False,
    ) -> None:
        self.layer, self.inputs, self.outputs = layer, inputs, outputs
        self.takes_list, self.gives_list = takes_list, gives_list
        self.shared, self.has_own_penalty = shared, has_own_penalty

    @property
    def needs_output(self) -> bool:
        """Whether the backward pass needs the layer's outputs: for penalties, or for the shapes of several outputs."""
        return self.gives_list or self.has_own_penalty or self.layer.activity_regularizer is not None

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


def layer_of(node: Node) -> Layer:
    """Return the layer of a node, typed as a `Layer`; a graph requires only that it has a name."""
    return cast(Layer, node.layer)


def accumulate(gradients: list[Any], indices: Sequence[int], new: Sequence[Array | None]) -> None:
    """Add derivatives to a list of derivatives, in which None stands for zero; no array is changed in place."""
    for i, gradient in zip(indices, new, strict=True):
        if gradient is not None:
            gradients[i] = gradient if gradients[i] is None else gradients[i] + gradient
