"""Losses against Keras 3.15.1, with sample weights and every reduction."""

import warnings

import numpy as np
import pytest

from nnlite import losses, ops, regularizers
from nnlite.gradcheck import check_model
from nnlite.layers import Dense, Input
from nnlite.models import Model, Sequential, load_model

_RNG = np.random.default_rng(3)
Y = np.abs(_RNG.normal(size=(4, 3))).astype(np.float32)
P = np.abs(_RNG.normal(size=(4, 3))).astype(np.float32)
ONE_HOT = np.eye(3, dtype=np.float32)[[0, 2, 1, 1]]
SHARES = P / P.sum(-1, keepdims=True)
WEIGHTS = np.array([1, 0.5, 2, 0], np.float32)

# Name, data, mean, weighted mean, mean divided by the sum of weights, values of the samples.
VALUES = [
    ("MeanAbsolutePercentageError", Y, P, 63.545937, 55.3218, 63.224915, [104.14883, 16.09636, 54.54509, 79.39346]),
    ("MeanSquaredLogarithmicError", Y, P, 0.197158, 0.213402, 0.243889, [0.48585, 0.00503, 0.18262, 0.11513]),
    ("LogCosh", Y, P, 0.374538, 0.34277, 0.391737, [0.83445, 0.00542, 0.26696, 0.39132]),
    ("Poisson", Y, P, 1.189378, 1.372007, 1.568008, [1.86721, 0.76138, 1.62006, 0.50885]),
    ("CosineSimilarity", Y, P, -0.873357, -0.746133, -0.852724, [-0.64502, -0.97606, -0.92574, -0.94661]),
    ("KLDivergence", Y, P, 1.07835, 1.932108, 2.208123, [1.30718, 0.16187, 3.17016, -0.32581]),
    ("Hinge", ONE_HOT, SHARES, 1.210997, 1.069036, 1.221755, [1.23978, 1.19023, 1.22062, 1.19336]),
    ("SquaredHinge", ONE_HOT, SHARES, 1.579321, 1.426263, 1.630015, [1.61551, 1.49972, 1.66984, 1.53221]),
    ("CategoricalHinge", ONE_HOT, SHARES, 1.407972, 1.319567, 1.508076, [1.38607, 1.21902, 1.64135, 1.38546]),
    ("BinaryCrossentropy", ONE_HOT, SHARES, 0.983368, 0.942422, 1.077054, [1.03884, 0.84687, 1.1537, 0.89405]),
    ("CategoricalCrossentropy", ONE_HOT, SHARES, 1.710187, 1.57202, 1.796594, [1.96376, 1.53869, 1.77748, 1.56081]),
]


@pytest.mark.parametrize(("name", "y", "p", "mean", "weighted", "normalized", "values"), VALUES)
def test_a_loss_has_the_values_of_keras(name, y, p, mean, weighted, normalized, values):
    kind = getattr(losses, name)
    assert kind()(y, p) == pytest.approx(mean, rel=4e-6)
    assert kind(reduction="mean")(y, p) == pytest.approx(mean, rel=4e-6)
    assert kind()(y, p, WEIGHTS) == pytest.approx(weighted, rel=4e-6)
    assert kind(reduction="mean_with_sample_weight")(y, p, WEIGHTS) == pytest.approx(normalized, rel=4e-6)
    for none in ("none", None):
        np.testing.assert_allclose(kind(reduction=none)(y, p), values, atol=1e-5)
    function = getattr(losses, kind.default_name)
    np.testing.assert_allclose(function(y, p), values, atol=1e-5)
    assert type(losses.get(function)) is kind
    assert losses.get(losses.serialize(kind())).get_config() == kind().get_config()


def test_functions_take_class_numbers_columns_and_vectors():
    assert losses.sparse_categorical_crossentropy([0, 2, 1, 1], SHARES).tolist() == pytest.approx(
        [1.96376, 1.53869, 1.77748, 1.56081], abs=1e-5
    )
    assert losses.mean_squared_error(np.zeros(3), np.ones((3, 1))).tolist() == [1, 1, 1]
    assert losses.mean_squared_error(np.zeros(3), np.ones(3)).numpy() == 1


def test_results_have_the_method_numpy_and_stay_numbers():
    value = losses.MeanSquaredError()(Y, P)
    assert isinstance(value, float)
    assert value.numpy() == value
    each = losses.mean_squared_error(Y, P)
    assert type(each.numpy()) is np.ndarray
    assert each.mean().numpy() == pytest.approx(value)


def quartic(y_true, y_pred):
    return np.mean((y_pred - y_true) ** 4, axis=-1)


def quartic_mean(y_true, y_pred):
    return np.mean((y_pred - y_true) ** 4)


def trained(loss):
    model = Sequential([Input((3,)), Dense(2, kernel_initializer="ones")])
    model.compile("sgd", loss)
    model.fit(P, Y[:, :2], batch_size=2, epochs=3, verbose=0, shuffle=False)
    return model


