"""The textbook: every layer's forward and backward pass, side by side, in plain NumPy."""

from nnlite.layers.activation import ELU, Activation, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from nnlite.layers.base import Layer, registry
from nnlite.layers.convolution import Conv1D, Conv2D
from nnlite.layers.dense import Dense
from nnlite.layers.global_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
)
from nnlite.layers.gru import GRU
from nnlite.layers.input import Input, InputLayer
from nnlite.layers.lstm import LSTM
from nnlite.layers.masking import Masking
from nnlite.layers.merging import Add, Concatenate
from nnlite.layers.noise import ActivityRegularization, Dropout, GaussianNoise, SpatialDropout1D
from nnlite.layers.normalization import BatchNormalization, LayerNormalization
from nnlite.layers.pooling import AveragePooling1D, AveragePooling2D, MaxPooling1D, MaxPooling2D
from nnlite.layers.reshaping import Flatten, Permute, RepeatVector, Reshape
from nnlite.layers.resizing import (
    Cropping1D,
    Cropping2D,
    UpSampling1D,
    UpSampling2D,
    ZeroPadding1D,
    ZeroPadding2D,
)
from nnlite.layers.simple_rnn import SimpleRNN
from nnlite.layers.transposed_convolution import Conv1DTranspose, Conv2DTranspose
from nnlite.layers.variational import GaussianLatent
from nnlite.layers.wrappers import Bidirectional, TimeDistributed

# The other names that Keras has for the same layers.
Convolution1D, Convolution2D = Conv1D, Conv2D
Convolution1DTranspose, Convolution2DTranspose = Conv1DTranspose, Conv2DTranspose
MaxPool1D, MaxPool2D = MaxPooling1D, MaxPooling2D
AvgPool1D, AvgPool2D = AveragePooling1D, AveragePooling2D
GlobalMaxPool1D, GlobalMaxPool2D = GlobalMaxPooling1D, GlobalMaxPooling2D
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AveragePooling1D",
    "AveragePooling2D",
    "AvgPool1D",
    "AvgPool2D",
    "BatchNormalization",
    "Bidirectional",
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
    "Dropout",
    "Flatten",
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
    "Input",
    "InputLayer",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPooling1D",
    "MaxPooling2D",
    "Permute",
    "ReLU",
    "RepeatVector",
    "Reshape",
    "Sigmoid",
    "SimpleRNN",
    "Softmax",
    "SpatialDropout1D",
    "Tanh",
    "TimeDistributed",
    "UpSampling1D",
    "UpSampling2D",
    "ZeroPadding1D",
    "ZeroPadding2D",
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
    SpatialDropout1D,
    GaussianNoise,
    GaussianLatent,
    ActivityRegularization,
    BatchNormalization,
    LayerNormalization,
    Flatten,
    Reshape,
    Permute,
    RepeatVector,
    Add,
    Concatenate,
    Conv1D,
    Conv2D,
    Conv1DTranspose,
    Conv2DTranspose,
    MaxPooling1D,
    MaxPooling2D,
    AveragePooling1D,
    AveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    UpSampling1D,
    UpSampling2D,
    ZeroPadding1D,
    ZeroPadding2D,
    Cropping1D,
    Cropping2D,
    Masking,
    SimpleRNN,
    LSTM,
    GRU,
    Bidirectional,
    TimeDistributed,
):
    registry.register(_layer, _layer.__name__)
