"""Layers and models that are written as a function of other layers, their method ``call``.

Called once on symbolic tensors, ``call`` gives the graph: the layers that it calls become nodes. So such a layer needs
no backward pass of its own. On arrays it simply computes.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from nnlite.graph import Node, SymbolicTensor
from nnlite.services import service
from nnlite.traces import tracing, training_scope

WAY_OUT = (
    "A method call composes layers, with +, -, *, / and nnlite.ops between them, since no derivative is computed "
    "automatically. For a computation of your own, derive from nnlite.layers.Layer and define build, forward and "
    "backward (see docs/coming-from-keras.md); GaussianLatent is the sampling layer of variational autoencoders, and "
    "activity_regularizer= or activity_penalty add to the loss"
)


NOTHING: Mapping[str, Any] = MappingProxyType({})


def takes_further_arguments(layer: Any) -> bool:
    """Return whether ``call`` has other arguments than inputs, `training` and `mask`."""
    names = list(inspect.signature(layer.call).parameters)[1:]
    return any(name not in ("training", "mask") for name in names)


def compose(layer: Any, inputs: Any, training: bool, further: Mapping[str, Any] = NOTHING) -> Any:
    """Build a layer with ``call``, and run it on symbolic tensors or arrays; see `run_call`."""
    tensors = list(inputs.values()) if isinstance(inputs, Mapping) else inputs
    if not layer.built:
        several = isinstance(tensors, (list, tuple))
        layer.build([one.shape for one in tensors] if several else getattr(tensors, "shape", ()))
    outputs = run_call(layer, inputs, training, further)
    _note_use(layer, [inputs, further] if further else inputs, outputs)
    return outputs


def compose_with(layer: Any, arguments: Sequence[Any], named: Mapping[str, Any], training: bool) -> Any:
    """Run a layer whose ``call`` has arguments of its own, such as ``call(x, context, training=False)``.

    Parameters
    ----------
    layer : Layer
        The layer.
    arguments, named : sequence and mapping
        The arguments of the call, by place and by name.
    training : bool
        Whether a training is under way, for calls that do not say so.

    Raises
    ------
    TypeError
        If ``call`` does not take these arguments.
    """
    scope = dict(named)
    if not _takes_training(layer.call):
        training = bool(scope.pop("training", training))
    try:
        given = dict(inspect.signature(layer.call).bind(*arguments, **scope).arguments)
    except TypeError as error:
        raise TypeError(f"layer {layer.name!r} ({type(layer).__name__}): its method call has {error}") from error
    for name, parameter in inspect.signature(layer.call).parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            given.update(given.pop(name, {}))
    own = given.pop("training", None)
    first = next(iter(given))
    return compose(layer, given.pop(first), training if own is None else bool(own), given)


def _note_use(layer: Any, inputs: Any, outputs: Any) -> None:
    """Note in symbolic outputs that the layer computes them as a whole, as one node of Keras's graph."""
    given = tuple(one for one in flat_values(inputs) if isinstance(one, SymbolicTensor))
    results = tuple(one for one in flat_values(outputs) if isinstance(one, SymbolicTensor))
    if not given or any(one is tensor for one in results for tensor in given):
        return
    node = Node(layer, given, isinstance(inputs, (list, tuple, Mapping)), len(results) > 1)
    node.outputs = results
    layer.nodes.append(node)
    for tensor in results:
        tensor.whole = node


def run_call(layer: Any, inputs: Any, training: bool = False, further: Mapping[str, Any] = NOTHING) -> Any:
    """Run ``layer.call`` on symbolic tensors or arrays, with further arguments by name.

    Raises
    ------
    TypeError
        If ``call`` does with symbolic tensors what layers cannot express; the message says what to do instead.
    """
    arguments = {**further, **({"training": training} if _takes_training(layer.call) else {})}
    tensors = [one for one in flat_values([inputs, further]) if isinstance(one, SymbolicTensor)]
    if not tensors:
        with training_scope(training):
            return layer.call(inputs, **arguments)
    try:
        with tracing(tensors[0]) as trace:
            outputs = layer.call(inputs, **arguments)
    except (TypeError, AttributeError, ValueError) as error:
        if WAY_OUT in str(error):
            raise
        raise type(error)(f"{type(layer).__name__}.call cannot be written as a graph: {error}. {WAY_OUT}") from error
    for one in flat_values(outputs):
        if not isinstance(one, SymbolicTensor):
            raise TypeError(
                f"{type(layer).__name__}.call must return results of layers; found {type(one).__name__}. {WAY_OUT}"
            )
    return service("with_added_losses")(outputs, trace.losses) if trace.losses else outputs


def refuse_own_steps(model: Any) -> None:
    """Raise if the class of a model defines steps of training of its own, which would never run.

    Raises
    ------
    NotImplementedError
        If it does; the message says what to do instead.
    """
    for step in ("train_step", "test_step", "predict_step"):
        if hasattr(type(model), step):
            raise NotImplementedError(
                f"{type(model).__name__}.{step} is not supported: fit trains by the losses of compile and the "
                f"penalties of layers. {WAY_OUT}"
            )


def flat_values(value: Any) -> list[Any]:
    """Return the values of nested lists, tuples and mappings in their order."""
    if isinstance(value, Mapping):
        value = list(value.values())
    return [inner for one in value for inner in flat_values(one)] if isinstance(value, (list, tuple)) else [value]


def _takes_training(function: Any) -> bool:
    """Return whether a function has an argument `training`."""
    return "training" in inspect.signature(function).parameters
