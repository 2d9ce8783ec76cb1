"""Activation functions, as layers and within them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from nnlite import activations
from nnlite.engine.lowering.moving import between_turns, record_axis
from nnlite.engine.lowering.rules import Unsupported, lowers
from nnlite.engine.program import Program, Tensor
from nnlite.layers import ELU, Activation, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh


@lowers(Activation, ReLU, LeakyReLU, ELU, Sigmoid, Tanh, Softmax)
def _activation(program: Program, layer: Any, inputs: list[Tensor]) -> Tensor:
    (x,) = inputs
    return activate(program, layer.activation, x, keep=True)


def activate(program: Program, function: activations.ActivationFunction, x: Tensor, keep: bool = False) -> Tensor:
    """Emit an activation.

    Parameters
    ----------
    program : Program
        Where to.
    function : ActivationFunction
        What to apply.
    x : Tensor
        To what.
    keep : bool, default False
        Whether others look at x too, so that it must not be overwritten.

    Raises
    ------
    Unsupported
        If the function has no compiled form.
    """
    if type(function) is activations.Linear:
        return x
    if type(function) is activations.Softmax:
        return _softmax(program, function, x, keep)
    kernel, constants, by_output = kernel_of(function)
    if by_output:
        y = _copy(program, x) if keep else replace(x, derivative=None)
        program.emit(f"activation.{kernel}_forward", y.place, x.size, program.ld, *constants)
        looked_at: tuple[Any, ...] = (y.place,)
    else:
        y = program.tensor(x.shape, x.learns)
        program.emit(f"activation.{kernel}_forward", x.place, y.place, x.size, program.ld, *constants)
        looked_at = (x.place, y.place)

    def back() -> None:
        if y.derivative is not None:
            program.emit(f"activation.{kernel}_backward", *looked_at, y.derivative, x.size, program.ld, *constants)
            program.hand_on(y.derivative, x)

    program.on_the_way_back(back)
    return y


def _softmax(program: Program, function: activations.Softmax, x: Tensor, keep: bool) -> Tensor:
    axis, last = record_axis(function.axis, x, "softmax"), activations.Softmax()
    if axis != len(x.shape) - 1:
        return between_turns(program, x, [axis], lambda turned: _softmax(program, last, turned, keep=False))
    y = _copy(program, x) if keep else replace(x, derivative=None)
    features = x.shape[-1]
    sizes = (features, math.prod(x.shape[:-1]), program.ld)
    work = program.reserve(2 * program.ld)
    program.emit("activation.softmax_forward", y.place, *sizes, work)

    def back() -> None:
        if y.derivative is not None:
            program.emit("activation.softmax_backward", y.place, y.derivative, *sizes, work)
            program.hand_on(y.derivative, x)

    program.on_the_way_back(back)
    return y


def _copy(program: Program, x: Tensor) -> Tensor:
    y = program.tensor(x.shape, x.learns)
    program.emit("data.copy", x.place, y.place, 1, x.size * program.ld, 0, 0)
    return y


def kernel_of(function: activations.ActivationFunction) -> tuple[str, tuple[float, ...], bool]:
    """Return the kernel's name, its constants, and whether the output alone tells the slope."""
    kind = type(function)
    if kind in (activations.ReLU, activations.LeakyReLU):
        assert isinstance(function, activations.ReLU)
        slope, ceiling, threshold = float(function.negative_slope), function.max_value, float(function.threshold)
        if ceiling is None and threshold == 0:
            return ("leaky_relu", (slope, 0.0), True) if slope else ("relu", (0.0, 0.0), True)
        return "bent", (slope, math.inf if ceiling is None else float(ceiling), threshold), False
    if isinstance(function, activations.ELU) and kind is activations.ELU and function.alpha >= 0:
        return "elu", (float(function.alpha), 1.0), True
    if kind is activations.SELU:
        return "elu", (activations.SELU.scale * activations.SELU.alpha, activations.SELU.scale), True
    if isinstance(function, activations.GELU) and kind is activations.GELU:
        return "gelu_tanh" if function.approximate else "gelu", (0.0, 0.0, 0.0), False
    if kind in _plain:
        name, by_output = _plain[kind]
        return name, (0.0,) * (2 if by_output else 3), by_output
    raise Unsupported(f"the activation {function.name!r} has no compiled form")


_plain: dict[type, tuple[str, bool]] = {
    activations.Sigmoid: ("sigmoid", True),
    activations.HardSigmoid: ("hard_sigmoid", True),
    activations.Tanh: ("tanh", True),
    activations.Exponential: ("exponential", True),
    activations.SiLU: ("silu", False),
    activations.Softplus: ("softplus", False),
}
