"""Activations, initializers, losses, metrics and regularizers, apart from their gradients."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnlite import activations, config, initializers, losses, metrics, regularizers
from nnlite.special import erf


@given(st.floats(-40, 40))
def test_erf_equals_that_of_the_standard_library(x):
    assert erf(np.array([x]))[0] == pytest.approx(math.erf(x), rel=4e-15, abs=1e-300)


def test_erf_at_the_edges():
    np.testing.assert_array_equal(erf(np.array([np.inf, -np.inf, 0.0])), [1, -1, 0])
    assert np.isnan(erf(np.array([np.nan]))[0])


@pytest.mark.parametrize(
    "name", ["sigmoid", "softplus", "tanh", "softmax", "gelu", "silu", "elu", "selu", "hard_sigmoid"]
)
def test_large_inputs_neither_overflow_nor_turn_into_nan(name):
    f = activations.get(name)
    x = np.array([[-1e4, -1.0, 0.0, 1.0, 1e4]], np.float32)
    y = f(x)
    assert np.isfinite(y).all()
    assert np.isfinite(f.backward(np.ones_like(x), x, y)).all()
    assert y.dtype == np.float32


def test_approximate_gelu_is_close_and_has_its_own_derivative():
    x = np.linspace(-3, 3, 50)
    f = activations.GELU(approximate=True)
    assert np.abs(f(x) - activations.gelu(x)).max() < 1e-3
    h = 1e-6
    slope = (f(x + h) - f(x - h)) / (2 * h)
    np.testing.assert_allclose(f.backward(np.ones_like(x), x, f(x)), slope, atol=1e-6)
    assert f.get_config() == {"approximate": True}


def test_no_regularizer_is_none():
    assert regularizers.get(None) is None
    assert regularizers.get("l2").get_config() == {"l2": 0.01}
    with pytest.raises(ValueError, match="unknown regularizer 'l3'"):
        regularizers.get("l3")


def test_unknown_names_and_types():
    with pytest.raises(ValueError, match="did you mean 'relu'"):
        activations.get("rleu")
    with pytest.raises(TypeError, match="expected a activation|expected"):
        activations.get(3)
    with pytest.raises(ValueError, match="negative_slope must be at least 0"):
        activations.ReLU(negative_slope=-1)


def test_base_classes_name_the_missing_method():
    x = np.zeros((1, 1))
    for call in (
        lambda: activations.ActivationFunction()(x),
        lambda: activations.ActivationFunction().backward(x, x, x),
        lambda: losses.Loss()(x, x),
        lambda: losses.Loss().gradient(x, x),
        lambda: metrics.Metric("m").update_state(x, x),
        lambda: regularizers.Regularizer()(x),
        lambda: regularizers.Regularizer().gradient(x),
        lambda: initializers.Initializer()((1,)),
    ):
        with pytest.raises(NotImplementedError, match="does not define"):
            call()


RANDOM = ["random_normal", "truncated_normal", "random_uniform", "variance_scaling", "glorot_uniform", "glorot_normal"]
RANDOM += ["he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "orthogonal"]


@pytest.mark.parametrize("name", RANDOM)
def test_a_seeded_initializer_draws_the_same_each_time(name):
    made = initializers.get({"class_name": name, "config": {"seed": 3}})
    np.testing.assert_array_equal(made((4, 5)), made((4, 5)))
    assert made((4, 5)).dtype == np.float32
    assert made((4, 5), "float64").dtype == np.float64
    assert initializers.get({"class_name": name, "config": made.get_config()}).get_config() == made.get_config()


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("glorot_uniform", 2 / 300),
        ("glorot_normal", 2 / 300),
        ("he_uniform", 2 / 100),
        ("he_normal", 2 / 100),
        ("lecun_uniform", 1 / 100),
        ("lecun_normal", 1 / 100),
    ],
)
def test_scaled_initializers_have_the_documented_variance(name, variance):
    drawn = initializers.get(name)((100, 200), "float64", np.random.default_rng(0))
    assert drawn.var() == pytest.approx(variance, rel=0.05)


def test_other_initializers():
    assert initializers.Constant([1.0, 2.0])((3, 2)).tolist() == [[1, 2]] * 3
    assert initializers.VarianceScaling(distribution="untruncated_normal")((3, 2)).shape == (3, 2)
    wide = initializers.Orthogonal(gain=2.0, seed=0)((2, 5))
    np.testing.assert_allclose(wide @ wide.T, 4 * np.eye(2), atol=1e-5)
    assert initializers.compute_fans(()) == (1, 1)
    assert initializers.compute_fans((3,)) == (3, 3)
    assert initializers.Identity(2.0).get_config() == {"gain": 2.0}
    for make, message in (
        (lambda: initializers.Identity()((2,)), "requires the shape of a matrix"),
        (lambda: initializers.Orthogonal()((2,)), "requires a shape with at least two axes"),
        (lambda: initializers.VarianceScaling(scale=0), "scale must be a number above 0"),
        (lambda: initializers.VarianceScaling(mode="fan"), "mode must be"),
        (lambda: initializers.VarianceScaling(distribution="flat"), "distribution must be"),
    ):
        with pytest.raises(ValueError, match=message):
            make()


def test_losses_reject_invalid_arguments():
    mse = losses.MeanSquaredError()
    for call, message in (
        (lambda: mse(np.zeros((2, 3)), np.zeros((2, 4))), r"found \(2, 3\) and \(2, 4\)"),
        (lambda: mse(np.zeros((2, 3)), np.zeros((2, 3)), np.ones(5)), "one value per row"),
        (lambda: losses.MeanSquaredError("median"), "reduction must be"),
        (lambda: losses.Huber(0), "delta must be a number above 0"),
        (lambda: losses.BinaryCrossentropy(label_smoothing=2), "label_smoothing"),
        (lambda: losses.SparseCategoricalCrossentropy()(np.array([5]), np.ones((1, 2))), "from 0 to 1"),
        (lambda: losses.SparseCategoricalCrossentropy()(np.zeros((1, 3)), np.ones((1, 2))), "one class number"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_losses_accept_vectors():
    y, p = np.array([1.0, 2.0]), np.array([[2.0], [4.0]])
    assert losses.MeanSquaredError()(y, p) == losses.MeanSquaredError()(y, p[:, 0]) == 2.5
    assert losses.MeanSquaredError().gradient(y, p[:, 0]).shape == (2,)
    assert losses.MeanSquaredError()(y, p, np.array([[1.0], [0.0]])) == 0.5


def test_weights_broadcast_over_further_axes():
    y, p = np.zeros((2, 3, 4)), np.ones((2, 3, 4))
    assert losses.MeanSquaredError()(y, p, np.array([1.0, 0.0])) == 0.5
    assert losses.MeanSquaredError(reduction="sum")(y, p) == 6


def test_sparse_and_one_hot_targets_agree():
    p = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    one_hot = np.eye(3)[[2, 0]]
    sparse, dense = losses.SparseCategoricalCrossentropy(), losses.CategoricalCrossentropy()
    assert sparse(np.array([[2], [0]]), p) == dense(one_hot, p)
    np.testing.assert_array_equal(sparse.gradient(np.array([2, 0]), p), dense.gradient(one_hot, p))
    assert (
        losses.get({"class_name": "SparseCategoricalCrossentropy", "config": sparse.get_config()}).name == sparse.name
    )


def test_logits_and_probabilities_agree():
    z, y = np.array([[2.0, -1.0]]), np.array([[1.0, 0.0]])
    p = activations.sigmoid(z)
    assert losses.BinaryCrossentropy(from_logits=True)(y, z) == pytest.approx(losses.BinaryCrossentropy()(y, p))
    q = activations.softmax(z)
    a = losses.CategoricalCrossentropy(from_logits=True)(y, z)
    assert a == pytest.approx(losses.CategoricalCrossentropy()(y, q))


def test_the_loss_of_certain_wrong_predictions_is_finite():
    y, p = np.array([[1.0, 0.0]], np.float32), np.array([[0.0, 1.0]], np.float32)
    for loss in (losses.BinaryCrossentropy(), losses.CategoricalCrossentropy()):
        assert 10 < loss(y, p) < 20
        assert np.isfinite(loss.gradient(y, p)).all()


@pytest.mark.parametrize(
    ("name", "y", "p", "expected"),
    [
        ("mse", [[0.0], [0.0]], [[1.0], [3.0]], 5.0),
        ("rmse", [[0.0], [0.0]], [[3.0], [3.0]], 3.0),
        ("mae", [[0.0], [0.0]], [[1.0], [3.0]], 2.0),
        ("accuracy", [[1.0], [0.0]], [[0.9], [0.8]], 0.5),
        ("accuracy", [1.0, 0.0], [[0.9], [0.8]], 0.5),
        ("accuracy", [[0.0, 1.0], [1.0, 0.0]], [[0.1, 0.9], [0.2, 0.8]], 0.5),
        ("accuracy", [[1], [0]], [[0.1, 0.9], [0.2, 0.8]], 0.5),
        ("accuracy", [1, 0], [[0.1, 0.9], [0.2, 0.8]], 0.5),
        ("binary_crossentropy", [[1.0]], [[0.5]], math.log(2)),
        ("categorical_crossentropy", [[1.0, 0.0]], [[0.5, 0.5]], math.log(2)),
        ("binary_accuracy", [[1.0]], [[0.4]], 0.0),
        ("sparse_categorical_accuracy", [1], [[0.1, 0.9]], 1.0),
    ],
)
def test_metrics(name, y, p, expected):
    metric = metrics.get(name)
    assert metric.result() == 0
    metric.update_state(y, p)
    assert metric.result() == pytest.approx(expected)
    copy = metrics.get({"class_name": type(metric).__name__, "config": metric.get_config()})
    assert copy.name == metric.name
    metric.reset_state()
    assert metric.result() == 0


def test_metrics_use_sample_weights():
    metric = metrics.get("mae")
    metric.update_state([[0.0], [0.0]], [[1.0], [3.0]], sample_weight=[3.0, 1.0])
    assert metric.result() == 1.5


def test_regularizers_reject_negative_factors():
    with pytest.raises(ValueError, match="l2 must be a number of at least 0"):
        regularizers.L2(-1)
    assert regularizers.get(None) is None


def test_the_default_dtype_can_be_changed():
    config.set_floatx("float64")
    try:
        assert config.floatx() == "float64"
    finally:
        config.set_floatx("float32")
    for value in ("int8", object(), "nope"):
        with pytest.raises(ValueError, match="'float32' or 'float64'"):
            config.set_floatx(value)


@pytest.mark.parametrize("function", [losses.mean_squared_error, losses.mean_absolute_error, losses.huber])
def test_the_functions_return_the_loss_of_each_sample(function):
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.normal(size=(2, 5, 3, 4)) * 2
    each = function(y_true, y_pred)
    assert each.shape == (5, 3)
    assert each.mean() == pytest.approx(losses.get(function)(y_true, y_pred))
    assert function([[1, 2]], [[1, 2]]).tolist() == [0.0]
    with pytest.raises(ValueError, match=r"same shape; found \(2,\) and \(3,\)"):
        function([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="at least one axis"):
        function(1.0, 2.0)


@pytest.mark.parametrize("mode", ["rows", "columns"])
def test_the_penalty_of_angles_and_its_derivative(mode):
    x = np.random.default_rng(0).normal(size=(4, 3))
    penalty = regularizers.get({"class_name": "OrthogonalRegularizer", "config": {"factor": 0.1, "mode": mode}})
    unit = x if mode == "rows" else x.T
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    n = len(unit)
    assert penalty(x) == pytest.approx(0.1 * np.abs(unit @ unit.T - np.eye(n)).sum() / (n * (n - 1)))
    numeric = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = 1e-6
        numeric[index] = (penalty(x + step) - penalty(x - step)) / 2e-6
    np.testing.assert_allclose(penalty.gradient(x), numeric, atol=1e-8)
    assert penalty.get_config() == {"factor": 0.1, "mode": mode}
    with pytest.raises(ValueError, match="matrices"):
        penalty(np.ones((2, 2, 2)))


def test_names_of_initializers_in_files_of_keras():
    for name in ("IdentityInitializer", "OrthogonalInitializer"):
        assert isinstance(initializers.get(name), getattr(initializers, name))
