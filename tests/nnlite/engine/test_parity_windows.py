"""The engine agrees with the layers on convolutions, pooling and resizing."""

import numpy as np
import pytest

from nnlite.engine.lowering import lower_model
from nnlite.layers import (
    AveragePooling1D,
    AveragePooling2D,
    Concatenate,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Cropping1D,
    Cropping2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    Input,
    MaxPooling1D,
    MaxPooling2D,
    Permute,
    UpSampling1D,
    UpSampling2D,
    ZeroPadding1D,
    ZeroPadding2D,
)
from nnlite.models import Model, Sequential
from tests.nnlite.engine.layer_parity import assert_parity

# -- convolutions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("padding", ["valid", "same", "causal"])
@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize(("strides", "dilation"), [(1, 1), (2, 1), (3, 1), (1, 2)])
def test_conv1d(padding, size, strides, dilation):
    def build(x):
        h = Conv1D(2, 3, padding="same", activation="tanh")(x)
        return Conv1D(4, size, strides=strides, padding=padding, dilation_rate=dilation)(h)

    assert_parity(build, (11, 2))


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize(
    ("strides", "output_padding", "dilation"), [(1, None, 1), (2, None, 1), (3, 1, 1), (1, None, 2)]
)
def test_conv1d_transpose(padding, size, strides, output_padding, dilation):
    def build(x):
        h = Conv1D(2, 3, padding="same", activation="tanh")(x)
        return Conv1DTranspose(4, size, strides, padding, output_padding, dilation_rate=dilation)(h)

    assert_parity(build, (5, 2))


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size", [(2, 3), (3, 1)])
@pytest.mark.parametrize("strides", [1, 2, (2, 1)])
@pytest.mark.parametrize("layer", [Conv2D, Conv2DTranspose])
def test_images(layer, padding, size, strides):
    def build(x):
        h = Conv2D(2, 3, padding="same", activation="tanh")(x)
        return layer(4, size, strides=strides, padding=padding)(h)

    assert_parity(build, (5, 6, 2))


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (lambda x: Conv1D(6, 3, groups=2, padding="same")(Dense(4)(x)), (7, 2)),
        (lambda x: Conv1D(6, 3, groups=2, dilation_rate=2)(Dense(4)(x)), (7, 2)),
        (lambda x: Conv2D(4, 3, dilation_rate=2, padding="same", groups=2)(Conv2D(2, 2)(x)), (6, 7, 2)),
        (lambda x: Conv2DTranspose(4, 2, dilation_rate=2)(Conv2D(2, 2)(x)), (5, 4, 2)),
        (lambda x: Conv1D(3, 3, use_bias=False)(Conv1D(2, 2, use_bias=False)(x)), (7, 2)),
        (lambda x: Conv1DTranspose(3, 3, use_bias=False)(Conv1D(2, 2)(x)), (7, 2)),
    ],
)
def test_groups_dilation_and_no_bias(build, shape):
    assert_parity(build, shape)


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        # A window of two taps with dilation five, over a series of one step: both are outside.
        (lambda x: Conv1D(6, 2, dilation_rate=5, padding="same")(Dense(4)(x)), (1, 2)),
        (lambda x: Conv2D(6, 2, dilation_rate=(5, 1), padding="same")(Dense(4)(x)), (1, 3, 2)),
        # A kernel longer than the series: every window hangs over both ends.
        (lambda x: Conv1D(6, 5, padding="same")(Dense(4)(x)), (2, 2)),
    ],
)
def test_windows_mostly_in_the_padding(build, shape):
    assert_parity(build, shape)


@pytest.mark.parametrize("batch_size", [1, 5, 21, 64])
def test_convolutions_in_batches_of_any_size(batch_size):
    assert_parity(lambda x: Conv1D(3, 4, strides=2)(Conv1D(9, 3)(x)), (13, 2), batch_size=batch_size)


def test_convolutions_in_single_precision():
    def build(x):
        h = Conv1D(32, 7, strides=2, padding="same", activation="relu")(x)
        return Conv1DTranspose(3, 7, strides=2, padding="same")(h)

    assert_parity(build, (24, 3), "float32", rows=150, batch_size=64)


def test_a_frozen_convolution_propagates_gradients():
    def build(x):
        h = Conv1D(2, 3)(x)
        frozen = Conv1D(3, 2)
        y = frozen(h)
        frozen.trainable = False
        return y

    assert_parity(build, (7, 2))


def test_a_layer_used_twice_sums_its_gradients():
    def build(x):
        shared = Conv1D(2, 3, padding="same")
        return shared(shared(x))

    assert_parity(build, (7, 2))


def test_convolutional_autoencoder_for_fifty_steps():
    def build(x):
        h = Conv1D(8, 7, strides=2, padding="same", activation="relu")(x)
        h = Conv1D(4, 7, strides=2, padding="same", activation="relu")(h)
        h = Conv1DTranspose(4, 7, strides=2, padding="same", activation="relu")(h)
        h = Conv1DTranspose(8, 7, strides=2, padding="same", activation="relu")(h)
        return Conv1DTranspose(1, 7, padding="same")(h)

    assert_parity(build, (24, 1), rows=75, batch_size=16, epochs=10, optimizer="adam")


