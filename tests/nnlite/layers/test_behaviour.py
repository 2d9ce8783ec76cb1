"""Layers: outputs, state and errors, apart from gradients."""

import json
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnlite.layers import (
    ELU,
    GRU,
    LSTM,
    Activation,
    Add,
    BatchNormalization,
    Concatenate,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    Flatten,
    GaussianNoise,
    Input,
    Layer,
    LayerNormalization,
    LeakyReLU,
    Masking,
    ReLU,
    Reshape,
    Sigmoid,
    SimpleRNN,
    Softmax,
    Tanh,
    registry,
)
from nnlite.registry import serialize

EVERY_LAYER = [
    lambda: Dense(3, "tanh", kernel_regularizer="l2", bias_regularizer="l1", activity_regularizer="l1_l2"),
    lambda: Activation("gelu"),
    lambda: ReLU(max_value=6.0, negative_slope=0.1, threshold=0.2),
    lambda: LeakyReLU(0.2),
    lambda: ELU(0.5),
    Sigmoid,
    Tanh,
    Softmax,
    lambda: Dropout(0.3, noise_shape=(None, 1), seed=3),
    lambda: GaussianNoise(0.2, seed=4),
    lambda: BatchNormalization(momentum=0.9, gamma_regularizer="l2"),
    lambda: LayerNormalization(axis=[1], beta_regularizer="l1"),
    Flatten,
    lambda: Reshape((2, 2)),
    lambda: Dense(2, trainable=False, dtype="float64"),
]


@pytest.mark.parametrize("make", EVERY_LAYER)
def test_a_layer_made_from_its_configuration_computes_the_same(make):
    layer = make()
    x = np.random.default_rng(0).normal(size=(5, 4))
    y = layer(x)
    config = json.loads(json.dumps(serialize(layer)))
    copy = registry.get(config)
    copy.build(x.shape)
    copy.set_weights(layer.get_weights())
    np.testing.assert_array_equal(copy(x), y)
    assert copy.get_config() == layer.get_config()
    assert copy.trainable == layer.trainable


@pytest.mark.parametrize("make", EVERY_LAYER)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("training", [False, True])
def test_layers_keep_the_dtype_forwards_and_backwards(make, dtype, training):
    config = {**make().get_config(), "dtype": dtype}
    layer = type(make()).from_config(config)
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(dtype)
    layer.build(x.shape)
    y, cache = layer.forward(x, training)
    layer.allocate_gradients()
    dx = layer.backward(np.ones_like(y), cache)
    assert y.dtype == dx.dtype == dtype
    assert dx.shape == x.shape
    assert all(weight.value.dtype == weight.gradient.dtype == dtype for weight in layer.weights)


def test_forward_changes_neither_its_input_nor_the_layer():
    layer = Dense(3, "relu")
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    before = x.copy()
    y = layer(x)
    layer(x * 2)
    np.testing.assert_array_equal(layer(x), y)
    np.testing.assert_array_equal(x, before)


def test_build_declares_weights_and_returns_the_output_shape():
    layer = Dense(3)
    assert layer.build((None, 7, 4)) == (None, 7, 3)
    assert [(weight.name, weight.shape) for weight in layer.weights] == [
        ("kernel", (4, 3)),
        ("bias", (3,)),
    ]
    assert layer.count_params() == 15


def test_declared_weights_allocate_no_memory():
    layer = Dense(10**9)
    layer.build((None, 10**9))
    assert layer.count_params() == 10**18 + 10**9


def test_a_built_layer_rejects_inputs_of_another_width():
    layer = Dense(3)
    layer.build((None, 4))
    with pytest.raises(ValueError, match=r"built with kernel of shape \(4, 3\).* needs \(5, 3\)"):
        layer.build((None, 5))


def test_dense_needs_to_know_its_inputs_width():
    with pytest.raises(ValueError, match="needs to know the size"):
        Dense(3)(Input((None,)))


@pytest.mark.parametrize("units", [0, -1, 2.5, "3", True, None])
def test_dense_rejects_invalid_units(units):
    with pytest.raises(ValueError, match="units must be a whole number of at least 1"):
        Dense(units)


def test_set_weights_rejects_wrong_shapes_and_changes_nothing():
    layer = Dense(2)
    layer.build((None, 3))
    before = layer.get_weights()
    with pytest.raises(ValueError, match="has 2 weights; found 1"):
        layer.set_weights(before[:1])
    with pytest.raises(ValueError, match=r"'bias' .* has shape \(2,\); found an array of shape \(3,\)"):
        layer.set_weights([before[0] + 1, np.zeros(3)])
    np.testing.assert_array_equal(layer.get_weights()[0], before[0])


def test_get_weights_returns_copies():
    layer = Dense(2)
    layer.build((None, 3))
    layer.get_weights()[0][...] = 7
    assert not (layer.kernel.value == 7).any()


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5, float("nan")])
def test_dropout_rejects_rates_out_of_range(rate):
    with pytest.raises(ValueError, match="rate must be a number of at least 0 and below 1"):
        Dropout(rate)


