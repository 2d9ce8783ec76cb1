"""Models: graphs of layers with training, configuration and files."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nnlite.archive import FileFormatError, read_archive
from nnlite.data import by_name
from nnlite.graph import SymbolicTensor, topological_order
from nnlite.layers.base import Layer, registry
from nnlite.layers.composition import flat_values, refuse_own_steps, run_call
from nnlite.layers.input import Input, InputLayer
from nnlite.layers.tracking import each_once, in_keras_order, tracked_layers, tracked_weights
from nnlite.models.ties import tie, ties_entry
from nnlite.registry import custom_object_scope, serialize
from nnlite.serialization import MISFITS, dump_model, restore_parts
from nnlite.steps import layer_of
from nnlite.training import Trainer
from nnlite.types import Array
from nnlite.weights import Weight


class Model(Trainer):
    """A graph of layers with one or more inputs and outputs.

    The graph must be acyclic. A layer may be used several times; its gradients add up. A model is itself a layer and
    can be called on the tensors of a larger model.

    A subclass may define ``call(inputs)`` instead, which composes layers: it is called once on symbolic tensors, when
    the shape of the input is known, and gives the graph. Its layers are attributes of the model as well.

    Parameters
    ----------
    inputs : SymbolicTensor, or a list or mapping of them
        Inputs of the graph, results of `Input`. None in a subclass with ``call``.
    outputs : SymbolicTensor, or a list or mapping of them
        Outputs of the graph. With a mapping, `predict` and calls return a dictionary.
    name : str, optional
        Name of the model.
    trainable : bool, default True
        Whether training changes the weights.
    dtype : {"float32", "float64"}, optional
        Dtype, for a subclass with ``call``; that of a graph is that of its layers.

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

    A class that composes layers:

    >>> class Autoencoder(Model):
    ...     def __init__(self, size, code):
    ...         super().__init__()
    ...         self.encoder, self.decoder = Dense(code, activation="relu"), Dense(size)
    ...     def call(self, x):
    ...         return self.decoder(self.encoder(x))
    >>> Autoencoder(4, 2)(x).shape
    (64, 4)
    """

    class_name = "Model"
    """Name of the class in files: a graph of any class is loaded as a `Model`."""

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        trainable: bool = True,
        dtype: str | None = None,
    ) -> None:
        refuse_own_steps(self)
        if inputs is None and outputs is None and self.composes:
            Layer.__init__(self, name=name, dtype=dtype)
            self._begin_empty()
        elif inputs is None or outputs is None:
            raise ValueError(
                f"{type(self).__name__} needs inputs= and outputs=, symbolic tensors; or a subclass defines "
                "call(self, inputs), which composes layers"
            )
        else:
            super().__init__(inputs, outputs, name)
        if not trainable:
            self.trainable = False

    _is_building = False

    def _begin_empty(self) -> None:
        """Begin without a graph, which follows when the shape of the input is known."""
        self.steps, self._all_layers, self._whole_layers, self._vector = [], [], [], None
        self.inputs, self.outputs = [], []

    # -- calling and building ------------------------------------------------------------------

    def __call__(self, inputs: Any, *further: Any, training: Any = None, mask: Any = None, **named: Any) -> Any:
        """Add the model to a graph, or apply it to arrays; see `Layer`.

        Several inputs are a list in their order, or a mapping by name. With outputs given by name, the result is a
        dictionary.
        """
        if self.composes and not self.inputs:
            self._ensure_built(_shapes_of(inputs))
            self._after_building()
        if isinstance(inputs, Mapping):
            given = by_name(inputs, self.input_names, "inputs")
            inputs = given if len(given) > 1 else given[0]
        return self.by_output(super().__call__(inputs, *further, training=training, mask=mask, **named))

    @property
    def composes(self) -> bool:
        """Whether the class defines ``call``, which composes layers."""
        return hasattr(type(self), "call")

    def build(self, input_shape: Any) -> Any:
        """Create the weights for inputs of `input_shape`, rows first, if ``call`` defines the graph; see `Layer`."""
        if self._is_building:
            # Called by the method build of a subclass, which declares weights before the graph is made.
            return None
        self._is_building = True
        try:
            self._ensure_built(input_shape)
        finally:
            self._is_building = False
        self._after_building()
        return super().build(input_shape)

    @property
    def built(self) -> bool:
        """Whether the graph is known, so that the weights exist."""
        return bool(self.inputs)

    @property
    def layers(self) -> list[Layer]:
        """The layers, each once; those of a class with ``call`` in the order in which they became its attributes."""
        return tracked_layers(self) if self.composes else super().layers

    @property
    def weights(self) -> list[Weight]:
        """The weights of all layers, each once, in the order of Keras."""
        if not self.composes:
            return super().weights
        return each_once([*in_keras_order(tracked_weights(self), tracked_layers(self)), *self.stored_weights])

    def _ensure_built(self, shapes: Any) -> None:
        if self.inputs or not self.composes:
            return
        if not self._built and not self._is_building:
            self._is_building = True
            try:
                self.build(shapes)
            finally:
                self._is_building = False
        inputs: Any
        if isinstance(shapes, Mapping):
            inputs = {name: Input(shape[1:], name=name) for name, shape in shapes.items()}
        elif isinstance(shapes, list):
            inputs = [Input(shape[1:]) for shape in shapes]
        else:
            inputs = Input(tuple(shapes)[1:])
        self._connect(inputs, run_call(self, inputs))
        if not self._trainable:
            self.trainable = False

    def _build_from(self, x: Any) -> None:
        if self.composes and not self.inputs:
            self._ensure_built(_shapes_of(x))
            self._after_building()
        else:
            super()._build_from(x)

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
        """The symbolic output, or a list or dictionary of them."""
        return self.by_output(self.outputs if len(self.outputs) > 1 else self.outputs[0])

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,  # noqa: ARG002
        print_fn: Callable[[str], object] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,  # noqa: ARG002
    ) -> None:
        """Print a table of the layers, their output shapes and their numbers of weights.

        Parameters
        ----------
        line_length : int, default 80
            Width of the table in characters.
        positions, layer_range : object
            Accepted for compatibility with Keras, without effect.
        print_fn : callable, optional
            Function of a line; by default `print`.
        expand_nested : bool, default False
            Whether to list the layers of models inside the model as well.
        show_trainable : bool, default False
            Whether to mark the layers that training does not change.
        """
        from nnlite.summary import summary_lines

        for line in summary_lines(self, line_length or 80, expand_nested, show_trainable):
            (print_fn or print)(line)

    def _repr_html_(self) -> str:
        """Return a picture of the layers, for notebooks."""
        from nnlite.utils.diagrams import network_svg

        count = sum(weight.size for weight in self.weights)
        return f"<p><strong>{type(self).__name__}</strong>, {count:,} weights</p>{network_svg(self)}"

    def save(self, filepath: Any, overwrite: bool = True) -> None:
        """Save the model to a file: layers, weights and the state of training.

        Parameters
        ----------
        filepath : str or path
            Name of the file. A name that ends in ``.keras`` gives a file for Keras 3, which needs h5py (the extra
            ``keras-files``); any other one nnlite's own format, ``.npz``. Without h5py all files have the latter, and
            a warning says so.
        overwrite : bool, default True
            Whether to replace an existing file.

        Raises
        ------
        ValueError
            If a file for Keras is asked for and Keras has no such layer, loss or metric.

        See Also
        --------
        nnlite.models.load_model : Load the model.
        """
        from nnlite.models.files import save_model

        save_model(self, filepath, overwrite)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Save the weights to a file, without layers and optimizer; as ``.weights.h5`` it is one of Keras 3."""
        from nnlite.models.files import save_weights

        save_weights(self, filepath, overwrite)

    def load_weights(self, filepath: Any) -> None:
        """Load weights from a file of a model with the same layers: of `save_weights`, of `save`, or of Keras 3."""
        from nnlite.models.files import load_weights

        load_weights(self, filepath)

    def export(
        self,
        filepath: Any,
        format: str = "onnx",
        verbose: Any = None,  # noqa: ARG002
        *,
        int8: bool = False,
    ) -> None:
        """Write the computation at inference for other programs: as an ONNX file, or as a program in C.

        An ONNX file holds operations of opset 13 with float32 weights, and loads in ONNX Runtime since 1.6 (2020).
        Inputs and outputs have the names and shapes of the model's, with any number of rows, and the channels last;
        they are float32, also those of a float64 model. The package ``onnx`` is needed to write the file, not to import
        nnlite.

        Parameters
        ----------
        filepath : str or path
            Name of the file.
        format : {"onnx"}, default "onnx"
            Format of the file.
        verbose : object, optional
            Accepted for compatibility with Keras, without effect.
        int8 : bool, default False
            In C, whether the weights of `Dense` layers are whole numbers of 8 bits, a quarter of the memory.

        Raises
        ------
        ImportError
            If the package ``onnx`` is not installed: it is the extra ``nnlite-anomaly[onnx]``.
        nnlite.export.NotExportable
            If a layer has no counterpart in the format, such as `Masking`: the error names it, and says what to do.
        ValueError
            If the format is another one, a name does not fit it, or the shapes of the inputs are not known yet.

        Notes
        -----
        Results differ from those of `predict` by rounding, about 1e-6 of the largest value. The operations for
        recurrent layers compute their gates by functions of the runtime: ONNX Runtime's sigmoid function has absolute
        errors up to 1.7e-7, and is 0 from -18 down.

        References
        ----------
        Open Neural Network Exchange, https://onnx.ai/onnx/operators/.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> from nnlite.layers import Dense, Input
        >>> from nnlite.models import Sequential
        >>> model = Sequential([Input((4,)), Dense(2, activation="relu")])
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> model.export(folder / "model.onnx")  # doctest: +SKIP
        >>> model.export(folder / "net.c", format="c")
        >>> sorted(path.name for path in folder.glob("net.*"))
        ['net.c', 'net.h']
        """
        if format not in ("onnx", "c"):
            raise ValueError(
                f"export: format must be 'onnx' or 'c'; found {format!r}. Model.save writes nnlite's own format"
            )
        if format == "c":
            from nnlite.export.c import export_c

            export_c(self, filepath, int8)
            return
        if int8:
            raise ValueError("export: int8 is for format='c'; an ONNX file has float32 weights")
        from nnlite.export import export_onnx

        export_onnx(self, filepath)

    def to_json(self, **settings: Any) -> str:
        """Return the configuration of the model as JSON text, without weights, for `nnlite.models.model_from_json`.

        Parameters
        ----------
        **settings
            Arguments of `json.dumps`, such as ``indent=2``.
        """
        return json.dumps(serialize(self), **settings)

    def layers_of_config(self) -> list[Layer]:
        """Return the layers in the order of the configuration."""
        return list(self._all_layers)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration of the graph; for a class with ``call`` the arguments of `Model`."""
        if self.composes:
            return {"name": self.name, "trainable": self.trainable, "dtype": self.dtype.name}
        return self.stored_config()

    def stored_config(self) -> dict[str, Any]:
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
            **({"names_outputs": True} if self._names_outputs else {}),
            **ties_entry(self._all_layers),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Model:
        """Return a model with the configuration that `get_config` returned, and with new weights.

        Parameters
        ----------
        config : dict
            The configuration.
        custom_objects : mapping of str to class, optional
            Classes of one's own by their names in the configuration.

        Raises
        ------
        ValueError
            If the configuration is not that of a graph.
        """
        if "nodes" not in config and hasattr(cls, "call"):
            # As in Keras, the arguments of a class with a method call.
            return cls(**config)
        with custom_object_scope(custom_objects or {}):
            return cls._from_graph(config)

    @classmethod
    def _from_graph(cls, config: dict[str, Any]) -> Model:
        made = [one if isinstance(one, Layer) else registry.get(one) for one in config["layers"]]
        layers = {layer.name: layer for layer in made}
        tensors: dict[int, SymbolicTensor] = {}
        for node in config["nodes"]:
            layer = layers[node["layer"]]
            if isinstance(layer, InputLayer):
                results = layer.output
            elif node["takes_list"]:
                results = layer([tensors[number] for number in node["inputs"]])
            else:
                results = layer(tensors[node["inputs"][0]])
            # Files of Keras tell of the last outputs only if they are used.
            for number, tensor in zip(node["outputs"], flat_values(results), strict=False):
                tensors[number] = tensor
        inputs = OrderedDict((name, tensors[number]) for name, number in config["inputs"])
        outputs = OrderedDict((name, tensors[number]) for name, number in config["outputs"])
        tie(made, config.get("ties", []))
        model = Model(inputs, outputs, name=config["name"])
        model.set_names_outputs(config.get("names_outputs", False))
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


def _shapes_of(inputs: Any) -> Any:
    """Return the shape of an input, or those of several in their list or mapping."""
    if isinstance(inputs, Mapping):
        return {name: _shapes_of(one) for name, one in inputs.items()}
    if isinstance(inputs, (list, tuple)) and inputs and hasattr(inputs[0], "shape"):
        return [tuple(one.shape) for one in inputs]
    return tuple(inputs.shape) if hasattr(inputs, "shape") else np.shape(inputs)


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


def _config_of(names: list[str], tensors: list[SymbolicTensor], numbers: dict[int, int]) -> list[list[Any]]:
    return [[name, numbers[id(tensor)]] for name, tensor in zip(names, tensors, strict=True)]
