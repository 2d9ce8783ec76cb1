"""Losses, metrics and penalties."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nnlite import losses, metrics
from nnlite.engine.lowering.data_movement import broadcast_to_samples, permute_axes, record_axis
from nnlite.engine.lowering.masking import Mask, masked_weights
from nnlite.engine.lowering.rules import Unsupported, check_same_shape
from nnlite.engine.program import Location, Program, Tensor
from nnlite.objective import Objective
from nnlite.regularizers import L1, L1L2, L2, Regularizer
from nnlite.weights import Weight

_EPSILON = 1e-7
# The module of the losses that have one value for each record; derived classes are in others.
_LIKELIHOODS = "nnlite.likelihoods"


def lower_objective(
    program: Program,
    objective: Objective,
    outputs: list[Tensor],
    targets: list[Tensor],
    weights: list[Tensor | None],
    masks: list[Mask],
) -> None:
    """Emit the losses, with their gradients in training, and the metrics.

    Masks weight the losses and the metrics.

    Raises
    ------
    Unsupported
        If a loss or metric has no compiled form.
    """
    work = program.reserve(4 * program.ld)
    for i, (output, target, weight, mask) in enumerate(zip(outputs, targets, weights, masks, strict=True)):
        if not output.shape:
            raise Unsupported("losses and metrics of outputs without a feature axis have no compiled form")
        loss, factor, total = objective.losses[i], objective.loss_weights[i], program.total("loss", i)
        metric_weights: list[Tensor | None] = [None, weight]
        if mask is not None:
            metric_weights = _metric_weights(program, objective, i, mask, weight, output)
            if loss is not None:
                weight = masked_weights(program, mask, weight, output, rescale=True)
        if loss is not None:
            labels, predictions = _with_sample_axis_last(program, loss, target, output)
            if factor:
                with program.contribution(predictions) as contribution:
                    gradient = contribution if program.training else None
                    _emit_loss(program, loss, labels, predictions, gradient, weight, factor, total, work)
            else:
                # A loss of weight 0 is computed like a metric.
                _emit_loss(program, loss, labels, predictions, None, weight, 1.0, total, work)
        metric_groups = (
            (objective.metrics[i], "metric", "counts"),
            (objective.weighted_metrics[i], "weighted metric", "weights"),
        )
        for (group, name, weight_key), weights_of_group in zip(metric_groups, metric_weights, strict=True):
            for k, metric in enumerate(group):
                _emit_metric(program, metric, target, output, weights_of_group, program.total(name, i, k), work)
            if group and weights_of_group is not None:
                operands = (weights_of_group.location, weights_of_group.size, program.ld)
                program.emit("metric.weight_sum", *operands, program.total(weight_key, i))


def _metric_weights(
    program: Program, objective: Objective, i: int, mask: Tensor, weight: Tensor | None, output: Tensor
) -> list[Tensor | None]:
    """Emit the weights of masked samples in an output's metrics, and in its weighted metrics."""
    plain, weighted = objective.metrics[i], objective.weighted_metrics[i]
    return [
        masked_weights(program, mask, None, output, rescale=False) if plain else None,
        masked_weights(program, mask, weight, output, rescale=False) if weighted else None,
    ]


def _with_sample_axis_last(
    program: Program, loss: losses.Loss, target: Tensor, output: Tensor
) -> tuple[Tensor, Tensor]:
    """Return targets and predictions with the values of a sample along the last axis."""
    axis = record_axis(loss.axis, output, loss.name)
    if axis == len(output.shape) - 1:
        return target, output
    check_same_shape(loss.name, target, output)
    order = [k for k in range(len(output.shape)) if k != axis] + [axis]
    return permute_axes(program, replace(target, shape=output.shape), order), permute_axes(program, output, order)


def _emit_loss(
    program: Program,
    loss: losses.Loss,
    target: Tensor,
    output: Tensor,
    gradient: Location | None,
    weight: Tensor | None,
    factor: float,
    total: Location,
    work: Location,
    metric: bool = False,
) -> None:
    """Emit a loss, or a metric that averages a loss's values whatever the reduction of the loss."""
    if type(loss).__module__ == _LIKELIHOODS:
        from nnlite.engine.lowering.likelihood import emit_likelihood

        # One value and one weight for each record.
        location = None if weight is None else broadcast_to_samples(program, weight, ())[0]
        likelihood: Any = loss
        emit_likelihood(program, likelihood, target, output, gradient, location, factor, total, work)
        return
    kernel, constants, one_hot = _loss_kernel(loss, output.shape[-1])
    labels = _one_hot(program, target, output) if one_hot else target
    check_same_shape(loss.name, labels, output)
    sizes = (output.shape[-1], math.prod(output.shape[:-1]), program.ld)
    if loss.reduction == "mean_with_sample_weight" and not metric:
        raise Unsupported("a loss divided by the sum of the weights has no compiled form")
    mean = int(metric or loss.reduction in ("sum_over_batch_size", "mean"))
    location, stride = (None, 0) if weight is None else broadcast_to_samples(program, weight, output.shape[:-1])
    locations = (labels.location, output.location, gradient, location)
    program.emit(f"loss.{kernel}", *locations, *sizes, float(factor), mean, total, work, *constants, stride)


