"""The compiled engine computes what the layers for series and images compute."""

import numpy as np
import pytest

from nnlite import config
from nnlite.engine.inference import predict
from nnlite.layers import (
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    Flatten,
    Input,
)
from nnlite.models import Model, Sequential
from nnlite.utils import set_random_seed

TOLERANCE = {"float64": 1e-12, "float32": 1e-5}


@pytest.fixture(autouse=True)
def _restore_floatx():
    before = config.floatx()
    yield
    config.set_floatx(before)


def both(build, shape, dtype="float64", rows=21, batch_size=8, epochs=2, loss="mse", optimizer="sgd", y=None):
    """Return losses, weights, evaluation and predictions of both backends, from the same start.

    21 records in batches of 8 leave a short last batch.
    """
    config.set_floatx(dtype)
    results = []
    x = np.random.default_rng(0).normal(size=(rows, *shape))
    for backend in ("numpy", "numba"):
        set_random_seed(3)
        inputs = Input(shape)
        model = Model(inputs, build(inputs))
        model.compile(optimizer=optimizer, loss=loss)
        # Biases start at zero: what is done with them would not be seen.
        noise = np.random.default_rng(5)
        model.set_weights([w + 0.1 * noise.normal(size=w.shape) for w in model.get_weights()])
        targets = np.random.default_rng(1).normal(size=(rows, *model.output_shape[1:])) if y is None else y
        history = model.fit(x, targets, epochs=epochs, batch_size=batch_size, verbose=0, backend=backend, threads=1)
        results.append(
            [
                np.array(history.history["loss"]),
                model.parameters.copy(),
                np.array(model.evaluate(x, targets, batch_size=batch_size, verbose=0, backend=backend)),
                predictions(model, x, backend),
            ]
        )
    return results


def predictions(model, x, backend):
    if backend == "numpy":
        return model.predict(x, verbose=0)
    x, y = x.astype(model.dtype), np.empty((len(x), *model.output_shape[1:]), model.dtype)
    predict(model, [x], [y])
    return y


def assert_parity(build, shape, dtype="float64", **settings):
    expected, found = both(build, shape, dtype, **settings)
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(other, one, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


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
        # A window of two places five apart, over a series of one step: both fall beside it.
        (lambda x: Conv1D(6, 2, dilation_rate=5, padding="same")(Dense(4)(x)), (1, 2)),
        (lambda x: Conv2D(6, 2, dilation_rate=(5, 1), padding="same")(Dense(4)(x)), (1, 3, 2)),
        # A kernel longer than the series: every window hangs over both ends.
        (lambda x: Conv1D(6, 5, padding="same")(Dense(4)(x)), (2, 2)),
    ],
)
def test_windows_that_see_little_or_nothing(build, shape):
    assert_parity(build, shape)


@pytest.mark.parametrize("batch_size", [1, 5, 21, 64])
def test_convolutions_in_batches_of_any_size(batch_size):
    assert_parity(lambda x: Conv1D(3, 4, strides=2)(Conv1D(9, 3)(x)), (13, 2), batch_size=batch_size)


def test_convolutions_in_single_precision():
    def build(x):
        h = Conv1D(32, 7, strides=2, padding="same", activation="relu")(x)
        return Conv1DTranspose(3, 7, strides=2, padding="same")(h)

    assert_parity(build, (24, 3), "float32", rows=150, batch_size=64)


def test_frozen_convolution_hands_derivatives_on():
    def build(x):
        h = Conv1D(2, 3)(x)
        frozen = Conv1D(3, 2)
        y = frozen(h)
        frozen.trainable = False
        return y

    assert_parity(build, (7, 2))


def test_layer_used_twice_adds_its_gradients():
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
