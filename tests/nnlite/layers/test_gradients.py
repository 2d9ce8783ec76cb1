"""Backward passes of all layers compared with central differences of the forward passes, in float64."""

import pytest

from nnlite import activations
from nnlite.gradcheck import check_layer
from nnlite.layers import (
    ELU,
    Activation,
    Add,
    BatchNormalization,
    Concatenate,
    Dense,
    Dropout,
    Flatten,
    GaussianNoise,
    LayerNormalization,
    LeakyReLU,
    ReLU,
    Reshape,
    Sigmoid,
    Softmax,
    Tanh,
)
from tests.nnlite.arrays import draw

D = {"dtype": "float64"}
ACTIVATIONS = [
    "linear",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "swish",
    "softplus",
    "sigmoid",
    "hard_sigmoid",
    "tanh",
    "softmax",
    "exponential",
    "relu6",
    "celu",
    "hard_silu",
    "hard_swish",
    "mish",
    "softsign",
    "log_sigmoid",
    "log_softmax",
    "hard_shrink",
    "soft_shrink",
    "tanh_shrink",
    "hard_tanh",
    "squareplus",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "Threshold",
]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_dense_with_every_activation(activation):
    check_layer(Dense(3, activation=activation, **D), draw(5, 4))


@pytest.mark.parametrize(("rows", "features", "units"), [(1, 1, 1), (1, 7, 3), (6, 1, 17), (3, 33, 2)])
def test_dense_of_odd_sizes(rows, features, units):
    check_layer(Dense(units, activation="tanh", **D), draw(rows, features))


def test_dense_without_bias():
    errors = check_layer(Dense(3, use_bias=False, **D), draw(5, 4))
    assert set(errors) == {"x", "kernel"}


def test_dense_shares_its_weights_over_the_steps_of_a_series():
    check_layer(Dense(3, activation="sigmoid", **D), draw(2, 5, 4))


@pytest.mark.parametrize(
    "activation",
    [
        *ACTIVATIONS,
        activations.GELU(approximate=True),
        activations.ReLU(negative_slope=0.2, max_value=1.0, threshold=0.1),
        activations.Softmax(axis=1),
    ],
)
def test_activation_layer(activation):
    check_layer(Activation(activation, **D), draw(4, 6, 2))


def test_every_activation_is_checked():
    known = {type(activations.get(name)) for name in activations.registry.names() if name != "FunctionActivation"}
    assert known == {type(activations.get(name)) for name in ACTIVATIONS}


@pytest.mark.parametrize(
    "layer",
    [
        ReLU(**D),
        ReLU(max_value=1.0, negative_slope=0.1, threshold=0.3, **D),
        LeakyReLU(**D),
        ELU(alpha=0.7, **D),
        Sigmoid(**D),
        Tanh(**D),
        Softmax(**D),
        Softmax(axis=1, **D),
    ],
    ids=lambda layer: layer.name,
)
def test_activations_as_layers(layer):
    check_layer(layer, draw(3, 4, 5))


@pytest.mark.parametrize("training", [False, True])
def test_dropout(training):
    check_layer(Dropout(0.4, seed=1, **D), draw(6, 5), training=training)


def test_dropout_of_whole_columns():
    check_layer(Dropout(0.4, noise_shape=(1, None), seed=1, **D), draw(6, 5), training=True)


@pytest.mark.parametrize("training", [False, True])
def test_gaussian_noise(training):
    check_layer(GaussianNoise(0.3, seed=1, **D), draw(6, 5), training=training)


def test_frozen_batch_normalization_is_linear():
    assert set(check_layer(BatchNormalization(trainable=False, **D), draw(7, 3), training=True)) == {"x"}


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(("center", "scale"), [(True, True), (False, True), (True, False)])
def test_batch_normalization(training, center, scale):
    layer = BatchNormalization(center=center, scale=scale, **D)
    check_layer(layer, draw(7, 3) * 2 + 1, training=training)


@pytest.mark.parametrize(("axis", "shape"), [(-1, (4, 5, 3)), (1, (4, 3, 5)), (2, (2, 3, 4, 2))])
def test_batch_normalization_along_any_axis(axis, shape):
    check_layer(BatchNormalization(axis=axis, **D), draw(*shape), training=True)


@pytest.mark.parametrize(
    ("axis", "shape"),
    [(-1, (4, 5)), (-1, (2, 3, 4)), (1, (2, 3, 4)), ((1, 2), (3, 2, 4)), ((-1, -2), (3, 2, 4))],
)
def test_layer_normalization(axis, shape):
    check_layer(LayerNormalization(axis=axis, gamma_initializer="he_normal", **D), draw(*shape))


def test_layer_normalization_without_weights():
    layer = LayerNormalization(center=False, scale=False, **D)
    assert set(check_layer(layer, draw(3, 6))) == {"x"}


def test_flatten():
    check_layer(Flatten(**D), draw(3, 2, 4))


def test_reshape():
    check_layer(Reshape((4, -1), **D), draw(3, 2, 6))


def test_add_of_three():
    check_layer(Add(**D), [draw(3, 4), draw(3, 4, seed=1), draw(3, 4, seed=2)])


def test_add_broadcasts_an_axis_of_one():
    check_layer(Add(**D), [draw(3, 4, 2), draw(3, 1, 2, seed=1)])


@pytest.mark.parametrize("axis", [-1, 1])
def test_concatenate(axis):
    check_layer(Concatenate(axis=axis, **D), [draw(3, 2, 2), draw(3, 2, 2, seed=1)])
