"""How PyTorch stores the weights of each layer, and how they become those of `nnlite.layers`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nnlite.layers import (
    GRU,
    LSTM,
    BatchNormalization,
    Bidirectional,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Embedding,
    LayerNormalization,
    SimpleRNN,
)
from nnlite.layers.base import Layer
from nnlite.types import Array

Layout = Callable[[Any, Mapping[str, Array]], list[tuple[Any, Array]]]
"""Function of a layer and of its tensors by their last names; it returns pairs of a `Weight` and its values."""


def layout_of(layer: Layer) -> Layout | None:
    """Return the function for layers of exactly this class, or None."""
    return _LAYOUTS.get(type(layer))


def _bias(layer: Any, tensors: Mapping[str, Array]) -> list[tuple[Any, Array]]:
    return [(layer.bias, tensors["bias"])] if layer.use_bias else []


def _dense(layer: Any, tensors: Mapping[str, Array]) -> list[tuple[Any, Array]]:
    """Transpose weight (outputs, inputs)."""
    return [(layer.kernel, tensors["weight"].T), *_bias(layer, tensors)]


def _convolution(layer: Any, tensors: Mapping[str, Array]) -> list[tuple[Any, Array]]:
    """Move the first two axes of weight behind the sizes, in reverse order, for a transposed convolution as well."""
    return [(layer.kernel, np.moveaxis(tensors["weight"], (0, 1), (-1, -2))), *_bias(layer, tensors)]


def _embedding(layer: Any, tensors: Mapping[str, Array]) -> list[tuple[Any, Array]]:
    return [(layer.embeddings, tensors["weight"])]


def _normalization(layer: Any, tensors: Mapping[str, Array]) -> list[tuple[Any, Array]]:
    """Return gamma and beta, and the moving averages of batch normalization."""
    pairs = [(layer.gamma, tensors["weight"])] if layer.scale else []
    pairs += [(layer.beta, tensors["bias"])] if layer.center else []
    if isinstance(layer, BatchNormalization):
        averages = (layer.moving_mean, "running_mean"), (layer.moving_variance, "running_var")
        pairs += [(weight, tensors[name]) for weight, name in averages]
    return pairs


def _recurrent(layer: Any, tensors: Mapping[str, Array], suffix: str = "_l0") -> list[tuple[Any, Array]]:
    """Reorder the gates: i, f, g, o are i, f, c, o here, and r, z, n become z, r, h."""
    order = {GRU: [1, 0, 2]}.get(type(layer), list(range(layer.gates)))

    def reordered(name: str) -> Array:
        values = tensors[f"{name}{suffix}"]
        if len(values) % layer.gates:
            raise ValueError(f"{name}{suffix} of shape {values.shape} does not hold {layer.gates} gates")
        blocks = np.split(values, layer.gates)
        return np.concatenate([blocks[gate] for gate in order])

    pairs = [(layer.kernel, reordered("weight_ih").T), (layer.recurrent_kernel, reordered("weight_hh").T)]
    if not layer.use_bias:
        return pairs
    inner, outer = reordered("bias_ih"), reordered("bias_hh")
    # Only a GRU that resets after the product keeps the two biases apart; elsewhere they are added anyway.
    return [*pairs, (layer.bias, np.stack([inner, outer]) if isinstance(layer, GRU) else inner + outer)]


def _gru(layer: Any, tensors: Mapping[str, Array]) -> list[tuple[Any, Array]]:
    if not layer.reset_after:
        raise ValueError("a GRU of PyTorch resets after the product; make the layer with reset_after=True")
    return _recurrent(layer, tensors)


def _bidirectional(layer: Any, tensors: Mapping[str, Array]) -> list[tuple[Any, Array]]:
    ahead, back = layer.forward_layer, layer.backward_layer
    if isinstance(ahead, GRU) and not (ahead.reset_after and back.reset_after):
        raise ValueError("a GRU of PyTorch resets after the product; make the layer with reset_after=True")
    return [*_recurrent(ahead, tensors), *_recurrent(back, tensors, "_l0_reverse")]


_LAYOUTS: dict[type[Layer], Layout] = {
    Dense: _dense,
    Embedding: _embedding,
    BatchNormalization: _normalization,
    LayerNormalization: _normalization,
    LSTM: _recurrent,
    SimpleRNN: _recurrent,
    GRU: _gru,
    Bidirectional: _bidirectional,
    **dict.fromkeys((Conv1D, Conv2D, Conv1DTranspose, Conv2DTranspose), _convolution),
}
