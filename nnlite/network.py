r"""Networks: graphs of layers, with the forward and the backward pass of backpropagation.

`Network.run` computes the layers in an order in which each comes after all it depends on; `Network.backward` visits
them in reverse order. Each layer knows its own derivative, so this is all of backpropagation. For layers
:math:`h_k = f_k(h_{k-1})`, where :math:`h_0 = x` and the last output enters the loss L:

.. math::

    dh_{k-1} = \frac{\partial f_k}{\partial h_{k-1}}^{\!\top} dh_k, \qquad
    dw_k = \frac{\partial f_k}{\partial w_k}^{\!\top} dh_k, \qquad
    \text{where } dh_k = \frac{\partial L}{\partial h_k}

and where a tensor is the input of several layers, its derivative is the sum of theirs. Without masks, shared layers and
penalties, the two loops are::

    for step in steps:
        y, cache = step.layer.forward(step.gather(values))
        step.store(values, y)

    for step in reversed(steps):
        dx = step.layer.backward(dy, cache)
        step.accumulate(gradients, dx)

A mask marks the valid steps of a series and follows the values: `Masking` creates it, layers with `takes_mask` receive
it, and `Layer.compute_mask` returns that of the output. The gradients of a layer with several uses add up
(`_backward`). Penalties on outputs add to their derivatives (`_add_penalties`).

References
----------
Rumelhart, Hinton & Williams, "Learning representations by back-propagating errors", Nature 323 (1986); Goodfellow,
Bengio & Courville, *Deep Learning* (2016), section 6.5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, cast

import numpy as np

from nnlite.data import as_list
from nnlite.graph import (
    Node,
    check_connected,
    layers_by_depth,
    topological_order,
    whole_producer,
)
from nnlite.layers.base import Layer
from nnlite.layers.input import InputLayer
from nnlite.layers.tracking import each_once
from nnlite.names_in_graphs import check_names, named_tensors
from nnlite.steps import Step, accumulate, layer_of
from nnlite.types import Array
from nnlite.weights import Weight, WeightVector


class Network(Layer):
    """A graph of layers that is itself a layer: `Model` without training and files.

    Parameters
    ----------
    inputs, outputs : SymbolicTensor, or a list or mapping of them
        Tensors that the graph begins with, and tensors that it computes.
    name : str, optional
        Name of the network.

    Attributes
    ----------
    steps : list of Step
        Uses of layers in the order of computation.
    n_tensors : int
        Number of tensors in the graph; the inputs come first.
    output_indices : list of int
        Indices of the outputs among all tensors.
    """

    volatile: ClassVar[tuple[str, ...]] = (
        "_vector",
        "steps",
        "output_indices",
        "_tensors",
        "_whole_layers",
        "inputs",
        "outputs",
        "_names_outputs",
    )
    """Attributes that compiled programs need not compare: the vector says where weights are, and steps are planned anew
    only when the layers change; see `nnlite.engine.runtime.staleness`."""

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
        super().__init__(name=name)
        self._connect(inputs, outputs)

    def _connect(self, inputs: Any, outputs: Any) -> None:
        """Find the layers between the inputs and the outputs, and plan the steps."""
        self._input_names, self.inputs = named_tensors(inputs, "inputs")
        self._output_names, self.outputs = named_tensors(outputs, "outputs")
        self._names_outputs = isinstance(outputs, Mapping)
        for tensor in self.inputs:
            if not isinstance(tensor.node.layer, InputLayer):
                raise ValueError(
                    f"the inputs of a model must come from Input(...); found the output of layer {tensor.name!r}"
                )
        nodes = topological_order(self.outputs)
        check_connected(nodes, self.inputs, model_name=self.name)
        self._all_layers = cast(list[Layer], layers_by_depth(self.outputs, nodes))
        self._whole_layers = self._layers_as_wholes()
        check_names(self._all_layers, self._whole_layers, self.name)
        self._plan(nodes)
        self._vector: WeightVector | None = None
        stored = self.stored_weights
        self.dtype = stored[0].dtype if stored else self.inputs[0].dtype

    _names_outputs = False

    def set_names_outputs(self, value: bool) -> None:
        """Set whether results are dictionaries by the names of the outputs."""
        self._names_outputs = bool(value)

    def by_output(self, results: Any) -> Any:
        """Return results by the names of the outputs, if the outputs were given so."""
        return dict(zip(self._output_names, as_list(results), strict=True)) if self._names_outputs else results

    def _plan(self, nodes: Sequence[Node]) -> None:
        """Assign an index to each tensor, the inputs first, and plan a step for each use of a layer."""
        indices: dict[int, int] = {}
        for tensor in [*self.inputs, *(t for node in nodes for t in node.outputs)]:
            indices.setdefault(id(tensor), len(indices))
        self.n_tensors = len(indices)
        self.output_indices = [indices[id(tensor)] for tensor in self.outputs]
        self.steps = _plan_steps(nodes, indices)

    # -- the forward and the backward pass -----------------------------------------------------

    def forward(self, x: Any, training: bool = False, mask: Any = None) -> tuple[Any, Any]:
        """Compute the outputs, layer by layer.

        Parameters
        ----------
        x : ndarray, or list of ndarray
            One array per input.
        training : bool, default False
            Whether dropout, noise and batch normalization behave as in training.
        mask : ndarray of bool, shape (rows, steps), or a list of them, optional
            True for the valid steps of each input.

        Returns
        -------
        y : ndarray, or list of ndarray
            One array per output.
        cache : list
            Argument of `backward`: for every step the layer's cache, and its outputs if they are penalized.
        """
        y, cache, _ = self.run(x, training, mask)
        return y, cache

    def run(self, x: Any, training: bool = False, mask: Any = None) -> tuple[Any, Any, Any]:
        """Compute what `forward` does, and the masks of the outputs.

        Parameters
        ----------
        x, training, mask : ndarray, or list of ndarray, bool
            As for `forward`.

        Returns
        -------
        y, cache : ndarray, or list of ndarray
            As of `forward`.
        mask : ndarray of bool or None, or a list of them
            True for the valid steps of each output; None: all are valid.
        """
        values, masks = self._store_inputs(x), self._store_inputs(mask)
        cache = []
        for step in self.steps:
            y, layer_cache, y_mask = run_layer(step.layer, step.gather(values), training, step.gather(masks))
            ys = step.store(values, y)
            if y_mask is not None:
                step.store(masks, y_mask)
            cache.append((layer_cache, ys if step.needs_output else None))
        return self._gather_outputs(values), cache, self._gather_outputs(masks)

    def backward(self, dy: Any, cache: Any) -> Any:
        """Compute all derivatives, layer by layer in reverse order.

        The derivatives of a tensor with several uses add up; so do the gradients of a layer with several uses.

        Parameters
        ----------
        dy : ndarray, or list of ndarray or None
            Derivative of the loss with respect to each output.
        cache : list
            Second result of `forward`.

        Returns
        -------
        ndarray, or list of ndarray
            Derivative of the loss with respect to each input.
        """
        gradients: list[Any] = [None] * self.n_tensors
        accumulate(gradients, self.output_indices, dy if len(self.outputs) > 1 else [dy])
        for weight in self._shared_weights():
            weight.gradient[...] = 0
        for step, (layer_cache, ys) in zip(reversed(self.steps), reversed(cache), strict=True):
            dys = _add_penalties(step, [gradients[i] for i in step.outputs], ys)
            if _needs_backward(step.layer, dys):
                step.accumulate(gradients, _backward(step, dys, layer_cache))
            elif not step.shared:
                # The loss does not depend on this step: its gradients are zero.
                step.layer.allocate_gradients()
        results = gradients[: len(self.inputs)]
        return results if self._takes_list else results[0]

    def _store_inputs(self, x: Any) -> list[Any]:
        """Return the list of the values of all tensors, with those of the inputs filled in."""
        values: list[Any] = [None] * self.n_tensors
        if x is not None:
            values[: len(self.inputs)] = x if self._takes_list else [x]
        return values

    def _gather_outputs(self, values: Sequence[Any]) -> Any:
        """Return the value of the output, or the list of those of the outputs."""
        results = [values[i] for i in self.output_indices]
        return results if len(results) > 1 else results[0]

    def _shared_weights(self) -> Iterator[Weight]:
        for step in self.steps:
            if step.shared:
                yield from step.layer.weights

    def activity_penalty(self, cache: Any) -> float:
        """Return the penalties on the outputs of all layers, divided by the number of rows, and layers' own ones."""
        total = 0.0
        for step, (layer_cache, ys) in zip(self.steps, cache, strict=True):
            regularizer = step.layer.activity_regularizer
            if regularizer is not None:
                total += sum(regularizer(y) / len(y) for y in ys)
            total += step.layer.activity_penalty(layer_cache)
        return total

    @property
    def _takes_list(self) -> bool:
        return len(self.inputs) > 1

    def build(self, input_shape: Any) -> Any:
        """Compute the shapes of all tensors.

        Parameters
        ----------
        input_shape : tuple, or list of tuple
            Shape of each input, rows first.

        Returns
        -------
        tuple, or list of tuple
            Shape of each output.
        """
        shapes = self._store_inputs(input_shape)
        for step in self.steps:
            step.store(shapes, step.layer.build(step.gather(shapes)))
        return self._gather_outputs(shapes)

    # -- weights -------------------------------------------------------------------------------

    def _layers_as_wholes(self) -> list[Layer]:
        """Return the layers as Keras lists them: one with a method ``call`` in place of those that it composes."""
        nodes = topological_order(self.outputs, whole_producer)
        return cast(list[Layer], layers_by_depth(self.outputs, nodes, whole_producer))

    @property
    def graph_layers(self) -> list[Layer]:
        """The layers that compute, each once, those nearest to the inputs first."""
        return list(self._all_layers)

    @property
    def layers(self) -> list[Layer]:
        """The layers, each once, those nearest to the inputs first; one with a method ``call`` is one of them."""
        return list(self._whole_layers)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by its name or its index in `layers`.

        Raises
        ------
        ValueError
            If there is no such layer, or not exactly one of the arguments is given.
        """
        if (name is None) == (index is None):
            raise ValueError("get_layer takes either a name or an index")
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ValueError(f"model {self.name!r} has {len(self.layers)} layers; found index={index}")
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(f"model {self.name!r} has no layer {name!r}; it has {[layer.name for layer in self.layers]}")

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs, in their order."""
        return list(self._input_names)

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs, in their order."""
        return list(self._output_names)

    @property
    def weights(self) -> list[Weight]:
        """The weights of all layers, each once, in the order of Keras."""
        return each_once([*(weight for layer in self.layers for weight in layer.weights), *self.stored_weights])

    @property
    def stored_weights(self) -> list[Weight]:
        """The weights of the layers that compute, in the order of nnlite's files and of weight vectors."""
        return each_once(weight for layer in self._all_layers for weight in layer.stored_weights)

    @property
    def stored_trainable_weights(self) -> list[Weight]:
        """The weights that training changes, in the order of `stored_weights`."""
        return [weight for weight in self.stored_weights if self._trainable and weight.trainable]

    def sublayers(self) -> list[Layer]:
        """Return all layers, the inputs included."""
        return self._all_layers

    @property
    def weight_vector(self) -> WeightVector:
        """The vector that holds all weights, and its layout."""
        if self._vector is None or not self._vector.holds(self.stored_weights, frozen=not self._trainable):
            self._vector = self._new_vector()
        return self._vector

    def _new_vector(self, values: Array | None = None, moves: bool = True) -> WeightVector:
        return WeightVector(self.stored_weights, values, moves=moves, frozen=not self._trainable, dtype=self.dtype)

    def adopt_weights(self, values: Array) -> None:
        """Set all weights to the values of a vector, in the order of `stored_weights`; no initial values are drawn."""
        self._vector = self._new_vector(values)

    def current_weights(self) -> WeightVector:
        """Return the vector of all weights for reading: a copy if they are parts of the vectors of other models.

        So reading does not move weights away from another model during its training.
        """
        weights = self.stored_weights
        if self._vector is not None and self._vector.keeps(weights):
            return self._vector
        alone = all(weight.alone for weight in weights)
        vector = self._new_vector(moves=alone)
        if alone:
            self._vector = vector
        return vector

    @property
    def parameters(self) -> Array:
        """All weights in one vector, trainable ones first; the weights of layers are views of it."""
        return self.weight_vector.values

    @property
    def gradients(self) -> Array:
        """The gradient vector, of the same shape as `parameters`."""
        return self.weight_vector.gradients


