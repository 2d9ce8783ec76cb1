import numpy as np
import pytest

from nnlite import losses, ops, regularizers
from nnlite.gradcheck import (
    GradientError,
    check_layer,
    check_loss,
    check_model,
    check_regularizer,
    numeric_gradient,
)
from nnlite.layers import (
    Add,
    BatchNormalization,
    Concatenate,
    Dense,
    Dropout,
    GaussianLatent,
    GlobalAveragePooling1D,
    Input,
    LayerNormalization,
    TimeDistributed,
)
from nnlite.likelihoods import BernoulliNLL, GaussianNLL, MaskedGaussianNLL
from nnlite.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Huber,
    MaskedMeanSquaredError,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from nnlite.models import Model, Sequential
from nnlite.regularizers import L1, L1L2, L2, OrthogonalRegularizer
from tests.nnlite.arrays import draw

D = {"dtype": "float64"}


class WrongDense(Dense):
    def backward(self, dy, cache):
        dx = super().backward(dy, cache)
        self.kernel.gradient[0, 0] *= 1.001
        return dx


def test_a_relative_error_of_a_thousandth_is_detected():
    with pytest.raises(GradientError, match=r"kernel: \d"):
        check_layer(WrongDense(2, dtype="float64"), draw(3, 4))


def test_a_wrong_input_gradient_is_detected():
    class NoMean(LayerNormalization):
        def backward(self, dy, cache):
            return super().backward(dy, cache) + 1e-3

    with pytest.raises(GradientError, match=r"x: \d"):
        check_layer(NoMean(dtype="float64"), draw(3, 4))


def test_a_float32_layer_is_rejected():
    with pytest.raises(ValueError, match="checked in float64"):
        check_layer(Dense(2), draw(3, 4))


def test_checks_do_not_change_the_weights():
    layer = BatchNormalization(dtype="float64")
    layer.build((None, 4))
    before = layer.get_weights()
    check_layer(layer, draw(3, 4), training=True)
    for now, then in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_numeric_gradient_of_a_cubic():
    x = np.array([1.0, -2.0, 30.0])
    np.testing.assert_allclose(numeric_gradient(lambda: float((x**3).sum()), x), 3 * x**2)


PROBABILITIES = np.random.default_rng(1).uniform(0.05, 0.95, size=(6, 4))
LABELS = (np.random.default_rng(2).random((6, 4)) > 0.5).astype(float)
SHARES = PROBABILITIES / PROBABILITIES.sum(axis=1, keepdims=True)
ONE_HOT = np.eye(4)[[0, 3, 1, 2, 2, 0]]


CLASS_NUMBERS = np.array([0, 3, 1, 2, 2, 0])
GAPS = np.where(draw(6, 4, seed=3) > 0.5, np.nan, draw(6, 4))


def quartic(y_true, y_pred):
    return ((y_pred - y_true) ** 4).mean(axis=-1)


quartic.gradient = lambda y_true, y_pred: 4 * (y_pred - y_true) ** 3 / y_pred.shape[-1]

