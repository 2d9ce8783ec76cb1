"""Backward passes of the layers for series and images compared with central differences, in float64, for odd shapes."""

import numpy as np
import pytest

from nnlite.gradcheck import check_layer, check_loss, check_model
from nnlite.layers import (
    GRU,
    LSTM,
    ActivityRegularization,
    AveragePooling1D,
    AveragePooling2D,
    BatchNormalization,
    Bidirectional,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Cropping1D,
    Cropping2D,
    Dense,
    GaussianLatent,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    Input,
    Masking,
    MaxPooling1D,
    MaxPooling2D,
    Permute,
    RepeatVector,
    SimpleRNN,
    SpatialDropout1D,
    TimeDistributed,
    UpSampling1D,
    UpSampling2D,
    ZeroPadding1D,
    ZeroPadding2D,
)
from nnlite.likelihoods import BernoulliNLL, GaussianNLL
from nnlite.models import Model, Sequential
from tests.nnlite.arrays import draw

D = {"dtype": "float64"}
RECURRENT = [SimpleRNN, LSTM, GRU]


@pytest.mark.parametrize("padding", ["valid", "same", "causal"])
@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("strides", [1, 2, 5])
@pytest.mark.parametrize("dilation", [1, 3])
@pytest.mark.parametrize("groups", [1, 2])
def test_conv1d(padding, size, strides, dilation, groups):
    layer = Conv1D(2, size, strides, padding, dilation_rate=dilation, groups=groups, activation="tanh", **D)
    check_layer(layer, draw(2, 8, 2))


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("size", "strides", "dilation", "groups"),
    [(1, 1, 1, 1), ((2, 3), (2, 1), 1, 1), ((3, 2), 1, (1, 2), 3), (3, (3, 2), (2, 1), 1), ((5, 1), 2, 1, 3)],
)
def test_conv2d(padding, size, strides, dilation, groups):
    layer = Conv2D(3, size, strides, padding, dilation_rate=dilation, groups=groups, use_bias=groups == 1, **D)
    check_layer(layer, draw(2, 5, 6, 3))


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize(("strides", "extra"), [(1, None), (1, 0), (2, None), (2, 1), (3, None), (3, 0), (3, 2)])
@pytest.mark.parametrize("dilation", [1, 2])
def test_conv1d_transpose(padding, size, strides, extra, dilation):
    layer = Conv1DTranspose(2, size, strides, padding, extra, dilation_rate=dilation, activation="sigmoid", **D)
    check_layer(layer, draw(2, 3, 2))


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("size", "strides", "extra"), [(1, 1, None), ((2, 3), (3, 1), None), ((4, 3), 2, 1), (3, (1, 3), (0, 2))]
)
def test_conv2d_transpose(padding, size, strides, extra):
    check_layer(Conv2DTranspose(2, size, strides, padding, extra, **D), draw(2, 3, 4, 2))


@pytest.mark.parametrize("make", [MaxPooling1D, AveragePooling1D])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("size", "strides"), [(1, None), (2, None), (3, 1), (2, 3), (5, 2)])
def test_pooling_of_series(make, padding, size, strides):
    check_layer(make(size, strides, padding, **D), draw(2, 8, 3))


@pytest.mark.parametrize("make", [MaxPooling2D, AveragePooling2D])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("size", "strides"), [((2, 3), None), (3, (1, 2))])
def test_pooling_of_images(make, padding, size, strides):
    check_layer(make(size, strides, padding, **D), draw(2, 5, 4, 2))


@pytest.mark.parametrize("keepdims", [False, True])
def test_global_pooling(keepdims):
    for make in (GlobalAveragePooling1D, GlobalMaxPooling1D):
        check_layer(make(keepdims=keepdims, **D), draw(3, 5, 2))
    for make in (GlobalAveragePooling2D, GlobalMaxPooling2D):
        check_layer(make(keepdims=keepdims, **D), draw(3, 4, 5, 2))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (UpSampling1D(3, **D), (2, 4, 2)),
        (UpSampling2D((2, 3), **D), (2, 3, 2, 2)),
        (UpSampling2D((2, 3), interpolation="bilinear", **D), (2, 3, 4, 2)),
        (UpSampling2D(3, interpolation="bilinear", **D), (2, 1, 2, 1)),
        (ZeroPadding1D((0, 3), **D), (2, 4, 2)),
        (ZeroPadding2D(((1, 0), (2, 3)), **D), (2, 3, 4, 2)),
        (Cropping1D((0, 3), **D), (2, 4, 2)),
        (Cropping2D(((1, 0), (2, 1)), **D), (2, 3, 4, 2)),
        (Permute((3, 1, 2), **D), (2, 3, 4, 5)),
        (RepeatVector(4, **D), (3, 2)),
        (ActivityRegularization(0.1, 0.2, **D), (3, 2)),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_resizing_and_reordering(layer, shape):
    check_layer(layer, draw(*shape))


def test_spatial_dropout():
    check_layer(SpatialDropout1D(0.4, seed=1, **D), draw(3, 4, 5), training=True)


