"""Convolutions, pooling and resizing: outputs and errors, apart from gradients and values of Keras."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlite.layers import (
    AveragePooling1D,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Cropping1D,
    Cropping2D,
    GlobalMaxPooling1D,
    Input,
    MaxPooling1D,
    MaxPooling2D,
    UpSampling1D,
    UpSampling2D,
    ZeroPadding1D,
    ZeroPadding2D,
)
from nnlite.models import Sequential
from nnlite.random import seeded
from tests.nnlite.arrays import draw


def test_a_convolution_is_that_of_signal_processing_with_the_kernel_reversed():
    x, kernel = draw(20), draw(5, seed=1)
    layer = Conv1D(1, 5, use_bias=False, dtype="float64")
    layer.build((None, 20, 1))
    layer.set_weights([kernel.reshape(5, 1, 1)])
    np.testing.assert_allclose(layer(x.reshape(1, 20, 1)).ravel(), np.convolve(x, kernel[::-1], "valid"))


sizes = st.integers(1, 4)


@settings(max_examples=60, deadline=None)
@given(sizes, sizes, st.sampled_from(["valid", "same"]), st.integers(1, 3), st.integers(4, 12))
def test_a_transposed_convolution_is_the_transpose_of_a_convolution(size, strides, padding, dilation, length):
    # <conv(x), y> = <x, transpose(y)> for all x and y, where the lengths fit.
    reach = (size - 1) * dilation + 1
    positions = -(-length // strides) if padding == "same" else (length - reach) // strides + 1
    there = Conv1D(3, size, strides, padding, dilation_rate=dilation, use_bias=False, dtype="float64")
    back = Conv1DTranspose(2, size, strides, padding, dilation_rate=dilation, use_bias=False, dtype="float64")
    if positions < 1:
        return
    back.build((None, positions, 3))
    whole = back.build((None, positions, 3))[1]
    there.build((None, whole, 2))
    back.set_weights(there.get_weights())
    x, y = draw(1, whole, 2), draw(1, positions, 3, seed=1)
    np.testing.assert_allclose((there(x) * y).sum(), (x * back(y)).sum(), rtol=1e-9)


def test_same_padding_is_zero_padding_by_hand():
    x = draw(2, 9, 3)
    same, valid = Conv1D(2, 4, padding="same", dtype="float64"), Conv1D(2, 4, dtype="float64")
    y = same(x)
    padded = ZeroPadding1D((1, 2), dtype="float64")(x)
    valid.build(padded.shape)
    valid.set_weights(same.get_weights())
    np.testing.assert_array_equal(valid(padded), y)


@pytest.mark.parametrize("dilation", [1, 2, 4])
@pytest.mark.parametrize("strides", [1, 2])
def test_a_causal_convolution_does_not_depend_on_later_steps(dilation, strides):
    layer = Conv1D(2, 3, strides, "causal", dilation_rate=dilation, dtype="float64")
    x = draw(1, 12, 2)
    y = layer(x)
    for step in range(12):
        changed = x.copy()
        changed[:, step:] += 1
        before = -(-step // strides)
        np.testing.assert_array_equal(layer(changed)[:, :before], y[:, :before])
        assert np.array_equal(layer(changed), y) == (before == y.shape[1])


def test_groups_use_their_own_channels():
    layer = Conv1D(4, 3, groups=2, dtype="float64")
    x = draw(1, 6, 4)
    y = layer(x)
    x[..., :2] += 1
    np.testing.assert_array_equal(layer(x)[..., 2:], y[..., 2:])
    assert not np.allclose(layer(x)[..., :2], y[..., :2])


def test_padding_is_never_the_maximum_and_not_part_of_a_mean():
    x = -np.ones((1, 3, 1))
    assert MaxPooling1D(2, padding="same")(x).tolist() == [[[-1], [-1]]]
    assert AveragePooling1D(2, padding="same")(x).tolist() == [[[-1], [-1]]]


def test_remaining_steps_at_the_end_are_not_used():
    x = np.arange(5.0).reshape(1, 5, 1)
    assert MaxPooling1D(2)(x).ravel().tolist() == [1, 3]
    assert Conv1D(1, 2, strides=2).build((None, 5, 1)) == (None, 2, 1)


def test_bilinear_upsampling_of_a_linear_function_is_linear():
    x = np.arange(4.0).reshape(1, 1, 4, 1)
    y = UpSampling2D((1, 4), interpolation="bilinear", dtype="float64")(x).ravel()
    np.testing.assert_allclose(np.diff(y[2:-2]), 0.25)


def test_cropping_is_the_inverse_of_padding():
    x = draw(2, 3, 4, 2)
    around = ((1, 2), (3, 0))
    padded = ZeroPadding2D(around, dtype="float64")(x)
    np.testing.assert_array_equal(Cropping2D(around, dtype="float64")(padded), x)


def test_lengths_may_be_unknown_until_there_is_data():
    model = Sequential([Input((None, 2)), Conv1D(3, 5, strides=2), MaxPooling1D(2), Conv1DTranspose(1, 3, 2, "same")])
    assert model.output_shape == (None, None, 1)
    assert model.predict(draw(2, 21, 2)).shape == (2, 8, 1)
    assert model.predict(draw(2, 13, 2)).shape == (2, 4, 1)
    with pytest.raises(ValueError, match="empty output: its window spans 5 positions, and the input has 4"):
        model.predict(draw(2, 4, 2))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Conv1D(2, 5), (None, 4, 1)),
        (Conv1D(2, 3, dilation_rate=3), (None, 6, 1)),
        (Conv1D(2, 3, padding="same"), (None, 0, 1)),
        (Conv1D(2, 3, padding="causal"), (None, 0, 1)),
        (Conv2D(2, (3, 2)), (None, 2, 9, 1)),
        (Conv1DTranspose(2, 3), (None, 0, 1)),
        (MaxPooling1D(3), (None, 2, 1)),
        (MaxPooling2D(3), (None, 9, 2, 1)),
        (Cropping1D((2, 2)), (None, 4, 1)),
        (Cropping2D(((0, 0), (1, 2))), (None, 4, 3, 1)),
        (GlobalMaxPooling1D(), (None, 0, 1)),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_build_rejects_an_empty_output(layer, shape):
    with pytest.raises(ValueError, match=r"empty output|nothing to pool"):
        layer.build(shape)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv1D(0, 3), "filters must be a whole number of at least 1"),
        (lambda: Conv1D(2, 0), "kernel_size must be a whole number of at least 1"),
        (lambda: Conv1D(2, 2.5), "kernel_size must be a whole number"),
        (lambda: Conv1D(2, (3, 3)), "kernel_size must be a whole number or 1 of them"),
        (lambda: Conv2D(2, (3, 3, 3)), "kernel_size must be a whole number or 2 of them"),
        (lambda: Conv1D(2, 3, strides=0), "strides must be a whole number of at least 1"),
        (lambda: Conv1D(2, 3, dilation_rate=-1), "dilation_rate must be"),
        (lambda: Conv1D(2, 3, padding="full"), "padding must be one of 'valid', 'same', 'causal'; found 'full'"),
        (lambda: Conv2D(2, 3, padding="causal"), "padding must be one of 'valid', 'same'; found 'causal'"),
        (lambda: Conv1DTranspose(2, 3, padding="causal"), "padding must be one of"),
        (lambda: Conv1D(3, 3, groups=2), "filters must be a multiple of groups"),
        (lambda: Conv1D(2, 3, data_format="rows_first"), "data_format must be one of None, 'channels_last'"),
        (lambda: Conv1DTranspose(2, 3, 2, output_padding=2), "output_padding must be below strides"),
        (lambda: Conv1DTranspose(2, 3, 2, output_padding=-1), "output_padding must be a whole number of at least 0"),
        (lambda: MaxPooling1D(0), "pool_size must be"),
        (lambda: MaxPooling2D(2, data_format="rows_first"), "data_format"),
        (lambda: UpSampling1D(1.5), "size must be a whole number"),
        (lambda: UpSampling2D(2, interpolation="bicubic"), "interpolation must be one of 'nearest', 'bilinear'"),
        (lambda: ZeroPadding1D(-1), "padding must be a whole number of at least 0"),
        (lambda: ZeroPadding2D((1, 2, 3)), "padding must be n, (n, n) or ((n, n), (n, n))"),
        (lambda: Cropping1D((1, 2, 3)), "cropping must be a whole number or 2 of them"),
    ],
)
def test_errors_name_bad_arguments(make, message):
    with pytest.raises(ValueError, match="^") as error:
        make()
    assert message in str(error.value)


def test_inputs_of_wrong_shape_are_rejected():
    with pytest.raises(ValueError, match=r"takes input of shape \(rows, steps, channels\); found shape \(None, 4\)"):
        Conv1D(2, 3)(Input((4,)))
    with pytest.raises(ValueError, match=r"takes input of shape \(rows, height, width, channels\)"):
        Conv2DTranspose(2, 3)(Input((4, 4)))
    with pytest.raises(ValueError, match="channels must be a multiple of groups; found 3 channels and 2 groups"):
        Conv1D(2, 3, groups=2)(Input((9, 3)))
    with pytest.raises(ValueError, match="needs to know the size"):
        Conv1D(2, 3)(Input((9, None)))


def test_no_rows_give_no_rows():
    model = Sequential([Input((8, 2)), Conv1D(4, 3, groups=2), MaxPooling1D(2), Conv1DTranspose(2, 4, 2, "same")])
    assert model.predict(np.zeros((0, 8, 2))).shape == (0, 6, 2)


def test_a_convolutional_autoencoder_learns():
    t = np.arange(32)
    x = np.sin(t / 3 + np.random.default_rng(0).uniform(0, 6, (64, 1)))[..., np.newaxis]
    layers = [
        Input((32, 1)),
        Conv1D(8, 5, 2, "same", activation="relu", kernel_initializer="he_normal"),
        Conv1D(4, 5, 2, "same", activation="relu"),
        Conv1DTranspose(8, 5, 2, "same", activation="relu"),
        Conv1DTranspose(1, 5, 2, "same"),
    ]
    with seeded(0):
        model = Sequential(layers)
        model.compile("adam", "mse")
        model.optimizer.learning_rate = 0.01
        losses = model.fit(x, x, epochs=20, batch_size=16, verbose=0).history["loss"]
    assert losses[-1] < 0.3 * losses[0]


def test_the_maximum_of_a_series_with_nan_is_nan_without_a_warning():
    x = np.array([[[1.0, 2.0], [np.nan, 3.0]]])
    for layer in (GlobalMaxPooling1D(), GlobalMaxPooling1D(keepdims=True)):
        np.testing.assert_array_equal(layer(x).ravel(), [np.nan, 3.0])


@pytest.mark.parametrize(
    "make",
    [lambda p: Conv1D(2, 3, padding=p), lambda p: Conv2DTranspose(2, 3, padding=p), lambda p: MaxPooling1D(padding=p)],
)
def test_padding_is_case_insensitive(make):
    assert make("SAME").padding == make("Same").padding == "same"
    with pytest.raises(ValueError, match="padding must be one of 'valid', 'same'.*; found 'SOME'"):
        make("SOME")


def test_causal_padding_is_case_insensitive():
    assert Conv1D(2, 3, padding="CAUSAL").padding == "causal"
