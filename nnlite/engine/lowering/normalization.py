"""Batch and layer normalization."""

from __future__ import annotations

import math
from typing import Any

from nnlite.engine.lowering.data_movement import broadcast_to_samples, record_axis, with_axes_last
from nnlite.engine.lowering.rules import Unsupported, lowers
from nnlite.engine.program import Location, Operand, Program, Tensor
from nnlite.layers import BatchNormalization, LayerNormalization
from nnlite.weights import Weight


@lowers(BatchNormalization)
def batch_normalization(
    program: Program, layer: BatchNormalization, inputs: list[Tensor], mask: Tensor | None = None
) -> Tensor:
    """Emit the normalization over the batch, with the features along the last axis."""
    (x,) = inputs
    axis = record_axis(layer.axis, x, f"layer {layer.name!r}: normalization")
    if not (program.training and layer.trainable):
        mask = None
    if mask is not None and axis != len(x.shape) - 1:
        # The mask would have to be permuted with the axes, or is along the features itself.
        raise Unsupported(
            f"layer {layer.name!r}: the normalization of masked steps along axis {layer.axis} has no compiled form"
        )
    return with_axes_last(program, x, [axis], lambda permuted: _over_the_batch(program, layer, permuted, mask))


def _over_the_batch(program: Program, layer: BatchNormalization, x: Tensor, mask: Tensor | None) -> Tensor:
    by_batch = program.training and layer.trainable
    mask_operands = (None, 0) if mask is None else broadcast_to_samples(program, mask, x.shape[:-1])
    # The statistics of a batch need all of its records in one thread.
    program.needs_whole_batch |= by_batch
    gamma, beta = _scale(layer), _offset(layer)
    y = program.tensor(x.shape, x.requires_gradient or any(weight.trainable for weight in layer.weights))
    normalized, deviation = program.reserve(x.size * program.ld), program.reserve(x.shape[-1])
    sizes = (x.shape[-1], math.prod(x.shape[:-1]), program.ld)
    program.emit(
        "normalization.batch_forward" if by_batch else "normalization.batch_inference",
        *(x.location, y.location, normalized, deviation, _location(program, gamma), _location(program, beta)),
        *(program.weight(layer.moving_mean), program.weight(layer.moving_variance)),
        *(*sizes, float(layer.momentum), float(layer.epsilon), *mask_operands),
    )

    backward_operands = (*sizes, int(by_batch), *mask_operands)
    saved = (normalized, deviation)
    _add_backward(program, "normalization.batch_backward", (x, y), (gamma, beta), saved, backward_operands)
    return y


@lowers(LayerNormalization)
def layer_normalization(program: Program, layer: LayerNormalization, inputs: list[Tensor]) -> Tensor:
    """Emit the normalization over each record's features, which are permuted to the last axes."""
    (x,) = inputs
    layer_axes = [layer.axis] if isinstance(layer.axis, int) else layer.axis
    axes = sorted({record_axis(axis, x, f"layer {layer.name!r}: normalization") for axis in layer_axes})
    features = math.prod(x.shape[axis] for axis in axes)
    return with_axes_last(program, x, axes, lambda permuted: _over_features(program, layer, permuted, features))


def _over_features(program: Program, layer: LayerNormalization, x: Tensor, features: int) -> Tensor:
    gamma, beta = _scale(layer), _offset(layer)
    positions = x.size // features
    y = program.tensor(x.shape, x.requires_gradient or any(weight.trainable for weight in layer.weights))
    normalized, deviation = program.reserve(x.size * program.ld), program.reserve(positions * program.ld)
    work = program.reserve(2 * program.ld)
    program.emit(
        "normalization.layer_forward",
        *(x.location, y.location, normalized, deviation, _location(program, gamma), _location(program, beta)),
        *(features, positions, program.ld, float(layer.epsilon), work),
    )

    sizes = (features, positions, program.ld, work)
    _add_backward(program, "normalization.layer_backward", (x, y), (gamma, beta), (normalized, deviation), sizes)
    return y


def _add_backward(
    program: Program,
    kernel: str,
    tensors: tuple[Tensor, Tensor],
    parameters: tuple[Weight | None, Weight | None],
    saved: tuple[Location, Location],
    operands: tuple[Operand, ...],
) -> None:
    """Record the backward step from y to x, gamma and beta; `saved` are the normalized values and deviations."""
    (x, y), (gamma, beta) = tensors, parameters

    def emit_step() -> None:
        if y.gradient is None:
            return
        with (
            program.contribution(x) as dx,
            program.weight_contribution(gamma) as dgamma,
            program.weight_contribution(beta) as dbeta,
        ):
            program.emit(kernel, *saved, y.gradient, dx, _location(program, gamma), dgamma, dbeta, *operands)

    program.add_backward_step(emit_step)


def _scale(layer: Any) -> Weight | None:
    return layer.gamma if layer.scale else None


def _offset(layer: Any) -> Weight | None:
    return layer.beta if layer.center else None


def _location(program: Program, weight: Weight | None) -> Location | None:
    return None if weight is None else program.weight(weight)
