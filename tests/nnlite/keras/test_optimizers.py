"""The less frequent optimizers: their weights after five steps on known gradients are those of Keras 3.15.1."""

import numpy as np
import pytest

from nnlite import optimizers

# Gradients: np.random.default_rng(7).normal(size=(5, 3)); weights at first: 1, -2, 0.5.
AFTER_FIVE_STEPS = [
    ("nadam", {"learning_rate": 0.05}, [1.035181, -2.056948, 0.627358]),
    (
        "nadam",
        {"learning_rate": 0.05, "beta_1": 0.8, "epsilon": 1e-3, "weight_decay": 0.01},
        [1.069624, -2.05842, 0.639376],
    ),
    ("adadelta", {"learning_rate": 0.5}, [1.000855, -2.000672, 0.501859]),
    ("adadelta", {"learning_rate": 1.0, "rho": 0.8, "epsilon": 1e-3}, [1.110383, -2.063837, 0.681807]),
    ("adagrad", {"learning_rate": 0.1}, [1.13303, -2.06711, 0.672717]),
    (
        "adagrad",
        {"learning_rate": 0.1, "initial_accumulator_value": 0.0, "epsilon": 1e-3},
        [1.136721, -2.088692, 0.711413],
    ),
    ("adamax", {"learning_rate": 0.05}, [1.027167, -2.076381, 0.641255]),
    (
        "adamax",
        {"learning_rate": 0.05, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-2},
        [1.082436, -2.066215, 0.628919],
    ),
    ("ftrl", {"learning_rate": 0.1}, [0.133037, -0.613281, 0.294916]),
    (
        "ftrl",
        {
            "learning_rate": 0.1,
            "l1_regularization_strength": 0.2,
            "l2_regularization_strength": 0.1,
            "l2_shrinkage_regularization_strength": 0.05,
            "beta": 0.3,
        },
        [0.076106, -0.302404, 0.151655],
    ),
    ("ftrl", {"learning_rate": 0.1, "learning_rate_power": -0.7}, [0.132637, -0.79245, 0.359055]),
    ("lion", {"learning_rate": 0.01}, [1.03, -2.01, 0.53]),
]


@pytest.mark.parametrize(("name", "settings", "expected"), AFTER_FIVE_STEPS)
def test_five_steps_are_those_of_keras(name, settings, expected):
    optimizer = optimizers.get({"class_name": name, "config": settings})
    weights = np.array([1.0, -2.0, 0.5], np.float32)
    for gradient in np.random.default_rng(7).normal(size=(5, 3)).astype(np.float32):
        optimizer.step(weights, gradient)
    np.testing.assert_allclose(weights, expected, atol=2e-6)


@pytest.mark.parametrize("name", ["Nadam", "Adadelta", "Adagrad", "Adamax", "Ftrl", "Lion"])
def test_a_rare_optimizer_is_found_by_both_names_and_restored(name):
    made = optimizers.get(name.lower())
    assert type(made).__name__ == name == type(optimizers.get(name)).__name__
    assert optimizers.deserialize(optimizers.serialize(made)).get_config() == made.get_config()


def test_unknown_optimizers_and_impossible_settings_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'Nadamm'"):
        _ = optimizers.Nadamm
    with pytest.raises(ValueError, match="learning_rate_power must be a number of at most 0"):
        optimizers.Ftrl(learning_rate_power=0.5)
    with pytest.raises(ValueError, match="l1_regularization_strength must be a number of at least 0"):
        optimizers.Ftrl(l1_regularization_strength=-1)
    with pytest.raises(ValueError, match="rho"):
        optimizers.Adadelta(rho=1.0)
