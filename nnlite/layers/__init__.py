"""Layers: the forward and the backward pass of each, side by side, in plain NumPy.

They are imported on first access, so that a program starts in milliseconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnlite.layers.base import Layer, registry
from nnlite.layers.later import ALIASES, FUNCTIONS, MODULES

if TYPE_CHECKING:
    from nnlite.layers.activation import ELU, Activation, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
    from nnlite.layers.attention import AdditiveAttention, Attention
    from nnlite.layers.convolution import Conv1D, Conv2D
    from nnlite.layers.convolution import Conv1D as Convolution1D
    from nnlite.layers.convolution import Conv2D as Convolution2D
    from nnlite.layers.dense import Dense
    from nnlite.layers.embedding import Embedding
    from nnlite.layers.functional import Identity, Lambda
    from nnlite.layers.gaussian_dropout import AlphaDropout, GaussianDropout, SpatialDropout2D
    from nnlite.layers.global_pooling import (
        GlobalAveragePooling1D,
        GlobalAveragePooling2D,
        GlobalMaxPooling1D,
        GlobalMaxPooling2D,
    )
    from nnlite.layers.global_pooling import GlobalAveragePooling1D as GlobalAvgPool1D
    from nnlite.layers.global_pooling import GlobalAveragePooling2D as GlobalAvgPool2D
    from nnlite.layers.global_pooling import GlobalMaxPooling1D as GlobalMaxPool1D
    from nnlite.layers.global_pooling import GlobalMaxPooling2D as GlobalMaxPool2D
    from nnlite.layers.group_normalization import GroupNormalization, UnitNormalization
    from nnlite.layers.gru import GRU
    from nnlite.layers.input import Input, InputLayer
    from nnlite.layers.lstm import LSTM
    from nnlite.layers.masking import Masking
    from nnlite.layers.merging import Add, Concatenate
    from nnlite.layers.merging_functions import (
        add,
        average,
        concatenate,
        dot,
        maximum,
        minimum,
        multiply,
        subtract,
    )
    from nnlite.layers.multi_head_attention import MultiHeadAttention
    from nnlite.layers.noise import ActivityRegularization, Dropout, GaussianNoise, SpatialDropout1D
    from nnlite.layers.normalization import BatchNormalization, LayerNormalization
    from nnlite.layers.parametric import PReLU
    from nnlite.layers.pooling import AveragePooling1D, AveragePooling2D, MaxPooling1D, MaxPooling2D
    from nnlite.layers.pooling import AveragePooling1D as AvgPool1D
    from nnlite.layers.pooling import AveragePooling2D as AvgPool2D
    from nnlite.layers.pooling import MaxPooling1D as MaxPool1D
    from nnlite.layers.pooling import MaxPooling2D as MaxPool2D
    from nnlite.layers.preparing import CategoryEncoding, Discretization, Normalization, Rescaling, StringLookup
    from nnlite.layers.products import Average, Divide, Dot, Maximum, Minimum, Multiply, Subtract
    from nnlite.layers.reshaping import Flatten, Permute, RepeatVector, Reshape
    from nnlite.layers.resizing import Cropping1D, Cropping2D, UpSampling1D, UpSampling2D, ZeroPadding1D, ZeroPadding2D
    from nnlite.layers.separable_convolution import DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, SeparableConv2D
    from nnlite.layers.separable_convolution import SeparableConv1D as SeparableConvolution1D
    from nnlite.layers.separable_convolution import SeparableConv2D as SeparableConvolution2D
    from nnlite.layers.simple_rnn import SimpleRNN
    from nnlite.layers.transposed_convolution import Conv1DTranspose, Conv2DTranspose
    from nnlite.layers.transposed_convolution import Conv1DTranspose as Convolution1DTranspose
    from nnlite.layers.transposed_convolution import Conv2DTranspose as Convolution2DTranspose
    from nnlite.layers.variational import GaussianLatent
    from nnlite.layers.wrappers import Bidirectional, TimeDistributed

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AvgPool1D",
    "AvgPool2D",
    "BatchNormalization",
    "Bidirectional",
    "CategoryEncoding",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Discretization",
    "Divide",
    "Dot",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianDropout",
    "GaussianLatent",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GroupNormalization",
    "Identity",
    "Input",
    "InputLayer",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPooling1D",
    "MaxPooling2D",
    "Maximum",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "Sigmoid",
    "SimpleRNN",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "StringLookup",
    "Subtract",
    "Tanh",
    "TimeDistributed",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]


def __getattr__(name: str) -> Any:
    """Import a layer on first access."""
    original = ALIASES.get(name, name)
    module = MODULES.get(original) or FUNCTIONS.get(original)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    layer = getattr(import_module(f"{__name__}.{module}"), original)
    globals()[name] = layer
    return layer


def __dir__() -> list[str]:
    """Return the names of all layers, imported or not."""
    return sorted({*globals(), *__all__})


class _Unimported:
    """Placeholder in the registry for a layer that may not have been imported yet."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, **config: Any) -> Layer:
        """Make the layer with its defaults, or as configured."""
        return self.from_config(config)

    def from_config(self, config: dict[str, Any]) -> Layer:
        """Make the layer that `config` describes."""
        layer: Layer = __getattr__(self.name).from_config(config)
        return layer


for _name in MODULES:
    registry.register(_Unimported(_name), _name)
