"""Comparison of two models or of their results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

TOLERANCE = {"float64": 1e-7, "float32": 3e-3}


class Skipped(Exception):
    """A check says nothing about a case."""


class Mismatch(AssertionError):
    """Something that must hold does not."""


def assert_agree(found: Any, expected: Any, dtype: str, what: str, scale: float = 0.0) -> None:
    """Compare numbers; a difference counts by the largest number beside it, taken as `scale` if that is smaller."""
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    if found.shape != expected.shape:
        raise Mismatch(f"{what}: shape {found.shape} for {expected.shape}")
    largest = float(np.abs(expected).max(initial=scale))
    if not np.isfinite(expected).all() or largest > 1e6:
        raise Skipped("it diverges")
    error = float(np.abs(found - expected).max(initial=0.0))
    if not error <= TOLERANCE[dtype] * max(largest, 1e-3):
        raise Mismatch(f"{what}: differs by {error:.3g}, beside numbers up to {largest:.3g}")


def as_list(value: Any) -> list[Any]:
    """Return what a model of one output or of several gives as a list."""
    return value if isinstance(value, list) else [value]


def compiled(run: Callable[[], Any]) -> Any:
    """Run something on the compiled backend; skip what has no compiled form."""
    try:
        return run()
    except ValueError as error:
        if "does not support this model" in str(error) or "has no compiled form" in str(error):
            raise Skipped(str(error)) from error
        raise


def assert_same_state(found: Any, expected: Any, dtype: str) -> None:
    """Compare the weights and the optimizers' states of two models."""
    scale = 1e-2 * float(np.abs(expected.parameters).max(initial=0.0))
    for weight, other in zip(found.weights, expected.weights, strict=True):
        assert_agree(weight.value, other.value, dtype, f"weight {weight.name} of shape {weight.shape}", scale)
    if found.optimizer.iterations != expected.optimizer.iterations:
        raise Mismatch(f"iterations: {found.optimizer.iterations} for {expected.optimizer.iterations}")
    if found.optimizer.slots.keys() != expected.optimizer.slots.keys():
        raise Mismatch(f"slots: {list(found.optimizer.slots)} for {list(expected.optimizer.slots)}")
    for name, slot in expected.optimizer.slots.items():
        assert_agree(found.optimizer.slots[name], slot, dtype, f"the optimizer's {name}")


def assert_same_history(found: dict[str, Any], expected: dict[str, Any], dtype: str) -> None:
    """Compare figures by name."""
    if list(found) != list(expected):
        raise Mismatch(f"figures: {list(found)} for {list(expected)}")
    for name, curve in expected.items():
        assert_agree(found[name], curve, dtype, f"history of {name}")


def assert_same_predictions(found: Any, expected: Any, data: Any, dtype: str, **settings: Any) -> None:
    """Compare predictions with those of the layers."""
    predictions = expected.predict(data.x, verbose=0, backend="numpy", **settings)
    for i, (one, other) in enumerate(zip(as_list(found), as_list(predictions), strict=True)):
        assert_agree(one, other, dtype, f"prediction of output {i}")


def _flags(layer: Any) -> list[Any]:
    inner = getattr(layer, "layers", [])
    return [(layer.name, layer.trainable), *(flag for one in inner for flag in _flags(one))]


def assert_same_model(found: Any, model: Any, data: Any) -> None:
    """Compare what two models are: flags, configurations and, bit for bit, predictions."""
    if _flags(found) != _flags(model):
        raise Mismatch(f"trainable: {_flags(found)} for {_flags(model)}")
    if len(found.trainable_weights) != len(model.trainable_weights):
        raise Mismatch(f"{len(found.trainable_weights)} weights train for {len(model.trainable_weights)}")
    if found.get_config() != model.get_config():
        raise Mismatch("get_config differs")
    ours, theirs = (one.predict(data.x, verbose=0, backend="numpy") for one in (model, found))
    for one, other in zip(as_list(ours), as_list(theirs), strict=True):
        if not np.array_equal(one, other, equal_nan=True):
            raise Mismatch("predictions differ")


def assert_same_weights_train(found: Any, model: Any) -> None:
    """Compare which weights train."""
    ours, theirs = ([weight.trainable for weight in one.weights] for one in (model, found))
    if ours != theirs or found.trainable != model.trainable:
        raise Mismatch(f"trainable weights: {theirs} for {ours}")
