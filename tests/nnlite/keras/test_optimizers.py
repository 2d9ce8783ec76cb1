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

# After seven steps, and after the end of training.
AFTER_TRAINING = [
    (
        "adam",
        {"learning_rate": 0.05, "use_ema": True, "ema_momentum": 0.9},
        [1.10306, -2.06792, 0.751972],
        [1.000675, -2.062526, 0.613556],
    ),
    (
        "sgd",
        {
            "learning_rate": 0.05,
            "momentum": 0.9,
            "use_ema": True,
            "ema_momentum": 0.5,
            "ema_overwrite_frequency": 3,
        },
        [1.260292, -1.992622, 0.873542],
        [1.207088, -2.04578, 0.79676],
    ),
    (
        "adam",
        {"learning_rate": 0.05, "gradient_accumulation_steps": 3},
        [1.07483, -2.037509, 0.586155],
        [1.07483, -2.037509, 0.586155],
    ),
    (
        "sgd",
        {
            "learning_rate": optimizers.schedules.ExponentialDecay(0.1, 2, 0.5),
            "gradient_accumulation_steps": 2,
            "weight_decay": 0.1,
            "use_ema": True,
            "ema_momentum": 0.5,
            "clipnorm": 1.0,
        },
        [1.023081, -1.985804, 0.544236],
        [1.024582, -1.989192, 0.543571],
    ),
    ("lamb", {"learning_rate": 0.05}, [1.32583, -2.080744, 1.112766], [1.32583, -2.080744, 1.112766]),
]


@pytest.mark.parametrize(("name", "settings", "expected", "final"), AFTER_TRAINING)
def test_averages_of_weights_and_gradients_are_those_of_keras(name, settings, expected, final):
    optimizer = optimizers.get({"class_name": name, "config": settings})
    weights = np.array([1.0, -2.0, 0.5], np.float32)
    for gradient in np.random.default_rng(7).normal(size=(7, 3)).astype(np.float32):
        optimizer.step(weights, gradient)
    np.testing.assert_allclose(weights, expected, atol=4e-6)
    optimizer.finalize(weights)
    np.testing.assert_allclose(weights, final, atol=4e-6)
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert again.get_config() == optimizer.get_config()


@pytest.mark.parametrize(
    "name", ["adam", "sgd", "adamw", "adagrad", "rmsprop", "adadelta", "adamax", "lion", "nadam", "ftrl"]
)
def test_the_mean_of_three_gradients_makes_one_update(name):
    one, three = (
        optimizers.get({"class_name": name, "config": config})
        for config in ({"weight_decay": 0.05}, {"weight_decay": 0.05, "gradient_accumulation_steps": 3})
    )
    weights, accumulated = np.array([0.9, 0.5], np.float32), np.array([0.9, 0.5], np.float32)
    for gradients in np.random.default_rng(5).random((8, 3, 2)).astype(np.float32):
        one.step(weights, gradients.mean(axis=0))
        for gradient in gradients:
            three.step(accumulated, gradient)
    np.testing.assert_allclose(accumulated, weights, rtol=1e-5)


def test_the_state_between_two_updates_is_restored():
    gradients = np.random.default_rng(3).normal(size=(6, 3)).astype(np.float32)
    settings = {"learning_rate": 0.05, "gradient_accumulation_steps": 3, "use_ema": True}
    whole, first, second = (optimizers.Adam(**settings) for _ in range(3))
    weights, copy = np.ones(3, np.float32), np.ones(3, np.float32)
    for gradient in gradients:
        whole.step(weights, gradient)
    for gradient in gradients[:4]:
        first.step(copy, gradient)
    second.build(copy, [("parameters", slice(0, 3))])
    second.set_state(*first.get_state())
    for gradient in gradients[4:]:
        second.step(copy, gradient)
    np.testing.assert_array_equal(copy, weights)


def test_training_ends_with_the_average_of_the_weights():
    from nnlite.layers import Dense, Input
    from nnlite.models import Sequential

    x = np.random.default_rng(0).normal(size=(32, 3)).astype(np.float32)
    seen = []
    for use_ema in (False, True):
        model = Sequential([Input((3,)), Dense(1, kernel_initializer="ones")])
        model.compile(optimizers.SGD(0.1, use_ema=use_ema, ema_momentum=0.5), "mse")
        history = model.fit(x, x[:, :1], epochs=3, batch_size=8, shuffle=False, verbose=0)
        assert history.backend == ("numpy" if use_ema else history.backend)
        seen.append(model.get_weights()[0])
    assert np.abs(seen[0] - seen[1]).max() > 1e-3


@pytest.mark.parametrize(
    "settings",
    [{"ema_momentum": 2.0}, {"gradient_accumulation_steps": 1}, {"use_ema": True, "ema_overwrite_frequency": 0}],
)
def test_settings_of_averages_are_checked(settings):
    with pytest.raises(ValueError, match=next(reversed(settings))):
        optimizers.Adam(**settings)


@pytest.mark.parametrize(("name", "settings", "expected"), AFTER_FIVE_STEPS)
def test_five_steps_are_those_of_keras(name, settings, expected):
    optimizer = optimizers.get({"class_name": name, "config": settings})
    weights = np.array([1.0, -2.0, 0.5], np.float32)
    for gradient in np.random.default_rng(7).normal(size=(5, 3)).astype(np.float32):
        optimizer.step(weights, gradient)
    np.testing.assert_allclose(weights, expected, atol=2e-6)


@pytest.mark.parametrize("name", ["Nadam", "Adadelta", "Adagrad", "Adamax", "Ftrl", "Lamb", "Lion"])
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
