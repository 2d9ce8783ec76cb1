"""Random layers of small odd sizes, by the rank of their records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnlite import layers
from nnlite.layers import Input
from nnlite.models import Model, Sequential

LARGEST = 120
"""Largest number of outputs of a layer for a record."""

ACTIVATIONS = ("relu", "leaky_relu", "elu", "selu", "gelu", "sigmoid", "silu", "softplus", "tanh", "softmax", "linear")
GATES = ("tanh", "sigmoid", "relu", "linear", "hard_sigmoid")

Rng = np.random.Generator
Settings = dict[str, Any]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class LayerSpec:
    """A layer as plain values.

    Attributes
    ----------
    kind : str
        Name of its class.
    settings : dict
        Arguments of its constructor.
    inside : tuple of LayerSpec
        What a wrapper or a nested model is made of.
    """

    kind: str
    settings: Settings = field(default_factory=dict)
    inside: tuple[LayerSpec, ...] = ()

    def is_random(self) -> bool:
        """Tell whether the layer draws numbers in training: the two backends draw different ones."""
        own = {"Dropout", "SpatialDropout1D", "SpatialDropout2D", "AlphaDropout", "GaussianDropout"}
        own |= {"GaussianNoise", "GaussianLatent"}
        rates = self.settings.get("dropout", 0) or self.settings.get("recurrent_dropout", 0)
        return self.kind in own or bool(rates) or any(one.is_random() for one in self.inside)

    def __str__(self) -> str:
        arguments = [*map(str, self.inside), *(f"{key}={value!r}" for key, value in self.settings.items())]
        return f"{self.kind}({', '.join(arguments)})"


def make(spec: LayerSpec, name: str) -> Any:
    """Make the layer that a description describes."""
    inside = [make(one, f"{name}_{i}") for i, one in enumerate(spec.inside)]
    settings = dict(spec.settings)
    if spec.kind == "Sequential":
        shape = settings.pop("input", None)
        return Sequential([*([Input(shape)] if shape else []), *inside], name=name)
    if spec.kind == "Model":
        first = tensor = Input(settings["input"])
        for layer in inside:
            tensor = layer(tensor)
        return Model(first, tensor, name=name)
    return getattr(layers, spec.kind)(*inside, name=name, **settings)


def pick(rng: Rng, options: Sequence[Any]) -> Any:
    """Return one of several options."""
    return options[int(rng.integers(len(options)))]


def chance(rng: Rng, probability: float) -> bool:
    """Return True with a probability."""
    return bool(rng.random() < probability)


def some(rng: Rng, **settings: tuple[float, Callable[[], Any]]) -> Settings:
    """Draw each setting with its own probability."""
    return {name: draw() for name, (probability, draw) in settings.items() if chance(rng, probability)}


def _size(rng: Rng, least: int = 1, most: int = 5) -> int:
    return int(rng.integers(least, most + 1))


def _penalty(rng: Rng) -> Settings:
    amount = float(pick(rng, (0.01, 0.1)))
    return {"class_name": "L1L2", "config": {"l1": amount * chance(rng, 0.3), "l2": amount}}


def _weighted(rng: Rng) -> Settings:
    """Draw what all layers with a kernel and a bias may be given."""
    return some(
        rng,
        use_bias=(0.2, lambda: False),
        kernel_regularizer=(0.15, lambda: _penalty(rng)),
        activity_regularizer=(0.1, lambda: _penalty(rng)),
    )


def dense(rng: Rng, units: int | None = None) -> LayerSpec:
    """Draw a dense layer."""
    own = some(rng, activation=(0.6, lambda: pick(rng, ACTIVATIONS)))
    return LayerSpec("Dense", {"units": units or _size(rng), **own, **_weighted(rng)})


def _normalization(rng: Rng, rank: int) -> LayerSpec:
    own = some(
        rng,
        center=(0.2, lambda: False),
        scale=(0.2, lambda: False),
        axis=(0.3, lambda: int(rng.integers(1, rank + 1))),
        epsilon=(0.3, lambda: 0.1),
    )
    if chance(rng, 0.3):
        own |= {"center": False, "scale": False}  # nothing that the optimizer would change
    if chance(rng, 0.7):
        return LayerSpec("BatchNormalization", {"momentum": pick(rng, (0.5, 0.9)), **own})
    return LayerSpec("LayerNormalization", own)


def _elementwise(rng: Rng, rank: int) -> LayerSpec:
    """Draw a layer that takes records of any rank and keeps their shape."""
    return pick(
        rng,
        (
            lambda: LayerSpec("Activation", {"activation": pick(rng, ACTIVATIONS)}),
            lambda: LayerSpec("ReLU", some(rng, max_value=(0.5, lambda: 1.0), negative_slope=(0.5, lambda: 0.1))),
            lambda: LayerSpec(pick(rng, ("LeakyReLU", "ELU", "Sigmoid", "Tanh"))),
            lambda: LayerSpec("Softmax", {"axis": int(rng.integers(1, rank + 1))}),
            lambda: LayerSpec("ActivityRegularization", {"l1": 0.01, "l2": 0.02}),
            lambda: _normalization(rng, rank),
            lambda: _normalization(rng, rank),
        ),
    )()


def _noise(rng: Rng, rank: int) -> LayerSpec:
    kinds = [LayerSpec("Dropout", {"rate": 0.3}), LayerSpec("GaussianNoise", {"stddev": 0.2})]
    return pick(rng, [*kinds, LayerSpec("SpatialDropout1D", {"rate": 0.3})] if rank == 2 else kinds)


def _reshaped(rng: Rng, shape: Shape) -> LayerSpec:
    total = int(np.prod(shape))
    divisors = [d for d in range(1, total + 1) if total % d == 0]
    first = pick(rng, divisors)
    second = pick(rng, [d for d in divisors if (total // first) % d == 0])
    target = pick(rng, [(total,), (first, total // first), (first, second, total // first // second)])
    return LayerSpec("Reshape", {"target_shape": target})


def _of_features(rng: Rng, shape: Shape) -> LayerSpec:
    (features,) = shape
    kinds: list[Callable[[], LayerSpec]] = [lambda: LayerSpec("RepeatVector", {"n": _size(rng, 1, 4)})]
    if features % 2 == 0:
        kinds.append(lambda: LayerSpec("GaussianLatent", {"beta": 0.5}))
    return pick(rng, [lambda: dense(rng)] * 6 + kinds)()


def recurrent(rng: Rng, one: bool = False) -> LayerSpec:
    """Draw a recurrent layer; `one` returns neither states nor sequences in reverse."""
    own = some(
        rng,
        return_sequences=(0.5, lambda: True),
        activation=(0.2, lambda: pick(rng, GATES)),
        use_bias=(0.2, lambda: False),
        dropout=(0.05, lambda: 0.2),
        recurrent_dropout=(0.05, lambda: 0.2),
        kernel_regularizer=(0.1, lambda: _penalty(rng)),
    )
    kind = pick(rng, ("SimpleRNN", "LSTM", "GRU"))
    if kind == "GRU":
        own |= some(rng, reset_after=(0.3, lambda: False))
    if not one:
        own |= some(rng, go_backwards=(0.2, lambda: True), return_state=(0.2, lambda: True))
    return LayerSpec(kind, {"units": _size(rng, 1, 4), **own})


def _of_series(rng: Rng, shape: Shape) -> LayerSpec:
    steps, features = shape
    window = _size(rng, 1, min(3, steps))
    padding = pick(rng, ("valid", "same"))
    convolution = {"filters": _size(rng, 1, 4), "kernel_size": window, "padding": padding, **_weighted(rng)}
    convolution |= some(rng, activation=(0.5, lambda: pick(rng, ACTIVATIONS)), strides=(0.2, lambda: 2))
    dilated = window > 1 and (window - 1) * 2 < steps and "strides" not in convolution
    dilation = {"dilation_rate": 2} if dilated and chance(rng, 0.3) else {}
    return pick(
        rng,
        (
            lambda: dense(rng),
            lambda: LayerSpec("Conv1D", convolution | dilation | ({"padding": "causal"} if chance(rng, 0.3) else {})),
            lambda: LayerSpec("Conv1DTranspose", convolution),
            lambda: LayerSpec(
                pick(rng, ("MaxPooling1D", "AveragePooling1D")), {"pool_size": window, "padding": padding}
            ),
            lambda: LayerSpec(pick(rng, ("GlobalMaxPooling1D", "GlobalAveragePooling1D"))),
            lambda: LayerSpec("UpSampling1D", {"size": 2}),
            lambda: LayerSpec("ZeroPadding1D", {"padding": (_size(rng, 0, 2), 1)}),
            lambda: LayerSpec("Cropping1D", {"cropping": (1, 0) if steps > 1 else (0, 0)}),
            lambda: recurrent(rng),
            lambda: recurrent(rng),
            lambda: LayerSpec(
                "Bidirectional",
                {"merge_mode": pick(rng, ("concat", "sum", "ave", "mul"))},
                (recurrent(rng, one=True),),
            ),
            lambda: LayerSpec("TimeDistributed", {}, (_inside(rng, (features,)),)),
            lambda: LayerSpec("Permute", {"dims": (2, 1)}),
        ),
    )()


def _of_images(rng: Rng, shape: Shape) -> LayerSpec:
    height, width, _ = shape
    window = (_size(rng, 1, min(3, height)), _size(rng, 1, min(3, width)))
    padding = pick(rng, ("valid", "same"))
    convolution = {"filters": _size(rng, 1, 3), "kernel_size": window, "padding": padding, **_weighted(rng)}
    convolution |= some(rng, activation=(0.5, lambda: pick(rng, ACTIVATIONS)), strides=(0.2, lambda: (1, 2)))
    return pick(
        rng,
        (
            lambda: LayerSpec("Conv2D", convolution),
            lambda: LayerSpec("Conv2DTranspose", convolution),
            lambda: LayerSpec(
                pick(rng, ("MaxPooling2D", "AveragePooling2D")), {"pool_size": window, "padding": padding}
            ),
            lambda: LayerSpec(pick(rng, ("GlobalMaxPooling2D", "GlobalAveragePooling2D"))),
            lambda: LayerSpec("UpSampling2D", {"size": (1, 2), "interpolation": pick(rng, ("nearest", "bilinear"))}),
            lambda: LayerSpec("ZeroPadding2D", {"padding": ((_size(rng, 0, 1), 1), (0, 1))}),
            lambda: LayerSpec("Cropping2D", {"cropping": ((0, int(height > 1)), (0, 0))}),
            lambda: LayerSpec("Permute", {"dims": pick(rng, ((2, 1, 3), (3, 1, 2), (1, 3, 2)))}),
            lambda: LayerSpec("TimeDistributed", {}, (_inside(rng, shape[1:]),)),
            lambda: dense(rng),
        ),
    )()


def _inside(rng: Rng, shape: Shape) -> LayerSpec:
    """Draw a layer to be wrapped."""
    if chance(rng, 0.2):
        return nested(rng, shape)
    if chance(rng, 0.3):
        return _normalization(rng, len(shape))
    return (
        dense(rng)
        if len(shape) == 1
        else pick(rng, (dense(rng), LayerSpec("Conv1D", {"filters": 2, "kernel_size": 1})))
    )


def nested(rng: Rng, shape: Shape) -> LayerSpec:
    """Draw a model of a few layers that each take records as they come."""
    inside = []
    for _ in range(_size(rng, 1, 3)):
        inside.append(dense(rng) if chance(rng, 0.6) else _elementwise(rng, len(shape)))
    if chance(rng, 0.5):
        return LayerSpec("Model", {"input": shape}, tuple(inside))
    return LayerSpec("Sequential", {"input": shape} if chance(rng, 0.5) else {}, tuple(inside))


def draw_layer(rng: Rng, shape: Shape, noise: float) -> LayerSpec:
    """Draw a layer for records of a shape.

    Parameters
    ----------
    rng : Generator
        What to draw with.
    shape : tuple of int
        Of one record: features, (steps, features) or (height, width, channels).
    noise : float
        How often the layer is to be one that draws numbers itself.
    """
    rank = len(shape)
    if chance(rng, noise):
        return _noise(rng, rank)
    of_rank = (_of_features, _of_series, _of_images)[rank - 1]
    kind = rng.random()
    if kind < 0.6:
        return of_rank(rng, shape)
    if kind < 0.78:
        return _elementwise(rng, rank)
    if kind < 0.9:
        return nested(rng, shape)
    return _reshaped(rng, shape) if chance(rng, 0.7) or rank == 1 else LayerSpec("Flatten")
