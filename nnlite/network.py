"""The graph of layers at work: run forwards, and run backwards.

`forward` visits the layers in an order in which each comes after all it depends on; `backward` visits them in
reverse. That is all of backpropagation: each layer knows its own derivative, and the graph hands them on.

Beside the values, `run` hands on masks: which steps of a series count. They begin at a `Masking` layer; each layer
says by `compute_mask` what becomes of them, and those that skip steps (recurrent layers, means) are called with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np

from nnlite.data import as_list
from nnlite.graph import (
    Node,
    SymbolicTensor,
    check_connected,
    layers_by_depth,
    topological_order,
)
from nnlite.layers.base import Layer
from nnlite.layers.input import InputLayer
from nnlite.types import Array
from nnlite.weights import Weight, WeightVector


@dataclass
class _Step:
    """One node of the graph, with its tensors as places in a list of values."""

    layer: Layer
    inputs: list[int]
    outputs: list[int]
    takes_list: bool
    gives_list: bool
    shared: bool

    def gather(self, values: list[Any]) -> Any:
        return [values[i] for i in self.inputs] if self.takes_list else values[self.inputs[0]]


class Network(Layer):
    """A graph of layers that is itself a layer: what `Model` is, without training and files.

    Parameters
    ----------
    inputs, outputs : SymbolicTensor, or a list or mapping of them
        Where the graph begins, and what it computes.
    name : str, optional
        Its name.
    """

    volatile: ClassVar[tuple[str, ...]] = ("_vector", "_steps", "_output_places", "_tensors", "inputs", "outputs")
    """Compiled programs ask the vector where weights are, and the plan is made anew only where the layers change; see
    `nnlite.engine.runtime.staleness`."""

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
        super().__init__(name=name)
        self._begin(inputs, outputs)

    def _begin(self, inputs: Any, outputs: Any) -> None:
        self._input_names, self.inputs = _named_tensors(inputs, "inputs")
        self._output_names, self.outputs = _named_tensors(outputs, "outputs")
        for tensor in self.inputs:
            if not isinstance(tensor.node.layer, InputLayer):
                raise ValueError(
                    f"the inputs of a model must come from Input(...); found the output of layer {tensor.name!r}"
                )
        nodes = topological_order(self.outputs)
        check_connected(nodes, self.inputs, model_name=self.name)
        self._all_layers = cast(list[Layer], layers_by_depth(self.outputs, nodes))
        _check_names(self._all_layers, self.name)
        self._steps = self._plan(nodes)
        self._vector: WeightVector | None = None
        self.dtype = self.weights[0].dtype if self.weights else self.inputs[0].dtype

    def _plan(self, nodes: Sequence[Node]) -> list[_Step]:
        places: dict[int, int] = {}
        for tensor in [*self.inputs, *(t for node in nodes for t in node.outputs)]:
            places.setdefault(id(tensor), len(places))
        self._n_places = len(places)
        self._output_places = [places[id(tensor)] for tensor in self.outputs]
        users: dict[int, int] = {}
        for node in nodes:
            for layer in _leaves(layer_of(node)):
                users[id(layer)] = users.get(id(layer), 0) + 1
        return [
            _Step(
                layer_of(node),
                [places[id(tensor)] for tensor in node.inputs],
                [places[id(tensor)] for tensor in node.outputs],
                node.takes_list,
                node.gives_list,
                any(users[id(layer)] > 1 for layer in _leaves(layer_of(node))),
            )
            for node in nodes
            if node.inputs
        ]

    # -- the layer contract: a model is a layer ------------------------------------------------

    @property
    def _takes_list(self) -> bool:
        return len(self.inputs) > 1

    def build(self, input_shape: Any) -> Any:
        """Follow the shapes through the graph.

        Parameters
        ----------
        input_shape : tuple, or list of tuple
            Shape of each input, rows first.

        Returns
        -------
        tuple, or list of tuple
            Shape of each output.
        """
        shapes: list[Any] = [None] * self._n_places
        shapes[: len(self.inputs)] = input_shape if self._takes_list else [input_shape]
        for step in self._steps:
            shape = step.layer.build(step.gather(shapes))
            for place, one in zip(step.outputs, shape if step.gives_list else [shape], strict=True):
                shapes[place] = one
        results = [shapes[place] for place in self._output_places]
        return results if len(results) > 1 else results[0]

    def forward(self, x: Any, training: bool = False, mask: Any = None) -> tuple[Any, Any]:
        """Run the layers in order, each after all it depends on.

        Parameters
        ----------
        x : ndarray, or list of ndarray
            One array per input.
        training : bool, default False
            Handed to every layer.
        mask : ndarray of bool, shape (rows, steps), or a list of them, optional
            Which steps of each input count.

        Returns
        -------
        y : ndarray, or list of ndarray
            One array per output.
        cache : list
            For every step the layer's own cache, and its output where `backward` may need it.
        """
        y, cache, _ = self.run(x, training, mask)
        return y, cache

    def run(self, x: Any, training: bool = False, mask: Any = None) -> tuple[Any, Any, Any]:
        """Do what `forward` does, and return the outputs' masks as well.

        Parameters
        ----------
        x, training, mask : ndarray, or list of ndarray, bool
            As for `forward`.

        Returns
        -------
        y, cache : ndarray, or list of ndarray
            As of `forward`.
        mask : ndarray of bool or None, or a list of them
            Which steps of each output count; None: all.
        """
        values: list[Any] = [None] * self._n_places
        masks: list[Any] = [None] * self._n_places
        values[: len(self.inputs)] = x if self._takes_list else [x]
        if mask is not None:
            masks[: len(self.inputs)] = mask if self._takes_list else [mask]
        cache = []
        for step in self._steps:
            y, layer_cache, y_mask = _run_layer(step.layer, step.gather(values), training, step.gather(masks))
            ys = y if step.gives_list else [y]
            for place, one, own_mask in zip(step.outputs, ys, y_mask if step.gives_list else [y_mask], strict=True):
                values[place], masks[place] = one, own_mask
            needed = step.layer.activity_regularizer is not None or step.gives_list or _adds_to_loss(step.layer)
            cache.append((layer_cache, ys if needed else None))
        results = [values[place] for place in self._output_places]
        result_masks = [masks[place] for place in self._output_places]
        if len(results) > 1:
            return results, cache, result_masks
        return results[0], cache, result_masks[0]

    def backward(self, dy: Any, cache: Any) -> Any:
        """Run the layers in reverse, each handing the derivative on to what it depends on.

        Where a tensor goes several ways, the derivatives that come back from each of them add up; so do the
        gradients of a layer that is used more than once.

        Parameters
        ----------
        dy : ndarray, or list of ndarray or None
            Derivative of the loss by each output.
        cache : list
            What `forward` returned.

        Returns
        -------
        ndarray, or list of ndarray
            Derivative of the loss by each input.
        """
        gradients: list[Any] = [None] * self._n_places
        for place, gradient in zip(self._output_places, dy if len(self.outputs) > 1 else [dy], strict=True):
            _accumulate(gradients, place, gradient)
        for weight in self._shared_weights():
            weight.gradient[...] = 0
        for step, (layer_cache, ys) in zip(reversed(self._steps), reversed(cache), strict=True):
            dys = [gradients[place] for place in step.outputs]
            dys = _complete(step.layer, dys, ys)
            if all(dy is None for dy in dys) and not isinstance(step.layer, Network):
                # No loss looks at anything this step leads to. (Within a model there may still be penalties.)
                if not step.shared:
                    step.layer.allocate_gradients()
                continue
            dx = self._step_back(step, dys if step.gives_list else dys[0], layer_cache)
            for place, one in zip(step.inputs, dx if step.takes_list else [dx], strict=True):
                _accumulate(gradients, place, one)
        results = gradients[: len(self.inputs)]
        return results if self._takes_list else results[0]

    def _step_back(self, step: _Step, dy: Any, layer_cache: Any) -> Any:
        if not step.shared:
            return step.layer.backward(dy, layer_cache)
        # A layer writes its gradients over what was there: keep what its other uses have found.
        before = [(weight, weight.gradient.copy()) for weight in step.layer.weights]
        dx = step.layer.backward(dy, layer_cache)
        for weight, gradient in before:
            weight.gradient[...] += gradient
        return dx

    def _shared_weights(self) -> Iterator[Weight]:
        for step in self._steps:
            if step.shared:
                yield from step.layer.weights

    def activity_penalty(self, cache: Any) -> float:
        """Return the penalties on layers' outputs, divided by the number of rows, and what layers add themselves."""
        total = 0.0
        for step, (layer_cache, ys) in zip(self._steps, cache, strict=True):
            regularizer = step.layer.activity_regularizer
            if regularizer is not None:
                total += sum(regularizer(y) / len(y) for y in ys)
            total += step.layer.activity_penalty(layer_cache)
        return total

    # -- weights -------------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers, each once, those nearest the inputs first."""
        return list(self._all_layers)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by its name or its place in `layers`.

        Raises
        ------
        ValueError
            If there is no such layer, or not exactly one of the arguments is given.
        """
        if (name is None) == (index is None):
            raise ValueError("get_layer takes a name or an index, one of them")
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
        """The weights of all layers, each once."""
        unique = {id(weight): weight for layer in self._all_layers for weight in layer.weights}
        return list(unique.values())

    def _sublayers(self) -> list[Layer]:
        return self._all_layers

    @property
    def weight_vector(self) -> WeightVector:
        """The vector that holds all weights, and its layout."""
        if self._vector is None or not self._vector.holds(self.weights, frozen=not self._trainable):
            self._vector = self._new_vector()
        return self._vector

    def _new_vector(self, values: Array | None = None, moves: bool = True) -> WeightVector:
        return WeightVector(self.weights, values, moves=moves, frozen=not self._trainable, dtype=self.dtype)

    def adopt_weights(self, values: Array) -> None:
        """Let a vector of all weights, in the order of `weights`, be the one that layers hold views into."""
        self._vector = self._new_vector(values)

    def current_weights(self) -> WeightVector:
        """Return the vector that holds all weights, or, where they live in the vectors of other models, a copy.

        Whoever only reads weights asks here: another model that is being trained must not lose them meanwhile.
        """
        weights = self.weights
        if self._vector is not None and self._vector.keeps(weights):
            return self._vector
        alone = all(weight.alone for weight in weights)
        vector = self._new_vector(moves=alone)
        if alone:
            self._vector = vector
        return vector

    @property
    def parameters(self) -> Array:
        """All weights in one vector, those that train first; layers hold views into it."""
        return self.weight_vector.values

    @property
    def gradients(self) -> Array:
        """The gradient vector, of the same shape as `parameters`."""
        return self.weight_vector.gradients


def layer_of(node: Node) -> Layer:
    """Return the layer of a node, of which the graph knows no more than its name."""
    return cast(Layer, node.layer)


def _named_tensors(given: Any, what: str) -> tuple[list[str], list[SymbolicTensor]]:
    if isinstance(given, Mapping):
        names, tensors = list(given), list(given.values())
    else:
        tensors = as_list(given)
        names = []
    for tensor in tensors:
        if not isinstance(tensor, SymbolicTensor):
            raise TypeError(
                f"Model: {what} must be symbolic tensors, as Input(...) and calling a layer on one return; "
                f"found {type(tensor).__name__}"
            )
    if not tensors:
        raise ValueError(f"Model: {what} must not be empty")
    return names or _distinct([tensor.name for tensor in tensors]), tensors


def _distinct(names: list[str]) -> list[str]:
    """Give repeats numbers: one layer may give several of a model's outputs."""
    counts: dict[str, int] = {}
    result = []
    for name in names:
        seen = counts.get(name, 0)
        result.append(f"{name}_{seen}" if seen else name)
        counts[name] = seen + 1
    return result