@pytest.mark.parametrize("make", RECURRENT)
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("state", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
def test_recurrent(make, sequences, state, backwards):
    layer = make(3, return_sequences=sequences, return_state=state, go_backwards=backwards, **D)
    check_layer(layer, draw(2, 4, 2))
    states = [draw(2, 3, seed=1 + i) for i in range(layer.n_states)]
    assert set(check_layer(layer, [draw(2, 4, 2), *states])) >= {"x0", "x1", "kernel", "recurrent_kernel", "bias"}


@pytest.mark.parametrize("make", RECURRENT)
@pytest.mark.parametrize(("rows", "steps", "features", "units"), [(1, 1, 1, 1), (1, 7, 3, 2), (5, 2, 1, 4)])
def test_recurrent_of_odd_sizes(make, rows, steps, features, units):
    check_layer(make(units, bias_initializer="random_normal", **D), draw(rows, steps, features))


@pytest.mark.parametrize("make", RECURRENT)
def test_recurrent_dropout(make):
    layer = make(3, dropout=0.3, recurrent_dropout=0.3, return_sequences=True, seed=1, **D)
    check_layer(layer, draw(4, 3, 5), training=True)


@pytest.mark.parametrize("bias", [False, True])
def test_gru_with_the_reset_gate_before_the_product(bias):
    layer = GRU(3, reset_after=False, use_bias=bias, recurrent_dropout=0.3, activation="softplus", **D)
    check_layer(layer, draw(2, 4, 2), training=True)


@pytest.mark.parametrize("make", RECURRENT)
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
def test_recurrent_and_bidirectional_under_a_mask(make, sequences, backwards):
    x = draw(3, 5, 2)
    x[0, 1] = x[1, 3:] = x[2] = 9.0
    layer = make(3, return_sequences=sequences, go_backwards=backwards, **D)
    for one in (layer, Bidirectional(make(3, return_sequences=sequences, **D))):
        model = Sequential([Input((5, 2), dtype="float64"), Masking(9.0, **D), one])
        model.compile(loss="mse")
        check_model(model, x, draw(3, *model.output_shape[1:], seed=1))


def test_mean_under_a_mask():
    x = draw(3, 5, 2)
    x[0, 1] = x[1] = 9.0
    model = Sequential([Input((5, 2), dtype="float64"), Dense(3, **D), Masking(0.0, **D), GlobalAveragePooling1D(**D)])
    check_layer(model, x)


@pytest.mark.parametrize("axis", [-1, 1])
@pytest.mark.parametrize("around", [lambda layer: layer, TimeDistributed], ids=["alone", "at every step"])
def test_batch_normalization_under_a_mask(axis, around):
    x = draw(3, 5, 2)
    x[0, 1] = x[1] = 9.0
    # The convolution takes masked steps in, so that something comes back to them as well.
    layers = [Masking(9.0, **D), Dense(2, **D), around(BatchNormalization(axis, **D)), Conv1D(3, 2, **D)]
    model = Sequential([Input((5, 2), dtype="float64"), *layers])
    model.compile(loss="mse")
    check_model(model, x, draw(3, 4, 3, seed=1))


@pytest.mark.parametrize("mode", ["concat", "sum", "ave", "mul", None])
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("state", [False, True])
def test_bidirectional(mode, sequences, state):
    layer = Bidirectional(LSTM(2, return_sequences=sequences, return_state=state, **D), mode)
    check_layer(layer, draw(2, 3, 2))
    check_layer(layer, [draw(2, 3, 2), *(draw(2, 2, seed=1 + i) for i in range(4))])


def test_time_distributed_layers_and_models():
    check_layer(TimeDistributed(Conv1D(2, 2, **D)), draw(2, 3, 4, 2))
    inner = Sequential([Input((4,), dtype="float64"), Dense(3, "tanh", **D), Dense(2, **D)])
    check_layer(TimeDistributed(inner), draw(2, 3, 4))


def test_gradients_of_a_layer_inside_and_outside_a_wrapper_add_up():
    shared = Dense(3, "tanh", **D)
    inputs = Input((4, 3), dtype="float64")
    model = Model(inputs, TimeDistributed(shared)(shared(inputs)))
    model.compile(loss="mse")
    check_model(model, draw(2, 4, 3), draw(2, 4, 3, seed=1))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("shape", [(4, 6), (3, 2, 4)])
def test_gaussian_latent_with_its_divergence(training, shape):
    check_layer(GaussianLatent(0.7, seed=1, **D), draw(*shape), training=training)


@pytest.mark.parametrize("weighted", [False, True])
def test_likelihoods(weighted):
    weight = np.array([0.5, 2.0, 1.0]) if weighted else None
    y, logits = draw(3, 4, 2), draw(3, 4, 2, seed=1)
    check_loss(GaussianNLL(0.3), y, logits, weight)
    check_loss(GaussianNLL(variance=None), y, draw(3, 4, 4, seed=2), weight)
    shares = np.random.default_rng(0).uniform(size=y.shape)
    check_loss(BernoulliNLL(from_logits=True), shares, logits, weight)
    check_loss(BernoulliNLL(), shares, np.random.default_rng(1).uniform(0.1, 0.9, y.shape), weight)


def test_whole_variational_autoencoder():
    stack = [Input((4,), dtype="float64"), Dense(6, "tanh", **D), GaussianLatent(0.5, **D), Dense(8, **D)]
    model = Sequential(stack)
    model.compile(loss=GaussianNLL(variance=None))
    check_model(model, draw(5, 4), draw(5, 4))


def test_whole_series_autoencoder():
    layers = [
        Input((12, 2), dtype="float64"),
        Conv1D(3, 3, 2, "same", activation="tanh", kernel_regularizer="l2", **D),
        MaxPooling1D(2, **D),
        Bidirectional(GRU(2, **D)),
        ActivityRegularization(l2=0.1, **D),
        RepeatVector(6, **D),
        LSTM(3, return_sequences=True, recurrent_regularizer="l2", **D),
        Conv1DTranspose(2, 4, 2, "same", **D),
    ]
    model = Sequential(layers)
    model.compile(loss="mse")
    x = draw(3, 12, 2)
    check_model(model, x, x)