def with_gradient():
    def loss(y_true, y_pred):
        return quartic(y_true, y_pred)

    loss.gradient = lambda y_true, y_pred: 4 * (y_pred - y_true) ** 3 / y_pred.shape[-1]
    return loss


def test_a_function_trains_like_its_gradient_with_one_warning():
    exact = trained(with_gradient())
    for function in (quartic, quartic_mean):
        with pytest.warns(UserWarning, match="has no gradient") as found:
            model = trained(function)
        assert len(found) == 1
        np.testing.assert_allclose(model.get_weights()[0], exact.get_weights()[0], rtol=1e-5)
        assert model.history.history["loss"] == pytest.approx(exact.history.history["loss"], rel=1e-5)


TRACED = {
    "operators": lambda y, p: (p - y) ** 4,
    "mean of samples": lambda y, p: ops.mean((p - y) ** 4, axis=-1),
    "mean of all": lambda y, p: ops.mean(ops.square(ops.square(y - p))),
}


@pytest.mark.parametrize("name", TRACED)
def test_a_function_of_operations_trains_like_its_gradient(name):
    exact, model = trained(with_gradient()), trained(TRACED[name])
    np.testing.assert_allclose(model.get_weights()[0], exact.get_weights()[0], rtol=1e-5)


DERIVED = {
    "huber": lambda y, p: ops.where(ops.abs(y - p) < 1, 0.5 * (y - p) ** 2, ops.abs(y - p) - 0.5),
    "root": lambda y, p: ops.sqrt(ops.mean(ops.square(p - y))),
    "quantile": lambda y, p: ops.mean(ops.maximum(0.3 * (y - p), -0.7 * (y - p)), axis=-1),
    "weighted": lambda y, p: ops.mean(ops.square(y - p) * (2.0 * ops.cast(ops.greater(y, 0), "float32") + 1.0)),
    "conditions": lambda y, p: ops.where(ops.logical_or(ops.logical_not(p >= y), p > 1), p * y, ops.zeros_like(p)),
    "extremes": lambda y, p: ops.max(ops.abs(p - y), axis=-1),
}


@pytest.mark.parametrize("name", DERIVED)
def test_the_derivative_of_a_function_of_operations_is_that_of_differences(name, monkeypatch):
    y, p = np.random.default_rng(8).normal(size=(2, 7, 3))
    found = losses.get(DERIVED[name]).gradient(y, p)
    by_differences = losses.get(DERIVED[name])
    monkeypatch.setattr(by_differences._differentiated, "_traced_for", lambda *_: None)
    with pytest.warns(UserWarning, match="has no gradient"):
        np.testing.assert_allclose(found, by_differences.gradient(y, p), atol=1e-8)


def test_penalties_of_programs_have_derivatives():
    class Own(regularizers.Regularizer):
        def __call__(self, x):
            return 0.1 * ops.sum(ops.square(ops.mean(x, axis=0)))

    x = np.random.default_rng(8).normal(size=(7, 3))
    np.testing.assert_allclose(Own().gradient(x), np.broadcast_to(0.2 * x.mean(axis=0) / 7, x.shape))
    np.testing.assert_allclose(regularizers.get(lambda w: np.sum(w**3)).gradient(x), 3 * x**2, rtol=1e-5)
    inputs = Input((3,), dtype="float64")
    layer = Dense(2, kernel_regularizer=Own(), activity_regularizer=lambda a: ops.sum(ops.abs(a)), dtype="float64")
    model = Model(inputs, layer(inputs))
    model.compile("sgd", "mse")
    check_model(model, x, x[:, :2])


def test_a_function_is_found_among_custom_objects_when_a_model_is_loaded(tmp_path):
    with pytest.warns(UserWarning, match="has no gradient"):
        model = trained(quartic)
    model.save(tmp_path / "model.npz")
    assert load_model(tmp_path / "model.npz", {"quartic": quartic}).loss[0].name == "quartic"
    with pytest.raises(ValueError, match="'quartic' is a Python function, which a file cannot hold"):
        load_model(tmp_path / "model.npz")


def test_functions_of_wrong_shapes_are_refused():
    loss = losses.get(lambda y_true, y_pred: np.zeros(7))
    with pytest.raises(ValueError, match="must return one value for each sample"):
        loss(Y, P)

    def wrong(y_true, y_pred):
        return quartic(y_true, y_pred)

    wrong.gradient = lambda y_true, y_pred: np.zeros(3)
    with pytest.raises(ValueError, match="must have the shape of the predictions"):
        losses.get(wrong).gradient(Y, P)


def test_losses_compile_or_say_why_not():
    for loss in ("log_cosh", losses.MeanSquaredError(reduction="mean_with_sample_weight")):
        model = Sequential([Input((3,)), Dense(2)])
        model.compile("sgd", loss)
        with warnings.catch_warnings(), pytest.raises(ValueError, match="compiled form"):
            model.fit(P, Y[:, :2], verbose=0, backend="numba")
