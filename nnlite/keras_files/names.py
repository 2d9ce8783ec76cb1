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
        "Average",
        "AveragePooling1D",
        "AveragePooling2D",
        "BatchNormalization",
        "Bidirectional",
        "CategoryEncoding",
        "Concatenate",
        "Conv1D",
        "Conv1DTranspose",
        "Conv2D",
        "Conv2DTranspose",
        "Cropping1D",
        "Cropping2D",
        "Dense",
        "Discretization",
        "Dot",
        "Dropout",
        "ELU",
        "Embedding",
        "Flatten",
        "GRU",
        "GaussianNoise",
        "GlobalAveragePooling1D",
        "GlobalAveragePooling2D",
        "GlobalMaxPooling1D",
        "GlobalMaxPooling2D",
        "Identity",
        "InputLayer",
        "LSTM",
        "LayerNormalization",
        "LeakyReLU",
        "Masking",
        "MaxPooling1D",
        "MaxPooling2D",
        "Maximum",
        "Minimum",
        "Multiply",
        "Normalization",
        "Permute",
        "ReLU",
        "RepeatVector",
        "Rescaling",
        "Reshape",
        "SimpleRNN",
        "Softmax",
        "SpatialDropout1D",
        "Subtract",
        "TimeDistributed",
        "UpSampling1D",
        "UpSampling2D",
        "ZeroPadding1D",
        "ZeroPadding2D",
    ]
)
"""Layers that files of Keras may name and that mean the same here."""

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

OWN_LOSSES = ("MaskedMeanSquaredError", "FunctionLoss")
"""Losses that Keras does not have."""

# Settings that Keras writes and that mean nothing at these values; at another value the layer refuses them by name.
UNUSED: dict[str, tuple[Any, ...]] = {
    **{f"{of}_constraint": (None,) for of in ("kernel", "bias", "recurrent", "gamma", "beta", "embeddings")},
    "activity_regularizer": (None,),
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
    "output_axes": (None,),
    "output_padding": (None,),
    "quantization_config": (None,),
    "ragged": (False,),
    "renorm": (False,),
    "renorm_clipping": (None,),
    "rms_scaling": (False,),
    "sparse": (False,),
    "stateful": (False,),
    "synchronized": (False,),
    "unroll": (False, True),
    "use_ema": (False,),
    "use_cudnn": ("auto", False, True),
    "variance": (None,),
    "zero_output_for_mask": (False, True),
}


def is_unused(key: str, value: Any) -> bool:
    """Return whether a setting of Keras has no effect here at its value."""
    return any(type(value) is type(harmless) and value == harmless for harmless in UNUSED.get(key, ()))
