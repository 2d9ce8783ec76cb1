"""Layers around layers, and layers that hand their input on."""

from __future__ import annotations

from typing import Any, Final

from nnlite import layers
from nnlite.engine.lowering.rules import Unsupported, lowers, rule_for
from nnlite.engine.program import Place, Program, Tensor
from nnlite.layers import ActivityRegularization, Bidirectional, TimeDistributed

_AT_EVERY_POSITION: Final = (
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
"""Layers that do the same at every position anyway."""

_STEP_BY_STEP: Final = (
    layers.Conv1D,
    layers.Conv2D,
    layers.Conv1DTranspose,
    layers.Conv2DTranspose,
    layers.MaxPooling1D,
    layers.MaxPooling2D,
    layers.AveragePooling1D,
    layers.AveragePooling2D,
    layers.GlobalAveragePooling1D,
    layers.GlobalAveragePooling2D,
    layers.GlobalMaxPooling1D,
    layers.GlobalMaxPooling2D,
    layers.Flatten,
    layers.Reshape,
)
"""Layers of which a step's result depends on nothing but that step."""


@lowers(ActivityRegularization)
def activity_regularization(program: Program, layer: ActivityRegularization, inputs: list[Tensor]) -> Tensor:  # noqa: ARG001
    """Hand the input on: the penalty is emitted as every layer's is."""
    return inputs[0]


@lowers(TimeDistributed)
def time_distributed(program: Program, layer: TimeDistributed, inputs: list[Tensor]) -> Tensor:
    """Emit the layer inside for all steps at once, where that is the same, or else for each."""
    (x,) = inputs
    inner = layer.layer
    if type(inner) in _AT_EVERY_POSITION and _counts_from_the_end(inner):
        return _single(rule_for(inner)(program, inner, [x]))
    if type(inner) not in _STEP_BY_STEP:
        raise Unsupported(f"layer {layer.name!r}: TimeDistributed({type(inner).__name__}) has no compiled form")
    return _each_step(program, inner, x)


def _counts_from_the_end(layer: Any) -> bool:
    """Tell whether a layer's axis, if it has one, is the last, with steps in front or without; no axis is dropped."""
    function = getattr(layer, "activation", layer)
    return getattr(function, "axis", -1) == -1 and getattr(layer, "noise_shape", None) is None


def _each_step(program: Program, layer: Any, x: Tensor) -> Tensor:
    steps, record = x.shape[0], x.shape[1:]
    ld = program.ld
    size = x.size // steps * ld
    # Registered first, so that it comes last on the way back: when the steps have their derivatives.
    parts = [Tensor(x.place.after(t * size), record, x.learns) for t in range(steps)]

    def join_back() -> None:
        if any(part.derivative is not None for part in parts):
            with program.contribution(x) as dx:
                if dx is not None:
                    for t, part in enumerate(parts):
                        if part.derivative is not None:
                            program.emit("data.copy", part.derivative, dx.after(t * size), 1, size, 0, 0)

    program.on_the_way_back(join_back)
    results = [_single(rule_for(layer)(program, layer, [part])) for part in parts]
    y = program.tensor((steps, *results[0].shape), any(result.learns for result in results))
    own = results[0].size * ld
    for t, result in enumerate(results):
        program.emit("data.copy", result.place, y.place.after(t * own), 1, own, 0, 0)

    def back() -> None:
        if y.derivative is not None:
            for t, result in enumerate(results):
                program.hand_on(y.derivative.after(t * own), result)

    program.on_the_way_back(back)
    return y


def _single(result: Tensor | list[Tensor]) -> Tensor:
    if isinstance(result, list):
        raise Unsupported("a layer with several outputs inside another has no compiled form")
    return result


@lowers(Bidirectional)
def bidirectional(program: Program, layer: Bidirectional, inputs: list[Tensor]) -> Tensor | list[Tensor]:
    """Emit both directions, and what merges them."""
    if len(inputs) > 1 or layer.return_state:
        raise Unsupported(f"layer {layer.name!r}: states have no compiled form in Bidirectional")
    ahead, back = (_single(rule_for(one)(program, one, list(inputs))) for one in layer.layers)
    if layer.return_sequences:
        back = _reversed(program, back)
    if layer.merge_mode is None:
        return [ahead, back]
    if layer.merge_mode == "concat":
        return _single(rule_for(_join)(program, _join, [ahead, back]))
    if layer.merge_mode == "mul":
        return _product(program, ahead, back)
    total = _single(rule_for(_sum)(program, _sum, [ahead, back]))
    return total if layer.merge_mode == "sum" else _halved(program, total)


_join: Final = layers.Concatenate(name="bidirectional_join")
_sum: Final = layers.Add(name="bidirectional_sum")


def _reversed(program: Program, x: Tensor) -> Tensor:
    """Emit the steps in reverse order."""
    steps, size = x.shape[0], x.size // x.shape[0] * program.ld
    y = program.tensor(x.shape, x.learns)

    def turn(of: Place, to: Place) -> None:
        program.emit("data.copy", of.after((steps - 1) * size), to, steps, size, -size, size)

    turn(x.place, y.place)

    def back() -> None:
        if y.derivative is not None:
            with program.contribution(x) as dx:
                if dx is not None:
                    turn(y.derivative, dx)

    program.on_the_way_back(back)
    return y


def _product(program: Program, a: Tensor, b: Tensor) -> Tensor:
    y, length = program.tensor(a.shape, a.learns or b.learns), a.size * program.ld
    program.emit("series.multiply", a.place, b.place, y.place, length)

    def back() -> None:
        if y.derivative is not None:
            for one, other in ((a, b), (b, a)):
                with program.contribution(one) as derivative:
                    if derivative is not None:
                        program.emit("series.multiply", y.derivative, other.place, derivative, length)

    program.on_the_way_back(back)
    return y


def _halved(program: Program, x: Tensor) -> Tensor:
    y, length = program.tensor(x.shape, x.learns), x.size * program.ld

    def halve(of: Place, to: Place) -> None:
        program.emit("data.clear", to, length)
        program.emit("series.add_blocks", of, to, 1, length, 0, 0, 0.5)

    halve(x.place, y.place)

    def back() -> None:
        if y.derivative is not None:
            with program.contribution(x) as dx:
                if dx is not None:
                    halve(y.derivative, dx)

    program.on_the_way_back(back)
    return y
