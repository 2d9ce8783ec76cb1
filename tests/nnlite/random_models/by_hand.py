"""Losses and metrics computed directly from predictions, as expected from `Model.evaluate`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.nnlite.random_models.objectives import Array, Output


def loss_of_batch(output: Output, y: Array, prediction: Array, weight: Array | None) -> float:
    """Return an output's loss of a batch: the mean over samples, or their sum."""
    values = _per_sample(output, y, prediction)
    if weight is not None:
        values = values * weight.reshape(weight.shape + (1,) * (values.ndim - weight.ndim))
    return float(values.sum() if output.settings.get("reduction") == "sum" else values.mean())


def _per_sample(output: Output, y: Array, p: Array) -> Array:
    axes = tuple(range(1, p.ndim))
    settings = output.settings
    smoothing = settings.get("label_smoothing", 0.0)
    if output.loss == "MeanSquaredError":
        return ((p - y) ** 2).mean(axis=-1)
    if output.loss == "MaskedMeanSquaredError":
        return np.nansum((p - y) ** 2, axis=-1) / p.shape[-1]
    if output.loss == "MeanAbsoluteError":
        return np.abs(p - y).mean(axis=-1)
    if output.loss == "Huber":
        delta, size = settings.get("delta", 1.0), np.abs(p - y)
        return np.where(size <= delta, size**2 / 2, delta * size - delta**2 / 2).mean(axis=-1)
    if output.loss in ("GaussianNLL", "MaskedGaussianNLL"):
        mean, variance = p, settings["variance"]
        if variance is None:
            mean, logs = np.split(p, 2, axis=-1)
            variance = np.maximum(np.exp(logs), 1e-6)
        terms: Array = (y - mean) ** 2 / variance + np.log(variance) + np.log(2 * np.pi)
        return (np.nansum if output.loss.startswith("Masked") else np.sum)(terms, axis=axes) / 2
    if output.targets == "bits":
        share = 1 / (1 + np.exp(-p)) if settings.get("from_logits") else np.clip(p, 1e-7, 1 - 1e-7)
        aim = y * (1 - smoothing) + smoothing / 2
        terms = -(aim * np.log(share) + (1 - aim) * np.log(1 - share))
        return terms.sum(axis=axes) if output.loss.endswith("NLL") else terms.mean(axis=-1)
    return _of_classes(y, p, bool(settings.get("from_logits")), smoothing)


def _of_classes(y: Array, p: Array, logits: bool, smoothing: float) -> Array:
    share = np.exp(p - p.max(axis=-1, keepdims=True)) if logits else p
    share = share / share.sum(axis=-1, keepdims=True)
    if not logits:
        share = np.clip(share, 1e-7, 1 - 1e-7)
    aim = np.eye(p.shape[-1])[y.astype(int)] if y.ndim < p.ndim else y
    aim = aim * (1 - smoothing) + smoothing / p.shape[-1]
    return -(aim * np.log(share)).sum(axis=-1)


def metric(name: str, y: Array, p: Array, weight: Array | None) -> float:
    """Return a metric over all records."""
    if name in ("MeanSquaredError", "RootMeanSquaredError"):
        values = ((p - y) ** 2).mean(axis=-1)
    elif name == "MeanAbsoluteError":
        values = np.abs(p - y).mean(axis=-1)
    elif name == "BinaryAccuracy":
        values = ((p > 0.5) == y).mean(axis=-1)
    else:
        aim = y if name.startswith("Sparse") else y.argmax(axis=-1)
        values = (p.argmax(axis=-1) == aim).astype(float)
    if weight is None:
        weight = np.ones(len(values))
    weight = np.broadcast_to(weight.reshape(weight.shape + (1,) * (values.ndim - weight.ndim)), values.shape)
    mean = float((values * weight).sum() / weight.sum())
    return mean**0.5 if name.startswith("Root") else mean


def penalties(model: Any, frozen: set[int]) -> float:
    """Return the penalties on the weights that train."""
    total = 0.0
    for weight in model.weights:
        if weight.regularizer is not None and id(weight) not in frozen:
            settings = weight.regularizer.get_config()
            total += settings["l1"] * float(np.abs(weight.value).sum()) + settings["l2"] * float(
                (weight.value**2).sum()
            )
    return total


def evaluation(case: Any, data: Any, predictions: list[Array], batch_size: int, penalty: float) -> list[float]:
    """Return the loss and the metrics in the order of `Model.evaluate`, an output after the other."""
    weights = data.sample_weight or [None] * len(predictions)
    factors = case.training.loss_weights or (1.0,) * len(predictions)
    rows = data.rows
    own = [0.0] * len(predictions)
    for start in range(0, rows, batch_size):
        part = slice(start, start + batch_size)
        for i, output in enumerate(case.outputs):
            weight = None if weights[i] is None else weights[i][part]
            share = len(predictions[i][part]) / rows
            own[i] += share * loss_of_batch(output, data.y[i][part], predictions[i][part], weight)
    total = penalty + sum(factor * loss for factor, loss in zip(factors, own, strict=True))
    figures = [total]
    for i, output in enumerate(case.outputs):
        figures += own[i : i + 1] if len(own) > 1 else []
        figures += [metric(name, data.y[i], predictions[i], None) for name in output.metrics]
        figures += [metric(name, data.y[i], predictions[i], weights[i]) for name in output.weighted_metrics]
    return figures
