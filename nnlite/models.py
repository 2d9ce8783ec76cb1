"""Models: networks with training, configuration and files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nnlite.archive import FileFormatError, read_archive
from nnlite.data import as_list
from nnlite.graph import SymbolicTensor, topological_order
from nnlite.layers.base import Layer, registry
from nnlite.layers.input import Input, InputLayer
from nnlite.registry import custom_object_scope, serialize, serialize_optional
from nnlite.serialization import MISFITS, dump_model, load_weights, restore_parts, save_model, save_weights
from nnlite.steps import layer_of
from nnlite.summary import summary_lines
from nnlite.training import Trainer
from nnlite.types import Array, Shape

__all__ = ["Model", "Sequential", "clone_model", "load_model"]


class Model(Trainer):
    """A graph of layers with one or more inputs and outputs.

    The graph must be acyclic. A layer may be used several times; its gradients add up. A model is itself a layer and
    can be called on the tensors of a larger model.

    Parameters
    ----------
    inputs : SymbolicTensor, or a list or mapping of them
        Inputs of the graph, results of `Input`.
    outputs : SymbolicTensor, or a list or mapping of them
        Outputs of the graph.
    name : str, optional
        Name of the model.

    Attributes
    ----------
    layers : list of Layer
        The layers, each once.
    parameters : ndarray, shape (n_weights,)
        All weights in one vector, trainable ones first. The weights of layers are views of it.
    gradients : ndarray, shape (n_weights,)
        Derivative of the loss with respect to each weight, from the last backward pass.
    optimizer : Optimizer
        Optimizer set by `compile`.
    history : History
        Result of the last `fit`.

    Raises
    ------
    ValueError
        If an output depends on other inputs than these, or no output depends on an input.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlite.layers import Dense, Input
    >>> from nnlite.models import Model
    >>> inputs = Input(shape=(4,))
    >>> outputs = Dense(4)(Dense(2, activation="relu")(inputs))
    >>> autoencoder = Model(inputs, outputs)
    >>> autoencoder.compile(optimizer="adam", loss="mse")
    >>> x = np.random.default_rng(0).normal(size=(64, 4))
    >>> history = autoencoder.fit(x, x, epochs=3, verbose=0)
    >>> autoencoder.predict(x).shape
    (64, 4)
    """

    # -- configuration and files ---------------------------------------------------------------

    @property
    def input_shape(self) -> Any:
        """Shape of the input, or a list of the inputs' shapes."""
        shapes = [tensor.shape for tensor in self.inputs]
        return shapes if len(shapes) > 1 else shapes[0]

    @property
    def output_shape(self) -> Any:
        """Shape of the output, or a list of the outputs' shapes."""
        shapes = [tensor.shape for tensor in self.outputs]
        return shapes if len(shapes) > 1 else shapes[0]

    @property
    def input(self) -> Any:
        """The symbolic input, or a list of them."""
        return self.inputs if len(self.inputs) > 1 else self.inputs[0]

    @property
    def output(self) -> Any:
        """The symbolic output, or a list of them."""
        return self.outputs if len(self.outputs) > 1 else self.outputs[0]

    def summary(self, line_length: int | None = None, *, print_fn: Callable[[str], object] | None = None) -> None:
        """Print a table of the layers, their output shapes and their numbers of weights.

        Parameters
        ----------
        line_length : int, default 80
            Width of the table in characters.
        print_fn : callable, optional
            Function of a line; by default `print`.
        """
        for line in summary_lines(self, line_length or 80):
            (print_fn or print)(line)

    def save(self, filepath: Any, overwrite: bool = True) -> None:
        """Save the model to a file: layers, weights and the state of training.

        Parameters
        ----------
        filepath : str or path
            Name of the file, which has the format ``.npz`` with any name.
        overwrite : bool, default True
            Whether to replace an existing file.

        See Also
        --------
        nnlite.models.load_model : Load the model.
        """
        save_model(self, filepath, overwrite)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Save the weights to a file, without layers and optimizer."""
        save_weights(self, filepath, overwrite)

    def load_weights(self, filepath: Any) -> None:
        """Load weights from a file of `save_weights` or `save` of a model with the same layers."""
        load_weights(self, filepath)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration of the graph: its layers, and the inputs and outputs of each use of a layer."""
        numbers: dict[int, int] = {}
        layers = {layer.name: layer for layer in self._all_layers}
        nodes = topological_order(self.outputs)
        for node in nodes:
            for tensor in node.outputs:
                numbers[id(tensor)] = len(numbers)
        return {
            "name": self.name,
            "trainable": self.trainable,
            "layers": [serialize(layer) for layer in layers.values()],
            "nodes": [
                {
                    "layer": node.layer.name,
                    "inputs": [numbers[id(tensor)] for tensor in node.inputs],
                    "takes_list": node.takes_list,
                    "outputs": [numbers[id(tensor)] for tensor in node.outputs],
                }
                for node in nodes
            ],
            "inputs": _config_of(self._input_names, self.inputs, numbers),
            "outputs": _config_of(self._output_names, self.outputs, numbers),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Model:
        """Return a model with the configuration that `get_config` returned, and with new weights.

        Raises
        ------
        ValueError
            If the configuration is not that of a graph.
        """
        layers = {one["config"]["name"]: registry.get(one) for one in config["layers"]}
        tensors: dict[int, SymbolicTensor] = {}
        for node in config["nodes"]:
            layer = layers[node["layer"]]
            if isinstance(layer, InputLayer):
                results = layer.output
            elif node["takes_list"]:
                results = layer([tensors[number] for number in node["inputs"]])
            else:
                results = layer(tensors[node["inputs"][0]])
            for number, tensor in zip(node["outputs"], as_list(results), strict=True):
                tensors[number] = tensor
        inputs = {name: tensors[number] for name, number in config["inputs"]}
        outputs = {name: tensors[number] for name, number in config["outputs"]}
        model = Model(inputs, outputs, name=config["name"])
        model.restore_trainable(config)
        return model

    def restore_trainable(self, config: dict[str, Any]) -> None:
        """Set `trainable` of the model itself from its configuration; layers have configurations of their own."""
        # In early files only the inputs have the flag: they are frozen only together with their model.
        inputs = [layer_of(tensor.node).trainable for tensor in self.inputs]
        self.set_own_trainable(config.get("trainable", any(inputs) or not inputs))

    def __reduce__(self) -> tuple[Any, ...]:
        # Copies and pickles use the file format, so that the weights of the copy are one vector, too.
        return parse_model, (dump_model(self),)


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

    def __init__(self, layers: Sequence[Any] | None = None, name: str | None = None) -> None:
        Layer.__init__(self, name=name)
        self._stack: list[Layer] = []
        self._tensors: list[SymbolicTensor] = []
        self.steps, self._all_layers, self._vector = [], [], None
        self.inputs, self.outputs = [], []
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

    def build(self, input_shape: Any) -> Any:
        """Set the shape of the input, rows first, and create the weights."""
        self._ensure_built(tuple(input_shape))
        return super().build(input_shape)

    def _ensure_built(self, input_shape: Shape) -> None:
        if not self._stack:
            raise ValueError(f"model {self.name!r} has no layers yet; add some first")
        if not self.built:
            dtype = self._stack[0].dtype.name
            self._tensors = [Input(input_shape[1:], dtype=dtype)]
            for layer in self._stack:
                self._tensors.append(layer(self._tensors[-1]))
            self._rebuild()

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order, without the input."""
        return list(self._stack)

    def sublayers(self) -> list[Layer]:
        """Return the layers of the chain and, where it is known, the input."""
        # The chain, not the graph: the graph exists only if the shape of the input is known.
        return [*(layer_of(tensor.node) for tensor in self._tensors[:1]), *self._stack]

    def get_config(self) -> dict[str, Any]:
        """Return the configuration of the chain."""
        first = layer_of(self._tensors[0].node) if self._tensors else None
        return {
            "name": self.name,
            "trainable": self.trainable,
            "input": serialize_optional(first),
            "layers": [serialize(layer) for layer in self._stack],
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Sequential:
        """Return a model with the configuration that `get_config` returned, and with new weights."""
        first = [] if config["input"] is None else [registry.get(config["input"])]
        layers = [registry.get(one) for one in config["layers"]]
        model = Sequential([*first, *layers], name=config["name"])
        model.restore_trainable(config)
        return model


def load_model(
    filepath: str | os.PathLike[str], custom_objects: Mapping[str, Any] | None = None, compile: bool = True
) -> Model:
    """Load a model from a file of `Model.save`.

    Parameters
    ----------
    filepath : str or path
        Name of the file.
    custom_objects : mapping of str to class, optional
        Custom layers, losses and other classes by their names in the file. Nothing else that a file contains is ever
        imported or executed.
    compile : bool, default True
        Whether to restore the optimizer, the losses and the metrics.

    Returns
    -------
    Model
        The model; if it was compiled when it was saved, with the state of its optimizer, so that training can be
        continued.

    Raises
    ------
    FileFormatError
        If the file is not a model file, truncated, altered or of a later version.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from nnlite.layers import Dense, Input
    >>> from nnlite.models import Sequential, load_model
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.npz"
    >>> Sequential([Input((3,)), Dense(2)]).save(path)
    >>> load_model(path).output_shape
    (None, 2)
    """
    config, arrays = read_archive(filepath, "model")
    if not compile:
        config = {"model": config["model"]} if "model" in config else {}
    with custom_object_scope(custom_objects or {}):
        return model_from_parts(config, arrays, repr(os.fspath(filepath)))


def parse_model(content: bytes) -> Model:
    """Return the model in the bytes that `dump_model` returned."""
    return model_from_parts(*read_archive(content, "model"), "the data")


def model_from_parts(config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> Model:
    """Return a model from the configuration and the arrays that `nnlite.serialization.model_to_parts` returned.

    The configuration only declares weights. It is compared with the arrays before memory is allocated, and the model is
    run on an empty batch to check that its layers fit together.

    Raises
    ------
    FileFormatError
        If configuration and arrays don't fit together.
    """
    try:
        model: Model = registry.get(config["model"])  # type: ignore[assignment]
        restore_parts(model, config, arrays, label)
    except FileFormatError:
        raise
    except MISFITS as error:
        raise FileFormatError(f"{label} does not describe a model that can be built: {error}") from error
    return model


def clone_model(model: Model) -> Model:
    """Return a model with the same layers and with new weights.

    Parameters
    ----------
    model : Model
        Model with the layers to copy.

    Returns
    -------
    Model
        Model that shares nothing with `model` and is not compiled.
    """
    return type(model).from_config(model.get_config())


def _config_of(names: list[str], tensors: list[SymbolicTensor], numbers: dict[int, int]) -> list[list[Any]]:
    return [[name, numbers[id(tensor)]] for name, tensor in zip(names, tensors, strict=True)]


registry.register(Model, "Model")
registry.register(Sequential, "Sequential")