def test_image_classifier():
    def build(x):
        return Dense(3, activation="softmax")(Flatten()(Conv2D(4, 3, strides=2, activation="relu")(x)))

    labels = np.eye(3)[np.random.default_rng(2).integers(0, 3, 21)]
    assert_parity(build, (8, 8, 1), loss="categorical_crossentropy", y=labels)


def test_convolutions_train_with_dropout():
    x = np.sin(np.arange(24) + np.arange(64)[:, None])[..., None]
    model = Sequential([Input((24, 1)), Conv1D(8, 5, padding="same"), Dropout(0.2), Conv1D(1, 5, padding="same")])
    model.compile("adam", "mse")
    losses = model.fit(x, x, epochs=40, batch_size=16, verbose=0, backend="numba").history["loss"]
    assert losses[-1] < losses[0] / 4


def test_auto_backend_chooses_the_engine_for_many_positions():
    x = np.random.default_rng(0).normal(size=(2000, 288, 1))
    model = Sequential([Input((288, 1)), Conv1D(32, 7, padding="same"), Conv1D(1, 7, padding="same")])
    model.compile("sgd", "mse")
    assert model.fit(x, x, batch_size=128, verbose=0).backend == "numba"


def test_many_windows_of_an_image_are_lowered_quickly():
    inputs = Input((64, 64, 1))
    model = Model(inputs, Conv2D(2, 7, padding="same")(inputs))
    program = lower_model(model, 8, training=False)
    # One product for the windows inside and one for each at an edge, for every row of image and kernel.
    assert len(program.instructions) < 64 * 7 * 7 + 10


# -- pooling and resizing --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (MaxPooling1D(2), (7, 2)),
        (MaxPooling1D(3, strides=2, padding="same"), (8, 2)),
        (MaxPooling2D((2, 3), strides=1), (5, 6, 2)),
        (MaxPooling2D(3, strides=2, padding="same"), (5, 6, 2)),
        (AveragePooling1D(3, strides=2, padding="same"), (8, 2)),
        (AveragePooling2D(3, strides=2, padding="same"), (5, 6, 2)),
        (GlobalAveragePooling1D(), (5, 2)),
        (GlobalAveragePooling2D(keepdims=True), (5, 4, 2)),
        (GlobalMaxPooling1D(keepdims=True), (5, 2)),
        (GlobalMaxPooling2D(), (5, 4, 2)),
        (UpSampling1D(3), (5, 2)),
        (UpSampling1D(1), (5, 2)),
        (UpSampling2D((2, 3)), (4, 5, 2)),
        (UpSampling2D((2, 3), interpolation="bilinear"), (4, 5, 2)),
        (UpSampling2D((1, 4), interpolation="bilinear"), (1, 17, 2)),
        (UpSampling2D((3, 2), interpolation="bilinear"), (3, 1, 2)),
        (UpSampling2D(1, interpolation="bilinear"), (3, 4, 2)),
        (ZeroPadding1D((1, 2)), (5, 2)),
        (ZeroPadding2D(((1, 2), (3, 0))), (4, 5, 2)),
        (Cropping1D((1, 2)), (5, 2)),
        (Cropping2D(((1, 2), (3, 0))), (4, 5, 2)),
        (Permute((2, 1)), (4, 5)),
        (Permute((1, 2)), (4, 5)),
        (Permute((3, 1, 2)), (4, 5, 2)),
        (Permute((2, 1, 3)), (4, 5, 2)),
        (Permute((4, 1, 3, 2)), (2, 1, 3, 2)),
        (Flatten(), (4, 5)),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, tuple) else None,
)
def test_pooling_and_resizing(layer, shape):
    def build(x):
        config_of = type(layer).from_config(layer.get_config() | {"dtype": "float64"})
        # relu gives many equal values: the choice of the maximum matters.
        return Dense(2)(config_of(Dense(3, activation="relu")(x)))

    assert_parity(build, shape)


@pytest.mark.parametrize("rows", [1, 33])
@pytest.mark.parametrize("batch_size", [1, 8, 64])
def test_bilinear_upsampling_in_single_precision(rows, batch_size):
    def build(x):
        return Dense(2)(UpSampling2D(interpolation="bilinear")(Dense(3)(x)))

    assert_parity(build, (3, 4, 2), "float32", rows=rows, batch_size=batch_size)


def test_padding_stays_zero_under_an_in_place_sum():
    def build(x):
        h = ZeroPadding1D(1)(Dense(3)(x))
        cut = Cropping1D(1)(h)
        return Concatenate()([Conv1D(2, 3, padding="same", activation="relu")(h), ZeroPadding1D(1)(cut)])

    assert_parity(build, (5, 2), epochs=3)
