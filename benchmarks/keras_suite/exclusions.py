"""Tests that do not apply, with the reason of each: what they test is not a matter of nnlite."""

from __future__ import annotations

import re

NAMES: tuple[tuple[str, str], ...] = (
    (r"test_dropout_rescaling", "holds for one seed of another generator of random numbers"),
    (r"overwrite_with_gradient|quantiz|int8|int4|float8|gptq|awq|_lora|lora_", "quantized or low-rank weights"),
    (r"sparse_tensor|_sparse$|sparse_input|sparsity|ragged", "sparse and ragged tensors"),
    (
        r"dtype_polic|mixed_precision|autocast|_float16|_bfloat16|_float8|half_precision",
        "dtypes other than float32 and float64",
    ),
    (r"tf_data|tf_dataset|tensorflow|torch|jax|saved_model|_numpy_backend", "another framework"),
    (r"jit_compile|symbolic_call_under|remat|distribut|thread", "compilation and distribution by a backend"),
)
"""Patterns of the names of tests (file::class.test), and why they do not apply."""


ABSENT: tuple[tuple[str, str], ...] = (
    (r"3D$|3DTranspose$", "images have two dimensions, series one"),
    (r"Attention$", "attention is not part of nnlite"),
    (r"Cell$|^RNN$|^StackedRNNCells$", "recurrence of single cells is not part of nnlite"),
    (r"^CTC$|^ctc$", "texts and speech are not part of nnlite"),
    (r"^STFT|^stft", "spectra are not part of nnlite"),
    (r"^Adafactor$|^Lamb$|^Muon$|^LossScale|^MultiOptimizer$", "this optimizer is not part of nnlite"),
    (r"^FeatureSpace$|^EinsumDense$|^SpectralNormalization$", "this layer is not part of nnlite"),
)
"""Public names that nnlite does not have, and why their tests do not apply."""


ERRORS: tuple[tuple[str, str], ...] = (
    (r"dtype must be 'float32' or 'float64'; found '(b?float|mixed|u?int8)", "dtypes other than float32 and float64"),
    (r"has no attribute '_[a-z]", "tests what is inside Keras"),
)
"""Errors that tell why a test does not apply."""


def reason_of_error(message: str) -> str | None:
    """Return why a test does not apply, judged by the error with which it ended, or None if it does."""
    return next((reason for pattern, reason in ERRORS if re.search(pattern, message)), None)


def reason_of_absence(name: str) -> str | None:
    """Return why tests of a public name that is missing do not apply, or None if it should be there.

    Examples
    --------
    >>> reason_of_absence("layers.Conv3D")
    'images have two dimensions, series one'
    >>> reason_of_absence("layers.Conv2D") is None
    True
    """
    return next((reason for pattern, reason in ABSENT if re.search(pattern, name.rpartition(".")[2])), None)


def reason_of_name(test: str) -> str | None:
    """Return why a test does not apply, judged by its name, or None if it does.

    Examples
    --------
    >>> reason_of_name("layers/core/dense_test.py::DenseTest.test_enable_lora")
    'quantized or low-rank weights'
    >>> reason_of_name("layers/core/dense_test.py::DenseTest.test_dense_basics") is None
    True
    """
    return next((reason for pattern, reason in NAMES if re.search(pattern, test.rpartition(".")[2].lower())), None)
