"""Batch and layer normalization."""

from __future__ import annotations

import math
from typing import Any

from nnlite.engine.lowering.moving import between_turns, of_samples, record_axis
from nnlite.engine.lowering.rules import Unsupported, lowers
from nnlite.engine.program import Place, Program, Tensor
from nnlite.layers import BatchNormalization, LayerNormalization
from nnlite.weights import Weight


@lowers(BatchNormalization)
def batch_normalization(
    program: Program, layer: BatchNormalization, inputs: list[Tensor], mask: Tensor | None = None
) -> Tensor:
    """Emit the normalization over the batch, with the features along the last axis."""
    (x,) = inputs
    axis = record_axis(layer.axis, x, f"layer {layer.name!r}: normalizing")
    if not (program.training and layer.trainable):
        mask = None
    if mask is not None and axis != len(x.shape) - 1:
        # The mask would have to turn with the axes, or lies along the features itself.
        raise Unsupported(
            f"layer {layer.name!r}: normalizing masked steps along axis {layer.axis} has no compiled form"
        )
    return between_turns(program, x, [axis], lambda turned: _over_the_batch(program, layer, turned, mask))


def _over_the_batch(program: Program, layer: BatchNormalization, x: Tensor, mask: Tensor | None) -> Tensor:
    by_batch = program.training and layer.trainable
    counts = (None, 0) if mask is None else of_samples(program, mask, x.shape[:-1])
    # The statistics of a batch need all of its records at once.
    program.needs_whole_batch |= by_batch
    gamma, beta = _scale(layer), _offset(layer)
    y = program.tensor(x.shape, x.learns or any(weight.trainable for weight in layer.weights))
    normalized, spread = program.reserve(x.size * program.ld), program.reserve(x.shape[-1])
    sizes = (x.shape[-1], math.prod(x.shape[:-1]), program.ld)
    program.emit(
        "normalization.batch_forward" if by_batch else "normalization.batch_inference",
        *(x.place, y.place, normalized, spread, _place(program, gamma), _place(program, beta)),
        *(program.weight(layer.moving_mean), program.weight(layer.moving_variance)),
        *(*sizes, float(layer.momentum), float(layer.epsilon), *counts),
    )

    def back() -> None:
        if y.derivative is None:
            return
        with (
            program.contribution(x) as dx,
            program.weight_contribution(gamma) as dgamma,
            program.weight_contribution(beta) as dbeta,
        ):
            places = (normalized, spread, y.derivative, dx, _place(program, gamma), dgamma, dbeta)
            program.emit("normalization.batch_backward", *places, *sizes, int(by_batch), *counts)

    program.on_the_way_back(back)
    return y


@lowers(LayerNormalization)
def layer_normalization(program: Program, layer: LayerNormalization, inputs: list[Tensor]) -> Tensor:
    """Emit the normalization over each record's features, with those along the last axes."""
    (x,) = inputs
    given = [layer.axis] if isinstance(layer.axis, int) else layer.axis
    axes = sorted({record_axis(axis, x, f"layer {layer.name!r}: normalizing") for axis in given})
    features = math.prod(x.shape[axis] for axis in axes)
    return between_turns(program, x, axes, lambda turned: _over_features(program, layer, turned, features))


def _over_features(program: Program, layer: LayerNormalization, x: Tensor, features: int) -> Tensor:
    gamma, beta = _scale(layer), _offset(layer)
    positions = x.size // features
    y = program.tensor(x.shape, x.learns or any(weight.trainable for weight in layer.weights))
    normalized, spread = program.reserve(x.size * program.ld), program.reserve(positions * program.ld)
    work = program.reserve(2 * program.ld)
    program.emit(
        "normalization.layer_forward",
        *(x.place, y.place, normalized, spread, _place(program, gamma), _place(program, beta)),
        *(features, positions, program.ld, float(layer.epsilon), work),
    )

    def back() -> None:
        if y.derivative is None:
            return
        with (
            program.contribution(x) as dx,
            program.weight_contribution(gamma) as dgamma,
            program.weight_contribution(beta) as dbeta,
        ):
            places = (normalized, spread, y.derivative, dx, _place(program, gamma), dgamma, dbeta)
            program.emit("normalization.layer_backward", *places, features, positions, program.ld, work)

    program.on_the_way_back(back)
    return y


def _scale(layer: Any) -> Weight | None:
    return layer.gamma if layer.scale else None


def _offset(layer: Any) -> Weight | None:
    return layer.beta if layer.center else None


def _place(program: Program, weight: Weight | None) -> Place | None:
    return None if weight is None else program.weight(weight)