LOSSES = [
    (MeanSquaredError(), draw(6, 4), draw(6, 4, seed=1)),
    (MaskedMeanSquaredError(), GAPS, draw(6, 4, seed=1)),
    (MaskedMeanSquaredError(reduction="sum"), GAPS.reshape(2, 3, 4), draw(2, 3, 4, seed=1)),
    (MeanAbsoluteError(), draw(6, 4), draw(6, 4, seed=1)),
    (Huber(delta=0.7), draw(6, 4), draw(6, 4, seed=1)),
    (MeanSquaredError(reduction="sum"), draw(2, 3, 4), draw(2, 3, 4, seed=1)),
    (BinaryCrossentropy(), LABELS, PROBABILITIES),
    (BinaryCrossentropy(from_logits=True, label_smoothing=0.1), LABELS, draw(6, 4)),
    (CategoricalCrossentropy(), ONE_HOT, SHARES),
    (CategoricalCrossentropy(from_logits=True, label_smoothing=0.1), ONE_HOT, draw(6, 4)),
    (CategoricalCrossentropy(label_smoothing=0.1, reduction="sum"), ONE_HOT, PROBABILITIES),
    (CategoricalCrossentropy(axis=1), ONE_HOT[:, :, np.newaxis], SHARES[:, :, np.newaxis]),
    (BinaryCrossentropy(axis=1), draw(6, 4, 2) > 0, PROBABILITIES.reshape(6, 4, 1).repeat(2, axis=2)),
    (SparseCategoricalCrossentropy(), CLASS_NUMBERS, SHARES),
    (SparseCategoricalCrossentropy(from_logits=True), CLASS_NUMBERS, draw(6, 4)),
    (GaussianNLL(variance=0.7), draw(6, 4), draw(6, 4, seed=1)),
    (GaussianNLL(variance=None), draw(6, 4), draw(6, 8, seed=1)),
    (MaskedGaussianNLL(variance=0.7), GAPS.reshape(2, 3, 4), draw(2, 3, 4, seed=1)),
    (MaskedGaussianNLL(variance=None), GAPS, draw(6, 8, seed=1)),
    (BernoulliNLL(), LABELS, PROBABILITIES),
    (losses.MeanAbsolutePercentageError(), draw(6, 4) + 0.1, draw(6, 4, seed=1)),
    (losses.MeanSquaredLogarithmicError(), LABELS + 0.5, PROBABILITIES),
    (losses.LogCosh(), draw(6, 4), draw(6, 4, seed=1)),
    (losses.Poisson(), LABELS, PROBABILITIES),
    (losses.CosineSimilarity(), draw(6, 4), draw(6, 4, seed=1)),
    (losses.CosineSimilarity(axis=1), draw(6, 4, 2), draw(6, 4, 2, seed=1)),
    (losses.Hinge(), LABELS, draw(6, 4)),
    (losses.SquaredHinge(reduction="mean_with_sample_weight"), LABELS, draw(6, 4)),
    (losses.CategoricalHinge(), ONE_HOT, draw(6, 4)),
    (losses.KLDivergence(), SHARES[::-1], SHARES),
    (losses.SparseCategoricalCrossentropy(ignore_class=1), CLASS_NUMBERS, SHARES),
    (losses.BinaryFocalCrossentropy(apply_class_balancing=True), LABELS, PROBABILITIES),
    (losses.CategoricalFocalCrossentropy(), ONE_HOT, SHARES),
    (losses.CategoricalGeneralizedCrossEntropy(), CLASS_NUMBERS, SHARES),
    (losses.Dice(axis=-1), LABELS, PROBABILITIES),
    (losses.Tversky(0.3, axis=-1), LABELS, PROBABILITIES),
    (losses.FunctionLoss(quartic), LABELS, draw(6, 4)),
]
REGULARIZERS = [
    L1(0.3),
    L2(0.2),
    L1L2(l1=0.1, l2=0.4),
    OrthogonalRegularizer(0.3),
    OrthogonalRegularizer(0.3, mode="columns"),
    regularizers.FunctionRegularizer(lambda x: ops.sum(ops.square(x) * x)),
]
# A function is part of their configuration: there are none without one.
OF_FUNCTIONS = {"FunctionLoss": losses.FunctionLoss, "FunctionRegularizer": regularizers.FunctionRegularizer}


@pytest.mark.parametrize(
    ("registry", "checked"),
    [(losses.registry, [loss for loss, *_ in LOSSES]), (regularizers.registry, REGULARIZERS)],
    ids=["losses", "regularizers"],
)
def test_every_class_is_checked(registry, checked):
    known = {OF_FUNCTIONS.get(name) or type(registry.create(name)) for name in registry.names()}
    assert known == {type(one) for one in checked}


@pytest.mark.parametrize(("loss", "y_true", "y_pred"), LOSSES)
@pytest.mark.parametrize("weighted", [False, True])
def test_every_loss(loss, y_true, y_pred, weighted):
    weight = np.linspace(0.1, 2.0, len(y_true)) if weighted else None
    check_loss(loss, y_true, y_pred, weight)


def test_a_wrong_loss_gradient_is_detected():
    class Wrong(MeanSquaredError):
        def gradient(self, y_true, y_pred, sample_weight=None):
            return super().gradient(y_true, y_pred, sample_weight) * 2

    with pytest.raises(GradientError, match="y_pred"):
        check_loss(Wrong(), draw(3, 4), draw(3, 4, seed=1))


