"""Where the layers are that are imported on first access, and their other names in Keras."""

from __future__ import annotations

# Modules of the layers that are imported on first access.
MODULES = {
    name: module
    for module, names in (
        ("activation", "Activation ELU LeakyReLU ReLU Sigmoid Softmax Tanh"),
        ("dense", "Dense"),
        ("input", "InputLayer"),
        ("masking", "Masking"),
        ("merging", "Add Concatenate"),
        ("noise", "ActivityRegularization Dropout GaussianNoise SpatialDropout1D"),
        ("normalization", "BatchNormalization LayerNormalization"),
        ("reshaping", "Flatten Permute RepeatVector Reshape"),
        ("convolution", "Conv1D Conv2D"),
        ("transposed_convolution", "Conv1DTranspose Conv2DTranspose"),
        ("pooling", "AveragePooling1D AveragePooling2D MaxPooling1D MaxPooling2D"),
        ("global_pooling", "GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D"),
        ("resizing", "Cropping1D Cropping2D UpSampling1D UpSampling2D ZeroPadding1D ZeroPadding2D"),
        ("simple_rnn", "SimpleRNN"),
        ("lstm", "LSTM"),
        ("gru", "GRU"),
        ("wrappers", "Bidirectional TimeDistributed"),
        ("variational", "GaussianLatent"),
        ("products", "Average Divide Dot Maximum Minimum Multiply Subtract"),
        ("embedding", "Embedding"),
        ("functional", "Identity Lambda"),
        ("preparing", "CategoryEncoding Discretization Normalization Rescaling StringLookup"),
        ("gaussian_dropout", "AlphaDropout GaussianDropout SpatialDropout2D"),
        ("group_normalization", "GroupNormalization UnitNormalization"),
        ("parametric", "PReLU"),
        ("separable_convolution", "DepthwiseConv1D DepthwiseConv2D SeparableConv1D SeparableConv2D"),
        ("arithmetic", "Affine Function GetItem Power Reduce"),
        ("tensors", "Broadcast Clip Extreme MatMul Total Transpose"),
        ("conditions", "Compare Where"),
        ("tracing", "AddedLoss Constant Parameter RandomValues"),
        ("cells", "GRUCell LSTMCell RNN SimpleRNNCell"),
        ("lookups", "IntegerLookup TextVectorization"),
        ("image_sizes", "CenterCrop Resizing"),
        (
            "augmentation",
            "RandomBrightness RandomContrast RandomCrop RandomFlip RandomRotation RandomTranslation RandomZoom",
        ),
        ("attention", "AdditiveAttention Attention"),
        ("multi_head_attention", "MultiHeadAttention"),
    )
    for name in names.split()
}

# Functions that are imported on first access; they are not layers that a file may name.
FUNCTIONS = {
    "Input": "input",
    "serialize": "describing",
    "deserialize": "describing",
    "StackedRNNCells": "cells",
    **dict.fromkeys(
        ("add", "average", "concatenate", "dot", "maximum", "minimum", "multiply", "subtract"), "merging_functions"
    ),
}

# Other names of the same layers in Keras.
ALIASES = {
    "SeparableConvolution1D": "SeparableConv1D",
    "SeparableConvolution2D": "SeparableConv2D",
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution1DTranspose": "Conv1DTranspose",
    "Convolution2DTranspose": "Conv2DTranspose",
    "MaxPool1D": "MaxPooling1D",
    "MaxPool2D": "MaxPooling2D",
    "AvgPool1D": "AveragePooling1D",
    "AvgPool2D": "AveragePooling2D",
    "GlobalMaxPool1D": "GlobalMaxPooling1D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
}
