"""Batch and layer normalization."""

from __future__ import annotations

import math
from typing import Any

from nnlite.engine.lowering.rules import Unsupported, lowers
from nnlite.engine.program import Place, Program, Tensor
from nnlite.layers import BatchNormalization, LayerNormalization
from nnlite.weights import Weight


@lowers(BatchNormalization)
def batch_normalization(program: Program, layer: BatchNormalization, inputs: list[Tensor]) -> Tensor:
    """Emit the normalization over the batch."""
    (x,) = inputs
    if layer.axis not in (-1, len(x.shape)):
        raise Unsupported(f"layer {layer.name!r}: normalizing axis {layer.axis} has no compiled form, only the last")
    by_batch = program.training and layer.trainable
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
        *(*sizes, float(layer.momentum), float(layer.epsilon)),
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
            program.emit("normalization.batch_backward", *places, *sizes, int(by_batch))

    program.on_the_way_back(back)
    return y


@lowers(LayerNormalization)
def layer_normalization(program: Program, layer: LayerNormalization, inputs: list[Tensor]) -> Tensor:
    """Emit the normalization over each record's features."""
    (x,) = inputs
    dimensions = len(x.shape) + 1
    axes = sorted(a % dimensions for a in ([layer.axis] if isinstance(layer.axis, int) else layer.axis))
    if axes != list(range(axes[0], dimensions)) or axes[0] == 0:
        raise Unsupported(f"layer {layer.name!r}: normalizing axes {layer.axis} has no compiled form")
    gamma, beta = _scale(layer), _offset(layer)
    features = math.prod(x.shape[axes[0] - 1 :])
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