def _check_names(layers: Sequence[Layer], model_name: str) -> None:
    names = [layer.name for layer in layers]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"model {model_name!r} has several layers named {twice}; give each a name of its own")


def _leaves(layer: Layer) -> list[Layer]:
    """Return the layer, or the layers a model or a wrapper is made of, down to the last."""
    inner = layer._all_layers if isinstance(layer, Network) else getattr(layer, "layers", None)
    return [layer] if inner is None else [leaf for one in inner for leaf in _leaves(one)]


def _run_layer(layer: Layer, x: Any, training: bool, mask: Any) -> tuple[Any, Any, Any]:
    """Run one layer, with the mask if it takes one; return its output, its cache and the output's mask."""
    if isinstance(layer, Network):
        return layer.run(x, training, mask)
    known = mask is not None and not (isinstance(mask, list) and all(one is None for one in mask))
    if known and layer.takes_mask:
        y, cache = layer.forward(x, training, mask=mask)  # type: ignore[call-arg]
    else:
        y, cache = layer.forward(x, training)
    return y, cache, layer.compute_mask(x, mask, y)


def _accumulate(gradients: list[Any], place: int, gradient: Array | None) -> None:
    """Add `gradient` to what has come back to a tensor so far, leaving both arrays as they are."""
    if gradient is not None:
        before = gradients[place]
        gradients[place] = gradient if before is None else before + gradient


def _complete(layer: Layer, dys: list[Any], ys: list[Array] | None) -> list[Any]:
    """Add what a penalty on the outputs contributes; fill in zeros for outputs that go nowhere."""
    regularizer = layer.activity_regularizer
    if ys is not None and regularizer is not None:
        penalties = [regularizer.gradient(y) / y.dtype.type(len(y)) for y in ys]
        dys = [penalty if dy is None else dy + penalty for dy, penalty in zip(dys, penalties, strict=True)]
    # What a layer adds to the loss itself has a gradient whether or not a loss looks at its output.
    if ys is not None and (any(dy is not None for dy in dys) or _adds_to_loss(layer)):
        dys = [np.zeros_like(y) if dy is None else dy for dy, y in zip(dys, ys, strict=True)]
    return dys


def _adds_to_loss(layer: Layer) -> bool:
    """Tell whether the layer has an `activity_penalty`; a model asks its own layers, on the way back through them."""
    return not isinstance(layer, Network) and type(layer).activity_penalty is not Layer.activity_penalty