@pytest.mark.parametrize("regularizer", REGULARIZERS)
def test_every_regularizer(regularizer):
    x = draw(5, 4)
    check_regularizer(regularizer, np.sign(x) * (np.abs(x) + 0.01))


def test_a_deep_chain_of_many_layers():
    model = Sequential(
        [
            Input((4,), dtype="float64"),
            Dense(6, "gelu", kernel_regularizer="l2", dtype="float64"),
            BatchNormalization(dtype="float64"),
            Dropout(0.3, seed=1, dtype="float64"),
            Dense(
                5,
                "tanh",
                activity_regularizer="l2",
                bias_regularizer="l1",
                # The penalty |b| has its kink at 0, where biases otherwise start.
                bias_initializer="ones",
                dtype="float64",
            ),
            LayerNormalization(dtype="float64"),
            Dense(3, dtype="float64"),
        ]
    )
    model.compile("adam", "mse")
    assert check_model(model, draw(7, 4), draw(7, 3, seed=1), np.linspace(0.5, 2, 7)) < 1e-6


def test_a_graph_with_shared_layers_skips_and_two_outputs():
    left, right = (Input((4,), dtype="float64") for _ in range(2))
    shared = Dense(4, "tanh", dtype="float64")
    a, b = shared(left), shared(right)
    joined = Concatenate(dtype="float64")([a, b, Add(dtype="float64")([a, left])])
    encoder_input = Input((12,), dtype="float64")
    encoder = Model(encoder_input, Dense(3, "elu", dtype="float64")(encoder_input))
    code = encoder(joined)
    model = Model([left, right], [Dense(2, dtype="float64")(code), shared(Dense(4, dtype="float64")(code))])
    model.compile("sgd", ["mse", "huber"], loss_weights=[0.3, 2.0])
    x = [draw(5, 4), draw(5, 4, seed=1)]
    y = [draw(5, 2, seed=2), draw(5, 4, seed=3)]
    assert check_model(model, x, y) < 1e-6


def test_a_nested_model_used_twice_adds_up_its_gradients():
    inner_input = Input((3,), dtype="float64")
    layer = Dense(3, "tanh", activity_regularizer="l2", dtype="float64")
    inner = Model(inner_input, layer(layer(inner_input)))
    outer_input = Input((3,), dtype="float64")
    model = Model(outer_input, inner(inner(outer_input)))
    model.compile("sgd", "mse")
    assert check_model(model, draw(5, 3), draw(5, 3, seed=1)) < 1e-6


@pytest.mark.parametrize("inner", ["latent", "latent at every step", "model at every step", "model used twice"])
def test_penalties_on_outputs_without_a_loss(inner):
    inputs = Input((4, 3), dtype="float64")
    x = Dense(4, "tanh", **D)(inputs)
    if inner == "latent":
        y = GaussianLatent(beta=0.5, seed=0, **D)(x)
    elif inner == "latent at every step":
        y = TimeDistributed(GaussianLatent(beta=0.5, seed=0, **D))(x)
    else:
        penalized = Dense(4, "tanh", activity_regularizer=L2(0.5), **D)
        model = Sequential([Input((4,), dtype="float64"), penalized, Dense(4, kernel_regularizer="l2", **D)])
        twice = inner == "model used twice"
        y = Dense(2, **D)(model(model(GlobalAveragePooling1D(**D)(x)))) if twice else TimeDistributed(model)(x)
    model = Model(inputs, [Dense(1, **D)(x), y])
    model.compile("sgd", ["mse", None])
    # Old gradients must not come into the new.
    model.gradients[...] = 7
    check_model(model, draw(5, 4, 3), [draw(5, 4, 1, seed=1), np.zeros((5, *y.shape[1:]))])


def test_a_wrong_layer_inside_a_model_is_detected():
    model = Sequential([Input((4,), dtype="float64"), WrongDense(2, dtype="float64")])
    model.compile("sgd", "mse")
    with pytest.raises(GradientError, match="parameters"):
        check_model(model, draw(5, 4), draw(5, 2, seed=1))
