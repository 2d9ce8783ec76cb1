"""Models: networks that can be trained, described, and kept in files."""

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

    The graph is any without cycles: layers may be used several times (their gradients add up), and a model is itself
    a layer, to be called on the tensors of a larger one.

    Parameters
    ----------
    inputs : SymbolicTensor, or a list or mapping of them
        Where the graph begins: what `Input` returned.
    outputs : SymbolicTensor, or a list or mapping of them
        What it computes.
    name : str, optional
        Name of the model.

    Attributes
    ----------
    layers : list of Layer
        The layers, each once.
    parameters : ndarray, shape (n_weights,)
        All weights in one vector, those that train first. Layers hold views into it.
    gradients : ndarray, shape (n_weights,)
        The derivative of the loss by each of them, from the last backward pass.
    optimizer : Optimizer
        After `compile`.
    history : History
        Of the last `fit`.

    Raises
    ------
    ValueError
        If an output does not depend on the inputs alone, or an input leads nowhere.

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

    # -- describing and keeping ----------------------------------------------------------------

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
        """Print the layers, their output shapes and their numbers of weights.

        Parameters
        ----------
        line_length : int, default 80
            Width of the table in characters.
        print_fn : callable, optional
            Called with each line; by default `print`.
        """
        for line in summary_lines(self, line_length or 80):
            (print_fn or print)(line)

    def save(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the model to one file: layers, weights, and the state of training.

        Parameters
        ----------
        filepath : str or path
            Where to. The file is a ``.npz`` whatever its name says.
        overwrite : bool, default True
            Whether an existing file may be replaced.

        See Also
        --------
        nnlite.models.load_model : The way back.
        """
        save_model(self, filepath, overwrite)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the weights alone to a file, for a model of the same layers to load."""
        save_weights(self, filepath, overwrite)

    def load_weights(self, filepath: Any) -> None:
        """Read weights that `save_weights` or `save` wrote."""
        load_weights(self, filepath)

    def get_config(self) -> dict[str, Any]:
        """Describe the graph: its layers, and which tensors each use of them takes and gives."""
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
        """Make a model like the one that `get_config` described, with fresh weights.

        Raises
        ------
        ValueError
            If the description does not describe a graph.
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
        """Be frozen where the described model was; the layers have brought what they were."""
        # Early files say it of the inputs alone, which are frozen with their model and in no other way.
        inputs = [layer_of(tensor.node).trainable for tensor in self.inputs]
        self.set_own_trainable(config.get("trainable", any(inputs) or not inputs))

    def __reduce__(self) -> tuple[Any, ...]:
        # Copies and pickles go through the file format, so that the weights of the copy are one vector too.
        return parse_model, (dump_model(self),)


class Sequential(Model):
    """A chain of layers, each taking what the one before gave.

    Parameters
    ----------
    layers : sequence of Layer, optional
        The layers. Begin with an ``Input`` to have the weights at once; without one they are made
        when the model first sees data.
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
        """Whether the shape of the input is known, and with it the weights."""
        return bool(self._tensors) and len(self._tensors) == len(self._stack) + 1

    def add(self, layer: Any) -> None:
        """Put a layer at the end of the chain.

        Raises
        ------
        TypeError
            If it is not a layer.
        ValueError
            If an ``Input`` comes after other layers, or a name comes twice.
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
            raise ValueError(f"Sequential has a layer {layer.name!r} already; give each layer a name of its own")
        if not self._stack and not self._tensors and layer.first_input_shape is not None:
            self._tensors = [Input(layer.first_input_shape, dtype=layer.dtype.name)]
        self._stack.append(layer)
        if self._tensors:
            self._tensors.append(layer(self._tensors[-1]))
            self._rebuild()

    def pop(self) -> Layer:
        """Take the last layer off the chain and return it.

        Raises
        ------
        ValueError
            If there is none.
        """
        if not self._stack:
            raise ValueError("the model has no layers to take off")
        layer = self._stack.pop()
        if self._tensors:
            self._tensors.pop()
            if self._stack:
                self._rebuild()
        return layer

    def _rebuild(self) -> None:
        self._connect(self._tensors[0], self._tensors[-1])

    def build(self, input_shape: Any) -> Any:
        """Fix the shape of the input, rows first, and so all others."""
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

    def _sublayers(self) -> list[Layer]:
        # The chain, not the graph: that is there only once the shape of the input is known.
        return [*(layer_of(tensor.node) for tensor in self._tensors[:1]), *self._stack]

    def get_config(self) -> dict[str, Any]:
        """Describe the chain."""
        first = layer_of(self._tensors[0].node) if self._tensors else None
        return {
            "name": self.name,
            "trainable": self.trainable,
            "input": serialize_optional(first),
            "layers": [serialize(layer) for layer in self._stack],
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Sequential:
        """Make a model like the one that `get_config` described, with fresh weights."""
        first = [] if config["input"] is None else [registry.get(config["input"])]
        layers = [registry.get(one) for one in config["layers"]]
        model = Sequential([*first, *layers], name=config["name"])
        model.restore_trainable(config)
        return model


def load_model(
    filepath: str | os.PathLike[str], custom_objects: Mapping[str, Any] | None = None, compile: bool = True
) -> Model:
    """Read a model that `Model.save` wrote.

    Parameters
    ----------
    filepath : str or path
        The file.
    custom_objects : mapping of str to class, optional
        The caller's own layers, losses, ... by the class names in the file. Nothing else that a file
        names is ever imported or run.
    compile : bool, default True
        Whether to compile the model as it was when it was saved.

    Returns
    -------
    Model
        Compiled, with its optimizer's state, if it was saved so: training goes on where it stopped.

    Raises
    ------
    FileFormatError
        If the file is foreign, truncated or altered, or from a later version.
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
    """Make a model from what `dump_model` returned."""
    return model_from_parts(*read_archive(content, "model"), "the data")


def model_from_parts(config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> Model:
    """Make a model from what `nnlite.serialization.model_to_parts` returned.

    The description only declares weights; it is held against the arrays before memory is taken for
    any of them, and the model is run on no rows at all to see that its layers fit together.

    Raises
    ------
    FileFormatError
        If the parts don't fit together.
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
    """Make a model of the same layers with fresh weights.

    Parameters
    ----------
    model : Model
        What to copy the structure of.

    Returns
    -------
    Model
        It shares nothing with `model`, and is not compiled.
    """
    return type(model).from_config(model.get_config())


def _config_of(names: list[str], tensors: list[SymbolicTensor], numbers: dict[int, int]) -> list[list[Any]]:
    return [[name, numbers[id(tensor)]] for name, tensor in zip(names, tensors, strict=True)]


registry.register(Model, "Model")
registry.register(Sequential, "Sequential")
