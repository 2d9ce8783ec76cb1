"""Wrapper layers, and layers that return their input."""

from __future__ import annotations

from typing import Any, Final

from nnlite import layers
from nnlite.engine.lowering.graph import lower_layer
from nnlite.engine.lowering.rules import Unsupported, lowers, rule_for
from nnlite.engine.program import Location, Program, Tensor
from nnlite.layers import ActivityRegularization, Bidirectional, TimeDistributed

_POSITIONWISE: Final = (
    layers.Dense,
    layers.Activation,
    layers.ReLU,
    layers.LeakyReLU,
    layers.ELU,
    layers.Sigmoid,
    layers.Tanh,
    layers.Softmax,
    layers.Dropout,
    layers.GaussianNoise,
    layers.BatchNormalization,
    layers.LayerNormalization,
)
"""Layers that apply the same function at every position."""

_LOSSES_OF_ALL_ROWS: Final = (layers.ActivityRegularization, layers.GaussianLatent)
"""Layers whose penalty is a mean over all rows; inside of TimeDistributed, every step is a row."""


@lowers(ActivityRegularization)
def activity_regularization(program: Program, layer: ActivityRegularization, inputs: list[Tensor]) -> Tensor:  # noqa: ARG001
    """Return the input: its penalty is emitted like every layer's."""
    return inputs[0]


@lowers(TimeDistributed)
def time_distributed(
    program: Program, layer: TimeDistributed, inputs: list[Tensor], mask: Tensor | None = None
) -> Tensor:
    """Emit the inner layer for all steps at once, if that is equivalent, or else for each step."""
    (x,) = inputs
    inner = layer.layer
    if type(inner) in _POSITIONWISE and _uses_last_axis(inner):
        masks = [mask] if mask is not None and isinstance(inner, layers.BatchNormalization) else []
        return _single_output(rule_for(inner)(program, inner, [x], *masks))
    if not _steps_are_independent(inner, program.training):
        raise Unsupported(f"layer {layer.name!r}: TimeDistributed({type(inner).__name__}) has no compiled form")
    return _each_step(program, inner, x)


def _steps_are_independent(layer: Any, training: bool) -> bool:
    """Tell whether the result of a step, and its contribution to the loss, depend on that step alone."""
    if layer.activity_regularizer is not None or isinstance(layer, _LOSSES_OF_ALL_ROWS):
        return False
    if training and isinstance(layer, layers.BatchNormalization):
        return False
    return all(_steps_are_independent(inner, training) for inner in getattr(layer, "layers", ()))


def _uses_last_axis(layer: Any) -> bool:
    """Tell whether a layer's axis, if it has one, is the last, with or without steps before it."""
    function = getattr(layer, "activation", layer)
    return getattr(function, "axis", -1) == -1 and getattr(layer, "noise_shape", None) is None


def _each_step(program: Program, layer: Any, x: Tensor) -> Tensor:
    steps, record = x.shape[0], x.shape[1:]
    ld = program.ld
    size = x.size // steps * ld
    # Recorded first, so that it runs last in the backward pass: then the steps have their gradients.
    parts = [Tensor(x.location.offset_by(t * size), record, x.requires_gradient) for t in range(steps)]

    def emit_step_gradients() -> None:
        if any(part.gradient is not None for part in parts):
            with program.contribution(x) as dx:
                if dx is not None:
                    for t, part in enumerate(parts):
                        if part.gradient is not None:
                            program.emit("data.copy", part.gradient, dx.offset_by(t * size), 1, size, 0, 0)

    program.add_backward_step(emit_step_gradients)
    results = [_single_output(lower_layer(program, layer, [part], [None])[0]) for part in parts]
    y = program.tensor((steps, *results[0].shape), any(result.requires_gradient for result in results))
    step_size = results[0].size * ld
    for t, result in enumerate(results):
        program.emit("data.copy", result.location, y.location.offset_by(t * step_size), 1, step_size, 0, 0)

    def emit_step() -> None:
        if y.gradient is not None:
            for t, result in enumerate(results):
                program.propagate(y.gradient.offset_by(t * step_size), result)

    program.add_backward_step(emit_step)
    return y


def _single_output(result: Tensor | list[Tensor]) -> Tensor:
    """Return the output of a layer with one output."""
    if isinstance(result, list):
        (result,) = result
    return result


@lowers(Bidirectional)
def bidirectional(
    program: Program, layer: Bidirectional, inputs: list[Tensor], mask: Tensor | None = None
) -> Tensor | list[Tensor]:
    """Emit both directions, and their merge; the states follow the outputs, those of the forward layer first."""
    x, *initial_states = inputs
    half = len(initial_states) // 2
    forward, *forward_states = _direction(program, layer.forward_layer, [x, *initial_states[:half]], mask)
    backward, *backward_states = _direction(program, layer.backward_layer, [x, *initial_states[half:]], mask)
    if layer.return_sequences:
        backward = _reversed(program, backward)
    results = [*_merged(program, layer.merge_mode, forward, backward), *forward_states, *backward_states]
    return results if len(results) > 1 else results[0]


def _direction(program: Program, layer: Any, inputs: list[Tensor], mask: Tensor | None) -> list[Tensor]:
    result = rule_for(layer)(program, layer, inputs, mask)
    return result if isinstance(result, list) else [result]


def _merged(program: Program, mode: str | None, forward: Tensor, backward: Tensor) -> list[Tensor]:
    if mode is None:
        return [forward, backward]
    if mode == "concat":
        return [_single_output(rule_for(_concatenate)(program, _concatenate, [forward, backward]))]
    if mode == "mul":
        return [_product(program, forward, backward)]
    total = _single_output(rule_for(_add)(program, _add, [forward, backward]))
    return [total if mode == "sum" else _halved(program, total)]


_concatenate: Final = layers.Concatenate(name="bidirectional_join")
_add: Final = layers.Add(name="bidirectional_sum")


def _reversed(program: Program, x: Tensor) -> Tensor:
    """Emit the steps in reverse order."""
    steps, size = x.shape[0], x.size // x.shape[0] * program.ld
    y = program.tensor(x.shape, x.requires_gradient)

    def reverse(source: Location, target: Location) -> None:
        program.emit("data.copy", source.offset_by((steps - 1) * size), target, steps, size, -size, size)

    reverse(x.location, y.location)
    program.add_backward(y, x, reverse)
    return y


def _product(program: Program, a: Tensor, b: Tensor) -> Tensor:
    y, length = program.tensor(a.shape, a.requires_gradient or b.requires_gradient), a.size * program.ld
    program.emit("series.multiply", a.location, b.location, y.location, length)
    # Backward steps run in reverse order: that of a first.
    program.add_backward(y, b, lambda dy, db: program.emit("series.multiply", dy, a.location, db, length))
    program.add_backward(y, a, lambda dy, da: program.emit("series.multiply", dy, b.location, da, length))
    return y


def _halved(program: Program, x: Tensor) -> Tensor:
    y, length = program.tensor(x.shape, x.requires_gradient), x.size * program.ld

    def halve(source: Location, target: Location) -> None:
        program.emit("data.clear", target, length)
        program.emit("series.add_blocks", source, target, 1, length, 0, 0, 0.5)

    halve(x.location, y.location)
    program.add_backward(y, x, halve)
    return y
