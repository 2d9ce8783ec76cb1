"""Base class of all layers: weights, a forward pass and a backward pass.

A layer keeps no state between calls: the forward pass returns the values that the backward pass needs as `cache`. So a
layer can be used several times in one network, or by several threads at once.

A custom layer derives from `Layer` and defines three methods::

    build(input_shape) -> output_shape       declare the weights with add_weight
    forward(x, training) -> (y, cache)       compute
    backward(dy, cache) -> dx                write the gradients of the weights, return that of the input
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from nnlite import config, initializers, regularizers
from nnlite.eager import as_tensor, masks_of, with_masks
from nnlite.graph import Node, SymbolicTensor, is_symbolic
from nnlite.layers.arguments import as_constraint, as_declared, noting
from nnlite.layers.composition import compose, compose_with, takes_further_arguments
from nnlite.layers.tracking import in_keras_order, note, tracked_layers, tracked_weights
from nnlite.layers.variable_names import VariableNames
from nnlite.naming import snake_case, unique_name
from nnlite.registry import Registry, serialize
from nnlite.traces import as_constant, is_training, open_trace
from nnlite.types import Array, Shape
from nnlite.validation import is_integer
from nnlite.weights import Weight


class Layer(VariableNames):
    """Base of all layers.

    Parameters
    ----------
    name : str, optional
        Name within a model; by default that of the class with a number.
    dtype : {"float32", "float64"}, optional
        Dtype of weights and outputs; by default `nnlite.config.floatx`.
    trainable : bool, default True
        Whether training changes the weights; see the attribute.
    activity_regularizer : str or Regularizer, optional
        Penalty on the output, divided by the number of rows, that joins the loss.
    input_shape : tuple of int, optional
        Shape of one record, for the first layer of a `Sequential` without an `Input`.
    input_dim : int, optional
        Shorthand for ``input_shape=(input_dim,)``.

    Attributes
    ----------
    weights : list of Weight
        All weights in the order of Keras.
    trainable : bool
        Whether training changes the weights. Assignment sets it for all layers inside as well, built or not, but not
        for layers added later. Call ``compile`` again after changing it.
    """

    merges: ClassVar[bool] = False
    """Whether the layer takes a list of tensors, as `Add` does."""

    takes_mask: ClassVar[bool] = False
    """Whether `forward` has an argument `mask`, True for the valid steps of a series; see `Masking`."""

    def __init_subclass__(cls, **settings: Any) -> None:
        """Let `build` note that it has run, for `built`."""
        super().__init_subclass__(**settings)
        if "build" in cls.__dict__:
            cls.build = noting(cls.__dict__["build"])  # type: ignore[method-assign, assignment]

    def __init__(
        self,
        *,
        name: str | None = None,
        dtype: str | None = None,
        trainable: bool = True,
        activity_regularizer: str | regularizers.Regularizer | None = None,
        input_shape: Sequence[int | None] | None = None,
        input_dim: int | None = None,
    ) -> None:
        self.name = name if name is not None else unique_name(snake_case(type(self).__name__))
        self.dtype = config.check_float_type(dtype or config.floatx())
        self.activity_regularizer = regularizers.get(activity_regularizer)
        # A single number is the size of a vector, as in Keras.
        first: Any = (input_dim,) if input_dim is not None else input_shape
        self.first_input_shape: Shape | None = None if not first else (first,) if is_integer(first) else tuple(first)
        self.nodes: list[Node] = []
        self._weights: dict[str, Weight] = {}
        self.constraints: dict[str, Any] = {}
        self._trainable = trainable
        # Without a `build` of its own there is nothing to declare.
        self._built = type(self).build is Layer.build

    @property
    def built(self) -> bool:
        """Whether `build` has declared the weights, or there are none to declare."""
        return self._built

    # -- methods that a layer defines ----------------------------------------------------------

    def build(self, input_shape: Any) -> Any:
        """Declare the weights for inputs of `input_shape`; return the shape of the output.

        Parameters
        ----------
        input_shape : tuple of int or None
            Shape of the input, rows first (None: any number of rows); a list of shapes for several inputs.

        Returns
        -------
        tuple of int or None
            Shape of the output. Calling `build` again only checks that the weights fit.
        """
        return input_shape

    def forward(self, x: Any, training: bool = False) -> tuple[Any, Any]:
        """Compute the output; return it and the cache, an argument of `backward`."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward(x, training)")

    def backward(self, dy: Any, cache: Any) -> Any:
        """Write the gradients of the weights; return the gradient of the input.

        Parameters
        ----------
        dy : ndarray
            Derivative of the loss with respect to the output.
        cache : object
            Second result of `forward`.

        Returns
        -------
        ndarray
            Derivative of the loss with respect to the input.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define backward(dy, cache)")

    def compute_mask(self, x: Any, mask: Any = None, y: Any = None) -> Any:
        """Return the mask of the output for the next layers.

        By default the mask of the input, if the output has the same rows and steps, else None.

        Parameters
        ----------
        x, y : ndarray, or list of ndarray
            Input and output of `forward`; without y, the output is taken to have the shape of the input.
        mask : ndarray of bool, shape (rows, steps), or None, or a list of them
            Mask of each input: True for valid steps. None: all are valid.

        Returns
        -------
        ndarray of bool, or None, or a list of them
            Mask of each output.
        """
        if isinstance(mask, list):
            # Of several inputs, a step is valid if it is in any of them.
            mask = None if any(one is None for one in mask) else np.logical_or.reduce(mask)
        if isinstance(y, list):
            return [_fitting(mask, one) for one in y]
        return _fitting(mask, (x[0] if isinstance(x, list) else x) if y is None else y)

    def activity_penalty(self, cache: Any) -> float:  # noqa: ARG002
        """Return the penalty of the layer's own, such as a divergence, whose derivative `backward` adds to dx.

        The penalty of `activity_regularizer` is not included.

        Parameters
        ----------
        cache : object
            Second result of `forward`.
        """
        return 0.0

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON values."""
        settings: dict[str, Any] = {"name": self.name, "dtype": self.dtype.name}
        if not self._trainable:
            settings["trainable"] = False
        if self.activity_regularizer is not None:
            settings["activity_regularizer"] = serialize(self.activity_regularizer)
        settings.update((argument, serialize(one)) for argument, one in self.constraints.items())
        return settings

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        """Return a layer with the configuration that `get_config` returned."""
        # Not every constructor takes `trainable`. Layers inside have values of their own.
        settings = dict(config)
        trainable = settings.pop("trainable", True)
        layer = cls(**settings)
        layer.set_own_trainable(trainable)
        return layer

    # -- weights -------------------------------------------------------------------------------

    def add_weight(
        self,
        name: Any = None,
        shape: Any = None,
        initializer: str | initializers.Initializer | None = "glorot_uniform",
        regularizer: str | regularizers.Regularizer | None = None,
        trainable: bool = True,
        constraint: Any = None,
        **_: Any,
    ) -> Weight:
        """Declare a weight; called by `build`.

        Parameters
        ----------
        name : str, optional
            Name in the layer. A shape in its place is taken as well, followed by the initializer, as in Keras.
        shape : tuple of int, default ()
            Shape; an int is the size of a vector.
        initializer : str, Initializer or None, default "glorot_uniform"
            Source of the initial values.
        regularizer : str or Regularizer, optional
            Penalty on the values.
        trainable : bool, default True
            Whether training changes the values.
        constraint : str or callable, optional
            What holds the values within bounds.
        **_
            ``dtype`` and others of Keras's arguments, without effect: the dtype is that of the layer.

        Raises
        ------
        ValueError
            If the layer has been built for inputs of another size.
        """
        name, shape, initializer = as_declared(self, name, shape, initializer)
        known = self._weights.get(name)
        if known is not None:
            if known.shape != shape:
                raise ValueError(
                    f"layer {self.name!r} was built with {name} of shape {known.shape}; this input needs "
                    f"{shape}. Use another layer for inputs of another size"
                )
            return known
        penalty = regularizers.get(regularizer)
        weight = Weight(name, shape, self.dtype, initializers.get(initializer), penalty, trainable)
        weight.trainable = trainable and self._trainable
        argument = f"{name.removesuffix('_kernel')}_constraint"
        weight.constraint = self.constraints.get(argument) if constraint is None else as_constraint(constraint)
        self._weights[name] = weight
        if hasattr(type(self), "call"):
            note(self, weight)
        return weight

    @property
    def weights(self) -> list[Weight]:
        """All weights in the order of Keras: those of the layer itself, then those of each layer inside.

        The layer's own weights are those that train, then the others. The layers inside of a class with ``call`` are in
        the order in which they became its attributes.
        """
        return in_keras_order([*tracked_weights(self), *self._weights.values()], self.sublayers())

    @property
    def stored_weights(self) -> list[Weight]:
        """All weights in the order of nnlite's files and of weight vectors: trainable kinds first."""
        inner = [weight for layer in self.sublayers() for weight in layer.stored_weights]
        return sorted([*self._weights.values(), *inner], key=lambda weight: not weight.learned)

    @property
    def trainable_weights(self) -> list[Weight]:
        """The weights that training changes; none for a frozen layer."""
        return [weight for weight in self.weights if self._trainable and weight.trainable]

    @property
    def non_trainable_weights(self) -> list[Weight]:
        """The weights that training does not change through their gradient."""
        return [weight for weight in self.weights if not (self._trainable and weight.trainable)]

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self.set_own_trainable(value)
        for layer in [*self.sublayers(), *tracked_layers(self)]:
            layer.trainable = value

    def set_own_trainable(self, value: bool) -> None:
        """Set `trainable` for the layer's own weights, without the layers inside."""
        self._trainable = bool(value)
        for weight in self._weights.values():
            weight.trainable = self._trainable and weight.learned

    def sublayers(self) -> Sequence[Layer]:
        """Return the layers inside this one: for a layer that composes others, those that are its attributes."""
        return tracked_layers(self) if self.composes else ()

    def allocate_gradients(self) -> None:
        """Set the gradients of all weights to zero."""
        for weight in self.weights:
            weight.gradient[...] = 0

    # -- calling -------------------------------------------------------------------------------

    def __call__(self, inputs: Any, *further: Any, training: Any = None, mask: Any = None, **named: Any) -> Any:
        """Add the layer to a graph, or apply it to arrays.

        A subclass that defines ``call(inputs)`` composes other layers: on symbolic tensors its layers become part of
        the graph.

        Parameters
        ----------
        inputs : SymbolicTensor, ndarray, or a list of either
            With symbolic tensors, the call adds a node to the graph and returns symbolic tensors; with arrays, it
            computes the output.
        training : bool, default False
            Whether dropout, noise and batch normalization behave as in training.
        mask : ndarray of bool, shape (rows, steps), optional
            True for valid steps, if a layer with `takes_mask` is applied to arrays; by default that which `Masking` or
            `Embedding` gave the arrays. In a graph, masks come from these layers.
        *further, **named
            Other arguments of ``call``, if the layer defines it: ``block(x, context)``. Otherwise the second argument
            is `training`, or if it is an array the mask, as in Keras.

        Returns
        -------
        SymbolicTensor, or ndarray with the method `numpy`, or a list of either
            The output.

        Raises
        ------
        TypeError
            If a mask is passed to a layer without `takes_mask`, or `training` is something else.
        ValueError
            If inputs or a mask do not fit, or a mask is passed in a graph.
        """
        if self.composes and (len(further) > 1 or takes_further_arguments(self)):
            said = {"training": training, "mask": mask}
            named = {**named, **{name: value for name, value in said.items() if value is not None}}
            return compose_with(self, [inputs, *further], named, is_training())
        if named or len(further) + (training is not None) > 1:
            raise TypeError(
                f"layer {self.name!r} ({type(self).__name__}) is called with inputs, training and mask; found "
                f"{', '.join(named) or 'more arguments'}"
            )
        training, mask = self._training_and_mask(further[0] if further else training, mask)
        if self.composes:
            return compose(self, inputs, training)
        self._check_arity(inputs)
        if is_symbolic(inputs):
            self._check_no_mask_in_graph(mask)
            return self._call_symbolic(inputs)
        if isinstance(inputs, (list, tuple)) and self._takes_list:
            arrays: Any = [np.asarray(array, self.dtype) for array in inputs]
            self.build([array.shape for array in arrays])
        else:
            arrays = np.asarray(inputs, self.dtype)
            self.build(arrays.shape)
            if open_trace() is not None and self.weights:
                # In a method call that becomes a graph, its weights are trained on what was not computed from inputs.
                return self._call_symbolic(as_constant(arrays, self.dtype.name))
        mask = masks_of(inputs) if mask is None else self._checked_mask(mask, arrays)
        y, cache = self.forward(arrays, training, **({"mask": mask} if mask is not None and self.takes_mask else {}))
        if self.activity_regularizer is not None:
            self._called_penalty = self.activity_regularizer(y) / max(len(y), 1)
        elif type(self).activity_penalty is not Layer.activity_penalty:
            self._called_penalty = self.activity_penalty(cache)
        return with_masks(as_tensor(y), self.compute_mask(arrays, mask, y))

    def _training_and_mask(self, training: Any, mask: Any) -> tuple[bool, Any]:
        """Return both arguments of a call, where a second argument that is an array stands for the mask."""
        if training is not None and not isinstance(training, (bool, np.bool_, int)):
            if mask is not None or not hasattr(training, "__len__"):
                raise TypeError(
                    f"layer {self.name!r} ({type(self).__name__}): training must be True or False; found "
                    f"{type(training).__name__}"
                )
            training, mask = None, training
        if mask is not None and not self.takes_mask:
            raise TypeError(
                f"layer {self.name!r} ({type(self).__name__}) takes no mask: it treats all steps alike; call "
                "it without mask="
            )
        return is_training() if training is None else bool(training), mask

    @property
    def composes(self) -> bool:
        """Whether the layer defines ``call``, which composes other layers, in place of `forward`."""
        return hasattr(type(self), "call") and type(self).forward is Layer.forward

    def _check_no_mask_in_graph(self, mask: Any) -> None:
        if mask is not None:
            raise ValueError(f"layer {self.name!r}: in a graph masks come from a Masking layer; found mask= in a call")

    def _checked_mask(self, mask: Any, x: Array) -> Array:
        """Return a mask as an array of bool with a value for each row and step of x."""
        valid = np.asarray(mask, bool)
        steps = x.shape[:2] if x.ndim > 2 else x.shape[:1]
        if valid.shape not in (steps, x.shape[:-1]):
            raise ValueError(
                f"layer {self.name!r}: mask must have one value per row and step, shape {steps}; found {valid.shape}"
            )
        return valid

    @property
    def _takes_list(self) -> bool:
        return self.merges

    def _check_arity(self, inputs: Any) -> None:
        several = isinstance(inputs, (list, tuple)) and is_symbolic(inputs)
        if several and not self._takes_list and len(inputs) > 1:
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}) takes one input; found {len(inputs)}. "
                "Join them first, with Concatenate or Add"
            )
        if self.merges and not isinstance(inputs, (list, tuple)):
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}) takes a list of inputs; found {type(inputs).__name__}"
            )

    def _call_symbolic(self, inputs: Any) -> Any:
        if isinstance(inputs, (list, tuple)) and not self._takes_list:
            (inputs,) = inputs
        takes_list = isinstance(inputs, (list, tuple))
        tensors = tuple(inputs) if takes_list else (inputs,)
        for tensor in tensors:
            if not isinstance(tensor, SymbolicTensor):
                raise TypeError(
                    f"layer {self.name!r} was called with symbolic tensors and {type(tensor).__name__} together"
                )
        shape = self.build([t.shape for t in tensors] if takes_list else inputs.shape)
        gives_list = isinstance(shape, list)
        node = Node(self, tensors, takes_list, gives_list)
        shapes = shape if gives_list else [shape]
        row_free = all(tensor.row_free for tensor in tensors) or () in shapes
        node.outputs = tuple(SymbolicTensor(tuple(one), self.dtype, node, row_free) for one in shapes)
        self.nodes.append(node)
        return list(node.outputs) if gives_list else node.outputs[0]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the output for inputs of shape `input_shape`."""
        return self.build(input_shape)

    @property
    def input(self) -> Any:
        """The symbolic input of the layer's first use."""
        node = self._first_node()
        return list(node.inputs) if node.takes_list else node.inputs[0]

    @property
    def output(self) -> Any:
        """The symbolic output of the layer's first use."""
        node = self._first_node()
        return list(node.outputs) if node.gives_list else node.outputs[0]

    def _first_node(self) -> Node:
        if not self.nodes:
            raise ValueError(
                f"layer {self.name!r} has not been called on a symbolic tensor yet, so it has no input or output"
            )
        return self.nodes[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name!r}>"


def _fitting(mask: Array | None, y: Array) -> Array | None:
    """Return the mask if it has a value for each row and step of y, else None."""
    return mask if mask is not None and y.ndim > 2 and y.shape[:2] == mask.shape else None


registry: Registry[Layer] = Registry("layer", Layer)
