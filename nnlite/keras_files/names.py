"""Names of Keras that occur in files: of layers, and of settings that have no effect here."""

from __future__ import annotations

from typing import Any

FRAMES = ("keras.", "keras_", "tensorflow", "tf_keras", "builtins")
"""Beginnings of modules that are not those of custom classes."""

LAYERS = frozenset(
    [
        "Activation",
        "ActivityRegularization",
        "Add",
        "AdditiveAttention",
        "AlphaDropout",
        "Attention",
        "Average",
        "AveragePooling1D",
        "AveragePooling2D",
        "BatchNormalization",
        "Bidirectional",
        "CategoryEncoding",
        "CenterCrop",
        "Concatenate",
        "Conv1D",
        "Conv1DTranspose",
        "Conv2D",
        "Conv2DTranspose",
        "Cropping1D",
        "Cropping2D",
        "Dense",
        "DepthwiseConv1D",
        "DepthwiseConv2D",
        "Discretization",
        "Dot",
        "Dropout",
        "ELU",
        "Embedding",
        "Flatten",
        "GRU",
        "GRUCell",
        "GaussianDropout",
        "GaussianNoise",
        "GlobalAveragePooling1D",
        "GlobalAveragePooling2D",
        "GlobalMaxPooling1D",
        "GlobalMaxPooling2D",
        "GroupNormalization",
        "Identity",
        "InputLayer",
        "LSTM",
        "LSTMCell",
        "LayerNormalization",
        "LeakyReLU",
        "Masking",
        "MaxPooling1D",
        "MaxPooling2D",
        "Maximum",
        "Minimum",
        "MultiHeadAttention",
        "Multiply",
        "Normalization",
        "PReLU",
        "Permute",
        "RNN",
        "RandomBrightness",
        "RandomContrast",
        "RandomFlip",
        "RandomRotation",
        "RandomTranslation",
        "RandomZoom",
        "ReLU",
        "RepeatVector",
        "Rescaling",
        "Reshape",
        "Resizing",
        "SeparableConv1D",
        "SeparableConv2D",
        "SimpleRNN",
        "SimpleRNNCell",
        "Softmax",
        "SpatialDropout1D",
        "SpatialDropout2D",
        "Subtract",
        "TimeDistributed",
        "UnitNormalization",
        "UpSampling1D",
        "UpSampling2D",
        "ZeroPadding1D",
        "ZeroPadding2D",
    ]
)
"""Layers that files of Keras may name and that mean the same here."""

RENAMED = {"Affine": "Rescaling", "Sigmoid": "Activation", "Tanh": "Activation"}
"""Layers that Keras does not have, and the layer of Keras that computes the same."""

_OPERATION = "it is an operation on tensors, which Keras writes by names of its own"
_TEXTS = "in Keras it needs TensorFlow, and its vocabulary is in files of its own kind"

NOT_IN_FILES = {
    **dict.fromkeys(
        (
            *("AddedLoss", "Broadcast", "Clip", "Compare", "Constant", "Extreme", "Function", "GetItem", "MatMul"),
            *("Parameter", "Power", "RandomValues", "Reduce", "Total", "Transpose", "Where"),
        ),
        _OPERATION,
    ),
    **dict.fromkeys(("IntegerLookup", "StringLookup", "TextVectorization"), _TEXTS),
    "Divide": "Keras has no such layer",
    "GaussianLatent": "Keras has no such layer",
    "Lambda": "its Python code is never run from a file",
    "RandomCrop": "at inference Keras leaves images as large as they are, and the layer here cuts out the middle",
}
"""Layers that files of Keras cannot hold, or that do not mean the same there, and why."""

ACTIVATION_LAYERS = ("ELU", "LeakyReLU", "ReLU", "Softmax")
"""Layers of Keras that may stand for an activation function."""

ACTIVATIONS = (
    "celu",
    "elu",
    "exponential",
    "gelu",
    "hard_sigmoid",
    "hard_silu",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
)
"""Activation functions that have the same name here and in Keras."""

WITHOUT_EFFECT = {"RandomFlip": ("fill_mode", "interpolation", "fill_value")}
"""Arguments of layers here that have no effect, and that Keras does not take."""

OWN_LOSSES = ("MaskedMeanSquaredError", "FunctionLoss")
"""Losses that Keras does not have."""

_CONSTRAINED = (
    *("kernel", "bias", "recurrent", "gamma", "beta", "embeddings"),
    *("alpha", "depthwise", "pointwise"),
)

# Settings that mean nothing in a layer where the first one is off.
DEPENDENT = {
    "BatchNormalization": ("renorm", ("renorm_momentum",)),
    "Resizing": ("pad_to_aspect_ratio", ("fill_mode", "fill_value")),
}

# Settings that Keras writes and that mean nothing at these values; at another value the layer refuses them by name.
UNUSED: dict[str, tuple[Any, ...]] = {
    **{f"{of}_constraint": (None,) for of in _CONSTRAINED},
    "activity_regularizer": (None,),
    "antialias": (False,),
    "attention_axes": (None,),
    "autocast": (True, None),
    "batch_input_shape": (None,),
    "data_format": ("channels_last", None),
    "ema_momentum": (0.99, None),
    "ema_overwrite_frequency": (None,),
    "gradient_accumulation_steps": (None,),
    "input_axes": (None,),
    "input_length": (None,),
    "loss_scale_factor": (None,),
    "lora_rank": (None,),
    "mean": (None,),
    "noise_shape": (None,),
    "optional": (False,),
    "pad_to_aspect_ratio": (False,),
    "output_axes": (None,),
    "output_padding": (None,),
    "quantization_config": (None,),
    "ragged": (False,),
    "renorm": (False,),
    "renorm_clipping": (None,),
    "rms_scaling": (False,),
    "sliding_window": (None,),
    "sparse": (False,),
    "stateful": (False,),
    "synchronized": (False,),
    "unroll": (False, True),
    "use_ema": (False,),
    "use_gate": (False,),
    "use_cudnn": ("auto", False, True),
    "variance": (None,),
    "zero_output_for_mask": (False, True),
}


def is_unused(key: str, value: Any) -> bool:
    """Return whether a setting of Keras has no effect here at its value."""
    return any(type(value) is type(harmless) and value == harmless for harmless in UNUSED.get(key, ()))