def _plan_steps(nodes: Sequence[Node], indices: Mapping[int, int]) -> list[Step]:
    """Return the steps of a graph in topological order; `indices` maps the `id` of a tensor to its index."""
    n_uses: dict[int, int] = {}
    for node in nodes:
        for part in _parts(layer_of(node)):
            n_uses[part] = n_uses.get(part, 0) + 1
    return [
        Step(
            layer_of(node),
            [indices[id(tensor)] for tensor in node.inputs],
            [indices[id(tensor)] for tensor in node.outputs],
            node.takes_list,
            node.gives_list,
            shared=any(n_uses[part] > 1 for part in _parts(layer_of(node))),
            has_own_penalty=_has_own_penalty(layer_of(node)),
        )
        for node in nodes
        if node.inputs
    ]


def _parts(layer: Layer) -> set[int]:
    """Return what identifies a layer: itself or the layers inside, and their weights, which other layers may use."""
    inner = _innermost_layers(layer)
    return {id(one) for one in inner} | {id(weight) for one in inner for weight in one.weights}


def _innermost_layers(layer: Layer) -> list[Layer]:
    """Return the layer, or the layers inside a model or a wrapper, at all depths."""
    inner = layer.graph_layers if isinstance(layer, Network) else getattr(layer, "layers", None)
    return [layer] if inner is None else [found for one in inner for found in _innermost_layers(one)]