def test_noise_rejects_a_negative_standard_deviation():
    with pytest.raises(ValueError, match="stddev must be a number of at least 0"):
        GaussianNoise(-1.0)


@given(rate=st.floats(0.05, 0.9), seed=st.integers(0, 2**31))
def test_dropout_keeps_the_expected_value(rate, seed):
    x = np.ones((200, 50), np.float32)
    y = Dropout(rate, seed=seed)(x, training=True)
    kept = y != 0
    np.testing.assert_allclose(y[kept], 1 / (1 - rate), rtol=1e-5)
    # Five standard deviations of the mean of 10,000 masked values.
    assert abs(y.mean() - 1) < 5 * np.sqrt(rate / (1 - rate) / 10_000)


def test_a_seeded_layer_draws_the_same_noise_in_every_copy():
    x = np.zeros((4, 3))
    a, b = (GaussianNoise(1.0, seed=5)(x, training=True) for _ in range(2))
    np.testing.assert_array_equal(a, b)


def test_noise_has_the_given_standard_deviation():
    y = GaussianNoise(0.5, seed=0)(np.full((1000, 100), 3.0), training=True)
    assert abs(y.mean() - 3) < 0.01
    assert abs(y.std() - 0.5) < 0.01


def test_batch_normalization_averages_the_statistics_of_its_batches():
    layer = BatchNormalization(momentum=0.5)
    x = np.random.default_rng(0).normal(3, 2, size=(64, 2)).astype("float32")
    for _ in range(30):
        layer(x, training=True)
    np.testing.assert_allclose(layer.moving_mean.value, x.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance.value, x.var(axis=0), rtol=1e-5)
    np.testing.assert_allclose(layer(x), layer(x, training=True), atol=1e-4)


def test_frozen_batch_normalization_uses_and_does_not_update_its_averages():
    layer = BatchNormalization(trainable=False)
    x = np.random.default_rng(0).normal(3, 2, size=(64, 2))
    np.testing.assert_allclose(layer(x, training=True), x / np.sqrt(1.001), rtol=1e-5)
    assert layer.moving_mean.value.tolist() == [0, 0]


@pytest.mark.parametrize("momentum", [-0.1, 1.1])
def test_batch_normalization_rejects_momentum_out_of_range(momentum):
    with pytest.raises(ValueError, match="momentum must be a number from 0 to 1"):
        BatchNormalization(momentum=momentum)


def test_normalizations_reject_a_negative_epsilon():
    with pytest.raises(ValueError, match="epsilon must be a number of at least 0"):
        LayerNormalization(epsilon=-1)


def test_normalizations_reject_a_missing_axis():
    with pytest.raises(ValueError, match="axis 3"):
        BatchNormalization(axis=3)(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="axis 3"):
        LayerNormalization(axis=3)(np.zeros((2, 2)))


@given(scale=st.floats(0.1, 100), shift=st.floats(-100, 100), seed=st.integers(0, 100))
def test_layer_normalization_is_invariant_to_scale_and_shift(scale, shift, seed):
    x = np.random.default_rng(seed).normal(size=(3, 8))
    layer = LayerNormalization(epsilon=0.0, dtype="float64")
    np.testing.assert_allclose(layer(scale * x + shift), layer(x), atol=1e-8)


def test_reshape_rejects_sizes_with_another_product():
    with pytest.raises(ValueError, match=r"records of shape \(6,\) \(6 values\) into \(4,\)"):
        Reshape((4,))(Input((6,)))
    with pytest.raises(ValueError, match="at most one of them -1"):
        Reshape((-1, -1))


def test_shapes_of_unknown_size_stay_unknown():
    assert Reshape((2, -1))(Input((None, 3))).shape == (None, 2, None)
    assert Flatten()(Input((None, 3))).shape == (None, None)
    assert Concatenate()([Input((None,)), Input((3,))]).shape == (None, None)
    assert Add()([Input((None,)), Input((3,))]).shape == (None, 3)


@pytest.mark.parametrize("merge", [Add, Concatenate])
def test_merging_rejects_unequal_shapes(merge):
    with pytest.raises(ValueError, match=r"cannot join inputs of shapes"):
        merge()([Input((3, 4)), Input((2, 5))])
    with pytest.raises(ValueError, match=r"cannot join inputs of shapes"):
        merge()([Input((3,)), Input((3, 1))])
    with pytest.raises(ValueError, match="takes a list of inputs"):
        merge()(Input((3,)))


def test_concatenate_rejects_a_missing_axis():
    with pytest.raises(ValueError, match="joins along axis 5"):
        Concatenate(axis=5)([Input((3,)), Input((3,))])


def test_a_layer_of_one_input_rejects_several():
    with pytest.raises(ValueError, match="takes one input; found 2"):
        Dense(2)([Input((3,)), Input((3,))])


def test_symbolic_tensors_and_arrays_do_not_mix():
    with pytest.raises(TypeError, match="together"):
        Add()([Input((3,)), np.zeros((1, 3))])


