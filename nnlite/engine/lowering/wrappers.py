"""Layers around layers, and layers that hand their input on."""

from __future__ import annotations

from typing import Any, Final

from nnlite import layers
from nnlite.engine.lowering.graph import lower_layer
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

_ALL_ROWS_TOGETHER: Final = (layers.ActivityRegularization, layers.GaussianLatent)
"""Layers that add to the loss what they find in all rows together, and a step is a row to a layer inside."""


@lowers(ActivityRegularization)
def activity_regularization(program: Program, layer: ActivityRegularization, inputs: list[Tensor]) -> Tensor:  # noqa: ARG001
    """Hand the input on: the penalty is emitted as every layer's is."""
    return inputs[0]


@lowers(TimeDistributed)
def time_distributed(
    program: Program, layer: TimeDistributed, inputs: list[Tensor], mask: Tensor | None = None
) -> Tensor:
    """Emit the layer inside for all steps at once, where that is the same, or else for each."""
    (x,) = inputs
    inner = layer.layer
    if type(inner) in _AT_EVERY_POSITION and _counts_from_the_end(inner):
        taken = [mask] if mask is not None and isinstance(inner, layers.BatchNormalization) else []
        return _alone(rule_for(inner)(program, inner, [x], *taken))
    if not _steps_stand_alone(inner, program.training):
        raise Unsupported(f"layer {layer.name!r}: TimeDistributed({type(inner).__name__}) has no compiled form")
    return _each_step(program, inner, x)


def _steps_stand_alone(layer: Any, training: bool) -> bool:
    """Tell whether what comes of a step, and what it adds to the loss, depends on nothing but that step."""
    if layer.activity_regularizer is not None or isinstance(layer, _ALL_ROWS_TOGETHER):
        return False
    if training and isinstance(layer, layers.BatchNormalization):
        return False
    return all(_steps_stand_alone(inner, training) for inner in getattr(layer, "layers", ()))


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
    results = [_alone(lower_layer(program, layer, [part], [None])[0]) for part in parts]
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


def _alone(result: Tensor | list[Tensor]) -> Tensor:
    """Return the one output of a layer that has no more."""
    if isinstance(result, list):
        (result,) = result
    return result


@lowers(Bidirectional)
def bidirectional(
    program: Program, layer: Bidirectional, inputs: list[Tensor], mask: Tensor | None = None
) -> Tensor | list[Tensor]:
    """Emit both directions, and what merges them; states come after the outputs, those of the forward layer first."""
    x, *first = inputs
    half = len(first) // 2
    ahead, *states_ahead = _direction(program, layer.forward_layer, [x, *first[:half]], mask)
    back, *states_back = _direction(program, layer.backward_layer, [x, *first[half:]], mask)
    if layer.return_sequences:
        back = _reversed(program, back)
    results = [*_merged(program, layer.merge_mode, ahead, back), *states_ahead, *states_back]
    return results if len(results) > 1 else results[0]


def _direction(program: Program, layer: Any, inputs: list[Tensor], mask: Tensor | None) -> list[Tensor]:
    result = rule_for(layer)(program, layer, inputs, mask)
    return result if isinstance(result, list) else [result]


def _merged(program: Program, mode: str | None, ahead: Tensor, back: Tensor) -> list[Tensor]:
    if mode is None:
        return [ahead, back]
    if mode == "concat":
        return [_alone(rule_for(_join)(program, _join, [ahead, back]))]
    if mode == "mul":
        return [_product(program, ahead, back)]
    total = _alone(rule_for(_sum)(program, _sum, [ahead, back]))
    return [total if mode == "sum" else _halved(program, total)]


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