def run_layer(layer: Layer, x: Any, training: bool, mask: Any) -> tuple[Any, Any, Any]:
    """Compute one layer, with the mask if it takes one; return its output, its cache and the mask of its output."""
    if isinstance(layer, Network):
        return layer.run(x, training, mask)
    is_masked = mask is not None and not (isinstance(mask, list) and all(one is None for one in mask))
    if is_masked and layer.takes_mask:
        y, cache = layer.forward(x, training, mask=mask)  # type: ignore[call-arg]
    else:
        y, cache = layer.forward(x, training)
    return y, cache, layer.compute_mask(x, mask, y)


def _backward(step: Step, dys: list[Any], layer_cache: Any) -> Any:
    """Run a layer's backward pass; add to the gradients of shared weights instead of overwriting them."""
    dy = dys if step.gives_list else dys[0]
    if not step.shared:
        return step.layer.backward(dy, layer_cache)
    before = [(weight, weight.gradient.copy()) for weight in step.layer.weights]
    dx = step.layer.backward(dy, layer_cache)
    for weight, gradient in before:
        weight.gradient[...] += gradient
    return dx


def _add_penalties(step: Step, dys: list[Any], ys: list[Array] | None) -> list[Any]:
    """Add the derivative of the activity penalty, :math:`dy + R'(y) / n`; replace None by zeros where it is needed."""
    if ys is None:
        return dys
    regularizer = step.layer.activity_regularizer
    if regularizer is not None:
        penalties = [regularizer.gradient(y) / y.dtype.type(len(y)) for y in ys]
        dys = [penalty if dy is None else dy + penalty for dy, penalty in zip(dys, penalties, strict=True)]
    # A penalty of the layer's own has a derivative even if no loss depends on the outputs; its `backward` adds it.
    if step.has_own_penalty or any(dy is not None for dy in dys):
        dys = [np.zeros_like(y) if dy is None else dy for dy, y in zip(dys, ys, strict=True)]
    return dys


def _needs_backward(layer: Layer, dys: Sequence[Any]) -> bool:
    """Return whether the loss depends on the layer: through its outputs, or through a penalty inside a network."""
    return isinstance(layer, Network) or any(dy is not None for dy in dys)


def _has_own_penalty(layer: Layer) -> bool:
    """Return whether the layer defines `activity_penalty`; a network adds those of its layers itself."""
    return not isinstance(layer, Network) and type(layer).activity_penalty is not Layer.activity_penalty
