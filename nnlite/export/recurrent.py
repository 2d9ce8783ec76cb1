"""Recurrent layers: steps first, and the gates in ONNX's order, i, o, f, c for LSTM and z, r, h for GRU.

The operations of ONNX compute with the runtime's own functions. In ONNX Runtime 1.32.0 the gates of LSTM and GRU have
absolute errors up to 1.7e-7, and are 0 from -18 down; the tanh of RNN is off by up to 7e-5 of its value near 0, 1.8e-7
at most. Written out step by step, they would be accurate and many times slower.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlite import activations
from nnlite.activations import ActivationFunction
from nnlite.export.graph import OnnxGraph, Tensor, exports, refusal
from nnlite.layers import GRU, LSTM, Bidirectional, SimpleRNN
from nnlite.types import Array

_END = int(np.iinfo(np.int64).max)


@exports(SimpleRNN)
def _simple_rnn(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> list[str]:
    biases = [layer.bias.value, np.zeros(layer.units)] if layer.use_bias else []
    return _run(graph, layer, inputs, "RNN", [0], biases, [layer.activation])


@exports(LSTM)
def _lstm(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> list[str]:
    """Gates i, f, c, o become i, o, f, c."""
    order = [0, 3, 1, 2]
    biases = [_ordered(layer.bias.value, order), np.zeros(4 * layer.units)] if layer.use_bias else []
    functions = [layer.recurrent_activation, layer.activation, layer.activation]
    return _run(graph, layer, inputs, "LSTM", order, biases, functions)


@exports(GRU)
def _gru(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> list[str]:
    """Gates z, r, h are in ONNX's order; `reset_after` is its linear_before_reset."""
    biases: list[Array] = []
    if layer.use_bias:
        bias = layer.bias.value
        biases = list(bias) if layer.reset_after else [bias, np.zeros(3 * layer.units)]
    functions = [layer.recurrent_activation, layer.activation]
    after = int(layer.reset_after)
    return _run(graph, layer, inputs, "GRU", [0, 1, 2], biases, functions, linear_before_reset=after)


@exports(Bidirectional)
def _bidirectional(graph: OnnxGraph, layer: Any, inputs: list[Tensor]) -> list[str]:
    """Run both layers, reverse the outputs of the second one in time, and merge."""
    x, *states = inputs
    half = len(states) // 2
    takes_list = bool(states)
    ahead = graph.apply(layer.forward_layer, [x, *states[:half]], takes_list)
    back = graph.apply(layer.backward_layer, [x, *states[half:]], takes_list)
    first, second = ahead[0].name, back[0].name
    if layer.return_sequences:
        second = _reversed(graph, second)
    return [*_merged(graph, layer.merge_mode, first, second), *(one.name for one in [*ahead[1:], *back[1:]])]


def _merged(graph: OnnxGraph, mode: str | None, first: str, second: str) -> list[str]:
    if mode is None:
        return [first, second]
    if mode == "concat":
        return [graph.add("Concat", first, second, axis=-1)]
    if mode == "mul":
        return [graph.add("Mul", first, second)]
    y = graph.add("Add", first, second)
    return [graph.add("Div", y, graph.floats(2.0)) if mode == "ave" else y]


def _run(
    graph: OnnxGraph,
    layer: Any,
    inputs: list[Tensor],
    kind: str,
    order: list[int],
    biases: list[Array],
    functions: list[ActivationFunction],
    **settings: Any,
) -> list[str]:
    """Add the operation for a recurrent layer; return its output and, with `return_state`, its states."""
    x, *states = (one.name for one in inputs)
    if layer.go_backwards:
        # Outputs are in the order of computation: that of a series that is reversed first.
        x = _reversed(graph, x)
    kernel, recurrent = (_ordered(one.value, order).T[np.newaxis] for one in (layer.kernel, layer.recurrent_kernel))
    operands = [graph.floats(kernel), graph.floats(recurrent)]
    operands.append(graph.floats(np.concatenate(biases)[np.newaxis]) if biases else "")
    # The lengths of the series are left out: all steps count.
    operands.append("")
    operands += [graph.add("Unsqueeze", state, graph.ints([0])) for state in states]
    y, *last = graph.add_all(
        kind,
        graph.add("Transpose", x, perm=[1, 0, 2]),
        *operands,
        outputs=1 + layer.n_states,
        hidden_size=layer.units,
        **_function_settings(layer, functions),
        **settings,
    )
    finals = [graph.add("Squeeze", state, graph.ints([0])) for state in last]
    if layer.return_sequences:
        output = graph.add("Transpose", graph.add("Squeeze", y, graph.ints([1])), perm=[1, 0, 2])
    else:
        output = finals[0]
    return [output, *finals] if layer.return_state else [output]


def _ordered(values: Array, order: list[int]) -> Array:
    """Return the blocks of columns that belong to gates in another order."""
    blocks = np.split(values, len(order), axis=-1)
    return np.concatenate([blocks[gate] for gate in order], axis=-1)


def _reversed(graph: OnnxGraph, x: str) -> str:
    """Reverse the steps."""
    return graph.add("Slice", x, graph.ints([-1]), graph.ints([-_END]), graph.ints([1]), graph.ints([-1]))


def _function_settings(layer: Any, functions: list[ActivationFunction]) -> dict[str, Any]:
    """Return the names of the functions in ONNX's recurrent operations, and the parameters of those that have some."""
    names, alphas, betas = [], [], []
    for function in functions:
        name, *parameters = _cell_function(layer, function)
        names.append(name)
        alphas += parameters[:1]
        betas += parameters[1:]
    settings: dict[str, Any] = {"activations": names}
    if alphas:
        settings["activation_alpha"] = alphas
    if betas:
        settings["activation_beta"] = betas
    return settings


def _cell_function(layer: Any, function: ActivationFunction) -> tuple[Any, ...]:
    plain = {
        activations.Tanh: "Tanh",
        activations.Sigmoid: "Sigmoid",
        activations.Softsign: "Softsign",
        activations.Softplus: "Softplus",
    }
    if type(function) in plain:
        return (plain[type(function)],)
    if isinstance(function, activations.Linear):
        return "Affine", 1.0, 0.0
    if isinstance(function, activations.HardSigmoid):
        return "HardSigmoid", 1 / 6, 0.5
    if isinstance(function, activations.ELU):
        return "Elu", float(function.alpha)
    if isinstance(function, activations.ReLU) and function.max_value is None and function.threshold == 0:
        return ("LeakyRelu", float(function.negative_slope)) if function.negative_slope else ("Relu",)
    raise refusal(
        layer,
        f"has the activation {function.name!r}, which ONNX's recurrent operations do not have; use one of tanh, "
        "sigmoid, linear, relu, leaky_relu, elu, softsign, softplus, hard_sigmoid",
    )
