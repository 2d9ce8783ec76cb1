"""Which of Keras's files of tests are run, by area, and why the others are not."""

from __future__ import annotations

from fnmatch import fnmatch

AREAS: dict[str, tuple[str, ...]] = {
    "activations": ("activations/*", "layers/activations/*"),
    "convolution": ("layers/convolutional/*",),
    "core and merging": (
        "layers/core/dense_test.py",
        "layers/core/embedding_test.py",
        "layers/core/identity_test.py",
        "layers/core/input_layer_test.py",
        "layers/core/lambda_layer_test.py",
        "layers/core/masking_test.py",
        "layers/merging/*",
    ),
    "normalization": (
        "layers/normalization/batch_normalization_test.py",
        "layers/normalization/group_normalization_test.py",
        "layers/normalization/layer_normalization_test.py",
        "layers/normalization/unit_normalization_test.py",
    ),
    "pooling": (
        "layers/pooling/average_pooling_test.py",
        "layers/pooling/global_*",
        "layers/pooling/max_pooling_test.py",
    ),
    "preprocessing layers": (
        "layers/preprocessing/category_encoding_test.py",
        "layers/preprocessing/discretization_test.py",
        "layers/preprocessing/normalization_test.py",
        "layers/preprocessing/rescaling_test.py",
        "layers/preprocessing/string_lookup_test.py",
    ),
    "dropout and noise": ("layers/regularization/*",),
    "reshaping": ("layers/reshaping/*",),
    "recurrence": (
        "layers/rnn/bidirectional_test.py",
        "layers/rnn/gru_test.py",
        "layers/rnn/lstm_test.py",
        "layers/rnn/simple_rnn_test.py",
        "layers/rnn/time_distributed_test.py",
    ),
    "losses": ("losses/*",),
    "metrics": ("metrics/*",),
    "optimizers": (
        "optimizers/optimizer_test.py",
        "optimizers/ada[dgm]*_test.py",
        "optimizers/ftrl_test.py",
        "optimizers/lion_test.py",
        "optimizers/nadam_test.py",
        "optimizers/rmsprop_test.py",
        "optimizers/sgd_test.py",
    ),
    "schedules": ("optimizers/schedules/*",),
    "initializers": ("initializers/*",),
    "regularizers": ("regularizers/*",),
    "constraints": ("constraints/*",),
    "callbacks": ("callbacks/*",),
    "models": (
        "models/cloning_test.py",
        "models/functional_test.py",
        "models/model_test.py",
        "models/sequential_test.py",
    ),
    "utils": (
        "utils/dataset_utils_test.py",
        "utils/numerical_utils_test.py",
        "utils/rng_utils_test.py",
        "utils/sequence_utils_test.py",
        "utils/timeseries_dataset_utils_test.py",
    ),
}
"""Patterns of the files of each area, in Keras's folder `src`."""

LEFT_OUT: dict[str, str] = {
    "layers/reshaping/cropping3d_test.py": "images have two dimensions, series one",
    "layers/reshaping/up_sampling3d_test.py": "images have two dimensions, series one",
    "layers/reshaping/zero_padding3d_test.py": "images have two dimensions, series one",
    "callbacks/orbax_checkpoint_test.py": "needs Orbax",
    "callbacks/remote_monitor_test.py": "no connections are opened",
    "callbacks/swap_ema_weights_test.py": "moving averages of weights are not here",
    "callbacks/tensorboard_test.py": "needs TensorFlow",
}
"""Files of these areas that are not run: each tests one class that is not here."""


def files_of(area: str, known: list[str]) -> list[str]:
    """Return the files of an area among those that there are.

    Parameters
    ----------
    area : str
        Name of the area.
    known : list of str
        All files of tests, by their path in Keras's folder `src`.
    """
    return [file for file in known if file not in LEFT_OUT and any(fnmatch(file, one) for one in AREAS[area])]
