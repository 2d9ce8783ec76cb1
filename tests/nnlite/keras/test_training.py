"""Whole trainings end with the losses of Keras 3.15.1, on the same weights and data."""

import pytest

from nnlite.compat import keras
from tests.nnlite.keras.training_cases import CASES, losses_of

# Printed by `python training_cases.py` with Keras 3.15.1 on JAX.
LOSSES = {
    "table_autoencoder": {"loss": [1.312651, 1.1948, 1.083099], "val_loss": [1.345006, 1.231394, 1.122988]},
    "regularized_autoencoder": {"loss": [0.741451, 0.741448, 0.741445]},
    "class_of_two_parts": {"loss": [0.869828, 0.866436, 0.863766]},
    "series_autoencoder": {"loss": [0.394334, 0.37607, 0.365998]},
    "series_forecast": {"loss": [0.019529, 0.018424, 0.017362]},
    "image_denoiser": {"loss": [1.619527, 1.459628, 1.368921]},
    "classifier": {"loss": [1.196175, 1.100793, 1.038928]},
    "two_inputs_and_arithmetic": {
        "loss": [1.111885, 0.769316, 0.477233],
        "one_loss": [1.097899, 0.86774, 0.652996],
        "two_loss": [0.04662, -0.32808, -0.585877],
    },
    "embedded_text": {"loss": [0.669633, 0.647201, 0.634993]},
    "normalized_regression": {"loss": [119.071648, 115.265747, 112.472389]},
}


@pytest.mark.parametrize("case", CASES)
def test_the_losses_are_those_of_keras(case):
    found = losses_of(case, keras)
    assert list(found) == list(LOSSES[case.__name__])
    for name, losses in found.items():
        assert losses == pytest.approx(LOSSES[case.__name__][name], rel=1e-5, abs=1e-5), name