@pytest.mark.parametrize("shape", [(0,), (-1,), (2.5,)])
def test_input_rejects_invalid_sizes(shape):
    with pytest.raises(ValueError, match="shape must be a tuple of positive whole numbers"):
        Input(shape)


def test_a_layer_not_used_yet_has_no_output():
    with pytest.raises(ValueError, match="has not been called"):
        _ = Dense(2).output


def test_an_unknown_dtype_is_rejected():
    with pytest.raises(ValueError, match="'float32' or 'float64'"):
        Dense(2, dtype="float16")


def test_a_custom_layer_must_define_both_passes():
    class Half(Layer):
        pass

    with pytest.raises(NotImplementedError, match="Half does not define forward"):
        Half()(np.zeros((1, 1)))
    with pytest.raises(NotImplementedError, match="Half does not define backward"):
        Half().backward(np.zeros((1, 1)), None)


def test_representations_of_layers():
    assert repr(Dense(2, name="middle")) == "<Dense name='middle'>"
    layer = Dense(2)
    layer.build((None, 3))
    assert repr(layer.weights[0]) == "Weight('kernel', shape=(3, 2), dtype=float32)"


CONVOLUTIONS = (Conv1D, Conv2D, Conv1DTranspose, Conv2DTranspose)
_OF_KERNELS = ("kernel_constraint", "bias_constraint")
_OF_CELLS = (*_OF_KERNELS, "recurrent_constraint")


@pytest.mark.parametrize(
    ("make", "arguments"),
    [
        *((make, _OF_KERNELS) for make in (Dense, *(partial(one, kernel_size=2) for one in CONVOLUTIONS))),
        *((make, _OF_CELLS) for make in (SimpleRNN, LSTM, GRU)),
        *((make, ("beta_constraint", "gamma_constraint")) for make in (BatchNormalization, LayerNormalization)),
    ],
)
def test_constraints_are_those_of_the_weights_and_in_the_configuration(make, arguments):
    needed = () if make in (BatchNormalization, LayerNormalization) else (2,)
    layer = make(*needed, **dict.fromkeys(arguments))
    assert not layer.constraints
    for argument in arguments:
        layer = make(*needed, **{argument: "non_neg"})
        layer.build((None, 5, 4, 3) if getattr(layer, "axes", 1) == 2 else (None, 5, 3))
        constrained = [weight.name for weight in layer.weights if weight.constraint is not None]
        assert [name.removesuffix("_kernel") for name in constrained] == [argument.removesuffix("_constraint")]
        again = type(layer).from_config(layer.get_config())
        assert type(again.constraints[argument]).__name__ == "NonNeg"
        with pytest.raises(ValueError, match="unknown constraint 'small'"):
            make(*needed, **{argument: "small"})


@pytest.mark.parametrize("rows", [None, 4])
def test_an_input_accepts_the_shape_of_a_batch(rows):
    tensor = Input(batch_shape=(rows, 7, 3))
    assert tensor.shape == Input((7, 3), batch_size=rows).shape == (rows, 7, 3)
    assert tensor.node.layer.get_config()["shape"] == [7, 3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "shape is missing"),
        ({"batch_shape": ()}, "batch_shape must begin with the number of rows, or None"),
        ({"shape": (3,), "batch_shape": (None, 3)}, "batch_shape replaces shape and batch_size"),
        ({"batch_size": 2, "batch_shape": (None, 3)}, "batch_shape replaces shape and batch_size"),
    ],
)
def test_an_input_has_its_shape_from_one_argument(arguments, message):
    with pytest.raises(ValueError, match=message):
        Input(**arguments)


def test_a_step_of_joined_features_is_valid_if_it_is_in_any_input():
    a = Masking()(np.array([[[0, 0], [1, 2], [0, 0]]], "float32"))
    b = Masking()(np.array([[[0, 0], [0, 0], [1, 2]]], "float32"))
    layer = Concatenate(axis=2)
    # Values of Keras 3.15.1.
    assert layer.compute_mask([a, b], [a._keras_mask, b._keras_mask]).tolist() == [[False, True, True]]
    assert layer.compute_mask([a, b], [a._keras_mask, None]).tolist() == [[True, True, True]]


def test_rarely_used_modules_are_imported_on_first_access():
    program = (
        "import sys, nnlite; print(*(name for name in sys.modules if name.startswith('nnlite.')))\n"
        "from nnlite import activations, callbacks, losses\n"
        "for module in (activations, callbacks, losses):\n"
        "    assert {name for name in module.__all__ if not hasattr(module, name)} == set(), module\n"
        "    assert set(module.__all__) <= set(dir(module)), module\n"
        "assert activations.hard_tanh is activations.hard_tanh and losses.get(losses.dice).name == 'dice'\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    late = {"activations.shrinking", "callbacks.live", "constraints", "losses.focal", "losses.overlap", "notebook"}
    assert not {f"nnlite.{name}" for name in late} & set(done.stdout.split())
