"""Lowering rules: the functions that emit the instructions of layers, by class.

The module of a rule is imported when a model has such a layer: most have few kinds, and a first fit waits for each.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from nnlite.engine.program import Tensor, Unsupported
from nnlite.types import Shape

__all__ = ["Unsupported", "lowers", "record_shape", "rule_for"]

Rule = Callable[..., "Tensor | list[Tensor]"]
"""Called with the program, the layer, the list of its inputs and, if the layer takes one and there is one, a mask."""


_MODULES = {
    name: module
    for module, names in (
        ("activation", "Activation ELU LeakyReLU ReLU Sigmoid Softmax Tanh"),
        ("convolution", "Conv1D Conv1DTranspose Conv2D Conv2DTranspose"),
        ("dense", "Dense"),
        ("masking", "Masking"),
        ("noise", "Dropout GaussianNoise SpatialDropout1D"),
        ("normalization", "BatchNormalization LayerNormalization"),
        ("pooling", "AveragePooling1D AveragePooling2D GlobalAveragePooling1D GlobalAveragePooling2D"),
        ("pooling", "GlobalMaxPooling1D GlobalMaxPooling2D MaxPooling1D MaxPooling2D"),
        ("recurrent", "GRU LSTM SimpleRNN"),
        ("resizing", "Cropping1D Cropping2D Permute RepeatVector UpSampling1D UpSampling2D"),
        ("resizing", "ZeroPadding1D ZeroPadding2D"),
        ("shaping", "Add Concatenate Flatten Reshape"),
        ("variational", "GaussianLatent"),
        ("wrappers", "ActivityRegularization Bidirectional TimeDistributed"),
    )
    for name in names.split()
}
_rules: dict[type, Rule] = {}


def lowers(*classes: type) -> Callable[[Rule], Rule]:
    """Register a function as the rule for layers of exactly these classes."""

    def register(rule: Rule) -> Rule:
        _rules.update(dict.fromkeys(classes, rule))
        return rule

    return register


def rule_for(layer: Any) -> Rule:
    """Return the rule for a layer.

    Raises
    ------
    Unsupported
        If no rule is registered for its class.
    """
    kind = type(layer)
    if kind not in _rules and kind.__name__ in _MODULES:
        import_module(f"nnlite.engine.lowering.{_MODULES[kind.__name__]}")
    rule = _rules.get(kind)
    if rule is None:
        raise Unsupported(f"layer {layer.name!r}: {type(layer).__name__} has no compiled form")
    return rule


def check_same_shape(name: str, labels: Tensor, output: Tensor) -> None:
    """Raise unless targets have the shape of predictions, with or without a last axis of size 1."""
    if labels.shape != output.shape and (*labels.shape, 1) != output.shape:
        raise Unsupported(f"{name}: targets of shape {labels.shape} for outputs of shape {output.shape}")


def record_shape(shape: Shape, name: str) -> tuple[int, ...]:
    """Return the shape of one record.

    Raises
    ------
    Unsupported
        If a size is unknown.
    """
    if any(size is None for size in shape[1:]):
        raise Unsupported(f"{name} has shape {shape}, and a compiled program needs all sizes but the first")
    return tuple(size for size in shape[1:] if size is not None)
