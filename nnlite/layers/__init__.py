"""The textbook: every layer's forward and backward pass, side by side, in plain NumPy."""

from nnlite.layers.activation import ELU, Activation, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from nnlite.layers.base import Layer, registry
from nnlite.layers.dense import Dense
from nnlite.layers.input import Input, InputLayer
from nnlite.layers.merging import Add, Concatenate
from nnlite.layers.noise import Dropout, GaussianNoise
from nnlite.layers.normalization import BatchNormalization, LayerNormalization
from nnlite.layers.reshaping import Flatten, Reshape

__all__ = [
    "ELU",
    "Activation",
    "Add",
    "BatchNormalization",
    "Concatenate",
    "Dense",
    "Dropout",
    "Flatten",
    "GaussianNoise",
    "Input",
    "InputLayer",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "ReLU",
    "Reshape",
    "Sigmoid",
    "Softmax",
    "Tanh",
]

for _layer in (
    InputLayer,
    Dense,
    Activation,
    ReLU,
    LeakyReLU,
    ELU,
    Sigmoid,
    Tanh,
    Softmax,
    Dropout,
    GaussianNoise,
    BatchNormalization,
    LayerNormalization,
    Flatten,
    Reshape,
    Add,
    Concatenate,
):
    registry.register(_layer, _layer.__name__)
