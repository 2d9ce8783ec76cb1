"""Sequential models: chains of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnlite.graph import SymbolicTensor
from nnlite.layers.base import Layer, registry
from nnlite.layers.input import Input, InputLayer
from nnlite.models.functional import Model
from nnlite.models.ties import tie, ties_entry
from nnlite.registry import custom_object_scope, serialize, serialize_optional
from nnlite.steps import layer_of
from nnlite.types import Shape


class Sequential(Model):
    """A chain of layers, each applied to the output of the one before.

    Parameters
    ----------
    layers : sequence of Layer, optional
        The layers. With an ``Input`` as the first one, the weights are created at once, else with the first data.
    name : str, optional
        Name of the model.

    Examples
    --------
    >>> from nnlite.layers import Dense, Input
    >>> from nnlite.models import Sequential
    >>> model = Sequential([Input((10,)), Dense(5, activation="relu"), Dense(10)])
    >>> model.output_shape
    (None, 10)
    >>> model.count_params()
    115
    """

    @property
    def class_name(self) -> str:  # type: ignore[override]
        """Name of the class in files: that of a graph, if a layer is written as a function of others."""
        return "Model" if self._is_graph else "Sequential"

    @property
    def _is_graph(self) -> bool:
        return bool(self.outputs) and any(layer.composes and not isinstance(layer, Model) for layer in self._stack)

    def __init__(self, layers: Sequence[Any] | None = None, name: str | None = None, trainable: bool = True) -> None:
        Layer.__init__(self, name=name, trainable=trainable)
        self._stack: list[Layer] = []
        self._tensors: list[SymbolicTensor] = []
        self._begin_empty()
        for layer in layers or []:
            self.add(layer)

    @property
    def built(self) -> bool:
        """Whether the shape of the input is known, so that the weights exist."""
        return bool(self._tensors) and len(self._tensors) == len(self._stack) + 1

    def add(self, layer: Any) -> None:
        """Append a layer.

        Raises
        ------
        TypeError
            If it is not a layer.
        ValueError
            If an ``Input`` is not the first layer, or a name is used twice.
        """
        if isinstance(layer, SymbolicTensor):
            layer = layer.node.layer
        if not isinstance(layer, Layer):
            raise TypeError(f"Sequential takes layers; found {type(layer).__name__}")
        if isinstance(layer, InputLayer):
            if self._stack or self._tensors:
                raise ValueError("an Input must be the first of the layers, and the only one")
            self._tensors = [layer.output]
            return
        if any(layer.name == own.name for own in self._stack):
            raise ValueError(f"Sequential already has a layer {layer.name!r}; give each layer a name of its own")
        if not self._stack and not self._tensors and layer.first_input_shape is not None:
            self._tensors = [Input(layer.first_input_shape, dtype=layer.dtype.name)]
        self._stack.append(layer)
        if self._tensors:
            self._tensors.append(layer(self._tensors[-1]))
            self._rebuild()

    def pop(self) -> Layer:
        """Remove the last layer and return it.

        Raises
        ------
        ValueError
            If there is no layer.
        """
        if not self._stack:
            raise ValueError("the model has no layers to remove")
        layer = self._stack.pop()
        if self._tensors:
            self._tensors.pop()
            if self._stack:
                self._rebuild()
        return layer

    def _rebuild(self) -> None:
        self._connect(self._tensors[0], self._tensors[-1])

    def _tie(self, numbers: Any) -> None:
        """Let layers share weights, and plan anew, since their gradients add up."""
        tie(self._stack, numbers)
        if self._tensors:
            self._rebuild()

    composes = False

    def _build_from(self, x: Any) -> None:
        self._ensure_built(np.shape(x[0] if isinstance(x, (list, tuple)) and len(x) == 1 else x))
        self._after_building()

    def _ensure_built(self, input_shape: Shape) -> None:
        if not self._stack:
            raise ValueError(f"model {self.name!r} has no layers yet; add some first")
        if not self.built:
            dtype = self._stack[0].dtype.name
            self._tensors = [Input(tuple(input_shape)[1:], dtype=dtype)]
            for layer in self._stack:
                self._tensors.append(layer(self._tensors[-1]))
            self._rebuild()

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order, without the input."""
        return list(self._stack)

    @property
    def graph_layers(self) -> list[Layer]:
        """The layers, in order, without the input."""
        return self.layers

    def layers_of_config(self) -> list[Layer]:
        """Return the layers in the order of the configuration."""
        return super().layers_of_config() if self._is_graph else self.layers

    def sublayers(self) -> list[Layer]:
        """Return the layers of the chain and, where it is known, the input."""
        # The chain, not the graph: the graph exists only if the shape of the input is known.
        return [*(layer_of(tensor.node) for tensor in self._tensors[:1]), *self._stack]

    def stored_config(self) -> dict[str, Any]:
        """Return the configuration of the chain."""
        if self._is_graph:
            return super().stored_config()
        first = layer_of(self._tensors[0].node) if self._tensors else None
        return {
            "name": self.name,
            "trainable": self.trainable,
            "input": serialize_optional(first),
            "layers": [serialize(layer) for layer in self._stack],
            **ties_entry(self._stack),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Sequential:
        """Return a model with the configuration that `get_config` returned, and with new weights; see `Model`."""
        with custom_object_scope(custom_objects or {}):
            first = [] if config["input"] is None else [registry.get(config["input"])]
            layers = [one if isinstance(one, Layer) else registry.get(one) for one in config["layers"]]
        model = Sequential([*first, *layers], name=config["name"])
        if "ties" in config:
            model._tie(config["ties"])
        model.restore_trainable(config)
        return model
