"""Activation functions, as layers and within other layers."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from nnlite import activations
from nnlite.engine.lowering.data_movement import record_axis, with_axes_last
from nnlite.engine.lowering.rules import Unsupported, lowers
from nnlite.engine.program import Location, Program, Tensor
from nnlite.layers import ELU, Activation, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh


@lowers(Activation, ReLU, LeakyReLU, ELU, Sigmoid, Tanh, Softmax)
def activation_layer(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    """Emit an activation as a layer of its own."""
    (x,) = inputs
    return activate(program, layer.activation, x, preserve_input=True)


def activate(
    program: Program, function: activations.ActivationFunction, x: Tensor, preserve_input: bool = False
) -> Tensor:
    """Emit an activation.

    Parameters
    ----------
    program : Program
        The program.
    function : ActivationFunction
        The function.
    x : Tensor
        Its input.
    preserve_input : bool, default False
        Whether other instructions read x, so that it must not be overwritten.

    Raises
    ------
    Unsupported
        If the function has no compiled form.
    """
    if type(function) is activations.Linear:
        return x
    if type(function) is activations.Softmax:
        return _softmax(program, function, x, preserve_input)
    kernel, constants, by_output = kernel_of(function)
    if by_output:
        y = _copied(program, x) if preserve_input else replace(x, gradient=None)
        program.emit(f"activation.{kernel}_forward", y.location, x.size, program.ld, *constants)
        read: tuple[Location, ...] = (y.location,)
    else:
        y = program.tensor(x.shape, x.requires_gradient)
        program.emit(f"activation.{kernel}_forward", x.location, y.location, x.size, program.ld, *constants)
        read = (x.location, y.location)
    backward = f"activation.{kernel}_backward"
    program.add_backward_in_place(y, x, lambda dy: program.emit(backward, *read, dy, x.size, program.ld, *constants))
    return y


def _softmax(program: Program, function: activations.Softmax, x: Tensor, preserve_input: bool) -> Tensor:
    axis, last = record_axis(function.axis, x, "softmax"), activations.Softmax()
    if axis != len(x.shape) - 1:
        return with_axes_last(
            program, x, [axis], lambda transposed: _softmax(program, last, transposed, preserve_input=False)
        )
    y = _copied(program, x) if preserve_input else replace(x, gradient=None)
    features = x.shape[-1]
    sizes = (features, math.prod(x.shape[:-1]), program.ld)
    work = program.reserve(2 * program.ld)
    program.emit("activation.softmax_forward", y.location, *sizes, work)
    program.add_backward_in_place(
        y, x, lambda dy: program.emit("activation.softmax_backward", y.location, dy, *sizes, work)
    )
    return y


def _copied(program: Program, x: Tensor) -> Tensor:
    y = program.tensor(x.shape, x.requires_gradient)
    program.emit("data.copy", x.location, y.location, 1, x.size * program.ld, 0, 0)
    return y


def kernel_of(function: activations.ActivationFunction) -> tuple[str, tuple[float, ...], bool]:
    """Return the kernel's name, its constants, and whether its derivative depends on the output alone."""
    kind = type(function)
    if kind in (activations.ReLU, activations.LeakyReLU):
        assert isinstance(function, activations.ReLU)
        slope, ceiling, threshold = float(function.negative_slope), function.max_value, float(function.threshold)
        if ceiling is None and threshold == 0:
            return ("leaky_relu", (slope, 0.0), True) if slope else ("relu", (0.0, 0.0), True)
        return "general_relu", (slope, math.inf if ceiling is None else float(ceiling), threshold), False
    if isinstance(function, activations.ELU) and kind is activations.ELU and function.alpha >= 0:
        return "elu", (float(function.alpha), 1.0), True
    if kind is activations.SELU:
        return "elu", (activations.SELU.scale * activations.SELU.alpha, activations.SELU.scale), True
    if isinstance(function, activations.GELU) and kind is activations.GELU:
        return "gelu_tanh" if function.approximate else "gelu", (0.0, 0.0, 0.0), False
    if kind in _kernels_without_constants:
        name, by_output = _kernels_without_constants[kind]
        return name, (0.0,) * (2 if by_output else 3), by_output
    raise Unsupported(f"the activation {function.name!r} has no compiled form")


_kernels_without_constants: dict[type, tuple[str, bool]] = {
    activations.Sigmoid: ("sigmoid", True),
    activations.HardSigmoid: ("hard_sigmoid", True),
    activations.Tanh: ("tanh", True),
    activations.Exponential: ("exponential", True),
    activations.SiLU: ("silu", False),
    activations.Softplus: ("softplus", False),
}