def _loss_kernel(loss: losses.Loss, size: int) -> tuple[str, tuple[float, float, float], bool]:
    """Return the kernel's name, its constants for samples of a size, and whether targets are class numbers."""
    kind = type(loss)
    if kind is losses.MeanSquaredError:
        return "mean_squared_error", (0.0, 0.0, 0.0), False
    if kind is losses.MaskedMeanSquaredError:
        return "masked_mean_squared_error", (0.0, 0.0, 0.0), False
    if kind is losses.MeanAbsoluteError:
        return "mean_absolute_error", (0.0, 0.0, 0.0), False
    if isinstance(loss, losses.Huber) and kind is losses.Huber:
        return "huber", (float(loss.delta), 0.0, 0.0), False
    if isinstance(loss, losses.BinaryCrossentropy) and kind is losses.BinaryCrossentropy:
        constants = (1 - loss.label_smoothing, loss.label_smoothing * 0.5, _EPSILON)
        return "binary_crossentropy" + ("_logits" if loss.from_logits else ""), constants, False
    if kind in (losses.CategoricalCrossentropy, losses.SparseCategoricalCrossentropy):
        assert isinstance(loss, losses.CategoricalCrossentropy)
        constants = (1 - loss.label_smoothing, loss.label_smoothing / size, _EPSILON)
        if getattr(loss, "ignore_class", None) is not None:
            raise Unsupported("a loss that ignores a class has no compiled form")
        name = "categorical_crossentropy" + ("_logits" if loss.from_logits else "")
        return name, constants, kind is losses.SparseCategoricalCrossentropy
    raise Unsupported(f"the loss {loss.name!r} has no compiled form")


def _one_hot(program: Program, class_numbers: Tensor, output: Tensor) -> Tensor:
    labels = program.tensor(output.shape, requires_gradient=False)
    positions = math.prod(output.shape[:-1])
    if class_numbers.size != positions:
        raise Unsupported(f"class numbers of shape {class_numbers.shape} for outputs of shape {output.shape}")
    program.emit("loss.one_hot", class_numbers.location, labels.location, output.shape[-1], positions, program.ld)
    return labels


def _emit_metric(
    program: Program,
    metric: metrics.Metric,
    target: Tensor,
    output: Tensor,
    weight: Tensor | None,
    total: Location,
    work: Location,
) -> None:
    kind: Any = type(metric)
    if kind is metrics.FittingAccuracy:
        single_output = output.shape[-1] == 1
        same_shape = output.shape == target.shape
        kind = (
            metrics.BinaryAccuracy
            if single_output
            else metrics.CategoricalAccuracy
            if same_shape
            else metrics.SparseCategoricalAccuracy
        )
    if kind in _LOSS_METRICS:
        loss = getattr(metric, "loss", None)
        assert isinstance(loss, losses.Loss)
        labels, predictions = _with_sample_axis_last(program, loss, target, output)
        _emit_loss(program, loss, labels, predictions, None, weight, 1.0, total, work, metric=True)
        return
    if kind is metrics.BinaryAccuracy:
        kernel, labels = "binary_accuracy", target
    elif kind is metrics.CategoricalAccuracy:
        kernel, labels = "categorical_accuracy", target
    elif kind is metrics.SparseCategoricalAccuracy:
        kernel, labels = "categorical_accuracy", _one_hot(program, target, output)
    else:
        raise Unsupported(f"the metric {metric.name!r} has no compiled form")
    check_same_shape(metric.name, labels, output)
    sizes = (output.shape[-1], math.prod(output.shape[:-1]), program.ld)
    threshold = float(getattr(metric, "threshold", 0.5))
    location, stride = (None, 0) if weight is None else broadcast_to_samples(program, weight, output.shape[:-1])
    program.emit(f"metric.{kernel}", labels.location, output.location, *sizes, total, threshold, location, stride)


_LOSS_METRICS = (
    metrics.MeanSquaredError,
    metrics.RootMeanSquaredError,
    metrics.MeanAbsoluteError,
    metrics.BinaryCrossentropy,
    metrics.CategoricalCrossentropy,
)


def lower_activity_penalty(program: Program, regularizer: Regularizer, y: Tensor) -> None:
    """Emit a penalty on a layer's output, and its gradient."""
    l1, l2 = _factors(regularizer)
    program.emit("penalty.activity", y.location, y.size, program.ld, l1, l2, program.total("penalty"))

    def emit_step() -> None:
        with program.contribution(y) as dy:
            if dy is not None:
                program.emit("penalty.activity_gradient", y.location, dy, y.size, program.ld, l1, l2)

    program.add_backward_step(emit_step)


def lower_weight_penalties(program: Program, weights: Sequence[Weight]) -> None:
    """Emit the penalties on trainable weights, in training after the backward pass has written the gradients."""
    for weight in weights:
        if weight.constraint is not None:
            raise Unsupported(f"the constraint on weight {weight.name!r} has no compiled form")
        if weight.regularizer is not None:
            location = program.weight(weight)
            gradient = Location("gradients", location.offset) if program.training else None
            operands = (location, gradient, weight.size, *_factors(weight.regularizer))
            program.emit("penalty.weight", *operands, program.total("penalty"))


def _factors(regularizer: Regularizer) -> tuple[float, float]:
    if not isinstance(regularizer, L1L2) or type(regularizer) not in (L1, L2, L1L2):
        raise Unsupported(f"the regularizer {type(regularizer).__name__} has no compiled form")
    return float(regularizer.l1), float(regularizer.l2)
